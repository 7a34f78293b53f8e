"""What a request calls its conversation: every name, their order, and what is no id."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.model.prompt import NO_CLAIM, Claim, IdentitySource
from costproxy.settings import Settings
from costproxy.wire.sessions import FIELDS, HEADERS, USUAL_NAMES, SessionNames, claim_of

HEADER, BODY, BAGGAGE = IdentitySource.SESSION_HEADER, IdentitySource.SESSION_BODY, IdentitySource.BAGGAGE
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def claimed(headers: Mapping[str, str] | None = None, fields: Any = None, names: SessionNames = USUAL_NAMES) -> Claim:
    given_headers = {name.encode(): value.encode("latin-1") for name, value in (headers or {}).items()}
    return claim_of(names, given_headers, {name: json.dumps(value).encode() for name, value in (fields or {}).items()})


def session(claim: Claim) -> tuple[str | None, IdentitySource]:
    return claim.session, claim.source


def test_a_request_that_says_nothing_claims_nothing():
    assert claimed() == NO_CLAIM
    assert claimed({"user-agent": "x", "content-type": "application/json"}, {"metadata": {"a": "b"}}) == NO_CLAIM


def test_the_usual_names_are_those_of_the_settings():
    assert Settings().conversations.session_headers == HEADERS
    assert Settings().conversations.session_fields == FIELDS


@pytest.mark.parametrize(
    "name",
    [
        "x-costproxy-session-id",
        "x-litellm-session-id",
        "helicone-session-id",
        "x-session-id",
        "x-claude-code-session-id",
        "x-bf-session-id",
        "x-opencode-session",
        "x-session-affinity",
        "x-grok-conv-id",
    ],
)
def test_a_header_names_a_session(name):
    assert session(claimed({name: "s-1"})) == ("s-1", HEADER)


@pytest.mark.parametrize(
    "name",
    [
        "traceparent",
        "x-request-id",
        "x-forwarded-for",
        "x-portkey-trace-id",
        "session-id",
        "session_id",
        "conversation_id",
        "thread-id",
        "x-parent-session-id",
        "x--session-id-x",
        "x-session-identity",
        "cookie",
    ],
)
def test_these_name_none(name):
    assert claimed({name: "s-1", "user-agent": "OpenAI/Python 3.3"}) == NO_CLAIM


@pytest.mark.parametrize("name", ["session-id", "session_id", "thread-id", "conversation_id"])
@pytest.mark.parametrize("agent", ["codex_cli_rs/0.20.0 (Mac OS)", "Codex/1.0"])
def test_codex_may_use_plain_names(name, agent):
    assert session(claimed({name: UUID, "user-agent": agent})) == (UUID, HEADER)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"litellm_session_id": "s-1"}, "s-1"),
        ({"session_id": "s-1"}, "s-1"),
        ({"session_id": 17}, "17"),
        ({"metadata": {"session_id": "s-1"}}, "s-1"),
        ({"metadata": {"conversation_id": "s-1"}}, "s-1"),
        ({"metadata": {"thread_id": "s-1"}}, "s-1"),
        ({"metadata": {"langfuse_session_id": "s-1"}}, "s-1"),
        ({"metadata": {"user_id": f"user_ab_account_cd_session_{UUID}"}}, UUID),
        ({"metadata": {"user_id": json.dumps({"device_id": "d", "session_id": UUID})}}, UUID),
    ],
)
def test_a_field_of_the_body_names_a_session(fields, name):
    assert session(claimed(fields=fields)) == (name, BODY)


@pytest.mark.parametrize(
    "user", ["alice", "user_session", "{}", "{broken", "_session_x", json.dumps({"session_id": None}), 7, None, {}]
)
def test_a_user_alone_is_no_session(user):
    claim = claimed(fields={"metadata": {"user_id": user}})
    assert session(claim) == (None, IdentitySource.MESSAGES)
    assert claim.ignored == 0


@pytest.mark.parametrize(
    ("baggage", "name"),
    [
        ("session.id=s-1", "s-1"),
        ("a=b, session.id = s%2D1 ;p=1,c=d", "s-1"),
        ("session.id=s-2,gen_ai.conversation.id=s-1", "s-1"),
        ("session.id", None),
        ("", None),
        ("=,;,=;", None),
    ],
)
def test_baggage_names_a_session(baggage, name):
    assert session(claimed({"baggage": baggage})) == (name, BAGGAGE if name else IdentitySource.MESSAGES)


def test_the_order_is_headers_then_body_then_baggage():
    fields = {"session_id": "body", "metadata": {"session_id": "meta"}, "litellm_session_id": "litellm"}
    headers = {
        "x-costproxy-session-id": "own",
        "x-litellm-session-id": "litellm-header",
        "x-session-id": "plain",
        "x-a-session-id": "named",
        "baggage": "session.id=baggage",
    }
    found = []
    for dropped in [*headers, None]:
        found.append(claimed(headers, fields).session)
        if dropped is not None and dropped != "baggage":
            del headers[dropped]
    assert found == ["own", "litellm-header", "plain", "named", "litellm", "litellm"]
    assert claimed({"baggage": "session.id=baggage"}, {"metadata": {}}).session == "baggage"


def test_of_several_headers_of_one_pattern_it_is_always_the_same_one():
    headers = {"x-b-session-id": "b", "x-a-session-id": "a"}
    assert claimed(headers).session == "a"
    assert claimed(dict(reversed(headers.items()))).session == "a"


def test_our_own_header_names_the_conversation_itself():
    claim = claimed({"x-costproxy-thread-id": "t-1", "x-session-id": "s-1"})
    assert (claim.thread, claim.session, claim.source) == ("t-1", "s-1", IdentitySource.THREAD_HEADER)


@pytest.mark.parametrize(
    ("fields", "previous"),
    [
        ({"previous_response_id": "resp_1"}, "resp_1"),
        ({"conversation": "conv_1"}, "conv_1"),
        ({"conversation": {"id": "conv_1"}}, "conv_1"),
        ({"conversation": "conv_1", "previous_response_id": "resp_1"}, "conv_1"),
        ({"conversation": None, "previous_response_id": "resp_1"}, "resp_1"),
    ],
)
def test_the_state_of_the_api_comes_before_everything(fields, previous):
    claim = claimed({"x-costproxy-thread-id": "t-1", "x-session-id": "s-1"}, fields)
    assert (claim.previous, claim.thread, claim.session) == (previous, "t-1", "s-1")
    assert claim.source is IdentitySource.API_STATE


def test_what_breaks_ties_identifies_nothing():
    claim = claimed(
        fields={"user": "u", "prompt_cache_key": "k", "safety_identifier": "i", "metadata": {"user_id": "m"}}
    )
    assert claim.hints == ("prompt_cache_key=k", "user=u", "safety_identifier=i", "metadata.user_id=m")
    assert session(claim) == (None, IdentitySource.MESSAGES)
    assert claimed(fields={"user": {}, "prompt_cache_key": "k" * 201, "safety_identifier": ""}) == NO_CLAIM


@pytest.mark.parametrize("name", ["a", "~", "!", "x" * 200, "a/b:c=d;e,f", '"quoted"'])
def test_these_are_ids(name):
    assert claimed({"x-session-id": name}) == Claim(session=name, source=HEADER)
    assert claimed(fields={"session_id": name}) == Claim(session=name, source=BODY)


@pytest.mark.parametrize("name", ["", "x" * 201, "a b", "a, b", "é", "a\tb", "\x7f"])
def test_these_are_none_and_are_counted(name):
    assert claimed({"x-session-id": name}) == Claim(ignored=1)
    assert claimed(fields={"session_id": name}) == Claim(ignored=1)
    assert claimed({"x-costproxy-thread-id": name}, {"conversation": name}).ignored == 2


@pytest.mark.parametrize("odd", [True, [], {}, 1.5, -1, 10**18, ["s"]])
def test_a_value_that_is_no_text_is_no_id(odd):
    assert claimed(fields={"session_id": odd}) == Claim(ignored=1)


def test_an_id_that_is_none_leaves_it_to_the_next():
    claim = claimed({"x-litellm-session-id": "x" * 300, "x-session-id": "s-1"})
    assert claim == Claim(session="s-1", source=HEADER, ignored=1)


def test_blanks_around_a_header_are_no_part_of_it():
    assert claimed({"x-session-id": " s-1 "}).session == "s-1"


def test_the_lists_are_the_operators():
    names = SessionNames(headers=("x-chat", "chat-*"), fields=("chat", "metadata.chat.id"))
    assert claimed({"x-session-id": "s-1"}, {"session_id": "s-2"}, names) == NO_CLAIM
    assert claimed({"x-chat": "s-1"}, names=names).session == "s-1"
    assert claimed({"chat-room": "s-1"}, names=names).session == "s-1"
    assert claimed({"chat-": "s-1"}, names=names).session is None
    assert claimed(fields={"chat": "s-1"}, names=names).session == "s-1"
    assert claimed(fields={"metadata": {"chat": {"id": "s-1"}}}, names=names).session == "s-1"
    assert claimed({"x-costproxy-session-id": "own"}, names=names).session == "own"
    assert names.top_level >= {"chat", "metadata", "user"}


def test_empty_lists_leave_our_own_headers_the_state_and_the_baggage():
    names = SessionNames(headers=(), fields=())
    assert (
        claimed({"session-id": "s", "x-session-id": "s", "user-agent": "codex"}, {"session_id": "s"}, names) == NO_CLAIM
    )
    assert claimed({"x-costproxy-session-id": "own"}, names=names).session == "own"
    assert claimed({"baggage": "session.id=b"}, names=names).session == "b"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["session_id", "user_id", "id", "thread_id"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([b"baggage", b"x-session-id", b"x-\xff-session-id", b"user-agent"]), st.binary()),
    st.dictionaries(
        st.sampled_from(sorted(USUAL_NAMES.top_level)), ANYTHING.map(json.dumps).map(str.encode) | st.binary()
    ),
)
def test_anything_gives_a_claim_of_ids(headers, fields):
    claim = claim_of(USUAL_NAMES, headers, fields)
    for name in (claim.thread, claim.session, claim.previous, *claim.hints):
        assert name is None or (name.isascii() and name.isprintable() and " " not in name)
