"""What strangers send stays text, and the numbers stay with whoever has the token."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from costproxy.demo.frames import Json
from costproxy.demo.plan import Plan
from costproxy.demo.replies import json_reply
from costproxy.demo.seen import SeenRequest
from costproxy.demo.upstream import SimulatedUpstream
from tests.support.proxy import running_proxy

pytestmark = pytest.mark.timeout(60)
Open = Callable[..., Awaitable[Any]]
TOKEN = "a-token-of-sixteen-or-more"
MARKUP = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
HOSTILE = (
    MARKUP,
    "'\"><svg onload=alert(1)>",
    "javascript:alert(1)",
    "\u202eevil\u2066",
    "a" * 300,
    "${7*7}{{7*7}}",
    "=cmd()",
)


async def ask(url: str, app: str, model: str, messages: list[Json]) -> None:
    headers = {"x-costproxy-app": app}
    body = {"model": model, "messages": messages}
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as reply:
        await reply.read()


def answer(seen: SeenRequest) -> Plan:
    model = (seen.json() or {}).get("model", "m")
    return json_reply(
        {
            "id": "x",
            "model": model,
            "choices": [{"index": 0, "finish_reason": MARKUP, "message": {"role": "assistant", "content": MARKUP}}],
            "usage": {"prompt_tokens": 50, "completion_tokens": 5, "total_tokens": 55},
        }
    )


async def test_markup_in_names_stays_text_everywhere(open_page: Open) -> None:
    async with SimulatedUpstream(answer) as up, running_proxy(up.url, log_level="error") as proxy:
        for number, name in enumerate(HOSTILE):
            app = quote(name) if not name.isascii() else name  # a header's value is ASCII
            messages: list[Json] = [{"role": "user", "content": f"{number} {MARKUP}"}]
            await ask(f"{proxy.url}/v1/chat/completions", app, name, messages)
            messages += [{"role": "user", "content": "the reply was not appended"}]
            await ask(f"{proxy.url}/v1/chat/completions", app, name, messages)
        page = await open_page(proxy, "#/conversations")
        await page.wait_for_selector("tbody tr")
        assert MARKUP in await page.locator("tbody").inner_text()
        assert await page.locator("td[data-name=Cost] .badge").count() > 0  # nobody knows what such a model costs
        shown = await page.locator("tbody").inner_text()
        assert "\ufffdevil\ufffd" in shown  # what would turn the text around shows instead
        assert not {"\u202e", "\u2066"} & set(shown)
        ids = await page.locator("tbody a").evaluate_all("all => all.map(each => each.getAttribute('href'))")
        for view in ("#/overview", "#/limits", "#/health", *ids):
            await page.evaluate("view => { location.hash = view; }", view)
            await page.wait_for_selector("main .tile")
            await page.wait_for_function("() => !document.querySelector('main').innerText.includes('Loading')")
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert await page.evaluate(wider) == 0
            assert await page.locator("main img, main script, main svg").count() == 0
            assert "owned" not in await page.title()


async def test_an_address_made_by_a_stranger_does_nothing(open_page: Open) -> None:
    async with running_proxy("http://127.0.0.1:9") as proxy:
        page = await open_page(
            proxy, f"#/conversations?q={quote(MARKUP)}&sort=x&page=-1&state=__proto__&app={quote(MARKUP)}"
        )
        await page.wait_for_selector("text=No conversation yet")
        assert await page.get_by_label("Search").input_value() == MARKUP
        assert await page.locator("main img, main script").count() == 0
        for view in (
            "#/constructor",
            "#/__proto__/x",
            "#/overview?range=__proto__",
            "#/conversation/..%2f..%2fmetrics",
        ):
            await page.evaluate("view => { location.hash = view; }", view)
            await page.wait_for_selector("h1")


async def test_without_the_token_there_is_a_question_and_no_number(browser: Any) -> None:
    async with running_proxy("http://127.0.0.1:9", admin_token=TOKEN) as proxy:
        page = await browser.new_page()
        await page.goto(proxy.admin_url)
        await page.wait_for_selector("text=Token, please")
        assert "Spend" not in await page.inner_text("main")
        await page.get_by_label("Token").fill("wrong-but-of-sixteen")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=Token, please")
        await page.get_by_label("Token").fill(TOKEN)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=Spend today")
        assert TOKEN not in page.url
        await page.reload()
        await page.wait_for_selector("text=Spend today")  # it stays in this tab
        other = await browser.new_page()
        await other.goto(proxy.admin_url)
        await other.wait_for_selector("text=Token, please")


async def test_a_proxy_that_goes_away_is_said_and_its_numbers_stay(browser: Any) -> None:
    async with running_proxy("http://127.0.0.1:9") as proxy:
        page = await browser.new_page()
        await page.goto(proxy.admin_url)
        await page.wait_for_selector("text=Spend today")
    await page.wait_for_selector("#notice:not([hidden]) >> text=does not answer")
    assert "Spend today" in await page.inner_text("main")
    await asyncio.sleep(0)
