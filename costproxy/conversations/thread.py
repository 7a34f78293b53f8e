"""One conversation as it is known by its messages."""

from costproxy.conversations.account import Account
from costproxy.conversations.round import Round

ROUNDS = 4  # that a thread remembers: each is a node of the chain for its request, and one for each reply
MESSAGES = 512  # whose digests are kept, of the last request
DIGEST = 8  # bytes of each of these digests


class Thread:
    """One linear history; `id` is 16 hexadecimal digits."""

    __slots__ = (
        "account",
        "app",
        "asked_model",
        "born",
        "echo",
        "hints",
        "home",
        "id",
        "model",
        "name",
        "orphans",
        "replies",
        "rounds",
        "seen",
        "sent",
        "sent_count",
        "states",
        "system",
        "tools",
        "upstream",
    )

    def __init__(self, *, id: str, at: float, name: int = 0) -> None:  # noqa: A002 — what it is
        self.id = id
        self.account = Account(at)
        self.born = at  # seconds since the epoch
        self.seen = at  # likewise, of the last request or reply
        self.name = name  # digest of what the application calls it; 0: it does not
        self.rounds: list[Round] = []  # the first one, and the last ones
        self.echo = 0  # what tells its last reply by itself; 0: nothing does
        self.replies = 0  # in a history that ends with that reply
        self.states: tuple[int, ...] = ()  # digests of the API's own names for its state
        self.upstream = ""  # of the last request
        self.app: str | None = None  # likewise, as is all below
        self.asked_model: str | None = None
        self.model: str | None = None  # that served it; until that is known, the one asked for
        self.home = 0  # digest of where it came from and went to
        self.hints = 0
        self.system = 0  # of the last one that was answered, as is all below
        self.tools = 0
        self.sent = b""  # short digests of its first messages behind the leading instructions
        self.sent_count = -1  # how many there were in truth; -1: none was answered
        self.orphans: frozenset[int] = frozenset()  # results of tools without their call

    def __repr__(self) -> str:
        return f"<Thread {self.id} rounds={len(self.rounds)}>"

    def head(self, at: float) -> Round | None:
        """Return the last request that did not fail."""
        return next((each for each in reversed(self.rounds) if not each.has_failed(at)), None)

    def last_answered(self) -> Round | None:
        """Return the last request that was answered, which the last reply belongs to."""
        return next((each for each in reversed(self.rounds) if each.answered), None)

    def waits_at(self, key: int) -> bool:
        """Tell whether its last answer is found by `key`, and nothing came after it."""
        answered = next((each for each in reversed(self.rounds) if each.answered or each.under_way), None)
        return answered is not None and answered.answered and (key in answered.keys or key == self.echo)
