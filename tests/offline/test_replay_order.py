import random

from costproxy.offline.recorded_requests import RecordedRequest, RecordedSource, Truth, interleave


def source(name: str, length: int, truth: Truth = Truth.CONVERSATION) -> RecordedSource:
    requests = (
        RecordedRequest(source=name, index=index, api="chat", host="", path="", body=b"{}") for index in range(length)
    )
    return RecordedSource(source=name, truth=truth, requests=requests)


def order(sources: list[RecordedSource], n: int, seed: int = 0) -> list[tuple[str, int]]:
    return [(each.source, each.index) for each in interleave(sources, n, seed)]


def some() -> list[RecordedSource]:
    chance = random.Random(1)
    return [source(str(number), chance.randrange(1, 9)) for number in range(40)]


def test_one_at_a_time_is_the_order_of_the_files():
    assert order([source("a", 2), source("b", 1)], 1) == [("a", 0), ("a", 1), ("b", 0)]


def test_all_requests_come_once_and_those_of_a_source_in_their_order():
    found = order(some(), 5)
    expected = order(some(), 1)
    assert sorted(found) == sorted(expected)
    assert found != expected
    for name in {name for name, _ in found}:
        assert [index for each, index in found if each == name] == sorted(
            index for each, index in found if each == name
        )


def test_the_same_seed_gives_the_same_order():
    assert order(some(), 5, seed=3) == order(some(), 5, seed=3)
    assert order(some(), 5, seed=3) != order(some(), 5, seed=4)


def test_no_more_than_so_many_are_under_way():
    begun: set[str] = set()
    over: set[str] = set()
    lengths = {each.source: sum(1 for _ in each.requests) for each in some()}
    for name, index in order(some(), 5):
        begun.add(name)
        assert len(begun - over) <= 5
        if index == lengths[name] - 1:
            over.add(name)


def test_single_requests_stay_in_the_order_in_which_they_were_recorded():
    sources = [source(str(number), 1, Truth.UNKNOWN) for number in range(20)]
    assert [name for name, _ in order(sources, 7)] == [str(number) for number in range(20)]


def test_a_source_is_read_when_it_is_needed():
    read = []

    def sources():
        for number in range(10):
            read.append(number)
            yield source(str(number), 2)

    next(interleave(sources(), 3, 0))
    assert read == [0, 1, 2]
