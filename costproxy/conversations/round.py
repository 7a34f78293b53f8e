"""One request of a thread and the replies it got, as far as a later request is recognised by them."""

from zlib import crc32

_STUCK = 1800.0  # seconds after which a request without any end is taken for failed

_FRAME = (1 << 60) - 1  # this much, since numbers beyond take more memory


def frame_of(model: str | None, system: int, tools: int) -> int:
    """Return what tells whether a request is made of a model in the same way; another process finds the same."""
    name = crc32(model.encode("utf-8", "surrogatepass")) if model is not None else -1
    return hash((name, system, tools)) & _FRAME


class Round:
    """One request, sent once or again and again, and its replies: where the chain stood before and after them."""

    __slots__ = (
        "answered",
        "at",
        "cut",
        "frame",
        "keys",
        "rooted",
        "step",
        "told",
        "turn",
        "under_way",
        "waits_for_tools",
        "whole",
    )

    def __init__(self, *, request: int, turn: int, step: int, rooted: bool, at: float, frame: int = 0) -> None:
        # What it is found by: the chain after its last link; then the chain after each reply, the last link and the
        # reply together, and the tool calls of the replies.
        self.keys: tuple[int, ...] = (request,)
        self.turn = turn
        self.step = step
        self.rooted = rooted  # its messages hold a reply that was seen
        self.frame = frame  # digest of model, tools and system prompt
        self.at = at  # seconds since the epoch, when it was last sent
        self.under_way = 1
        self.answered = False  # at least once
        self.cut = False  # the last reply broke off
        self.whole = False  # all its replies are known from end to end, and none is empty
        self.waits_for_tools = False  # a reply called some
        self.told = False  # that its reply was dropped or altered

    def __repr__(self) -> str:
        state = "under way" if self.under_way else "answered" if self.answered else "failed"
        return f"<Round turn={self.turn} step={self.step} {state}>"

    @property
    def request(self) -> int:
        """The chain after the last link of the request."""
        return self.keys[0]

    @property
    def is_opening(self) -> bool:
        """Tell whether its thread begins with it: others may begin with the same words."""
        return self.step == 1

    def is_under_way(self, at: float) -> bool:
        """Tell whether a reply is still awaited."""
        return self.under_way > 0 and at - self.at <= _STUCK

    def is_unfinished(self, at: float) -> bool:
        """Tell whether whoever asked has reason to ask again: no reply came and none will, or it broke off."""
        return self.has_failed(at) or (self.cut and not self.is_under_way(at))

    def has_failed(self, at: float) -> bool:
        """Tell whether it never got a reply, and will get none."""
        return not self.answered and not self.is_under_way(at)
