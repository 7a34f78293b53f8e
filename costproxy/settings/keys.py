"""The table of all keys: where each stands in the file, and its environment variable and flag."""

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, fields
from typing import Any

from costproxy.settings.app_keys import APP_KEYS
from costproxy.settings.conversations import ConversationsSettings
from costproxy.settings.ledger import LedgerSettings
from costproxy.settings.models import ModelSettings
from costproxy.settings.sections import (
    AdminSettings,
    AppsSettings,
    LimitsSettings,
    ListenSettings,
    LogSettings,
    Settings,
    ShutdownSettings,
)
from costproxy.settings.setting import Setting, setting_of
from costproxy.settings.upstream import UpstreamSettings

KeyPath = tuple[str, ...]  # ("listen", "port"); ("upstreams", "groq", "url")

TOP = ""  # stands for the keys before the first section
NAMED = "upstreams"
MODELS = "models"
TABLES_BY_NAME = frozenset({NAMED, MODELS})  # sections of tables that only the file can hold
PREFIX = "COSTPROXY_"
CONFIG_VARIABLE = "COSTPROXY_CONFIG"

SECTIONS: Mapping[str, type[Any]] = {
    TOP: Settings,
    "listen": ListenSettings,
    "admin": AdminSettings,
    "log": LogSettings,
    "upstream": UpstreamSettings,
    NAMED: UpstreamSettings,
    "apps": AppsSettings,
    MODELS: ModelSettings,
    "conversations": ConversationsSettings,
    "ledger": LedgerSettings,
    "limits": LimitsSettings,
    "shutdown": ShutdownSettings,
}

# The default upstream is always at "/", and a further one has its name from its table.
LEFT_OUT = frozenset({("upstream", "mount"), (NAMED, "name")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key that can be set."""

    section: str  # TOP, or a name of `SECTIONS`
    name: str
    setting: Setting
    default: object

    @property
    def path(self) -> KeyPath:
        """Where the key stands in the file."""
        return (self.name,) if self.section == TOP else (self.section, self.name)

    @property
    def word(self) -> str | None:
        """Its name among the flags, such as `admin_port`; `None` if only the file can hold it."""
        if self.section in TABLES_BY_NAME or self.setting.kind is APP_KEYS:
            return None
        return (self.setting.short or "_".join(self.path)).lower()

    @property
    def variable(self) -> str | None:
        """Its environment variable, such as `COSTPROXY_ADMIN_PORT`; `None` if only the file can hold it."""
        return PREFIX + self.word.upper() if self.word else None

    @property
    def flag(self) -> str | None:
        """Its flag of `costproxy serve`, such as `--admin-port`; `None` if it has none."""
        return "--" + self.word.replace("_", "-") if self.word and self.setting.flag else None


def keys_of(section: str) -> dict[str, Key]:
    """Return the keys of one section by name, in their order."""
    return {key.name: key for key in _keys(section)}


def all_keys() -> list[Key]:
    """Return every key of every section, in the order of the reference file."""
    return [key for section in SECTIONS for key in _keys(section)]


def _keys(section: str) -> Iterator[Key]:
    specs: tuple[Field[Any], ...] = fields(SECTIONS[section])
    for spec in specs:
        note = setting_of(spec)
        if note is not None and (section, spec.name) not in LEFT_OUT:
            yield Key(section=section, name=spec.name, setting=note, default=spec.default)
