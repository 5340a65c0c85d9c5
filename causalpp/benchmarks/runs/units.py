"""Units of work: small, picklable, the same wherever they run, and known by what determines their result.

A benchmark is a stream of units.  A unit names a task and gives it plain parameters; the task's function turns the
parameters into rows of a table.  The key of a unit is the SHA-256 of everything that determines these rows, so that a
result found under that key never has to be computed again, by whatever run, process or machine.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from causalpp.errors import InvalidParameter, UnknownName

__all__ = ["Outcome", "Row", "Task", "Unit", "canonical", "get_task", "seed_of", "task_names"]

#: A row of a table of results: texts, numbers, truth values and None by the name of their column.
Row: TypeAlias = Mapping[str, str | float | int | bool | None]

_alone = threading.Lock()  # the generators are those of the process

_SHIPPED = {
    "discover": "causalpp.benchmarks.studies.discover:DISCOVER",
    "local": "causalpp.benchmarks.studies.local:LOCAL",
    "solve": "causalpp.benchmarks.studies.solve:SOLVE",
}


def canonical(values: Any) -> str:
    """The one JSON text of some plain values: keys sorted, no spaces.

    Raises:
        InvalidParameter: something in them is not plain: no number, text, truth value, None, list or mapping.

    Example:
        >>> canonical({"b": (1, 2), "a": None})
        '{"a":null,"b":[1,2]}'
    """
    try:
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidParameter(f"a unit is made of plain values only: {error}") from None


def seed_of(*parts: Any) -> int:
    """A seed that depends on all the parts and on nothing else, in [0, 2³²).

    Args:
        parts: plain values, such as the seed of a run and the number of a graph.

    Example:
        >>> seed_of(0, "graph", 17) == seed_of(0, "graph", 17) != seed_of(0, "graph", 18)
        True
    """
    return int(hashlib.sha256(canonical(parts).encode()).hexdigest()[:8], 16)


@dataclass(frozen=True)
class Unit:
    """One piece of work.

    Attributes:
        task: the name of its :class:`Task`.
        version: of the task's code.
        parameters: everything else that determines the result, as plain values.
        waits: whether it spends its time waiting for a network rather than computing.
        key: SHA-256 of the canonical JSON of task, version and parameters, in hexadecimal digits.

    Raises:
        InvalidParameter: parameters that are not plain values.

    Example:
        >>> a, b = Unit("solve", 1, {"x": 1, "y": 2}), Unit("solve", 1, {"y": 2, "x": 1})
        >>> a.key == b.key, a.key[:8]
        (True, '...')
    """

    task: str
    version: int
    parameters: Mapping[str, Any] = field(repr=False)
    waits: bool = False
    key: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        text = canonical({"task": self.task, "version": self.version, "parameters": self.parameters})
        object.__setattr__(self, "key", hashlib.sha256(text.encode()).hexdigest())

    def __str__(self) -> str:
        text = canonical(self.parameters)
        return f"{self.task} {self.key[:12]} {text if len(text) <= 160 else text[:159] + '…'}"


@dataclass(frozen=True)
class Outcome:
    """What a unit gives.

    Attributes:
        rows: its rows, the same whenever and wherever it runs.
        timings: seconds and other measurements that differ from run to run; they are kept apart from the rows.
    """

    rows: tuple[Row, ...]
    timings: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Outcome | Iterable[Row]) -> Outcome:
        """What the function of a task returned, as an outcome."""
        return given if isinstance(given, Outcome) else cls(tuple(given))


@dataclass(frozen=True)
class Task:
    """A kind of unit: how a section of a configuration becomes units, and how a unit becomes rows.

    All its functions stand at the top of a module, so that other processes can import them.

    Attributes:
        name: one of the shipped names, or where it is found: ``"package.module:NAME"``.
        version: raised whenever a change of code changes results; older results are then computed anew.
        settings: a dataclass: the keys that a section of a configuration may have, their types and defaults.
        plan: settings and seed → the parameters of every unit, as plain values, one after the other.
        work: the parameters of a unit → its rows, or an :class:`Outcome`.  Pure: it keeps nothing from one unit
            to the next that could show in the rows.
        work_async: the same on an event loop, for units that wait for a network; by default ``work`` in a thread.
        waits: whether the unit with these parameters waits for a network; by default none does.
        count: settings → the number of units, where it is known without planning them; for the progress bar.
    """

    name: str
    version: int
    settings: type[Any]
    plan: Callable[[Any, int], Iterable[Mapping[str, Any]]]
    work: Callable[[Mapping[str, Any]], Outcome | Iterable[Row]]
    work_async: Callable[[Mapping[str, Any]], Awaitable[Outcome | Iterable[Row]]] | None = None
    waits: Callable[[Mapping[str, Any]], bool] | None = None
    count: Callable[[Any], int | None] | None = None

    def units(self, settings: Any, seed: int) -> Iterator[Unit]:
        """The units of one section of a configuration."""
        for parameters in self.plan(settings, seed):
            yield Unit(self.name, self.version, parameters, self.waits is not None and self.waits(parameters))


def task_names() -> tuple[str, ...]:
    """The tasks that ship."""
    return tuple(_SHIPPED)


def get_task(name: str) -> Task:
    """A task by its name, or by where it is found.

    Args:
        name: a shipped name, such as ``"solve"``, or ``"package.module:NAME"``.

    Raises:
        UnknownName: nothing of that name ships.
        InvalidParameter: the module cannot be imported, or there is no task of that name in it.

    Example:
        >>> get_task("solve").name
        'solve'
    """
    address = name if ":" in name else _SHIPPED.get(name)
    if address is None:
        raise UnknownName("task", name, _SHIPPED)
    module, _, attribute = address.partition(":")
    try:
        found = getattr(import_module(module), attribute, None)
    except ImportError as error:
        raise InvalidParameter(f"the task {name!r} cannot be imported: {error}") from None
    if not isinstance(found, Task) or found.name != name:
        raise InvalidParameter(f"{address!r} is not a Task of the name {name!r}")
    return found


def carry_out(unit: Unit) -> Outcome:
    """Do the work of a unit, with the global generators of random numbers in a state that depends on it alone.

    Raises:
        InvalidParameter: the task is of another version here than where the run was started.
    """
    task = _task_of(unit)
    with _reproducible(int(unit.key[:8], 16)):
        return Outcome.of(task.work(unit.parameters))


async def carry_out_async(unit: Unit) -> Outcome:
    """Do the work of a unit that waits for a network, beside others, on an event loop.

    Raises:
        InvalidParameter: as for :func:`carry_out`.
    """
    task = _task_of(unit)
    if task.work_async is None:
        return Outcome.of(await asyncio.to_thread(task.work, unit.parameters))
    return Outcome.of(await task.work_async(unit.parameters))


def _task_of(unit: Unit) -> Task:
    task = get_task(unit.task)
    if task.version != unit.version:
        raise InvalidParameter(
            f"the task {unit.task!r} is of version {task.version} here and of version {unit.version} where the run was "
            "started: install the same version of the library on all machines"
        )
    return task


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Seeded global generators and one thread, for the length of a block that only one thread enters at a time.

    Sums over several threads differ in their last digits, hence one.  The generator of PyTorch is set directly:
    ``torch.manual_seed`` seeds every kind of device there might be, which takes longer than many a unit.
    """
    import torch

    with _alone:
        threads, ours = torch.get_num_threads(), torch.get_rng_state()
        state, arrays = random.getstate(), np.random.get_state()  # noqa: NPY002
        torch.default_generator.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        if threads != 1:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_rng_state(ours)
            random.setstate(state)
            np.random.set_state(arrays)  # noqa: NPY002
            if threads != 1:
                torch.set_num_threads(threads)
