"""The series about rejections, quotas and retries, a part of the contract."""

from costproxy.recording.series_shape import Series

_APP = ("upstream", "model", "app")
_QUOTA = ("upstream", "model", "owner", "resource", "window")

WAITS = (0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 3600, 86400)  # seconds; SDKs give up above 120

FAILURES = Series(
    name="failures",
    kind="counter",
    labels=("upstream", "api", "model", "app", "kind"),
    help="Requests whose outcome is not success, each by the one reason for it. Those under way are not counted yet.",
)
ATTEMPTS = Series(
    name="request_attempts",
    kind="counter",
    labels=(*_APP, "attempt"),
    help="Requests by whether they are the first attempt or repeat one. Those of APIs without limits are not counted.",
)
VIOLATIONS = Series(
    name="retry_after_violations",
    kind="counter",
    labels=_APP,
    help="Requests that began before the time a refusal had named. Those under way when it came are not counted.",
)
RETRY_SUCCESS = Series(
    name="retry_success",
    kind="counter",
    labels=(*_APP, "attempts"),
    help="Requests that succeeded, by the attempts it took; those that succeeded at the first one are not counted.",
)
IN_VAIN = Series(
    name="retries_in_vain",
    kind="counter",
    labels=_APP,
    help="Attempts that failed after a refusal which no retrying helps: no money, or too large for its limit.",
)
REJECTED_TOKENS = Series(
    name="rejected_prompt_tokens",
    kind="counter",
    labels=_APP,
    help="Prompt tokens sent only to be refused for a limit, money or load. An estimate; unknown ones are not in it.",
)
RETRY_AFTER = Series(
    name="retry_after_seconds",
    kind="histogram",
    labels=("upstream", "model"),
    help="Seconds to wait as refusals named them. Refusals that name none are not observed.",
    buckets=WAITS,
)
STORMS_BEGUN = Series(
    name="retry_storms",
    kind="counter",
    labels=("upstream", "app"),
    help="Retry storms that began: two attempts per request and 20 refusals within a minute.",
)
STORMS = Series(
    name="retry_storms_active",
    kind="gauge",
    labels=("upstream", "owner"),
    help="Retry storms that are not over yet, which takes a minute without. Where there is none there is no series.",
)
LIMIT = Series(
    name="quota_limit",
    kind="gauge",
    labels=_QUOTA,
    help="How much a quota allows in its window, as stated last. Unlimited and unknown ones have no series.",
)
REMAINING = Series(
    name="quota_remaining",
    kind="gauge",
    labels=_QUOTA,
    help="What is left of a quota, as stated last; 0 is nothing left, unknown has no series.",
)
RATIO = Series(
    name="quota_remaining_ratio",
    kind="gauge",
    labels=_QUOTA,
    help="What is left of a quota over its limit, 0 to 1. Where either is unknown there is no series.",
)
RESET = Series(
    name="quota_reset_seconds",
    kind="gauge",
    labels=_QUOTA,
    help="Seconds until a quota is reset, counted down since it was stated. Not every upstream says it.",
)
EXHAUSTION = Series(
    name="quota_exhaustion_seconds",
    kind="gauge",
    labels=_QUOTA,
    help="Seconds until a quota is used up at the pace of what passes here. One that fills up as fast has no series.",
)
RECORDED = (
    FAILURES,
    ATTEMPTS,
    VIOLATIONS,
    RETRY_SUCCESS,
    IN_VAIN,
    REJECTED_TOKENS,
    RETRY_AFTER,
    STORMS_BEGUN,
)
QUOTAS = (LIMIT, REMAINING, RATIO, RESET, EXHAUSTION)
COLLECTED = (STORMS, *QUOTAS)  # read from the rates by whoever scrapes
