"""The page on metrics says what is exported, and says it all."""

import pytest

from costproxy.model import (
    CostQuality,
    CostSource,
    Failure,
    IdentitySource,
    LimitSource,
    MistakeKind,
    Outcome,
    Part,
    Region,
    Resource,
    TokenKind,
    UsageQuality,
    Verdict,
    Window,
)
from costproxy.model.money import OTHER
from costproxy.recording import series
from costproxy.wire.errors import LIMIT_REASONS
from tests.support.project import ROOT


@pytest.fixture(name="page", scope="module")
def _page() -> str:
    return (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


def prose(page: str) -> str:
    """Return what is written by hand: the page without its generated part."""
    before, _, rest = page.partition("<!-- generated: metrics -->")
    return before + rest.partition("<!-- /generated -->")[2]


@pytest.mark.parametrize("each", series.ALL, ids=[each.exported_name for each in series.ALL])
def test_the_page_has_every_series_with_its_labels_and_its_meaning(page, each):
    labels = ", ".join(f"`{label}`" for label in each.labels)
    assert f"| `{each.exported_name}` | {each.kind} | {labels} | {each.help} |" in page


@pytest.mark.parametrize("outcome", Outcome)
def test_the_page_explains_every_outcome(page, outcome):
    assert f"| `{outcome}` | " in page


@pytest.mark.parametrize("word", [*TokenKind, OTHER, *UsageQuality])
def test_the_page_explains_the_kinds_and_qualities_of_tokens(page, word):
    assert f"`{word}`" in prose(page)


@pytest.mark.parametrize("word", [*CostSource, *CostQuality])
def test_the_page_explains_the_sources_and_qualities_of_cost(page, word):
    assert f"`{word}`" in prose(page)


@pytest.mark.parametrize("word", [*Verdict, *MistakeKind])
def test_the_page_explains_every_verdict_and_every_mistake(page, word):
    assert f"| `{word}` | " in prose(page)


@pytest.mark.parametrize("word", [*IdentitySource, *LimitSource, *Part, *Region, "new", "resent", "expired"])
def test_the_page_explains_the_other_words_of_conversations(page, word):
    assert f"`{word}`" in prose(page)


@pytest.mark.parametrize("kind", Failure)
def test_the_page_explains_every_reason_to_fail(page, kind):
    assert f"| `{kind}` | " in prose(page)


@pytest.mark.parametrize("word", [*Resource, *Window, *LIMIT_REASONS.values(), "first", "retry", "more"])
def test_the_page_explains_the_other_words_of_quotas_and_retries(page, word):
    assert f"`{word}`" in prose(page)
