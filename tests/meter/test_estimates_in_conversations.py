"""A reply that breaks off in the middle of a conversation: its prompt is told by the bill before."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from costproxy.conversations.tracker import Tracker
from costproxy.meter import Meter
from costproxy.meter.build import build_meter
from costproxy.meter.conversations import Conversations
from costproxy.model import Asked, Ending, Exchange, Turn, UsageQuality
from costproxy.pricing.prices import Prices
from costproxy.wire.observer import Limits, Observer
from tests.meter.bodies import KEPT, chunk, moment, stream_body
from tests.meter.conftest import SECRET
from tests.support.provider import OUTPUT, counted
from tests.support.talk import said, system, user
from tests.support.turns import exchange

SUNDAY = moment("2026-11-22T12:00")
RULES = "You are the support desk of a mail-order shop for bicycle parts. Be brief, be kind, and name your sources."
QUESTION = "Question number {0}: how long does it take until part {0} of my order arrives, and who brings it to me?"
REPLY = "That depends on part {0}: most of them are on their way within two days, and the post brings them all."


class Shop:
    """An application whose exchanges are read from bytes and metered, one after the other."""

    def __init__(self, meter: Meter, bill: Callable[[dict[str, Any]], int], model: str) -> None:
        self.meter = meter
        self.bill = bill
        self.model = model
        self.history: list[Any] = [system(RULES)]
        self.count = 0

    def turn(self, *, aborted: bool = False) -> Turn:
        self.count += 1
        self.history.append(user(QUESTION.format(self.count)))
        return self.meter.turn(self._exchange(aborted=aborted))

    def due(self) -> int:
        """Return what the provider bills for the last prompt."""
        return self.bill(self._body())

    def _body(self) -> dict[str, Any]:
        return {"model": self.model, "messages": self.history, "stream": True}

    def _exchange(self, *, aborted: bool) -> Exchange:
        id, at = f"{self.count:016x}", SUNDAY + 10 * self.count  # noqa: A001 — what it is
        observer = Observer(Limits(), kept_request=KEPT)
        observer.request_body(json.dumps(self._body()).encode())
        request = observer.read_request()
        prompt = observer.take_prompt()
        assert request is not None
        assert prompt is not None
        facts: dict[str, Any] = {"upstream": "default", "api": "chat", "app": None}
        asked = Asked(exchange=id, caller=b"", at=at, request=request, prompt=prompt, dialect="openai", **facts)
        placement = self.meter.place(asked)
        observer.head(200, "")
        observer.body(stream_body(self._chunks(aborted=aborted), done=not aborted), 0.0)
        self.history.append(said(REPLY.format(self.count)))
        return exchange(
            id=id,
            started_at=at,
            ending=Ending.CLIENT_LEFT if aborted else Ending.COMPLETE,
            request=request,
            request_text=observer.request_text,
            reply=observer.facts("openai", 1.0),
            placement=placement,
            **facts,
        )

    def _chunks(self, *, aborted: bool) -> Iterator[Any]:
        pieces = REPLY.format(self.count).split(" ")
        for piece in pieces[:5] if aborted else pieces:
            yield chunk(model=self.model, delta={"content": f"{piece} "})
        if not aborted:
            prompt = self.due()
            yield chunk(model=self.model, finish="stop")
            spent = {"prompt_tokens": prompt, "completion_tokens": OUTPUT, "total_tokens": prompt + OUTPUT}
            yield {"model": self.model, "choices": [], "usage": spent}


@pytest.fixture
def meter(prices: Prices) -> Meter:
    return build_meter(prices, secret=SECRET, conversations=Conversations(Tracker(secret=SECRET), prices))


def with_hidden_rules(body: dict[str, Any]) -> int:
    """Bill what a provider puts before every prompt, and nobody sees."""
    return 1_500 + counted(body)


@pytest.mark.parametrize("bill", [counted, with_hidden_rules])
@pytest.mark.parametrize("model", ["gpt-4o", "a-model-that-nobody-knows"])
async def test_the_prompt_of_an_aborted_fifth_reply_is_the_last_bill_and_what_came_since(
    meter: Meter, bill: Callable[[dict[str, Any]], int], model: str
) -> None:
    shop = Shop(meter, bill, model)
    for _ in range(4):
        whole = shop.turn()
        assert whole.usage is not None
        assert whole.usage.quality is UsageQuality.EXACT
    left = shop.turn(aborted=True)
    del shop.history[-1]  # what the client did not see
    assert left.usage is not None
    assert left.usage.quality is UsageQuality.ESTIMATED
    assert left.usage.prompt == pytest.approx(shop.due(), rel=0.1)
    assert left.standing is not None
    assert left.standing.placement.turn == 5
    assert (left.standing.new or 0) + (left.standing.resent or 0) == left.usage.prompt
    assert whole.usage is not None
    assert (left.standing.resent, left.standing.apportioned) == (whole.usage.prompt, False)


async def test_without_its_conversation_hidden_tokens_would_be_missed(prices: Prices) -> None:
    shop = Shop(build_meter(prices, secret=SECRET), with_hidden_rules, "gpt-4o")
    for _ in range(4):
        shop.turn()
    usage = shop.turn(aborted=True).usage
    assert usage is not None
    assert usage.prompt < shop.due() / 2


async def test_after_an_abort_the_next_bill_counts_again(meter: Meter) -> None:
    shop = Shop(meter, with_hidden_rules, "gpt-4o")
    for _ in range(4):
        shop.turn()
    shop.turn(aborted=True)
    after = shop.turn()
    assert after.usage is not None
    assert after.usage.quality is UsageQuality.EXACT
    assert after.standing is not None
    assert (after.standing.new or 0) + (after.standing.resent or 0) == after.usage.prompt
    assert after.standing.placement.turn == 6
    assert after.standing.totals.requests == 6
