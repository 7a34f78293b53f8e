"""Settings from the file, the environment and the flags."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costproxy.errors import ConfigError
from costproxy.settings.checks import problems_of
from costproxy.settings.dialects import GENERIC
from costproxy.settings.file_layer import read_file
from costproxy.settings.keys import MODELS, NAMED, SECTIONS, TABLES_BY_NAME, TOP, KeyPath
from costproxy.settings.layer import Given, Layer
from costproxy.settings.models import ModelSettings
from costproxy.settings.overrides import config_path, read_environment, read_flags
from costproxy.settings.sections import Settings
from costproxy.settings.upstream import UpstreamSettings
from costproxy.settings.url import UpstreamUrl


def load_settings(*, file: Path | None, env: Mapping[str, str], flags: Mapping[str, object]) -> Settings:
    """Return the settings: defaults, overridden by the file, then the environment, then the flags.

    Args:
        file: the settings file; `None` for the one that `COSTPROXY_CONFIG` in `env` names, or none at all.
        env: environment variables.
        flags: values by word, such as `{"upstream": "http://…", "port": 0}`; every key with an environment
            variable has a word, its name without `COSTPROXY_` in lower case. `None` means not given.

    Raises:
        ConfigError: something cannot be used. One line per problem: place, expected, found.
    """
    path = file or config_path(env)
    layers = [read_file(path, env)] if path else []
    layers += [read_environment(env), read_flags(flags)]
    _stop_for([problem for layer in layers for problem in layer.problems])
    given = {path: value for layer in layers for path, value in layer.given.items()}
    settings = _build(given, _notices(layers, given))
    _stop_for(problems_of(settings, given))
    return settings


def _stop_for(problems: list[str]) -> None:
    if problems:
        raise ConfigError("\n".join(problems))


def _build(given: Mapping[KeyPath, Given], notices: tuple[str, ...]) -> Settings:
    upstreams = [UpstreamSettings(**_values(given, ("upstream",)))]
    upstreams += [_named(name, _values(given, (NAMED, name))) for name in _names(given, NAMED)]
    models = tuple(_model(given, name) for name in _names(given, MODELS))
    plain = [name for name in SECTIONS if name not in {TOP, "upstream", *TABLES_BY_NAME}]
    sections = {name: SECTIONS[name](**_values(given, (name,))) for name in plain}
    return Settings(**_values(given, ()), **sections, upstreams=tuple(upstreams), models=models, notices=notices)


def _names(given: Mapping[KeyPath, Given], section: str) -> list[str]:
    return list(dict.fromkeys(path[1] for path in given if path[0] == section))


def _model(given: Mapping[KeyPath, Given], name: str) -> ModelSettings:
    same_as = given.get((MODELS, name, "same_as"))
    values = {"name": name.strip(), "table": name, "place": same_as.place if same_as else ""}
    return ModelSettings(**(values | _values(given, (MODELS, name))))


def _values(given: Mapping[KeyPath, Given], table: KeyPath) -> dict[str, Any]:
    return {path[-1]: value.value for path, value in given.items() if path[:-1] == table}


def _named(name: str, values: dict[str, Any]) -> UpstreamSettings:
    return UpstreamSettings(**({"name": name, "mount": f"/{name}"} | values))


def _notices(layers: list[Layer], given: Mapping[KeyPath, Given]) -> tuple[str, ...]:
    notices = [notice for layer in layers for notice in layer.notices]
    for path, value in given.items():
        if path[-1] == "url" and value.value is not None:  # None: a table that has this name
            notices += _url_notices(str(value.value), value.place)
    return tuple(notices)


def _url_notices(text: str, place: str) -> list[str]:
    url = UpstreamUrl.parse(text)
    notices = []
    if url.v1_dropped:
        notices.append(f'{place}: the "/v1" at the end was left off, for every request\'s path brings it: {url}')
    if url.scheme == "http" and UpstreamSettings(url=text).dialect not in {GENERIC, "ollama", "vllm"}:
        notices.append(f"{place}: plain http, so API keys travel unencrypted to {url.host}")
    return notices
