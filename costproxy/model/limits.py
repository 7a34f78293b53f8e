"""How long a conversation may get: two limits with different meanings, kept apart."""

from dataclasses import dataclass

_LEAST_RESERVE = 4096  # tokens kept for the reply when the request does not say how many it wants


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of a model in tokens; None means not known."""

    context_window: int | None = None  # prompt and reply together
    max_input: int | None = None  # the prompt alone
    max_output: int | None = None  # the reply alone

    def reserve(self, requested: int | None) -> int:
        """Return the tokens to keep for a reply whose request allows `requested` (None: does not say)."""
        if requested is not None:
            return requested
        half = (self.context_window or _LEAST_RESERVE * 2) // 2  # a small window is not all reserve
        return min(self.max_output or _LEAST_RESERVE, _LEAST_RESERVE, half)

    def usable(self, requested: int | None = None) -> int | None:
        """Return how many prompt tokens fit beside the reply, at least 1; None when no limit is known."""
        bounds = [] if self.max_input is None else [self.max_input]
        if self.context_window is not None:
            bounds.append(self.context_window - self.reserve(requested))
        return max(1, min(bounds)) if bounds else None

    def over(self, below: "Limits") -> "Limits":
        """Return these limits, with those of `below` where these do not say."""
        return Limits(
            context_window=below.context_window if self.context_window is None else self.context_window,
            max_input=below.max_input if self.max_input is None else self.max_input,
            max_output=below.max_output if self.max_output is None else self.max_output,
        )
