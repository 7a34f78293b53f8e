"""The files of the page, as they are in the package."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file."""

    body: bytes
    content_type: str
    etag: str


def page_files() -> dict[str, File]:
    """Read all files that a browser asks for, by their names below `page/`; nothing else is ever served."""
    return dict(_below(files("costproxy.admin") / "page", ""))


def _below(folder: Traversable, prefix: str) -> list[tuple[str, File]]:
    found: list[tuple[str, File]] = []
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{prefix}{each.name}"
        if each.is_dir():
            found += _below(each, f"{name}/")
        elif (kind := _TYPES.get(name.rpartition(".")[2])) is not None:
            body = each.read_bytes()
            digest = hashlib.sha256(body).hexdigest()
            found.append((name, File(body=body, content_type=kind, etag=f'"{digest[:32]}"')))
    return found
