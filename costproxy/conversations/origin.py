"""Where a request comes from and what it calls its conversation, hashed: nothing of it is kept as it was sent."""

from dataclasses import dataclass

from costproxy.conversations.digests import Digests
from costproxy.model import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Digests of what a request says beside its messages; 0 for what it does not say."""

    key: int  # where its chain begins: requests of another session, thread or state have nothing in common
    home: int  # application, caller and upstream
    hints: int = 0
    session: bool = False
    name: int = 0  # of the conversation itself
    state: int = 0  # that the API keeps for it


def origin_of(asked: Asked, digests: Digests) -> Origin:
    """Return where a request comes from. The application is part of every name, the caller is not: keys change."""
    claim, app = asked.prompt.claim, asked.app
    name = digests.of_text("thread", app, claim.thread) if claim.thread is not None else 0
    state = state_of(claim.previous, digests) if claim.previous is not None else 0
    if state or name:
        key = state or name
    elif claim.session is not None:
        key = digests.of_text("session", app, claim.session)
    else:
        key = digests.open
    return Origin(
        key=key,
        home=digests.of_text("home", app, asked.caller, asked.upstream),  # another process must find the same
        hints=digests.of_text("hints", *claim.hints) if claim.hints else 0,
        session=claim.session is not None,
        name=name,
        state=state,
    )


def state_of(id: str, digests: Digests) -> int:  # noqa: A002 — what it is
    """Return the digest of the API's own name for a state: the id of a reply, or of a stored conversation."""
    return digests.of_text("state", id)
