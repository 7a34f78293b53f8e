from pathlib import Path

import pytest

from costproxy.settings import kinds
from costproxy.settings.refusal import RefusedError


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (kinds.whole(1, 3), 1, 1),
        (kinds.whole(1, 3), 3, 3),
        (kinds.seconds(zero=False), 1, 1.0),
        (kinds.seconds(zero=False), 86_400, 86_400.0),
        (kinds.seconds(zero=True), 0, 0.0),
        (kinds.choice(("a", "b"), metavar="X"), "B", "b"),
        (kinds.SWITCH, True, True),
        (kinds.SWITCH, "auto", None),
        (kinds.HOST, "[::1]", "::1"),
        (kinds.HOST, "0.0.0.0", "0.0.0.0"),
        (kinds.HOST, "my-host.example", "my-host.example"),
        (kinds.NAME, "a-1", "a-1"),
        (kinds.MOUNT, "/groq", "/groq"),
        (kinds.HEADER, "X-Team", "x-team"),
        (kinds.PATH, "", None),
        (kinds.PATH, "~", Path.home()),
    ],
)
def test_a_kind_reads_what_it_accepts(kind, given, value):
    assert kind.read(given) == value


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (kinds.whole(1, 3), [0, 4, True, 1.0, "1", None]),
        (kinds.seconds(zero=False), [0, -1, 86_401, float("nan"), float("inf"), True, "1", 10**400]),
        (kinds.seconds(zero=True), [-0.1, float("-inf")]),
        (kinds.choice(("a",), metavar="X"), ["c", 1, ""]),
        (kinds.SWITCH, [1, 0, "true", None]),
        (kinds.HOST, ["", "*", "http://host", "host:80", "::1:zz", "a b", "[", 1]),
        (kinds.NAME, ["", "-a", "A", "a_b", "a" * 64, 1]),
        (kinds.MOUNT, ["", "/", "groq", "/a/", "/a/b", "//a", "/.", "/..", "/a%2f", "/a?b", "/é", 1]),
        (kinds.HEADER, ["", "a b", "x:y", "x\n", "Authorization", "host", 1]),
        (kinds.PATH, [1, "a\0b", None]),
        (kinds.URL, [1, None, ""]),
    ],
)
def test_a_kind_refuses_everything_else(kind, values):
    for value in values:
        with pytest.raises(RefusedError, match=r"^expected "):
            kind.read(value)


@pytest.mark.parametrize("text", ["", "1__0", "٣", "0x10", "1e3", "9" * 5000])
def test_a_text_that_is_no_whole_number_stays_a_text(text):
    assert kinds.PORT.from_text(text) == text
