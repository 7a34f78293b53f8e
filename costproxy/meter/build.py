"""A meter with all its parts, for a running proxy and for work offline."""

from costproxy.meter.conversations import Conversations
from costproxy.meter.estimator import Estimator
from costproxy.meter.meter import Meter
from costproxy.pricing.prices import Prices
from costproxy.quotas.rates import Rates
from costproxy.tokens.calibration import Calibrators
from costproxy.tokens.counter import TokenCounter
from costproxy.tokens.image_table import packaged_images
from costproxy.tokens.part_cache import PartCache
from costproxy.tokens.prompt import PromptReader
from costproxy.tokens.prompt_counter import PromptCounter


def build_meter(
    prices: Prices, *, secret: bytes, conversations: Conversations | None = None, rates: Rates | None = None
) -> Meter:
    """Return a meter; `secret` keys the digests of what it counts (16 to 64 random bytes of this process)."""
    counter = PromptCounter(
        counter=TokenCounter(threads=1),
        reader=PromptReader(images=packaged_images()),
        cache=PartCache(secret=secret),
    )
    return Meter(prices, Estimator(counter, Calibrators()), conversations, rates)
