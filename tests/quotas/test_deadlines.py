import pytest
from hypothesis import given
from hypothesis import strategies as st

from costproxy.quotas.attempt import Scope
from costproxy.quotas.deadlines import Deadlines

HERE = Scope("crm", "openai", "gpt-4o")
SPANS = st.tuples(st.integers(0, 50), st.integers(0, 20))


@pytest.mark.parametrize(("at", "covered"), [(9.9, False), (10.0, True), (14.9, True), (15.0, False)])
def test_a_wait_begins_with_its_refusal_and_ends_with_its_deadline(at: float, covered: bool) -> None:
    deadlines = Deadlines()
    deadlines.add(HERE, 10.0, 15.0)
    assert deadlines.cover(HERE, at) is covered


@pytest.mark.parametrize("other", [HERE._replace(owner="web"), HERE._replace(upstream="x"), HERE._replace(model=None)])
def test_another_owner_upstream_or_model_need_not_wait(other: Scope) -> None:
    deadlines = Deadlines()
    deadlines.add(HERE, 10.0, 15.0)
    assert not deadlines.cover(other, 12.0)


def test_a_wait_of_no_time_is_none() -> None:
    deadlines = Deadlines()
    deadlines.add(HERE, 10.0, 9.9)
    deadlines.add(HERE, 10.0, 10.0)
    assert len(deadlines) == 0


@given(st.lists(SPANS, max_size=30), st.integers(0, 80))
def test_waits_that_overlap_are_one(spans: list[tuple[int, int]], at: int) -> None:
    deadlines = Deadlines()
    for known, wait in spans:
        deadlines.add(HERE, float(known), float(known + wait))
    assert deadlines.cover(HERE, float(at)) == any(known <= at < known + wait for known, wait in spans)


def test_memory_is_bounded() -> None:
    deadlines = Deadlines(scopes=5)
    for number in range(1000):
        deadlines.add(HERE._replace(owner=f"{number % 7}"), float(number), number + 0.5)
    assert len(deadlines) == 5
    for number in range(1000):
        deadlines.add(HERE, float(number), number + 0.5)
    assert len(deadlines._spans[HERE]) == 32
    assert deadlines.cover(HERE, 999.2)
