"""Conversations: where a request stands in one, and what a turn did to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from costproxy.model.chat import ChatRequest
from costproxy.model.prompt import IdentitySource, Prompt


class Verdict(StrEnum):
    """How a request relates to the conversation it was found to be part of; safe as a label's value."""

    NEW = "new"
    CONTINUE = "continue"  # the last request, its reply, and something after it
    RETRY = "retry"  # the last request again, after it failed or its reply broke off
    DUPLICATE = "duplicate"  # the last request again, while it is still under way
    REGENERATE = "regenerate"  # the last request again, after it was answered
    BRANCH = "branch"  # goes on from an earlier turn
    EDITED_REPLY = "edited_reply"  # the reply came back with other words
    MISSING_REPLY = "missing_reply"  # the reply was not appended
    TRIMMED = "trimmed"  # the history before the last reply was cut or rewritten
    ANCHORED = "anchored"  # nothing but the id of a tool call told
    COMPACTION_SUSPECTED = "compaction_suspected"  # a new one that looks like a nearly full one, summarised


class Part(StrEnum):
    """What fills a prompt: disjoint parts, whose tokens add up to it; safe as a label's value."""

    SYSTEM = "system"
    TOOLS = "tools"  # their definitions
    USER = "user"
    ASSISTANT = "assistant"  # replies sent again, tool calls included
    TOOL_RESULTS = "tool_results"
    IMAGES = "images"
    FILES = "files"  # documents and recordings


class MistakeKind(StrEnum):
    """What an application does wrong with its history; safe as a label's value."""

    REPLY_DROPPED = "reply_dropped"  # the assistant's reply was not appended
    REPLY_ALTERED = "reply_altered"  # it was appended with other words
    REPLY_DUPLICATED = "reply_duplicated"  # it was appended twice
    ORPHAN_TOOL_RESULT = "orphan_tool_result"  # a tool's result without the call it answers
    SYSTEM_CHANGED = "system_changed"  # the system prompt is another than in the turn before
    TOOLS_CHANGED = "tools_changed"  # so are the definitions of the tools
    HISTORY_TRIMMED = "history_trimmed"  # messages were left out or rewritten before what was kept
    CACHE_BROKEN = "cache_broken"  # what changed made the provider process again what it had cached
    CUT_BY_LENGTH = "cut_by_length"  # finish_reason length: the reply is not whole
    DUPLICATE_IN_FLIGHT = "duplicate_in_flight"  # the identical request is still under way


class Region(StrEnum):
    """Where a prompt first differs from the one before it; safe as a label's value."""

    TOOLS = "tools"
    SYSTEM = "system"
    MESSAGES = "messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The first place where a prompt differs from the conversation's previous one."""

    region: Region
    index: int | None = None  # of the message, from 0; None outside the messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake, found in one request or told by its bill."""

    kind: MistakeKind
    index: int | None = None  # of the message in the request, from 0; None where it is no single message
    region: Region | None = None  # of CACHE_BROKEN
    tokens: int | None = None  # that it cost: of CACHE_BROKEN, prompt tokens processed again
    cost: int | None = None  # p$, likewise; None: unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request whose conversation is looked for, before its reply is known."""

    exchange: str  # its id
    upstream: str
    api: str
    app: str | None
    caller: bytes  # digest of the API key, b"" without one; never the key
    at: float  # seconds since the epoch, UTC
    request: ChatRequest
    prompt: Prompt
    dialect: str = ""  # of the upstream's API, as `Exchange.dialect`


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Estimated sizes in one prompt, in a unit of its own (about a token): only their ratios are used."""

    common: int  # of what leads the prompt and was sent or generated in the conversation before
    by_part: Mapping[Part, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def whole(self) -> int:
        """The whole prompt."""
        return sum(self.by_part.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a request stands in its conversation; known before its reply, from its messages alone."""

    conversation: str  # our own id, 16 hexadecimal digits
    verdict: Verdict
    source: IdentitySource
    ambiguous: bool = False  # other conversations fitted as well
    parent: str | None = None  # COMPACTION_SUSPECTED: the conversation it seems to go on
    turn: int  # from 1; retries, duplicates and regenerations do not advance it
    step: int  # from 1; likewise
    messages: int  # in the request
    known_messages: int  # how many of them lead it and were sent or generated in the conversation before
    extends: bool  # the previous request whole, unchanged, and more
    change: Change | None = None  # from the previous request; None: no difference in what both have, or a new one
    weights: Weights
    mistakes: tuple[Mistake, ...] = ()
    ignored_ids: int = 0  # session ids of the request that were no ids


class LimitSource(StrEnum):
    """Who said how large the context window is; safe as a label's value."""

    SETTINGS = "settings"
    ERROR = "error"  # learned: the upstream named it when it rejected a request
    MODEL_LIST = "model_list"  # learned: the upstream's own list of models
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextUse:
    """How full the context window is with one prompt."""

    used: int  # prompt tokens
    usable: int  # prompt tokens that fit, the reserve for the reply taken off
    source: LimitSource

    @property
    def ratio(self) -> float:
        """Used over usable; above 1 is more than fits beside the reply that was asked for."""
        return self.used / self.usable


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is expected of a conversation; None means that there is nothing to tell it from."""

    turns_left: int | None = None  # requests that still fit into the context window, at the present pace
    confident: bool = False  # told from three requests or more
    next_turn_cost: int | None = None  # p$
    burn_rate: int | None = None  # p$ per hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """A conversation so far, this turn included."""

    requests: int = 0  # that were billed or estimated
    prompt: int = 0  # tokens
    new: int = 0  # of them, not sent before
    completion: int = 0
    cost: int = 0  # p$, of requests of known cost
    unknown_costs: int = 0  # requests of unknown cost
    mistakes: int = 0

    @property
    def amplification(self) -> float | None:
        """Prompt tokens billed per token that was new; None before the first."""
        return self.prompt / self.new if self.new else None

    @property
    def resent_share(self) -> float | None:
        """The share of prompt tokens that had been sent before, 0 to 1."""
        return 1 - self.new / self.prompt if self.prompt else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheMiss:
    """Prompt tokens that the provider's cache should have held and did not, through no change in them."""

    tokens: int
    expired: bool  # the cache had outlived its time; False: the provider looked elsewhere, or had dropped it
    cost: int | None = None  # p$, what it cost more; None: unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one exchange did to its conversation, and what the conversation has come to."""

    placement: Placement
    new: int | None = None  # prompt tokens not sent before; None: prompt tokens are unknown
    resent: int | None = None  # the others; both add up to the prompt
    apportioned: bool = False  # both are told from estimated sizes; False: from this bill and the one before
    new_cost: int | None = None  # p$, of the new prompt tokens; None: unknown
    resent_cost: int | None = None  # p$, of the resent ones
    composition: Mapping[Part, int] = field(default_factory=lambda: MappingProxyType({}))  # tokens, sum to the prompt
    context: ContextUse | None = None  # None: no limit is known
    crossed: tuple[int, ...] = ()  # thresholds in percent that were crossed for the first time
    outlook: Outlook = Outlook()
    totals: Totals = Totals()
    mistakes: tuple[Mistake, ...] = ()  # those of the placement and those the reply told
    cache_miss: CacheMiss | None = None  # nobody's mistake; None: nothing was missed, or nothing tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What can be told of a request before its reply; None means that there is nothing to tell it from."""

    placement: Placement
    context: ContextUse | None = None  # estimated from the conversation's last bill
    turns_left: int | None = None  # after this one, as of that bill
