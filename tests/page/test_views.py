"""Every view in a real browser, in front of live traffic: what it shows, that it moves, and that it fits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from costproxy.demo.upstream import SimulatedUpstream, always
from tests.page.demo import Demo
from tests.support.chats import answer, chat_body
from tests.support.proxy import running_proxy
from tests.support.raw import ask, post
from tests.support.scrape import recorded

pytestmark = pytest.mark.timeout(60)
Open = Callable[..., Awaitable[Any]]
VIEWS = ("#/overview", "#/conversations", "#/limits", "#/health")


async def api(proxy: Demo, path: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(f"{proxy.admin_url}/api/v1/{path}") as reply:
        assert reply.status == 200
        return await reply.json()


async def longest(proxy: Demo, app: str) -> str:
    """Return the id of an application's conversation with at least four requests."""
    for _ in range(100):
        items = (await api(proxy, f"conversations?sort=requests&app={app}"))["items"]
        if items and items[0]["requests"] >= 4:
            return str(items[0]["id"])
        await asyncio.sleep(0.1)
    raise AssertionError(f"{app}: expected a conversation with four requests, found {items}")


async def tile(page: Any, name: str) -> str:
    return str(await page.locator(".tile", has_text=name).locator(".value").inner_text())


async def painted(page: Any, place: str) -> int:
    """Return how many colours that are no greys a canvas has."""
    script = """canvas => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set();
      for (let i = 0; i < data.length; i += 4) {
        const [red, green, blue, solid] = data.slice(i, i + 4);
        if (solid === 255 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60)
          seen.add(`${red >> 5},${green >> 5},${blue >> 5}`);
      }
      return seen.size;
    }"""
    return int(await page.locator(f"{place} canvas").first.evaluate(script))


async def test_the_overview_shows_spend_growth_and_refusals_and_goes_on(busy: Demo, open_page: Open) -> None:
    page = await open_page(busy)
    await page.wait_for_selector(".chart canvas")
    assert "$" in await tile(page, "Spend rate")
    assert "%" in await tile(page, "Sent again")
    assert int(await tile(page, "Rate limited")) > 0
    assert await page.locator(".chart").count() == 3
    assert await painted(page, ".chart >> nth=1 >> css=.plot") >= 2
    before = await tile(page, "Rate limited")
    await page.wait_for_function(
        "was => [...document.querySelectorAll('.tile')].find(each => each.textContent.includes('Rate limited'))"
        ".querySelector('.value').textContent !== was",
        arg=before,
    )
    assert "runaway-agent" in await page.locator("table").inner_text()


async def test_a_range_is_chosen_and_kept_in_the_address(busy: Demo, open_page: Open) -> None:
    page = await open_page(busy)
    await page.get_by_role("button", name="24h").click()
    await page.wait_for_selector("button[data-range='24h'][aria-pressed=true]")
    assert page.url.endswith("#/overview?range=24h")
    await page.reload()
    await page.wait_for_selector("button[data-range='24h'][aria-pressed=true]")


async def test_conversations_are_sorted_by_the_head_that_is_pressed(busy: Demo, open_page: Open) -> None:
    page = await open_page(busy, "#/conversations")
    await page.get_by_role("button", name="Requests").click()
    await page.wait_for_selector("th[aria-sort=descending] >> text=Requests")
    column = page.locator("td[data-name=Requests]")
    falling = [int(each) for each in await column.all_inner_texts()]
    assert len(falling) > 5
    assert falling == sorted(falling, reverse=True)
    await page.get_by_role("button", name="Requests").click()
    await page.wait_for_selector("th[aria-sort=ascending] >> text=Requests")
    rising = [int(each) for each in await column.all_inner_texts()]
    assert rising == sorted(rising)


async def test_conversations_are_filtered_by_text_state_and_application(busy: Demo, open_page: Open) -> None:
    page = await open_page(busy, "#/conversations")
    await page.keyboard.press("/")
    await page.keyboard.type("coding-ag")
    await page.wait_for_function("() => location.hash.includes('q=coding-ag')")
    await page.wait_for_function(
        "() => [...document.querySelectorAll('tbody b')].length && [...document.querySelectorAll('tbody b')]"
        ".every(each => each.textContent === 'coding-agent')"
    )
    await page.get_by_label("Search").fill("")
    await page.get_by_label("Application").select_option("runaway-agent")
    await page.get_by_role("button", name="Warned").click()
    await page.wait_for_function(
        "() => document.querySelectorAll('tbody tr').length && [...document.querySelectorAll('tbody tr')].every(each =>"
        " each.textContent.includes('runaway-agent') && each.querySelector('.badge'))"
    )


async def test_one_conversation_shows_its_turns_window_and_events(busy: Demo, open_page: Open) -> None:
    id_ = await longest(busy, "runaway-agent")
    page = await open_page(busy, f"#/conversation/{id_}")
    await page.wait_for_selector(".chart canvas")
    assert await page.locator("h1").inner_text() == "runaway-agent"
    turns = (await api(busy, f"conversations/{id_}"))["turns"]
    assert await page.locator("table tbody tr").count() >= len(turns) - 1 >= 3
    assert await painted(page, ".chart") >= 3  # resent, new, and the line of the window
    assert "User" in await page.locator(".composition").inner_text()
    assert "of the window" in await page.locator(".events").inner_text()


async def test_a_chart_can_be_read_with_the_keyboard(busy: Demo, open_page: Open) -> None:
    page = await open_page(busy, f"#/conversation/{await longest(busy, 'coding-agent')}")
    await page.wait_for_selector(".chart canvas")
    await page.get_by_role("button", name="Live").click()  # so that nothing moves under the test
    await page.locator(".plot").focus()
    await page.keyboard.press("End")
    assert "sent again" in await page.locator(".tip").inner_text()
    last = await page.locator(".tip b").inner_text()
    await page.keyboard.press("ArrowLeft")
    assert await page.locator(".tip b").inner_text() != last
    await page.keyboard.press("Escape")
    assert not await page.locator(".tip").is_visible()


async def test_rows_are_walked_with_arrows_and_opened_with_enter(busy: Demo, open_page: Open) -> None:
    page = await open_page(busy, "#/conversations?sort=began&order=asc")
    await page.wait_for_selector("tbody a")
    await page.locator("tbody a").first.focus()
    await page.keyboard.press("ArrowDown")
    wanted = await page.locator("tbody a").nth(1).get_attribute("href")
    assert await page.evaluate("document.activeElement.getAttribute('href')") == wanted
    await asyncio.sleep(2.5)  # an update comes by, and the focus stays
    assert await page.evaluate("document.activeElement.getAttribute('href')") == wanted
    await page.keyboard.press("Enter")
    await page.wait_for_function("want => location.hash === want", arg=wanted)


async def test_limits_show_quotas_and_who_does_not_wait(busy: Demo, open_page: Open) -> None:
    page = await open_page(busy, "#/limits")
    await page.wait_for_selector("text=impatient-import")
    text = await page.locator("main").inner_text()
    for word in ("Quotas", "Refusals", "Retried too early", "Rate requests", "nightly-batch"):
        assert word in text


async def test_health_says_what_is_estimated(busy: Demo, open_page: Open) -> None:
    page = await open_page(busy, "#/health")
    await page.wait_for_selector("text=Client abort")
    text = await page.locator("main").inner_text()
    for word in ("Unpriced", "Unmetered", "Estimated tokens", "Price table", "Lost records", "Nothing was lost."):
        assert word in text


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_every_view_fits_and_can_be_read(busy: Demo, open_page: Open, dark: bool, phone: bool) -> None:
    page = await open_page(busy, dark=dark, phone=phone)
    for view in (*VIEWS, f"#/conversation/{await longest(busy, 'runaway-agent')}"):
        await page.evaluate("view => { location.hash = view; }", view)
        await page.wait_for_selector("main .tile, main tbody tr")
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert (view, await page.evaluate(wider)) == (view, 0)
        ground = await page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        ink = await page.evaluate("getComputedStyle(document.body).color.match(/\\d+/g).map(Number)")
        assert (sum(ground) < sum(ink)) is dark
    buttons = "[...document.querySelectorAll('nav a, main button')]"
    assert await page.evaluate(f"{buttons}.filter(each => each.offsetHeight && each.offsetHeight < 28).length") == 0


async def test_the_theme_is_chosen_by_hand_and_remembered(busy: Demo, open_page: Open) -> None:
    page = await open_page(busy)
    for name in ("light", "dark"):
        await page.locator("#theme").click()
        assert await page.locator("#theme").inner_text() == f"Theme: {name}"
    await page.reload()
    assert await page.evaluate("document.documentElement.dataset.theme") == "dark"


async def test_a_new_proxy_says_what_to_do(open_page: Open) -> None:
    async with running_proxy("http://127.0.0.1:9") as proxy:
        page = await open_page(proxy, "#/conversations")
        await page.wait_for_selector("text=Point an application's base_url at the traffic port")
        await page.evaluate("location.hash = '#/overview'")
        await page.wait_for_selector(".chart canvas")
        assert await tile(page, "Spend today") == "$0"
        assert await tile(page, "Sent again") == "\u2013"  # unknown, not 0


async def test_a_conversation_whose_requests_are_forgotten_says_so(open_page: Open) -> None:
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url, log_level="error") as proxy:
        proxy._recent._most = 1
        for text in ("one", "two"):
            await ask(proxy.url, post(chat_body(text=text)))
        await recorded(proxy, 2)
        await asyncio.sleep(1.1)
        first = (await api(Demo(proxy.admin_url), "conversations?sort=began&order=asc"))["items"][0]["id"]
        page = await open_page(proxy, f"#/conversation/{first}")
        await page.wait_for_selector("text=Its requests are not in memory")
        assert not await page.locator(".chart").is_visible()


async def test_pause_stops_the_updates(busy: Demo, open_page: Open) -> None:
    page = await open_page(busy)
    await page.wait_for_selector(".tile")
    await page.keyboard.press("p")
    assert await page.locator("#status").inner_text() == "Paused"
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url))
    await asyncio.sleep(2.5)
    assert asked == []
    await page.keyboard.press("p")
    await page.wait_for_function("() => document.getElementById('status').textContent === 'Live'")
