"""Where units are carried out: in this process, in processes of this machine, on a Dask cluster, on an event loop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from importlib import import_module
from typing import Any, NamedTuple

from causalpp.benchmarks.runs.store import Done
from causalpp.benchmarks.runs.units import Outcome, Unit, carry_out, carry_out_async
from causalpp.errors import CausalppError, InvalidData, InvalidParameter, MissingDependency, OracleError

__all__ = ["Failed", "Here", "Loop", "OnDask", "Processes", "Workers", "carry_out_all"]

_RESERVED = ("key", "part", "row")
_LOOK = 1.0  # seconds between looks at whether the leading process is still there


class Failed(NamedTuple):
    """A unit that could not be carried out.

    Attributes:
        key: of the unit.
        message: what went wrong.
        stops: the error, if it would meet every unit, so that the run ends.
        may_pass: whether trying again could help.
    """

    key: str
    message: str
    stops: CausalppError | None = None
    may_pass: bool = False


def carry_out_all(units: Sequence[Unit]) -> list[Done | Failed]:
    """Carry out some units one after the other; an error of one is its result."""
    out: list[Done | Failed] = []
    for unit in units:
        begun = time.perf_counter()
        try:
            out.append(_done(unit, carry_out(unit), begun))
        except Exception as error:
            out.append(_failed(unit, error))
            if isinstance(error, OracleError):
                break
    return out


async def _carry_out_waiting(unit: Unit) -> list[Done | Failed]:
    begun = time.perf_counter()
    try:
        return [_done(unit, await carry_out_async(unit), begun)]
    except Exception as error:
        return [_failed(unit, error)]


def _failed(unit: Unit, error: Exception) -> Failed:
    if isinstance(error, OracleError):
        return Failed(unit.key, str(error), stops=error)
    deliberate = isinstance(error, CausalppError)
    message = str(error) if deliberate else f"internal error, {type(error).__name__}: {error}"
    return Failed(unit.key, message, may_pass=not deliberate and isinstance(error, (OSError, MemoryError)))


def _done(unit: Unit, outcome: Outcome, begun: float) -> Done:
    seconds = time.perf_counter() - begun
    return Done(unit.key, unit.study, _text(outcome.rows), seconds, json.dumps(dict(outcome.timings)))


def _text(rows: Sequence[Mapping[str, Any]]) -> str:
    plain = []
    for row in rows:
        out = {}
        for name, value in row.items():
            if name in _RESERVED or not isinstance(name, str):
                raise InvalidData(f"a row cannot have a column {name!r}: the runner makes it, or it is no text")
            if value is not None and type(value) not in (bool, int, float, str):
                value = _unwrapped(name, value)
            out[name] = value
        plain.append(out)
    return json.dumps(plain, ensure_ascii=False)


def _unwrapped(name: str, value: Any) -> Any:
    """The plain value in a number of NumPy or a tensor of one element."""
    item = getattr(value, "item", None)
    if item is not None:
        with suppress(TypeError, ValueError, RuntimeError):
            plain = item()
            if type(plain) in (bool, int, float, str):
                return plain
    raise InvalidData(
        f"the column {name!r} of a row holds {type(value).__name__}, which is no text, number or yes or no"
    )


class Workers(ABC):
    """Who carries units out.

    Attributes:
        died: the errors by which a future says that its worker died.
    """

    died: tuple[type[BaseException], ...] = ()

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many chunks of units run at once."""

    @abstractmethod
    def submit(self, units: Sequence[Unit]) -> Future[list[Done | Failed]]:
        """Begin to carry out some units, in their order."""

    def renew(self) -> bool:
        """After a worker died: make what is needed to go on; whether everything under way was lost with it."""
        return False

    @abstractmethod
    def close(self) -> None:
        """Stop; what is under way is dropped."""


class Here(Workers):
    """This process, one unit after the other."""

    @property
    def slots(self) -> int:
        return 1

    def submit(self, units: Sequence[Unit]) -> Future[list[Done | Failed]]:
        future: Future[list[Done | Failed]] = Future()
        future.set_result(carry_out_all(units))
        return future

    def close(self) -> None:
        pass


class Processes(Workers):
    """Processes of this machine, by loky, the pool behind joblib: clean processes that share no state with this one.

    Args:
        jobs: how many.
    """

    died = (BrokenProcessPool,)

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool = self._new()

    @property
    def slots(self) -> int:
        return self._jobs

    def _new(self) -> Any:
        loky = import_module("joblib.externals.loky")
        return loky.ProcessPoolExecutor(max_workers=self._jobs, initializer=_begin_worker, initargs=(os.getpid(),))

    def submit(self, units: Sequence[Unit]) -> Future[list[Done | Failed]]:
        try:
            return self._submitted(units)
        except BrokenProcessPool:  # it broke while nothing was waited for
            self.renew()
            return self._submitted(units)

    def _submitted(self, units: Sequence[Unit]) -> Future[list[Done | Failed]]:
        future: Future[list[Done | Failed]] = self._pool.submit(carry_out_all, list(units))
        return future

    def renew(self) -> bool:
        self.close()
        self._pool = self._new()
        return True

    def close(self) -> None:
        self._pool.shutdown(wait=True, kill_workers=True)


def _begin_worker(leader: int) -> None:
    """A worker leaves Ctrl-C to the process that leads the run, and ends when that one is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == leader:
            time.sleep(_LOOK)
        os._exit(1)

    if hasattr(os, "fork"):  # elsewhere a process keeps the number of its parent, dead or alive
        threading.Thread(target=watch, daemon=True).start()


class OnDask(Workers):
    """A Dask cluster.

    Args:
        cluster: the address of its scheduler, or a ``distributed.Client``, which stays open.

    Raises:
        MissingDependency: Dask is not installed.
        InvalidParameter: no scheduler answers there, or it has no workers.
    """

    def __init__(self, cluster: Any) -> None:
        try:
            distributed = import_module("distributed")
        except ImportError:
            raise MissingDependency("a Dask cluster needs Dask here: pip install 'causalpp[dask]'") from None
        self._ours = isinstance(cluster, str)
        try:
            self._client = distributed.Client(cluster, timeout=10, set_as_default=False) if self._ours else cluster
        except (OSError, ValueError) as error:
            raise InvalidParameter(f"no Dask scheduler answers at {cluster!r}: {error}") from None
        self.died = (distributed.scheduler.KilledWorker,)
        self._executor: Executor = self._client.get_executor(pure=False, retries=0)
        self._counted, self._threads = 0.0, 1

    @property
    def slots(self) -> int:
        """How many threads the workers have; looked up every few seconds, as workers come and go."""
        if time.monotonic() - self._counted > 5:
            self._threads = max(1, sum(self._client.nthreads().values()))
            self._counted = time.monotonic()
        return self._threads

    def submit(self, units: Sequence[Unit]) -> Future[list[Done | Failed]]:
        return self._executor.submit(carry_out_all, list(units))

    def close(self) -> None:
        self._executor.shutdown(wait=False)
        if self._ours:
            self._client.close()


class Loop(Workers):
    """An event loop in a thread, for units that wait for a network.

    Args:
        concurrency: how many units are under way at once.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(concurrency, thread_name_prefix="causalpp-waiting"))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def slots(self) -> int:
        return self._concurrency

    def submit(self, units: Sequence[Unit]) -> Future[list[Done | Failed]]:
        (unit,) = units
        return asyncio.run_coroutine_threadsafe(_carry_out_waiting(unit), self._loop)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @staticmethod
    async def _drop() -> None:
        """Cancel what is under way, and wait until it has put away what it holds."""
        under_way = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
