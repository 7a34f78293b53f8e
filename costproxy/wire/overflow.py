"""Prompts that were too long: how upstreams say so, and the numbers they name.

Limits of bytes, of characters, of the reply alone and of tokens per minute are other things, and not matched.

Source of the wordings: recorded error bodies of 20 providers; for servers and providers that were not recorded, bodies
quoted in public reports of their users, among them those gathered by pi, openclaw and kimi-cli (read 2026-11).
"""

import re

from costproxy.wire.numbers import token_count

_MOST_READ = 16 * 1024  # characters of a message: they are short, and begin with what they have to say
_MOST_TOKENS = 10**9
_SAYS_SO = re.compile(
    r"maximum (?:context|prompt) length"
    r"|maximum model length"
    r"|exceeds? (?:the )?(?:available |model(?:'s)? )?(?:maximum )?context (?:window|size|length|limit)"
    r"|context window exceeds limit"
    r"|context[ _](?:length|window)[ _]exceeded"
    r"|greater than the context length"
    r"|longer than the model's context length"
    r"|loaded with context length of only"
    r"|prompt (?:is )?too long"
    r"|prompt exceeds max length"
    r"|input is too long for (?:requested|this) model"
    r"|too large for model with \d+ maximum context"
    r"|reduce the length of the (?:messages|input prompt)"
    r"|total length of all messages is too long"
    r"|user input tokens exceeds"
    r"|input tokens exceed the configured limit"
    r"|input token count \(?\d*\)? ?exceeds the maximum"
    r"|prompt token count of \d+ exceeds the limit"
    r"|prompt tokens \(\d+\) exceed model maximum"
    r"|number of input tokens exceeds maximum length"
    r"|number of input tokens \d+ cannot exceed"
    r"|exceeds (?:the )?maximum (?:allowed )?input length"
    r"|exceeded model token limit"
    r"|model max length exceeded"
    r"|max size: \d+ tokens"
    r"|range of input length should be"
    r"|too many tokens: (?:size limit exceeded|total number of tokens in the prompt)"
    r"|`inputs` (?:must have less than|tokens \+ `max_new_tokens` must be)",
    re.IGNORECASE,
)
# A limit over a stretch of time: the same request would be refused, or served, whatever the context window is.
_OF_A_RATE = re.compile(r"per (?:second|minute|hour|day)\b|\([TR]P[MD]\)|rate limit|throttl", re.IGNORECASE)
_NUMBER = r"(\d[\d,]{0,14})"


def _any_of(*wordings: str) -> re.Pattern[str]:
    return re.compile("|".join(wording.replace("#", _NUMBER) for wording in wordings), re.IGNORECASE)


_LIMIT = _any_of(
    r"maximum (?:context|prompt|model|input) length(?: of| is|:)? ?\(?#",
    r"maximum allowed input length of #",
    r"tokens > # maximum",
    r"context limit: \d+ \+ \d+ > #",
    r"too large for model with # maximum",
    r"maximum number of tokens allowed ?\(?#",
    r"user input tokens exceeds #",
    r"limit for this model is #",
    r"model's context length \(#",
    r"available context size \(#",
    r"context length of only #",
    r"\bn_ctx: ?#",
    r"token count of \d+ exceeds the limit of #",
    r"model token limit: #",
    r"max length: ?#",
    r"while limit is #",
    r"max size: # tokens",
    r"input length should be \[\d+, ?#\]",
    r"exceed context window of #",
    r"configured limit of # tokens",
    r"max_seq_len #",
    r"model maximum \(#",
    r"`max_new_tokens` must be <= #",
    r"`inputs` must have less than #",
    r"total tokens limit #",
    r"in the prompt cannot exceed #",
)
_REQUESTED = _any_of(
    r"resulted in # tokens",
    r"requested (?:about |a total of )?# tokens",
    r"request contains # tokens",
    r"too long: #",
    r"prompt contains # tokens",
    r"input token count \(#",
    r"prompt tokens \(#",
    r"request has # input tokens",
    r"\b(?:input|request) \(# tokens",
    r"token count of # exceeds",
    r"\(requested: ?#",
    r"\b(?:input|prompt) length \(?#",
    r"current length is #",
    r"requested tokens \(#",
    r"number of input tokens #",
    r"prompt \(length #",
    r"less than \d+ tokens\. given: #",
    r"cannot exceed \d+ - received #",
)
# The prompt and the reserve for the reply, each by itself.
_BOTH = _any_of(r"context limit: # \+ # >", r"given: # `inputs` tokens and # `max_new_tokens`")
_BEYOND = _any_of(r"size limit exceeded by # tokens")


def says_so(message: str) -> bool:
    """Tell whether a message says that the prompt, or the prompt and the reply, exceed the context window."""
    text = message[:_MOST_READ]
    return _SAYS_SO.search(text) is not None and _OF_A_RATE.search(text) is None


def numbers(message: str) -> tuple[int | None, int | None]:
    """Return the limit and the tokens requested that such a message names; None for what it does not say.

    A number that is called a lower bound (`at least`) is not the number.
    """
    text = message[:_MOST_READ]
    if not says_so(text):
        return None, None
    limit, requested = _first(_LIMIT, text), _first(_REQUESTED, text)
    if both := _BOTH.search(text):
        requested = sum(filter(None, map(_count, filter(None, both.groups()))))
    elif limit is not None and requested is None and (beyond := _first(_BEYOND, text)) is not None:
        requested = limit + beyond
    return limit, requested


def _first(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return _count(found[found.lastindex or 0]) if found else None


def _count(digits: str) -> int | None:
    count = token_count(int(digits.replace(",", "")))
    return count if count and count <= _MOST_TOKENS else None
