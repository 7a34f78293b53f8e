"""Conversations on /metrics: what is new and what was sent again adds up, and no conversation is ever a label."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.model import (
    CacheMiss,
    ChatReply,
    ContextUse,
    Cost,
    CostQuality,
    CostSource,
    Ending,
    IdentitySource,
    LimitSource,
    Mistake,
    MistakeKind,
    Part,
    Region,
    ReplyError,
    Standing,
    Turn,
    Usage,
    UsageQuality,
    Verdict,
    not_billed,
)
from costproxy.model.money import PICO
from costproxy.recording.metrics import Metrics
from costproxy.wire import errors
from tests.recording.exported import OPENMETRICS, counted, made, samples
from tests.recording.standings import COST, ID, REPLY, USAGE, placement, standing, standing_turn
from tests.support.turns import turn

APP = ("upstream", "model", "app")


@pytest.fixture(name="metrics")
def _metrics() -> Metrics:
    return made()


# -- which conversation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", Verdict)
def test_a_request_is_counted_once_under_its_verdict(metrics, verdict):
    metrics.record(standing_turn(standing(placement(verdict=verdict))))
    assert counted(metrics, "conversation_requests_total", *APP, "verdict") == {("default", "m", "shop", verdict): 1}


@pytest.mark.parametrize("source", IdentitySource)
def test_what_told_its_conversation_is_counted(metrics, source):
    metrics.record(standing_turn(standing(placement(source=source))))
    assert counted(metrics, "conversation_sources_total", "upstream", "source") == {("default", source): 1}


def test_doubt_and_ids_that_are_none_are_counted(metrics):
    metrics.record(standing_turn())
    metrics.record(standing_turn(standing(placement(ambiguous=True, ignored_ids=3))))
    assert counted(metrics, "conversation_ambiguous_total", "upstream") == {"default": 1}
    assert counted(metrics, "session_ids_ignored_total", "upstream") == {"default": 3}


def test_a_request_without_a_conversation_is_in_none_of_these_series(metrics):
    metrics.record(turn())
    seen = samples(metrics)
    assert counted(seen, "conversation_requests_total", "verdict") == {}
    assert counted(seen, "conversation_sources_total", "source") == {}
    assert counted(seen, "context_limit_sources_total", "source") == {}


# -- new and resent ----------------------------------------------------------------------------------------------


def test_new_and_resent_tokens_and_dollars_are_parts_of_the_prompt(metrics):
    metrics.record(standing_turn())
    at = ("default", "m", "shop")
    assert counted(metrics, "conversation_prompt_tokens_total", *APP, "part", "quality") == {
        (*at, "new", "exact"): 200,
        (*at, "resent", "exact"): 800,
    }
    assert counted(metrics, "conversation_prompt_cost_usd_total", *APP, "part", "quality", "source") == {
        (*at, "new", "exact", "catalogue"): 1e-9,
        (*at, "resent", "exact", "catalogue"): 1e-9,
    }


def test_a_prompt_that_was_told_apart_by_estimated_sizes_says_so(metrics):
    metrics.record(standing_turn(standing(placement(verdict=Verdict.TRIMMED), apportioned=True)))
    assert counted(metrics, "conversation_prompt_tokens_total", "part", "quality") == {
        ("new", "estimated"): 200,
        ("resent", "estimated"): 800,
    }
    assert set(counted(metrics, "conversation_prompt_cost_usd_total", "quality")) == {"estimated"}


@pytest.mark.parametrize(("new", "resent", "part"), [(1000, 0, "new"), (0, 1000, "resent")])
def test_a_prompt_that_is_all_new_or_all_resent_is_as_exact_as_its_count(metrics, new, resent, part):
    stands = standing(apportioned=True, new=new, resent=resent)
    metrics.record(standing_turn(stands))
    assert counted(metrics, "conversation_prompt_tokens_total", "part", "quality") == {(part, "exact"): 1000}


@pytest.mark.parametrize("quality", UsageQuality)
def test_the_parts_are_never_better_than_their_sum(metrics, quality):
    usage = replace(USAGE, quality=quality)
    metrics.record(replace(standing_turn(), usage=usage, cost=replace(COST, quality=CostQuality(quality.value))))
    for series in ("conversation_prompt_tokens_total", "conversation_prompt_cost_usd_total"):
        assert set(counted(metrics, series, "quality")) == {quality}


@pytest.mark.parametrize(
    "cost", [None, not_billed(), Cost(total=None, source=CostSource.UNKNOWN, quality=CostQuality.UNKNOWN)]
)
def test_of_unknown_cost_nothing_is_counted(metrics, cost):
    metrics.record(standing_turn(standing(new_cost=None, resent_cost=None), cost=cost))
    assert counted(metrics, "conversation_prompt_cost_usd_total", "part") == {}
    assert counted(metrics, "conversation_prompt_tokens_total", "part") == {"new": 200, "resent": 800}


def test_unknown_prompt_tokens_are_not_0(metrics):
    nothing = Standing(placement=placement())
    metrics.record(standing_turn(nothing, cost=None, status=500, reply=ChatReply(error=ReplyError(kind=errors.SERVER))))
    seen = samples(metrics)
    assert counted(seen, "conversation_requests_total", "verdict") == {"continue": 1}
    assert counted(seen, "conversation_prompt_tokens_total", "part") == {}
    assert counted(seen, "conversation_growth_tokens_count", "model") == {}
    assert counted(seen, "context_limit_sources_total", "source") == {}


def test_the_composition_adds_up_to_the_prompt(metrics):
    metrics.record(standing_turn())
    found = counted(metrics, "prompt_composition_tokens_total", *APP, "kind")
    assert found == {("default", "m", "shop", kind): count for kind, count in standing().composition.items() if count}
    assert sum(found.values()) == USAGE.prompt


def test_growth_and_length_are_observed_once_a_request(metrics):
    metrics.record(standing_turn())
    metrics.record(standing_turn(standing(placement(verdict=Verdict.REGENERATE), new=0, resent=1000)))
    assert counted(metrics, "conversation_growth_tokens_sum", "model") == {"m": 200}
    assert counted(metrics, "conversation_growth_tokens_bucket", "model", "le")["m", "0.0"] == 1
    assert counted(metrics, "conversation_growth_tokens_count", "model") == {"m": 2}
    assert counted(metrics, "conversation_messages_sum", "model") == {"m": 14}


def test_estimated_tokens_are_in_no_histogram(metrics):
    cut = standing_turn(reply=ChatReply(model="m"), ending=Ending.CLIENT_LEFT)
    metrics.record(replace(cut, usage=replace(USAGE, quality=UsageQuality.ESTIMATED)))
    assert counted(metrics, "conversation_prompt_tokens_total", "quality") == {"estimated": 1000}
    for histogram in ("conversation_growth_tokens", "context_used_ratio"):
        assert counted(metrics, f"{histogram}_count", "model") == {}


# -- the context window ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", LimitSource)
def test_how_full_the_window_is_and_who_said_how_large(metrics, source):
    metrics.record(standing_turn(standing(context=ContextUse(used=1000, usable=800, source=source))))
    assert counted(metrics, "context_used_ratio_sum", "upstream", "model") == {("default", "m"): 1.25}
    assert counted(metrics, "context_limit_sources_total", "upstream", "source") == {("default", source): 1}


def test_where_no_limit_is_known_there_is_no_ratio(metrics):
    metrics.record(standing_turn(standing(context=None)))
    assert counted(metrics, "context_used_ratio_count", "model") == {}
    assert counted(metrics, "context_limit_sources_total", "source") == {"unknown": 1}


def test_each_threshold_that_is_crossed_is_counted_as_a_ratio(metrics):
    metrics.record(standing_turn(standing(crossed=(70, 85))))
    metrics.record(standing_turn(standing(crossed=(5,))))
    found = counted(metrics, "context_warnings_total", *APP, "threshold")
    assert found == {("default", "m", "shop", threshold): 1 for threshold in ("0.7", "0.85", "0.05")}


# -- mistakes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MistakeKind)
def test_a_mistake_is_counted_by_its_kind(metrics, kind):
    metrics.record(standing_turn(standing(mistakes=(Mistake(kind=kind, index=3), Mistake(kind=kind)))))
    assert counted(metrics, "conversation_mistakes_total", *APP, "kind") == {("default", "m", "shop", kind): 2}


@pytest.mark.parametrize("region", [*Region, None])
def test_what_a_broken_cache_cost_is_counted_by_the_region_of_the_change(metrics, region):
    broken = Mistake(kind=MistakeKind.CACHE_BROKEN, region=region, tokens=640, cost=2 * PICO)
    metrics.record(standing_turn(standing(mistakes=(broken, Mistake(kind=MistakeKind.CACHE_BROKEN, region=region)))))
    assert counted(metrics, "cache_broken_tokens_total", "region") == {region or "none": 640}
    assert counted(metrics, "cache_broken_usd_total", "region") == {region or "none": 2}


@pytest.mark.parametrize(("expired", "reason"), [(True, "expired"), (False, "unexplained")])
def test_a_cache_that_was_missed_is_nobodys_mistake(metrics, expired, reason):
    metrics.record(standing_turn(standing(cache_miss=CacheMiss(tokens=1280, expired=expired, cost=3 * PICO))))
    metrics.record(standing_turn(standing(cache_miss=CacheMiss(tokens=20, expired=expired))))
    assert counted(metrics, "cache_missed_tokens_total", *APP, "reason") == {("default", "m", "shop", reason): 1300}
    assert counted(metrics, "cache_missed_usd_total", "reason") == {reason: 3}
    assert counted(metrics, "conversation_mistakes_total", "kind") == {}


# -- what exists before it happens -------------------------------------------------------------------------------


def at_zero(metrics: Metrics, name: str, label: str, **labels: str) -> set[str]:
    found = [each for each in samples(metrics) if each.name == f"costproxy_{name}" and each.value == 0]
    return {each.labels[label] for each in found if labels.items() <= each.labels.items()}


@pytest.mark.parametrize("upstream", ["default", "local"])
def test_what_is_counted_by_upstream_exists_at_zero_from_the_start(metrics, upstream):
    assert at_zero(metrics, "conversation_sources_total", "source", upstream=upstream) == set(IdentitySource)
    assert at_zero(metrics, "context_limit_sources_total", "source", upstream=upstream) == {*LimitSource, "unknown"}
    for name in ("conversation_ambiguous_total", "session_ids_ignored_total"):
        assert at_zero(metrics, name, "upstream", upstream=upstream) == {upstream}


@pytest.mark.parametrize("api", ["chat", "responses", "messages"])
def test_the_parts_of_a_request_under_way_exist_at_zero(metrics, api):
    metrics.announce(upstream="default", api=api, app="shop", model="new")
    for name in ("conversation_prompt_tokens_total", "conversation_prompt_cost_usd_total"):
        assert at_zero(metrics, name, "part", model="new", app="shop") == {"new", "resent"}


def test_mistakes_and_warnings_exist_at_zero_from_the_first_success(metrics):
    metrics.record(standing_turn())
    labels = {"upstream": "default", "model": "m", "app": "shop"}
    assert at_zero(metrics, "conversation_mistakes_total", "kind", **labels) == set(MistakeKind)
    assert at_zero(metrics, "context_warnings_total", "threshold", **labels) == {"0.7", "0.85", "0.95"}
    assert at_zero(metrics, "conversation_requests_total", "verdict", **labels) == set(Verdict) - {"continue"}


def test_they_do_not_for_what_never_succeeded_since_strangers_can_make_it_up(metrics):
    metrics.record(standing_turn(Standing(placement=placement()), cost=None, status=404, reply=None))
    assert at_zero(metrics, "conversation_mistakes_total", "kind") == set()
    assert at_zero(metrics, "context_warnings_total", "threshold") == set()


# -- what cannot break a scrape ----------------------------------------------------------------------------------

HOSTILE = ["gpt-\ud800", 'a"b\\c\nd', "x" * 100_000, "", "\x00", "{}=,#", "a\u2028b", "π"]


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_no_name_however_hostile_breaks_the_scrape(metrics, accept):
    for name in HOSTILE:
        metrics.record(standing_turn(app=name, reply=replace(REPLY, model=name)))
    found = [each for each in samples(metrics, accept) if each.name == "costproxy_conversation_requests_total"]
    assert sum(each.value for each in found) == len(HOSTILE)
    assert all(each.labels[label].isprintable() for each in found for label in APP)


def test_ten_thousand_conversations_names_and_applications_stay_below_the_caps():
    metrics = made(models=20, apps=8, pairs=30)
    for number in range(10_000):
        stands = standing(placement(conversation=f"{number:016x}"), mistakes=(Mistake(kind=MistakeKind.REPLY_DROPPED),))
        metrics.record(standing_turn(stands, app=f"app-{number}", reply=replace(REPLY, model=f"junk-{number}")))
    found = samples(metrics)
    assert len(found) < 7000
    assert len({each.labels["model"] for each in found if "model" in each.labels} - {"other", "none"}) == 20
    assert sum(counted(found, "conversation_requests_total", "verdict").values()) == 10_000
    assert counted(found, "conversation_mistakes_total", "kind") == {"reply_dropped": 10_000}


def test_a_conversation_is_an_exemplar_and_never_a_label(metrics):
    metrics.record(standing_turn(standing(crossed=(70,), mistakes=(Mistake(kind=MistakeKind.CACHE_BROKEN),))))
    seen = samples(metrics, OPENMETRICS)
    assert not [each for each in seen if ID in each.labels.values()]
    ours = {each.name for each in seen if each.exemplar is not None and each.exemplar.labels == {"conversation": ID}}
    assert ours == {"costproxy_conversation_growth_tokens_bucket", "costproxy_context_used_ratio_bucket"}


# -- whatever happens, it adds up --------------------------------------------------------------------------------


@st.composite
def turns(draw: st.DrawFn) -> Turn:
    new, resent = draw(st.integers(0, 500)), draw(st.integers(0, 500))
    new_cost, resent_cost, rest = (draw(st.integers(0, 10**13)) for _ in range(3))
    usage = Usage(input=new, cache_read=resent, output=7, quality=draw(st.sampled_from(UsageQuality)))
    parts = {"input": new_cost, "cache_read": resent_cost, "output": rest}
    known = draw(st.booleans())
    cost = replace(COST, total=sum(parts.values()), parts=parts, quality=CostQuality(usage.quality.value))
    unknown = Cost(total=None, source=CostSource.UNKNOWN, quality=CostQuality.UNKNOWN)
    stands = standing(
        placement(extends=draw(st.booleans()), verdict=draw(st.sampled_from(Verdict))),
        new=new,
        resent=resent,
        new_cost=new_cost if known else None,
        resent_cost=resent_cost if known else None,
        composition={Part.USER: new, Part.FILES: resent},
    )
    facts = {"app": draw(st.sampled_from([None, "shop"])), "reply": replace(REPLY, usage=usage)}
    return replace(standing_turn(stands, **facts), usage=usage, cost=cost if known else unknown)


def prompt_cost(all_turns: Iterable[Turn]) -> float:
    parts = [each.cost.parts for each in all_turns if each.cost is not None]
    return sum(each.get("input", 0) + each.get("cache_read", 0) for each in parts) / PICO


@given(st.lists(turns(), max_size=8))
@settings(deadline=None, max_examples=60)
def test_new_and_resent_add_up_to_the_prompt_and_to_its_cost(recorded: list[Turn]):
    metrics = made()
    for each in recorded:
        metrics.record(each)
    seen = samples(metrics)
    prompt = sum(each.usage.prompt for each in recorded if each.usage)
    assert sum(counted(seen, "conversation_prompt_tokens_total", "part").values()) == prompt
    assert sum(counted(seen, "prompt_composition_tokens_total", "kind").values()) == prompt
    billed = counted(seen, "tokens_total", "kind")
    assert billed.get("input", 0) + billed.get("cache_read", 0) == prompt
    dollars = sum(counted(seen, "conversation_prompt_cost_usd_total", "part").values())
    assert dollars == pytest.approx(prompt_cost(recorded), rel=1e-9)
    paid = counted(seen, "cost_usd_total", "kind")
    assert dollars == pytest.approx(paid.get("input", 0) + paid.get("cache_read", 0), rel=1e-9)
    assert sum(counted(seen, "conversation_requests_total", "verdict").values()) == len(recorded)
