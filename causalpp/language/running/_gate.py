"""A semaphore for several event loops: limits are those of a model, and it may be asked from any thread."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress

__all__ = ["Gate"]

_Waiting = tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]


class Gate:
    """Lets so many through at a time, first come first served, from whatever event loop each comes.

    Example:
        >>> async def through(gate, inside):
        ...     async with gate:
        ...         inside.append(gate.free)
        ...         await asyncio.sleep(0.001)
        >>> gate, inside = Gate(1), []
        >>> others = [threading.Thread(target=asyncio.run, args=(through(gate, inside),)) for _ in range(3)]
        >>> for other in others: other.start()
        >>> for other in others: other.join()
        >>> inside, gate.free
        ([0, 0, 0], 1)
    """

    def __init__(self, free: int) -> None:
        self.free = free
        self._waiting: deque[_Waiting] = deque()
        self._lock = threading.Lock()  # held for a few steps only

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        with self._lock:
            if self.free:
                self.free -= 1
                return
            turn = loop.create_future()
            self._waiting.append((loop, turn))
        try:
            await turn
        except BaseException:
            with self._lock, suppress(ValueError):
                self._waiting.remove((loop, turn))
            if turn.done() and not turn.cancelled():  # it came, and is not used
                self._leave()
            raise

    async def __aexit__(self, *error: object) -> None:
        self._leave()

    def _leave(self) -> None:
        """Let the next one in, on its own loop."""
        while True:
            with self._lock:
                if not self._waiting:
                    self.free += 1
                    return
                loop, turn = self._waiting.popleft()
            with suppress(RuntimeError):  # its loop is closed, and nobody waits any more
                loop.call_soon_threadsafe(self._enter, turn)
                return

    def _enter(self, turn: asyncio.Future[None]) -> None:
        if turn.done():  # who waited was cancelled
            self._leave()
        else:
            turn.set_result(None)
