"""Lines reach their stream in order, and a stream that does not take them stops nobody."""

import io
import threading

import pytest

from costproxy.recording.log_writer import LogWriter


class Drops:
    """Counts dropped lines."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture(name="drops")
def _drops() -> Drops:
    return Drops()


class Stalled(io.StringIO):
    """A stream whose reader has stopped reading, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.go = threading.Event()

    def write(self, text: str, /) -> int:
        self.entered.set()
        self.go.wait(10)
        return super().write(text)


def test_lines_are_written_in_order(drops):
    stream = io.StringIO()
    writer = LogWriter(stream, drops)
    for number in range(1000):
        writer.info(f"line {number}")
    writer.close()
    assert stream.getvalue().splitlines() == [f"line {number}" for number in range(1000)]
    assert drops.count == 0


def test_lines_of_several_threads_are_all_written_and_each_in_one_piece(drops):
    stream = io.StringIO()
    writer = LogWriter(stream, drops)
    threads = [
        threading.Thread(target=lambda name=name: [writer.info(f"{name} {number}") for number in range(500)])
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    lines = stream.getvalue().splitlines()
    assert sorted(lines) == sorted(f"{name} {number}" for name in "abcd" for number in range(500))


def test_a_line_is_written_soon_and_not_only_at_the_end(drops):
    stream = Stalled()
    stream.go.set()
    writer = LogWriter(stream, drops)
    writer.info("now")
    assert stream.entered.wait(5)
    writer.close()


def test_a_stream_that_stalls_stops_nobody_and_what_it_cannot_take_is_counted(drops):
    stream = Stalled()
    writer = LogWriter(stream, drops)
    writer.info("first")
    assert stream.entered.wait(5)
    for number in range(10_005):
        writer.info(f"line {number}")
    assert drops.count == 5
    stream.go.set()
    writer.close()
    assert len(stream.getvalue().splitlines()) == 10_001


def test_closing_does_not_wait_for_ever(drops):
    stream = Stalled()
    writer = LogWriter(stream, drops)
    writer.info("line")
    assert stream.entered.wait(5)
    writer.close(timeout=0.05)
    assert stream.getvalue() == ""
    stream.go.set()


def test_a_stream_that_is_closed_is_counted_and_raises_nothing(drops):
    stream = io.StringIO()
    stream.close()
    writer = LogWriter(stream, drops)
    writer.info("one")
    writer.info("two")
    writer.close()
    assert drops.count == 2


def test_characters_that_a_stream_cannot_write_are_spelt_out(drops):
    raw = io.BytesIO()
    writer = LogWriter(io.TextIOWrapper(raw, encoding="ascii"), drops)
    writer.info("plain")
    writer.info("wörter")
    writer.info("plain again")
    writer.close()
    assert raw.getvalue().splitlines() == [b"plain", b"w\\xf6rter", b"plain again"]
    assert drops.count == 0
