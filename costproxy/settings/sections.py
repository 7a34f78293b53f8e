"""The settings of a running proxy, section by section."""

from dataclasses import dataclass, field
from pathlib import Path

from costproxy.settings.app_keys import APP_KEYS, AppKeys, name_of
from costproxy.settings.conversations import ConversationsSettings
from costproxy.settings.kinds import HEADER, HOST, PATH, PORT, TOKEN, choice, seconds, whole
from costproxy.settings.ledger import LedgerSettings
from costproxy.settings.models import ModelSettings
from costproxy.settings.setting import setting
from costproxy.settings.upstream import UpstreamSettings

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenSettings:
    """The traffic port: what applications point their base_url at."""

    host: str = field(
        default="127.0.0.1",
        metadata=setting(
            HOST,
            "Address of the traffic port; 0.0.0.0 or :: listens on all interfaces.",
            short="HOST",
            flag=True,
        ),
    )
    port: int = field(
        default=8787,
        metadata=setting(PORT, "Number of the traffic port; 0 takes a free one.", short="PORT", flag=True),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    """The admin port: /metrics, health checks, the JSON API and the page."""

    host: str = field(
        default="127.0.0.1",
        metadata=setting(HOST, "Address of the admin port; whoever reaches it can read /metrics.", flag=True),
    )
    port: int = field(default=8788, metadata=setting(PORT, "Number of the admin port; 0 takes a free one.", flag=True))
    token: str | None = field(
        default=None,
        repr=False,
        metadata=setting(
            TOKEN,
            "Bearer token for the JSON API and the page's numbers; without one they are there on loopback only.",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """The log: one line per exchange, and never a prompt, reply or key."""

    level: str = field(
        default="info",
        metadata=setting(
            choice(("debug", "info", "warning", "error"), metavar="LEVEL"),
            "Least severe level that is logged: debug, info, warning or error.",
            flag=True,
        ),
    )
    format: str = field(
        default="auto",
        metadata=setting(
            choice(("auto", "json", "console"), metavar="FORMAT"),
            "Form of the log: json, console, or auto for console on a terminal and json elsewhere.",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AppsSettings:
    """Which application a request belongs to."""

    header: str = field(
        default="x-costproxy-app",
        metadata=setting(
            HEADER,
            "Request header in which an application names itself; it is taken away before forwarding.",
        ),
    )
    keys: AppKeys = field(
        default=(),
        metadata=setting(
            APP_KEYS, "Application names by the SHA-256 of the API key, for applications that send no header."
        ),
    )

    def name_of(self, key: bytes) -> str | None:
        """Return the application the operator names for an API key, `None` when none is named."""
        return name_of(self.keys, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSettings:
    """Bounds on what metering keeps in memory; none of them limits what passes through."""

    metered_bytes: int = field(
        default=64 * MIB,
        metadata=setting(
            whole(1, 16 * GIB),
            "Bytes of a request or reply kept for metering; an exchange beyond it passes unmetered.",
        ),
    )
    decoded_bytes: int = field(
        default=32 * MIB,
        metadata=setting(
            whole(1, 16 * GIB),
            "Bytes that metering decompresses of one body; an exchange beyond it passes unmetered.",
        ),
    )
    models: int = field(
        default=200,
        metadata=setting(whole(1, 100_000), "Distinct model names in metrics before further ones become other."),
    )
    apps: int = field(
        default=100,
        metadata=setting(whole(1, 100_000), "Distinct application names in metrics before further ones become other."),
    )
    pairs: int = field(
        default=1000,
        metadata=setting(
            whole(1, 1_000_000),
            "Distinct pairs of model and application in metrics before the application becomes other.",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownSettings:
    """What happens on SIGTERM."""

    grace: float = field(
        default=600.0,
        metadata=setting(seconds(zero=True), "Seconds that requests under way may take to finish before they are cut."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. `Settings()` is the default."""

    data_dir: Path | None = field(
        default=None,
        metadata=setting(
            PATH,
            "Directory for what outlives a restart; empty for the platform's place for state.",
            flag=True,
        ),
    )
    listen: ListenSettings = field(default_factory=ListenSettings)
    admin: AdminSettings = field(default_factory=AdminSettings)
    log: LogSettings = field(default_factory=LogSettings)
    # All of them: the default one, mounted at "/", and then the others in the file's order.
    upstreams: tuple[UpstreamSettings, ...] = field(default_factory=lambda: (UpstreamSettings(),))
    apps: AppsSettings = field(default_factory=AppsSettings)
    models: tuple[ModelSettings, ...] = ()  # what the operator knows better than the catalogue, in the file's order
    conversations: ConversationsSettings = field(default_factory=ConversationsSettings)
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    limits: LimitsSettings = field(default_factory=LimitsSettings)
    shutdown: ShutdownSettings = field(default_factory=ShutdownSettings)
    notices: tuple[str, ...] = field(default=(), compare=False)  # for start-up to log; they stop nothing

    @property
    def upstream(self) -> UpstreamSettings:
        """The default upstream, mounted at `/`."""
        return self.upstreams[0]
