"""Units of work: small, picklable, the same wherever they run, and known by what determines their result.

A benchmark is a stream of units.  A unit names a study and gives it plain parameters; the study's function turns the
parameters into rows of a table.  The key of a unit is the SHA-256 of everything that determines these rows, so that a
result found under that key never has to be computed again, by whatever run, process or machine.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from causalpp._register import Register
from causalpp._renamed import old_attribute, old_keyword
from causalpp.benchmarks.keys import canonical
from causalpp.benchmarks.rows import Row
from causalpp.errors import InvalidParameter
from causalpp.oracles.language_model import Estimate

__all__ = ["Outcome", "Study", "Unit", "get_study", "register", "study_names"]

_alone = threading.Lock()  # the generators are those of the process


@old_keyword(task="study")
@dataclass(frozen=True)
class Unit:
    """One piece of work.

    Attributes:
        study: the name of its :class:`Study`.
        version: of the study's code.
        parameters: everything else that determines the result, as plain values.
        waits: whether it spends its time waiting for a network rather than computing.
        key: SHA-256 of the canonical JSON of study (under its old name ``task``, so that what 0.1 finished
            counts), version and parameters, in hexadecimal digits.

    Raises:
        InvalidParameter: parameters that are not plain values.

    Example:
        >>> a, b = Unit("solve", 1, {"x": 1, "y": 2}), Unit("solve", 1, {"y": 2, "x": 1})
        >>> a.key == b.key, a.key[:8]
        (True, '...')
    """

    study: str
    version: int
    parameters: Mapping[str, Any] = field(repr=False)
    waits: bool = False
    key: str = field(init=False, compare=False)

    task = old_attribute("study")

    def __post_init__(self) -> None:
        text = canonical({"task": self.study, "version": self.version, "parameters": self.parameters})
        object.__setattr__(self, "key", hashlib.sha256(text.encode()).hexdigest())

    def __str__(self) -> str:
        text = canonical(self.parameters)
        return f"{self.study} {self.key[:12]} {text if len(text) <= 160 else text[:159] + '…'}"


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
        """What the function of a study returned, as an outcome."""
        return given if isinstance(given, Outcome) else cls(tuple(given))


@dataclass(frozen=True)
class Study:
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
        estimate: the parameters of a unit → what it takes at most of a language model; None if it asks none.
    """

    name: str
    version: int
    settings: type[Any]
    plan: Callable[[Any, int], Iterable[Mapping[str, Any]]]
    work: Callable[[Mapping[str, Any]], Outcome | Iterable[Row]]
    work_async: Callable[[Mapping[str, Any]], Awaitable[Outcome | Iterable[Row]]] | None = None
    waits: Callable[[Mapping[str, Any]], bool] | None = None
    count: Callable[[Any], int | None] | None = None
    estimate: Callable[[Mapping[str, Any]], Estimate | None] | None = None

    def units(self, settings: Any, seed: int) -> Iterator[Unit]:
        """The units of one section of a configuration."""
        for parameters in self.plan(settings, seed):
            yield Unit(self.name, self.version, parameters, self.waits is not None and self.waits(parameters))


_STUDIES: Register[Study] = Register("study", lambda found: isinstance(found, Study))


def register(study: Study) -> Study:
    """Let a study that ships be found by its name, in every process that imports :mod:`causalpp.benchmarks`."""
    return _STUDIES.add(study.name, study)


def study_names() -> tuple[str, ...]:
    """The studies that ship."""
    return _STUDIES.names


def get_study(name: str) -> Study:
    """A study by its name, or by where it is found.

    Args:
        name: a shipped name, such as ``"solve"``, or ``"package.module:NAME"``.

    Raises:
        UnknownName: nothing of that name ships.
        InvalidParameter: the module cannot be imported, or there is no study of that name in it.

    Example:
        >>> get_study("solve").name
        'solve'
    """
    found = _STUDIES.find(name)
    if found.name != name:
        raise InvalidParameter(f"{name!r} is a study that calls itself {found.name!r}")
    return found


def carry_out(unit: Unit) -> Outcome:
    """Do the work of a unit, with the global generators of random numbers in a state that depends on it alone.

    Raises:
        InvalidParameter: the study is of another version here than where the run was started.
    """
    study = _study_of(unit)
    with _reproducible(int(unit.key[:8], 16)):
        return Outcome.of(study.work(unit.parameters))


async def carry_out_async(unit: Unit) -> Outcome:
    """Do the work of a unit that waits for a network, beside others, on an event loop.

    Raises:
        InvalidParameter: as for :func:`carry_out`.
    """
    study = _study_of(unit)
    if study.work_async is None:
        return Outcome.of(await asyncio.to_thread(study.work, unit.parameters))
    return Outcome.of(await study.work_async(unit.parameters))


def _study_of(unit: Unit) -> Study:
    study = get_study(unit.study)
    if study.version != unit.version:
        raise InvalidParameter(
            f"the study {unit.study!r} is of version {study.version} here and of version {unit.version} where the "
            "run was started: install the same version of the library on all machines"
        )
    return study


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
