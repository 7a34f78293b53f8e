"""The servers and the applications; each runs once and is shared, the proxies are every test's own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.servers.account import Server
from tests.clients.servers.aimock import Aimock, running_aimock
from tests.clients.servers.llama import Llama, running_llama
from tests.support.application import Application, application
from tests.support.needs import need, need_npm

pytest.register_assert_rewrite("tests.clients.compare")

APPS = Path(__file__).with_name("apps")


@pytest.fixture(scope="session")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aimock]:
    with running_aimock(tmp_path_factory.mktemp("aimock")) as server:
        yield server


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    with running_llama(tmp_path_factory.mktemp("llama")) as server:
        yield server


@pytest.fixture(params=["aimock", "llama"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each of the servers that somebody else wrote."""
    chosen: Server = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="module")
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The application that a module of tests names in `APP`, or a test by indirect parametrization."""
    name = getattr(request, "param", None) or request.module.APP
    with application(_command(name), folder=tmp_path_factory.mktemp(name.partition(".")[0])) as running:
        yield running


def _command(name: str) -> list[str | Path]:
    if name.endswith(".mjs"):
        need_npm("openai")
        return [need("node"), APPS / name]
    return [sys.executable, "-m", f"tests.clients.apps.{name}"]
