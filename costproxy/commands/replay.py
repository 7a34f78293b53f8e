"""`costproxy replay`: recorded conversations through the proxy's own rooms, offline."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from costproxy.commands.progress import Progress
from costproxy.conversations.tracker import Tracker
from costproxy.meter import Meter
from costproxy.meter.build import build_meter
from costproxy.meter.conversations import Conversations
from costproxy.model import Turn
from costproxy.offline.bars import ink_for
from costproxy.offline.recorded_requests import RecordedRequest, interleave, read_sources
from costproxy.offline.replay_json import replay_line
from costproxy.offline.replay_report import report
from costproxy.offline.replay_sums import ReplaySums
from costproxy.offline.replayer import BETWEEN, Replayer
from costproxy.overrides import open_prices
from costproxy.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How to replay, and what to tell."""

    interleave: int = 1  # sources under way at a time
    seed: int = 0
    model: str | None = None  # for recordings that name none
    top: int = 10  # worst conversations
    as_json: bool = False


def replay(files: Sequence[str], settings: Settings, wanted: Wanted) -> int:
    """Replay what the files hold, print what was found, and return the exit code: 1 if there were odd lines, else 0.

    The same files, settings and seed give the same output on the same day: prices change, and time starts at its
    midnight (UTC).

    Raises:
        ConfigError: the settings name a model that the catalogue does not have.
    """
    sums, progress = ReplaySums(top=wanted.top), Progress("requests", files)
    try:
        for recorded, turn in _replayed(files, settings, wanted, progress, sums):
            sums.add(recorded, turn)
            if wanted.as_json:
                print(replay_line(recorded, turn))
            progress.show(sums.requests)
    finally:
        progress.end()
    sums.close()
    _finish(sums, progress.odd, as_json=wanted.as_json)
    return 1 if progress.odd else 0


def _replayed(
    files: Sequence[str], settings: Settings, wanted: Wanted, progress: Progress, sums: ReplaySums
) -> Iterator[tuple[RecordedRequest, Turn]]:
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    meter = _meter(settings, wanted.seed)
    replayer = Replayer(settings, meter, start=start, gap=BETWEEN / wanted.interleave)
    sources = read_sources(files, model=wanted.model, odd=progress.complain, read=progress.read)
    for recorded in interleave(map(sums.begin, sources), wanted.interleave, wanted.seed):
        yield recorded, replayer.replay(recorded)


def _meter(settings: Settings, seed: int) -> Meter:
    secret = blake2b(b"replay %d" % seed, digest_size=32).digest()  # ids stay on this machine, and can be had again
    prices, own = open_prices(settings), settings.conversations
    tracker = Tracker(secret=secret, threads=own.threads, idle=own.idle, life=own.life)
    return build_meter(prices, secret=secret, conversations=Conversations(tracker, prices, warn_at=own.warn_at))


def _finish(sums: ReplaySums, odd: int, *, as_json: bool) -> None:
    """Print the report, beside lines of JSON to stderr."""
    out = sys.stderr if as_json else sys.stdout
    for line in report(sums, ink=ink_for(out.encoding)):
        print(line, file=out)
    if odd:
        print(f"left out: {odd:,} that could not be read, see above", file=out)
