"""Context windows out of lists of models: who says what where, and what says nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.demo.coding import encoded
from costproxy.model import Limits
from costproxy.wire.model_list import LONGEST_READ, ModelListObserver, windows

LISTS = {
    "vllm": (
        {
            "object": "list",
            "data": [{"id": "Qwen/Qwen3-8B", "object": "model", "root": "Qwen/Qwen3-8B", "max_model_len": 32768}],
        },
        {"Qwen/Qwen3-8B": Limits(context_window=32768)},
    ),
    "sglang": (
        {"object": "list", "data": [{"id": "m", "owned_by": "sglang", "max_model_len": 262144}]},
        {"m": Limits(context_window=262144)},
    ),
    "openrouter": (
        {
            "data": [
                {
                    "id": "openai/gpt-4o",
                    "context_length": 128000,
                    "top_provider": {"context_length": 128000, "max_completion_tokens": 16384, "is_moderated": True},
                    "per_request_limits": None,
                },
                {"id": "x/y", "context_length": 4096, "top_provider": {"max_completion_tokens": None}},
            ]
        },
        {"openai/gpt-4o": Limits(context_window=128000, max_output=16384), "x/y": Limits(context_window=4096)},
    ),
    "groq": (
        {"data": [{"id": "llama", "active": True, "context_window": 131072, "max_completion_tokens": 32768}]},
        {"llama": Limits(context_window=131072, max_output=32768)},
    ),
    "mistral": (
        {
            "data": [
                {"id": "mistral-large-2411", "aliases": ["mistral-large-latest"], "max_context_length": 131072},
                {"id": "mistral-ocr-latest", "capabilities": {"completion_chat": False}},
            ]
        },
        {
            "mistral-large-2411": Limits(context_window=131072),
            "mistral-large-latest": Limits(context_window=131072),
        },
    ),
    "together": (
        [{"id": "meta/llama", "type": "chat", "context_length": 131072}, {"id": "flux", "type": "image"}],
        {"meta/llama": Limits(context_window=131072)},
    ),
    "llama.cpp": (
        {
            "models": [{"name": "m", "model": "m", "capabilities": ["completion"]}],
            "object": "list",
            "data": [{"id": "m", "meta": {"n_vocab": 1, "n_ctx": 8192, "n_ctx_train": 131072}}],
        },
        {"m": Limits(context_window=8192)},
    ),
    "llama.cpp, of old, which tells only what the model was trained for": (
        {"data": [{"id": "m", "meta": {"n_ctx_train": 131072}}]},
        {},
    ),
    "lm studio": (
        {
            "data": [
                {"id": "a", "compatibility_type": "gguf", "state": "not-loaded", "max_context_length": 131072},
                {
                    "id": "b",
                    "compatibility_type": "gguf",
                    "state": "loaded",
                    "max_context_length": 131072,
                    "loaded_context_length": 8192,
                },
            ]
        },
        {"b": Limits(context_window=8192)},
    ),
    "lm studio, v1": (
        {
            "models": [
                {
                    "key": "google/gemma",
                    "loaded_instances": [
                        {"id": "google/gemma", "config": {"context_length": 32768}},
                        {"id": "google/gemma:2", "config": {"context_length": 4096}},
                    ],
                    "max_context_length": 131072,
                },
                {"key": "other", "loaded_instances": [], "max_context_length": 131072},
            ]
        },
        {"google/gemma": Limits(context_window=4096), "google/gemma:2": Limits(context_window=4096)},
    ),
    "anthropic": (
        {"data": [{"type": "model", "id": "claude", "max_input_tokens": 200000, "max_tokens": 64000}]},
        {"claude": Limits(max_input=200000, max_output=64000)},
    ),
    "gemini": (
        {"models": [{"name": "models/gemini-2.5-pro", "inputTokenLimit": 1048576, "outputTokenLimit": 65536}]},
        {"gemini-2.5-pro": Limits(max_input=1048576, max_output=65536)},
    ),
    "gemini's compatible endpoint": ({"data": [{"id": "models/gemini-2.5-pro", "object": "model"}]}, {}),
    "github models": (
        [{"id": "openai/gpt-4.1", "limits": {"max_input_tokens": 1048576, "max_output_tokens": 32768}}],
        {"openai/gpt-4.1": Limits(max_input=1048576, max_output=32768)},
    ),
    "github copilot": (
        {
            "data": [
                {
                    "id": "gpt-4o",
                    "capabilities": {
                        "limits": {
                            "max_context_window_tokens": 128000,
                            "max_prompt_tokens": 64000,
                            "max_output_tokens": 4096,
                        }
                    },
                }
            ]
        },
        {"gpt-4o": Limits(context_window=128000, max_input=64000, max_output=4096)},
    ),
    "cohere": (
        {"models": [{"name": "command-r", "context_length": 128000.0}]},
        {"command-r": Limits(context_window=128000)},
    ),
    "deepinfra": (
        {"data": [{"id": "m", "metadata": {"context_length": 32768, "max_tokens": 8192}}]},
        {"m": Limits(context_window=32768, max_output=8192)},
    ),
    "a router whose providers agree": (
        {"data": [{"id": "m", "providers": [{"context_length": 4096}, {"context_length": 4096}]}]},
        {"m": Limits(context_window=4096)},
    ),
    "a router whose providers differ": (
        {"data": [{"id": "m", "providers": [{"context_length": 4096}, {"context_length": 8192}, {}]}]},
        {},
    ),
    "openai": ({"object": "list", "data": [{"id": "gpt-4o", "object": "model", "owned_by": "system"}]}, {}),
    "azure": ({"data": [{"id": "gpt-4o", "capabilities": {"inference": True}, "lifecycle_status": "preview"}]}, {}),
    "one model": ({"id": "m", "object": "model", "max_model_len": 4096}, {"m": Limits(context_window=4096)}),
    "one model, wrapped": ({"data": {"id": "m", "context_length": 4096}}, {"m": Limits(context_window=4096)}),
    "a name twice, of which the first counts": (
        {"data": [{"id": "m", "context_length": 1000}, {"id": "m", "context_length": 2000}]},
        {"m": Limits(context_window=1000)},
    ),
}


@pytest.mark.parametrize(("value", "expected"), LISTS.values(), ids=LISTS)
def test_every_shape_is_read(value, expected):
    assert windows(json.dumps(value).encode()) == expected


@pytest.mark.parametrize("odd", [None, True, "4096", 0, -1, 1.5, 10**10, [], {}, float("nan")])
def test_what_is_no_count_of_tokens_says_nothing(odd):
    for place in ("max_model_len", "context_length", "max_input_tokens"):
        assert windows(json.dumps({"data": [{"id": "m", place: odd}]}).encode()) == {}
    assert windows(json.dumps({"data": [{"id": "m", "meta": odd, "limits": odd, "providers": odd}]}).encode()) == {}


def test_a_window_that_is_none_leaves_it_to_the_next_place():
    body = b'{"data":[{"id":"m","max_model_len":null,"context_length":4096}]}'
    assert windows(body) == {"m": Limits(context_window=4096)}


@pytest.mark.parametrize("name", [None, "", 7, "x" * 201, []])
def test_a_model_without_a_name_is_none(name):
    assert windows(json.dumps({"data": [{"id": name, "max_model_len": 4096}]}).encode()) == {}


@pytest.mark.parametrize(
    "body", [b"", b"null", b"7", b"[]", b"{}", b"<html>", b'{"data":7}', b'{"data":[7,null]}', b"\xff"]
)
def test_junk_says_nothing(body):
    assert windows(body) == {}


def test_no_more_models_are_taken_than_there_may_be():
    body = json.dumps({"data": [{"id": str(number), "context_length": 1000} for number in range(10_010)]}).encode()
    assert len(windows(body)) == 10_000


# -- the observer ---------------------------------------------------------------------------------------------------

BODY = json.dumps(LISTS["vllm"][0]).encode()


def observed(pieces, encoding="", status=200):
    observer = ModelListObserver()
    observer.head(status, encoding)
    for piece in pieces:
        observer.body(piece, 0.0)
    return observer


@pytest.mark.parametrize("encoding", ["", "gzip", "br", "zstd", "deflate"])
def test_an_answer_is_read_in_any_encoding_and_in_any_pieces(encoding):
    coded = encoded(BODY, encoding or None)
    for pieces in ([coded], [coded[:7], coded[7:]], [coded[at : at + 1] for at in range(len(coded))]):
        assert observed(pieces, encoding).windows() == LISTS["vllm"][1]


def test_an_answer_is_let_go_once_it_is_read():
    observer = observed([BODY])
    assert observer.weight == len(BODY)
    assert observer.windows()
    assert observer.weight == 0
    assert observer.windows() == {}


def test_what_is_no_answer_says_nothing():
    assert observed([BODY], status=401).windows() == {}
    assert observed([BODY], status=304).windows() == {}
    assert observed([BODY], "gzip").windows() == {}
    assert observed([BODY], "nonsense").windows() == {}
    assert observed([BODY[:-5]]).windows() == {}
    assert observed([]).windows() == {}
    assert ModelListObserver().windows() == {}


def test_an_answer_that_is_too_long_is_let_go():
    observer = observed([BODY, b" " * LONGEST_READ])
    assert observer.weight == 0
    assert observer.windows() == {}
    assert observed([BODY[:-1], b" " * (LONGEST_READ - len(BODY)), b"}"]).windows() == LISTS["vllm"][1]


def test_a_bomb_is_let_go():
    assert observed([encoded(BODY + b" " * 2 * LONGEST_READ, "gzip")], "gzip").windows() == {}


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "data",
                    "models",
                    "id",
                    "name",
                    "aliases",
                    "meta",
                    "n_ctx",
                    "context_length",
                    "providers",
                    "loaded_instances",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(ODD)
def test_lists_of_any_shape_say_something_believable_or_nothing(value):
    for name, limits in windows(json.dumps(value).encode()).items():
        assert 0 < len(name) <= 200
        assert limits.usable() is not None
