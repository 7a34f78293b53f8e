"""A proxy of one's own for a test: the real one, on free ports of this machine, in the test's own loop."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from costproxy.app import Proxy
from costproxy.demo.upstream import SimulatedUpstream
from costproxy.settings import Settings, load_settings


def proxy_settings(upstream_url: str, *, file: Path | None = None, **flags: object) -> Settings:
    """Return the settings of a proxy on free ports; `flags` are settings by word, such as `upstream_keepalive=1`."""
    flags = {"ledger_enabled": "data_dir" in flags, **flags}  # never in the home of whoever runs the tests
    return load_settings(file=file, env={}, flags={"upstream": upstream_url, "port": 0, "admin_port": 0, **flags})


@asynccontextmanager
async def running_proxy(upstream_url: str, *, file: Path | None = None, **flags: object) -> AsyncIterator[Proxy]:
    """Run a proxy in front of `upstream_url`: its `url` and `admin_url` have no path."""
    async with Proxy(proxy_settings(upstream_url, file=file, **flags)) as proxy:
        yield proxy


@asynccontextmanager
async def in_front_of(
    upstream: SimulatedUpstream, *, file: Path | None = None, **flags: object
) -> AsyncIterator[Proxy]:
    """Run a simulated upstream, and a proxy in front of it.

    Raises:
        AssertionError: at the end, if anything the proxy sent was malformed, or if the upstream's plan failed.
    """
    async with upstream, running_proxy(upstream.url, file=file, **flags) as proxy:
        yield proxy
    assert upstream.faults == []
    assert upstream.errors == []


def settings_file(folder: Path, *, mounts: Mapping[str, str]) -> Path:
    """Write a settings file whose further upstreams are `mounts`: URLs by name; each is mounted at `/NAME`."""
    path = folder / "costproxy.toml"
    tables = [f'[upstreams.{name}]\nurl = "{url}"\n' for name, url in mounts.items()]
    path.write_text("\n".join(tables), encoding="utf-8")
    return path
