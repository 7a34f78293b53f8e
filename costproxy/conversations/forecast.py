"""How many turns fit into what is left of the context window, and what the next one will hold.

A turn is one request here, tool results included: agents fill a window within a single turn of their user.

The slope is that of ordinary least squares over at most eight prompts since the last drop: big tool results are the
signal here, not outliers, so robust slopes forecast worse.
"""

from dataclasses import dataclass, field
from statistics import median_low

MOST_POINTS = 8
SURE_POINTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What fits into the rest of the window; None: the prompts do not grow, or are too few to tell."""

    turns: int | None = None
    confident: bool = False  # told from three prompts or more, or a fact


@dataclass(slots=True)
class Forecast:
    """The last prompts of a conversation, oldest first; as many entries in each list."""

    steps: list[int] = field(default_factory=list)
    prompts: list[int] = field(default_factory=list)  # tokens
    replies: list[int] = field(default_factory=list)  # completion tokens, of the last requests whatever their prompts

    def add(self, *, step: int, prompt: int) -> None:
        """Enter the prompt of a step; what is said of this step and later ones is no longer true."""
        while self.steps and self.steps[-1] >= step:
            self._drop(len(self.steps) - 1)
        if self.prompts and 10 * prompt < 9 * self.prompts[-1]:
            self.forget()
        self.steps.append(step)
        self.prompts.append(prompt)
        if len(self.steps) > MOST_POINTS:
            self._drop(0)

    def answered(self, completion: int) -> None:
        """Enter the length of a reply."""
        self.replies.append(completion)
        del self.replies[:-MOST_POINTS]

    def forget(self) -> None:
        """Start anew: what follows does not continue what was."""
        self.steps, self.prompts = [], []

    def left(self, prompt: int, usable: int) -> Left:
        """Return how much fits beside a prompt of now into what is usable, both in tokens."""
        if prompt >= usable:
            return Left(turns=0, confident=True)
        rise, run = slope(self.steps, self.prompts)
        if rise <= 0:
            return Left()
        return Left(turns=(usable - prompt) * run // rise, confident=len(self.steps) >= SURE_POINTS)

    @property
    def growth(self) -> float | None:
        """Tokens from one prompt to the next; below 0 where they shrink, None where one is too few to tell."""
        rise, run = slope(self.steps, self.prompts)
        return rise / run if run else None

    def next_prompt(self, prompt: int) -> int | None:
        """Return the tokens of the prompt that is expected after one of now; None where one is too few to tell."""
        rise, run = slope(self.steps, self.prompts)
        return prompt + max(0, round(rise / run)) if run else None

    def next_reply(self) -> int | None:
        """Return the completion tokens that are expected: the median of late; None before the first."""
        return median_low(self.replies) if self.replies else None

    def _drop(self, index: int) -> None:
        del self.steps[index], self.prompts[index]


def slope(xs: list[int], ys: list[int]) -> tuple[int, int]:
    """Return the least-squares slope as a fraction of whole numbers, the second above 0; (0, 0) without two points."""
    count = len(xs)
    if count < 2:
        return 0, 0
    sum_x, sum_y = sum(xs), sum(ys)
    rise = count * sum(x * y for x, y in zip(xs, ys, strict=True)) - sum_x * sum_y
    return rise, count * sum(x * x for x in xs) - sum_x * sum_x
