"""Ratios are made of what was measured side by side, and not of noise."""

from benchmarks.contenders import BARE, COSTPROXY, DIRECT
from benchmarks.results import Results
from benchmarks.rows import LATENCY, PER_REQUEST, Row

CPU = Row(name="chat", group=PER_REQUEST, label="")
ADDED = Row(name="p50", group=LATENCY, label="", added=True)


def _results(row: Row, figures: dict[str, list[float]]) -> Results:
    results = Results()
    for contender, values in figures.items():
        for value in values:
            results.add(row.name, contender, value)
    return results


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    # A round in which the machine was slow is slow for both.
    results = _results(CPU, {BARE: [100, 300, 100], COSTPROXY: [80, 270, 70]})
    ratio = results.ratio(CPU)
    assert ratio is not None
    assert (ratio.median, ratio.least, ratio.most) == (0.8, 0.7, 0.9)
    assert results.median(CPU, COSTPROXY) == 80


def test_added_latency_is_the_difference_to_direct_in_the_same_round() -> None:
    results = _results(ADDED, {DIRECT: [100, 200], BARE: [300, 400], COSTPROXY: [200, 300]})
    assert results.of(ADDED, DIRECT) == [100, 200]
    assert results.of(ADDED, COSTPROXY) == [100, 100]
    ratio = results.ratio(ADDED)
    assert ratio is not None
    assert ratio.median == 0.5


def test_a_difference_below_zero_is_noise_and_gives_no_ratio() -> None:
    assert _results(ADDED, {DIRECT: [100], BARE: [300], COSTPROXY: [90]}).ratio(ADDED) is None
    assert _results(ADDED, {DIRECT: [100], BARE: [90], COSTPROXY: [300]}).ratio(ADDED) is None


def test_what_was_not_measured_has_no_figure() -> None:
    results = _results(CPU, {BARE: [100], COSTPROXY: [90]})
    assert results.median(CPU, DIRECT) is None
    assert results.of(CPU, DIRECT) == []
