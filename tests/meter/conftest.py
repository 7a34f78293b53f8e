from collections.abc import Callable

import pytest

from costproxy.meter import Meter
from costproxy.meter.build import build_meter
from costproxy.pricing.catalogue import load
from costproxy.pricing.prices import Prices

MakeMeter = Callable[[], Meter]
SECRET = b"0123456789abcdef"


@pytest.fixture(scope="session")
def prices() -> Prices:
    return Prices(load())


@pytest.fixture(scope="session")
def meter(prices: Prices) -> Meter:
    """A meter as a running proxy has it; it is never given a bill to learn from."""
    return build_meter(prices, secret=SECRET)


@pytest.fixture
def new_meter(prices: Prices) -> MakeMeter:
    return lambda: build_meter(prices, secret=SECRET)
