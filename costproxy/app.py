"""One running proxy, built out of its parts; start-up and shutdown."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from aiohttp import web

from costproxy import __version__
from costproxy.admin.api import Api
from costproxy.admin.gate import Gate
from costproxy.admin.live import LiveSource
from costproxy.admin.server import Admin
from costproxy.bookkeeping import Bookkeeping
from costproxy.conversations.tracker import Tracker
from costproxy.errors import CostproxyError
from costproxy.meter.build import build_meter
from costproxy.meter.conversations import Conversations
from costproxy.overrides import open_prices, thresholds
from costproxy.pricing.prices import Prices
from costproxy.quotas.rates import Rates
from costproxy.recording.log import Log
from costproxy.recording.metrics import Metrics
from costproxy.recording.recent import Recent
from costproxy.recording.recorder import Recorder
from costproxy.relay.instruments import Instruments
from costproxy.relay.relay import Relay
from costproxy.relay.server import TrafficServer
from costproxy.relay.upstream import Routes, open_upstream
from costproxy.settings import Settings
from costproxy.wire.observer import Limits
from costproxy.wire.sessions import SessionNames

_BACKLOG = 2048
# Seconds that a thread may compute before traffic gets its turn again; Python's own 5 ms add up for a reply
# that goes to and fro while /metrics is rendered or a large body is read.
_SWITCHING = 0.0005
# Large requests make tens of thousands of objects at once, none of them in a cycle; with Python's own thresholds they
# bring about full collections of 100 ms and more, in which everything else stands still.
_COLLECTING = (20_000, 50, 1000)


class StartError(CostproxyError):
    """The proxy could not start; the message says what to change."""


class Proxy:
    """A proxy that runs from `start` to `stop`; also an async context manager."""

    def __init__(self, settings: Settings, *, env: Mapping[str, str] | None = None) -> None:
        """Take the settings, and the environment if it is not that of this process."""
        self._settings = settings
        self.metrics = Metrics(
            upstreams=tuple(each.name for each in settings.upstreams),
            models=settings.limits.models,
            apps=settings.limits.apps,
            pairs=settings.limits.pairs,
            thresholds=thresholds(settings),
        )
        self._log = Log(level=settings.log.level, form=settings.log.format, on_drop=self._count_lost_line)
        self._bookkeeping = Bookkeeping(settings, os.environ if env is None else env, self._log, self.metrics)
        self._secret = self._bookkeeping.secret
        prices = open_prices(settings)
        self.metrics.watch_price_table(prices.catalogue.info, lambda: datetime.now(UTC))
        self._rates = Rates()
        self.metrics.watch_rates(self._rates, time.perf_counter, self._log.calmed)
        self._recent = Recent()
        self._tracker: Tracker | None = None
        self._started = time.time()
        conversations = self._conversations(prices)
        self.ledger = self._bookkeeping.open(conversations.tracker if conversations is not None else None)
        ledger = (("ledger", self.ledger),) if self.ledger else ()
        self._recorder = Recorder(
            build_meter(prices, secret=self._secret, conversations=conversations, rates=self._rates),
            (("metrics", self.metrics), ("log", self._log), ("recent", self._recent), *ledger),
            self.metrics.failed,
            announce=self.metrics.announce,
            reply_headers=settings.conversations.response_headers,
        )
        self._relay: Relay | None = None
        self._server: TrafficServer | None = None
        self._listener: asyncio.Server | None = None
        self._admin: web.AppRunner | None = None
        self.url = ""
        self.admin_url = ""

    def __repr__(self) -> str:
        return f"<Proxy {self.url or 'not started'}>"

    @property
    def ready(self) -> bool:
        """Whether requests are taken."""
        return self._listener is not None and self._listener.is_serving()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop(grace=0.0)

    async def start(self) -> None:
        """Listen on both ports.

        Raises:
            StartError: a port is taken, a host is not ours, or a certificate file cannot be read.
        """
        for notice in self._settings.notices:
            self._log.event("settings", notice=notice)
        try:
            await self._start_traffic()
            await self._start_admin()
        except StartError:
            await self.stop(grace=0.0)
            raise
        self._say_what_runs()

    async def _start_traffic(self) -> None:
        settings = self._settings
        self._relay = relay = self._build_relay()
        self.metrics.watch_in_flight(relay.in_flight)
        self._server = relay.server()
        loop = asyncio.get_running_loop()
        with _explained("listen", settings.listen.host, settings.listen.port):
            self._listener = await loop.create_server(
                self._server, settings.listen.host, settings.listen.port, backlog=_BACKLOG
            )
        self.url = _url(self._listener.sockets[0].getsockname())

    async def stop(self, *, grace: float) -> None:
        """Stop taking requests, let those under way finish for `grace` seconds, then stop."""
        relay = self._relay
        if self._listener is not None:
            self._listener.close()
        if relay is not None and self._server is not None:
            relay.wind_down(self._server)
            under_way = sum(relay.in_flight.values())
            if under_way and grace:
                self._log.event("shutdown", waiting_for=under_way, grace_s=grace)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await relay.wait_until_quiet()
                    await self._server.wait_until_empty()
            relay.cut()
            await self._server.shutdown(0.1)
            relay.close()
        if self._admin is not None:
            await self._admin.cleanup()
        self._recorder.close()
        if self.ledger is not None:
            await asyncio.to_thread(self.ledger.close)
        if self.admin_url:
            self._log.event("stopped")
        self._log.close()

    def _conversations(self, prices: Prices) -> Conversations | None:
        own = self._settings.conversations
        if not own.enabled:
            return None
        tracker = Tracker(secret=self._secret, threads=own.threads, idle=own.idle, life=own.life)
        self._tracker = tracker
        self.metrics.watch_conversations(tracker, time.time)
        return Conversations(tracker, prices, warn_at=own.warn_at)

    def _build_relay(self) -> Relay:
        settings = self._settings
        try:
            upstreams = tuple(open_upstream(each) for each in settings.upstreams)
        except OSError as error:
            raise StartError(f"ca_file: expected a readable PEM file, found {error.strerror or error}") from None
        own = settings.conversations
        instruments = Instruments(
            desk=self._recorder,
            secret=self._secret,
            limits=Limits(body=settings.limits.metered_bytes, decoded=settings.limits.decoded_bytes),
            names=SessionNames(headers=own.session_headers, fields=own.session_fields),
        )
        return Relay(Routes(upstreams), apps=settings.apps, instruments=instruments)

    async def _start_admin(self) -> None:
        where = self._settings.admin
        api = Api(self._source(), Gate(host=where.host, token=where.token))
        admin = Admin(self.metrics.registry, lambda: self.ready, api)
        self._admin = web.AppRunner(admin.application(), access_log=None, shutdown_timeout=1.0)
        await self._admin.setup()
        with _explained("admin", where.host, where.port):
            await web.TCPSite(self._admin, where.host, where.port).start()
        self.admin_url = _url(self._admin.addresses[0])

    def _source(self) -> LiveSource:
        return LiveSource(
            recent=self._recent,
            tracker=self._tracker,
            rates=self._rates,
            registry=self.metrics.registry,
            in_flight=lambda: self._relay.in_flight if self._relay is not None else {},
            steady=time.monotonic,
            started=self._started,
            thresholds=thresholds(self._settings),
        )

    def _say_what_runs(self) -> None:
        self._log.event("listening", url=self.url, admin_url=self.admin_url, version=__version__)
        for each in self._settings.upstreams:
            facts = {"mount": each.mount, "url": each.url, "dialect": each.dialect, "include_usage": each.include_usage}
            self._log.event("upstream", upstream=each.name, **facts)

    def _count_lost_line(self) -> None:
        self.metrics.failed("log")


@contextlib.contextmanager
def _explained(section: str, host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        number = error.errno or 0  # those of name resolution are negative, and are not the operating system's
        reason = os.strerror(number) if number > 0 else error.strerror or str(error)
        text = f"{section}: expected an address that is free and ours, found {host}:{port} ({reason.lower()})"
        raise StartError(f"{text}; choose another port or host, or 0 for a free port") from None


def _url(address: tuple[str, int] | tuple[str, int, int, int]) -> str:
    host, port = address[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(settings: Settings) -> int:
    """Run a proxy until SIGTERM or SIGINT; a second signal ends the grace period. Returns the exit code.

    Raises:
        StartError: as `Proxy.start`.
    """
    try:
        import uvloop  # noqa: PLC0415  # optional where it does not exist (Windows)

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        runner.run(_serve(settings))
    return 0


async def _serve(settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    asked, again = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (again if asked.is_set() else asked).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # its messages may quote addresses and data
    proxy = Proxy(settings)
    await proxy.start()
    gc.freeze()  # what exists now lives as long as the process
    gc.set_threshold(*_COLLECTING)
    sys.setswitchinterval(_SWITCHING)
    await asked.wait()
    stopping = asyncio.create_task(proxy.stop(grace=settings.shutdown.grace), name="stop")
    impatience = asyncio.create_task(again.wait(), name="second signal")
    await asyncio.wait((stopping, impatience), return_when=asyncio.FIRST_COMPLETED)
    impatience.cancel()
    if not stopping.done():
        stopping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stopping
        await proxy.stop(grace=0.0)
