"""What the biller itself says a request cost."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from costproxy.model.money import PICO_PER_TICK, parse_dollars, parse_ticks, pico

_TICKS = "cost_in_usd_ticks"
_COUNTS = ("total_tokens", "prompt_tokens", "completion_tokens", "input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A cost stated by the biller."""

    total: int  # p$
    text: str  # the biller's own digits, as far as JSON kept them
    by: str  # field of the usage object


def reported_cost(usage: Mapping[str, Any], *, dialect: str) -> Reported | None:
    """Return the cost stated in a raw usage object, None when there is none that can be believed.

    Only who sends the bill is believed: xAI's ticks wherever they come through, OpenRouter's and Perplexity's cost
    at their own upstreams. A gateway's estimate is no bill. A 0 beside tokens means that the cost is not reported,
    except at OpenRouter, which has free models.
    Source: docs.x.ai/developers/cost-tracking; openrouter.ai/docs/use-cases/usage-accounting; docs.perplexity.ai.
    """
    ticks = _xai(usage)
    if ticks is not None:
        return ticks
    read = READERS.get(dialect)
    return None if read is None else read(usage)


def _xai(usage: Mapping[str, Any]) -> Reported | None:
    ticks = parse_ticks(usage.get(_TICKS))
    if ticks is None or (not ticks and _has_tokens(usage)):
        return None
    return Reported(total=round(ticks * PICO_PER_TICK), text=str(usage[_TICKS]), by=_TICKS)


def _openrouter(usage: Mapping[str, Any]) -> Reported | None:
    cost = parse_dollars(usage.get("cost"))
    if cost is None:
        return None
    if usage.get("is_byok") is not True:
        return Reported(total=pico(cost), text=str(usage["cost"]), by="cost")
    upstream = _upstream_cost(usage)
    if upstream is None:
        return None
    text = f"{usage['cost']} + {upstream}"
    return Reported(total=pico(cost + upstream), text=text, by="cost + cost_details.upstream_inference_cost")


def _upstream_cost(usage: Mapping[str, Any]) -> Decimal | None:
    """Return what the provider charges the user's own key; `cost` is then only the router's fee."""
    details = usage.get("cost_details")
    return parse_dollars(details.get("upstream_inference_cost")) if isinstance(details, Mapping) else None


def _perplexity(usage: Mapping[str, Any]) -> Reported | None:
    cost = usage.get("cost")
    total = parse_dollars(cost.get("total_cost")) if isinstance(cost, Mapping) else None
    if total is None or not isinstance(cost, Mapping) or (not total and _has_tokens(usage)):
        return None
    return Reported(total=pico(total), text=str(cost["total_cost"]), by="cost.total_cost")


def _has_tokens(usage: Mapping[str, Any]) -> bool:
    return any(usage.get(count) for count in _COUNTS)


READERS: Mapping[str, Callable[[Mapping[str, Any]], Reported | None]] = MappingProxyType(
    {"openrouter": _openrouter, "perplexity": _perplexity}
)
