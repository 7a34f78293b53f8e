"""Which API a request speaks, told from its method and path."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Api:
    """An API surface; `metered` means its facts are read, `billed` that a call may cost money."""

    name: str
    metered: bool = False
    billed: bool = False


OTHER = Api("other")
MODELS = Api("models")

# Path endings of APIs that are called with POST, longest first where one ends another.
# Source: the paths of the OpenAI, Anthropic and Azure references (read 2026-11).
_POSTED = (
    ("/chat/completions", Api("chat", metered=True, billed=True)),
    ("/completions", Api("completions", billed=True)),
    ("/responses", Api("responses", billed=True)),
    ("/messages", Api("messages", billed=True)),
    ("/embeddings", Api("embeddings", billed=True)),
    ("/images/generations", Api("images", billed=True)),
    ("/images/edits", Api("images", billed=True)),
    ("/images/variations", Api("images", billed=True)),
    ("/audio/speech", Api("audio", billed=True)),
    ("/audio/transcriptions", Api("audio", billed=True)),
    ("/audio/translations", Api("audio", billed=True)),
    ("/rerank", Api("rerank", billed=True)),
)
NAMES = (*dict.fromkeys(api.name for _, api in _POSTED), MODELS.name, OTHER.name)


def api_of(method: str, target: str) -> Api:
    """Return the API of a request by its method and raw target (query included)."""
    path = target.partition("?")[0].rstrip("/")
    if method == "POST":
        return next((api for ending, api in _POSTED if path.endswith(ending)), OTHER)
    return MODELS if path.endswith("/models") else OTHER
