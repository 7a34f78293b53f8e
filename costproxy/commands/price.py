"""`costproxy price`: recorded exchanges, priced offline."""

import secrets
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from costproxy.commands.progress import Progress
from costproxy.meter import Estimator
from costproxy.offline.as_json import json_line
from costproxy.offline.auditor import Audited, Auditor
from costproxy.offline.documents import read_documents
from costproxy.offline.lines import Line
from costproxy.offline.recorded import RecordError, read_record
from costproxy.offline.report import Report
from costproxy.overrides import open_prices
from costproxy.settings import Settings
from costproxy.tokens.calibration import Calibrators
from costproxy.tokens.counter import TokenCounter
from costproxy.tokens.image_table import packaged_images
from costproxy.tokens.part_cache import PartCache
from costproxy.tokens.prompt import PromptReader
from costproxy.tokens.prompt_counter import PromptCounter


def price(files: Sequence[str], settings: Settings, *, as_json: bool) -> int:
    """Price the exchanges in `files`, print them, and return the exit code: 1 if there were odd lines, else 0.

    Raises:
        ConfigError: the settings name a model that the catalogue does not have.
    """
    report, progress = Report(), Progress("exchanges", files)
    counter = TokenCounter()
    auditor = Auditor(settings, open_prices(settings), _estimator(counter), estimate_all=as_json)
    now = datetime.now(UTC)
    try:
        for line, audited in _audited(files, auditor, now, progress):
            report.add(audited)
            if as_json:
                print(json_line(audited, place=line.place))
            progress.show(report.exchanges)
    finally:
        counter.close()
        progress.end()
    _finish(report, progress.odd, as_json=as_json)
    return 1 if progress.odd else 0


def _audited(
    files: Sequence[str], auditor: Auditor, now: datetime, progress: Progress
) -> Iterator[tuple[Line, Audited]]:
    for line in (line for file in files for line in read_documents(file)):
        progress.read(line.read)
        if line.problem is not None:
            progress.complain(line.place, line.problem)
            continue
        try:
            recorded = read_record(line.text, now=now)
        except RecordError as error:
            progress.complain(line.place, str(error))
            continue
        yield line, auditor.audit(recorded, name=line.place)


def _finish(report: Report, odd: int, *, as_json: bool) -> None:
    """Print the table, unless lines of JSON were asked for, and the summary: beside JSON that goes to stderr."""
    out = sys.stderr if as_json else sys.stdout
    for line in () if as_json else report.lines():
        print(line)
    for line in report.summary():
        print(line, file=out)
    if odd:
        print(f"left out: {odd:,} that could not be read, see above", file=out)


def _estimator(counter: TokenCounter) -> Estimator:
    reader = PromptReader(images=packaged_images())
    prompts = PromptCounter(counter=counter, reader=reader, cache=PartCache(secret=secrets.token_bytes(32)))
    return Estimator(prompts, Calibrators())
