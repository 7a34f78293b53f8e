"""Each test starts an interpreter of its own, in which nothing is loaded and the network can be watched."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

NO_NETWORK = """
import asyncio, sys
from costproxy.tokens.counter import TokenCounter

def watch(event, args):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.", "subprocess.", "os.exec", "os.system")):
        raise AssertionError((event, args))

async def main():
    sys.addaudithook(watch)  # from here on, since the loop itself makes a pair of sockets
    counter = TokenCounter()
    for model in ("gpt-4o", "gpt-4", "gpt-oss-20b", "gpt-6", "text-davinci-003", "gpt2", "http://a/b", ""):
        assert (await counter.count("hello world", model)).tokens == 2, model
    counter.close()

asyncio.run(main())
"""

NO_MEMORY = """
import asyncio, psutil
from costproxy.tokens.counter import TokenCounter

def mebibytes():
    return psutil.Process().memory_info().rss / 2**20

async def main():
    before = mebibytes()
    counter = TokenCounter()
    counter.count_now("hello world", "gpt-4o")
    unused = mebibytes()
    await counter.count("hello world", "gpt-4o")
    loaded = mebibytes()
    counter.close()
    assert unused - before < 4, (before, unused)
    assert 20 < loaded - unused < 120, (unused, loaded)

asyncio.run(main())
"""


def run(script: str, cache: Path) -> None:
    env = {**os.environ, "TIKTOKEN_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], env=env, check=True, timeout=60)


def test_no_name_of_a_model_makes_the_counter_reach_for_the_network(tmp_path: Path) -> None:
    run(NO_NETWORK, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_vocabulary_takes_no_memory_until_it_is_used(tmp_path: Path) -> None:
    run(NO_MEMORY, tmp_path)
