"""The scores of the identity benchmark, against cases worked out by hand."""

import pytest

from benchmarks.identity.scores import scores


def test_the_true_partition_scores_one_whatever_its_parts_are_called() -> None:
    found = scores("aabbc", [7, 7, 8, 8, 9])
    assert (found.precision, found.recall, found.rand) == (1, 1, 1)


def test_merged_conversations_cost_precision() -> None:
    # Of 4 requests, 6 pairs: 2 are together, 6 are found together. By chance 6 * 2 / 6 = 2 of them: index 0.
    found = scores("aabb", "xxxx")
    assert found.precision == pytest.approx(2 / 6)
    assert found.recall == 1
    assert found.rand == 0


def test_split_conversations_cost_recall() -> None:
    found = scores("aabb", "wxyz")
    assert found.precision == 1
    assert found.recall == 0
    assert found.rand == 0


def test_a_request_in_the_wrong_conversation() -> None:
    # True pairs: 3 + 3 = 6 of 15. Found: {a,a} and {a,b,b,b}: 1 + 6 = 7, of which 1 + 3 = 4 are right.
    # By chance 6 * 7 / 15 = 2.8; at best (6 + 7) / 2 = 6.5; so (4 - 2.8) / (6.5 - 2.8).
    found = scores("aaabbb", "xxyyyy")
    assert found.precision == pytest.approx(4 / 7)
    assert found.recall == pytest.approx(4 / 6)
    assert found.rand == pytest.approx(1.2 / 3.7)


def test_a_published_example_of_the_adjusted_rand_index() -> None:
    # Contingency [[1, 1, 0], [1, 2, 1], [0, 0, 4]] of Yeung and Ruzzo (2001): 0.313.
    truth = "aabbbbcccc"
    found = scores(truth, "xyxyyzzzzz")
    assert found.rand == pytest.approx(0.313, abs=5e-4)


def test_requests_that_are_all_apart_are_no_disagreement() -> None:
    found = scores("abc", "xyz")
    assert (found.precision, found.recall, found.rand) == (1, 1, 1)


@pytest.mark.parametrize("name", ["", "a"])
def test_fewer_than_two_requests_have_no_pairs(name: str) -> None:
    assert scores(name, name).rand == 1


def test_partitions_of_different_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        scores("aa", "a")
