"""Tokens of exchanges whose provider did not say: from the request alone, and from what was seen."""

import threading
from typing import Any

import pytest

from costproxy.meter import Meter
from costproxy.model import CostQuality, Ending, Exchange, Turn, UsageQuality
from costproxy.pricing.prices import Prices
from costproxy.recording.recorder import Recorder
from tests.meter.bodies import KEPT, chunk, reply_body, request_body, seen, stream_body
from tests.meter.conftest import MakeMeter

LEFT = Ending.CLIENT_LEFT
SAID = {"content": "one two three four five"}  # five tokens
PROMPT = 13  # of `request_body()`: 3 to start the reply, 3 for the message, 1 for its role, 6 of text
USAGE = {"prompt_tokens": 13, "completion_tokens": 5, "total_tokens": 18}


def left(*deltas: dict[str, Any], request: bytes | None = None, model: str = "gpt-4o") -> Exchange:
    """Return an exchange whose client left after these deltas."""
    body = stream_body([chunk(delta=delta, model=model) for delta in deltas], done=False)
    return seen(body, request, ending=LEFT)


def estimated(meter: Meter, exchange: Exchange) -> tuple[int, int]:
    usage = meter.turn(exchange).usage
    assert usage is not None
    assert usage.quality is UsageQuality.ESTIMATED
    assert (usage.prompt, usage.completion) == (usage.input, usage.output)  # no kinds that nobody can know
    return usage.input, usage.output


def test_the_prompt_of_an_aborted_stream_is_told_by_its_request_alone(meter: Meter) -> None:
    one, other = left(SAID), left(SAID, SAID, SAID)
    assert estimated(meter, one)[0] == estimated(meter, other)[0] == estimated(meter, left())[0] == PROMPT


def test_the_output_of_an_aborted_stream_is_what_was_seen_of_it(meter: Meter) -> None:
    assert estimated(meter, left())[1] == 0
    assert estimated(meter, left(SAID))[1] == 5
    assert estimated(meter, left(SAID, {"content": " six seven"}))[1] == 7


def test_reasoning_and_tool_calls_that_were_seen_count_too(meter: Meter) -> None:
    thought = estimated(meter, left({"reasoning_content": "one two three four five"}))[1]
    assert thought == 5
    call = {"index": 0, "id": "call_1", "function": {"name": "get_weather", "arguments": '{"city": "Par'}}
    assert estimated(meter, left({"tool_calls": [call]}))[1] >= 5


def test_pieces_are_counted_as_the_text_they_make(meter: Meter) -> None:
    letters = [{"content": letter} for letter in "internationalisation"]
    assert estimated(meter, left(*letters)) == estimated(meter, left({"content": "internationalisation"}))


def test_the_cost_of_an_estimate_is_one(meter: Meter) -> None:
    cost = meter.turn(left(SAID)).cost
    assert cost is not None
    assert (cost.total, cost.quality) == (PROMPT * 2_500_000 + 5 * 10_000_000, CostQuality.ESTIMATED)


def test_a_request_that_was_not_kept_is_estimated_by_its_bytes(meter: Meter) -> None:
    large = request_body(text="word " * (KEPT // 4))
    exchange = left(SAID, request=large)
    assert exchange.request_text is None
    assert estimated(meter, exchange) == (pytest.approx(len(large) / 4, abs=1), 5)


# -- learning ------------------------------------------------------------------------------------------------------


def bill(**usage: int) -> Exchange:
    return seen(reply_body(USAGE | usage))


def test_nothing_is_learnt_before_something_was_missing(new_meter: MakeMeter) -> None:
    meter = new_meter()
    assert not meter.wants_to_learn(bill())
    meter.turn(bill())
    assert not meter.wants_to_learn(bill())
    meter.turn(left(SAID))
    assert meter.wants_to_learn(bill())


def test_bills_teach_what_a_provider_adds(new_meter: MakeMeter, meter: Meter) -> None:
    learning = new_meter()
    for words in range(1, 100, 5):
        asked = request_body(text="word " * words)
        prompt = 100 + estimated(meter, left(request=asked))[0]
        learning.learn(seen(reply_body({"prompt_tokens": prompt, "completion_tokens": 5}), asked))
    assert estimated(learning, left(SAID))[0] == pytest.approx(100 + PROMPT, abs=5)


def test_only_exact_bills_of_kept_requests_are_learnt_from(new_meter: MakeMeter) -> None:
    meter = new_meter()
    meter.turn(left(SAID))
    assert not meter.wants_to_learn(left(SAID))
    assert not meter.wants_to_learn(bill(total_tokens=99))  # adjusted
    large = request_body(text="word " * (KEPT // 4))
    assert not meter.wants_to_learn(seen(reply_body(USAGE), large))


def test_the_first_bills_of_a_model_are_learnt_from_then_one_in_fifty(new_meter: MakeMeter) -> None:
    meter = new_meter()
    meter.turn(left(SAID))
    assert [meter.wants_to_learn(bill()) for _ in range(200)].count(True) == 20 + 4


# -- where it happens -----------------------------------------------------------------------------------------------


class Witness:
    """A sink that notes in which thread each turn came."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, Turn]] = []

    def record(self, turn: Turn) -> None:
        self.turns.append((threading.current_thread().name, turn))


def recorded(meter: Meter, exchange: Exchange) -> tuple[str, Turn]:
    witness, failures = Witness(), list[str]()
    recorder = Recorder(meter, [("witness", witness)], failures.append, announce=lambda **_: None)
    recorder.finish(lambda: exchange, exchange=exchange.id, heavy=False)
    recorder.close()
    assert failures == []
    (told,) = witness.turns
    return told


def test_what_has_to_be_counted_is_counted_in_the_recorders_thread(meter: Meter) -> None:
    thread, turn = recorded(meter, left(SAID))
    assert thread.startswith("recorder")
    assert turn.usage is not None


def test_what_is_known_is_recorded_at_once(meter: Meter) -> None:
    assert recorded(meter, bill())[0] == threading.current_thread().name


def test_bills_are_learnt_from_in_the_recorders_thread(prices: Prices) -> None:
    threads: list[str] = []

    class Noting(Meter):
        def wants_to_learn(self, exchange: Exchange) -> bool:
            return True

        def learn(self, exchange: Exchange) -> None:
            threads.append(threading.current_thread().name)

    assert recorded(Noting(prices), bill())[0] == threading.current_thread().name
    assert [name.startswith("recorder") for name in threads] == [True]


# -- odd requests -----------------------------------------------------------------------------------------------------

ODD = {
    "nothing": b"",
    "no JSON": b"{not json",
    "a list": b"[1, 2]",
    "an empty object": b"{}",
    "messages that are a text": b'{"model": "gpt-4o", "messages": "hello"}',
    "messages of every type": b'{"messages": [null, 1, "x", [], {}, {"role": 3, "content": {"a": 1}}]}',
    "content of every type": b'{"messages": [{"role": "user", "content": [null, 1, "x", {"type": 7}, {"text": 5}]}]}',
    "tools of every type": b'{"messages": [], "tools": [null, 1, {"function": 3}, {"function": {"parameters": [1]}}]}',
    "a picture that is none": b'{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": 5}]}]}',
    "a model that is a number": b'{"model": 5, "messages": [{"role": "user", "content": "x"}]}',
    "half a surrogate": b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
    "a special token": b'{"messages": [{"role": "user", "content": "<|endoftext|>"}]}',
    "a format of no kind": b'{"messages": [], "response_format": [], "tool_choice": 7, "functions": {}}',
    "2,000 brackets": b'{"messages": ' + b"[" * 2000 + b"]" * 2000 + b"}",
    "a million of one letter": request_body(text="a" * 1_000_000),
    "a million spaces": request_body(text=" " * 1_000_000),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_an_odd_request_raises_nothing_and_counts_nothing_negative(meter: Meter, body: bytes) -> None:
    usage = meter.turn(left(SAID, request=body)).usage
    assert usage is None or (usage.input >= 0 and usage.output == 5)
    assert (usage is None) == (body == b"")


def test_pieces_of_odd_replies_raise_nothing(meter: Meter) -> None:
    for delta in ({"content": 5}, {"content": [None, {"text": 3}]}, {"tool_calls": [None, {"function": 1}]}):
        assert estimated(meter, left(delta))[1] == 0
