"""The official Python SDK and the Responses API."""

import pytest

from tests.clients.compare import compare, lasting
from tests.clients.servers.aimock import Aimock
from tests.support.application import Application

APP = "openai_responses"
INVENTED = frozenset({"id", "item_id"})  # by the fake, anew for each item


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ("plain", "stop"),
        ("streamed", "stop"),
        ("accumulated", "stop"),
        ("tools", "tool_calls"),
        ("tools_streamed", "tool_calls"),
    ],
)
async def test_it_gets_the_same_and_the_bill_is_true(
    app: Application, aimock: Aimock, scenario: str, reason: str
) -> None:
    both = await compare(app, scenario, aimock)
    assert lasting(both.proxied, INVENTED) == lasting(both.direct, INVENTED)
    (direct,), (proxied,) = both.asked_directly.asked or (), both.asked_by_proxy.asked or ()
    length = "content-length"  # nothing is added to the body
    assert (proxied.path, proxied.body) == (direct.path, direct.body)
    assert proxied.headers[length] == direct.headers[length]
    both.assert_bill_true()
    assert both.seen.outcomes == {"success": 1}
    assert both.seen.by("costproxy_finish_reasons_total", "reason") == {reason: 1}
