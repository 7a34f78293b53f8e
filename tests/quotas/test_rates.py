from threading import Thread

from costproxy.model import Failure, Quota, RateWord, Resource, Verdict, Window
from costproxy.quotas.attempt import used_of
from costproxy.quotas.rates import Rates
from tests.quotas.attempts import attempt, refused

WORD = RateWord(quotas=(Quota(resource=Resource.REQUESTS, window=Window.MINUTE, limit=60, remaining=12),))


def test_an_exchange_is_entered_in_the_book_and_judged() -> None:
    rates = Rates()
    assert rates.settle(attempt(0, 9, word=WORD, replied=1.0), used_of(None)).succeeded_after == 1
    assert rates.settle(refused(10, 5.0), {}).violation is False
    assert rates.settle(refused(12, 5.0), {}).violation is True
    (reading,) = rates.readings(12.0)
    assert (reading.upstream, reading.model, reading.owner, reading.remaining) == ("openai", "gpt-4o", "crm", 12)


def test_a_reading_is_as_old_as_the_head_of_its_reply() -> None:
    rates = Rates()
    rates.settle(attempt(0, 200, word=WORD, replied=1.0), {})
    assert rates.readings(300.9)
    assert not rates.readings(301.0)


def test_a_storm_is_told_of_all() -> None:
    rates = Rates()
    for number in range(20):
        rates.settle(refused(0, verdict=Verdict.RETRY if number else Verdict.NEW), {})
    assert rates.storming() == [("crm", "openai")]
    assert rates.calmed(60.0) == [("crm", "openai")]
    assert rates.storming() == []


def test_several_threads_may_use_it_at_once() -> None:
    rates, found = Rates(), list[int]()

    def settle(start: int) -> None:
        for number in range(start, start + 300):
            rates.settle(attempt(number / 100, failure=Failure.QUOTA, word=WORD, owner=f"{number % 90}"), used_of(None))

    def scrape() -> None:
        found.extend(len(rates.readings(10.0)) + len(rates.storming()) for _ in range(100))

    threads = [Thread(target=settle, args=(start,)) for start in (0, 300)] + [Thread(target=scrape)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(found) == 100
    assert len(rates.readings(10.0)) == 90


def test_everything_says_what_it_holds() -> None:
    assert repr(Rates()) == (
        "<Rates <QuotaBook readings=0> <Retries <Repeats keys=0> <Deadlines scopes=0> <Storms places=0 raging=0>>>"
    )
