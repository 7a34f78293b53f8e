"""Measure what costproxy adds to a request: `make bench`, or `python benchmarks/run.py`. See docs/benchmarks.md."""

import argparse
import contextlib
import resource
import signal
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

if __name__ == "__main__":  # started by its path, it finds its own folder only
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks import report
from benchmarks.bench import Bench
from benchmarks.environment import environment
from benchmarks.errors import BenchError
from benchmarks.measure import Figures, measure
from benchmarks.plan import Progress, Step, steps
from benchmarks.results import Results
from benchmarks.rows import rows_of
from benchmarks.workloads import Workload, workloads

ROUNDS = 5
_DESCRIPTORS = 8192  # 500 streams are 1,000 sockets in a proxy
_WRONG_COMMAND_LINE = 2
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run and return the exit code: 0, 1 if something could not be measured or was not metered, 2 for wrong words."""
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started ends too
    chosen = [each for each in workloads(quick=options.quick) if _wanted(each, options.only)]
    if not chosen:
        names = ", ".join(each.name for each in workloads(quick=True))
        print(f"--only: expected patterns that match one of {names}; found {options.only}", file=sys.stderr)
        return _WRONG_COMMAND_LINE
    try:
        _run(chosen, options.rounds or (1 if options.quick else ROUNDS), as_json=options.format == "json")
    except BenchError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _run(chosen: Sequence[Workload], rounds: int, *, as_json: bool) -> None:
    _allow_descriptors()
    plan, rows, results = steps(chosen, rounds), rows_of(chosen), Results()
    progress = Progress(plan, sys.stderr)
    with Bench() as bench:
        where = environment(bench.cores)
        if not as_json:
            _print(*report.environment_lines(where), "")
        for number, step in enumerate(plan):
            progress.begin(number)
            for row, figure in _figures(bench, step).items():
                results.add(row, step.contender, figure)
            progress.done(number)
        progress.end()
    if as_json:
        _print(report.as_json(where, rows, results, rounds, bench.books))
    else:
        _print(*report.table_lines(rows, results, rounds), "", *report.book_lines(bench.books))


def _figures(bench: Bench, step: Step) -> Figures:
    try:
        return measure(bench, step.workload, step.contender)
    except BenchError as error:
        raise BenchError(f"round {step.round}, {step.workload.name}, {step.contender}: {error}") from error


def _print(*lines: str) -> None:
    print("\n".join(lines), flush=True)


def _wanted(workload: Workload, only: Sequence[str] | None) -> bool:
    return only is None or any(fnmatch(workload.name, pattern) for pattern in only)


def _allow_descriptors() -> None:
    """Raise the limit as far as is allowed and needed; the processes that are started inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("--rounds", type=_positive, help=f"how often each is measured ({ROUNDS}; 1 with --quick)")
    parser.add_argument("--quick", action="store_true", help="see that it works; the numbers are worth little")
    parser.add_argument("--only", nargs="+", metavar="PATTERN", help="workloads to measure, such as 'chat-*' latency")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="%(default)s unless set")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, found {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
