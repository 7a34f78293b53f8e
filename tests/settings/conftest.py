from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from costproxy.errors import ConfigError
from costproxy.settings import Settings, load_settings

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load settings from the text of a file, variables and flags."""

    def load(text: str | None = None, env: Mapping[str, str] | None = None, **flags: object) -> Settings:
        file = tmp_path / "costproxy.toml" if text is not None else None
        if file is not None and text is not None:
            file.write_text(text, encoding="utf-8")
        return load_settings(file=file, env=env or {}, flags=flags)

    return load


@pytest.fixture
def problems(load: Load, tmp_path: Path) -> Callable[..., list[str]]:
    """Return what stops the start, without the directory of the file."""

    def problems(*args: object, **flags: object) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(*args, **flags)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return problems
