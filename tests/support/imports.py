"""Who imports whom in the package, read from the source and never by importing it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

PACKAGE = "costproxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One module named by an import statement, wherever in the file it stands."""

    importer: str  # dotted name of the importing module
    target: str  # dotted name of what is imported
    line: int

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}, imports {self.target}"


def imports_of(importer: str, source: str, *, is_package: bool = False) -> list[Import]:
    """Return the imports of one module, relative ones resolved, in functions and under TYPE_CHECKING too."""
    return [
        Import(importer=importer, target=target, line=node.lineno)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for target in _targets(node, importer, is_package)
    ]


def room_of(module: str) -> str | None:
    """Return the package's room that a dotted name lies in; "" is the package itself, None another one."""
    first, _, rest = module.partition(".")
    return rest.partition(".")[0] if first == PACKAGE else None


def _targets(node: ast.Import | ast.ImportFrom, importer: str, is_package: bool) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = _base(node, importer, is_package)
    # `from costproxy import relay` names a room, `from costproxy import __version__` the package itself.
    rooms = [alias.name for alias in node.names if not alias.name.startswith("_")] if base == PACKAGE else []
    yield from (f"{base}.{room}" for room in rooms)
    if not rooms:
        yield base


def _base(node: ast.ImportFrom, importer: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    up = node.level - (1 if is_package else 0)
    parents = importer.split(".")[: -up or None]
    return ".".join([*parents, node.module] if node.module else parents)
