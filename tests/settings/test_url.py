import pytest

from costproxy.settings.refusal import RefusedError
from costproxy.settings.url import UpstreamUrl


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "prefix", "header"),
    [
        ("https://api.openai.com", "https", "api.openai.com", 443, "", "api.openai.com"),
        ("https://api.openai.com/", "https", "api.openai.com", 443, "", "api.openai.com"),
        ("https://api.openai.com/v1", "https", "api.openai.com", 443, "", "api.openai.com"),
        ("https://api.openai.com/v1/", "https", "api.openai.com", 443, "", "api.openai.com"),
        ("https://api.groq.com/openai/v1", "https", "api.groq.com", 443, "/openai", "api.groq.com"),
        ("HTTPS://API.Example.COM:443", "https", "api.example.com", 443, "", "api.example.com"),
        ("http://api.example.com:443", "http", "api.example.com", 443, "", "api.example.com:443"),
        ("http://gpu_box:8000/a%2Fb/c", "http", "gpu_box", 8000, "/a%2Fb/c", "gpu_box:8000"),
        ("http://127.0.0.1:80", "http", "127.0.0.1", 80, "", "127.0.0.1"),
        ("http://[::1]:8080/x/", "http", "::1", 8080, "/x", "[::1]:8080"),
        ("https://[2001:DB8:0::1]", "https", "2001:db8::1", 443, "", "[2001:db8::1]"),
        ("https://host/v1beta/openai/", "https", "host", 443, "/v1beta/openai", "host"),
        ("https://host/openai/v10", "https", "host", 443, "/openai/v10", "host"),
    ],
)
def test_a_url_is_taken_apart(text, scheme, host, port, prefix, header):  # noqa: PLR0917
    url = UpstreamUrl.parse(text)

    assert (url.scheme, url.host, url.port, url.prefix) == (scheme, host, port, prefix)
    assert url.host_header == header
    assert str(url) == f"{scheme}://{header}{prefix}"
    assert url.v1_dropped == text.rstrip("/").endswith("/v1")


def test_the_normal_form_is_its_own_normal_form():
    url = UpstreamUrl.parse("https://HOST:8443/a/v1/")

    assert str(UpstreamUrl.parse(str(url))) == str(url)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("api.openai.com", "no scheme"),
        ("//api.openai.com", "no scheme"),
        ("localhost:8000", "no scheme"),
        ("ftp://host", 'the scheme "ftp"'),
        ("https://", "no host"),
        ("https:///v1", "no host"),
        ("https://user:pa55@host", "a user or password"),
        ("https://@host", "a user or password"),
        ("https://host/v1?key=pa55", 'a "?" or "#" part'),
        ("https://host/?", 'a "?" or "#" part'),
        ("https://host/#pa55", 'a "?" or "#" part'),
        ("https://host:0", "a port that is not between"),
        ("https://host:65536", "a port that is not between"),
        ("https://host:pa55", "a port that is not between"),
        ("https://[::1", "a malformed host"),
        ("https://[nonsense]", "a malformed"),
        ("https://[fe80::1%25eth0]", "an IPv6 address with a zone"),
        ("https://ho$t", "a malformed host"),
        ("https://-host", "a malformed host"),
        ("https://host\\evil", "a backslash"),
        ("https://host\r\nX: y", "blanks"),
        (" https://host", "blanks"),
        ("https://höst", "characters outside ASCII"),
        ("https://host/v1/chat/completions", 'leave "/chat/completions" off'),
        ("https://host/v1/responses/", 'leave "/responses" off'),
    ],
)
def test_other_urls_are_refused_without_repeating_them(text, found):
    with pytest.raises(RefusedError) as caught:
        UpstreamUrl.parse(text)

    assert found in str(caught.value)
    assert "pa55" not in str(caught.value)
