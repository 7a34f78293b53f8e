"""What is compared: no proxy, a bare one, and costproxy as it starts from its command line."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.process import Process, fetch, free_port

DIRECT = "direct"
BARE = "bare aiohttp"
COSTPROXY = "costproxy"
NAMES = (DIRECT, BARE, COSTPROXY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """What a meter has counted."""

    requests: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to the upstream; without a `process` it is the direct one."""

    name: str
    port: int  # where requests go
    process: Process | None = None
    admin: str = ""  # URL of the meter, "" without one

    def metered(self) -> Metered | None:
        """Return what it has counted so far, None if it does not count."""
        if not self.admin:
            return None
        families = text_string_to_metric_families(fetch(f"{self.admin}/metrics"))
        samples = [sample for family in families for sample in family.samples]

        def total(name: str) -> int:
            return round(sum(each.value for each in samples if each.name == name))

        return Metered(requests=total("costproxy_requests_total"), tokens=total("costproxy_tokens_total"))


def direct(upstream: int, _core: int | None, _folder: Path) -> Contender:
    """Return the way without a proxy."""
    return Contender(name=DIRECT, port=upstream)


def bare(upstream: int, core: int | None, folder: Path) -> Contender:
    """Start the bare pass-through."""
    port = free_port()
    module = ("benchmarks.bare_aiohttp", f"http://127.0.0.1:{upstream}", str(port))
    # It has no address of its own; the upstream says 200 to any GET.
    process = Process(module, ready=f"http://127.0.0.1:{port}/readyz", core=core, folder=folder)
    return Contender(name=BARE, port=port, process=process)


def costproxy(upstream: int, core: int | None, folder: Path) -> Contender:
    """Start costproxy with its defaults; its log goes nowhere, but it is written."""
    port, admin_port = free_port(), free_port()
    ports = ("--port", str(port), "--admin-port", str(admin_port))
    flags = (*ports, "--data-dir", str(folder))
    module = ("costproxy", "serve", "--upstream", f"http://127.0.0.1:{upstream}", *flags)
    admin = f"http://127.0.0.1:{admin_port}"
    process = Process(module, ready=f"{admin}/readyz", core=core, folder=folder)
    return Contender(name=COSTPROXY, port=port, process=process, admin=admin)


Starter = Callable[[int, int | None, Path], Contender]

STARTERS: dict[str, Starter] = {DIRECT: direct, BARE: bare, COSTPROXY: costproxy}
