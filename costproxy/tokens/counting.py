"""How many tokens a text is, or why that is not known."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from costproxy.errors import CostproxyError
from costproxy.tokens.encodings import EncodingChoice

# tiktoken 0.14 panics on about a million white-space characters in a row and slows down on long runs of
# anything. Slices stop both. Where a slice can end before a single space the count is exact, since no token
# of either vocabulary reaches across; where there is none (base64, CJK text, one long run) the cut may split
# a token, which moved the count by up to 6 in 90,000 measured cuts; a slice of prose is some 15,000 tokens.
SLICE_CHARS = 64 * 1024
_LOOK_BACK = 256  # characters in which a space is looked for

# A longer text is not counted: 4 Mi characters of prose are a million tokens, more than nearly all models
# read, and take up to 1.5 s. Length over four would be off by a factor of 3 on base64, of up to 8 on CJK text,
# so beyond the cap the count is unknown and not a guess.
CAP_CHARS = 4 * 1024 * 1024

_SURROGATE = re.compile("[\ud800-\udfff]")

_MUST_PASS = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)


class Gap(StrEnum):
    """Why there is no count."""

    TOO_LONG = "too_long"  # more characters than the cap
    BUSY = "busy"  # the counting threads had no place left
    CLOSED = "closed"  # the counter was closed before the count was done
    ENCODER = "encoder"  # the encoder failed on this text
    VOCABULARY = "vocabulary"  # the packaged vocabulary cannot be used


class UncountedError(CostproxyError):
    """A text that was not counted, and why."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(f"text not counted: {gap}")
        self.gap = gap


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCount:
    """The tokens of one text: always our estimate of what a provider would bill, never a report."""

    tokens: int | None  # None: unknown, and `gap` says why
    encoding: EncodingChoice  # counted with, or meant to be
    gap: Gap | None = None  # None: counted


class Encoder(Protocol):
    """What is asked of a tokenizer."""

    def encode_ordinary(self, text: str, /) -> Sequence[int]:
        """Return the tokens of `text`, in which the spelling of a special token is ordinary text."""
        ...


def _never() -> bool:
    return False


def count(encoder: Encoder, text: str, *, cap: int = CAP_CHARS, stop: Callable[[], bool] = _never) -> int:
    """Return the tokens of `text`, which may hold lone surrogates (each counts as U+FFFD).

    `stop` is asked before every slice, so that a long count can be given up within milliseconds.

    Raises:
        UncountedError: the text is longer than `cap` characters, the encoder failed, or `stop` said so.
    """
    if len(text) > cap:
        raise UncountedError(Gap.TOO_LONG)
    tokens = start = 0
    while start < len(text):
        if stop():
            raise UncountedError(Gap.CLOSED)
        end = _slice_end(text, start)
        tokens += _count_slice(encoder, text[start:end])
        start = end
    return tokens


def _slice_end(text: str, start: int) -> int:
    end = start + SLICE_CHARS
    if end >= len(text):
        return len(text)
    for cut in range(end - 1, end - _LOOK_BACK, -1):
        if text[cut] == " " and not text[cut - 1].isspace() and not text[cut + 1].isspace():
            return cut
    return end


def _count_slice(encoder: Encoder, text: str) -> int:
    try:
        return len(encoder.encode_ordinary(_encodable(text)))
    except _MUST_PASS:
        raise
    except BaseException as error:  # a panic in the encoder is no Exception, and may not harm a request
        raise UncountedError(Gap.ENCODER) from error


def _encodable(text: str) -> str:
    # tiktoken repairs surrogates as well, but takes 20 ms for a slice of them, with the interpreter locked.
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text
