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
        ("/v1/completions", "completions"),
        ("/v1/responses", "responses"),
        ("/v1/messages", "messages"),
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
        ("GET", "/v1/chat/completions", "other"),
        ("DELETE", "/v1/chat/completions/chatcmpl-1", "other"),
        ("POST", "/v1/chat/completions/chatcmpl-1", "other"),
        ("GET", "/v1/responses/resp_1", "other"),
        ("POST", "/v1/messages/count_tokens", "other"),
        ("POST", "/v1/messages/batches", "other"),
        ("POST", "/v1/responses/resp_1/cancel", "other"),
        ("POST", "/v1/threads/t/messages/m", "other"),
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
