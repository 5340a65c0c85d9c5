"""Where the samples of an experiment come from: a program that is run, or frames that somebody has."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp.errors import InvalidData, UnknownVariable
from causalpp.oracles._tests import Outcome, difference, is_number, smallest
from causalpp.oracles.panel import asking
from causalpp.programs import CausalProgram

if TYPE_CHECKING:
    import pandas as pd

    #: Target → the rows seen while it was set, one frame or one for each level; None → rows without intervention.
    Experiments = Mapping[str | None, "pd.DataFrame | Mapping[Any, pd.DataFrame]"]

__all__ = ["Frames", "Lab", "Runs"]

_LOWEST, _HIGHEST = 0.1, 0.9  # quantiles between which a variable that is a number is moved


class Lab:
    """Where the samples come from."""

    variables: tuple[str, ...]
    targets: tuple[str, ...]
    digest: str

    def rows(self, target: str, rows: int, number: int) -> pd.DataFrame:
        """See :meth:`ExperimentOracle.rows`."""
        raise NotImplementedError

    def test(
        self, cause: str, outcome: str, held: frozenset[str], replicate: int, call: str | None = None
    ) -> Outcome | str:
        """The test of "no effect", or why there is none; the outcomes of a call are looked at in the same samples."""
        raise NotImplementedError


class Runs(Lab):
    """Samples of a program, new ones for every asking."""

    def __init__(self, program: CausalProgram, samples: int, settings: int, seed: int) -> None:
        self.program, self.samples, self.settings, self.seed = program, samples, settings, seed
        self.variables = tuple(name for name in program.variables if name not in program.latent)
        self.digest = program.source()
        self._last: tuple[str, list[list[pd.DataFrame]]] | None = None  # the samples of the last call

    def __repr__(self) -> str:
        return f"{self.program!r}, samples={self.samples}, settings={self.settings}"

    @cached_property
    def targets(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(name for name, levels in self._levels.items() if len(levels) > 1)

    def rows(self, target: str, rows: int, number: int) -> pd.DataFrame:
        import pandas as pd

        source = self._source(f"rows {target!r} {rows}", number, None)
        levels = self._levels[target]
        parts = []
        for k, level in enumerate(levels):
            some = (rows + k) // len(levels)  # these add up
            frame = self.program.do({target: level}).simulate(some, seed=int(source.integers(2**62)))
            parts.append(frame[list(self.variables)])
        return pd.concat([part for part in parts if len(part)], ignore_index=True)

    @cached_property
    def _levels(self) -> dict[str, tuple[Any, ...]]:
        """What each variable can be set to: all its states, or two numbers it lies between most of the time."""
        frame = self.program.simulate(max(self.samples, 1000), seed=self.seed)
        levels: dict[str, tuple[Any, ...]] = {}
        for name in self.variables:
            column = frame[name]
            if hasattr(column, "cat"):
                levels[name] = tuple(column.cat.categories)
            else:
                levels[name] = tuple(sorted(set(np.quantile(column, [_LOWEST, _HIGHEST]).tolist())))
        return levels

    def test(
        self, cause: str, outcome: str, held: frozenset[str], replicate: int, call: str | None = None
    ) -> Outcome | str:
        if len(self._levels[cause]) < 2:
            return f"{cause} has only one value"
        source = self._source(f"{cause!r} {outcome!r} {sorted(held)!r}", replicate, call)
        if call is None:
            runs = self._samples(cause, held, source)
        else:
            last = self._last
            if last is None or last[0] != call:
                drawn = self._samples(cause, held, self._source(f"{cause!r} {sorted(held)!r}", replicate, call))
                last = self._last = call, list(drawn)
            runs = iter(last[1])
        return smallest([difference([frame[outcome] for frame in frames], source) for frames in runs])

    def _source(self, what: str, replicate: int, call: str | None) -> np.random.Generator:
        words = hashlib.sha256((what if call is None else f"{what} {asking(call)}").encode()).digest()
        return np.random.default_rng([self.seed, replicate, *np.frombuffer(words[:16], dtype="<u4").tolist()])

    def _samples(self, cause: str, held: frozenset[str], source: np.random.Generator) -> Iterator[list[pd.DataFrame]]:
        """For each setting of what is held, the rows for each level of the cause."""
        for setting in self._held(sorted(held), source):
            frames = []
            for level in self._levels[cause]:
                program = self.program.do({**setting, cause: level})
                # Every level has noise of its own: with the same noise the groups would not be independent.
                frames.append(program.simulate(self.samples, seed=int(source.integers(2**62))))
            yield frames

    def _held(self, names: Sequence[str], source: np.random.Generator) -> Iterator[dict[str, Any]]:
        """Settings of the held variables, different ones; all of them if they are few."""
        choices = [self._levels[name] for name in names]
        if math.prod(map(len, choices)) <= self.settings:
            yield from (dict(zip(names, values, strict=True)) for values in product(*choices))
            return
        seen: set[tuple[int, ...]] = set()
        while len(seen) < self.settings:
            picked = tuple(int(source.integers(len(some))) for some in choices)
            if picked not in seen:
                seen.add(picked)
                yield {name: some[i] for name, some, i in zip(names, choices, picked, strict=True)}


class Frames(Lab):
    """Rows that were measured once: asking again finds the same rows."""

    def __init__(self, experiments: Experiments, seed: int) -> None:
        import pandas as pd

        self.seed = seed
        self.levels: dict[str | None, list[tuple[str, pd.DataFrame]]] = {}
        for target, found in experiments.items():
            if isinstance(found, Mapping):
                self.levels[target] = [(str(level), frame) for level, frame in found.items()]
            else:
                self.levels[target] = _randomised(target, found)
        # What is found does not depend on the order in which the experiments are listed.
        for parts in self.levels.values():
            parts.sort(key=lambda part: part[0])
        self.levels = dict(sorted(self.levels.items(), key=lambda item: (item[0] is not None, str(item[0]))))
        frames = [frame for parts in self.levels.values() for _, frame in parts]
        if not frames:
            raise InvalidData("there are no experiments")
        for frame in frames:
            if not isinstance(frame, pd.DataFrame) or frame.empty or not frame.columns.is_unique:
                raise InvalidData(
                    "experiments are frames with rows and distinct columns: {target: frame, None: frame} or "
                    f"{{target: {{level: frame}}}}, got {type(frame).__name__}"
                )
        self.variables = tuple(dict.fromkeys(str(name) for frame in frames for name in frame.columns))
        for target in self.levels:
            if target is not None and target not in self.variables:
                raise UnknownVariable(target, self.variables, what=" as a target")
        self.digest = " ".join(
            f"{target!r} {level} {list(frame.columns)} {_rows_digest(frame)}"
            for target, parts in self.levels.items()
            for level, frame in parts
        )

    @cached_property
    def targets(self) -> tuple[str, ...]:  # type: ignore[override]
        return tuple(name for name in self.levels if name is not None)

    def rows(self, target: str, rows: int, number: int) -> pd.DataFrame:
        import pandas as pd

        del rows, number
        return pd.concat([frame for _, frame in self.levels[target]], ignore_index=True)

    def __repr__(self) -> str:
        rows = sum(len(frame) for parts in self.levels.values() for _, frame in parts)
        return f"{rows:,} rows, targets {[target for target in self.levels if target is not None]}"

    def test(
        self, cause: str, outcome: str, held: frozenset[str], replicate: int, call: str | None = None
    ) -> Outcome | str:
        del replicate, call  # the rows are the same at every asking
        if cause not in self.levels:
            return f"no experiment set {cause}"
        if held:
            return "nothing was held fixed in these experiments"
        found = [*self.levels[cause], *self.levels.get(None, [])]
        groups = [frame[outcome].dropna() for _, frame in found if outcome in frame.columns]
        groups = [group for group in groups if len(group)]
        if len(groups) < 2:
            return f"{outcome} was measured at fewer than two levels of {cause}"
        words = hashlib.sha256(f"{cause!r} {outcome!r}".encode()).digest()
        source = np.random.default_rng([self.seed, *np.frombuffer(words[:16], dtype="<u4").tolist()])
        return difference(groups, source)


def _randomised(target: str | None, frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The rows of one frame by the value its target was set to."""
    import pandas as pd

    if target is None or not isinstance(frame, pd.DataFrame):
        return [("set", frame)]
    if target not in frame.columns or not frame.columns.is_unique:
        return [("set", frame)]
    column = frame[target].dropna()
    values = column.unique()
    if len(values) < 2:
        return [("set", frame)]
    if is_number(column):
        raise InvalidData(
            f"{target!r} takes {len(values)} different numbers in its frame: give a frame for each level, such as "
            f"{{{target!r}: {{'low': frame, 'high': frame}}}}, or one level if it was changed and not set"
        )
    return [(str(value), frame[frame[target] == value]) for value in values]


def _rows_digest(frame: pd.DataFrame) -> str:
    import pandas as pd

    values = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return hashlib.sha256(values.tobytes()).hexdigest()
