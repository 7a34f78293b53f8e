"""The pieces of a message's content: texts, pictures, files, tool calls and their results, of all API dialects."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

from costproxy.conversations.spelling import canonical_json
from costproxy.model import Part

_TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_THOUGHTS = frozenset({"thinking", "redacted_thinking", "reasoning", "reasoning_text", "summary_text"})
_MARKS = frozenset({"cache_control", "index", "id", "annotations", "logprobs", "citations", "signature", "detail"})
_MEDIA = {
    "image_url": (Part.IMAGES, 800),
    "input_image": (Part.IMAGES, 800),
    "image": (Part.IMAGES, 1200),
    "image_file": (Part.IMAGES, 800),
    "video_url": (Part.FILES, 4000),
    "file": (Part.FILES, 2000),
    "input_file": (Part.FILES, 2000),
    "document": (Part.FILES, 2000),
    "document_url": (Part.FILES, 2000),
    "file_url": (Part.FILES, 2000),
    "input_audio": (Part.FILES, 400),
}  # tokens are of a middling one: only ratios are used
_LOW_DETAIL = 85
_LONG = 512  # characters; longer strings are pictures, files, or might as well be
_DEEPEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of a message's content."""

    text: str = ""
    other: str = ""  # what it is instead of text, in one spelling
    part: Part | None = None  # None: that of its message
    tokens: int = 0  # estimated, of what is no text
    called: tuple[Any, Any] | None = None  # name and arguments of a tool call
    result: bool = False  # a tool's
    id: str = ""  # of the call


NOTHING = Piece()


def pieces(content: Any, *, inside: bool = False) -> Iterator[Piece]:
    """Yield the pieces of a content, whatever it is; `inside` the result of a tool there are no further ones."""
    if isinstance(content, str):
        yield Piece(text=content)
    elif isinstance(content, list):
        for item in content:
            yield _piece(item, inside=inside)
    elif isinstance(content, dict):
        yield _piece(content, inside=inside)
    elif content is not None:
        yield _unknown(content)


def text_of(texts: Sequence[str]) -> str:
    """Return the text that several make, line ends alike and nothing around it."""
    text = texts[0] if len(texts) == 1 else "".join(texts)
    return (text.replace("\r\n", "\n") if "\r" in text else text).strip()


def _piece(item: Any, *, inside: bool) -> Piece:
    if isinstance(item, str):
        return Piece(text=item)
    kind = item.get("type") if isinstance(item, dict) else None
    if not isinstance(kind, str):
        return _unknown(item)
    if kind in _TEXTS:
        text = item.get(_TEXTS[kind])
        return Piece(text=text) if isinstance(text, str) else NOTHING
    if kind in _THOUGHTS:
        return NOTHING
    return _media(kind, item) if inside else _READERS.get(kind, _media)(kind, item)


def _id(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _use(_: str, item: dict[str, Any]) -> Piece:
    return Piece(called=(item.get("name"), item.get("input")), id=_id(item.get("id")))


def _result(_: str, item: dict[str, Any]) -> Piece:
    texts: list[str] = []
    other: list[str] = []
    tokens = 4
    for piece in pieces(item.get("content"), inside=True):
        if piece.text:
            texts.append(piece.text)
            tokens += len(piece.text.encode("utf-8", "surrogatepass")) // 4
        elif piece.other:
            other.append(piece.other)
            tokens += piece.tokens
    spelled = canonical_json([text_of(texts) if texts else "", *other])
    identifier = _id(item.get("tool_use_id"))
    return Piece(other=f"result {spelled}", part=Part.TOOL_RESULTS, tokens=tokens, result=True, id=identifier)


def _media(kind: str, item: dict[str, Any]) -> Piece:
    spelled = canonical_json(_shortened({name: value for name, value in item.items() if name not in _MARKS}))
    part, tokens = _MEDIA.get(kind, (None, 0))
    if part is None:
        return Piece(other=spelled, tokens=len(spelled) // 4)
    if part is Part.IMAGES and _is_low(item):
        tokens = _LOW_DETAIL
    return Piece(other=spelled, part=part, tokens=tokens)


def _is_low(item: dict[str, Any]) -> bool:
    inner = item.get("image_url")
    return item.get("detail") == "low" or (isinstance(inner, dict) and inner.get("detail") == "low")


def _unknown(value: Any) -> Piece:
    spelled = canonical_json(value)
    return Piece(other=spelled, tokens=len(spelled) // 4)


def _shortened(value: Any, depth: int = 0) -> Any:
    """Return the value without empty fields and marks, its long strings replaced by their digest."""
    if isinstance(value, str):
        return _digest(value) if len(value) > _LONG else value
    if depth > _DEEPEST:
        return canonical_json(value)
    if isinstance(value, dict):
        kept = ((name, _shortened(item, depth + 1)) for name, item in value.items() if name != "cache_control")
        return {name: item for name, item in kept if item not in (None, "", [], {})}
    if isinstance(value, list):
        return [_shortened(item, depth + 1) for item in value]
    return value


def _digest(text: str) -> str:
    return f"{len(text)} {blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


_READERS: Mapping[str, Callable[[str, dict[str, Any]], Piece]] = MappingProxyType(
    {"tool_use": _use, "tool_result": _result}
)
