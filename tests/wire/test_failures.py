"""Why an exchange did not succeed: bodies as providers send them, with status and headers, each with its one kind."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.model import Failure, Quota, RateWord, ReplyError, Resource
from costproxy.wire import errors
from costproxy.wire.failures import failure
from costproxy.wire.rate_headers import rate_word
from costproxy.wire.sse import SSEDecoder
from costproxy.wire.surfaces import SURFACES
from tests.support.data import Recording, recordings
from tests.wire.overflow_wordings import LOOK_ALIKES, OVERFLOWS


def openai(message: str, code: object = None, kind: str | None = "invalid_request_error") -> dict:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def anthropic(kind: str, message: str) -> dict:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_x"}


def coded(code: object, message: str, **further: object) -> dict:
    return {"error": {"code": code, "message": message, **further}}


def mistral(message: str, code: str | None, kind: str) -> dict:
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


CURRENT_QUOTA = "You exceeded your current quota, please check your plan and billing details."
ITPM = (
    "This request would exceed your organization's rate limit of 450,000 input tokens per minute. Please reduce the"
    " prompt length or the maximum tokens requested, or try again later."
)
TOO_LARGE = "Request too large for gpt-5-nano on tokens per min (TPM): Limit 200000, Requested 2500013. The input …"
GROQ_RATE = "Rate limit reached for model `x` on tokens per minute (TPM): Limit 6000, Used 5843, Requested 709."
GROQ_TOO_LARGE = "Request too large for model `x` on tokens per minute (TPM): Limit 10000, Requested 21247, please …"
F = Failure
NONE: dict[str, str] = {}
# name -> status, headers, body, kind; a str is a body that is no JSON.
CASES: dict[str, tuple[int, dict[str, str], object, Failure]] = {
    # -- rates
    "openai, tokens": (429, NONE, openai("Rate limit reached", "rate_limit_exceeded", "tokens"), F.RATE_TOKENS),
    "openai, requests": (429, NONE, openai("Rate limit reached", "rate_limit_exceeded", "requests"), F.RATE_REQUESTS),
    "openai, tokens by wording": (
        429,
        NONE,
        openai("Rate limit reached for x on tokens per min (TPM): Limit 9, Used 8, Requested 4.", None, None),
        F.RATE_TOKENS,
    ),
    "openai, requests by wording": (
        429,
        NONE,
        openai("Rate limit reached for x on requests per min (RPM): Limit 3, Used 3, Requested 1.", None, None),
        F.RATE_REQUESTS,
    ),
    "openai, slow down": (429, NONE, openai("Slow down", "slow_down", "requests"), F.RATE_REQUESTS),
    "groq": (429, {"retry-after": "6"}, openai(GROQ_RATE, "rate_limit_exceeded", "tokens"), F.RATE_TOKENS),
    "azure, tokens": (
        429,
        {"retry-after": "60"},
        coded(
            "429", "Requests to the Operation have exceeded token rate limit of your current OpenAI S0 pricing tier."
        ),
        F.RATE_TOKENS,
    ),
    "azure, calls": (
        429,
        NONE,
        coded("429", "Requests to the Operation have exceeded call rate limit of your current OpenAI S0 pricing tier."),
        F.RATE_REQUESTS,
    ),
    "azure, not said which": (
        429,
        {"retry-after": "1"},
        coded("RateLimitReached", "Your requests to x for x in westeurope have exceeded rate limit."),
        F.RATE_OTHER,
    ),
    "azure, told by what is left": (
        429,
        {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-remaining-requests": "5"},
        coded("RateLimitReached", "Your requests to x for x in westeurope have exceeded rate limit."),
        F.RATE_TOKENS,
    ),
    "anthropic, tokens": (429, {"retry-after": "4"}, anthropic("rate_limit_error", ITPM), F.RATE_TOKENS),
    "anthropic, tokens, older": (
        429,
        NONE,
        anthropic("rate_limit_error", "Number of request tokens has exceeded your per-minute rate limit"),
        F.RATE_TOKENS,
    ),
    "anthropic, requests, older": (
        429,
        NONE,
        anthropic("rate_limit_error", "Number of requests has exceeded your per-minute rate limit"),
        F.RATE_REQUESTS,
    ),
    "anthropic, connections": (
        429,
        NONE,
        anthropic("rate_limit_error", "Number of concurrent connections has exceeded your rate limit"),
        F.RATE_CONCURRENCY,
    ),
    "anthropic, not said which": (
        429,
        {"anthropic-ratelimit-requests-remaining": "0", "anthropic-ratelimit-tokens-remaining": "7"},
        anthropic("rate_limit_error", "This request would exceed your account's rate limit. Please try again later."),
        F.RATE_REQUESTS,
    ),
    "mistral": (429, NONE, mistral("Rate limit exceeded", "1300", "rate_limited"), F.RATE_OTHER),
    "mistral, told by what is left": (
        429,
        {"x-ratelimit-remaining-req-minute": "0", "x-ratelimit-remaining-tokens-minute": "5"},
        mistral("Rate limit exceeded", "1300", "rate_limited"),
        F.RATE_REQUESTS,
    ),
    "cerebras": (
        429,
        {"retry-after-ms": "660"},
        {"code": "request_quota_exceeded", "message": "Requests per second limit exceeded - too many requests sent."},
        F.RATE_REQUESTS,
    ),
    "moonshot": (
        429,
        NONE,
        openai("reached max RPM: 3, please try again", None, "rate_limit_reached_error"),
        F.RATE_REQUESTS,
    ),
    "together": (429, NONE, openai("The maximum rate is 6.0 queries per minute.", None, "x"), F.RATE_REQUESTS),
    "cohere": (429, NONE, {"message": "Your key is limited to 40 API calls / minute."}, F.RATE_REQUESTS),
    "deepseek": (429, NONE, openai("Too many concurrent requests", None, "rate_limit"), F.RATE_CONCURRENCY),
    "gemini, requests": (
        429,
        NONE,
        [coded(429, f"{CURRENT_QUOTA}\n* Quota exceeded for metric: x/free_tier_requests, limit: 20")],
        F.RATE_REQUESTS,
    ),
    "gemini, tokens": (
        429,
        NONE,
        coded(429, f"{CURRENT_QUOTA}\n* Quota exceeded for metric: x/input_token_count, limit: 1000000"),
        F.RATE_TOKENS,
    ),
    "openrouter, its upstream": (
        429,
        NONE,
        coded(429, "Provider returned error", metadata={"raw": "x is temporarily rate-limited upstream."}),
        F.RATE_UPSTREAM,
    ),
    "openrouter, free models": (429, NONE, coded(429, "Rate limit exceeded: free-models-per-min. "), F.RATE_REQUESTS),
    "openrouter, free models a day": (
        429,
        NONE,
        coded(
            429, "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day"
        ),
        F.RATE_REQUESTS,
    ),
    "a validator's form": (429, NONE, {"detail": "Too many requests"}, F.RATE_REQUESTS),
    "bedrock, as a 400": (400, NONE, {"message": "Too many tokens, please wait before trying again."}, F.RATE_TOKENS),
    "no body": (429, NONE, "", F.RATE_OTHER),
    "a page": (429, NONE, "<html><h1>429 Too Many Requests</h1></html>", F.RATE_REQUESTS),
    # -- money, and hard quotas
    "openai, money": (429, NONE, openai(CURRENT_QUOTA, "insufficient_quota", "insufficient_quota"), F.QUOTA),
    "openai, by type": (429, NONE, openai(CURRENT_QUOTA, None, "insufficient_quota"), F.QUOTA),
    "openai, credit": (429, NONE, openai("…", "credit_balance_exhausted", "insufficient_quota"), F.QUOTA),
    "openai, spend": (429, NONE, openai("…", "organization_spend_limit_exceeded", "x"), F.QUOTA),
    "openai, spend of a project": (429, NONE, openai("…", "project_spend_limit_exceeded", "x"), F.QUOTA),
    "openai, use": (429, NONE, openai("…", "organization_usage_limit_exceeded", "x"), F.QUOTA),
    "anthropic, spend": (429, NONE, openai("…", "enforced_spend_limit_reached", "x"), F.QUOTA),
    "anthropic, billing": (402, NONE, anthropic("billing_error", "…"), F.QUOTA),
    "anthropic, credit as a 400": (
        400,
        {"x-should-retry": "false"},
        anthropic(
            "invalid_request_error", "Your credit balance is too low to access the Anthropic API. Please go to …"
        ),
        F.QUOTA,
    ),
    "anthropic, use as a 400": (
        400,
        NONE,
        anthropic(
            "invalid_request_error", "You have reached your specified API usage limits. You will regain access …"
        ),
        F.QUOTA,
    ),
    "deepseek, money": (402, NONE, openai("Insufficient Balance", "invalid_request_error", "unknown_error"), F.QUOTA),
    "openrouter, money": (402, NONE, coded(402, "Insufficient credits. Add more using https://…"), F.QUOTA),
    "openrouter, a key's limit": (403, NONE, coded(403, "Key limit exceeded (total limit)."), F.QUOTA),
    "xai, money": (
        403,
        NONE,
        {"code": "x", "error": "Your newly created team doesn't have any credits yet. You can purchase credits on …"},
        F.QUOTA,
    ),
    "hugging face, money": (402, NONE, {"error": "You have exceeded your monthly included credits for x."}, F.QUOTA),
    "gemini, money": (429, NONE, coded(429, "Your prepayment credits are depleted."), F.QUOTA),
    "moonshot, money": (429, NONE, openai("suspended", None, "exceeded_current_quota_error"), F.QUOTA),
    "zhipu, money": (
        429,
        NONE,
        coded("1113", "Insufficient balance or no resource package. Please recharge."),
        F.QUOTA,
    ),
    # -- larger than a limit allows at all
    "openai, oversized": (429, NONE, openai(TOO_LARGE, "rate_limit_exceeded", "tokens"), F.OVERSIZED),
    "openai, oversized by wording": (429, NONE, TOO_LARGE, F.OVERSIZED),
    "openai, oversized on top of what is used": (
        429,
        NONE,
        openai("… (TPM): Limit 30000, Used 100, Requested 30601.", "rate_limit_exceeded", "tokens"),
        F.OVERSIZED,
    ),
    "openai, exactly the limit": (
        429,
        NONE,
        openai("… (TPM): Limit 30000, Requested 30000.", "rate_limit_exceeded", "tokens"),
        F.RATE_TOKENS,
    ),
    "groq, oversized": (413, NONE, openai(GROQ_TOO_LARGE, "rate_limit_exceeded", "tokens"), F.OVERSIZED),
    "anthropic, oversized": (429, {"x-should-retry": "false"}, anthropic("rate_limit_error", ITPM), F.OVERSIZED),
    "anthropic, not oversized": (
        429,
        {"x-should-retry": "false", "retry-after": "30"},
        anthropic("rate_limit_error", ITPM),
        F.RATE_TOKENS,
    ),
    "anthropic, advised to try again": (
        429,
        {"x-should-retry": "true"},
        anthropic("rate_limit_error", ITPM),
        F.RATE_TOKENS,
    ),
    "anthropic, bytes": (413, NONE, anthropic("request_too_large", "Request exceeds the maximum size"), F.OVERSIZED),
    "azure, a gateway's buffer": (413, NONE, "Failed to buffer the request body: length limit exceeded", F.OVERSIZED),
    # -- overload
    "anthropic, overloaded": (
        529,
        {"x-should-retry": "true"},
        anthropic("overloaded_error", "Overloaded"),
        F.OVERLOADED,
    ),
    "xai, overloaded": (503, NONE, {"code": "x", "error": "The service is currently unavailable"}, F.OVERLOADED),
    "zhipu, overloaded": (429, NONE, coded("1305", "The service may be temporarily overloaded"), F.OVERLOADED),
    "moonshot, overloaded": (429, NONE, openai("…", None, "engine_overloaded_error"), F.OVERLOADED),
    "groq's full tier": (498, NONE, openai("…", "capacity_exceeded", "…"), F.OVERLOADED),
    # -- key, model, request
    "openai, key": (401, NONE, openai("Incorrect API key provided: sk-.", "invalid_api_key"), F.AUTHENTICATION),
    "anthropic, key": (401, NONE, anthropic("authentication_error", "invalid x-api-key"), F.AUTHENTICATION),
    "mistral, key": (401, NONE, {"detail": "Invalid API Key"}, F.AUTHENTICATION),
    "mistral, key, shorter": (401, NONE, {"message": "Unauthorized", "request_id": "x"}, F.AUTHENTICATION),
    "openrouter, key": (401, NONE, coded(401, "No auth credentials found"), F.AUTHENTICATION),
    "xai, key as a 400": (
        400,
        NONE,
        {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: in***ey."},
        F.AUTHENTICATION,
    ),
    "gemini, key as a 400": (
        400,
        NONE,
        [coded(400, "API key not valid. Please pass a valid API key.", status="INVALID_ARGUMENT")],
        F.AUTHENTICATION,
    ),
    "a page for a key": (401, NONE, "<html><h1>401 Authorization Required</h1></html>", F.AUTHENTICATION),
    "openai, country": (
        403,
        NONE,
        openai("Country not supported", "unsupported_country_region_territory", "request_forbidden"),
        F.AUTHENTICATION,
    ),
    "openai, model": (404, NONE, openai("The model `x` does not exist", "model_not_found"), F.NOT_FOUND),
    "openai, model as a 400": (
        400,
        NONE,
        openai("The requested model 'x' does not exist.", "model_not_found"),
        F.NOT_FOUND,
    ),
    "openai, model without a code": (404, NONE, openai("Model not found", None), F.NOT_FOUND),
    "azure, deployment": (404, NONE, coded("DeploymentNotFound", "…"), F.NOT_FOUND),
    "anthropic, model": (404, NONE, anthropic("not_found_error", "model: claude-x"), F.NOT_FOUND),
    "openrouter, endpoints": (404, NONE, coded(404, "No endpoints found for x."), F.NOT_FOUND),
    "openrouter, model as a 400": (400, NONE, coded(400, "a/b is not a valid model ID"), F.NOT_FOUND),
    "deepseek, model as a 400": (400, NONE, openai("Model Not Exist", "invalid_request_error"), F.NOT_FOUND),
    "mistral, model as a 400": (400, NONE, mistral("Invalid model: x", "1500", "invalid_model"), F.NOT_FOUND),
    "perplexity, model as a 400": (400, NONE, coded(400, "Invalid model 'x'.", type="invalid_model"), F.NOT_FOUND),
    "groq, model that is gone": (
        400,
        NONE,
        openai("The model `x` has been decommissioned", "model_decommissioned"),
        F.NOT_FOUND,
    ),
    "bedrock, model": (400, NONE, {"message": "The provided model identifier is invalid."}, F.NOT_FOUND),
    "ollama, model": (404, NONE, {"error": "model 'x' not found"}, F.NOT_FOUND),
    "mistral, shape": (422, NONE, {"detail": [{"loc": ["body"], "msg": "Field required"}]}, F.BAD_REQUEST),
    "deepseek, shape": (422, NONE, "Failed to deserialize the JSON body into the target type: …", F.BAD_REQUEST),
    "a tool that is not there": (400, NONE, openai("No tool output found for tool call call-a."), F.BAD_REQUEST),
    "a parameter of another model": (
        400,
        NONE,
        openai("Unsupported parameter: 'max_tokens' is not supported with this model.", "unsupported_parameter"),
        F.BAD_REQUEST,
    ),
    "too many bytes": (
        400,
        NONE,
        anthropic("invalid_request_error", "too many total text bytes: 10000002 > 9000000"),
        F.BAD_REQUEST,
    ),
    # -- filters
    "azure, filter": (
        400,
        NONE,
        coded("content_filter", "…", innererror={"code": "ResponsibleAIPolicyViolation"}),
        F.CONTENT_FILTER,
    ),
    "azure, filter by the inner code": (
        400,
        NONE,
        coded("BadRequest", "…", innererror={"code": "ResponsibleAIPolicyViolation"}),
        F.CONTENT_FILTER,
    ),
    "openai, policy": (
        400,
        NONE,
        openai("Invalid prompt: your prompt was flagged as potentially violating our usage policy.", "invalid_prompt"),
        F.CONTENT_FILTER,
    ),
    "openrouter, moderation": (
        403,
        NONE,
        coded(403, 'openai/x requires moderation. Your input was flagged for "violence".', metadata={"reasons": ["x"]}),
        F.CONTENT_FILTER,
    ),
    "xai, safety": (403, NONE, {"code": "x", "error": "Content violates usage guidelines."}, F.CONTENT_FILTER),
    "alibaba, inspection": (400, NONE, openai("…", "data_inspection_failed"), F.CONTENT_FILTER),
    # -- the upstream's own
    "openai, server": (500, NONE, openai("The server had an error", "server_error", "server_error"), F.SERVER),
    "anthropic, server": (500, {"x-should-retry": "false"}, anthropic("api_error", "Internal"), F.SERVER),
    "mistral, server": (500, NONE, mistral("Service unavailable.", "1000", "internal_server_error"), F.SERVER),
    "together, server": (500, {"retry-after": "1"}, openai("Internal server error", None, "server_error"), F.SERVER),
    "a server that quotes a limit": (500, NONE, openai("maximum context length could not be determined"), F.SERVER),
    "a gateway": (502, NONE, "<html>Bad gateway</html>", F.SERVER),
    "azure, time": (408, NONE, "upstream request timeout", F.TIMEOUT),
    "a gateway's time": (504, NONE, "", F.TIMEOUT),
    "a front's time": (524, NONE, "error code: 524", F.TIMEOUT),
}


def judged(status: int, headers: dict[str, str], body: object) -> Failure | None:
    text = body if isinstance(body, str) else json.dumps(body)
    named = {name.encode(): value.encode() for name, value in headers.items()}
    word = rate_word(named, status=status, dialect="generic", now=1_780_944_334.0)
    return failure(errors.read(text.encode(), status), status=status, word=word)


@pytest.mark.parametrize(("status", "headers", "body", "kind"), CASES.values(), ids=CASES)
def test_each_refusal_has_its_kind(status, headers, body, kind):
    assert judged(status, headers, body) is kind


@pytest.mark.parametrize(("status", "message", "_"), OVERFLOWS.values(), ids=OVERFLOWS)
def test_a_prompt_that_is_too_long_is_one(status, message, _):
    assert judged(status, NONE, openai(message)) is Failure.CONTEXT_EXCEEDED


@pytest.mark.parametrize(("status", "message"), LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_what_only_looks_like_it_is_something_else_that_has_a_name(status, message):
    found = judged(status, NONE, openai(message))
    assert found not in (Failure.CONTEXT_EXCEEDED, Failure.OTHER, None)


# Errors inside a 200.
IN_STREAM = {
    "openai": (openai("The server had an error while processing your request.", None, "server_error"), F.SERVER),
    "groq": (
        {"error": {"message": "…", "type": "invalid_request_error", "code": "tool_use_failed", "status_code": 400}},
        F.BAD_REQUEST,
    ),
    "openrouter": ({"error": {"code": 400, "message": "Token limit reached"}, "choices": []}, F.BAD_REQUEST),
    "openrouter, its upstream": (coded(429, "Provider returned error"), F.RATE_UPSTREAM),
    "openrouter, money": (coded(402, "Insufficient credits"), F.QUOTA),
    "anthropic, overloaded": (anthropic("overloaded_error", "Overloaded"), F.OVERLOADED),
    "anthropic, a rate": (anthropic("rate_limit_error", ITPM), F.RATE_TOKENS),
    "anthropic, its own": (anthropic("api_error", "Internal server error"), F.SERVER),
    "anthropic, the request": (anthropic("invalid_request_error", "messages: at least one"), F.BAD_REQUEST),
    "anthropic, time": (anthropic("timeout_error", "Request timed out"), F.TIMEOUT),
    "anthropic, a permission": (anthropic("permission_error", "…"), F.AUTHENTICATION),
    "responses, a rate": ({"code": "rate_limit_exceeded", "message": TOO_LARGE}, F.OVERSIZED),
    "responses, money": ({"code": "insufficient_quota", "message": "…"}, F.QUOTA),
    "responses, its own": ({"code": "server_error", "message": "…"}, F.SERVER),
    "vllm, the context": (coded(400, "This model's maximum context length is 8192 tokens."), F.CONTEXT_EXCEEDED),
    "a text": ({"error": "something broke"}, F.SERVER),
}


@pytest.mark.parametrize(("body", "kind"), IN_STREAM.values(), ids=IN_STREAM)
def test_an_error_inside_a_success_has_its_kind(body, kind):
    assert failure(errors.read_object(body), status=200) is kind


def test_what_succeeded_has_no_failure():
    assert failure(None, status=200) is None
    assert failure(None, status=304) is None
    assert failure(None, status=None) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, F.BAD_REQUEST),
        (401, F.AUTHENTICATION),
        (402, F.QUOTA),
        (404, F.NOT_FOUND),
        (413, F.OVERSIZED),
        (429, F.RATE_OTHER),
        (503, F.OVERLOADED),
        (500, F.SERVER),
        (504, F.TIMEOUT),
    ],
)
def test_an_error_that_was_not_read_is_told_by_its_status(status, kind):
    assert failure(None, status=status) is kind


def test_limits_that_are_used_up_tell_only_if_they_agree():
    def word(*resources: Resource) -> RateWord:
        return RateWord(quotas=tuple(Quota(resource=resource, remaining=0) for resource in resources))

    unnamed = ReplyError(kind=errors.RATE_OTHER)
    assert failure(unnamed, status=429, word=word(Resource.TOKENS, Resource.INPUT_TOKENS)) is F.RATE_TOKENS
    assert failure(unnamed, status=429, word=word(Resource.TOKENS, Resource.REQUESTS)) is F.RATE_OTHER
    assert failure(unnamed, status=429, word=word(Resource.IMAGES)) is F.RATE_OTHER
    assert failure(ReplyError(kind=errors.QUOTA), status=429, word=word(Resource.TOKENS)) is F.QUOTA


def test_every_kind_of_the_wire_is_a_failure_and_every_reason_a_word_of_ours():
    kinds = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, str)}
    assert kinds <= {each.value for each in Failure}
    assert set(errors.LIMIT_REASONS.values()) == {
        *("requests", "tokens", "concurrency", "quota", "upstream", "overloaded", "unknown", "oversized")
    }


# -- recorded ---------------------------------------------------------------------------------------------------

# Nothing in these says which limit it was: neither the text, nor a header (there are none, or only full quotas).
UNNAMED = {"azure/o01-error-429", "mistral/o01-error-429"}


def error_of(recording: Recording) -> ReplyError | None:
    """Return the error of a recorded reply, also of one that began with success."""
    folder = SURFACES[recording.api or "chat"].folder()
    if recording.is_stream and recording.status < 400:
        decoder = SSEDecoder(1 << 24)
        for payload in (*decoder.feed(recording.body), *decoder.finish()):
            folder.event(payload, 0.0)
    else:
        folder.document(recording.body, recording.status)
    return folder.result(dialect="generic", asked_model=None).error


def test_every_recorded_error_has_a_kind_and_a_name():
    refused = [each for each in recordings() if each.status >= 400 or error_of(each) is not None]
    kinds = {each.name: failure(error_of(each), status=each.status) for each in refused}
    assert [name for name, kind in kinds.items() if kind in (None, Failure.OTHER)] == []
    assert {name for name, kind in kinds.items() if kind is Failure.RATE_OTHER and "/o" in name} <= UNNAMED
    assert refused


# -- whatever comes ---------------------------------------------------------------------------------------------

TEXTS = st.text(max_size=60) | st.lists(
    st.sampled_from(["Limit ", "Requested ", "9,", "model ", "not found", "tokens per ", "429", " ", ", ", "credit"])
).map("".join)
BODIES = st.recursive(
    st.none() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "code", "type", "message", "detail", "metadata", "raw"]), inner)
    ),
    max_leaves=10,
)


@given(st.one_of(BODIES.map(json.dumps).map(str.encode), st.binary(max_size=200)), st.integers(400, 599))
@settings(deadline=None, max_examples=300)
def test_whatever_the_body_there_is_one_kind(body, status):
    assert failure(errors.read(body, status), status=status) in Failure


@pytest.mark.parametrize("status", [400, 403, 413, 429])
@pytest.mark.parametrize(
    "piece",
    [
        *("limit 9, ", "limit: 9, used: 9, ", "model ", "model: x", "violates a a a ", "insufficient ", "credits are "),
        *("prompt was ", "tokens ", "requests ", "9,", " ", "x"),
    ],
)
def test_a_hostile_text_takes_bounded_time(status, piece):
    text = (piece * 70_000)[: 64 * 1024]
    started = time.process_time()
    for body in (text.encode(), json.dumps(openai(text, "rate_limit_exceeded", "tokens")).encode()):
        errors.read(body, status)
    errors.read_object(openai(piece * 300_000))
    assert time.process_time() - started < 0.3
