"""Which application a request is counted for: what it calls itself, else what its key is called, else the default."""

import hashlib
from pathlib import Path

import pytest

from costproxy.demo.upstream import SimulatedUpstream, always
from tests.support.chats import answer, chat_body
from tests.support.proxy import running_proxy
from tests.support.raw import Header, ask, post
from tests.support.scrape import recorded

pytestmark = pytest.mark.timeout(20)

KEY = b"sk-the-shop's-own-key"
DIGEST = hashlib.sha256(KEY).hexdigest()
BEARER = (b"Authorization", b"Bearer " + KEY)


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    path = tmp_path / "costproxy.toml"
    path.write_text(f'[apps.keys]\n"sha256:{DIGEST[:16]}" = "shop"\n', encoding="utf-8")
    return path


async def app_of(*headers: Header, file: Path | None = None, **flags: object) -> str:
    """Send one request with these headers; return the application it was counted for."""
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url, file=file, **flags) as proxy:
        await ask(proxy.url, post(chat_body(), *headers))
        counted = await recorded(proxy)
        assert [value for name, value in up.requests[0].headers if b"costproxy" in name.lower()] == []
        assert all(up.requests[0].header(name.decode()) == value for name, value in headers if name in KEY_HEADERS)
    (app,) = counted.by("costproxy_requests_total", "app")
    assert counted.by("costproxy_tokens_total", "app") == {app: 15}
    return app


KEY_HEADERS = (b"Authorization", b"api-key", b"X-Api-Key", b"x-goog-api-key")


@pytest.mark.parametrize("name", [b"x-costproxy-app", b"X-CostProxy-App", b"X-COSTPROXY-APP"])
async def test_an_application_may_name_itself(name: bytes) -> None:
    assert await app_of((name, b"support-bot")) == "support-bot"


async def test_the_header_has_the_name_the_operator_gives_it() -> None:
    assert await app_of((b"X-Team", b"search"), apps_header="x-team") == "search"


@pytest.mark.parametrize("header", [BEARER, *((name, KEY) for name in KEY_HEADERS)], ids=lambda header: str(header[0]))
async def test_an_application_is_known_by_the_digest_of_its_key(settings: Path, header: Header) -> None:
    assert await app_of(header, file=settings) == "shop"


async def test_what_an_application_calls_itself_comes_before_what_its_key_is_called(settings: Path) -> None:
    assert await app_of(BEARER, (b"x-costproxy-app", b"night-shift"), file=settings) == "night-shift"


async def test_a_key_nobody_named_is_the_default(settings: Path) -> None:
    assert await app_of((b"Authorization", b"Bearer sk-another"), file=settings) == "default"


async def test_without_header_and_key_it_is_the_default(settings: Path) -> None:
    assert await app_of(file=settings) == "default"


@pytest.mark.parametrize(
    ("value", "app"),
    [
        (b"", "default"),
        (b"   ", "default"),
        (b"a\tb", "a?b"),
        (b"caf\xc3\xa9", "café"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'"quoted\\"', '"quoted\\"'),
        (b"x" * 101, "other"),
    ],
)
async def test_odd_names_are_made_fit_for_a_label(value: bytes, app: str) -> None:
    assert await app_of((b"x-costproxy-app", value)) == app


async def test_nothing_of_a_key_is_in_the_metrics_or_the_log(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with SimulatedUpstream(always(answer())) as up, running_proxy(up.url, file=settings) as proxy:
        await ask(proxy.url, post(chat_body(), BEARER))
        counted = await recorded(proxy)
    told = capsys.readouterr().out + repr(counted.samples)
    for secret in (KEY.decode(), DIGEST[:8]):
        assert secret not in told
