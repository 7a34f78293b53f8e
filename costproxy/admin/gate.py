"""Who may read the API: this machine by default, and elsewhere whoever has the token."""

import hmac
from dataclasses import dataclass
from enum import StrEnum

from costproxy.settings.loopback import is_loopback


class Verdict(StrEnum):
    """What the gate says; anything but OPEN is a refusal."""

    OPEN = "open"
    TOKEN_WANTED = "token_wanted"  # noqa: S105 — no password: the request has no token, or a wrong one
    TOKEN_UNSET = "token_unset"  # noqa: S105 — likewise: the port is open to others, and nobody set a token
    WRONG_HOST = "wrong_host"  # asked for by a name of elsewhere, as a page in a browser does that rebinds a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Decides by the address that is listened on, and by the token, None without one."""

    host: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"<Gate {self.host} {'with' if self.token else 'without'} token>"

    def judge(self, *, host: str, authorization: str) -> Verdict:
        """Judge a request by its headers `Host` and `Authorization`."""
        if self.token is not None:
            scheme, _, given = authorization.partition(" ")
            same = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), self.token.encode())
            return Verdict.OPEN if same and scheme.lower() == "bearer" else Verdict.TOKEN_WANTED
        if not is_loopback(self.host):
            return Verdict.TOKEN_UNSET
        name = host_of(host)
        return Verdict.OPEN if is_loopback(name) or name == self.host else Verdict.WRONG_HOST


def host_of(header: str) -> str:
    """Return the name or address in a `Host` header, without its port."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()
