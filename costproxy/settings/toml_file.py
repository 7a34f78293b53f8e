"""A TOML file: its values, and the line each of them begins on."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from costproxy.errors import ConfigError
from costproxy.settings.refusal import dotted, redacted

LARGEST = 1024 * 1024  # bytes; a settings file is never that long, and a wrong path may be
LONGEST_STATEMENT = 500  # lines; beyond it the search for lines ends, for its time grows with the square


class WrittenFloat(float):
    """A number that remembers its digits: a price is what was written, not the nearest binary fraction."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> Self:
        """Make it of a text that `float` takes."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlFile:
    """What was read."""

    path: Path
    values: Mapping[str, object]
    lines: Mapping[tuple[str, ...], int]  # from 1; tables, keys and the keys of inline tables

    def place(self, path: tuple[str, ...]) -> str:
        """Return `file:line: key` for a message, with the line of the nearest enclosing key that has one."""
        depths = range(len(path), 0, -1)
        line = next((self.lines[path[:depth]] for depth in depths if path[:depth] in self.lines), None)
        return f"{self.path}:{line}: {dotted(path)}" if line else f"{self.path}: {dotted(path)}"


def read_toml(path: Path) -> TomlFile:
    """Read a TOML file.

    Raises:
        ConfigError: it cannot be read, or is not TOML; the message says where.
    """
    text = _text(path)
    try:
        values = tomllib.loads(text, parse_float=WrittenFloat)
    except ValueError as error:  # TOMLDecodeError, or the plain one for a number of too many digits
        raise ConfigError(f"{path}: expected TOML, found: {redacted(str(error))}") from None
    except RecursionError:
        raise ConfigError(f"{path}: expected TOML, found values nested too deeply") from None
    return TomlFile(path=path, values=values, lines=_lines(text))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: expected a readable file, found: {error.strerror}") from None
    if len(data) > LARGEST:
        raise ConfigError(f"{path}: expected at most {LARGEST} bytes of TOML, found more")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: expected UTF-8, found the byte 0x{data[error.start]:02x}") from None


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Find where keys begin by parsing the file again, one statement at a time (tomllib keeps no lines)."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, header, values in _statements(text):
        paths = list(_paths(values))
        if header:
            table = max(paths, key=len)
        for path in paths:
            lines.setdefault(path if header else table + path, number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, bool, Mapping[str, object]]]:
    pending = ""
    start = 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not pending:
            start = number
        pending += line + "\n"
        try:
            values = tomllib.loads(pending)
        except ValueError:
            if number - start > LONGEST_STATEMENT:
                return
            continue  # a value that goes on in the next line
        yield start, pending.lstrip().startswith("["), values
        pending = ""


def _paths(values: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    for name, value in values.items():
        yield (name,)
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict):
            yield from ((name, *path) for path in _paths(inner))
