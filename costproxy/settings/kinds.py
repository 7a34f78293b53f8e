"""The kinds of value a setting can have: what each accepts, from a TOML file and from text."""

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from costproxy.settings.dialects import AUTO
from costproxy.settings.refusal import RefusedError, looks_secret
from costproxy.settings.url import EXPECTED as URL_EXPECTED
from costproxy.settings.url import UpstreamUrl

LONGEST_MODEL = 256  # characters of a model's name
DAY = 86_400.0  # seconds

# Upstreams or the proxy itself need these: taking one of them away would break requests.
RESERVED_HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "api-key", "authorization", "connection", "content-encoding"),
        *("content-length", "content-type", "cookie", "expect", "host", "keep-alive", "openai-organization"),
        *("openai-project", "te", "trailer", "transfer-encoding", "upgrade", "x-api-key", "x-goog-api-key"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of value."""

    expected: str  # completes "expected …"
    metavar: str  # how --help calls the value
    read: Callable[[object], object]  # raises RefusedError
    from_text: Callable[[str], object] = str  # an environment variable's text, as TOML would have given it
    unset: str = ""  # how `None` is written


def _whole_from_text(text: str) -> object:
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else text


def _number_from_text(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _switch_from_text(text: str) -> object:
    words = {
        "true": True,
        "1": True,
        "yes": True,
        "on": True,
        "false": False,
        "0": False,
        "no": False,
        "off": False,
    }
    return words.get(text.lower(), text)


def _read_whole(low: int, high: int, expected: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise RefusedError(expected)


def whole(low: int, high: int, *, metavar: str = "N") -> Kind:
    """Return the kind of whole numbers from `low` to `high`, both included."""
    expected = f"a whole number from {low} to {high}"
    read = partial(_read_whole, low, high, expected)
    return Kind(expected=expected, metavar=metavar, read=read, from_text=_whole_from_text)


def _read_seconds(expected: str, zero: bool, most: float, value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise RefusedError(expected)
    if 0 < value <= most or (zero and value == 0):  # false for nan
        return float(value)
    raise RefusedError(expected)


def seconds(*, zero: bool, most: float = DAY) -> Kind:
    """Return the kind of durations of up to `most` seconds; `zero` says whether 0 is one."""
    expected = f"seconds, {'from' if zero else 'more than'} 0 {'to' if zero else 'and at most'} {most:.0f}"
    read = partial(_read_seconds, expected, zero, most)
    return Kind(expected=expected, metavar="SECONDS", read=read, from_text=_number_from_text)


def _read_choice(names: tuple[str, ...], value: object) -> str:
    expected = f"one of {', '.join(names)}"
    if not isinstance(value, str):
        raise RefusedError(expected)
    if value.lower() in names:
        return value.lower()
    near = get_close_matches(value.lower(), names, n=1)
    raise RefusedError(f'{expected} (did you mean "{near[0]}"?)' if near else expected)


def choice(names: Iterable[str], *, metavar: str) -> Kind:
    """Return the kind of one word out of `names`, in any case."""
    table = tuple(names)
    return Kind(expected=f"one of {', '.join(table)}", metavar=metavar, read=partial(_read_choice, table))


def _read_switch(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if value == AUTO:
        return None
    raise RefusedError(SWITCH.expected)


def _read_flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise RefusedError(FLAG.expected)


def _read_name(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", value) and not looks_secret(value):
        return value
    raise RefusedError(NAME.expected)


def _read_model(value: object) -> str:
    if isinstance(value, str) and 0 < len(value.strip()) <= LONGEST_MODEL and value.isprintable():
        return value.strip()
    raise RefusedError(MODEL.expected)


def _read_model_id(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]+/[!-~]+", value) and len(value) <= LONGEST_MODEL:
        return value
    raise RefusedError(MODEL_ID.expected)


def _read_host(value: object) -> str:
    host = value.removeprefix("[").removesuffix("]") if isinstance(value, str) else ""
    if re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?", host):
        return host
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        raise RefusedError(HOST.expected) from None


def _read_mount(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,62}", value):
        raise RefusedError(MOUNT.expected)
    return value


def _read_header(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", value):
        raise RefusedError(HEADER.expected)
    if value.lower() in RESERVED_HEADERS:
        raise RefusedError(HEADER.expected, found=f'"{value.lower()}", which upstreams need (this one is taken away)')
    return value.lower()


def _read_path(value: object) -> Path | None:
    if not isinstance(value, str | Path) or "\0" in str(value):
        raise RefusedError(PATH.expected)
    try:
        return Path(value).expanduser() if value != "" else None
    except RuntimeError:
        raise RefusedError(PATH.expected, found='a "~" whose home directory is not known') from None


def _read_token(value: object) -> str | None:
    if value == "":
        return None
    if isinstance(value, str) and re.fullmatch(r"[!-~]{16,256}", value):
        return value
    raise RefusedError(TOKEN.expected, found="something else (not shown)")


def _read_url(value: object) -> str:
    if not isinstance(value, str):
        raise RefusedError(URL_EXPECTED)
    UpstreamUrl.parse(value)
    return value


PORT = whole(0, 65_535, metavar="PORT")
SWITCH = Kind(
    expected=f'true, false or "{AUTO}"',
    metavar="BOOL",
    read=_read_switch,
    from_text=_switch_from_text,
    unset=AUTO,
)
FLAG = Kind(expected="true or false", metavar="BOOL", read=_read_flag, from_text=_switch_from_text)
HOST = Kind(expected="an IP address or a host name, without a port", metavar="HOST", read=_read_host)
NAME = Kind(
    expected="a name of lower-case letters, digits and hyphens, at most 63",
    metavar="NAME",
    read=_read_name,
)
MODEL = Kind(
    expected=f"a model's name of 1 to {LONGEST_MODEL} printable characters",
    metavar="MODEL",
    read=_read_model,
)
MODEL_ID = Kind(
    expected='the id of a model in the catalogue such as "openai/gpt-4o" (`costproxy prices` lists them)',
    metavar="PROVIDER/MODEL",
    read=_read_model_id,
)
MOUNT = Kind(
    expected='one path segment such as "/groq", without a slash at its end',
    metavar="/SEGMENT",
    read=_read_mount,
)
HEADER = Kind(expected='a header name such as "x-costproxy-app"', metavar="HEADER", read=_read_header)
TOKEN = Kind(expected="16 to 256 printable ASCII characters without spaces", metavar="TOKEN", read=_read_token)
PATH = Kind(expected="a path", metavar="PATH", read=_read_path)
URL = Kind(expected=URL_EXPECTED, metavar="URL", read=_read_url)
