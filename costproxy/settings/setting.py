"""One setting: the place where its kind, its sentence and its names live."""

from collections.abc import Mapping
from dataclasses import Field, dataclass
from typing import Any

from costproxy.settings.kinds import Kind

_METADATA = "costproxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known of a setting besides its default."""

    kind: Kind
    doc: str  # one sentence, for the reference file, the reference page and --help
    short: str | None  # the name in place of SECTION_KEY for the environment variable and the flag
    flag: bool  # `costproxy serve` has a flag for it


def setting(kind: Kind, doc: str, *, short: str | None = None, flag: bool = False) -> Mapping[str, Setting]:
    """Return the metadata of a dataclass field that is a setting."""
    return {_METADATA: Setting(kind=kind, doc=doc, short=short, flag=flag)}


def setting_of(spec: Field[Any]) -> Setting | None:
    """Return the `Setting` a field carries, `None` for a field that is none."""
    found = spec.metadata.get(_METADATA)
    return found if isinstance(found, Setting) else None
