"""The environment and the flags as layers."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from costproxy.settings.keys import CONFIG_VARIABLE, PREFIX, Key, all_keys
from costproxy.settings.kinds import PORT
from costproxy.settings.layer import Layer, hint
from costproxy.settings.refusal import RefusedError, redacted, shown

# Kubernetes sets these in every pod for a Service whose name begins with costproxy, unless the pod says
# enableServiceLinks: false. One of them, COSTPROXY_PORT=tcp://10.0.0.1:8787, has the name of a setting.
_SERVICE_LINK = re.compile(
    r"COSTPROXY_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)"
)
_SERVICE_URL = re.compile(r"(tcp|udp|sctp)://", re.IGNORECASE)


def read_environment(env: Mapping[str, str]) -> Layer:
    """Read the variables that begin with `COSTPROXY_`."""
    layer = Layer()
    known = {key.variable: key for key in all_keys() if key.variable}
    for variable in sorted(name for name in env if name.startswith(PREFIX)):
        key = known.get(variable)
        if key is not None:
            _take_variable(layer, key, variable, env[variable].strip())
        elif variable != CONFIG_VARIABLE and not _is_service_link(variable, env[variable]):
            _unknown_variable(layer, variable)
    return layer


def read_flags(flags: Mapping[str, object]) -> Layer:
    """Read flags by their words (`upstream`, `admin_port`); `None` stands for a flag that was not given."""
    layer = Layer()
    known = {key.word: key for key in all_keys() if key.word}
    for word, value in flags.items():
        if word not in known:
            refusal = RefusedError(f"a known flag{hint(word, list(known))}")
            layer.refuse("flags", refusal, found=shown(word))
        elif value is not None:
            key = known[word]
            raw = key.setting.kind.from_text(value.strip()) if isinstance(value, str) else value
            layer.take(key.path, key, raw, place=key.flag or word)
    return layer


def config_path(env: Mapping[str, str]) -> Path | None:
    """Return the settings file that the environment names, `None` if it names none.

    Raises:
        RefusedError: the variable is there and empty, which is rarely what was meant.
    """
    text = env.get(CONFIG_VARIABLE)
    if text is not None and not text.strip():
        raise RefusedError(f"a path in the environment variable {CONFIG_VARIABLE}", found=shown(""))
    return Path(text.strip()) if text else None


def _is_service_link(variable: str, text: str) -> bool:
    if variable.endswith("_PORT") and _SERVICE_URL.match(text):
        return True
    return _SERVICE_LINK.fullmatch(variable) is not None


def _take_variable(layer: Layer, key: Key, variable: str, text: str) -> None:
    if key.setting.kind is PORT and _SERVICE_URL.match(text):
        layer.notices.append(
            f"environment variable {variable}: ignored, for Kubernetes sets it to a Service's address"
            f" (use --{(key.word or '').replace('_', '-')} or the settings file)"
        )
        return
    layer.take(key.path, key, key.setting.kind.from_text(text), place=f"environment variable {variable}")


def _unknown_variable(layer: Layer, variable: str) -> None:
    """Stop for a likely typo; mention, and otherwise leave alone, what others may have put there."""
    name = redacted(variable)
    right = _systematic_names().get(variable) or _near(variable)
    if right:
        layer.problems.append(f"environment variable {name}: expected {right}, found an unknown name")
    else:
        layer.notices.append(f"environment variable {name}: ignored, for it is no setting")


def _systematic_names() -> dict[str, str]:
    """Return the right names of variables that a short one replaces, such as `COSTPROXY_LISTEN_PORT`."""
    names = {PREFIX + "_".join(key.path).upper(): key.variable for key in all_keys()}
    return {name: right for name, right in names.items() if right and name != right}


def _near(variable: str) -> str | None:
    names = [key.variable for key in all_keys() if key.variable] + [CONFIG_VARIABLE]
    words = [name.removeprefix(PREFIX) for name in names]
    near = get_close_matches(variable.removeprefix(PREFIX), words, n=1, cutoff=0.75)
    return PREFIX + near[0] if near else None
