"""One finished exchange in, one metered and priced turn out: the only room that knows those on floor 2."""

from costproxy.meter.estimator import Estimator
from costproxy.meter.meter import Meter
from costproxy.meter.outcome import limit_reason, outcome, usage_missing

__all__ = ["Estimator", "Meter", "limit_reason", "outcome", "usage_missing"]
