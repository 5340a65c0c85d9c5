"""Asking for what is not in a journal, once for all who share it, and keeping what comes before it is used."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import closing
from typing import Generic, Protocol, TypeVar

from causalpp.language.journal._leases import Key, Leases
from causalpp.language.running import Job

__all__ = ["Recorder", "Store", "fetch", "fetch_async"]

K = TypeVar("K")
R = TypeVar("R")


class Store(Protocol[K, R]):
    """A journal as one who asks sees it: results under their keys."""

    def get(self, keys: Sequence[K]) -> dict[K, R]:
        """The results there are."""

    def put(self, results: Sequence[tuple[K, R]]) -> Iterable[tuple[K, R]]:
        """Keep some results, all on the disk when this returns; those that stand there then."""

    def row(self, key: K) -> Key:
        """The row of a result, for its lease."""

    def leases(self) -> Leases:
        """Who is to ask what is not there; whoever is, registers."""


def fetch(
    groups: Sequence[Sequence[K]],
    found: dict[K, R],
    ask: Callable[[Sequence[Sequence[K]]], Generator[tuple[K, R]]],
    store: Store[K, R] | None = None,
) -> None:
    """Put what belongs to some keys into ``found``: what the store has, and the rest as it is asked for.

    Args:
        groups: the keys, together what is asked together.
        found: key → result; what is there already is not asked for.
        ask: the results of whole groups, in any order, each as soon as it is there; where one of them is left out,
            the asking ends.
        store: where results are kept, if anywhere.
    """
    with _leases(store) as leases:
        while missing := _missing(groups, found, store):
            mine = _taken(leases, missing, found, store)
            if not mine:
                time.sleep(leases.pause())
                continue
            with Recorder(store, found) as record, closing(ask(mine)) as given:
                for key, result in given:
                    record(key, result)
            leases.release()
            if not _whole(mine, found):
                break


async def fetch_async(
    groups: Sequence[Sequence[K]],
    found: dict[K, R],
    ask: Callable[[Sequence[Sequence[K]], Callable[[K, R], None]], Awaitable[object]],
    store: Store[K, R] | None = None,
) -> None:
    """:func:`fetch` inside an event loop; what is cancelled keeps what has come.

    Args:
        groups, found, store: as there.
        ask: asks for whole groups, on the loop in the background, and gives each key with its result away as it comes.
    """
    with _leases(store) as leases:
        while missing := await asyncio.to_thread(_missing, groups, found, store):
            mine = await asyncio.to_thread(_taken, leases, missing, found, store)
            if not mine:
                await asyncio.sleep(leases.pause())
                continue
            recorder = Recorder(store, found)
            job: Job[object] = Job(_asked(ask, mine, recorder))
            try:
                await asyncio.wrap_future(job.future)
            except asyncio.CancelledError:
                job.cancel()
                raise
            finally:
                await asyncio.to_thread(_finish, job, recorder)
            await asyncio.to_thread(leases.release)
            if not _whole(mine, found):
                break


async def _asked(
    ask: Callable[[Sequence[Sequence[K]], Callable[[K, R], None]], Awaitable[object]],
    groups: Sequence[Sequence[K]],
    recorder: Recorder[K, R],
) -> object:
    """The asking, which begins when this does: what is cancelled before that was never begun."""
    return await ask(groups, recorder)


def _finish(job: Job[object], recorder: Recorder[K, R]) -> None:
    """Wait until some work has stopped and what it gave is kept."""
    job.wait()
    recorder.close()


def _leases(store: Store[K, R] | None) -> Leases:
    """What keeps two askings that share a journal from putting the same."""
    return Leases(None, lambda *_: False) if store is None else store.leases()


def _whole(groups: Iterable[Sequence[K]], found: dict[K, R]) -> bool:
    return all(key in found for group in groups for key in group)


def _missing(groups: Sequence[Sequence[K]], found: dict[K, R], store: Store[K, R] | None) -> list[Sequence[K]]:
    """The groups of which something is neither found nor in the store; what the store has is found now."""
    if store is not None:
        found.update(store.get([key for group in groups for key in group if key not in found]))
    return [group for group in groups if not _whole([group], found)]


def _taken(
    leases: Leases, missing: Sequence[Sequence[K]], found: dict[K, R], store: Store[K, R] | None
) -> list[Sequence[K]]:
    """The groups that nobody else is asking for."""
    if store is None:
        return list(missing)
    rows = {key: store.row(key) for group in missing for key in group}
    wanted = [([rows[key] for key in group], [rows[key] for key in group if key not in found]) for group in missing]
    return [missing[number] for number in leases.take(wanted)]


class Recorder(Generic[K, R]):
    """A context that keeps results as they come, and puts them into ``found`` once they are on the disk.

    While one commit waits for the disk, the results that come meanwhile share the next.  Without a store they are put
    into ``found`` at once.

    Raises:
        FormatError: the journal cannot be written; at the next result, or at the end.
    """

    def __init__(self, store: Store[K, R] | None, found: dict[K, R]) -> None:
        self._store = store
        self._found = found
        self._waiting: queue.SimpleQueue[tuple[K, R] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._first = True

    def __enter__(self) -> Recorder[K, R]:
        return self

    def __call__(self, key: K, result: R) -> None:
        """Keep a result."""
        if self._error is not None:
            raise self._error
        if self._first or self._store is None:  # for a single one a thread is not worth while
            self._first = False
            self._put([(key, result)])
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="causalpp-journal", daemon=True)
            self._thread.start()
        self._waiting.put((key, result))

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self.close()
        except Exception:
            if error is None:
                raise

    def close(self) -> None:
        """Wait until everything is on the disk."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None
        if self._error is not None:
            raise self._error

    def _put(self, results: Sequence[tuple[K, R]]) -> None:
        self._found.update(results if self._store is None else self._store.put(results))

    def _work(self) -> None:
        try:
            result = self._waiting.get()
            while result is not None:
                together = [result]
                while (
                    not self._waiting.empty() and len(together) < 1000 and (result := self._waiting.get()) is not None
                ):
                    together.append(result)
                self._put(together)
                if result is not None:
                    result = self._waiting.get()
        except BaseException as error:
            self._error = error
