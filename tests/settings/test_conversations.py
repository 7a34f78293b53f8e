"""What the settings can say about conversations."""

import pytest

from costproxy.settings import ConversationsSettings, ModelSettings, describe
from costproxy.settings.conversations import FIELDS_OF_SESSIONS, HEADERS_OF_SESSIONS

CANARY = "sk-canary0123456789abcdefghijkl"


def test_without_a_word_conversations_are_told_and_replies_are_not_touched(load):
    conversations = load().conversations

    assert conversations == ConversationsSettings()
    assert (conversations.enabled, conversations.response_headers) == (True, False)
    assert (conversations.threads, conversations.idle, conversations.life) == (20_000, 7200, 86_400)
    assert conversations.warn_at == (70, 85, 95)
    assert conversations.session_headers == HEADERS_OF_SESSIONS
    assert conversations.session_fields == FIELDS_OF_SESSIONS


def test_the_file_says_it_all(load):
    conversations = load(
        """
        [conversations]
        enabled = false
        threads = 5
        idle = 60
        life = 604800
        warn_at = [50, 100]
        session_headers = ["X-Chat", "x-*-chat-id"]
        session_fields = ["chat", "metadata.chat.id"]
        response_headers = true
        """
    ).conversations

    assert conversations == ConversationsSettings(
        enabled=False,
        threads=5,
        idle=60.0,
        life=604_800.0,
        warn_at=(50, 100),
        session_headers=("x-chat", "x-*-chat-id"),
        session_fields=("chat", "metadata.chat.id"),
        response_headers=True,
    )


def test_an_empty_list_is_none_of_them(load):
    text = "[conversations]\nwarn_at = []\nsession_headers = []\nsession_fields = []\n"

    told = load(text).conversations
    assert (told.warn_at, told.session_headers, told.session_fields) == ((), (), ())


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("WARN_AT", "60, 90", (60, 90)),
        ("WARN_AT", "80", (80,)),
        ("WARN_AT", " ", ()),
        ("SESSION_HEADERS", "X-Chat,x-*-id", ("x-chat", "x-*-id")),
        ("SESSION_HEADERS", "", ()),
        ("SESSION_FIELDS", "chat, metadata.chat", ("chat", "metadata.chat")),
        ("RESPONSE_HEADERS", "on", True),
        ("ENABLED", "0", False),
        ("THREADS", "7", 7),
    ],
)
def test_a_variable_holds_a_list_with_commas(load, variable, text, value):
    settings = load(env={f"COSTPROXY_CONVERSATIONS_{variable}": text})

    assert getattr(settings.conversations, variable.lower()) == value


def test_a_list_of_the_file_may_come_from_variables(load):
    text = '[conversations]\nwarn_at = "${AT}"\nsession_headers = ["x-${TEAM}-chat"]\n'

    told = load(text, {"AT": "10,20", "TEAM": "blue"}).conversations
    assert (told.warn_at, told.session_headers) == ((10, 20), ("x-blue-chat",))


AT = "ascending percentages such as [70, 85, 95], at most 10 from 1 to 100"
NAMES = 'names of headers such as ["x-session-id"], at most 50, each with one "*" at most'
FIELDS = 'fields of the body such as ["session_id", "metadata.session_id"], at most 50'


@pytest.mark.parametrize(
    ("key", "value", "expected", "found"),
    [
        ("warn_at", "80", AT, "80"),
        ("warn_at", "true", AT, "true"),
        ("warn_at", "[0]", AT, "something else than a whole number from 1 to 100 as entry 1"),
        ("warn_at", "[50, 101]", AT, "something else than a whole number from 1 to 100 as entry 2"),
        ("warn_at", "[true]", AT, "something else than a whole number from 1 to 100 as entry 1"),
        ("warn_at", "[0.7]", AT, "something else than a whole number from 1 to 100 as entry 1"),
        ("warn_at", "[90, 80]", AT, "another order"),
        ("warn_at", "[80, 80]", AT, "entry 1 again as entry 2"),
        ("warn_at", "[1,2,3,4,5,6,7,8,9,10,11]", AT, "11 entries"),
        ("session_headers", "'x-a b'", NAMES, '"x-a b"'),
        ("session_headers", "['x-a b']", NAMES, "something else than a header's name as entry 1"),
        ("session_headers", "['x-a', '']", NAMES, "something else than a header's name as entry 2"),
        ("session_headers", "['*']", NAMES, "something else than a header's name as entry 1"),
        ("session_headers", "['x-*-*']", NAMES, "something else than a header's name as entry 1"),
        ("session_headers", "['x-a', 'X-A']", NAMES, "entry 1 again as entry 2"),
        ("session_headers", "['Authorization']", NAMES, '"authorization", which names no session, as entry 1'),
        ("session_headers", "['traceparent']", NAMES, '"traceparent", which names no session, as entry 1'),
        ("session_headers", "[1]", NAMES, "something else than a header's name as entry 1"),
        ("session_fields", "['a..b']", FIELDS, "something else than a field's name as entry 1"),
        ("session_fields", "['a.b.c.d.e']", FIELDS, "something else than a field's name as entry 1"),
        ("session_fields", "{a = 1}", FIELDS, "a table"),
        ("enabled", "'auto'", "true or false", '"auto"'),
        ("response_headers", "1", "true or false", "1"),
        ("threads", "0", "a whole number from 1 to 1000000", "0"),
        ("idle", "0", "seconds, more than 0 and at most 2592000", "0"),
    ],
)
def test_what_cannot_be_meant_stops_the_start(problems, key, value, expected, found):
    place = f"costproxy.toml:2: conversations.{key}"
    assert problems(f"[conversations]\n{key} = {value}\n") == [f"{place}: expected {expected}, found {found}"]


def test_a_conversation_cannot_be_idle_for_longer_than_it_lives(problems):
    assert problems("[conversations]\nlife = 60\nidle = 61\n") == [
        "costproxy.toml:3: conversations.idle: expected at most conversations.life, 60 seconds, found 61"
    ]
    assert problems("[conversations]\nlife = 60\n") == [
        "conversations.idle: expected at most conversations.life, 60 seconds, found 7200"
    ]


def test_what_a_variable_stood_for_is_not_shown(problems):
    text = '[conversations]\nsession_headers = ["x y ${KEY}"]\nsession_fields = "${KEY} z"\n'

    told = problems(text, {"KEY": CANARY})
    assert len(told) == 2
    assert "canary" not in "".join(told)


def test_a_model_has_thresholds_of_its_own(load, problems):
    settings = load("[models.m]\nwarn_at = [50]\n[models.quiet]\nwarn_at = []\n")

    assert settings.models == (ModelSettings(name="m", warn_at=(50,)), ModelSettings(name="quiet", warn_at=()))
    told = "\n".join(describe(settings))
    assert "  warnings at 50 % of the context window" in told
    assert "  no warnings of the context window" in told
    assert problems("[models.m]\nwarn_at = [200]\n")[0].startswith("costproxy.toml:2: models.m.warn_at: expected asc")


def test_conversations_are_told_in_words(load):
    text = "[conversations]\nwarn_at = []\nresponse_headers = true\nsession_headers = ['a']\n"

    told = "\n".join(describe(load(text)))
    assert "\n                 no warnings of the context window; replies say how it stands\n" in told
    assert "names of sessions: 1 of headers, 7 of fields" in told
    assert "conversations  not told apart" in "\n".join(describe(load("[conversations]\nenabled = false\n")))
