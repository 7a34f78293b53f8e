"""What a passage is to do."""

from dataclasses import dataclass

from costproxy.relay.upstream import Upstream
from costproxy.wire.apis import Api


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Where one request goes, and what it is."""

    id: str
    upstream: Upstream
    target: bytes  # what to ask the upstream for
    api: Api
    app: str | None
