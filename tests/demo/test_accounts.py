import pytest

from costproxy.demo.accounts import Account, Bucket, Ledger, go_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.012, "12ms"),
        (1.182, "1.182s"),
        (8.64, "8.64s"),
        (360, "6m0s"),
        (1252.666, "20m52.666s"),
        (3603, "1h0m3s"),
    ],
)
def test_durations_are_spelled_as_openai_does(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text


def test_a_bucket_fills_up_and_never_over() -> None:
    bucket = Bucket(per_second=2, size=4, now=0)
    assert bucket.take(4, now=0)
    assert not bucket.take(1, now=0)
    assert bucket.seconds_until(1, now=0) == 0.5
    assert bucket.take(1, now=0.5)
    assert bucket.left(now=1.4) == 1
    assert bucket.seconds_until_full(now=100) == 0
    assert bucket.left(now=100) == 4


def test_a_ledger_names_the_quota_that_forbids() -> None:
    ledger = Ledger(Account(requests_per_minute=60, burst=1, tokens_per_minute=100), speed=1, now=0)
    assert ledger.admit(101, now=0) == "tokens"
    assert ledger.admit(50, now=0) is None
    assert ledger.admit(1, now=0) == "requests"
    assert ledger.seconds_until_admitted(1, now=0) == 1
    assert dict(ledger.headers(now=0)) == {
        "x-ratelimit-limit-requests": "1",
        "x-ratelimit-limit-tokens": "100",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-remaining-tokens": "50",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-reset-tokens": "30s",
    }


def test_speed_brings_quotas_back_faster() -> None:
    ledger = Ledger(Account(requests_per_minute=60, burst=1), speed=4, now=0)
    assert ledger.admit(1, now=0) is None
    assert ledger.seconds_until_admitted(1, now=0) == 0.25


def test_some_rejections_say_nothing_about_waiting() -> None:
    ledger = Ledger(Account(silent_every=3), speed=1, now=0)
    assert [ledger.announces_wait() for _ in range(6)] == [True, True, False, True, True, False]
    assert Ledger(Account(), speed=1, now=0).announces_wait()
