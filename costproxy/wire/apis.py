"""Which API a request speaks, told from its method and path."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Api:
    """An API surface; `metered` means its facts are read, `billed` that a call may cost money.

    `lists_models`: its answer may state the context windows of models (see `costproxy.wire.model_list`).
    """

    name: str
    metered: bool = False
    billed: bool = False
    lists_models: bool = False


OTHER = Api("other")
MODELS = Api("models", lists_models=True)

# Path endings of APIs that are called with POST, longest first where one ends another.
# Source: the paths of the OpenAI, Anthropic and Azure references (read 2026-11).
_POSTED = (
    ("/chat/completions", Api("chat", metered=True, billed=True)),
    ("/completions", Api("completions", billed=True)),
    ("/responses", Api("responses", metered=True, billed=True)),
    ("/responses/compact", Api("responses", metered=True, billed=True)),
    ("/messages", Api("messages", metered=True, billed=True)),
    ("/embeddings", Api("embeddings", billed=True)),
    ("/images/generations", Api("images", billed=True)),
    ("/images/edits", Api("images", billed=True)),
    ("/images/variations", Api("images", billed=True)),
    ("/audio/speech", Api("audio", billed=True)),
    ("/audio/transcriptions", Api("audio", billed=True)),
    ("/audio/translations", Api("audio", billed=True)),
    ("/rerank", Api("rerank", billed=True)),
)
# Assistants: it keeps a message for later, and runs nothing.
_STORING = re.compile(r"/threads/[^/]+/messages$")
# What belongs to a model, but is none.
_OF_A_MODEL = re.compile(r"/fine_tuning/|/models/.*/(?:checkpoints|permissions|deployments)\b")
NAMES = (*dict.fromkeys(api.name for _, api in _POSTED), MODELS.name, OTHER.name)


def api_of(method: str, target: str) -> Api:
    """Return the API of a request by its method and raw target (query included)."""
    path = target.partition("?")[0].rstrip("/")
    if method == "POST" and not _STORING.search(path):
        return next((api for ending, api in _POSTED if path.endswith(ending)), OTHER)
    if method == "GET" and "/models/" in f"{path}/" and not _OF_A_MODEL.search(path):
        return MODELS
    return OTHER
