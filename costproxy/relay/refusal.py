"""Replies that costproxy gives itself, in the shape that the official SDKs read."""

import json
from dataclasses import dataclass
from http import HTTPStatus

from costproxy.relay.headers import encode_head


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there is no reply from an upstream; `code` goes into the body and into `x-costproxy-error`."""

    status: int
    code: str
    message: str

    def encode(self, *, keep_alive: bool, with_body: bool = True) -> bytes:
        """Return the whole reply."""
        error = {"message": self.message, "type": "costproxy_error", "param": None, "code": self.code}
        body = json.dumps({"error": error}).encode()
        start = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()
        headers = [
            (b"Content-Type", b"application/json"),
            (b"Content-Length", b"%d" % len(body)),
            (b"x-costproxy-error", self.code.encode()),
            (b"Connection", b"keep-alive" if keep_alive else b"close"),
        ]
        return encode_head(start, headers) + (body if with_body else b"")


def unreachable(name: str, cause: str, text: str) -> Refusal:
    """Return the refusal for an upstream to which there is no connection."""
    timed_out = cause == "connect_timeout"
    return Refusal(
        status=504 if timed_out else 502,
        code=f"upstream_{cause}",
        message=f"costproxy could not reach the upstream '{name}': {text}. The request was not sent.",
    )


def no_reply(name: str, text: str) -> Refusal:
    """Return the refusal for an upstream that broke off before the first byte of its reply."""
    return Refusal(
        status=502,
        code="upstream_no_reply",
        message=f"The upstream '{name}' {text} before it replied. costproxy does not repeat requests.",
    )


def idle(name: str, seconds: float) -> Refusal:
    """Return the refusal for an upstream that stayed silent."""
    return Refusal(
        status=504,
        code="upstream_idle_timeout",
        message=f"The upstream '{name}' sent nothing for {seconds:g} s.",
    )


UPGRADE = Refusal(
    status=501,
    code="upgrade_not_supported",
    message="costproxy passes HTTP requests; WebSocket and other upgrades are not supported.",
)
FAULT = Refusal(
    status=500,
    code="proxy_fault",
    message="costproxy failed on this request. This is a defect of the proxy, not of the upstream.",
)
BAD_BODY = Refusal(
    status=400,
    code="bad_request_body",
    message="The request's body ended early or was not framed as its headers say.",
)
MALFORMED = Refusal(
    status=400,
    code="malformed_request",
    message="The request is not well-formed HTTP/1.1, or its length is ambiguous.",
)
