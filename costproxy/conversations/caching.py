"""How providers cache prompts, as rules that a calculation can follow.

Sources: OpenAI's guide on prompt caching; Anthropic's, whose shortest cached prompt depends on the model.
"""

from dataclasses import dataclass

from costproxy.model import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class CachingRule:
    """What of a prompt is read from the cache, and what is written to it, given the prompt before it."""

    least: int = 1024  # tokens; shorter prompts are not cached
    step: int = 1  # only whole multiples are read
    writes: bool = False  # what is not read is written, at a price of its own

    def usage(self, prompt: int, *, common: int, before: int, output: int) -> Usage:
        """Return the usage of a prompt that has its first `common` tokens in common with the one `before` it.

        All are token counts; the one before has 0 if there was none.
        """
        held = min(common, before, prompt) if before >= self.least else 0
        read = held // self.step * self.step
        read = read if read >= self.least else 0
        written = prompt - read if self.writes and prompt >= self.least else 0
        return Usage(input=prompt - read - written, cache_read=read, cache_write=written, output=output)


AUTOMATIC = CachingRule(step=128)  # OpenAI up to GPT-5.5
WRITTEN = CachingRule(writes=True)  # Anthropic's Sonnet 4.5, OpenAI from GPT-5.6
WRITTEN_FROM_4096 = CachingRule(least=4096, writes=True)  # Anthropic's Opus 4.5
