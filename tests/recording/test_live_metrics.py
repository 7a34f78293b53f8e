"""Gauges of the conversations that are remembered, as they are when somebody scrapes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from costproxy.recording.metrics import Metrics
from costproxy.recording.metrics_live import LiveMetrics
from tests.recording.exported import OPENMETRICS, counted, made, samples

NOW = 1_800_000_000.0
FORGOTTEN = {"idle": 5, "age": 0, "capacity": 2}


def conversation(ratio: float | None = None, turns_left: int | None = None, **facts: Any) -> Any:
    """Return a conversation that has just been heard of, but for `facts`."""
    account = SimpleNamespace(ratio=ratio, turns_left=turns_left)
    return SimpleNamespace(
        **{"upstream": "default", "model": "m", "app": "shop", "seen": NOW, **facts}, account=account
    )


@dataclass
class Tracker:
    """Remembers what it is given."""

    conversations: list[Any] = field(default_factory=list)
    forgotten: Mapping[str, int] = field(default_factory=lambda: dict(FORGOTTEN))

    def live(self) -> list[Any]:
        return list(self.conversations)


def watching(*conversations: Any, **facts: Any) -> Metrics:
    metrics = made(**facts)
    metrics.watch_conversations(Tracker(list(conversations)), lambda: NOW)
    return metrics


def values(metrics: Metrics, name: str, *by: str, accept: str = "") -> dict[tuple[str, ...], float]:
    """Return a series by the values of some labels, zeros included."""
    found = [each for each in samples(metrics, accept) if each.name == f"costproxy_{name}"]
    return {tuple(each.labels[label] for label in by): each.value for each in found}


def test_those_remembered_and_those_forgotten_are_counted():
    metrics = watching(conversation(), conversation(app=None), conversation(upstream="local", seen=NOW - 7000))
    assert values(metrics, "conversations_tracked") == {(): 3}
    assert values(metrics, "conversations_forgotten_total", "reason") == {
        ("idle",): 5,
        ("age",): 0,
        ("capacity",): 2,
    }


@pytest.mark.parametrize(("ago", "active"), [(0, 1), (300, 1), (300.5, 0), (7000, 0), (-5, 1)])
def test_one_is_active_for_five_minutes_and_then_there_at_0(ago, active):
    metrics = watching(conversation(seen=NOW - ago))
    assert values(metrics, "conversations_active", "upstream", "model", "app") == {("default", "m", "shop"): active}


@pytest.mark.parametrize(
    ("ratio", "over"),
    [
        (0.0, (0, 0, 0)),
        (0.6999, (0, 0, 0)),
        (70 / 100, (1, 0, 0)),
        (85 / 100, (1, 1, 0)),
        (95 / 100, (1, 1, 1)),
        (1.3, (1, 1, 1)),
    ],
)
def test_one_at_a_threshold_is_over_it_and_over_those_below(ratio, over):
    metrics = watching(conversation(ratio=ratio, seen=NOW - 7000))
    found = values(metrics, "conversations_over_threshold", "threshold")
    assert found == dict(zip([("0.7",), ("0.85",), ("0.95",)], over, strict=True))


@pytest.mark.parametrize(("left", "ago", "near"), [(0, 0, 1), (3, 0, 1), (4, 0, 0), (None, 0, 0), (0, 301, 0)])
def test_an_active_one_with_three_turns_left_is_near_its_limit(left, ago, near):
    metrics = watching(conversation(ratio=0.9, turns_left=left, seen=NOW - ago))
    assert values(metrics, "conversations_near_limit", "app") == {("shop",): near}


def test_where_no_limit_is_known_there_is_no_gauge_of_it():
    metrics = watching(conversation(ratio=None))
    assert values(metrics, "conversations_active", "app") == {("shop",): 1}
    assert values(metrics, "conversations_over_threshold", "app") == {}
    assert values(metrics, "conversations_near_limit", "app") == {}


def test_without_thresholds_none_are_counted():
    metrics = watching(conversation(ratio=1.0, turns_left=0), thresholds=())
    assert values(metrics, "conversations_over_threshold", "app") == {}
    assert values(metrics, "conversations_near_limit", "app") == {("shop",): 1}


def test_they_are_read_anew_at_each_scrape():
    tracker, clock = Tracker([conversation()]), [NOW]
    metrics = made()
    metrics.watch_conversations(tracker, lambda: clock[0])
    assert counted(metrics, "conversations_active", "app") == {"shop": 1}
    tracker.conversations.append(conversation(app="desk"))
    assert counted(metrics, "conversations_active", "app") == {"shop": 1, "desk": 1}
    clock[0] += 301
    assert counted(metrics, "conversations_active", "app") == {}
    tracker.conversations.clear()
    assert values(metrics, "conversations_active", "app") == {}


def test_the_sums_by_labels_are_those_of_the_conversations():
    metrics = watching(
        *(conversation(ratio=0.8, turns_left=1) for _ in range(3)),
        conversation(ratio=0.99, app="desk"),
        conversation(ratio=0.2, model=None, app=None, upstream="local"),
    )
    by = ("upstream", "model", "app")
    assert values(metrics, "conversations_active", *by) == {
        ("default", "m", "shop"): 3,
        ("default", "m", "desk"): 1,
        ("local", "none", "default"): 1,
    }
    assert counted(metrics, "conversations_over_threshold", "app", "threshold") == {
        ("shop", "0.7"): 3,
        ("desk", "0.7"): 1,
        ("desk", "0.85"): 1,
        ("desk", "0.95"): 1,
    }
    assert counted(metrics, "conversations_near_limit", "app") == {"shop": 3}


def test_both_formats_say_the_same():
    metrics = watching(conversation(ratio=0.8, turns_left=1), conversation(app=None))
    one, other = (
        {(each.name, *sorted(each.labels.items())): each.value for each in samples(metrics, accept)}
        for accept in ("", OPENMETRICS)
    )
    assert one == other
    assert ("costproxy_conversations_forgotten_total", ("reason", "idle")) in one


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_no_name_however_hostile_breaks_the_scrape(accept):
    names = ["gpt-\ud800", 'a"b\\c\nd', "x" * 100_000, "", "\x00", "{}=,#", "a\u2028b", "π"]
    metrics = watching(*(conversation(model=name, app=name, ratio=1.0) for name in names))
    found = values(metrics, "conversations_active", "model", "app", accept=accept)
    assert sum(found.values()) == len(names)
    assert all(label.isprintable() and len(label) <= 100 for labels in found for label in labels)


def test_names_beyond_the_caps_come_together_and_none_is_lost_or_told():
    metrics = watching(
        *(conversation(model=f"m-{number}", app=f"a-{number}", ratio=0.8) for number in range(5000)),
        models=8,
        apps=8,
        pairs=8,
    )
    found = values(metrics, "conversations_active", "model", "app")
    assert sum(found.values()) == 5000
    assert len(found) <= 9 * 9
    assert found["other", "other"] > 4900
    assert counted(metrics, "label_overflow_total", "label") == {}


def test_a_tracker_that_fails_costs_its_own_series_and_no_other():
    class Broken(Tracker):
        def live(self) -> list[Any]:
            raise RuntimeError("dictionary changed size during iteration")

    metrics = made()
    metrics.watch_conversations(Broken(), lambda: NOW)
    assert "costproxy_requests_total" in {each.name for each in samples(metrics)}
    assert values(metrics, "conversations_tracked") == {}
    assert counted(metrics, "record_failures_total", "sink") == {"metrics": 2}


def test_without_a_tracker_there_is_nothing_to_read():
    assert not [each for each in samples(made()) if each.name.startswith("costproxy_conversations_")]


@pytest.mark.serial
def test_twenty_thousand_conversations_are_counted_in_no_time():
    tracker = Tracker([conversation(ratio=0.8, turns_left=1, app=f"app-{number % 50}") for number in range(20_000)])
    live = LiveMetrics(lambda _, model, app: (model or "none", app or "none"), (70, 85, 95), lambda: None)
    live.watch(tracker, lambda: NOW)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        families = {each.name: each for each in live.collect()}
        took.append(time.perf_counter() - began)
    assert families["costproxy_conversations_tracked"].samples[0].value == 20_000
    assert min(took) < 0.1, took
