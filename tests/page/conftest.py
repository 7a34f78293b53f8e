"""A browser, and a proxy with traffic to look at."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.page.demo import Demo, running_demo
from tests.support.needs import need

ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DESKTOP, PHONE = {"width": 1360, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    """Chromium, without a window."""
    program = need("chromium")
    playwright = pytest.importorskip("playwright.async_api")
    async with playwright.async_playwright() as play:
        browser = await play.chromium.launch(executable_path=str(program), args=list(ARGUMENTS))
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(browser: Any) -> AsyncIterator[Callable[..., Any]]:
    """Opens a page; whatever it complains about, such as a breach of its policy, fails the test at the end."""
    complaints: list[str] = []

    async def open_(proxy: Any, route: str = "#/overview", *, dark: bool = False, phone: bool = False) -> Any:
        context = await browser.new_context(
            viewport=PHONE if phone else DESKTOP, color_scheme="dark" if dark else "light", reduced_motion="reduce"
        )
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(proxy.admin_url) else complaints.append(f"asks {asked.url}"),
        )
        await page.goto(f"{proxy.admin_url}/{route}")
        await page.wait_for_selector("h1")
        return page

    yield open_
    assert [each for each in complaints if "404 (Not Found)" not in each] == []  # as forgotten conversations are


@pytest.fixture(scope="module")
def busy() -> Iterator[Demo]:
    """A proxy with the demo's applications at work, in a process of its own."""
    with running_demo() as demo:
        yield demo
