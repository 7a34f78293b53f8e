"""By what one request is priced, looked up once however often it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass

from costproxy.model.money import Cost, CostQuality, CostSource, PriceReference, attribute
from costproxy.pricing.price import Priced, Tariff
from costproxy.pricing.reported import Reported

_UNCOUNTED = Priced(total=None, parts={}, reason="no token counts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The prices of one request, and whose they are."""

    tariff: Tariff
    source: CostSource  # of what the tariff gives
    reference: PriceReference | None = None

    def cost(
        self,
        usage_by_kind: Mapping[str, int] | None,
        *,
        units: Mapping[str, int] | None = None,
        reported: Reported | None = None,
        quality: CostQuality = CostQuality.EXACT,
    ) -> Cost:
        """Return the cost of a usage, see `costproxy.pricing.prices.Prices.cost`."""
        if usage_by_kind is None:
            priced, reference = _UNCOUNTED, None
        else:
            priced, reference = self.tariff.price(usage_by_kind, units), self.reference
        total, parts, source = priced.total, priced.parts, self.source
        if reported is not None:
            total, source, quality = reported.total, CostSource.REPORTED, CostQuality.EXACT
            parts = attribute(reported.total, priced.parts if priced.total is not None else None)
        if total is None:
            source, quality = CostSource.UNKNOWN, CostQuality.UNKNOWN
        return Cost(
            total=total,
            parts=parts,
            source=source,
            quality=quality,
            reported=reported.total if reported else None,
            reported_text=reported.text if reported else None,
            computed=priced.total,
            price=reference,
            reason=priced.reason,
        )
