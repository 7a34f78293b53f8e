"""What the API answers: its paths, their parameters and values, in one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from costproxy.admin import parameters
from costproxy.admin.conversation_views import ConversationDetail, ConversationPage
from costproxy.admin.limit_views import Health, Limits
from costproxy.admin.parameters import Parameter
from costproxy.admin.source import Source
from costproxy.admin.views import Overview

BASE = "/api/v1"
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path; `answer` gets the source, the time, the parameters, and the id in the path, if there is one."""

    path: str
    doc: str
    gives: type
    parameters: tuple[Parameter, ...] = ()
    answer: Callable[[Source, float, Values, str], Any]  # None: there is no such thing


ENDPOINTS = (
    Endpoint(
        path=f"{BASE}/overview",
        doc="The state of things at a glance, and sums over time.",
        gives=Overview,
        parameters=parameters.OVERVIEW,
        answer=lambda source, now, values, _: source.overview(now, parameters.span_of(values)),
    ),
    Endpoint(
        path=f"{BASE}/conversations",
        doc="Conversations, sorted, filtered and paged.",
        gives=ConversationPage,
        parameters=parameters.CONVERSATIONS,
        answer=lambda source, now, values, _: source.conversations(now, parameters.query_of(values)),
    ),
    Endpoint(
        path=f"{BASE}/conversations/{{id}}",
        doc="One conversation, turn by turn.",
        gives=ConversationDetail,
        answer=lambda source, now, _, id: source.conversation(now, id),  # noqa: A006 — what it is
    ),
    Endpoint(
        path=f"{BASE}/limits",
        doc="Quotas as upstreams stated them last, and what applications made of refusals.",
        gives=Limits,
        answer=lambda source, now, _, __: source.limits(now),
    ),
    Endpoint(
        path=f"{BASE}/health",
        doc="How far the numbers can be trusted: what is unpriced, unmetered, estimated or lost.",
        gives=Health,
        answer=lambda source, now, _, __: source.health(now),
    ),
)
DESCRIPTION = f"{BASE}/openapi.json"
