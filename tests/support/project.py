"""Where the project's own files are, for tests that read them."""

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "costproxy"

# Read only where there is no git to ask, such as in an unpacked archive.
NOT_OURS = frozenset(
    {".git", ".venv", ".cache", "__pycache__", "node_modules", "dist"}
    | {".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
)


@cache
def project_files() -> tuple[Path, ...]:
    """Return every file that is committed or would be, as absolute paths in order."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        return tuple(sorted(_walk(ROOT)))
    names = listed.stdout.decode().split("\0")
    return tuple(sorted(path for name in set(names) if name and (path := ROOT / name).is_file()))


def python_files(*folders: str) -> list[Path]:
    """Return the Python files of the project below `folders`, named from the root."""
    below = tuple(ROOT / folder for folder in folders)
    return [path for path in project_files() if path.suffix == ".py" and _is_below(path, below)]


def module_name(path: Path) -> str:
    """Return the dotted name by which the package's file at `path` is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def shown(path: Path) -> str:
    """Return `path` as a reader of the project knows it: from the root, with forward slashes."""
    return path.relative_to(ROOT).as_posix()


def _is_below(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in NOT_OURS or path == ROOT / "data" or path.name.endswith(".egg-info"):
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path
