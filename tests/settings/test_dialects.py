import pytest

from costproxy.settings.dialects import AUTO, HOSTS, INCLUDE_USAGE, PORTS, dialect_of


@pytest.mark.parametrize(
    ("host", "port", "dialect"),
    [
        ("api.openai.com", 443, "openai"),
        ("eu.api.openai.com", 443, "openai"),
        ("evilapi.openai.com", 443, "generic"),
        ("api.openai.com.evil.example", 443, "generic"),
        ("me.openai.azure.com", 443, "azure"),
        ("us-central1-aiplatform.googleapis.com", 443, "gemini"),
        ("codestral.mistral.ai", 443, "mistral"),
        ("localhost", 11434, "ollama"),
        ("localhost", 8000, "generic"),
    ],
)
def test_a_host_tells_its_dialect(host, port, dialect):
    assert dialect_of(host, port) == dialect


def test_every_guess_is_a_dialect():
    assert {*HOSTS.values(), *PORTS.values()} <= set(INCLUDE_USAGE)
    assert AUTO not in INCLUDE_USAGE


def test_upstreams_that_report_usage_unasked_are_not_asked():
    quiet = {dialect for dialect, asks in INCLUDE_USAGE.items() if not asks}

    assert quiet == {"mistral", "deepseek", "groq", "openrouter", "perplexity"}
