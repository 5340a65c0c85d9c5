"""Where the observed distribution comes from: a table, a frame's counts, a program."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.columns import Column, State, read_columns
from causalpp.errors import InvalidData, InvalidParameter, TooLarge, UnknownVariable
from causalpp.graphs.dag import Names, as_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FrameSource", "Joint", "Source", "as_source"]

_MOST_CELLS = 100_000_000


class Source:
    """An observed distribution that can say the marginal of any of its variables.

    Attributes:
        counts: whether it comes from rows, so that an empty cell may be chance.
    """

    counts = False

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], NDArray[np.float64]] = {}

    def states(self, name: str) -> tuple[State, ...]:
        """The states of a variable."""
        raise NotImplementedError

    def _marginal(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        raise NotImplementedError

    def marginal(self, names: Iterable[str]) -> NDArray[np.float64]:
        """P(names), one axis each, in that order; kept for the next time."""
        wanted = tuple(names)
        key = tuple(sorted(wanted))
        if key not in self._known:
            cells = math.prod(len(self.states(name)) for name in key)
            if cells > _MOST_CELLS:
                raise TooLarge(f"the formula needs the joint distribution of {', '.join(key)}: {cells:,} cells")
            self._known[key] = self._marginal(key)
        return self._known[key].transpose([key.index(name) for name in wanted])


@dataclass(frozen=True, eq=False)
class Joint:
    """A joint distribution as a table.

    Attributes:
        variables: one an axis.
        states: variable → its states, in the order of the axis.
        probabilities: shape ``(states of the first variable, …)``; not negative, summing to one.

    Raises:
        InvalidParameter: shape, names or numbers that are no joint distribution.

    Example:
        >>> joint = Joint(("x", "y"), {"x": (0, 1), "y": (0, 1)}, np.array([[0.4, 0.1], [0.1, 0.4]]))
        >>> joint.marginal("y")
        array([0.5, 0.5])
    """

    variables: tuple[str, ...]
    states: Mapping[str, tuple[State, ...]]
    probabilities: NDArray[np.float64]

    def __post_init__(self) -> None:
        table = np.array(self.probabilities, dtype=float)
        missing = [name for name in self.variables if name not in self.states]
        if missing:
            raise InvalidParameter(f"the joint distribution does not say the states of {missing[0]!r}")
        shape = tuple(len(self.states[name]) for name in self.variables)
        if len(set(self.variables)) < len(self.variables) or table.shape != shape:
            raise InvalidParameter(f"a joint distribution of these variables has shape {shape}, got {table.shape}")
        if not np.isfinite(table).all() or (table < 0).any() or abs(table.sum() - 1) > 1e-6:
            raise InvalidParameter("a joint distribution holds numbers that are not negative and sum to one")
        table.flags.writeable = False
        object.__setattr__(self, "probabilities", table)

    @classmethod
    def from_program(cls, program: Any, variables: Names | None = None) -> Joint:
        """The exact joint distribution of a program's observed variables, or of those named."""
        names = tuple(v for v in program.variables if v not in program.latent)
        names = names if variables is None else as_names(variables)
        return cls(names, {v: tuple(program.states(v)) for v in names}, program.probabilities(names))

    def marginal(self, variables: Names) -> NDArray[np.float64]:
        """The marginal distribution of some variables, one axis each."""
        names = as_names(variables)
        for name in names:
            if name not in self.variables:
                raise UnknownVariable(name, self.variables)
        others = tuple(i for i, name in enumerate(self.variables) if name not in names)
        left = [name for name in self.variables if name in names]
        return np.asarray(self.probabilities.sum(axis=others).transpose([left.index(name) for name in names]))


class _FromJoint(Source):
    def __init__(self, joint: Joint) -> None:
        super().__init__()
        self.joint = joint

    def states(self, name: str) -> tuple[State, ...]:
        if name not in self.joint.variables:
            raise UnknownVariable(name, self.joint.variables)
        return tuple(self.joint.states[name])

    def _marginal(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        return self.joint.marginal(names)


class _FromProgram(Source):
    def __init__(self, program: Any) -> None:
        super().__init__()
        self.program = program

    def states(self, name: str) -> tuple[State, ...]:
        if name in self.program.latent:
            raise InvalidParameter(f"the formula needs {name!r}, which is latent in this program")
        return tuple(self.program.states(name))

    def _marginal(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        return np.asarray(self.program.probabilities(names))


class FrameSource(Source):
    """The rows of a frame, whose columns are read once each.

    Raises:
        InvalidData: no rows.
        UnknownVariable: ``kinds`` names a column that is not there.
    """

    counts = True

    def __init__(self, frame: pd.DataFrame, kinds: Mapping[str, str]) -> None:
        super().__init__()
        if not len(frame):
            raise InvalidData("the data have no rows")
        self.frame, self.kinds = frame, dict(kinds)
        for name in kinds:
            self._check(name, ", in kinds=")
        self._columns: dict[str, Column] = {}

    def _check(self, name: str, where: str = "") -> None:
        if name not in self.frame.columns:
            raise UnknownVariable(name, map(str, self.frame.columns), what=f" among the columns{where}")

    def column(self, name: str) -> Column:
        """A column without missing values.

        Raises:
            UnknownVariable: no such column.
            InvalidData: missing values, or a repeated name.
        """
        if name not in self._columns:
            self._check(name)
            own = {known: kind for known, kind in self.kinds.items() if known == name}
            self._columns[name] = read_columns(self.frame, own, names=[name])[name]
        if self._columns[name].missing.any():
            raise InvalidData(f"column {name!r} has missing values: drop or fill those rows first")
        return self._columns[name]

    def codes(self, name: str) -> tuple[tuple[State, ...], NDArray[np.int64]]:
        """A discrete column's states, and their numbers row by row.

        Raises:
            InvalidData: numbers, by the rule of the library or because it was said so.
        """
        column = self.column(name)
        if column.states is None:
            said = self.kinds.get(name)
            how = f"is said to be {said}" if said is not None else f"is read as numbers ({column.reason})"
            raise InvalidData(
                f"column {name!r} {how}: the plug-in formula needs discrete columns; cut it into a few intervals "
                f"(pandas.cut), say kinds={{{name!r}: 'discrete'}} if its values are states, or use "
                "adjusted_effect(method='regression')"
            )
        return column.states, column.values

    def states(self, name: str) -> tuple[State, ...]:
        return self.codes(name)[0]

    def _marginal(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        if not names:
            return np.ones(())
        shape = tuple(len(self.states(name)) for name in names)
        cells = np.ravel_multi_index([self.codes(name)[1] for name in names], shape)
        return np.bincount(cells, minlength=math.prod(shape)).reshape(shape) / len(self.frame)


def as_source(source: Any, kinds: Mapping[str, str] | None = None) -> Source:
    """A frame, a program or a :class:`Joint` as a source.

    Raises:
        InvalidParameter: something else, or ``kinds`` for what is not a frame.
        UnknownVariable: ``kinds`` names a column that is not there.
    """
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return FrameSource(source, kinds or {})
    if kinds:
        raise InvalidParameter(f"kinds= says what the columns of a frame are; a {type(source).__name__} has states")
    if isinstance(source, Source):
        return source
    if isinstance(source, Joint):
        return _FromJoint(source)
    if all(hasattr(source, name) for name in ("probabilities", "states", "latent")):
        return _FromProgram(source)
    raise InvalidParameter(
        f"a formula is evaluated on a data frame, a program or a Joint, not on a {type(source).__name__}"
    )
