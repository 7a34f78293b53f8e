"""The parts make the whole: kinds, exchanges and counters agree, for any mix of recorded replies in any order."""

from collections import Counter
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.samples import Sample

from costproxy.meter import Meter
from costproxy.meter.build import build_meter
from costproxy.model import Turn
from costproxy.model.money import PICO
from costproxy.pricing.catalogue import load
from costproxy.pricing.prices import Prices
from costproxy.recording.metrics import Metrics
from tests.meter.bodies import request_body, seen
from tests.support.data import recordings

DIALECTS = {"gemini-compat": "gemini", "crusoe-vllm": "vllm"}
MANY = 1000  # more models than there are, so that none shares a label


@cache
def turns() -> tuple[Turn, ...]:
    """Return the turns of all recorded chat replies, each one whole and cut in the middle."""
    meter = build_meter(Prices(load()), secret=b"0123456789abcdef")
    return tuple(turn for recording in recordings() if recording.is_chat for turn in _both(meter, recording))


def _both(meter: Meter, recording):
    asked = request_body(recording.request.get("model") or "asked-for")
    dialect = DIALECTS.get(recording.provider, recording.provider)
    for body in (recording.body, recording.body[: len(recording.body) // 2]):
        yield meter.turn(seen(body, asked, dialect=dialect, status=recording.status))


def counted(mix: Sequence[Turn]) -> list[Sample]:
    metrics = Metrics(upstreams=("default",), models=MANY, apps=10, pairs=MANY)
    for turn in mix:
        metrics.record(turn)
    return [sample for family in metrics.registry.collect() for sample in family.samples]


def by(samples: Sequence[Sample], name: str, *labels: str) -> Counter[tuple[str, ...]]:
    sums: Counter[tuple[str, ...]] = Counter()
    for each in samples:
        if each.name == name and each.value:
            sums[tuple(each.labels[label] for label in labels)] += each.value
    return sums


def tokens(mix: Sequence[Turn]) -> Counter[tuple[str, ...]]:
    sums: Counter[tuple[str, ...]] = Counter()
    for usage in (turn.usage for turn in mix if turn.usage is not None):
        for kind, count in usage.by_kind():
            sums[kind, usage.quality] += count
    return +sums


def money(mix: Sequence[Turn]) -> Counter[tuple[str, ...]]:
    """Return p$ by kind and quality, exactly."""
    sums: Counter[tuple[str, ...]] = Counter()
    for cost in (turn.cost for turn in mix if turn.cost is not None):
        for kind, amount in cost.parts.items():
            sums[kind, cost.quality] += amount
    return +sums


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_kinds_exchanges_and_counters_agree_for_any_mix_in_any_order(data: st.DataObject) -> None:
    mix = data.draw(st.lists(st.integers(0, len(turns()) - 1), max_size=60).map(lambda at: [turns()[i] for i in at]))
    samples = counted(mix)
    assert by(samples, "costproxy_tokens_total", "kind", "quality") == tokens(mix)
    spent = by(samples, "costproxy_cost_usd_total", "kind", "quality")
    assert spent == pytest.approx({key: amount / PICO for key, amount in money(mix).items()}, rel=1e-12)
    assert money(mix).total() == sum(turn.cost.total or 0 for turn in mix if turn.cost is not None)


@settings(max_examples=10, deadline=None)
@given(seed=st.randoms(use_true_random=False))
def test_the_order_of_all_recordings_does_not_matter(seed) -> None:
    mix = list(turns())
    seed.shuffle(mix)
    assert tokens(mix) == tokens(turns())
    assert money(mix) == money(turns())
    assert by(counted(mix), "costproxy_tokens_total", "kind", "quality") == tokens(turns())


def test_every_recording_is_priced_unpriced_or_free_and_counted_so_once() -> None:
    samples = counted(turns())
    sources = by(samples, "costproxy_cost_sources_total", "source")
    assert sum(sources.values()) == len(turns())
    unknown = [turn for turn in turns() if turn.cost is not None and turn.cost.total is None]
    assert by(samples, "costproxy_unpriced_requests_total")[()] == len(unknown) == sources[("unknown",)]
    unpriced = sum(count for turn in unknown if turn.usage for _, count in turn.usage.by_kind())
    assert by(samples, "costproxy_unpriced_tokens_total")[()] == unpriced


def test_a_cost_is_the_sum_of_its_parts_and_no_better_than_its_tokens() -> None:
    for turn in turns():
        cost, usage = turn.cost, turn.usage
        assert cost is not None
        assert sum(cost.parts.values()) == (cost.total or 0)
        assert all(amount >= 0 for amount in cost.parts.values())
        if cost.source == "catalogue":
            assert usage is not None
            assert cost.quality.value == usage.quality.value
            assert set(cost.parts) <= {kind for kind, count in usage.by_kind() if count} | {"request", "web_search"}
