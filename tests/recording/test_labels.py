"""Label values from strangers: cleaned, and bounded in number."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costproxy.recording.labels import LabelBook, PairBook, clean


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("gpt-4o", "gpt-4o"),
        ("modèle 🧮 模型", "modèle 🧮 模型"),
        ('a"b\\c', 'a"b\\c'),
        ("a\nb\tc\x00d\x7f", "a?b?c?d?"),
        ("gpt-\ud800", "gpt-?"),
        ("a\u2028b\u202ec\ufeff", "a?b?c?"),
        ("  a  ", "a"),
        ("", "none"),
        ("   ", "none"),
        ("x" * 100, "x" * 100),
        ("x" * 101, "other"),
        ("\ud800" * 1_000_000, "other"),
    ],
)
def test_a_value_is_cleaned(value, label):
    assert clean(value) == label


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=150))
@settings(deadline=None, max_examples=500)
def test_a_clean_value_is_printable_short_and_stays_so(value):
    label = clean(value)
    assert label.isprintable()
    assert 0 < len(label) <= 100
    assert label.encode()
    assert clean(label) == label


class Overflow:
    """Counts what a book reports."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture(name="overflow")
def _overflow() -> Overflow:
    return Overflow()


def test_values_are_named_until_the_cap_and_then_other(overflow):
    book = LabelBook(3, overflow)
    assert [book.name(f"m{number}", proven=True) for number in range(5)] == ["m0", "m1", "m2", "other", "other"]
    assert overflow.count == 2
    assert book.name("m1", proven=True) == "m1"
    assert overflow.count == 2


def test_what_is_admitted_stays(overflow):
    book = LabelBook(2, overflow)
    names = [book.name(name, proven=True) for name in ["a", "b", "c", "a", "b", "c"]]
    assert names == ["a", "b", "other", "a", "b", "other"]


def test_values_that_nobody_answered_for_take_a_quarter_of_the_room(overflow):
    book = LabelBook(8, overflow)
    assert [book.name(f"junk{number}", proven=False) for number in range(4)] == ["junk0", "junk1", "other", "other"]
    assert [book.name(f"real{number}", proven=True) for number in range(7)] == [
        *(f"real{number}" for number in range(6)),
        "other",
    ]


def test_a_value_that_proves_itself_gives_its_unproven_place_back(overflow):
    book = LabelBook(8, overflow)
    assert book.name("a", proven=False) == "a"
    assert book.name("b", proven=False) == "b"
    assert book.name("c", proven=False) == "other"
    assert book.name("a", proven=True) == "a"
    assert book.name("c", proven=False) == "c"
    assert book.name("a", proven=False) == "a"


def test_even_the_smallest_room_admits_one_that_is_not_proven(overflow):
    assert LabelBook(1, overflow).name("a", proven=False) == "a"


def test_no_value_and_one_too_long_take_no_room(overflow):
    book = LabelBook(1, overflow)
    assert book.name(None, proven=True) == "none"
    assert book.name("", proven=True) == "none"
    assert book.name("x" * 101, proven=True) == "other"
    assert book.name("other", proven=True) == "other"
    assert book.name("a", proven=True) == "a"
    assert overflow.count == 0


def test_values_that_are_cleaned_to_the_same_are_the_same(overflow):
    book = LabelBook(1, overflow)
    assert {book.name(value, proven=True) for value in ["a\n", "a\t", "a\ud800", "a?"]} == {"a?"}


def test_asking_without_telling_reports_nothing(overflow):
    book, pairs = LabelBook(1, overflow), PairBook(1, overflow)
    book.name("a", proven=True)
    pairs.app("a", "m", proven=True)
    assert book.name("b", proven=True, tell=False) == "other"
    assert pairs.app("a", "n", proven=True, tell=False) == "other"
    assert overflow.count == 0


@given(st.lists(st.tuples(st.text(max_size=3), st.booleans()), max_size=60), st.integers(1, 8))
@settings(deadline=None, max_examples=300)
def test_there_are_never_more_values_than_the_cap(asked, cap):
    book = LabelBook(cap, lambda: None)
    names = {book.name(value, proven=proven) for value, proven in asked}
    assert len(names - {"other", "none"}) <= cap


def test_pairs_are_bounded_where_each_side_alone_is_not_enough(overflow):
    book = PairBook(3, overflow)
    named = [book.app(app, model, "default", proven=True) for app in "ab" for model in "mn"]
    assert named == ["a", "a", "b", "other"]
    assert overflow.count == 1
    assert book.app("a", "m", "default", proven=True) == "a"
    assert book.app("other", "q", "default", proven=True) == "other"
    assert overflow.count == 1
    assert repr(book) == "<PairBook 3 proven, 0 not, room for 3>"
