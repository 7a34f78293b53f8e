import contextlib
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.offline.recorded import AtFrom, RecordError, read_record
from tests.offline.conftest import NOW


def read(**fields):
    return read_record(msgspec.json.encode(fields), now=NOW)


def test_all_but_the_response_may_be_missing():
    record = read(response={})

    assert (record.host, record.port, record.path, record.status) == ("", 443, "/v1/chat/completions", 200)
    assert (record.request, record.response) == (None, b"{}")
    assert (record.at, record.at_from) == (NOW, AtFrom.NOW)


def test_nulls_are_missing():
    names = ("host", "path", "status", "request", "request_headers", "response_headers", "response_text", "at")

    assert read(response={}, **dict.fromkeys(names)) == read(response={})


def test_bodies_are_kept_to_the_digit():
    line = b'{"response": {"usage": {"cost": 0.00049701333333333330}}, "request": {"a":  1e2}}'
    record = read_record(line, now=NOW)

    assert record.response == b'{"usage": {"cost": 0.00049701333333333330}}'
    assert record.request == b'{"a":  1e2}'


@pytest.mark.parametrize("fields", [{"response_text": "data: é\n\n"}, {"response": "data: é\n\n"}])
def test_a_body_may_be_a_text(fields):
    assert read(**fields).response == "data: é\n\n".encode()


def test_an_empty_text_is_an_empty_body():
    assert read(response_text="").response == b""


def test_what_strict_readers_refuse_is_read():
    record = read_record(b'{"response": {"a": NaN, "b": "\\ud800"}, "other": Infinity}', now=NOW)

    assert record.response == b'{"a": NaN, "b": "\\ud800"}'


@pytest.mark.parametrize(
    ("host", "path", "where"),
    [
        ("API.x.ai", "/v1/responses", ("api.x.ai", 443, "/v1/responses")),
        ("localhost:11434", None, ("localhost", 11434, "/v1/chat/completions")),
        ("https://api.x.ai/v1/messages", None, ("api.x.ai", 443, "/v1/messages")),
        ("http://gpu:80", "/a", ("gpu", 80, "/a")),
        (None, "https://api.x.ai/v1/x?y=1", ("api.x.ai", 443, "/v1/x")),
        ("[::1]:8000", "/a?b", ("::1", 8000, "/a?b")),
    ],
)
def test_where_it_went(host, path, where):
    record = read(response={}, host=host, path=path)

    assert (record.host, record.port, record.path) == where


@pytest.mark.parametrize(
    "at",
    [
        "2026-06-08T18:47:47Z",
        "2026-06-08T20:47:47+02:00",
        "2026-06-08 18:47:47",
        "Mon, 08 Jun 2026 18:47:47 GMT",
        1780944467,
        1780944467.0,
        1780944467000,
    ],
)
def test_the_moment_may_be_written_in_many_ways(at):
    record = read(response={}, at=at)

    assert (record.at, record.at_from) == (datetime(2026, 6, 8, 18, 47, 47, tzinfo=UTC), AtFrom.GIVEN)


@pytest.mark.parametrize(
    "headers",
    [
        {"Date": "Mon, 08 Jun 2026 18:47:47 GMT"},
        {"date": ["Mon, 08 Jun 2026 18:47:47 GMT"]},
        [["date", "Mon, 08 Jun 2026 18:47:47 GMT"]],
    ],
)
def test_the_date_of_the_response_stands_in_for_the_moment(headers):
    record = read(response={}, response_headers=headers)

    assert (record.at, record.at_from) == (datetime(2026, 6, 8, 18, 47, 47, tzinfo=UTC), AtFrom.DATE)


@pytest.mark.parametrize("headers", [{"date": "yesterday"}, {}, "x", 3, [1, ["a"]]])
def test_headers_that_say_nothing_do_no_harm(headers):
    assert read(response={}, response_headers=headers).at_from is AtFrom.NOW


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "response: expected an object, or a text as response_text, found neither"),
        ({"response": [1]}, "response: expected an object, found a list"),
        ({"response": 3}, "response: expected an object, found a number"),
        ({"response_text": {}}, "response_text: expected a text, found an object"),
        ({"response": {}, "request": [1]}, "request: expected an object, found a list"),
        ({"response": {}, "status": "ok"}, "status: expected an HTTP status, found a text 'ok'"),
        ({"response": {}, "status": 20}, "status: expected an HTTP status, found a number '20'"),
        ({"response": {}, "host": 1}, "host: expected a text, found a number"),
        ({"response": {}, "path": []}, "path: expected a text, found a list"),
        ({"response": {}, "host": "a:b"}, "host: expected a host, found 'a:b'"),
        (
            {"response": {}, "at": "June"},
            "at: expected an ISO date and time or seconds since 1970, found 'June'",
        ),
        ({"response": {}, "at": 1e300}, "at: expected an ISO date and time or seconds since 1970, found a number"),
        ({"response": {}, "at": True}, "at: expected an ISO date and time or seconds since 1970, found a boolean"),
    ],
)
def test_what_is_odd_is_named(fields, message):
    with pytest.raises(RecordError) as caught:
        read(**fields)
    assert str(caught.value) == message


@pytest.mark.parametrize("line", [b"", b"null", b"[]", b"{", b"\xff", b"[" * 10_000, b'{"response":'])
def test_what_is_no_json_object_is_named(line):
    with pytest.raises(RecordError, match=r"^expected a JSON object with a recorded exchange, found: "):
        read_record(line, now=NOW)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("host", "path", "status", "request", "response", "response_text", "response_headers", "at")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES)))
def test_no_value_makes_anything_but_a_record_or_a_reason(fields):
    try:
        line = msgspec.json.encode(fields)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return
    with contextlib.suppress(RecordError):
        read_record(line, now=NOW)
