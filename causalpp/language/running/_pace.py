"""Keeping to a number of requests at once, and of requests and tokens a minute."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

from causalpp.errors import InvalidParameter
from causalpp.language.running._gate import Gate

__all__ = ["Attempts", "Bucket", "Pace", "attempt"]


class Bucket:
    """A token bucket: it fills at a steady rate up to its brim, and what is done takes from it.

    The level may fall below zero, when something took more than was foreseen; it is then waited out.

    Args:
        a_minute: how much flows in each minute.
        brim: how much it holds at most, that is, how much may be taken at once after a pause.
        clock: the time in seconds.
    """

    def __init__(self, a_minute: float, brim: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = a_minute / 60
        self.brim = brim
        self._clock = clock
        self._level = brim
        self._at = clock()

    def take(self, amount: float) -> float:
        """Take an amount if it is there, and say 0; otherwise the seconds until it will be.

        What never fits is there as soon as the bucket is full.
        """
        now = self._clock()
        self._level = min(self.brim, self._level + (now - self._at) * self.rate)
        self._at = now
        lacking = min(amount, self.brim) - self._level
        if lacking > 1e-9 * self.brim:
            return lacking / self.rate
        self._level -= amount
        return 0.0

    def give(self, amount: float) -> None:
        """Put back what was not used; a negative amount takes what was used beyond."""
        self._level = min(self.brim, self._level + amount)


class Pace:
    """When the next request may go out; it is shared by all who ask the same model, in whatever thread they do.

    How many tokens a request will take is known only afterwards: each is counted with the mean of those before it
    and corrected when it is done.  The very first is let through alone, to have a mean.

    Raises:
        InvalidParameter: a limit that is not positive.
    """

    #: Seconds between looks at the bucket while a correction may come in.
    patience = 0.1

    _requests: Bucket | None
    _tokens: Bucket | None

    def __init__(
        self,
        concurrency: int,
        requests_per_minute: float | None,
        tokens_per_minute: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for limit in (requests_per_minute, tokens_per_minute):
            if limit is not None and not 0 < limit < float("inf"):
                raise InvalidParameter(f"a limit a minute is positive, got {limit}")
        # Brims of a tenth of a second and of six seconds: what a minute may exceed its limit by.
        self._requests = self._tokens = None
        if requests_per_minute is not None:
            self._requests = Bucket(requests_per_minute, max(1, requests_per_minute / 600), clock)
        if tokens_per_minute is not None:
            self._tokens = Bucket(tokens_per_minute, tokens_per_minute / 10, clock)
        self._slots = Gate(concurrency)
        self._turn = Gate(1)
        self._lock = threading.Lock()  # of the buckets and the mean
        self._mean: float | None = None
        self._settled = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Callable[[int], None]]:
        """Wait until a request may go out; call what is given with the tokens it took."""
        async with self._slots:
            counted, used = await self.wait(), 0

            def settle(tokens: int) -> None:
                nonlocal used
                used = tokens

            try:
                yield settle
            finally:
                self.settle(counted, used)

    async def again(self) -> None:
        """Wait until one more attempt at a request may go out; its tokens are counted with those of the request."""
        if self._requests:
            async with self._turn:
                await self._request()

    async def _request(self) -> None:
        while seconds := self._take(self._requests, lambda: 1.0)[0]:
            await asyncio.sleep(seconds)

    def _take(self, bucket: Bucket | None, amount: Callable[[], float]) -> tuple[float, float]:
        """The seconds until so much can be taken, which it then is if they are none; and how much that is."""
        assert bucket
        with self._lock:
            wanted = amount()
            return bucket.take(wanted), wanted

    async def wait(self) -> float:
        """Wait until a request may go out; the tokens it was counted with, to be given to :meth:`settle`."""
        if not self._requests and not self._tokens:
            return 0.0
        async with self._turn:  # first come, first served
            if self._requests:
                await self._request()
            counted = 0.0
            if self._tokens:
                seconds, counted = self._take(self._tokens, self._foreseen)
                while seconds:
                    await asyncio.sleep(min(seconds, self.patience))
                    seconds, counted = self._take(self._tokens, self._foreseen)
            return counted

    def _foreseen(self) -> float:
        assert self._tokens
        return self._tokens.brim if self._mean is None else self._mean

    def settle(self, counted: float, tokens: int) -> None:
        """Correct what a request was counted with by what it took."""
        if self._tokens:
            with self._lock:
                self._tokens.give(counted - tokens)
                self._settled += 1
                before = tokens if self._mean is None else self._mean
                self._mean = before + (tokens - before) / min(self._settled, 50)


class Attempts:
    """The attempts at one question: the first goes out with its turn, each further one takes from the pace.

    Args:
        pace: that of the run.
        clock: what gives the question up after a while; it stands still while an attempt waits for the pace.
        stopped: an error to end the further attempts with, once the run has stopped.
    """

    _of_this: ContextVar[Attempts | None] = ContextVar("causalpp_attempts", default=None)

    def __init__(self, pace: Pace, clock: asyncio.Timeout, stopped: Callable[[], Exception | None]) -> None:
        self._pace, self._clock, self._stopped = pace, clock, stopped
        self._made = 0
        self._of_this.set(self)  # each question runs in a task of its own, and so does what it calls

    async def next(self, after: float) -> None:
        """Wait some seconds, and until the next attempt may go out."""
        self._made += 1
        if self._made == 1:
            return
        start, end = asyncio.get_running_loop().time(), self._clock.when()
        self._clock.reschedule(None)
        waits = asyncio.ensure_future(self._later(after))
        try:
            while not waits.done():
                if error := self._stopped():
                    raise error
                await asyncio.wait([waits], timeout=Pace.patience)
            await waits
        finally:
            waits.cancel()
            if end is not None:
                self._clock.reschedule(end + asyncio.get_running_loop().time() - start)

    async def _later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._pace.again()


async def attempt(after: float = 0.0) -> None:
    """Wait some seconds, and until the next attempt at the question under way may go out, which a run decides.

    Whoever makes several attempts at one question calls it before each.
    """
    attempts = Attempts._of_this.get()
    if attempts is not None:
        await attempts.next(after)
    else:
        await asyncio.sleep(after)
