"""An upstream's URL, taken apart once."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, urlsplit

from costproxy.settings.refusal import RefusedError

EXPECTED = 'a URL such as "https://api.openai.com"'
DEFAULT_PORTS: Mapping[str, int] = {"http": 80, "https": 443}
ENDPOINTS = ("/chat/completions", "/completions", "/responses", "/embeddings", "/messages", "/models")

_PRINTABLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamUrl:
    """Where an upstream is: what to connect to, and what to put before a request's path."""

    scheme: str  # "http" or "https"
    host: str  # lower case; an IPv6 address without its brackets
    port: int
    prefix: str  # "" or "/openai": printable ASCII, no trailing slash; the request's path follows it as it is
    v1_dropped: bool  # a trailing "/v1" was given and left off, since the request's path brings it

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take `text` apart.

        Raises:
            RefusedError: it is no plain http(s) URL. The message never repeats the URL, which may hold a key.
        """
        parts = _split(text)
        path = parts.path.rstrip("/")
        _refuse_endpoint(path)
        return cls(
            scheme=parts.scheme,
            host=_host(parts),
            port=_port(parts),
            prefix=path.removesuffix("/v1").rstrip("/"),
            v1_dropped=path.endswith("/v1"),
        )

    @property
    def host_header(self) -> str:
        """The value of the `Host` header: the port is left out when it is the scheme's own."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    def __str__(self) -> str:
        """Return the normal form, without a trailing slash."""
        return f"{self.scheme}://{self.host_header}{self.prefix}"


def _split(text: str) -> SplitResult:
    # Checked first because urlsplit silently removes line ends and surrounding blanks.
    if not _PRINTABLE.fullmatch(text):
        raise RefusedError(EXPECTED, found="blanks, or characters outside ASCII (write such a host in its xn-- form)")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise RefusedError(EXPECTED, found="a malformed host") from None
    if "://" not in text:
        raise RefusedError(EXPECTED, found="no scheme (begin with https:// or http://)")
    if parts.scheme not in DEFAULT_PORTS:
        raise RefusedError(EXPECTED, found=f'the scheme "{parts.scheme}"')
    if "@" in parts.netloc:
        raise RefusedError(EXPECTED, found="a user or password before the host, which would end up in logs")
    if "?" in text or "#" in text:
        raise RefusedError(EXPECTED, found='a "?" or "#" part, which would end up in logs (requests bring their own)')
    if "\\" in text:
        raise RefusedError(EXPECTED, found="a backslash")
    return parts


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if ":" in host:
        return _ipv6(host)
    if not _HOST.fullmatch(host):
        raise RefusedError(EXPECTED, found="no host" if not host else "a malformed host")
    return host


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise RefusedError(EXPECTED, found="a malformed IPv6 address") from None
    if address.scope_id is not None:
        raise RefusedError(EXPECTED, found="an IPv6 address with a zone")
    return str(address)


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise RefusedError(EXPECTED, found="a port that is not between 1 and 65535")
    return DEFAULT_PORTS[parts.scheme] if port is None else port


def _refuse_endpoint(path: str) -> None:
    for endpoint in ENDPOINTS:
        if path.endswith(endpoint):
            raise RefusedError(EXPECTED, found=f'one endpoint\'s URL: leave "{endpoint}" off, requests bring it')
