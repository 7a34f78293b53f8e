"""What must hold between settings that are right one by one."""

from collections.abc import Iterator, Mapping

from costproxy.settings.keys import MODELS, NAMED, KeyPath
from costproxy.settings.layer import Given, hint
from costproxy.settings.refusal import dotted
from costproxy.settings.sections import Settings
from costproxy.settings.upstream import UpstreamSettings

ALL_INTERFACES = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised here, not listened on
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def problems_of(settings: Settings, given: Mapping[KeyPath, Given]) -> list[str]:
    """Return what is wrong between settings, one line each; `given` tells where they were set."""
    places = {path: value.place for path, value in given.items()}
    return [
        f"{places.get(path, dotted(path))}: {problem}"
        for check in (_ports, _mounts, _names, _loops, _files, _models, _own_prices, _lives, _ledger)
        for path, problem in check(settings)
    ]


def _path(upstream: UpstreamSettings, key: str) -> KeyPath:
    return ("upstream", key) if upstream.mount == "/" else (NAMED, upstream.name, key)


def _ports(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    listen, admin = settings.listen, settings.admin
    hosts = {listen.host, admin.host}
    if listen.port and listen.port == admin.port and (len(hosts) == 1 or hosts & ALL_INTERFACES):
        yield ("admin", "port"), f"expected another port than the traffic port, found {admin.port} for both"


def _mounts(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    seen: dict[str, str] = {}
    for upstream in settings.upstreams:
        if upstream.mount == "/v1":
            yield _path(upstream, "mount"), "expected another mount than the default upstream's own path /v1"
        other = seen.setdefault(upstream.mount, upstream.name)
        if other != upstream.name:
            found = f'"{upstream.mount}", where "{other}" is mounted'
            yield _path(upstream, "mount"), f"expected a mount of its own, found {found}"


def _names(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    default, *named = settings.upstreams
    if any(upstream.name == default.name for upstream in named):
        yield (
            (NAMED, default.name),
            f'expected a name of its own, found "{default.name}", the default upstream\'s name',
        )


def _loops(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    here = {settings.listen.host}
    if here & (ALL_INTERFACES | LOOPBACK):
        here |= LOOPBACK | ALL_INTERFACES
    for upstream in settings.upstreams:
        if upstream.port == settings.listen.port and upstream.host in here:
            yield _path(upstream, "url"), "expected the address of an upstream, found the traffic port's own"


def _models(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    upstreams = [upstream.name for upstream in settings.upstreams]
    seen: set[tuple[str, str | None]] = set()
    for model in settings.models:
        if model.upstream is not None and model.upstream not in upstreams:
            expected = f"one of {', '.join(upstreams)}{hint(model.upstream, upstreams)}"
            yield (MODELS, model.table, "upstream"), f'expected {expected}, found "{model.upstream}"'
        which = model.name.lower(), model.upstream
        if which in seen:
            yield (
                (MODELS, model.table),
                "expected one table for each model and upstream, found another one for the same",
            )
        seen.add(which)


def _own_prices(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    for model in settings.models:
        if model.prices and not {"input", "output"} <= model.prices.keys():
            expected = "price_input and price_output, since own prices take the place of all the catalogue's"
            yield (MODELS, model.table), f"expected {expected}, found only price_{', price_'.join(model.prices)}"


def _lives(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    idle, life = settings.conversations.idle, settings.conversations.life
    if idle > life:
        yield ("conversations", "idle"), f"expected at most conversations.life, {life:g} seconds, found {idle:g}"


def _ledger(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    kept, totals = settings.ledger.keep_days, settings.ledger.totals_days
    if totals < kept:
        yield ("ledger", "totals_days"), f"expected at least ledger.keep_days, {kept}, found {totals}"


def _files(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    for upstream in settings.upstreams:
        try:
            if upstream.ca_file is not None:
                upstream.ca_file.open("rb").close()
        except OSError as error:
            yield _path(upstream, "ca_file"), f"expected a readable PEM file, found: {error.strerror}"
