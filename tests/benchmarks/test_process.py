"""The clock that the numbers come from is the process's own."""

import os
import subprocess
import sys
import time

import psutil

from benchmarks.process import _own_cpu, cpu_seconds

SPIN = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"


def test_it_is_the_clock_a_process_reads_itself() -> None:
    before = time.process_time()
    between = _own_cpu(psutil.Process())  # without processes that other tests may have left running
    assert before <= between <= time.process_time()


def test_processes_that_were_started_count() -> None:
    with subprocess.Popen([sys.executable, "-c", SPIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        own, with_child = time.process_time(), cpu_seconds(os.getpid())
        assert 0.3 <= cpu_seconds(child.pid) < 30
        assert with_child - own >= 0.3
        child.communicate(b"\n")
