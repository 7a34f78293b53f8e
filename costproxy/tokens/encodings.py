"""Which vocabulary a model counts with, and the vocabularies themselves.

tiktoken fetches its vocabularies over the network at first use. Here they come out of this package and the
encoders are built from them directly, so no name of a model, however strange, can start a download.
"""

import re
import threading
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

import tiktoken

from costproxy.errors import CostproxyError
from costproxy.tokens.ranks import unpack

O200K = "o200k_base"
CL100K = "cl100k_base"

# Each ends at a boundary, so that `gpt-4-` is not taken for `gpt-4o` nor `gpt-4.7` for `gpt-4`.
# Source: tiktoken 0.14.0 `model.py`. gpt-oss is o200k_harmony there: o200k_base with more special tokens,
# which ordinary text never becomes, so the counts are the same.
_O200K_FAMILIES = (
    "chatgpt-4o-",
    "gpt-4.1-",
    "gpt-4.5-",
    "gpt-4o-",
    "gpt-5-",
    "gpt-5.",
    "gpt-oss-",
    "o1-",
    "o3-",
    "o4-mini-",
)
_CL100K_FAMILIES = (
    "babbage-002-",
    "davinci-002-",
    "gpt-3.5-",
    "gpt-35-turbo-",
    "gpt-4-",
    "text-embedding-3-large-",
    "text-embedding-3-small-",
    "text-embedding-ada-002-",
)

# Names in front of a model that say who serves it and leave what it is alone. Behind any other name a
# familiar-looking model may be somebody's own.
_SERVING = frozenset(
    {"", "azure", "azure_ai", "cerebras", "github", "groq", "models", "ollama", "openai", "openrouter"}
)

# [route/][ft:]base[:tag or fine-tune], where Bedrock writes its route as `us.openai.`
_MODEL_NAME = re.compile(r"(?:(?P<route>[^:]*)/)?(?:ft:)?(?:(?:\w+\.)?openai\.)?(?P<base>[^:]*)")

# Source: tiktoken 0.14.0 `openai_public.py`.
_O200K_PATTERN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CL100K_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
_PATTERNS = MappingProxyType({O200K: _O200K_PATTERN, CL100K: _CL100K_PATTERN})


class VocabularyError(CostproxyError):
    """A vocabulary that should have come with the package cannot be used: the installation is damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingChoice:
    """The vocabulary a model's tokens are counted with."""

    name: str  # "o200k_base" or "cl100k_base"
    known: bool  # False: the model's own vocabulary is not known, this one stands in


def encoding_name(model: str) -> EncodingChoice:
    """Return the vocabulary of `model`, as it stands in a request or a reply; any string will do.

    Vendor routes (`openai/gpt-4o`), fine-tunes (`ft:gpt-4o-mini-2024-07-18:acme::x`), dated snapshots and
    tags (`gpt-oss:20b`) are seen through. Everything unknown, Claude and Llama as much as a typing error,
    counts with o200k_base and says so.
    """
    route, base = route_and_base(model)
    ours = route.rpartition("/")[2] in _SERVING
    if f"{base}-".startswith(_O200K_FAMILIES):
        return EncodingChoice(name=O200K, known=ours)
    if f"{base}-".startswith(_CL100K_FAMILIES):
        return EncodingChoice(name=CL100K, known=ours)
    return EncodingChoice(name=O200K, known=False)


def route_and_base(model: str) -> tuple[str, str]:
    """Return who serves `model` and its bare name, both in lower case: `("openai", "gpt-4o")`.

    The route is empty where the name has none; tags and the owner of a fine-tune are left out.
    """
    parts = _MODEL_NAME.match(model.lower())
    route, base = parts.group("route", "base") if parts else (None, None)
    return route or "", base or ""


class Encodings:
    """The encoders of one process, each built at first use and then kept; safe to share between threads.

    Building takes 0.1 s (cl100k_base) to 0.3 s (o200k_base) and keeps 35 to 70 MB. For more than half of that
    time tiktoken holds the interpreter lock, and no thread keeps that from being felt: build before serving.
    """

    def __init__(self) -> None:
        self._built: dict[str, tiktoken.Encoding] = {}
        self._building = threading.Lock()

    def __repr__(self) -> str:
        return f"<Encodings built={sorted(self._built)}>"

    def built(self, name: str) -> tiktoken.Encoding | None:
        """Return the encoder called `name` if it is there already, at once."""
        return self._built.get(name)

    def get(self, name: str) -> tiktoken.Encoding:
        """Return the encoder called `name`, building it if this is its first use.

        Only `encode_ordinary` may be called on it: it has no special tokens and its table of ranks is empty.

        Raises:
            VocabularyError: the package holds no such vocabulary, or not an intact one.
        """
        if (ready := self._built.get(name)) is not None:
            return ready
        with self._building:
            if name not in self._built:
                self._built[name] = _build(name)
            return self._built[name]


def _build(name: str) -> tiktoken.Encoding:
    if name not in _PATTERNS:
        raise VocabularyError(f"vocabulary: found {name!r}, expected one of {sorted(_PATTERNS)}")
    try:
        ranks = unpack(_packed(name))
        encoder = tiktoken.Encoding(name, pat_str=_PATTERNS[name], mergeable_ranks=ranks, special_tokens={})
    except (OSError, ValueError) as error:
        raise VocabularyError(f"vocabulary/{name}.xz: {error}, expected the packaged file") from error
    ranks.clear()  # the encoder counts with a copy of its own; this one would keep 20 MB for nothing
    return encoder


def _packed(name: str) -> bytes:
    # The one read in a room that otherwise does no I/O: a vocabulary is part of the program, not of its data.
    return resources.files(__package__).joinpath("vocabulary", f"{name}.xz").read_bytes()
