"""The upstreams of a running proxy, and which of them a request goes to."""

import ssl
from dataclasses import dataclass

from costproxy.relay.pool import Origin, Pool
from costproxy.settings import UpstreamSettings

_SCHEME_END = b"://"


@dataclass(frozen=True, slots=True)
class Upstream:
    """One upstream: what the operator set, and its connections."""

    settings: UpstreamSettings
    pool: Pool

    @property
    def name(self) -> str:
        """Its name in metrics and logs."""
        return self.settings.name


def open_upstream(settings: UpstreamSettings) -> Upstream:
    """Return an upstream with an empty pool.

    Raises:
        OSError: the file of trusted authorities cannot be read (`ssl.SSLError` is one).
    """
    tls = ssl.create_default_context(cafile=settings.ca_file) if settings.scheme == "https" else None
    if tls is not None:
        tls.set_alpn_protocols(["http/1.1"])
    origin = Origin(
        host=settings.host,
        port=settings.port,
        tls=tls,
        connect_timeout=settings.connect_timeout,
        keepalive=settings.keepalive,
    )
    return Upstream(settings, Pool(origin))


class Routes:
    """Finds the upstream of a request target; only the first path segment decides, never a host."""

    def __init__(self, upstreams: tuple[Upstream, ...]) -> None:
        self.upstreams = upstreams
        self._default = next(up for up in upstreams if up.settings.mount == "/")
        self._mounted = {up.settings.mount.encode(): up for up in upstreams if up is not self._default}

    def find(self, target: bytes) -> tuple[Upstream, bytes]:
        """Return the upstream, and the target to ask it for, byte for byte what follows the mount."""
        target = origin_form(target)
        for mount, upstream in self._mounted.items():
            if target.startswith(mount) and target[len(mount) : len(mount) + 1] in (b"", b"/", b"?"):
                rest = target[len(mount) :]
                return upstream, _prefixed(upstream, rest if rest.startswith(b"/") else b"/" + rest)
        return self._default, _prefixed(self._default, target)


def _prefixed(upstream: Upstream, target: bytes) -> bytes:
    return upstream.settings.prefix.encode() + target if target.startswith(b"/") else target


def origin_form(target: bytes) -> bytes:
    """Return the path and query of an absolute-form target; its host has no say in where requests go."""
    scheme, separator, rest = target.partition(_SCHEME_END)
    if not separator or not scheme.isalpha():
        return target
    at = min((rest.find(mark) for mark in (b"/", b"?") if mark in rest), default=-1)
    path = rest[at:] if at >= 0 else b"/"
    return path if path.startswith(b"/") else b"/" + path
