from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from costproxy.model.money import Cost
from costproxy.pricing.catalogue import Catalogue, load
from costproxy.pricing.prices import Names, Prices

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load()


@pytest.fixture(scope="session")
def prices(catalogue: Catalogue) -> Prices:
    return Prices(catalogue)


CostOf = Callable[..., Cost]


@pytest.fixture(scope="session")
def cost_of(prices: Prices) -> CostOf:
    """Price `usage` for a served model by the catalogue: `cost_of("openai", "gpt-4o", input=10)`."""

    def cost(dialect: str, model: str, *, at: datetime = NOW, tier: str | None = None, **usage: Any) -> Cost:
        return prices.cost(usage, Names(dialect=dialect, served=model), at=at, service_tier=tier)

    return cost
