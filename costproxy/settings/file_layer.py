"""The settings file as a layer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from costproxy.settings.app_keys import APP_KEYS
from costproxy.settings.keys import MODELS, NAMED, SECTIONS, TABLES_BY_NAME, TOP, Key, KeyPath, all_keys, keys_of
from costproxy.settings.kinds import MODEL, NAME, Kind
from costproxy.settings.layer import Given, Layer, hint
from costproxy.settings.refusal import RefusedError, dotted, shown
from costproxy.settings.toml_file import TomlFile, read_toml

_VARIABLE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|\$\{")


@dataclass(frozen=True, slots=True)
class _Tables:
    """A section whose tables have names of the operator's choice."""

    names: Kind
    expected: str
    required: tuple[str, ...] = ()


_TABLES: Mapping[str, _Tables] = {
    NAMED: _Tables(NAME, "tables such as [upstreams.groq]", ("url",)),
    MODELS: _Tables(MODEL, 'tables such as [models."gpt-4o"]'),
}


def read_file(path: Path, env: Mapping[str, str]) -> Layer:
    """Read the settings file.

    `${NAME}` in a text stands for that environment variable, `$${` for `${` itself. A relative path is taken
    from the file's directory.

    Raises:
        ConfigError: the file cannot be read or is not TOML. All else becomes the layer's problems.
    """
    reader = _Reader(read_toml(path), env)
    reader.read_top()
    return reader.layer


class _Reader:
    def __init__(self, file: TomlFile, env: Mapping[str, str]) -> None:
        self.file = file
        self.env = env
        self.layer = Layer()

    def read_top(self) -> None:
        top = keys_of(TOP)
        for name, value in self.file.values.items():
            if name in top:
                self.read_key((name,), top[name], value)
            elif name in _TABLES:
                self.read_tables(name, _TABLES[name], value)
            elif name in SECTIONS:
                self.read_section((name,), keys_of(name), value)
            else:
                self.unknown((name,), [*top, *filter(None, SECTIONS)])

    def read_tables(self, section: str, tables: _Tables, value: object) -> None:
        if not isinstance(value, dict):
            self.refuse((section,), RefusedError(tables.expected), value)
            return
        for name, table in value.items():
            path = (section, name)
            try:
                tables.names.read(name)
            except RefusedError as refusal:
                self.refuse(path, refusal, name)
                continue
            self.layer.given[path] = Given(value=None, place=self.file.place(path))
            self.read_section(path, keys_of(section), table)
            for key in tables.required:
                if isinstance(table, dict) and key not in table:
                    self.refuse((*path, key), RefusedError("a URL"), None)

    def read_section(self, path: KeyPath, keys: Mapping[str, Key], table: object) -> None:
        if not isinstance(table, dict):
            self.refuse(path, RefusedError(f"a table [{dotted(path)}]"), table)
            return
        for name, value in table.items():
            if name in keys:
                self.read_key((*path, name), keys[name], value)
            else:
                self.unknown((*path, name), list(keys))

    def read_key(self, path: KeyPath, key: Key, value: object) -> None:
        place = self.file.place(path)
        try:
            filled, names = self.fill(value)
            if names and isinstance(filled, str):
                filled = key.setting.kind.from_text(filled.strip())
        except RefusedError as refusal:
            self.refuse(path, refusal, value)
            return
        if key.setting.kind is APP_KEYS:
            self.read_app_keys(path, key, filled)
            return
        found = f"the value of {' and '.join(names)}" if names else None
        self.layer.take(path, key, filled, place=place, found=found)
        self.anchor(path)

    def read_app_keys(self, path: KeyPath, key: Key, value: object) -> None:
        try:
            self.layer.given[path] = Given(value=key.setting.kind.read(value), place=self.file.place(path))
        except RefusedError as refusal:
            self.refuse(path + refusal.below, refusal, value)

    def anchor(self, path: KeyPath) -> None:
        given = self.layer.given.get(path)
        if given is not None and isinstance(given.value, Path):
            anchored = self.file.path.parent / given.value
            self.layer.given[path] = Given(value=anchored, place=given.place)

    def fill(self, value: object) -> tuple[object, list[str]]:
        """Return the value with its `${NAME}` filled in, and which those were."""
        names: list[str] = []
        if isinstance(value, str):
            return _VARIABLE.sub(partial(self.variable, names), value), names
        if isinstance(value, dict):
            return {name: self.fill(inner)[0] for name, inner in value.items()}, names
        if isinstance(value, list):
            return [self.fill(inner)[0] for inner in value], names
        return value, names

    def variable(self, names: list[str], match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        name = match["name"]
        if name is None:
            raise RefusedError("${NAME} of an environment variable, or $${ for the characters", found="another ${")
        if name not in self.env:
            raise RefusedError(f"the environment variable {name} to be set", found="it is not set")
        names.append(match[0])
        return self.env[name]

    def unknown(self, path: KeyPath, known: list[str]) -> None:
        nearby = hint(path[-1], known)
        elsewhere = [
            dotted(key.path) for key in all_keys() if key.name == path[-1] and key.section not in TABLES_BY_NAME
        ]
        if elsewhere and not nearby:
            nearby = f" (did you mean {' or '.join(elsewhere)}?)"
        self.refuse(path, RefusedError(f"one of {', '.join(known)}{nearby}", found="an unknown key"), None)

    def refuse(self, path: KeyPath, refusal: RefusedError, value: object) -> None:
        self.layer.refuse(self.file.place(path), refusal, found=shown(value))
