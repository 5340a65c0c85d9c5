"""The estimand: a causal quantity, its formula, and what the formula comes to on data."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp._plain import Plain
from causalpp.columns import State
from causalpp.errors import FormatError, InvalidData, InvalidParameter, UnknownVariable
from causalpp.programs.contrast import Contrast
from causalpp.programs.identification._evaluate import Evaluation, Hole, Value
from causalpp.programs.identification._printing import name_latex
from causalpp.programs.identification.expression import Expression
from causalpp.programs.identification.joint import Source, as_source
from causalpp.programs.mechanisms import state_number

__all__ = ["Estimand", "EstimandTable"]


@dataclass(frozen=True, eq=False)
class EstimandTable:
    """An estimand at every value of its variables.

    Attributes:
        variables: treatments, given ones and outcomes, one axis each.
        states: variable → its states.
        probabilities: shape ``(states of each variable)``; not a number where the formula is undefined.

    Example:
        >>> from causalpp import load_network
        >>> from causalpp.programs.identification import Probability
        >>> estimand = Estimand(("smoke",), ("bronc",), (), Probability(("bronc",), ("smoke",)), "by hand")
        >>> table = estimand.table(load_network("asia"))
        >>> table.variables, table.probabilities.round(2).tolist()
        (('smoke', 'bronc'), [[0.6, 0.4], [0.3, 0.7]])
    """

    variables: tuple[str, ...]
    states: Mapping[str, tuple[State, ...]]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Estimand(Plain):
    """P(outcome | do(treatment), given) as a formula in the distribution of what is observed.

    Attributes:
        treatment, outcome, given: the variables of the query.
        expression: the formula.
        reason: the criterion it comes from, in words.
    """

    treatment: tuple[str, ...]
    outcome: tuple[str, ...]
    given: tuple[str, ...]
    expression: Expression
    reason: str

    @property
    def query(self) -> str:
        """What the formula stands for, as text."""
        return query_text(self.treatment, self.outcome, self.given)

    @property
    def arbitrary(self) -> tuple[str, ...]:
        """Variables left in the formula whose value makes no difference; evaluation averages over them."""
        known = {*self.treatment, *self.outcome, *self.given}
        return tuple(sorted(self.expression.free - known))

    def __str__(self) -> str:
        free = f" for any {', '.join(self.arbitrary)}" if self.arbitrary else ""
        return f"{self.query} = {self.expression}{free}"

    def __repr__(self) -> str:
        return f"Estimand({str(self)!r}, reason={self.reason!r})"

    def latex(self) -> str:
        """The equation as LaTeX, without dollar signs."""
        x, y, z = (tuple(map(name_latex, names)) for names in (self.treatment, self.outcome, self.given))
        query = query_text(x, y, z, bar=r" \mid ", do=r"\mathrm{do}")
        return f"{query} = {self.expression.latex()}"

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def to_dict(self) -> dict[str, Any]:
        sets = {name: list(getattr(self, name)) for name in ("treatment", "outcome", "given")}
        return {**sets, "expression": self.expression.to_dict(), "reason": self.reason}

    @classmethod
    def from_json(cls, text: str) -> Estimand:
        """The estimand back from JSON text.

        Raises:
            FormatError: the text is not an estimand.
        """
        try:
            value = json.loads(text)
            treatment, outcome, given = (tuple(map(str, value[key])) for key in ("treatment", "outcome", "given"))
            return cls(treatment, outcome, given, Expression.from_dict(value["expression"]), str(value["reason"]))
        except (ValueError, TypeError, KeyError) as error:
            raise FormatError(f"not an estimand as JSON: {error}") from None

    # --- numbers --------------------------------------------------------------------------------------

    def evaluate(
        self,
        source: Any,
        do: Mapping[str, Any],
        given: Mapping[str, Any] | None = None,
        *,
        kinds: Mapping[str, str] | None = None,
    ) -> dict[Any, float]:
        """The distribution of the outcome: the formula with what ``source`` says about the observed variables.

        Args:
            source: a data frame with discrete columns (shares of rows), a program (exact), or a :class:`Joint`.
            do: treatment → state, for every treatment.
            given: variable → state, for every variable conditioned on.
            kinds: what a column of the frame is, where the rule of :func:`causalpp.columns.read_columns` is wrong:
                numbers whose values are states are ``"discrete"``.

        Returns:
            state → probability; for several outcomes, tuples of states in the order of ``.outcome``.

        Raises:
            InvalidData: positivity fails: the formula needs a probability given what never happens; or a column that
                is read as numbers.
            InvalidParameter: a treatment or given variable without a state, or a variable that is neither; ``kinds``
                for what is not a frame.
            UnknownVariable, UnknownState: the source does not know it.

        Warns:
            UserWarning: rows that the formula looks at are missing from the frame, with weight zero.

        Example:
            >>> from causalpp import load_network
            >>> from causalpp.programs.identification import Probability
            >>> asia = load_network("asia")
            >>> estimand = Estimand(("smoke",), ("bronc",), (), Probability(("bronc",), ("smoke",)), "by hand")
            >>> estimand.evaluate(asia, do={"smoke": "yes"})
            {'yes': 0.6, 'no': 0.4}
        """
        data = as_source(source, kinds)
        given = {} if given is None else given
        fixed = self._fixed(data, do, self.treatment, "do") | self._fixed(data, given, self.given, "given")
        evaluation = Evaluation(data)
        numbers = self._averaged(data, self._over(evaluation, fixed, self.outcome))
        if not np.isfinite(numbers).all():
            raise InvalidData(self._hole_message(data, evaluation.holes, fixed))
        if data.counts and evaluation.holes:
            hole = next(iter(evaluation.holes))
            warnings.warn(f"{_cell(data, hole)}; it has weight zero in the formula", UserWarning, stacklevel=2)
        lists = [data.states(name) for name in self.outcome]
        keys: Iterator[Any] = iter(lists[0]) if len(lists) == 1 else product(*lists)
        return dict(zip(keys, map(float, numbers.ravel()), strict=True))

    def table(self, source: Any, *, kinds: Mapping[str, str] | None = None) -> EstimandTable:
        """The formula at every value of treatment, given and outcome at once; see :meth:`evaluate`."""
        data = as_source(source, kinds)
        names = self.treatment + self.given + self.outcome
        value = self._over(Evaluation(data), {}, names)
        return EstimandTable(names, {name: data.states(name) for name in names}, self._averaged(data, value))

    def effect(
        self,
        source: Any,
        treated: Any,
        control: Any = None,
        state: Any = None,
        given: Mapping[str, Any] | None = None,
        *,
        kinds: Mapping[str, str] | None = None,
    ) -> float:
        """The difference that setting the treatment to ``treated`` instead of ``control`` makes.

        Args:
            source: see :meth:`evaluate`.
            treated, control: states of the treatment; for several, mappings treatment → state; or a
                :class:`~causalpp.Contrast` in place of both and of ``state``.
            state: of the outcome: the difference of its probability; left out for an outcome of numbers: of its mean.
            given, kinds: see :meth:`evaluate`.

        Raises:
            InvalidParameter: several outcomes, no ``state`` for an outcome that is not a number, or a contrast of other
                variables.
        """
        if len(self.outcome) > 1:
            raise InvalidParameter("an effect is on one outcome: use evaluate() for several")
        data, sides = as_source(source, kinds), []
        if isinstance(treated, Contrast):
            contrast = Contrast.of(treated, control=control, state=state)
            if ((contrast.treatment,), (contrast.outcome,)) != (self.treatment, self.outcome):
                raise InvalidParameter(f"{contrast!r} is not about {self.query}")
            contrast = contrast.among(data.states(contrast.treatment), data.states(contrast.outcome))
            treated, control, state = contrast.treated, contrast.control, contrast.state
        for setting in (treated, control):
            if not isinstance(setting, Mapping):
                if len(self.treatment) > 1:
                    raise InvalidParameter(f"several treatments {list(self.treatment)} need a mapping to their states")
                setting = {self.treatment[0]: setting}
            law = self.evaluate(data, setting, given)
            if state is not None:
                sides.append(list(law.values())[state_number(self.outcome[0], list(law), state)])
            elif all(isinstance(value, (int, float, np.number)) for value in law):
                sides.append(sum(float(value) * share for value, share in law.items()))
            else:
                raise InvalidParameter(f"{self.outcome[0]!r} is not a number: say state=, one of {list(law)}")
        return sides[0] - sides[1]

    # --- helpers --------------------------------------------------------------------------------------

    @staticmethod
    def _fixed(data: Source, values: Mapping[str, Any], names: tuple[str, ...], what: str) -> dict[str, int]:
        if not isinstance(values, Mapping):
            raise InvalidParameter(f"{what}= maps variables to states, such as {{'x': 1}}; got {values!r}")
        for name in values:
            if name not in names:
                raise UnknownVariable(name, names, what=f" in {what}=")
        for name in names:
            if name not in values:
                raise InvalidParameter(f"{what}= needs a state for {name!r}")
        return {name: state_number(name, data.states(name), value) for name, value in values.items()}

    def _over(self, evaluation: Evaluation, fixed: Mapping[str, int], names: tuple[str, ...]) -> Value:
        """The formula at all values of ``arbitrary`` and of these variables."""
        axes = self.arbitrary + names
        sizes = {name: len(evaluation.source.states(name)) for name in axes}
        return evaluation.value(self.expression, fixed).ordered(axes, sizes)

    def _averaged(self, data: Source, value: Value) -> NDArray[np.float64]:
        """Without the axes of ``arbitrary``: the mean over those of its values at which all else is defined."""
        axes = tuple(range(len(self.arbitrary)))
        if not axes:
            return np.asarray(np.where(value.defined, value.low, np.nan))
        weights = data.marginal(self.arbitrary)
        wide = weights.reshape(weights.shape + (1,) * (value.low.ndim - len(axes)))
        good = np.where(value.defined, wide, 0.0)
        total = good.sum(axis=axes)
        mean = (good * value.low).sum(axis=axes)
        return np.asarray(np.divide(mean, total, out=np.full(total.shape, np.nan), where=total > 0))

    def _hole_message(self, data: Source, holes: Mapping[Hole, None], fixed: Mapping[str, int]) -> str:
        for hole in holes:
            if not self._over(Evaluation(data, only=hole), fixed, self.outcome).defined.all():
                return f"{_cell(data, hole)}: merge states, or fit a program with a prior"
        return f"{self.query} is undefined there: a condition of the formula has probability zero"


def query_text(
    treatment: tuple[str, ...], outcome: tuple[str, ...], given: tuple[str, ...], bar: str = " | ", do: str = "do"
) -> str:
    """What is asked for, as P(y | do(x), z)."""
    return f"P({', '.join(outcome)}{bar}{do}({', '.join(treatment)}){''.join(', ' + name for name in given)})"


def _cell(data: Source, hole: Hole) -> str:
    at = ", ".join(f"{name}={data.states(name)[number]}" for name, number in hole.cell)
    return f"{hole.law} is undefined at {at}, which {'no row shows' if data.counts else 'has probability zero'}"
