from costproxy.tokens.calibration import Calibrator
from costproxy.tokens.counting import Gap
from costproxy.tokens.estimate import UNKNOWN, Anchor, Estimate, Source, best, of_body
from costproxy.tokens.prompt_count import Count, utf8_length


def calibrator(ratio: float, fixed: int) -> Calibrator:
    learned = Calibrator()
    for counted in (100, 900, 3000, 250, 5000, 60, 1500, 2500) * 60:
        learned.learn(counted, round(fixed + ratio * counted))
    return learned


def test_the_bill_is_believed_before_anything_else() -> None:
    anchor = Anchor(billed=500, count=Count(counted=90))
    found = best(Count(counted=100), billed=1234, anchor=anchor, calibrator=calibrator(2, 0))
    assert found == Estimate(tokens=1234, source=Source.USAGE, low=1234, high=1234)


def test_a_thread_goes_on_from_its_last_bill() -> None:
    anchor = Anchor(billed=500, count=Count(counted=100))
    found = best(Count(counted=300, known=False), anchor=anchor, calibrator=None)
    assert (found.tokens, found.source, found.low, found.high) == (700, Source.ANCHOR, 634, 766)


def test_what_came_since_is_counted_at_the_learned_ratio() -> None:
    anchor = Anchor(billed=500, count=Count(counted=100))
    found = best(Count(counted=300), anchor=anchor, calibrator=calibrator(1.5, 400))
    assert found.tokens is not None
    assert abs(found.tokens - 800) <= 3


def test_a_picture_that_was_in_the_last_bill_leaves_no_doubt_and_a_new_one_does() -> None:
    anchor = Anchor(billed=500, count=Count(counted=100, uncounted=1))
    known, new = (best(Count(counted=120, uncounted=things), anchor=anchor) for things in (1, 2))
    assert (known.partial, known.high) == (False, 541)
    assert (new.partial, new.high, new.low) == (True, None, 499)


def test_a_count_is_corrected_where_that_has_been_closer() -> None:
    found = best(Count(counted=1000), calibrator=calibrator(1.15, 346))
    assert found.source is Source.CALIBRATED
    assert found.tokens is not None
    assert abs(found.tokens - 1496) < 15
    assert best(Count(counted=1000), calibrator=calibrator(1, 0)).source is Source.RAW


def test_a_raw_count_says_how_far_it_may_be_off() -> None:
    own, stand_in = best(Count(counted=1000)), best(Count(counted=1000, known=False))
    assert own == Estimate(tokens=1000, source=Source.RAW, low=946, high=1054)
    assert stand_in == Estimate(tokens=1000, source=Source.RAW, low=900, high=1950)
    assert best(Count(counted=1000, uncounted=1)).high is None


def test_texts_that_were_not_counted_count_as_a_quarter_of_their_bytes() -> None:
    found = best(Count(counted=100, text_bytes=4000, gap=Gap.TOO_LONG), anchor=Anchor(billed=5, count=Count()))
    assert (found.tokens, found.source, found.gap, found.partial) == (1100, Source.BYTES, Gap.TOO_LONG, False)
    assert (found.low, found.high) == (90 + 250, 140 + 4000)
    assert of_body(4000).tokens == 1000
    assert of_body(4000).partial


def test_nothing_to_go_by_is_unknown_and_not_zero() -> None:
    assert best(None) is UNKNOWN
    assert UNKNOWN.tokens is None


def test_bytes_of_long_texts_are_told_from_samples() -> None:
    assert utf8_length("a" * 10_000_000) == 10_000_000
    assert utf8_length("\u5929" * 10_000_000) == 30_000_000
    assert utf8_length("a\u5929\ud800") == 7
    mixed = "abcd\u5929" * 1_000_000
    assert abs(utf8_length(mixed) - len(mixed.encode())) < 0.01 * len(mixed)
