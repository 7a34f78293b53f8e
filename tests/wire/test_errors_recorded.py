"""Every recorded error body has the kind that a reader gives it."""

import pytest

from costproxy.wire import errors
from tests.support.data import Recording, recordings

KINDS = {
    "anthropic/o01-error-400": errors.BAD_REQUEST,  # too many bytes, not tokens
    "anthropic/o02-error-429": errors.RATE_TOKENS,
    "anthropic/o03-error-529": errors.OVERLOADED,
    "anthropic/o04-error-401": errors.AUTHENTICATION,
    "anthropic/o05-error-400": errors.BAD_REQUEST,
    "anthropic/o06-error-401": errors.AUTHENTICATION,
    "azure/o01-error-429": errors.RATE_OTHER,  # "have exceeded rate limit"
    "azure/o02-error-413": errors.BAD_REQUEST,  # plain text
    "azure/o03-error-429": errors.RATE_TOKENS,
    "azure/o04-error-500": errors.SERVER,
    "azure/o05-error-408": errors.TIMEOUT,  # plain text
    "azure/o06-error-401": errors.AUTHENTICATION,
    "azure/o07-error-400": errors.BAD_REQUEST,
    "cerebras/o01-error-429": errors.RATE_REQUESTS,
    "cohere/o01-error-400": errors.CONTEXT,
    "cohere/o02-error-401": errors.AUTHENTICATION,
    "deepseek/o01-error-400": errors.BAD_REQUEST,
    "deepseek/o02-error-401": errors.AUTHENTICATION,
    "gemini-native-errors/o01-error-429": errors.RATE_TOKENS,  # reads like money, but names the metric
    "groq/o01-error-429": errors.RATE_TOKENS,
    "groq/o02-error-404": errors.NOT_FOUND,
    "groq/o03-error-400": errors.BAD_REQUEST,
    "mistral/o01-error-429": errors.RATE_OTHER,
    "mistral/o02-error-500": errors.SERVER,
    "mistral/o03-error-401": errors.AUTHENTICATION,
    "mistral/o04-error-400": errors.BAD_REQUEST,
    "mistral/o05-error-401": errors.AUTHENTICATION,
    "ollama/o01-error-400": errors.CONTEXT,
    "ollama/o02-error-404": errors.NOT_FOUND,
    "ollama/o03-error-401": errors.AUTHENTICATION,
    "ollama/o04-error-400": errors.BAD_REQUEST,
    "openai-responses/o01-error-400": errors.CONTEXT,
    "openai-responses/o02-error-400": errors.BAD_REQUEST,
    "openai-responses/o03-error-429": errors.QUOTA,
    "openai-responses/o04-error-400": errors.BAD_REQUEST,  # "context stuffing file type"
    "openai-responses/o05-error-500": errors.SERVER,
    "openai-responses/o06-error-401": errors.AUTHENTICATION,
    "openai-responses/o07-error-401": errors.AUTHENTICATION,
    "openai-responses/o08-error-401": errors.AUTHENTICATION,
    "openai/o01-error-429": errors.OVERSIZED,  # larger than the rate allows at once, not than the context
    "openai/o02-error-400": errors.BAD_REQUEST,
    "openai/o03-error-404": errors.NOT_FOUND,
    "openai/o04-error-404": errors.NOT_FOUND,
    "openai/o05-error-400": errors.BAD_REQUEST,
    "openai/o06-error-400": errors.BAD_REQUEST,  # about max_tokens
    "openai/o07-error-401": errors.AUTHENTICATION,
    "openai/o08-error-400": errors.BAD_REQUEST,
    "openrouter/o01-error-400": errors.CONTEXT,
    "openrouter/o02-error-429": errors.RATE_UPSTREAM,
    "openrouter/o03-error-401": errors.AUTHENTICATION,
    "openrouter/o04-error-401": errors.AUTHENTICATION,
    "openrouter/o05-error-404": errors.NOT_FOUND,
    "openrouter/o06-error-400": errors.BAD_REQUEST,
    "together/o01-error-500": errors.SERVER,
    "xai/o01-error-400": errors.CONTEXT,
    "xai/o02-error-400": errors.AUTHENTICATION,  # a bad key comes as 400
    "xai/o03-error-400": errors.AUTHENTICATION,
    "zai/o01-error-429": errors.OVERLOADED,
}
# What a body that is not in the table may be, by its status.
POSSIBLE = {
    400: {
        errors.BAD_REQUEST,
        errors.CONTEXT,
        errors.AUTHENTICATION,
        errors.CONTENT_FILTER,
        errors.NOT_FOUND,
        errors.QUOTA,
    },
    401: {errors.AUTHENTICATION},
    402: {errors.QUOTA},
    404: {errors.NOT_FOUND},
    429: set(errors.LIMIT_REASONS),
}


@pytest.fixture(name="refusals")
def _refusals() -> list[Recording]:
    return [each for each in recordings() if each.status >= 400]


def test_every_recorded_error_has_the_kind_that_a_reader_gives_it(refusals):
    found = {each.name: errors.classify(each.body, each.status) for each in refusals}
    assert {name: kind for name, kind in found.items() if name in KINDS} == KINDS


def test_errors_that_nobody_has_read_yet_have_a_kind_that_their_status_allows(refusals):
    unread = [each for each in refusals if each.name not in KINDS and each.status in POSSIBLE]
    found = {each.name: errors.classify(each.body, each.status) for each in unread}
    assert {each.name: found[each.name] for each in unread if found[each.name] not in POSSIBLE[each.status]} == {}
