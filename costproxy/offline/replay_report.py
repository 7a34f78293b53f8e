"""What a replay found, as text that fits a terminal."""

from collections import Counter
from collections.abc import Iterator
from textwrap import wrap

from costproxy.model.money import CostQuality
from costproxy.offline.audit_text import plain_dollars, printable, table
from costproxy.offline.bars import Ink, bars
from costproxy.offline.recorded_request import Truth
from costproxy.offline.replay_sums import ROWS, ReplaySums
from costproxy.offline.replay_tally import ConversationTally
from costproxy.offline.spread import Spread

_MONEY = (CostQuality.EXACT, CostQuality.ADJUSTED, CostQuality.ESTIMATED)
_KINDS = {Truth.CONVERSATION: "conversations", Truth.SESSION: "sessions, which may hold several"}
_BAR = 44  # characters
_WORST = ("source", "conversation", "turns", "prompt", "x", "cost, $", "context", "mistakes")
_WORST_NUMBERS = frozenset({2, 3, 4, 5, 6, 7})
_LONGEST_PLACE = 28  # characters
_WIDTH = 80  # characters
_FULLEST = 3
_REASONS = 4
_LONGEST_REASON = 60  # characters


def report(sums: ReplaySums, *, ink: Ink) -> Iterator[str]:
    """Yield the lines of the report; `sums` must be closed."""
    prose = map(_wrapped, (_requests(sums), _tokens(sums), _growth(sums)))
    parts = (*prose, _chart(sums, ink), _filling(sums, ink), _wrapped(_context(sums)), _mistakes(sums), _worst(sums))
    for lines in parts:
        told = list(lines)
        yield from [*told, ""] if told else ()


def _wrapped(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        own = line[: len(line) - len(line.lstrip())]
        yield from wrap(line, _WIDTH, subsequent_indent=f"{own}  ", break_long_words=False, break_on_hyphens=False)


def _requests(sums: ReplaySums) -> Iterator[str]:
    placed = sums.verdicts.total()
    yield f"requests: {sums.requests:,}; {placed:,} of them in {sums.conversations:,} conversations"
    for truth, found in sorted(sums.found.items()):
        yield f"recorded {_KINDS[truth]}: {found.whole:,} found as one, {found.split:,} as several"
    if sums.found:
        yield f"conversations found with requests of several recorded ones: {sums.mixed:,}"
    if sums.as_sent:
        yield f"lists of messages that end with a question: {sums.as_sent:,}, each taken for one request as it was sent"
    if sums.unasked:
        yield f"conversations that end with a question: {sums.unasked:,}, left out: nobody can tell if it was sent"
    if placed:
        yield f"verdicts: {_spaced(sums.verdicts)}"
        yield f"told by: {_spaced(sums.told_by)}; {sums.ambiguous:,} ambiguous"
    if sums.homeless:
        yield f"in no conversation: {_listed(sums.homeless)}"


def _tokens(sums: ReplaySums) -> Iterator[str]:
    unknown = f", {sums.unknown_prompts:,} requests unknown" if sums.unknown_prompts else ""
    yield f"prompt tokens: {_by_quality(sums.prompt)}{unknown}"
    whole = sums.resent + sums.new
    if whole:
        yield f"  sent again: {sums.resent:,} ({sums.resent / whole:.1%}); new: {sums.new:,}"
    missing = f"; {sums.unanswered:,} replies were not recorded" if sums.unanswered else ""
    yield f"completion tokens: {_by_quality(sums.completion)}{missing}"
    amounts = (f"{each} ${plain_dollars(sums.amounts[each])} ({sums.costs[each]:,})" for each in _MONEY)
    counts = (f"{each} ({sums.costs[each]:,})" for each in (CostQuality.UNKNOWN, CostQuality.NOT_BILLED))
    yield f"cost: {', '.join((*amounts, *counts))}".replace("_", " ")
    if sums.resent_cost + sums.new_cost:
        share = sums.resent_cost / (sums.resent_cost + sums.new_cost)
        yield f"  known prompts: ${_cents(sums.resent_cost)} sent again ({share:.1%}), ${_cents(sums.new_cost)} new"
    for reason, count in sums.unpriced.most_common(_REASONS):
        yield f"  unknown, {count:,}: {printable(reason)[:_LONGEST_REASON]}"
    if len(sums.unpriced) > _REASONS:
        yield f"  unknown for {len(sums.unpriced) - _REASONS:,} more reasons"


def _growth(sums: ReplaySums) -> Iterator[str]:
    if not sums.turns:
        return
    longest = f", {_place(sums.longest.source)}" if sums.longest else ""
    yield f"turns: median {_at(sums.turns, 0.5)}, 90 % up to {_at(sums.turns, 0.9)}, most {_at(sums.turns, 1)}{longest}"
    if sums.growth:
        median, most, all_ = (_at(sums.growth, share) for share in (0.5, 0.9, 1))
        yield f"new tokens per turn: median {median}, 90 % up to {most}, most {all_}"
    if sums.new:
        yield f"amplification (prompt tokens for each new one): {(sums.resent + sums.new) / sums.new:.2f}"
    if sums.amplification:
        few, half, many = (sums.amplification.at(share) or 0 for share in (0.1, 0.5, 0.9))
        one = f"of {len(sums.amplification):,} conversations with more than one request"
        yield f"  {one}: 10 % up to {few:.2f}, median {half:.2f}, 90 % up to {many:.2f}"


def _chart(sums: ReplaySums, ink: Ink) -> Iterator[str]:
    rows = [(last, sums.rows[last]) for last in ROWS if last in sums.rows]
    if not rows:
        return
    yield f"prompt by turn, tokens per request: {ink.first} sent again  {ink.second} new"
    means = [(row.resent / row.requests, row.new / row.requests) for _, row in rows]
    drawn = bars(means, width=_BAR, ink=ink)
    yield f"{'turn':>7} {'requests':>9}  {'':{_BAR}} {'tokens':>9}"
    for (last, row), bar, mean in zip(rows, drawn, means, strict=True):
        yield f"{_turns(last):>7} {row.requests:>9,}  {bar:{_BAR}} {sum(mean):>9,.0f}"


def _turns(last: int | None) -> str:
    before = ROWS[ROWS.index(last) - 1] if last != ROWS[0] else 0
    first = (before or 0) + 1
    return f"{first}+" if last is None else str(last) if first == last else f"{first}-{last}"


def _filling(sums: ReplaySums, ink: Ink) -> Iterator[str]:
    whole = sums.parts.total()
    if not whole:
        return
    yield "what fills the prompts:"
    parts = [(part, tokens) for part, tokens in sums.parts.most_common() if tokens]
    drawn = bars([(tokens, 0.0) for _, tokens in parts], width=_BAR, ink=ink)
    for (part, tokens), bar in zip(parts, drawn, strict=True):
        yield f"{part.replace('_', ' '):>17}  {bar:{_BAR}} {tokens / whole:>9.1%}"


def _context(sums: ReplaySums) -> Iterator[str]:
    if not sums.conversations:
        return
    over, told = 0, []
    for threshold, count in sorted(sums.over.items(), reverse=True):
        over += count
        told.append(f"{over:,} over {threshold} %")
    known = f"known of {sums.windows:,} of {sums.conversations:,} conversations"
    yield f"context window: {known}; {', '.join(reversed(told)) or 'none over a threshold'}"
    for tally in sums.fullest[:_FULLEST]:
        if tally.fullest is not None:
            used = f"{tally.fullest.used:,} of {tally.fullest.usable:,} tokens ({tally.fullest.source})"
            yield f"  {tally.fullest.ratio:>6.1%}  {used}, {_place(tally.source)}"


def _mistakes(sums: ReplaySums) -> Iterator[str]:
    if not sums.conversations:
        return
    if not sums.mistakes:
        yield "mistakes of the application: none found"
        return
    yield "mistakes of the application:"
    rows = [
        (kind, f"{count:,}", f"first: {_place(sums.examples[kind])}") for kind, count in sums.mistakes.most_common()
    ]
    width = max(len(kind) for kind, _, _ in rows)
    for kind, count, example in rows:
        yield f"  {kind.replace('_', ' '):{width}} {count:>7}  {printable(example)}"


def _worst(sums: ReplaySums) -> Iterator[str]:
    worst = [tally for tally in sums.worst if tally.totals.prompt]
    if not worst:
        return
    yield "conversations that sent the most again:"
    yield from table(_WORST, map(_shown, worst), right=_WORST_NUMBERS)


def _shown(tally: ConversationTally) -> tuple[str, ...]:
    totals = tally.totals
    known = totals.requests > totals.unknown_costs
    return (
        _place(tally.source),
        tally.id,
        f"{tally.turn:,}",
        f"{totals.prompt:,}",
        f"{totals.amplification or 0:.1f}",
        (_cents(totals.cost) + ("+" if totals.unknown_costs else "")) if known else "unknown",
        f"{tally.fullest.ratio:.0%}" if tally.fullest else "unknown",
        f"{totals.mistakes:,}",
    )


def _place(place: str) -> str:
    """Return the end of a place, which tells it from others; what follows a comma is kept."""
    short, comma, rest = place.rsplit("/", 1)[-1].partition(",")
    return (short if len(short) <= _LONGEST_PLACE else f"...{short[3 - _LONGEST_PLACE :]}") + comma + rest


def _by_quality(tokens: Counter[str]) -> str:
    told = ", ".join(f"{quality} {count:,}" for quality, count in sorted(tokens.items()))
    return f"{tokens.total():,} ({told})" if told else "none known"


def _at(spread: Spread, share: float) -> str:
    number = spread.at(share)
    return "unknown" if number is None else f"{number:,.0f}"


def _cents(pico: int) -> str:
    return f"{pico / 10**12:,.4f}"


def _spaced(counts: Counter[str]) -> str:
    return _listed(counts).replace("_", " ")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common())
