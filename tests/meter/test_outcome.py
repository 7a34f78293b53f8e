"""One finished exchange in, one turn out: what it is counted as, and why."""

from itertools import product

import pytest

from costproxy.model import ChatReply, ChatRequest, Ending, Outcome, ReplyError, Timing
from costproxy.wire import errors
from tests.support.turns import COMPLETE, USAGE, turn

HALF = ChatReply(model="gpt-4o", streamed=True)
FINISHED = ChatReply(model="gpt-4o", finish_reasons=("stop",), streamed=True)


def refused(kind: str, *, in_stream: bool = False) -> ChatReply:
    return ChatReply(error=ReplyError(kind=kind, in_stream=in_stream))


# -- outcomes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", Ending)
def test_once_the_last_fact_is_in_it_is_a_success_however_the_connection_went_on(ending):
    assert turn(ending=ending).outcome is Outcome.SUCCESS


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (Ending.COMPLETE, Outcome.UPSTREAM_TRUNCATED),
        (Ending.CLIENT_LEFT, Outcome.CLIENT_ABORT),
        (Ending.UPSTREAM_UNREACHABLE, Outcome.UPSTREAM_ERROR),
        (Ending.UPSTREAM_LOST, Outcome.UPSTREAM_TRUNCATED),
        (Ending.UPSTREAM_TIMEOUT, Outcome.UPSTREAM_TIMEOUT),
        (Ending.REFUSED, Outcome.CLIENT_ERROR),
        (Ending.SHUTDOWN, Outcome.PROXY_ERROR),
        (Ending.PROXY_FAULT, Outcome.PROXY_ERROR),
    ],
)
def test_half_a_stream_is_counted_by_where_it_ended(ending, outcome):
    assert turn(ending=ending, reply=HALF).outcome is outcome


def test_a_stream_that_ends_in_good_order_after_its_finish_reason_is_a_success():
    assert turn(reply=FINISHED).outcome is Outcome.SUCCESS
    assert turn(reply=FINISHED, ending=Ending.UPSTREAM_LOST).outcome is Outcome.UPSTREAM_TRUNCATED


def test_a_whole_reply_cannot_be_truncated():
    assert turn(reply=ChatReply()).outcome is Outcome.SUCCESS


@pytest.mark.parametrize("ending", [Ending.CLIENT_LEFT, Ending.UPSTREAM_UNREACHABLE, Ending.REFUSED])
def test_without_any_reply_the_ending_decides(ending):
    expected = {
        Ending.CLIENT_LEFT: Outcome.CLIENT_ABORT,
        Ending.UPSTREAM_UNREACHABLE: Outcome.UPSTREAM_ERROR,
        Ending.REFUSED: Outcome.CLIENT_ERROR,
    }
    for status in (None, 502):
        assert turn(status=status, ending=ending, reply=ChatReply()).outcome is expected[ending]
        assert turn(status=status, ending=ending, reply=None).outcome is expected[ending]


KINDS = [
    (400, errors.BAD_REQUEST, Outcome.CLIENT_ERROR),
    (400, errors.CONTEXT, Outcome.CONTEXT_EXCEEDED),
    (413, errors.CONTEXT, Outcome.CONTEXT_EXCEEDED),
    (400, errors.CONTENT_FILTER, Outcome.CLIENT_ERROR),
    (400, errors.AUTHENTICATION, Outcome.CLIENT_ERROR),
    (401, errors.AUTHENTICATION, Outcome.CLIENT_ERROR),
    (402, errors.QUOTA, Outcome.RATE_LIMITED),
    (404, errors.NOT_FOUND, Outcome.CLIENT_ERROR),
    (408, errors.TIMEOUT, Outcome.UPSTREAM_TIMEOUT),
    (429, errors.RATE_TOKENS, Outcome.RATE_LIMITED),
    (429, errors.QUOTA, Outcome.RATE_LIMITED),
    (429, errors.SERVER, Outcome.RATE_LIMITED),
    (429, errors.CONTEXT, Outcome.CONTEXT_EXCEEDED),
    (498, errors.OVERLOADED, Outcome.RATE_LIMITED),
    (500, errors.SERVER, Outcome.UPSTREAM_ERROR),
    (503, errors.OVERLOADED, Outcome.UPSTREAM_ERROR),
    (504, errors.TIMEOUT, Outcome.UPSTREAM_TIMEOUT),
    (529, errors.OVERLOADED, Outcome.UPSTREAM_ERROR),
    # inside a 200
    (200, errors.SERVER, Outcome.UPSTREAM_ERROR),
    (200, errors.BAD_REQUEST, Outcome.UPSTREAM_ERROR),
    (200, errors.OVERLOADED, Outcome.UPSTREAM_ERROR),
    (200, errors.CONTEXT, Outcome.CONTEXT_EXCEEDED),
    (200, errors.RATE_OTHER, Outcome.RATE_LIMITED),
    (200, errors.QUOTA, Outcome.RATE_LIMITED),
]


@pytest.mark.parametrize(("status", "kind", "outcome"), KINDS)
def test_an_error_is_counted_by_its_kind_and_status(status, kind, outcome):
    assert turn(status=status, reply=refused(kind)).outcome is outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome.CLIENT_ERROR),
        (402, Outcome.RATE_LIMITED),
        (404, Outcome.CLIENT_ERROR),
        (408, Outcome.UPSTREAM_TIMEOUT),
        (429, Outcome.RATE_LIMITED),
        (500, Outcome.UPSTREAM_ERROR),
        (529, Outcome.UPSTREAM_ERROR),
        (200, Outcome.SUCCESS),
        (304, Outcome.SUCCESS),
    ],
)
def test_an_api_that_is_not_read_is_counted_by_its_status(status, outcome):
    assert turn(status=status, api="embeddings", reply=None).outcome is outcome


def test_an_error_in_a_stream_is_one_even_if_the_end_mark_follows():
    reply = ChatReply(error=ReplyError(kind=errors.SERVER, in_stream=True), complete=True, streamed=True)
    assert turn(reply=reply).outcome is Outcome.UPSTREAM_ERROR
    assert turn(reply=reply, ending=Ending.CLIENT_LEFT).outcome is Outcome.UPSTREAM_ERROR


def test_every_exchange_has_exactly_one_outcome_and_a_limit_only_if_it_was_one():
    replies = [None, ChatReply(), HALF, FINISHED, COMPLETE, *map(refused, errors.LIMIT_REASONS)]
    statuses = [None, 200, 302, 400, 402, 429, 498, 500, 504, 599]
    for ending, status, reply in product(Ending, statuses, replies):
        made = turn(ending=ending, status=status, reply=reply)
        assert made.outcome in Outcome
        assert (made.limit_reason is not None) == (made.outcome is Outcome.RATE_LIMITED), made
        assert made.usage_missing is None or (reply is not None and reply.usage is None), made


# -- limits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (429, errors.RATE_REQUESTS, "requests"),
        (429, errors.RATE_TOKENS, "tokens"),
        (429, errors.RATE_CONCURRENCY, "concurrency"),
        (429, errors.RATE_UPSTREAM, "upstream"),
        (429, errors.QUOTA, "quota"),
        (402, errors.QUOTA, "quota"),
        (429, errors.OVERLOADED, "overloaded"),
        (498, errors.OVERLOADED, "overloaded"),
        (429, errors.RATE_OTHER, "unknown"),
        (429, errors.SERVER, "unknown"),
        (200, errors.RATE_TOKENS, "tokens"),
        (200, errors.QUOTA, "quota"),
    ],
)
def test_a_limit_is_named(status, kind, reason):
    assert turn(status=status, reply=refused(kind)).limit_reason == reason


@pytest.mark.parametrize(("status", "reason"), [(429, "unknown"), (402, "quota"), (498, "overloaded")])
def test_a_limit_on_an_api_that_is_not_read_is_named_by_its_status(status, reason):
    assert turn(status=status, api="embeddings", reply=None).limit_reason == reason


# -- models ------------------------------------------------------------------------------------------------------


def test_the_model_that_served_is_believed_before_the_one_asked_for():
    asked = ChatRequest(model="gpt-4o-alias")
    assert turn(request=asked).model == "gpt-4o"
    assert turn(request=asked, reply=ChatReply()).model == "gpt-4o-alias"
    assert turn(request=asked, reply=None).model == "gpt-4o-alias"
    assert turn(request=None, reply=None).model is None


@pytest.mark.parametrize(("status", "proven"), [(200, True), (404, False), (500, False), (302, False), (None, False)])
def test_a_model_is_proven_by_a_success(status, proven):
    assert turn(status=status).model_proven is proven


# -- missing usage -----------------------------------------------------------------------------------------------


def test_reported_usage_is_not_missing():
    assert turn().usage_missing is None
    assert turn(ending=Ending.CLIENT_LEFT, reply=ChatReply(usage=USAGE, streamed=True)).usage_missing is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"reply": ChatReply(complete=True)}, "not_sent"),
        ({"reply": FINISHED}, "not_sent"),
        ({"reply": ChatReply()}, "not_sent"),
        ({"reply": HALF}, "truncated"),
        ({"reply": HALF, "ending": Ending.UPSTREAM_LOST}, "truncated"),
        ({"reply": HALF, "ending": Ending.UPSTREAM_TIMEOUT}, "truncated"),
        ({"reply": ChatReply(), "ending": Ending.UPSTREAM_LOST}, "truncated"),
        ({"reply": HALF, "ending": Ending.CLIENT_LEFT}, "client_abort"),
        ({"reply": FINISHED, "ending": Ending.CLIENT_LEFT}, "client_abort"),
        ({"reply": refused(errors.SERVER, in_stream=True)}, "error"),
        ({"reply": ChatReply(), "unmetered": "reply_encoding"}, "encoding"),
        ({"reply": ChatReply(), "unmetered": "reply_too_large"}, "too_large"),
        ({"reply": HALF, "unmetered": "request_encoding"}, "truncated"),
    ],
)
def test_missing_usage_has_a_reason(facts, reason):
    assert turn(**facts).usage_missing == reason


@pytest.mark.parametrize("status", [None, 302, 400, 429, 500])
def test_usage_is_not_missed_where_the_provider_did_not_begin_with_success(status):
    assert turn(status=status, reply=refused(errors.SERVER)).usage_missing is None


def test_usage_is_not_missed_of_an_api_that_is_not_read():
    assert turn(api="embeddings", reply=None).usage_missing is None


# -- time ----------------------------------------------------------------------------------------------------------


def test_a_clock_that_goes_backwards_makes_no_negative_duration():
    assert Timing(started=2.0, ended=1.0).duration == 0.0
    assert Timing(started=1.0, ended=3.5).duration == 2.5
