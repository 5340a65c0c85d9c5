"""Pairs of a base and its sources, with the label that the program gives to the interchange.

The program is run in two worlds on one noise: as it is, and with each variable set to the value that it has in its
source (Geiger et al. 2021, "Causal abstractions of neural networks", equation 2).  No second causal model is needed:
both are :meth:`causalpp.CausalProgram.worlds` of the one compiled program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp._plain import check_seed
from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.graphs.dag import Names, as_names
from causalpp.programs import CausalProgram, Mechanism, State

if TYPE_CHECKING:
    import pandas as pd

    #: Where inputs come from: rows to draw from, or a function of a number and a generator that gives rows.
    Inputs = pd.DataFrame | Callable[[int, np.random.Generator], pd.DataFrame] | None

__all__ = ["Pairs", "outcome_of", "pairs", "roots"]

_ROUNDS = 50  # how often pairs are drawn again to have as many of a kind as are wanted


@dataclass(frozen=True, eq=False, repr=False)
class Pairs:
    """Bases, a source for each variable, and what the program says before and after the interchange.

    Attributes:
        variables: those that are interchanged, all at once, each with the value it has in its own source.
        outcome: the variable that is the label.
        states: of the outcome, in the order of their numbers.
        base: the program's inputs, one row a pair, with whatever other columns the inputs had.
        sources: variable → rows of the same kind.
        before: the number of the outcome's state in the base, shape ``(n,)``.
        after: the same after the interchange, shape ``(n,)``.
        values: variable → its values in base and source, shape ``(n, 2)``: numbers of states, or real.
        apart: variable → the number of the outcome's state in its source, shape ``(n,)``.
        seed: with which they were drawn, also of the program's noise.
        levels: variable → its states, in the order of their numbers; None for a real one.
    """

    variables: tuple[str, ...]
    outcome: str
    states: tuple[State, ...]
    base: pd.DataFrame
    sources: Mapping[str, pd.DataFrame]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    values: Mapping[str, NDArray[Any]]
    apart: Mapping[str, NDArray[np.int64]]
    seed: int = 0
    levels: Mapping[str, tuple[State, ...] | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.before)

    def __repr__(self) -> str:
        names = ", ".join(self.variables)
        return f"Pairs({names} → {self.outcome}: {len(self):,}, the label changes in {int(self.changes.sum()):,})"

    @property
    def changes(self) -> NDArray[np.bool_]:
        """Whether the interchange changes the label, shape ``(n,)``."""
        return np.asarray(self.before != self.after)

    def take(self, rows: Any) -> Pairs:
        """Some of the pairs: a mask, a slice, or numbers of rows."""
        numbers = np.arange(len(self))[rows]
        return replace(
            self,
            base=self.base.iloc[numbers].reset_index(drop=True),
            sources={v: frame.iloc[numbers].reset_index(drop=True) for v, frame in self.sources.items()},
            before=self.before[numbers],
            after=self.after[numbers],
            values={v: pair[numbers] for v, pair in self.values.items()},
            apart={v: label[numbers] for v, label in self.apart.items()},
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values; rows as lists of mappings."""
        return {
            "variables": list(self.variables),
            "outcome": self.outcome,
            "states": list(self.states),
            "base": self.base.astype(object).to_dict("records"),
            "sources": {v: frame.astype(object).to_dict("records") for v, frame in self.sources.items()},
            "before": self.before.tolist(),
            "after": self.after.tolist(),
            "seed": self.seed,
        }


def pairs(
    program: CausalProgram,
    variables: Names,
    n: int = 1000,
    seed: int = 0,
    *,
    outcome: str | None = None,
    inputs: Inputs = None,
    changing: float | None = None,
    base: pd.DataFrame | None = None,
    sources: Mapping[str, pd.DataFrame] | None = None,
) -> Pairs:
    """Draw pairs for an interchange of some variables, and label them by the program.

    Args:
        program: the high-level model.
        variables: one, or several that are interchanged at once, each with a source of its own.
        n: how many pairs.
        seed: of the rows and of the program's noise.
        outcome: the label; by default the only variable without effects.
        inputs: rows from which bases and sources are drawn, with a column for every variable without causes and any
            others (an image's number, a text) that go to ``encode``; or a function ``(n, generator)`` that gives such
            rows; or None for the program's own law.
        changing: the share of pairs whose label changes; as it comes if left out.
        base, sources: the rows themselves instead of drawn ones, ``n`` then does not count; ``sources`` variable →
            rows.

    Raises:
        UnknownVariable, UnknownState: a variable or state that the program does not have; an input that is missing.
        InvalidParameter: no variable; an outcome without states; ``n`` or a share out of range; rows that do not fit
            each other; pairs of the kind wanted that never come.

    Example:
        >>> from causalpp import Dag, Function, Table, compile
        >>> coin = Table((0, 1), (), [0.5, 0.5])
        >>> program = compile(
        ...     Dag.from_edges([("a", "s"), ("b", "s"), ("s", "y"), ("c", "y")]),
        ...     mechanisms={
        ...         "a": coin, "b": coin, "c": coin,
        ...         "s": Function(lambda a, b: a & b, ("a", "b"), (0, 1), noise=None),
        ...         "y": Function(lambda s, c: s | c, ("s", "c"), (0, 1), noise=None),
        ...     },
        ... )
        >>> from causalpp.abstraction import pairs
        >>> pairs(program, "s", n=1000, seed=0)
        Pairs(s → y: 1,000, the label changes in 186)
    """
    check_seed(seed)
    names = tuple(as_names(variables))
    label = outcome_of(program, outcome)
    _check_variables(program, names, label)
    if base is not None or sources is not None:
        if base is None or sources is None or set(sources) != set(names):
            raise InvalidParameter("give base= and sources= together, sources= with rows for every variable")
        return _labelled(program, names, label, base, sources, seed)
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise InvalidParameter(f"the number of pairs is a whole number from 1 on, got {n!r}")
    if changing is None:
        return _drawn(program, names, label, n, seed, inputs)
    if not 0 <= changing <= 1:
        raise InvalidParameter(f"the share of pairs whose label changes is in [0, 1], got {changing!r}")
    return _balanced(program, names, label, n, seed, inputs, changing)


def roots(program: CausalProgram) -> tuple[str, ...]:
    """The program's inputs: its variables without causes, in the program's order."""
    return tuple(v for v in program.variables if not program.mechanism(v).parents)


def outcome_of(program: CausalProgram, outcome: str | None) -> str:
    """The variable that is the label: the one named, or the only one without effects.

    Raises:
        UnknownVariable: no such variable.
        InvalidParameter: several have no effects; it has no states.
    """
    if not isinstance(program, CausalProgram):
        raise InvalidParameter(f"a program is made by causalpp.compile, got {type(program).__name__}")
    if outcome is None:
        causes = {p for v in program.variables for p in program.mechanism(v).parents}
        last = [v for v in program.variables if v not in causes]
        if len(last) != 1:
            raise InvalidParameter(f"several variables have no effects ({', '.join(last)}): name one as outcome=")
        outcome = last[0]
    if not program.is_discrete(outcome):
        raise InvalidParameter(
            f"the outcome {outcome!r} is a real number and has no states, which labels need: cut it into states, or "
            "name another outcome"
        )
    return outcome


def _check_variables(program: CausalProgram, names: Sequence[str], outcome: str) -> None:
    if not names:
        raise InvalidParameter("an interchange needs a variable")
    for name in names:
        program.mechanism(name)
        if name == outcome:
            raise InvalidParameter(f"{name!r} is the outcome: an interchange is of variables before it")


def _drawn(program: CausalProgram, names: tuple[str, ...], outcome: str, n: int, seed: int, inputs: Inputs) -> Pairs:
    draw = np.random.default_rng([seed, 7])
    base = _rows(program, n, inputs, draw)
    sources = {name: _rows(program, n, inputs, draw) for name in names}
    return _labelled(program, names, outcome, base, sources, seed)


def _balanced(
    program: CausalProgram, names: tuple[str, ...], outcome: str, n: int, seed: int, inputs: Inputs, share: float
) -> Pairs:
    """Pairs of which a share changes the label, drawn until there are enough of both kinds."""
    wanted = {True: round(n * share), False: n - round(n * share)}
    found: dict[bool, list[Pairs]] = {True: [], False: []}
    have = {True: 0, False: 0}
    for number in range(_ROUNDS):
        some = _drawn(program, names, outcome, max(n, 200), seed + 1_000_003 * number, inputs)
        for kind in (True, False):
            rows = np.flatnonzero(some.changes == kind)[: wanted[kind] - have[kind]]
            if len(rows):
                found[kind].append(some.take(rows))
                have[kind] += len(rows)
        if have == wanted:
            break
    else:
        kind = have[True] < wanted[True]
        raise InvalidParameter(
            f"an interchange of {', '.join(names)} {'changes' if kind else 'keeps'} the label {outcome!r} in "
            f"{have[kind]:,} of {_ROUNDS * max(n, 200):,} pairs, too few for {wanted[kind]:,}: choose other variables, "
            "inputs= or changing="
        )
    out = joined([*found[True], *found[False]])
    return replace(out.take(np.random.default_rng([seed, 8]).permutation(n)), seed=seed)


def joined(parts: Sequence[Pairs]) -> Pairs:
    """Pairs of the same variables, one after the other."""
    import pandas as pd

    def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
        return pd.concat(frames, ignore_index=True)

    first = parts[0]
    return replace(
        first,
        base=stacked([p.base for p in parts]),
        sources={v: stacked([p.sources[v] for p in parts]) for v in first.variables},
        before=np.concatenate([p.before for p in parts]),
        after=np.concatenate([p.after for p in parts]),
        values={v: np.concatenate([p.values[v] for p in parts]) for v in first.variables},
        apart={v: np.concatenate([p.apart[v] for p in parts]) for v in first.variables},
    )


def _rows(program: CausalProgram, n: int, inputs: Inputs, draw: np.random.Generator) -> pd.DataFrame:
    """``n`` rows of inputs."""
    import pandas as pd

    if inputs is None:
        numbers = program.draw(n, int(draw.integers(2**31)))
        return program.frame({v: numbers[v] for v in roots(program)})
    found = inputs(n, draw) if callable(inputs) else inputs
    if not isinstance(found, pd.DataFrame):
        raise InvalidParameter(f"inputs are a data frame, or a function that gives one, got {type(found).__name__}")
    if not len(found):
        raise InvalidParameter("the inputs have no rows")
    if callable(inputs):
        if len(found) != n:
            raise InvalidParameter(f"the function that makes inputs was asked for {n:,} rows and gave {len(found):,}")
        return found.reset_index(drop=True)
    return found.iloc[draw.integers(len(found), size=n)].reset_index(drop=True)


def _labelled(
    program: CausalProgram,
    names: tuple[str, ...],
    outcome: str,
    base: pd.DataFrame,
    sources: Mapping[str, pd.DataFrame],
    seed: int,
) -> Pairs:
    """What the program says of these rows: its own noise where it has some, the base's in both of its worlds."""
    n = len(base)
    if any(len(frame) != n for frame in sources.values()):
        raise InvalidParameter("bases and sources have different numbers of rows")
    values, apart, new = {}, {}, {}
    for number, name in enumerate(names):
        # A source is another case: its noise is its own.
        found = _run(program, sources[name], {}, [name, outcome], seed + 1 + number)
        new[name], apart[name] = found["base", name], found["base", outcome]
    found = _run(program, base, new, [*names, outcome], seed)
    for name in names:
        values[name] = np.stack([found["base", name], new[name]], axis=1)
    return Pairs(
        names,
        outcome,
        program.states(outcome),
        base.reset_index(drop=True),
        {name: frame.reset_index(drop=True) for name, frame in sources.items()},
        found["base", outcome],
        found["changed", outcome],
        values,
        apart,
        seed,
        {name: program.mechanism(name).states for name in names},
    )


def _run(
    program: CausalProgram,
    frame: pd.DataFrame,
    new: Mapping[str, NDArray[Any]],
    wanted: Sequence[str],
    seed: int,
) -> dict[tuple[str, str], NDArray[Any]]:
    """The values of variables for these inputs, in the world ``base``, and in ``changed``, where some are set."""
    given: dict[str, Mechanism] = {}
    for name in roots(program):
        if name not in frame:
            raise UnknownVariable(name, list(frame.columns), what=" among the columns of the inputs")
        given[name] = _Column.of(name, program.mechanism(name), frame[name])
    changed = {name: _Column(program.mechanism(name).states, torch.from_numpy(v)) for name, v in new.items()}
    both = program.worlds(base=given, changed={**given, **changed})
    asked = [("base", v) for v in wanted] + [("changed", v) for v in wanted]
    found, _, _ = both.draw(len(frame), seed, asked)
    return found


class _Column(Mechanism):
    """What ``do`` puts in a variable's place: a value of its own in every row."""

    noise = None
    parents = ()

    def __init__(self, states: tuple[State, ...] | None, column: Tensor) -> None:
        self.states, self.column = states, column

    @classmethod
    def of(cls, name: str, mechanism: Mechanism, values: pd.Series[Any]) -> _Column:
        """A column of states or numbers."""
        try:
            if mechanism.states is None:
                column = np.array(values, dtype=np.float64)
                if not np.isfinite(column).all():
                    raise InvalidParameter(f"the column {name!r} has values that are no finite numbers")
            else:
                known = {value: mechanism.encode(name, value) for value in values.unique()}
                column = np.array([known[value] for value in values], dtype=np.int64)
        except (TypeError, KeyError):
            raise InvalidParameter(f"the column {name!r} has values that are no states or numbers") from None
        return cls(mechanism.states, torch.from_numpy(column))

    def distribution(self, parents: Sequence[Tensor]) -> Any:  # noqa: ARG002
        raise InvalidParameter("values that differ from row to row have no law")

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:  # noqa: ARG002
        return self.column

    def table(self, sizes: Sequence[int]) -> NDArray[np.float64]:  # noqa: ARG002
        counts = np.bincount(self.column.numpy(), minlength=len(self.states or ()))
        return np.asarray(counts / max(1, counts.sum()))
