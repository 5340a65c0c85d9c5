"""The number a formula stands for, by contracting arrays.

A conditional probability is undefined where what it is conditioned on never happens.  Such a cell may not
matter: it may be multiplied by zero.  So everything is computed twice, with the undefined cells at zero and at
one; as nothing is negative, they matter exactly where the two differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import TooLarge
from causalpp.programs.identification.expression import Expression, Fraction, One, Probability, Product, Sum
from causalpp.programs.identification.joint import Source

__all__ = ["Evaluation", "Hole", "Value"]

_MOST_CELLS = 100_000_000
_SLACK = 1e-12


@dataclass(frozen=True)
class Value:
    """An array with an axis for each name; ``high`` is the same but for undefined cells, which are one there."""

    names: tuple[str, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64] | None = None

    @property
    def defined(self) -> NDArray[np.bool_]:
        """Where undefined cells make no difference, shape of ``low``."""
        if self.high is None:
            return np.ones(self.low.shape, dtype=bool)
        return self.high - self.low <= _SLACK * np.maximum(1.0, abs(self.low))

    def ordered(self, names: tuple[str, ...], sizes: Mapping[str, int]) -> Value:
        """The same with these axes, repeated along those it does not depend on."""
        shape = tuple(sizes[name] for name in names)

        def arrange(array: NDArray[np.float64]) -> NDArray[np.float64]:
            moved = array.transpose([self.names.index(name) for name in names if name in self.names])
            index = tuple(slice(None) if name in self.names else None for name in names)
            return np.broadcast_to(moved[index], shape)

        return Value(names, arrange(self.low), None if self.high is None else arrange(self.high))


@dataclass(frozen=True)
class Hole:
    """A cell whose probability given is zero: what is conditioned on, and the numbers of the states."""

    law: Probability
    cell: tuple[tuple[str, int], ...]


@dataclass
class Evaluation:
    """One evaluation: the source, and the undefined cells met on the way.

    Attributes:
        only: if given, no other undefined cell counts as one in ``high``.
    """

    source: Source
    only: Hole | None = None
    holes: dict[Hole, None] = field(default_factory=dict)
    most_holes: int = 1000

    def value(self, formula: Expression, fixed: Mapping[str, int]) -> Value:
        """The value of a formula, its free variables in ``fixed`` at those states, the others axes."""
        if isinstance(formula, Probability):
            return self._probability(formula, fixed)
        if isinstance(formula, Sum):
            inner = {name: state for name, state in fixed.items() if name not in formula.over}
            return self._contract(self._factors(formula.body, inner), formula.over)
        if isinstance(formula, Product):
            return self._contract(self._factors(formula, fixed), ())
        if isinstance(formula, Fraction):
            return self._fraction(self.value(formula.numerator, fixed), self.value(formula.denominator, fixed))
        assert isinstance(formula, One)
        return Value((), np.ones(()))

    def _factors(self, formula: Expression, fixed: Mapping[str, int]) -> list[Value]:
        if isinstance(formula, Product):
            return [value for factor in formula.factors for value in self._factors(factor, fixed)]
        return [self.value(formula, fixed)]

    def _probability(self, law: Probability, fixed: Mapping[str, int]) -> Value:
        names = law.given + law.variables
        joint = self.source.marginal(names)
        condition = joint.sum(axis=tuple(range(len(law.given), len(names))))
        slices = tuple(fixed.get(name, slice(None)) for name in law.given)
        empty = np.asarray(condition[slices] <= 0)
        wide = condition.reshape(condition.shape + (1,) * len(law.variables))
        low = np.divide(joint, wide, out=np.zeros_like(joint, dtype=float), where=wide > 0)
        low = np.asarray(low[tuple(fixed.get(name, slice(None)) for name in names)])
        left = tuple(name for name in names if name not in fixed)
        if not empty.any():
            return Value(left, low)
        chosen = np.zeros(empty.shape, dtype=bool)
        open_names = [name for name in law.given if name not in fixed]
        for index in np.argwhere(empty)[: self.most_holes]:
            at = {**fixed, **dict(zip(open_names, map(int, index), strict=True))}
            hole = Hole(law, tuple((name, at[name]) for name in law.given))
            self.holes[hole] = None
            chosen[tuple(index)] = self.only is None or hole == self.only
        if self.only is None:
            chosen = empty
        spread = chosen.reshape(chosen.shape + (1,) * (low.ndim - chosen.ndim))
        return Value(left, low, np.where(spread, 1.0, low))

    def _contract(self, factors: list[Value], over: tuple[str, ...]) -> Value:
        from opt_einsum import contract

        sizes = {name: size for value in factors for name, size in zip(value.names, value.low.shape, strict=True)}
        axis = {name: place for place, name in enumerate(sizes)}
        left = tuple(name for name in sizes if name not in over)
        cells = math.prod(sizes[name] for name in left)
        if cells > _MOST_CELLS:
            raise TooLarge(f"an intermediate table over {', '.join(left)} would have {cells:,} cells")
        # A variable that is summed over and occurs nowhere counts its states.
        times = math.prod(len(self.source.states(name)) for name in over if name not in sizes)

        def run(arrays: list[NDArray[np.float64]]) -> NDArray[np.float64]:
            operands: list[object] = []
            for value, array in zip(factors, arrays, strict=True):
                operands += [array, [axis[name] for name in value.names]]
            return np.asarray(contract(*operands, [axis[name] for name in left])) * times if arrays else np.ones(())

        low = run([value.low for value in factors])
        if all(value.high is None for value in factors):
            return Value(left, low)
        return Value(left, low, run([value.low if value.high is None else value.high for value in factors]))

    def _fraction(self, above: Value, below: Value) -> Value:
        sizes = {
            name: size for value in (above, below) for name, size in zip(value.names, value.low.shape, strict=True)
        }
        names = tuple(sizes)
        top, bottom = above.ordered(names, sizes), below.ordered(names, sizes)
        good = top.defined & bottom.defined & (bottom.low > 0)
        low = np.divide(top.low, bottom.low, out=np.zeros(good.shape), where=good)
        # 0/0 is undefined in its own right; which cell is empty is then not for one probability to say.
        bad = ~good if self.only is None else ~(top.defined & bottom.defined)
        return Value(names, low, np.where(bad, 1.0 + low, low) if bad.any() else None)
