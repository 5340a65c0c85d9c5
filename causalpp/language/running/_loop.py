"""One event loop in a thread of its own, for everything that waits on a network.

Connections belong to the loop on which they were opened.  With one loop for the whole process a client can be used
from ordinary code, from a notebook (whose own loop is already running) and from several loops one after the other.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from typing import Any, Generic, TypeVar

__all__ = ["Job", "on_the_loop"]

T = TypeVar("T")

_LOOK = 0.02  # seconds between looks whether there was an interrupt

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_owner = 0


class Job(Generic[T]):
    """Some work on the loop, started at once.

    Attributes:
        future: done when the work is, also when it was cancelled: nothing of it runs on after that.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self.future: Future[T] = Future()
        self.future.set_running_or_notify_cancel()  # from now on only the work itself ends it
        self._task: asyncio.Task[T] | None = None
        self._loop = _running()
        self._loop.call_soon_threadsafe(self._start, work)

    def cancel(self) -> None:
        """Have the work stop; it may still have something to put away."""
        self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())

    def wait(self) -> None:
        """Wait until nothing of it runs any more, however it ended."""
        wait([self.future])

    def _start(self, work: Coroutine[Any, Any, T]) -> None:
        self._task = self._loop.create_task(work)
        self._task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.future.set_exception(asyncio.CancelledError())
        elif error := task.exception():
            self.future.set_exception(error)
        else:
            self.future.set_result(task.result())


def on_the_loop(work: Coroutine[Any, Any, T]) -> T:
    """Do some work on the loop and wait for it; an interrupt stops it, and waits for what it has to put away."""
    job = Job(work)
    try:
        while not job.future.done():
            wait([job.future], timeout=_LOOK)  # an interrupt may wake another thread, and on Windows none
    except BaseException:
        job.cancel()
        job.wait()
        raise
    return job.future.result()


def _running() -> asyncio.AbstractEventLoop:
    global _loop, _owner
    with _lock:
        if _loop is None or _owner != os.getpid():  # the thread does not survive a fork
            _loop, _owner = asyncio.new_event_loop(), os.getpid()
            started = threading.Event()
            _loop.call_soon(started.set)
            threading.Thread(target=_loop.run_forever, name="causalpp-language", daemon=True).start()
            started.wait()
        return _loop


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
