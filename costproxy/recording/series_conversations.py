"""The series about conversations, a part of the contract; no conversation is ever a label, only an exemplar."""

from costproxy.recording.series_shape import Series

_APP = ("upstream", "model", "app")

GROWTHS = (0, *(4**step for step in range(2, 11)))  # tokens: 0, then 16 to 1 Mi
MESSAGES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
SHARES = (0.1, 0.25, 0.5, 0.7, 0.85, 0.95, 1, 1.2)  # the default thresholds are among them

REQUESTS = Series(
    name="conversation_requests",
    kind="counter",
    labels=(*_APP, "verdict"),
    help="Requests by how they relate to their conversation. Those whose messages could not be read are not counted.",
)
SOURCES = Series(
    name="conversation_sources",
    kind="counter",
    labels=("upstream", "source"),
    help="Those requests by what told which conversation they belong to; messages: nothing but their messages.",
)
AMBIGUOUS = Series(
    name="conversation_ambiguous",
    kind="counter",
    labels=("upstream",),
    help="Those of them that other conversations fitted as well, so that only the name of theirs is arbitrary.",
)
IGNORED_IDS = Series(
    name="session_ids_ignored",
    kind="counter",
    labels=("upstream",),
    help="Ids of sessions that requests sent and that are no ids: too long, empty, or with odd characters.",
)
PROMPT_TOKENS = Series(
    name="conversation_prompt_tokens",
    kind="counter",
    labels=(*_APP, "part", "quality"),
    help="Prompt tokens by whether they are new or were sent before in their conversation. Unknown ones are not in it.",
)
PROMPT_COST = Series(
    name="conversation_prompt_cost_usd",
    kind="counter",
    labels=(*_APP, "part", "quality", "source"),
    help="Dollars of those prompt tokens, likewise. Completions and requests of unknown cost are not in it.",
)
COMPOSITION = Series(
    name="prompt_composition_tokens",
    kind="counter",
    labels=(*_APP, "kind"),
    help="Prompt tokens by what they are of. The sum is billed or counted, how it is split is always an estimate.",
)
GROWTH = Series(
    name="conversation_growth_tokens",
    kind="histogram",
    labels=("upstream", "model"),
    help="New prompt tokens per request of a conversation; a prompt sent again has 0. Estimated ones are not observed.",
    buckets=GROWTHS,
)
LENGTH = Series(
    name="conversation_messages",
    kind="histogram",
    labels=("upstream", "model"),
    help="Messages per request, with those sent before; what is sent beside the messages is not counted.",
    buckets=MESSAGES,
)
CONTEXT_USED = Series(
    name="context_used_ratio",
    kind="histogram",
    labels=("upstream", "model"),
    help="Prompt tokens over those that fit beside the reply, per request. Where no limit is known there is nothing.",
    buckets=SHARES,
)
CONTEXT_WARNINGS = Series(
    name="context_warnings",
    kind="counter",
    labels=(*_APP, "threshold"),
    help="Conversations that came over a threshold of their context window; each counts once per threshold.",
)
LIMIT_SOURCES = Series(
    name="context_limit_sources",
    kind="counter",
    labels=("upstream", "source"),
    help="Requests of known prompt tokens by who said how large the context window is, unknown if nobody did.",
)
MISTAKES = Series(
    name="conversation_mistakes",
    kind="counter",
    labels=(*_APP, "kind"),
    help="What applications did wrong with their history; one request may make several mistakes, or one many times.",
)
CACHE_BROKEN_TOKENS = Series(
    name="cache_broken_tokens",
    kind="counter",
    labels=(*_APP, "region"),
    help="Prompt tokens processed again since a change broke the provider's cache, by where it was. An estimate.",
)
CACHE_BROKEN_COST = Series(
    name="cache_broken_usd",
    kind="counter",
    labels=(*_APP, "region"),
    help="Dollars lost by processing those tokens again. An estimate; tokens without a known price are not in it.",
)
CACHE_MISSED_TOKENS = Series(
    name="cache_missed_tokens",
    kind="counter",
    labels=(*_APP, "reason"),
    help="Prompt tokens that the provider's cache should have held and did not, through no change in them; estimated.",
)
CACHE_MISSED_COST = Series(
    name="cache_missed_usd",
    kind="counter",
    labels=(*_APP, "reason"),
    help="Dollars lost by processing those tokens again. An estimate; tokens without a known price are not in it.",
)
TRACKED = Series(
    name="conversations_tracked",
    kind="gauge",
    labels=(),
    help="Conversations that are remembered, idle ones included.",
)
ACTIVE = Series(
    name="conversations_active",
    kind="gauge",
    labels=_APP,
    help="Conversations with a request or a reply in the last 5 minutes.",
)
OVER_THRESHOLD = Series(
    name="conversations_over_threshold",
    kind="gauge",
    labels=(*_APP, "threshold"),
    help="Remembered conversations, idle ones included, whose last prompt filled at least this share of its window.",
)
NEAR_LIMIT = Series(
    name="conversations_near_limit",
    kind="gauge",
    labels=_APP,
    help="Active conversations with 3 turns left or fewer, as they grow. Those of unknown limit are not in it.",
)
FORGOTTEN = Series(
    name="conversations_forgotten",
    kind="counter",
    labels=("reason",),
    help="Conversations no longer remembered, by why. If one goes on after that, it counts as a new one.",
)
RECORDED = (
    REQUESTS,
    SOURCES,
    AMBIGUOUS,
    IGNORED_IDS,
    PROMPT_TOKENS,
    PROMPT_COST,
    COMPOSITION,
    GROWTH,
    LENGTH,
    CONTEXT_USED,
    CONTEXT_WARNINGS,
    LIMIT_SOURCES,
    MISTAKES,
    CACHE_BROKEN_TOKENS,
    CACHE_BROKEN_COST,
    CACHE_MISSED_TOKENS,
    CACHE_MISSED_COST,
)
COLLECTED = (TRACKED, ACTIVE, OVER_THRESHOLD, NEAR_LIMIT, FORGOTTEN)  # read from the tracker by whoever scrapes
