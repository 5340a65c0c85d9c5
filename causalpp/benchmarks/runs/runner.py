"""The runner: carries out the units of a configuration, on one machine or many, and can be stopped at any moment.

Units come from a generator, go out in chunks of about half a second of work, and come back as rows that are on the
disk before they are counted; so memory does not grow with the run, and whoever kills it loses a second or two.  The
tables are written at the end, sorted by key: they do not depend on who did what when.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from causalpp._progress import Progress
from causalpp.benchmarks.runs._workers import Failed, Here, Loop, OnDask, Processes, Workers
from causalpp.benchmarks.runs.config import Config, read_config
from causalpp.benchmarks.runs.results import Run, need_parquet, versions, write_results, write_summary
from causalpp.benchmarks.runs.store import Done, Store
from causalpp.benchmarks.runs.units import Unit
from causalpp.errors import CausalppError, InvalidParameter, RunIncomplete

__all__ = ["Told", "rows_of", "run"]

#: Whether to show a bar, or whom to tell how far a run has come.
Told: TypeAlias = bool | Callable[[int, int], object] | None

_CHUNK_SECONDS = 0.5
_CHUNK_UNITS = 256
_GIVE_UP = 20  # units that fail one after the other: the rest would, too
_LISTED = 100


def run(
    config: Config | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    jobs: int = 2,
    dask: Any = None,
    resume: bool = True,
    progress: Told = None,
) -> Run:
    """Carry out a configuration; started again after it was stopped or killed, it goes on from where it was.

    The folder gets a Parquet table for each study, sorted by the keys of the units, and ``run.json``, which says what
    was run with which versions of the libraries; both are the same to the byte however often the run was interrupted.
    What differs from run to run, such as how long units took, is in ``timings.parquet``.

    Args:
        config: a configuration, a file of one, or the name of one that ships.
        out: the folder of the run.
        jobs: processes on this machine; 1 for none but this one, −1 for one a core.
        dask: carry out on a Dask cluster instead: the address of its scheduler, or a ``distributed.Client``.  The
            same version of the library has to be installed on its workers.
        resume: go on from what the folder holds; if False, a folder that holds results is refused.
        progress: whether to show a bar on standard error, by default if that is a terminal; or what is called
            instead with the number of units that are done and of all.

    Returns:
        The finished run.

    Raises:
        RunIncomplete: the run ended early (an oracle that cannot be asked, a budget that is spent, many units that
            failed one after the other), or units have no result; what is finished is kept, and the same call goes on.
        InvalidParameter: another process works on this folder; the folder holds results and ``resume`` is False; no
            scheduler at the address.
        FormatError: the configuration or the folder cannot be used.
        MissingDependency: pyarrow, PyYAML or Dask is needed and not installed.

    Example:
        >>> import tempfile
        >>> items = [{"id": "1", "premise": "…", "hypothesis": "…", "label": False}]
        >>> config = Config.from_dict(
        ...     {"name": "x", "parts": [{"study": "solve", "items": items, "solvers": ["always-no"]}]}
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     frame = run(config, folder, jobs=1).frame("solve")
        >>> bool(frame["right"][0])
        True
    """
    need_parquet()
    chosen, folder = config if isinstance(config, Config) else read_config(config), Path(out)
    with _carried_out(chosen, folder, jobs, dask, resume, progress) as store:
        write_results(folder, chosen, store)
        write_summary(folder, chosen, store, finished=True)
    return Run(folder)


def rows_of(
    config: Config,
    folder: str | os.PathLike[str] | None = None,
    *,
    jobs: int = 2,
    dask: Any = None,
    progress: Told = None,
) -> list[dict[str, Any]]:
    """Carry out a configuration of one part and give its rows, in the order in which its units are planned.

    Args:
        config: of one part.
        folder: where it is kept as a run, as by :func:`run`; by default nothing is kept.
        jobs, dask, progress: as for :func:`run`.

    Raises:
        RunIncomplete, InvalidParameter, FormatError, MissingDependency: as for :func:`run`.
    """
    (part,) = config.parts
    with ExitStack() as stack:
        kept = Path(stack.enter_context(TemporaryDirectory()) if folder is None else folder)
        with _carried_out(config, kept, jobs, dask, True, progress) as store:
            if folder is not None:
                write_results(kept, config, store)
                write_summary(kept, config, store, finished=True)
            found = {unit.key: unit.values for unit in store.rows(part.study)}
    return [row for _, unit in config.units() for row in found[unit.key]]


@contextmanager
def _carried_out(config: Config, folder: Path, jobs: int, dask: Any, resume: bool, progress: Told) -> Iterator[Store]:
    """The store of a run in which every unit that can be carried out has been; what failed is told at the end."""
    if jobs == 0 or jobs < -1:
        raise InvalidParameter(f"jobs is the number of processes, or -1 for one a core; got {jobs}")
    number = (os.cpu_count() or 1) if jobs == -1 else jobs
    with ExitStack() as stack:
        store = stack.enter_context(Store(folder))
        if not resume and store.results:
            raise InvalidParameter(
                f"{os.fspath(folder)!r} holds {store.results:,} results: choose another folder, or go on with "
                "resume=True"
            )
        store.begin(versions())
        write_summary(folder, config, store, finished=False)
        wanted, told = (False, progress) if callable(progress) else (progress, None)
        bar = stack.enter_context(Progress(config.name, config.count, wanted, told=told))

        def compute() -> Workers:
            return OnDask(dask) if dask is not None else Processes(number) if number > 1 else Here()

        session = _Session(config, store, bar, compute)
        stack.callback(session.close)
        try:
            session.work()
        except KeyboardInterrupt:
            raise KeyboardInterrupt(session.kept()) from None
        yield store
        failures, finished = store.failures(_LISTED), store.finished
    if failures:
        (unit, message), more = failures[0], session.failed - 1
        others = f", and {more} more (see {folder / 'run.json'})" if more else ""
        raise RunIncomplete(
            f"{finished:,} units are finished, one has no result: {unit}: {message}{others}; started again, the run "
            "tries once more",
            failures,
            finished,
        )


class _Session:
    """One attempt at getting a run done."""

    def __init__(self, config: Config, store: Store, bar: Progress, compute: Callable[[], Workers]) -> None:
        self.config, self.store, self.bar = config, store, bar
        self.compute = compute
        self.lanes: dict[bool, Workers] = {}  # by whether their units wait for a network
        self.pending: dict[Future[list[Done | Failed]], tuple[bool, list[Unit]]] = {}
        self.suspects: deque[list[Unit]] = deque()  # one of them may have killed its worker
        self.on_trial: Future[list[Done | Failed]] | None = None  # the suspects that run now, with nothing beside them
        self.tries: dict[str, int] = {}
        self.speed: dict[str, float] = {}  # seconds that a unit of a study takes
        self.failed = self.in_a_row = 0

    def work(self) -> None:
        """Carry out every unit that has no result yet."""
        try:
            for chunk in self.chunks():
                lane = chunk[0].waits
                while self.full(lane):
                    self.collect()
                self.submit(chunk)
            while self.pending or self.suspects:
                self.collect()
        except BaseException:
            self.rescue()
            raise
        self.bar.reach(self.bar.done, self.store.planned)

    def close(self) -> None:
        for workers in self.lanes.values():
            workers.close()

    # --- what goes out ----------------------------------------------------------------------------------

    def chunks(self) -> Iterator[list[Unit]]:
        """Units that need to be carried out, so many together that it is worth the way; waiting ones alone."""
        gathered: dict[str, list[Unit]] = {}
        for unit in self.units():
            if unit.waits:
                yield [unit]
                continue
            chunk = gathered.setdefault(unit.study, [])
            chunk.append(unit)
            if len(chunk) >= self.chunk_size(unit.study):
                yield gathered.pop(unit.study)
        yield from gathered.values()

    def units(self) -> Iterator[Unit]:
        """The planned units without a result, as they are planned."""
        plan = self.config.units()
        while group := list(islice(plan, _CHUNK_UNITS)):
            needed = self.store.plan([(unit.key, part, unit.study) for part, unit in group])
            self.bar.advance(needed.count(False))
            yield from (unit for (_, unit), wanted in zip(group, needed) if wanted)

    def chunk_size(self, study: str) -> int:
        if study not in self.speed:
            return 1
        return max(1, min(_CHUNK_UNITS, int(_CHUNK_SECONDS / max(self.speed[study], 1e-6))))

    def workers(self, lane: bool) -> Workers:
        if lane not in self.lanes:
            self.lanes[lane] = Loop(self.config.concurrency) if lane else self.compute()
        return self.lanes[lane]

    def full(self, lane: bool) -> bool:
        """Whether a lane has enough to do; while there are suspects, those that compute go one by one."""
        if not lane and (self.suspects or self.on_trial is not None):
            return True
        there = sum(which == lane for which, _ in self.pending.values())
        return there >= self.workers(lane).slots * (1 if lane else 2)

    def submit(self, chunk: list[Unit]) -> Future[list[Done | Failed]]:
        lane = chunk[0].waits
        future = self.workers(lane).submit(chunk)
        self.pending[future] = lane, chunk
        return future

    # --- what comes back --------------------------------------------------------------------------------

    def collect(self) -> None:
        """Wait until something has come, and put it away."""
        if self.suspects and not any(not lane for lane, _ in self.pending.values()):
            self.on_trial = self.submit(self.suspects.popleft())
        done, _ = wait(self.pending, timeout=1.0, return_when=FIRST_COMPLETED)
        for future in done:
            if future in self.pending:  # a worker that died may have taken it along
                self.take(future)

    def take(self, future: Future[list[Done | Failed]]) -> None:
        lane, chunk = self.pending.pop(future)
        alone, self.on_trial = future is self.on_trial, None if future is self.on_trial else self.on_trial
        error = CancelledError("cancelled by the cluster") if future.cancelled() else future.exception()
        if error is None:
            self.keep(chunk, future.result())
        elif isinstance(error, self.workers(lane).died):
            self.bury(chunk, alone)
        elif isinstance(error, CausalppError):
            raise error
        else:
            raise RunIncomplete(
                f"the workers cannot be reached or give nothing back ({type(error).__name__}: {error}); {self.kept()}"
            ) from error

    def keep(self, chunk: Sequence[Unit], results: Sequence[Done | Failed]) -> None:
        """Put results on the disk and count them."""
        finished = [result for result in results if isinstance(result, Done)]
        if finished:
            self.store.put(finished)
            self.bar.advance(len(finished))
            seconds = sum(done.seconds for done in finished) / len(finished)
            study = finished[0].study
            self.speed[study] = 0.5 * (self.speed.get(study, seconds) + seconds)
        units = {unit.key: unit for unit in chunk}
        for result in results:
            if isinstance(result, Done):
                self.in_a_row = 0
            elif result.stops is not None:
                raise RunIncomplete(f"{result.message}; {self.kept()}") from result.stops
            elif result.may_pass:
                self.again(units[result.key], result.message)
            else:
                self.fail(units[result.key], result.message)

    def bury(self, chunk: list[Unit], alone: bool) -> None:
        """After a worker died: find out, one chunk and then one unit at a time, which unit killed it."""
        lost = [chunk]
        if self.workers(False).renew():
            for future in [future for future, (lane, _) in self.pending.items() if not lane]:
                _, other = self.pending.pop(future)
                if future.done() and not future.cancelled() and future.exception() is None:
                    self.keep(other, future.result())
                else:
                    lost.append(other)
        for units in lost:
            if len(units) > 1:
                self.suspects.extend([unit] for unit in units) if alone else self.suspects.append(units)
            elif alone:
                self.again(units[0], "the process that carried it out died; it may need too much memory")
            else:
                self.suspects.append(units)

    def again(self, unit: Unit, why: str) -> None:
        """Try a unit once more, if it has not been tried often enough."""
        tried = self.tries[unit.key] = self.tries.get(unit.key, 0) + 1
        if tried < self.config.tries:
            self.suspects.append([unit])
        else:
            self.fail(unit, f"{why} (tried {tried} times)" if tried > 1 else why)

    def fail(self, unit: Unit, why: str) -> None:
        """Go on without a unit."""
        self.store.fail(unit.key, str(unit), why)
        self.failed += 1
        self.bar.advance(says=f"{self.config.name}, {self.failed:,} without result")
        self.in_a_row += 1
        if self.in_a_row >= _GIVE_UP:
            raise RunIncomplete(
                f"the last {self.in_a_row} units all failed (the last one: {unit}: {why}); {self.kept()}",
                self.store.failures(_LISTED),
                self.store.finished,
            )

    def rescue(self) -> None:
        """Put away what has come by the time the run is interrupted."""
        for future in list(self.pending):
            if future.done() and not future.cancelled() and future.exception() is None:
                self.store.put([result for result in future.result() if isinstance(result, Done)])

    def kept(self) -> str:
        """What an error says of the results so far."""
        return f"{self.store.finished:,} units are finished and kept; started again, the run goes on from there"
