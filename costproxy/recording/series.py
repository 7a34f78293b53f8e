"""Every series costproxy exports: the contract that dashboards and rules hold on to."""

from costproxy.recording import series_conversations, series_rates
from costproxy.recording.series_shape import Series

# Chat replies last minutes, not milliseconds; the library's own buckets end at 10 s.
DURATIONS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 900)
FIRST_TOKENS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 20, 30, 60, 120)
PER_TOKEN = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1)
OVERHEADS = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
TOKENS = (128, 512, *(1024 * 2**step for step in range(12)))  # 1 Ki to 2 Mi

RATIOS = (0.1, 0.5, 0.9, 0.99, 0.999, 1.001, 1.01, 1.1, 2, 10)

REQUESTS = Series(
    name="requests",
    kind="counter",
    labels=("upstream", "api", "model", "app", "outcome", "status"),
    help="Requests that came to an end, by outcome and status class. Those under way are not counted yet.",
)
TOKENS_USED = Series(
    name="tokens",
    kind="counter",
    labels=("upstream", "model", "app", "kind", "quality"),
    help="Tokens by disjoint kind, so that sums count nothing twice. Estimated ones have a quality of their own.",
)
COST = Series(
    name="cost_usd",
    kind="counter",
    labels=("upstream", "model", "app", "kind", "quality", "source"),
    help="Dollars by token kind (other: what no kind explains). Requests of unknown cost are not in it, see unpriced.",
)
COST_SOURCES = Series(
    name="cost_sources",
    kind="counter",
    labels=("upstream", "source"),
    help="Chat requests by who said what they cost: the biller, the operator's prices, the catalogue, or nobody.",
)
UNPRICED_REQUESTS = Series(
    name="unpriced_requests",
    kind="counter",
    labels=("upstream", "model"),
    help="Chat requests that may have cost something, nobody knows what. Their cost is unknown, not 0.",
)
UNPRICED_TOKENS = Series(
    name="unpriced_tokens",
    kind="counter",
    labels=("upstream", "model", "kind"),
    help="Tokens of those requests, as far as these are known.",
)
COST_REPORTED = Series(
    name="reported_cost_usd",
    kind="counter",
    labels=("upstream", "model"),
    help="Dollars reported by billers, of requests whose cost could be computed too. Not to be added to anything.",
)
COST_COMPUTED = Series(
    name="computed_cost_usd",
    kind="counter",
    labels=("upstream", "model"),
    help="Dollars computed for the same requests; the ratio of the two shows drift of the price table.",
)
COST_RATIO = Series(
    name="reported_to_computed_cost_ratio",
    kind="histogram",
    labels=("upstream", "model"),
    help="Reported over computed cost per request; 1 is agreement.",
    buckets=RATIOS,
)
PRICE_TABLE_INFO = Series(
    name="price_table_info",
    kind="gauge",
    labels=("version", "date", "sha256"),
    help="Always 1; the price table that is used is in the labels.",
)
PRICE_TABLE_AGE = Series(
    name="price_table_age_seconds",
    kind="gauge",
    labels=(),
    help="Seconds since the prices were read from their sources.",
)
FINISH_REASONS = Series(
    name="finish_reasons",
    kind="counter",
    labels=("upstream", "model", "app", "reason"),
    help="Why choices of chat replies ended; a reply with n choices counts n times.",
)
RATE_LIMITED = Series(
    name="rate_limited",
    kind="counter",
    labels=("upstream", "model", "app", "reason"),
    help="Requests the upstream rejected for a limit, by the limit. Reason quota is money: waiting does not help.",
)
USAGE = Series(
    name="usage",
    kind="counter",
    labels=("upstream", "model", "app", "source"),
    help="Chat replies that began with success, by whether the provider reported their usage or it is missing.",
)
USAGE_MISSING = Series(
    name="usage_missing",
    kind="counter",
    labels=("upstream", "reason"),
    help="Chat replies without usage, by why it is missing. Their tokens are unknown, not zero.",
)
USAGE_ANOMALIES = Series(
    name="usage_anomalies",
    kind="counter",
    labels=("upstream", "kind"),
    help="Contradictions in reported usage that were repaired; its tokens have quality adjusted.",
)
UNMETERED = Series(
    name="unmetered",
    kind="counter",
    labels=("upstream", "reason"),
    help="Exchanges that passed but could not be read in whole or part, by why. Reason api is an API not read yet.",
)
IN_FLIGHT = Series(
    name="in_flight_requests",
    kind="gauge",
    labels=("upstream",),
    help="Requests under way.",
)
DURATION = Series(
    name="request_duration_seconds",
    kind="histogram",
    labels=("upstream", "api", "model"),
    help="Seconds from a request's head to the last byte of its reply.",
    buckets=DURATIONS,
)
FIRST_TOKEN = Series(
    name="time_to_first_token_seconds",
    kind="histogram",
    labels=("upstream", "model"),
    help="Seconds from a request's head to the first generated token of a streamed reply. Plain replies have none.",
    buckets=FIRST_TOKENS,
)
PER_OUTPUT_TOKEN = Series(
    name="time_per_output_token_seconds",
    kind="histogram",
    labels=("upstream", "model"),
    help="Seconds per token after the first, one observation a streamed reply whose usage is known.",
    buckets=PER_TOKEN,
)
OVERHEAD = Series(
    name="overhead_seconds",
    kind="histogram",
    labels=("upstream",),
    help="Seconds a request spent in costproxy itself, waiting for neither side, until its reply was passed on.",
    buckets=OVERHEADS,
)
PROMPT_TOKENS = Series(
    name="prompt_tokens",
    kind="histogram",
    labels=("upstream", "model"),
    help="Prompt tokens per chat reply with reported usage, cached ones included.",
    buckets=TOKENS,
)
COMPLETION_TOKENS = Series(
    name="completion_tokens",
    kind="histogram",
    labels=("upstream", "model"),
    help="Completion tokens per chat reply with reported usage, reasoning included.",
    buckets=TOKENS,
)
REQUEST_BYTES = Series(
    name="request_bytes",
    kind="counter",
    labels=("upstream", "api"),
    help="Bytes of request bodies as clients sent them, headers not included.",
)
RESPONSE_BYTES = Series(
    name="response_bytes",
    kind="counter",
    labels=("upstream", "api"),
    help="Bytes of reply bodies as upstreams sent them, headers and framing not included.",
)
LABEL_OVERFLOW = Series(
    name="label_overflow",
    kind="counter",
    labels=("label",),
    help="Times a label value was counted under other for a cap: on models, on applications, on pairs of the two.",
)
RECORD_FAILURES = Series(
    name="record_failures",
    kind="counter",
    labels=("sink",),
    help="Exchanges that passed but could not be recorded somewhere, by where. A defect, or a lost log line.",
)
BUILD_INFO = Series(
    name="build_info",
    kind="gauge",
    labels=("version",),
    help="Always 1; the version that runs is in the label.",
)
RECORDED = (
    REQUESTS,
    TOKENS_USED,
    COST,
    COST_SOURCES,
    UNPRICED_REQUESTS,
    UNPRICED_TOKENS,
    COST_REPORTED,
    COST_COMPUTED,
    COST_RATIO,
    PRICE_TABLE_INFO,
    PRICE_TABLE_AGE,
    FINISH_REASONS,
    RATE_LIMITED,
    USAGE,
    USAGE_MISSING,
    USAGE_ANOMALIES,
    UNMETERED,
    IN_FLIGHT,
    DURATION,
    FIRST_TOKEN,
    PER_OUTPUT_TOKEN,
    OVERHEAD,
    PROMPT_TOKENS,
    COMPLETION_TOKENS,
    REQUEST_BYTES,
    RESPONSE_BYTES,
    *series_conversations.RECORDED,
    *series_rates.RECORDED,
    LABEL_OVERFLOW,
    RECORD_FAILURES,
    BUILD_INFO,
)
ALL = (*RECORDED, *series_conversations.COLLECTED, *series_rates.COLLECTED)
