"""Where the ledger lives when the operator does not say."""

import sys
from collections.abc import Mapping
from pathlib import Path

FILE = "ledger.sqlite"
FOLDER = "ledger"
SECRET = "secret"  # noqa: S105 - a file's name

_NAME = "costproxy"


def data_directory(given: Path | None, env: Mapping[str, str]) -> Path | None:
    r"""Return the directory of the operator's choice, else the platform's for the state of programs.

    That is `$STATE_DIRECTORY` (systemd), `$XDG_STATE_HOME/costproxy` or `~/.local/state/costproxy`; on macOS
    `~/Library/Application Support/costproxy`, on Windows `%LOCALAPPDATA%\costproxy`. None: no home is known.
    """
    if given is not None:
        return given
    if env.get("STATE_DIRECTORY"):
        return Path(env["STATE_DIRECTORY"].split(":", 1)[0])
    if sys.platform == "win32":
        return Path(env["LOCALAPPDATA"]) / _NAME if env.get("LOCALAPPDATA") else None
    if sys.platform != "darwin" and Path(env.get("XDG_STATE_HOME", "")).is_absolute():
        return Path(env["XDG_STATE_HOME"]) / _NAME
    home = env.get("HOME", "")
    if not Path(home).is_absolute():
        return None
    return Path(home) / ("Library/Application Support" if sys.platform == "darwin" else ".local/state") / _NAME


def ledger_file(data: Path) -> Path:
    """Return the ledger's file in a data directory."""
    return data / FOLDER / FILE


def secret_file(data: Path) -> Path:
    """Return the file of the secret in a data directory."""
    return data / FOLDER / SECRET
