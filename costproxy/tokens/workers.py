"""A few threads with a bounded queue in front of them."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class Workers:
    """Runs jobs in up to `threads` threads while at most `waiting` more wait; refuses the rest at once."""

    def __init__(self, *, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="costproxy-tokens")
        self._places = threading.BoundedSemaphore(threads + waiting)

    def submit(self, job: Callable[[], Result]) -> Future[Result] | None:
        """Start `job` or put it in the queue; None if there is no place for it or no more work is taken."""
        if not self._places.acquire(blocking=False):
            return None
        try:
            future = self._pool.submit(job)
        except RuntimeError:  # closed, or the interpreter is going down
            self._places.release()
            return None
        future.add_done_callback(self._leave)
        return future

    def close(self) -> None:
        """Take no more jobs and wait for those taken."""
        self._pool.shutdown(wait=True)

    def _leave(self, _done: Future[Result]) -> None:
        self._places.release()
