"""The page's files: our own, readable, without a way for a value to become markup, and what is not ours unchanged."""

import hashlib
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from costproxy.admin.api import POLICY, Api
from costproxy.admin.gate import Gate
from costproxy.admin.server import Admin
from costproxy.admin.static import page_files
from tests.support.fake_source import FakeSource
from tests.support.project import PACKAGE

PAGE = PACKAGE / "admin" / "page"
VENDOR = PAGE / "vendor"
OURS = sorted(path for path in PAGE.glob("*.*"))
WAYS_TO_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|\beval\b|new Function"
    r"|srcdoc|javascript:"
)
MOST_LINES = 300


@pytest.fixture
async def client() -> AsyncIterator[TestClient[Any, Any]]:
    admin = Admin(CollectorRegistry(), lambda: True, Api(FakeSource(), Gate(host="127.0.0.1")))
    client = TestClient(TestServer(admin.application()))
    await client.start_server()
    yield client
    await client.close()


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_file_of_ours_makes_markup_of_values(path: Any) -> None:
    assert WAYS_TO_MARKUP.findall(path.read_text()) == []


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_file_of_ours_names_another_place(path: Any) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://|//[a-z]+\.[a-z]|@import|url\(", text) == []


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_files_can_be_read(path: Any) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_nothing_stands_inline_in_the_page() -> None:
    text = (PAGE / "index.html").read_text()
    assert re.findall(r"<style|\sstyle=|\son\w+=", text) == []
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


def test_what_the_page_asks_for_is_there() -> None:
    files = page_files()
    wanted = set(re.findall(r'(?:src|href)="page/([^"]+)"', (PAGE / "index.html").read_text()))
    for path in PAGE.glob("*.js"):
        wanted |= set(re.findall(r'from "\./([^"]+)"', path.read_text()))
    assert wanted <= set(files)
    assert {"main.js", "base.css", "vendor/uPlot.iife.min.js"} <= wanted
    unused = {name for name in files if not name.startswith("vendor/")} - wanted - {"index.html"}
    assert unused == set()


def test_third_party_files_are_the_published_ones_with_their_licence() -> None:
    sums = dict(line.split()[::-1] for line in (VENDOR / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {"uPlot.iife.min.js", "uPlot.min.css", "uPlot.LICENSE"}
    for name, digest in sums.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
    assert sums["uPlot.iife.min.js"] == "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"
    assert sums["uPlot.min.css"] == "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04"
    assert "MIT License" in (VENDOR / "uPlot.LICENSE").read_text()


def test_the_policy_lets_nothing_else_in() -> None:
    rules = dict(rule.strip().partition(" ")[::2] for rule in POLICY.split(";"))
    assert rules["default-src"] == "'none'"
    assert {rules[f"{kind}-src"] for kind in ("script", "style", "img", "connect")} == {"'self'"}
    assert (rules["frame-ancestors"], rules["base-uri"], rules["form-action"]) == ("'none'",) * 3
    assert rules["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in POLICY


@pytest.mark.parametrize(
    "path", ["/", "/page/main.js", "/page/vendor/uPlot.min.css", "/page/nothing", "/api/v1/health"]
)
async def test_every_answer_has_the_policy(client: TestClient[Any, Any], path: str) -> None:
    async with client.get(path) as reply:
        assert reply.headers["Content-Security-Policy"] == POLICY
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert "Access-Control-Allow-Origin" not in reply.headers


@pytest.mark.parametrize(
    "name", ["..%2fserver.py", "%2e%2e/api.py", "vendor/README.md", "vendor/", "index.html%00", "x"]
)
async def test_only_the_pages_own_files_are_served(client: TestClient[Any, Any], name: str) -> None:
    async with client.get(f"/page/{name}") as reply:
        assert reply.status == 404


async def test_a_file_that_a_browser_has_is_not_sent_again(client: TestClient[Any, Any]) -> None:
    async with client.get("/page/main.js") as reply:
        assert (reply.status, reply.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
        tag = reply.headers["ETag"]
    async with client.get("/page/main.js", headers={"If-None-Match": tag}) as reply:
        assert (reply.status, await reply.read()) == (304, b"")
