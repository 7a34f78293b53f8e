"""Why a provider said no: bodies of the kinds that servers send, and others that only look like them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.wire import errors
from costproxy.wire.errors import classify, classify_object


def openai(message: str, code: str | None = None, kind: str | None = "invalid_request_error") -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}}).encode()


def flat(**fields: object) -> bytes:
    return json.dumps(fields).encode()


OVERFLOWS = {
    "openai": (
        400,
        openai(
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 150008 tokens."
            " Please reduce the length of the messages.",
            "context_length_exceeded",
        ),
    ),
    "openai, by its code alone": (400, openai("Sorry.", "context_length_exceeded")),
    "openai responses": (
        400,
        openai("Your input exceeds the context window of this model. Please adjust your input and try again."),
    ),
    "xai": (
        400,
        flat(
            code="Client specified an invalid argument",
            error="This model's maximum prompt length is 131072 but the request contains 625077 tokens.",
        ),
    ),
    "anthropic": (
        400,
        flat(
            type="error",
            error={"type": "invalid_request_error", "message": "prompt is too long: 200027 tokens > 200000 maximum"},
        ),
    ),
    "mistral, code": (
        400,
        flat(object="error", message="x", type="invalid_request_invalid_args", param=None, code="3051"),
    ),
    "mistral, wording": (
        400,
        flat(
            message="Prompt contains 150004 tokens and 0 draft tokens, too large for model with 131072 maximum context"
        ),
    ),
    "deepseek": (
        400,
        openai("This model's maximum context length is 1048565 tokens. However, you requested 1250025 tokens."),
    ),
    "groq": (400, openai("Please reduce the length of the messages or completion.")),
    "openrouter": (
        400,
        flat(error={"message": "This endpoint's maximum context length is 200000 tokens. However, …", "code": 400}),
    ),
    "perplexity, type": (400, flat(error={"message": "Too long", "type": "too_many_prompt_tokens", "code": 400})),
    "perplexity, wording": (400, flat(error={"message": "User input tokens exceeds 200000 tokens.", "code": 400})),
    "ollama": (400, openai("prompt too long; exceeded max context length by 1119046 tokens (ref: 1)")),
    "gemini": (
        400,
        json.dumps(
            [
                {
                    "error": {
                        "code": 400,
                        "message": "The input token count (1250074) exceeds the maximum number of tokens allowed.",
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ]
        ).encode(),
    ),
    "cohere": (
        400,
        flat(error_type="TOO_MANY_TOKENS", message="too many tokens: size limit exceeded by 25836 tokens."),
    ),
    "bedrock": (
        400,
        flat(message="Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input."),
    ),
    "vllm": (
        400,
        flat(
            object="error",
            message="This model's maximum context length is 8192 tokens. However, you requested 4096 output tokens and"
            " your prompt contains at least 4097 input tokens, for a total of at least 8193 tokens.",
            type="BadRequestError",
            param="input_tokens",
            code=400,
        ),
    ),
    "llama.cpp": (
        400,
        flat(
            error={
                "code": 400,
                "message": "the request exceeds the available context size. try increasing the context size",
                "type": "exceed_context_size_error",
            }
        ),
    ),
    "sglang": (
        400,
        flat(
            object="error", message="The input (9000 tokens) is longer than the model's context length (8192 tokens)."
        ),
    ),
    "text generation inference": (
        422,
        flat(
            error="Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs`"
            " tokens and 20 `max_new_tokens`",
            error_type="validation",
        ),
    ),
    "lm studio": (
        400,
        flat(
            error="Trying to keep the first 5406 tokens when context the overflows. However, the model is loaded with"
            " context length of only 4096 tokens, which is not enough."
        ),
    ),
    "plain text": (413, b"prompt is too long for this deployment"),
}


@pytest.mark.parametrize(("status", "body"), OVERFLOWS.values(), ids=OVERFLOWS)
def test_every_wording_of_a_full_context_is_known(status, body):
    assert classify(body, status) == errors.CONTEXT


LOOK_ALIKES = {
    "output limit too high": (
        400,
        openai(
            "max_tokens is too large: 100000. This model supports at most 16384 completion tokens.", "invalid_value"
        ),
        errors.BAD_REQUEST,
    ),
    "parameter of another model": (
        400,
        openai("Unsupported parameter: 'max_tokens' is not supported with this model.", "unsupported_parameter"),
        errors.BAD_REQUEST,
    ),
    "one text too long": (
        400,
        openai(
            "Invalid 'messages[0].content': string too long. Expected a string with maximum length 10485760.",
            "string_above_max_length",
        ),
        errors.BAD_REQUEST,
    ),
    "too many messages": (
        400,
        openai(
            "Invalid 'messages': array too long. Expected an array with maximum length 2048.", "array_above_max_length"
        ),
        errors.BAD_REQUEST,
    ),
    "no messages": (400, openai("Invalid 'messages': empty array.", "empty_array"), errors.BAD_REQUEST),
    "too many bytes": (
        400,
        flat(error={"type": "invalid_request_error", "message": "too many total text bytes: 10000002 > 9000000"}),
        errors.BAD_REQUEST,
    ),
    "an image too large": (
        400,
        flat(error={"type": "invalid_request_error", "message": "image exceeds 5 MB maximum: 6291456 bytes > 5242880"}),
        errors.BAD_REQUEST,
    ),
    "an image of too many pixels": (
        400,
        openai("Image dimensions exceed the maximum of 8000 pixels", "image_too_large"),
        errors.BAD_REQUEST,
    ),
    "a file that belongs into the context": (
        400,
        openai("Invalid input: Expected context stuffing file type to be a supported format: .txt"),
        errors.BAD_REQUEST,
    ),
    "too many tools": (
        400,
        openai("Invalid 'tools': array too long. Expected an array with maximum length 128.", "array_above_max_length"),
        errors.BAD_REQUEST,
    ),
    "too many stop words": (400, openai("Invalid 'stop': array too long."), errors.BAD_REQUEST),
    "a schema too deep": (400, openai("Schema exceeds the maximum nesting depth of 5."), errors.BAD_REQUEST),
    "a body too large for a gateway": (
        413,
        b"Failed to buffer the request body: length limit exceeded",
        errors.BAD_REQUEST,
    ),
    "a request too large for its rate": (
        429,
        openai(
            "Request too large for gpt-5-nano on tokens per min (TPM): Limit 200000, Requested 2500013. The input or"
            " output tokens must be reduced in order to run successfully.",
            "rate_limit_exceeded",
            "tokens",
        ),
        errors.OVERSIZED,
    ),
    "a rate of tokens that wants a shorter prompt": (
        429,
        flat(
            error={
                "type": "rate_limit_error",
                "message": "This request would exceed the rate limit for your organization of 50,000 input tokens per"
                " minute. Please reduce the prompt length or the maximum tokens requested, or try again later.",
            }
        ),
        errors.RATE_TOKENS,
    ),
    "a server's own failure that quotes a limit": (
        500,
        openai("maximum context length could not be determined", None, "server_error"),
        errors.SERVER,
    ),
    "a timeout that quotes a limit": (504, b"prompt is too long to be read in time", errors.TIMEOUT),
    "a model that does not exist": (
        404,
        openai("The model `prompt is too long` does not exist", "model_not_found"),
        errors.NOT_FOUND,
    ),
    "a key that is wrong": (401, openai("Incorrect API key provided: sk-.", "invalid_api_key"), errors.AUTHENTICATION),
    "a filter": (
        400,
        flat(error={"code": "content_filter", "message": "…", "innererror": {"code": "ResponsibleAIPolicyViolation"}}),
        errors.CONTENT_FILTER,
    ),
}


@pytest.mark.parametrize(("status", "body", "kind"), LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_what_only_looks_like_a_full_context_is_told_from_it(status, body, kind):
    assert classify(body, status) == kind


LIMITS = {
    "openai, requests": (429, openai("Rate limit reached", "rate_limit_exceeded", "requests"), errors.RATE_REQUESTS),
    "openai, tokens": (429, openai("Rate limit reached", "rate_limit_exceeded", "tokens"), errors.RATE_TOKENS),
    "openai, requests per day": (
        429,
        openai("Rate limit reached for gpt-4o on requests per day (RPD): Limit 200", "rate_limit_exceeded", None),
        errors.RATE_REQUESTS,
    ),
    "openai, money": (
        429,
        openai("You exceeded your current quota, please check your plan.", "insufficient_quota", "insufficient_quota"),
        errors.QUOTA,
    ),
    "openai, money by type only": (429, openai("…", None, "insufficient_quota"), errors.QUOTA),
    "openai, credit": (429, openai("…", "credit_balance_exhausted", "insufficient_quota"), errors.QUOTA),
    "anthropic, spend": (429, openai("…", "enforced_spend_limit_reached"), errors.QUOTA),
    "deepseek, money": (402, openai("Insufficient Balance", "invalid_request_error", "unknown_error"), errors.QUOTA),
    "openrouter, money": (402, flat(error={"message": "Insufficient credits", "code": 402}), errors.QUOTA),
    "gemini's rate that reads like money": (
        429,
        flat(
            error={
                "code": 429,
                "message": "You exceeded your current quota, please check your plan and billing details.\n* Quota"
                " exceeded for metric: generate_content_free_tier_requests, limit: 20",
            }
        ),
        errors.RATE_REQUESTS,
    ),
    "gemini's rate of tokens": (
        429,
        flat(
            error={
                "code": 429,
                "message": "Quota exceeded for metric: generate_content_paid_tier_input_token_count, limit: 1000000",
            }
        ),
        errors.RATE_TOKENS,
    ),
    "azure, tokens": (
        429,
        flat(error={"code": "429", "message": "have exceeded token rate limit"}),
        errors.RATE_TOKENS,
    ),
    "cerebras": (
        429,
        flat(code="request_quota_exceeded", message="Requests per second limit exceeded - too many requests sent."),
        errors.RATE_REQUESTS,
    ),
    "concurrency": (429, openai("Too many concurrent requests", None, "rate_limit"), errors.RATE_CONCURRENCY),
    "a router's upstream": (
        429,
        flat(error={"code": 429, "message": "Provider returned error", "metadata": {"provider_name": "Google"}}),
        errors.RATE_UPSTREAM,
    ),
    "overloaded with 429": (
        429,
        flat(error={"code": "1305", "message": "The service may be temporarily overloaded"}),
        errors.OVERLOADED,
    ),
    "groq's full tier": (498, openai("…", "capacity_exceeded", "…"), errors.OVERLOADED),
    "mistral, not said which": (
        429,
        flat(object="error", message="Rate limit exceeded", code="1300"),
        errors.RATE_OTHER,
    ),
    "no body": (429, b"", errors.RATE_OTHER),
    "a page": (429, b"<html><h1>429 Too Many Requests</h1></html>", errors.RATE_REQUESTS),
}


@pytest.mark.parametrize(("status", "body", "kind"), LIMITS.values(), ids=LIMITS)
def test_the_kinds_of_limits_are_told_apart(status, body, kind):
    assert classify(body, status) == kind
    assert kind in errors.LIMIT_REASONS


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BAD_REQUEST),
        (401, errors.AUTHENTICATION),
        (402, errors.QUOTA),
        (403, errors.AUTHENTICATION),
        (404, errors.NOT_FOUND),
        (408, errors.TIMEOUT),
        (409, errors.BAD_REQUEST),
        (413, errors.BAD_REQUEST),
        (422, errors.BAD_REQUEST),
        (429, errors.RATE_OTHER),
        (498, errors.OVERLOADED),
        (500, errors.SERVER),
        (502, errors.SERVER),
        (503, errors.OVERLOADED),
        (504, errors.TIMEOUT),
        (520, errors.SERVER),
        (529, errors.OVERLOADED),
        (304, errors.OTHER),
    ],
)
@pytest.mark.parametrize(
    "body", [b"", b"nothing to see", b"<html></html>", b"[]", b"null", b"7", b'{"detail":[]}', b"{"]
)
def test_a_body_that_says_nothing_leaves_it_to_the_status(status, kind, body):
    assert classify(body, status) == kind


@pytest.mark.parametrize(
    "text", ["Incorrect API key provided: in***ey.", "API key not valid. Please pass a valid API key."]
)
def test_a_bad_key_is_known_where_it_comes_as_400(text):
    assert classify(flat(code="Client specified an invalid argument", error=text), 400) == errors.AUTHENTICATION


def test_a_long_body_is_read_by_its_beginning():
    message = "This model's maximum context length is 10 tokens. " + "x" * 200_000
    assert classify(openai(message, "context_length_exceeded"), 400) == errors.CONTEXT


# -- inside a 200, where no status tells ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (
            {"message": "The server had an error. Sorry about that!", "type": "server_error", "code": None},
            errors.SERVER,
        ),
        ({"message": "Overloaded", "type": "overloaded_error", "details": None}, errors.OVERLOADED),
        ({"message": "The engine is overloaded", "type": "x"}, errors.OVERLOADED),
        ({"message": "Token limit reached", "code": 400}, errors.BAD_REQUEST),
        ({"message": "Provider returned error", "code": 429}, errors.RATE_UPSTREAM),
        ({"message": "no", "code": 502}, errors.SERVER),
        (
            {"message": "no", "type": "invalid_request_error", "code": "tool_use_failed", "status_code": 400},
            "bad_request",
        ),
        ({"message": "Rate limit reached", "code": "rate_limit_exceeded", "type": "tokens"}, errors.RATE_TOKENS),
        ({"message": "requests per minute", "type": "rate_limit_error"}, errors.RATE_REQUESTS),
        ({"message": "…", "code": "insufficient_quota"}, errors.QUOTA),
        ({"message": "This model's maximum context length is 8192 tokens."}, errors.CONTEXT),
        ("just a text", errors.SERVER),
        (["a", "list"], errors.SERVER),
        (True, errors.SERVER),
    ],
)
def test_an_error_inside_a_success_is_known_by_what_it_says(error, kind):
    assert classify_object({"error": error}) == kind


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "code", "type", "message", "innererror", "error_type"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)
KINDS = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, str)}


@given(ANYTHING, st.sampled_from([200, 400, 429, 500, 999]))
@settings(deadline=None, max_examples=400)
def test_whatever_the_body_the_kind_is_one_of_ours(value, status):
    assert classify(json.dumps(value).encode(), status) in KINDS
    if isinstance(value, dict):
        assert classify_object(value) in KINDS


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=200)
def test_garbage_has_a_kind_too(garbage):
    assert classify(garbage, 400) in KINDS


@pytest.mark.parametrize(
    "body", [b'{"error":{"code":' + b"9" * 4500 + b"}}", b'{"code":' + b"[" * 900 + b"]" * 900 + b"}", b"[" * 5000]
)
def test_numbers_and_nesting_beyond_reason_raise_nothing(body):
    assert classify(body, 400) == errors.BAD_REQUEST
