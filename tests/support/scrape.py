"""What a proxy's /metrics says, read by the format's own parser."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from costproxy.app import Proxy

_EVERY = 0.01  # seconds between scrapes


@dataclass(frozen=True, slots=True)
class Scrape:
    """One scrape; sample names are whole: `costproxy_requests_total`."""

    samples: tuple[Sample, ...]

    def all(self, name: str, **labels: str) -> list[Sample]:
        """Return the samples of that name that have these labels, and perhaps more."""
        wanted = labels.items()
        return [each for each in self.samples if each.name == name and wanted <= each.labels.items()]

    def total(self, name: str, **labels: str) -> float:
        """Return their sum, 0 without any."""
        return sum(each.value for each in self.all(name, **labels))

    def by(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Return their sums by the values of one label, those of 0 left out."""
        sums: dict[str, float] = {}
        for each in self.all(name, **labels):
            value = each.labels[label]
            sums[value] = sums.get(value, 0.0) + each.value
        return {value: count for value, count in sums.items() if count}

    @property
    def outcomes(self) -> dict[str, float]:
        """How many requests came to an end, by outcome; those that did not occur are left out."""
        return self.by("costproxy_requests_total", "outcome")

    @property
    def requests(self) -> float:
        """How many requests came to an end."""
        return self.total("costproxy_requests_total")

    @property
    def in_flight(self) -> float:
        """How many requests are under way."""
        return self.total("costproxy_in_flight_requests")


async def scrape(proxy: Proxy) -> Scrape:
    """Return what the proxy's /metrics says now.

    Raises:
        AssertionError: it does not answer 200.
        ValueError: what it says is not in Prometheus' format.
    """
    async with aiohttp.ClientSession() as session, session.get(f"{proxy.admin_url}/metrics") as answer:
        text = await answer.text()
    assert answer.status == 200, text
    families = text_string_to_metric_families(text)
    return Scrape(tuple(sample for family in families for sample in family.samples))


async def scrape_until(proxy: Proxy, holds: Callable[[Scrape], object], *, within: float = 5.0) -> Scrape:
    """Return the first scrape of which `holds` is true: a turn is recorded a moment after its last byte.

    Raises:
        AssertionError: none was within that many seconds; the message gives what was counted instead.
    """
    deadline = asyncio.get_running_loop().time() + within
    while not holds(seen := await scrape(proxy)):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"expected it to hold within {within:g} s, found {_told(seen)}")
        await asyncio.sleep(_EVERY)
    return seen


async def recorded(proxy: Proxy, count: int = 1, *, within: float = 5.0) -> Scrape:
    """Return the first scrape in which `count` requests have come to an end and none is under way.

    Raises:
        AssertionError: as `scrape_until`; more than `count` is never what was expected.
    """
    return await scrape_until(proxy, lambda seen: seen.requests == count and not seen.in_flight, within=within)


def _told(seen: Scrape) -> str:
    counted = [f"{each.name}{each.labels} {each.value:g}" for each in seen.samples if _is_telling(each)]
    return "\n  ".join(["", *counted])


def _is_telling(sample: Sample) -> bool:
    ours = sample.name.startswith("costproxy_") and sample.name != "costproxy_build_info"
    return ours and bool(sample.value) and "le" not in sample.labels
