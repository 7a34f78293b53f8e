"""One upstream and how to reach it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from costproxy.settings.dialects import AUTO, INCLUDE_USAGE, dialect_of
from costproxy.settings.kinds import MOUNT, NAME, PATH, SWITCH, URL, choice, seconds
from costproxy.settings.setting import setting
from costproxy.settings.url import UpstreamUrl

DEFAULT_URL = "https://api.openai.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSettings:
    """The upstream that requests go to.

    Once made, nothing in it is left to guess: `url` is in its normal form, `dialect` a name of the dialect
    table and `include_usage` true or false.

    Raises:
        RefusedError: the URL cannot be used.
    """

    name: str = field(default="default", metadata=setting(NAME, "Name of this upstream in metrics and logs."))
    mount: str = field(
        default="/",
        metadata=setting(
            MOUNT, "First path segment that leads to this upstream, /NAME unless set; it is not forwarded."
        ),
    )
    url: str = field(
        default=DEFAULT_URL,
        metadata=setting(
            URL,
            "Where requests go: the request's path is appended to it, so a /v1 at its end is left off.",
            short="UPSTREAM",
            flag=True,
        ),
    )
    dialect: str = field(
        default=AUTO,
        metadata=setting(
            choice((AUTO, *INCLUDE_USAGE), metavar="DIALECT"),
            "API dialect the upstream speaks; auto guesses it from the host.",
        ),
    )
    include_usage: bool = field(
        default=cast("bool", None),  # decided below
        metadata=setting(
            SWITCH,
            "Ask for usage where a streamed chat does not, hiding the added chunk; auto goes by dialect.",
        ),
    )
    connect_timeout: float = field(
        default=10.0,
        metadata=setting(seconds(zero=False), "Seconds a new connection to the upstream may take, TLS included."),
    )
    idle_timeout: float = field(
        default=1800.0,
        metadata=setting(
            seconds(zero=False), "Seconds of silence from the upstream after which a request is given up."
        ),
    )
    keepalive: float = field(
        default=4.0,
        metadata=setting(
            seconds(zero=True),
            "Seconds an idle connection is kept for reuse; keep it below the upstream's own limit.",
        ),
    )
    ca_file: Path | None = field(
        default=None,
        metadata=setting(
            PATH, "PEM file of the authorities to trust in place of the system's; empty for the system's."
        ),
    )
    target: UpstreamUrl = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        target = UpstreamUrl.parse(self.url)
        dialect = dialect_of(target.host, target.port) if self.dialect == AUTO else self.dialect
        object.__setattr__(self, "target", target)
        object.__setattr__(self, "url", str(target))
        object.__setattr__(self, "dialect", dialect)
        object.__setattr__(self, "include_usage", _decided(self.include_usage, dialect))

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return self.target.scheme

    @property
    def host(self) -> str:
        """The host to connect to; an IPv6 address without its brackets."""
        return self.target.host

    @property
    def port(self) -> int:
        """The port to connect to."""
        return self.target.port

    @property
    def prefix(self) -> str:
        """What goes before a request's path: printable ASCII, empty or `/…` without a trailing slash."""
        return self.target.prefix

    @property
    def host_header(self) -> str:
        """The value of the `Host` header to send."""
        return self.target.host_header


def _decided(include_usage: bool | None, dialect: str) -> bool:
    return INCLUDE_USAGE[dialect] if include_usage is None else include_usage
