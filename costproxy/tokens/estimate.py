"""How many tokens a prompt was, from the best source there is, and how far that can be trusted."""

from dataclasses import dataclass
from enum import StrEnum

from costproxy.tokens.calibration import Calibrator
from costproxy.tokens.counting import Gap
from costproxy.tokens.prompt_count import Count

_OWN_ERROR, _OWN_TOKENS = 0.05, 4  # of counts with the model's own vocabulary: 95 % of bills are within
# Of counts with a stand-in: other vocabularies make up to 1.4 times as many tokens of a text, few make fewer, and
# prompts that providers add themselves were seen up to this size.
_STAND_IN_BELOW, _STAND_IN_ABOVE, _ADDED = 0.9, 1.4, 550
_STEP_ERROR, _STEP_TOKENS = 0.25, 16  # of what came after the last bill: the median miss was 16 tokens
_FEWEST_BYTES, _MOST_BYTES = 1, 16  # a token stands for


class Source(StrEnum):
    """Where a token count comes from, most trusted first; safe as a label's value."""

    USAGE = "usage"  # the provider's bill
    ANCHOR = "anchor"  # the thread's last bill, and our count of what came since
    CALIBRATED = "calibrated"  # our count, corrected by the model's earlier bills
    RAW = "raw"  # our count
    BYTES = "bytes"  # a quarter of the bytes of at least one text that could not be counted
    NONE = "none"  # nothing to go by


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number of tokens with its source; a report only where that is `usage`, else our estimate."""

    tokens: int | None  # None: unknown
    source: Source
    low: int | None = None  # the bill is expected from here
    high: int | None = None  # to here; None: no telling
    partial: bool = False  # there are things in it whose tokens could not be counted and are not in `tokens`
    gap: Gap | None = None  # why a text was not counted; None: all were


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The last exact bill of a thread, and our count of that same request; same model and tools as now."""

    billed: int  # prompt tokens
    count: Count


UNKNOWN = Estimate(tokens=None, source=Source.NONE, partial=True)


def best(
    count: Count | None,
    *,
    billed: int | None = None,
    anchor: Anchor | None = None,
    calibrator: Calibrator | None = None,
) -> Estimate:
    """Return the prompt tokens of a request that was counted as `count`, from the best of what is given.

    In order: what was `billed` for it, the thread's last bill plus what came since, the count as the model's
    earlier bills correct it (where that has been closer), the count itself, bytes over four.
    """
    if billed is not None:
        return Estimate(tokens=billed, source=Source.USAGE, low=billed, high=billed)
    if count is None:
        return UNKNOWN
    if anchor is not None and anchor.count.gap is None and count.gap is None:
        return _from_anchor(count, anchor, calibrator)
    if count.gap is not None:
        return _from_bytes(count)
    if calibrator is not None and calibrator.better:
        return _calibrated(count, calibrator)
    return _raw(count)


def of_body(length: int) -> Estimate:
    """Return the tokens of a request that could not be read at all, by the bytes of its body."""
    return Estimate(tokens=length // 4, source=Source.BYTES, low=0, high=None, partial=True)


def _from_anchor(count: Count, anchor: Anchor, calibrator: Calibrator | None) -> Estimate:
    ratio = calibrator.ratio if calibrator is not None and calibrator.better else 1.0
    step = ratio * (count.tokens - anchor.count.tokens)
    off = round(_STEP_TOKENS + _STEP_ERROR * abs(step))
    more = count.uncounted > anchor.count.uncounted  # what both have is in the bill
    return _around(max(0, anchor.billed + round(step)), Source.ANCHOR, below=off, above=None if more else off)


def _calibrated(count: Count, calibrator: Calibrator) -> Estimate:
    off = calibrator.spread(count.tokens) + count.slack
    above = None if count.uncounted else off
    return _around(calibrator.predict(count.tokens), Source.CALIBRATED, below=off, above=above)


def _raw(count: Count) -> Estimate:
    tokens = count.tokens
    if count.known:
        below = above = round(tokens * _OWN_ERROR) + _OWN_TOKENS + count.slack
    else:
        below = tokens - round(tokens * _STAND_IN_BELOW) + count.slack
        above = round(tokens * _STAND_IN_ABOVE) + _ADDED + count.slack - tokens
    return _around(tokens, Source.RAW, below=below, above=None if count.uncounted else above)


def _from_bytes(count: Count) -> Estimate:
    """Return what was counted plus a quarter of the bytes that were not, between the extremes of tokens."""
    counted = max(0, count.counted)
    return Estimate(
        tokens=count.tokens,
        source=Source.BYTES,
        low=round(counted * _STAND_IN_BELOW) + count.text_bytes // _MOST_BYTES,
        high=None if count.uncounted else round(counted * _STAND_IN_ABOVE) + count.text_bytes // _FEWEST_BYTES,
        partial=count.uncounted > 0,
        gap=count.gap,
    )


def _around(tokens: int, source: Source, *, below: int, above: int | None) -> Estimate:
    return Estimate(
        tokens=tokens,
        source=source,
        low=max(0, tokens - below),
        high=None if above is None else tokens + above,
        partial=above is None,
    )
