"""Which API a request speaks: by method and path, never by host."""

import pytest

from costproxy.wire.apis import NAMES, api_of


@pytest.mark.parametrize(
    "target",
    [
        "/v1/chat/completions",
        "/chat/completions",
        "/v1/chat/completions/",
        "/v1/chat/completions?api-version=2024-06-01",
        "/openai/deployments/gpt-4o/chat/completions?api-version=x/y",
        "//openai/deployments/test/chat/completions",
        "/openai/v1/chat/completions",
        "/api/paas/v4/chat/completions",
        "/v1beta/openai/chat/completions",
    ],
)
def test_chat_is_posted_to_a_path_of_that_end(target):
    api = api_of("POST", target)
    assert (api.name, api.metered, api.billed) == ("chat", True, True)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/v1/responses", "responses"),
        ("/openai/responses?api-version=2026-01-01", "responses"),
        ("/v1/responses/compact", "responses"),  # it runs a model, and says what it used
        ("/v1/messages", "messages"),
        ("/v1/messages?beta=true", "messages"),
        ("/anthropic/v1/messages/", "messages"),
    ],
)
def test_the_other_chat_apis_are_metered_too(target, name):
    api = api_of("POST", target)
    assert (api.name, api.metered, api.billed) == (name, True, True)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/v1/completions", "completions"),
        ("/v1/embeddings", "embeddings"),
        ("/v1/images/generations", "images"),
        ("/v1/images/edits", "images"),
        ("/v1/audio/speech", "audio"),
        ("/v1/audio/transcriptions", "audio"),
        ("/v1/rerank", "rerank"),
    ],
)
def test_what_costs_money_and_is_not_read_yet_is_billed_and_unmetered(target, name):
    api = api_of("POST", target)
    assert (api.name, api.metered, api.billed) == (name, False, True)


@pytest.mark.parametrize(
    ("method", "target", "name"),
    [
        ("GET", "/v1/models", "models"),
        ("GET", "/v1/models/gpt-4o", "models"),
        ("HEAD", "/v1/models", "other"),
        ("DELETE", "/v1/models/gpt-4o", "other"),
        ("POST", "/v1/models", "other"),
        ("GET", "/v1/chat/completions", "other"),
        ("DELETE", "/v1/chat/completions/chatcmpl-1", "other"),
        ("POST", "/v1/chat/completions/chatcmpl-1", "other"),
        ("GET", "/v1/responses/resp_1", "other"),
        ("POST", "/v1/messages/count_tokens", "other"),
        ("POST", "/v1/messages/batches", "other"),
        ("POST", "/v1/responses/resp_1/cancel", "other"),
        ("POST", "/v1/threads/t/messages/m", "other"),
        ("POST", "/v1/threads/t/messages", "other"),
        ("POST", "/v1/responses/input_tokens", "other"),
        ("OPTIONS", "/v1/chat/completions", "other"),
        ("HEAD", "/v1/chat/completions", "other"),
        ("post", "/v1/chat/completions", "other"),
        ("POST", "/", "other"),
        ("POST", "", "other"),
        ("POST", "/?x=/chat/completions", "other"),
    ],
)
def test_everything_else_is_neither_metered_nor_billed(method, target, name):
    api = api_of(method, target)
    assert (api.name, api.metered, api.billed) == (name, False, False)
    assert api.name in NAMES


def test_the_names_are_few_and_known():
    metered_or_billed = ["chat", "completions", "responses", "messages", "embeddings", "images", "audio", "rerank"]
    assert list(NAMES) == [*metered_or_billed, "models", "other"]


@pytest.mark.parametrize(
    "target",
    [
        "/v1/models",
        "/v1/models/",
        "/models?limit=1000",
        "/api/v0/models",
        "/api/v1/models/meta-llama/llama-3.1-8b-instruct",
        "/openai/v1/models/gpt-4o?x=/y",
        "/v1/models/accounts/fireworks/models/x",
    ],
)
def test_lists_of_models_and_single_ones_are_worth_reading(target):
    assert api_of("GET", target).lists_models


@pytest.mark.parametrize(
    "target",
    ["/v1/modelsx", "/v1/chat/completions", "/v1/fine_tuning/models/x", "/v1/models/x/checkpoints", "/x?y=/models"],
)
def test_what_is_beside_them_is_not(target):
    assert api_of("GET", target).name == "other"
    assert not api_of("GET", target).lists_models
    assert not api_of("POST", target).lists_models
