"""What a reply is made of, under APIs that send it as numbered blocks: put together from their pieces."""

import sys
from enum import Enum
from types import MappingProxyType
from typing import Any

from costproxy.model import ReplyCall, ReplyMessage, SeenText
from costproxy.wire import jsontext

_MOST_CHARS = 512 * 1024  # of text and arguments that are kept; what comes beyond is only measured
_MOST_BLOCKS = 4096


class Kind(Enum):
    """What a block means for the conversation; all of them are generated tokens."""

    TEXT = "text"  # what the assistant says
    ASIDE = "aside"  # reasoning, summaries: no part of the message
    CALL = "call"  # of a tool that the client runs
    HOSTED = "hosted"  # of a tool that the provider runs


# Pieces that do not say which block they belong to are one block of their kind, after all others.
_WITHOUT_INDEX = MappingProxyType({kind: sys.maxsize - place for place, kind in enumerate(Kind)})


class _Block:
    __slots__ = ("id", "kind", "name", "pieces")

    def __init__(self, kind: Kind, block_id: str | None, name: str) -> None:
        self.kind = kind
        self.id = block_id
        self.name = name
        self.pieces: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class ReplyBlocks:
    """Collects blocks by their index, within a bound; junk is passed over.

    `no_arguments` is how the API writes those of a call that has none, when the client sends it back.
    """

    __slots__ = ("_beyond", "_blocks", "_no_arguments", "_room")

    def __init__(self, *, no_arguments: str = "") -> None:
        self._no_arguments = no_arguments
        self._blocks: dict[int, _Block] = {}
        self._room = _MOST_CHARS
        self._beyond = 0  # characters

    def __repr__(self) -> str:
        return f"<ReplyBlocks {len(self._blocks)} blocks, room for {self._room}>"

    def __bool__(self) -> bool:
        """Tell whether anything was generated."""
        return bool(self._beyond) or any(block.pieces or block.name for block in self._blocks.values())

    def open(self, index: Any, kind: Kind, *, block_id: Any = None, name: Any = None) -> None:
        """Begin a block, or learn the id and the name of one that has begun."""
        block = self._block(index, kind)
        if block is not None:
            block.kind = kind
            block.id = block.id or (block_id if isinstance(block_id, str) and block_id else None)
            block.name = block.name or (name if isinstance(name, str) else "")

    def add(self, index: Any, kind: Kind, piece: Any) -> None:
        """Append a piece to a block; `kind` is that of a block whose beginning was not seen."""
        if not isinstance(piece, str) or not piece:
            return
        block = self._block(index, kind)
        if block is None or len(piece) > self._room:
            self._beyond += len(piece)
            return
        self._room -= len(piece)
        block.pieces.append(piece)

    def has(self, index: Any) -> bool:
        """Tell whether a block has got any of its text."""
        block = self._blocks.get(index) if isinstance(index, int) else None  # without an index, none is the same
        return block is not None and bool(block.pieces)

    @property
    def calls(self) -> bool:
        """Whether the client is asked to run a tool."""
        return any(block.kind is Kind.CALL for block in self._blocks.values())

    def seen(self) -> SeenText | None:
        """Return all that was generated, as far as it was seen; None if that is nothing."""
        if not self:
            return None
        spoken = "".join(block.text for block in self._in(Kind.TEXT, Kind.ASIDE))
        calls = tuple((block.name, block.text) for block in self._in(Kind.CALL, Kind.HOSTED))
        return SeenText(texts=(spoken,) if spoken else (), calls=calls, beyond=self._beyond)

    def message(self, *, whole: bool) -> ReplyMessage:
        """Return the assistant's message; `whole` tells whether the reply came to its end."""
        return ReplyMessage(
            text="".join(block.text for block in self._in(Kind.TEXT)),
            calls=tuple(map(self._call, self._in(Kind.CALL))),
            whole=whole and not self._beyond,
        )

    def _call(self, block: _Block) -> ReplyCall:
        return ReplyCall(id=block.id, name=block.name, arguments=block.text or self._no_arguments)

    def _in(self, *kinds: Kind) -> list[_Block]:
        return [block for _, block in sorted(self._blocks.items()) if block.kind in kinds]

    def _block(self, index: Any, kind: Kind) -> _Block | None:
        if not isinstance(index, int):
            index = _WITHOUT_INDEX[kind]
        block = self._blocks.get(index)
        if block is None and len(self._blocks) < _MOST_BLOCKS:
            block = self._blocks[index] = _Block(kind, None, "")
        return block


def json_text(value: Any) -> str:
    """Return a decoded JSON value as text again, a text as it is; an empty string for nothing at all."""
    if isinstance(value, str):
        return value
    return "" if value is None or value == {} else jsontext.written(value).decode()
