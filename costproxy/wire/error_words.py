"""Wordings by which refusals are told apart where no code says what they are.

Source: recorded error bodies of 20 providers. Not backed by a recording: Anthropic's and xAI's money, OpenRouter's
limits, Moonshot, Bedrock and Together.
"""

import re

MOST_SEARCHED = 16 * 1024  # characters of a message: they are short, and begin with what they have to say


def _any_of(*wordings: str) -> re.Pattern[str]:
    return re.compile("|".join(wordings), re.IGNORECASE)


BAD_KEY = _any_of(r"(?:incorrect|invalid) api key", r"api key (?:not valid|expired)")
# Gemini's "check your plan and billing details" is a rate.
NO_MONEY = _any_of(
    r"credit balance is too low",
    r"insufficient (?:account )?(?:balance|credits?|funds)",
    r"not enough credits?",
    r"(?:doesn't|does not) have any credits",
    r"out of credits",
    r"credits? (?:are |is |have been )?(?:depleted|exhausted)",
    r"exceeded your monthly included credits",
    r"spend(?:ing)? limit",
    r"\busage limits?\b",
    r"key limit exceeded",
)
FILTERED = _any_of(
    r"violat\w{1,4} (?:\w{1,12} ){0,3}(?:usage|content) (?:polic|guideline)",
    r"content (?:management )?polic",
    r"content filter",
    r"(?:input|prompt|content|request) (?:was|has been|is|may be) flagged",
    r"flagged as potentially violating",
)
NO_MODEL = _any_of(
    r"\bmodel:?(?: \S{1,128})? (?:does not exist|not exist|(?:was |is )?not found)\b",
    r"is not a valid model",
    r"invalid model:",
    r"model identifier is invalid",
)
RATE_AS_400 = _any_of(r"too many tokens, please wait", r"tokens per (?:minute|day)\b")
# Of a 429: whose limit it is, or what it counts.
OF_AN_UPSTREAM = _any_of(r"provider returned error", r"rate-limited upstream")
OF_CONCURRENCY = _any_of(r"concurren")
OF_TOKENS = _any_of(
    r"tokens? (?:per|rate)",
    r"\bI?TPM\b",
    r"\bOTPM\b",
    r"\bTPD\b",
    r"(?:input|output|request) tokens",
    r"token_count",
    r"too many tokens",
)
OF_REQUESTS = _any_of(
    r"requests? (?:per|rate)",
    r"\bRP[MD]\b",
    r"too many requests",
    r"_requests\b",
    r"number of requests",
    r"call rate",
    r"api calls",
    r"quer(?:y|ies) per",
    r"models-per-(?:min|day)",
)
OVERLOAD = _any_of(r"overloaded", r"capacity")
_COUNT = r"([0-9][0-9,]{0,14})"
_LIMIT_AND_REQUESTED = re.compile(
    rf"\blimit:? ?{_COUNT}, (?:used:? ?[0-9][0-9,]{{0,14}}, )?requested:? ?{_COUNT}", re.IGNORECASE
)


def never_fits(message: str) -> bool:
    """Tell whether a message about a rate names a limit, and more than that asked for by the one request."""
    found = _LIMIT_AND_REQUESTED.search(message[:MOST_SEARCHED])
    return found is not None and int(found[2].replace(",", "")) > int(found[1].replace(",", ""))
