import pytest

from costproxy.settings.refusal import dotted, looks_secret, redacted, shown


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-abc123",
        "Bearer abc",
        "gsk_abcdef",
        "xai-abcdef",
        "AIzaSyA1234567890",
        "eyJhbGciOiJIUzI1NiJ9",
        "0123456789abcdef0123456789abcdef",
        "https://host/?key=sk-abcdef",
    ],
)
def test_keys_are_recognised(text):
    assert looks_secret(text)
    assert text not in shown(text)
    assert text not in dotted(("apps", text))
    assert text not in redacted(f"found {text} here")


@pytest.mark.parametrize(
    "text", ["https://api.openai.com", "task-force", "idle_timeout", "connect-timeout-of-the-upstream", "disk-usage"]
)
def test_words_are_not(text):
    assert not looks_secret(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (5, "5"),
        (0.5, "0.5"),
        (None, "nothing"),
        ({}, "a table"),
        ([], "a list"),
        ("", "an empty text"),
        ('a"\n\x1b', '"a"\\n\\x1b"'),
        ("x" * 61, "a text of 61 characters (not shown)"),
    ],
)
def test_a_value_is_shown_short_and_on_one_line(value, text):
    assert shown(value) == text


def test_a_number_python_would_not_print_is_named():
    assert shown(16**5000) == "a very large number"


def test_a_place_is_written_as_toml_would():
    assert dotted(("apps", "keys", "a b")) == 'apps.keys."a b"'
