"""Money on /metrics: in dollars, by kind and quality; what is not known is counted as that."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.model import (
    ChatReply,
    Cost,
    CostQuality,
    CostSource,
    Ending,
    TokenKind,
    Turn,
    Usage,
    UsageQuality,
    not_billed,
)
from costproxy.model.money import OTHER, PICO
from costproxy.pricing.catalogue import CatalogueInfo
from costproxy.recording.metrics import Metrics
from tests.recording.exported import OPENMETRICS, counted, made, samples
from tests.support.turns import turn

USAGE = Usage(input=500, cache_read=100, output=200)
PARTS = {"input": 2_500_000_000, "cache_read": 250_000_000, "output": 3_000_000_000}
REPLY = ChatReply(model="m", usage=USAGE, complete=True)
MONEY = (
    *("cost_usd_total", "unpriced_requests_total", "unpriced_tokens_total", "reported_cost_usd_total"),
    *("computed_cost_usd_total", "reported_to_computed_cost_ratio_count"),
)


@pytest.fixture(name="metrics")
def _metrics() -> Metrics:
    return made()


def cost(parts: Mapping[str, int] = PARTS, quality: CostQuality = CostQuality.EXACT, **facts: object) -> Cost:
    """Return a cost computed from the catalogue, in p$ by kind, but for `facts`."""
    total = sum(parts.values())
    return Cost(
        **{"total": total, "parts": parts, "computed": total, "source": CostSource.CATALOGUE, **facts}, quality=quality
    )


def unknown(**facts: object) -> Cost:
    return Cost(**{"total": None, "source": CostSource.UNKNOWN, "quality": CostQuality.UNKNOWN, **facts})


def reported(total: int, computed: int | None) -> Cost:
    parts = {OTHER: total} if total else {}
    return cost(parts, source=CostSource.REPORTED, reported=total, computed=computed)


def costing(amount: Cost | None, **facts: object) -> Turn:
    return replace(turn(**{"reply": REPLY, **facts}), cost=amount)


def money(metrics: Metrics) -> dict[str, float]:
    """Return the sums of all series about money that are not 0."""
    sums = {name: sum(counted(metrics, name, "upstream").values()) for name in MONEY}
    return {name: total for name, total in sums.items() if total}


# -- known cost ---------------------------------------------------------------------------------------------------


def test_the_parts_are_counted_in_dollars_and_add_up_to_the_total(metrics):
    metrics.record(costing(cost(), app="shop"))
    labels = ("upstream", "model", "app", "kind", "quality")
    found = counted(metrics, "cost_usd_total", *labels)
    assert found == {
        ("default", "m", "shop", "input", "exact"): 0.0025,
        ("default", "m", "shop", "cache_read", "exact"): 0.00025,
        ("default", "m", "shop", "output", "exact"): 0.003,
    }
    assert sum(found.values()) == pytest.approx(0.00575, rel=1e-12)
    assert counted(metrics, "cost_sources_total", "source") == {"catalogue": 1}


def test_ten_turns_that_resend_their_history_cost_what_the_arithmetic_says(metrics):
    for number in range(10):
        prompt = 500 * (number + 1) + 200 * number
        parts = {"input": prompt * 5_000_000, "output": 200 * 15_000_000}
        metrics.record(costing(cost(parts)))
    assert sum(counted(metrics, "cost_usd_total", "kind").values()) == pytest.approx(0.2125, rel=1e-12)


@pytest.mark.parametrize("quality", [CostQuality.EXACT, CostQuality.ADJUSTED, CostQuality.ESTIMATED])
def test_each_quality_is_a_series_of_its_own(metrics, quality):
    metrics.record(costing(cost({"input": PICO})))
    metrics.record(costing(cost({"input": 2 * PICO}, quality)))
    expected = {"exact": 1.0}
    expected[quality] = expected.get(quality, 0) + 2.0
    assert counted(metrics, "cost_usd_total", "quality") == expected


def test_the_smallest_amount_is_not_lost(metrics):
    metrics.record(costing(cost({"input": 1})))
    assert counted(metrics, "cost_usd_total", "kind") == {"input": 1e-12}


def test_what_no_token_explains_is_a_kind_of_its_own(metrics):
    metrics.record(costing(cost({**PARTS, OTHER: 25_000_000_000}, source=CostSource.REPORTED)))
    assert counted(metrics, "cost_usd_total", "kind")[OTHER] == 0.025


@pytest.mark.parametrize("source", [each for each in CostSource if each is not CostSource.UNKNOWN])
def test_the_source_is_counted_once_a_request(metrics, source):
    metrics.record(costing(not_billed() if source is CostSource.NOT_BILLED else cost(source=source)))
    assert counted(metrics, "cost_sources_total", "upstream", "source") == {("default", source): 1}


# -- cost that is not known, and none ------------------------------------------------------------------------------


def test_unknown_cost_is_counted_as_unpriced_and_never_as_cost(metrics):
    metrics.record(costing(unknown()))
    assert counted(metrics, "cost_usd_total", "kind") == {}
    assert counted(metrics, "unpriced_requests_total", "upstream", "model") == {("default", "m"): 1}
    assert counted(metrics, "unpriced_tokens_total", "upstream", "model", "kind") == {
        ("default", "m", "input"): 500,
        ("default", "m", "cache_read"): 100,
        ("default", "m", "output"): 200,
    }
    assert counted(metrics, "cost_sources_total", "source") == {"unknown": 1}


def test_unknown_cost_of_unknown_tokens_is_an_unpriced_request_without_tokens(metrics):
    metrics.record(costing(unknown(), reply=ChatReply(model="m", complete=True)))
    assert money(metrics) == {"unpriced_requests_total": 1}


def test_what_is_not_billed_is_neither_cost_nor_unpriced(metrics):
    metrics.record(costing(not_billed(), status=429, reply=None))
    assert money(metrics) == {}
    assert counted(metrics, "cost_sources_total", "source") == {"not_billed": 1}


def test_a_price_of_0_is_known_and_not_unpriced(metrics):
    metrics.record(costing(cost({"input": 0, "output": 0})))
    assert money(metrics) == {}
    assert counted(metrics, "cost_sources_total", "source") == {"catalogue": 1}


def test_what_is_no_chat_has_no_cost_series(metrics):
    metrics.record(turn(api="embeddings", reply=None))
    assert money(metrics) == {}
    assert counted(metrics, "cost_sources_total", "source") == {}


# -- reported beside computed --------------------------------------------------------------------------------------


def test_reported_and_computed_stand_side_by_side_with_their_ratio(metrics):
    metrics.record(costing(reported(3 * PICO, computed=2 * PICO)))
    by = ("upstream", "model")
    assert counted(metrics, "reported_cost_usd_total", *by) == {("default", "m"): 3}
    assert counted(metrics, "computed_cost_usd_total", *by) == {("default", "m"): 2}
    assert counted(metrics, "reported_to_computed_cost_ratio_sum", *by) == {("default", "m"): 1.5}
    assert sum(counted(metrics, "cost_usd_total", "kind").values()) == 3  # the biller's word, and not both


@pytest.mark.parametrize(
    "amount",
    [cost(), reported(3 * PICO, computed=None), reported(3 * PICO, computed=0), unknown(), not_billed()],
    ids=["computed alone", "reported alone", "computed as nothing", "neither", "not billed"],
)
def test_there_is_no_drift_where_only_one_of_the_two_is_known(metrics, amount):
    metrics.record(costing(amount))
    drift = {"reported_cost_usd_total", "computed_cost_usd_total", "reported_to_computed_cost_ratio_count"}
    assert drift.isdisjoint(money(metrics))


@pytest.mark.parametrize(
    ("percent", "above", "upto"),
    [(100, 0.999, 1.001), (99, 0.9, 0.99), (102, 1.01, 1.1), (0, 0, 0.1), (5000, 10, float("inf"))],
)
def test_a_ratio_falls_between_the_bounds_around_it(metrics, percent, above, upto):
    metrics.record(costing(reported(percent * PICO // 100, computed=PICO)))
    buckets = counted(metrics, "reported_to_computed_cost_ratio_bucket", "le")
    reached = sorted(float(bound) for bound in buckets)
    assert reached[0] == upto
    assert above not in reached


# -- estimates -----------------------------------------------------------------------------------------------------


def test_estimated_tokens_and_their_cost_are_never_in_an_exact_series(metrics):
    guess = Usage(input=500, output=200, quality=UsageQuality.ESTIMATED)
    cut = costing(cost(quality=CostQuality.ESTIMATED), reply=ChatReply(model="m"), ending=Ending.CLIENT_LEFT)
    metrics.record(replace(cut, usage=guess))
    assert counted(metrics, "tokens_total", "kind", "quality") == {
        ("input", "estimated"): 500,
        ("output", "estimated"): 200,
    }
    assert set(counted(metrics, "cost_usd_total", "quality")) == {"estimated"}
    assert counted(metrics, "usage_total", "source") == {"missing": 1}
    assert counted(metrics, "usage_missing_total", "reason") == {"client_abort": 1}
    for histogram in ("prompt_tokens", "completion_tokens"):
        assert counted(metrics, f"{histogram}_count", "model") == {}
    assert counted(metrics, "time_per_output_token_seconds_count", "model") == {}


def test_estimated_tokens_without_a_price_are_unpriced(metrics):
    guess = Usage(input=500, output=200, quality=UsageQuality.ESTIMATED)
    metrics.record(replace(costing(unknown(), reply=ChatReply(model="m", complete=True)), usage=guess))
    assert counted(metrics, "unpriced_tokens_total", "kind") == {"input": 500, "output": 200}
    assert counted(metrics, "cost_usd_total", "kind") == {}


# -- the price table -----------------------------------------------------------------------------------------------

INFO = CatalogueInfo(version="7", date=date(2026, 11, 22), sha256="ab" * 32, sources=("s",), models=1, rows=1)


def test_the_price_table_is_named_by_version_date_and_digest(metrics):
    metrics.watch_price_table(INFO, lambda: datetime(2026, 11, 23, tzinfo=UTC))
    assert counted(metrics, "price_table_info", "version", "date", "sha256") == {("7", "2026-11-22", "ab" * 32): 1}


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_the_age_of_the_price_table_is_read_when_asked(metrics, accept):
    clock = [datetime(2026, 11, 22, 0, 0, 30, tzinfo=UTC)]
    metrics.watch_price_table(INFO, lambda: clock[0])
    ages = []
    for _ in range(2):
        ages += [each.value for each in samples(metrics, accept) if each.name == "costproxy_price_table_age_seconds"]
        clock[0] = datetime(2026, 11, 24, tzinfo=UTC)
    assert ages == [30, 2 * 86_400]


# -- from the start, and whatever happens --------------------------------------------------------------------------


@pytest.mark.parametrize("upstream", ["default", "local"])
def test_money_exists_at_zero_for_every_upstream_from_the_start(metrics, upstream):
    found = {
        name: {each.labels[label] for each in samples(metrics) if each.name == name and each.value == 0}
        for name, label in [("costproxy_cost_sources_total", "source"), ("costproxy_cost_usd_total", "kind")]
    }
    assert found["costproxy_cost_sources_total"] == set(CostSource)
    assert found["costproxy_cost_usd_total"] == {"input", "cache_read", "cache_write", "output", "reasoning"}
    unpriced = [each for each in samples(metrics) if each.name == "costproxy_unpriced_requests_total"]
    assert upstream in {each.labels["upstream"] for each in unpriced if each.value == 0}


def test_the_price_of_a_model_under_way_exists_at_zero(metrics):
    metrics.announce(upstream="default", api="chat", app="shop", model="new")
    ours = [each for each in samples(metrics) if each.labels.get("model") == "new"]
    assert {"costproxy_cost_usd_total", "costproxy_unpriced_requests_total"} <= {each.name for each in ours}
    assert all(each.value == 0 for each in ours)


AMOUNTS = st.dictionaries(st.sampled_from([*TokenKind, OTHER]), st.integers(0, 10**15), max_size=5)
COSTS = (
    st.builds(cost, AMOUNTS, st.sampled_from([CostQuality.EXACT, CostQuality.ADJUSTED, CostQuality.ESTIMATED]))
    | st.builds(reported, st.integers(0, 10**15), st.none() | st.integers(0, 10**15))
    | st.builds(unknown)
    | st.builds(not_billed)
)


@given(st.lists(COSTS, max_size=12))
@settings(deadline=None, max_examples=60)
def test_every_request_is_in_one_source_and_every_dollar_in_one_kind(costs: list[Cost]):
    metrics = made()
    for each in costs:
        metrics.record(costing(each))
    dollars = float(Fraction(sum(each.total or 0 for each in costs), PICO))
    seen = samples(metrics)
    assert sum(counted(seen, "cost_usd_total", "kind").values()) == pytest.approx(dollars, rel=1e-9)
    assert sum(counted(seen, "cost_sources_total", "source").values()) == len(costs)
    assert sum(counted(seen, "unpriced_requests_total", "model").values()) == sum(each.total is None for each in costs)
