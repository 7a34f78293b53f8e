"""Context windows out of what passes by: the answers to `GET …/models` and `GET …/models/{id}`.

Only what an upstream says it serves counts, not what a model was trained for or could be loaded with.

Source of the shapes (read 2026-11): vLLM and SGLang, `ModelCard.max_model_len`; the API references of OpenRouter,
Groq, Mistral, Together, Anthropic, Gemini, Cohere, GitHub Models, DeepInfra, Novita, Venice and Vercel; LM Studio's
REST API v0 and v1; llama.cpp's server, `meta.n_ctx`, and llama-swap, which copies it.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from costproxy.errors import WireError
from costproxy.model import Limits
from costproxy.wire import jsontext
from costproxy.wire.encodings import BodyDecoder
from costproxy.wire.numbers import token_count

LONGEST_READ = 8 * 1024 * 1024  # bytes, decoded; OpenRouter's list, the longest known, has about one
_MOST_MODELS = 10_000
_LONGEST_NAME = 200
_MOST_TOKENS = 10**9

_NAMES = ("id", "key", "name", "model")
# Where each limit may stand, most telling first; a dot goes one level down.
_WINDOW = (
    "loaded_context_length",  # LM Studio v0: what the model was loaded with
    "max_model_len",  # vLLM, SGLang
    "meta.n_ctx",  # llama.cpp; `n_ctx_train` is what the model could do
    "context_length",  # OpenRouter, Together, Cohere, Moonshot, SambaNova, Fireworks
    "context_window",  # Groq, Vercel, Requesty
    "max_context_length",  # Mistral
    "context_size",  # Novita
    "max_context",  # ArliAI
    "metadata.context_length",  # DeepInfra
    "model_spec.availableContextTokens",  # Venice
    "capabilities.limits.max_context_window_tokens",  # GitHub Copilot
)
_INPUT = (
    "max_input_tokens",  # Anthropic
    "inputTokenLimit",  # Gemini's own API
    "limits.max_input_tokens",  # GitHub Models
    "capabilities.limits.max_prompt_tokens",  # GitHub Copilot
)
_OUTPUT = (
    "top_provider.max_completion_tokens",  # OpenRouter
    "max_completion_tokens",  # Groq, SambaNova
    "max_output_tokens",
    "outputTokenLimit",
    "limits.max_output_tokens",
    "capabilities.limits.max_output_tokens",
    "metadata.max_tokens",  # DeepInfra
    "model_spec.maxCompletionTokens",  # Venice
    "max_tokens",  # Anthropic, Vercel
)
_IN_LM_STUDIO = ("compatibility_type", "loaded_instances")  # whose `max_context_length` is what could be loaded


def windows(body: bytes) -> dict[str, Limits]:
    """Return the limits that a list of models, or one model, states, by the model's name; junk gives nothing."""
    try:
        value = jsontext.decode(body)
    except WireError:
        return {}
    found: dict[str, Limits] = {}
    for model in islice(_models(value), _MOST_MODELS):
        limits = _limits(model)
        if limits is not None:
            for name in _names(model):
                found.setdefault(name, limits)
    return found


class ModelListObserver:
    """The machine for one answer about models: feed the copies, get the windows; nothing raises."""

    __slots__ = ("_decoder", "_pieces", "_size")

    def __init__(self) -> None:
        self._decoder: BodyDecoder | None = None  # None: no answer yet, or one that is not read
        self._pieces: list[bytes] = []  # as they came in
        self._size = 0

    def __repr__(self) -> str:
        return f"<ModelListObserver {self._size} bytes>"

    @property
    def weight(self) -> int:
        """Bytes that are held, and still to be parsed."""
        return self._size

    def head(self, status: int, encoding: str) -> None:
        """Take the head of the answer: its status and `Content-Encoding`."""
        if status != 200:
            return
        try:
            self._decoder = BodyDecoder(encoding, LONGEST_READ)
        except WireError:
            return

    def body(self, chunk: bytes, at: float) -> None:  # noqa: ARG002  # as an observer of an exchange is fed
        """Take a piece of the answer; one that is too long is let go."""
        if self._decoder is None:
            return
        self._pieces.append(chunk)
        self._size += len(chunk)
        if self._size > LONGEST_READ:
            self._let_go()

    def windows(self) -> dict[str, Limits]:
        """Return the limits that the whole answer states, by the model's name; it is let go then."""
        decoder, pieces = self._decoder, self._pieces
        self._let_go()
        if decoder is None:
            return {}
        try:
            return windows(b"".join(decoder.feed(piece) for piece in pieces))
        except WireError:
            return {}

    def _let_go(self) -> None:
        self._decoder = None
        self._pieces = []
        self._size = 0


def _models(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects that may be models, of a list or alone; llama.cpp gives two lists, and one says nothing."""
    places = [value.get("data"), value.get("models"), value] if isinstance(value, dict) else [value]
    for place in places:
        candidates = place if isinstance(place, list) else [place]
        yield from (model for model in candidates if isinstance(model, dict))


def _names(model: Mapping[str, Any]) -> Iterator[str]:
    name = next((model[key] for key in _NAMES if _is_name(model.get(key))), None)
    if name is not None:
        yield name.removeprefix("models/")  # Gemini's own API
    aliases = model.get("aliases")
    yield from filter(_is_name, islice(aliases, _MOST_MODELS) if isinstance(aliases, list) else ())
    for instance in _instances(model):
        if _is_name(instance.get("id")):
            yield instance["id"]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME


def _limits(model: Mapping[str, Any]) -> Limits | None:
    """Return what a model states of its context, None if that is nothing; its reply's limit alone is nothing."""
    window = _loaded(model) if any(key in model for key in _IN_LM_STUDIO) else _first(model, _WINDOW)
    most_input = _first(model, _INPUT)
    if window is None:
        window = _agreed(model)
    if window is None and most_input is None:
        return None
    return Limits(context_window=window, max_input=most_input, max_output=_first(model, _OUTPUT))


def _loaded(model: Mapping[str, Any]) -> int | None:
    """Return the window that LM Studio has loaded a model with, the smallest of several."""
    sizes = [_first(instance, ("config.context_length",)) for instance in _instances(model)]
    known = [size for size in (*sizes, _first(model, ("loaded_context_length",))) if size is not None]
    return min(known, default=None)


def _instances(model: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    instances = model.get("loaded_instances")
    yield from (each for each in (instances if isinstance(instances, list) else ()) if isinstance(each, dict))


def _agreed(model: Mapping[str, Any]) -> int | None:
    """Return the window of a router's providers, where they all have the same (the router of Hugging Face)."""
    providers = model.get("providers")
    dicts = [each for each in (providers if isinstance(providers, list) else ()) if isinstance(each, dict)]
    sizes = {_first(each, ("context_length",)) for each in dicts}
    return sizes.pop() if len(sizes) == 1 else None


def _first(model: Mapping[str, Any], places: tuple[str, ...]) -> int | None:
    return next((count for count in (_tokens(_at(model, place)) for place in places) if count is not None), None)


def _at(value: Any, place: str) -> Any:
    for step in place.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _tokens(value: Any) -> int | None:
    count = token_count(value)
    return count if count and count <= _MOST_TOKENS else None
