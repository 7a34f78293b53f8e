"""The findings for people, and for programs."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from benchmarks.identity.findings import Finding
from benchmarks.identity.measure import Result
from benchmarks.identity.wrong import Wrong

_NAMES = {"rand": "ARI", "turns": "turn", "said": "told"}
_HEAD = (
    f"{'':31}{'':>8}{'costproxy':^35}{'first msgs':>11}{'raw prefix':>11}\n"
    f"{'':31}{'requests':>8}{'precision':>10}{'recall':>7}{'ARI':>6}{'turn':>6}{'told':>6}{'ARI':>11}{'ARI':>11}  floor"
)


def lines(result: Result, *, wrong: bool = False) -> Iterator[str]:
    """Yield the table, and why requests of recorded sessions were put where they do not belong.

    `wrong`: below each scenario, what was said of requests that were put into a wrong conversation.
    """
    yield _HEAD
    for each in result.findings:
        yield _line(each)
        if wrong:
            yield from map(_wrong, each.wrong)
    for name, causes in result.causes.items():
        yield f"\n{name}, requests not with their session:" if causes else f"\n{name}: all with their session"
        for cause in causes:
            yield f"{cause.requests:>6} {cause.kind:7} {cause.why} ({cause.example})"


def _line(each: Finding) -> str:
    found = each.scores
    return (
        f"{each.title:31.31}{each.requests:>8,}{found.precision:>10.3f}{found.recall:>7.3f}{found.rand:>6.3f}"
        f"{_share(each.turns):>6}{_share(each.said):>6}"
        f"{each.first_messages.rand:>11.3f}{each.longest_prefix.rand:>11.3f}  {_floors(each)}"
    )


def _wrong(each: Wrong) -> str:
    return f"{each.requests:>6} {each.kind:7} {each.verdict}: {', '.join(each.examples)}"


def as_json(result: Result) -> str:
    """Return all of it."""
    found = {
        "scenarios": [_finding(each) for each in result.findings],
        "causes": {name: [asdict(cause) for cause in listed] for name, listed in result.causes.items()},
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def _finding(each: Finding) -> dict[str, object]:
    return {
        "name": each.name,
        "requests": each.requests,
        "conversations": each.conversations,
        **{name: _rounded(figure) for name, figure in each.figures.items()},
        "rand_of_first_messages": _rounded(each.first_messages.rand),
        "rand_of_longest_prefix": _rounded(each.longest_prefix.rand),
        "floors": dict(each.floors),
        "missed": dict(each.missed),
    }


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 6)


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def _floors(each: Finding) -> str:
    floors = ", ".join(f"{_NAMES.get(name, name)} {floor:g}" for name, floor in each.floors.items())
    return f"{floors}: {'MISSED' if each.missed else 'ok'}" if floors else ""
