"""An effect by adjustment from rows: the plug-in formula and the regression, with standard errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp._plain import Plain
from causalpp.columns import Column, affirmed, as_number, contrast_states, state_number
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.graphs.dag import Names, as_names
from causalpp.programs.contrast import Contrast
from causalpp.programs.identification.joint import FrameSource
from causalpp.programs.squares import dependent, units

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AdjustedEffect", "adjusted_effect"]


@dataclass(frozen=True)
class AdjustedEffect(Plain):
    """An effect estimated by adjustment.

    Attributes:
        value: the difference between ``treated`` and ``control``: of probabilities, or of means.
        standard_error: of ``value``, from the rows.
        under_treated, under_control: the two sides; not a number for the regression, which gives the difference only.
        adjustment: the variables adjusted for.
        method: ``"plug-in"`` or ``"regression"``.
        rows: how many there were.
        freedom: the degrees of freedom of the standard error, for Student's t; None where the law is normal.

    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"x": [0, 0, 0, 0, 1, 1, 1, 1], "y": [0, 0, 0, 1, 0, 1, 1, 1]})
        >>> effect = adjusted_effect(rows, "x", "y")
        >>> effect.value, round(effect.standard_error, 3), effect.rows
        (0.5, 0.306, 8)
        >>> low, high = effect.interval(0.95)
        >>> round(low, 2), round(high, 2)
        (-0.1, 1.1)
    """

    value: float
    standard_error: float
    under_treated: float
    under_control: float
    adjustment: tuple[str, ...]
    method: str
    rows: int
    freedom: int | None = None

    def __float__(self) -> float:
        return self.value

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The confidence interval, from Student's t where the standard error has degrees of freedom, else normal.

        Raises:
            InvalidParameter: ``level`` is not between zero and one.
        """
        if not 0 < level < 1:
            raise InvalidParameter(f"a confidence level lies between 0 and 1, got {level}")
        if self.freedom is None:
            quantile = NormalDist().inv_cdf(0.5 + level / 2)
        else:
            from scipy.stats import t

            quantile = float(t.ppf(0.5 + level / 2, self.freedom))
        reach = quantile * self.standard_error
        return self.value - reach, self.value + reach


def adjusted_effect(
    frame: pd.DataFrame,
    treatment: str | Contrast,
    outcome: str | None = None,
    adjustment: Names = (),
    *,
    treated: Any = None,
    control: Any = None,
    state: Any = None,
    method: str = "plug-in",
    kinds: Mapping[str, str] | None = None,
) -> AdjustedEffect:
    """E[outcome | do(treated)] − E[outcome | do(control)] by adjustment for a set of columns.

    ``"plug-in"`` is the g-formula Σ_z (E[y | treated, z] − E[y | control, z]) P(z) with shares of rows; treatment
    and adjustment set are discrete.  Its standard error is that of the mean of the influence function
    (Hahn, *On the role of the propensity score*, 1998).  ``"regression"`` is the coefficient of the treatment in
    a linear regression on it and the adjustment set (discrete columns by their states) times
    treated − control; its standard error allows for unequal variances and for the pull of single rows in small data
    (HC3; MacKinnon & White 1985), and its interval is that of Student's t.  The columns are centred and scaled first,
    so that their units do not matter.  Where a single row alone says what the treatment does, nobody can say how far it
    is off: the standard error is infinite.

    Args:
        frame: the rows.
        treatment, outcome: columns; or a :class:`~causalpp.Contrast` in place of both, and of the three words below.
        adjustment: columns; whether they are a valid set is for :func:`is_adjustment_set` to say.
        treated, control: values of the treatment; left out, the affirming state (yes, True, 1, …) against the other,
            and for a regression on numbers one unit.
        state: of the outcome, whose probability is compared; left out, the mean of its numbers is, or the probability
            of its affirming state.
        method: ``"plug-in"`` or ``"regression"``.
        kinds: what a column is, where the rule of :func:`causalpp.columns.read_columns` is wrong.

    Raises:
        InvalidData: a stratum without treated or without control rows, numbers in place of states (plug-in), collinear
            columns (regression), missing values, or an outcome that is not a number and no ``state``.
        InvalidParameter: a column with two parts, an unknown method, or a contrast and its words.
        UnknownVariable, UnknownState: no such column (also in ``kinds``) or value.

    Example:
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"z": [0] * 5 + [1] * 5, "x": [0, 0, 0, 0, 1] + [0, 1, 1, 1, 1],
        ...                      "y": [0, 0, 0, 1, 1] + [0, 1, 1, 1, 0]})
        >>> adjusted_effect(rows, "x", "y", "z").value
        0.75
    """
    contrast = Contrast.of(treatment, outcome, treated=treated, control=control, state=state)
    names = as_names(adjustment)
    if {contrast.treatment, contrast.outcome} & set(names):
        raise InvalidParameter("treatment, outcome and adjustment set must be different columns")
    rows = FrameSource(frame, kinds or {})
    if method == "plug-in":
        return _plug_in(rows, contrast, names)
    if method == "regression":
        return _regression(rows, contrast, names)
    raise InvalidParameter(f"method is 'plug-in' or 'regression', got {method!r}")


def _plug_in(rows: FrameSource, contrast: Contrast, names: tuple[str, ...]) -> AdjustedEffect:
    y, (states, x) = _outcome(rows, contrast), rows.codes(contrast.treatment)
    sides = contrast_states(contrast.treatment, states, contrast.treated, contrast.control)
    columns = [rows.codes(name) for name in names]
    shape = tuple(len(known) for known, _ in columns)
    flat = np.ravel_multi_index([codes for _, codes in columns], shape) if names else np.zeros(len(y), dtype=np.int64)
    cells, stratum, sizes = np.unique(flat, return_inverse=True, return_counts=True)
    means, influence = [], []
    for side in sides:
        chosen = x == side
        count = np.bincount(stratum[chosen], minlength=len(cells))
        if not count.all():
            empty = np.unravel_index(int(cells[int(count.argmin())]), shape) if names else ()
            at = "".join(f", {n}={known[i]}" for n, (known, _), i in zip(names, columns, empty, strict=True))
            raise InvalidData(
                f"no row has {contrast.treatment}={states[side]}{at}: the plug-in formula needs one; merge states, cut "
                "numbers into intervals (pandas.cut), or use method='regression'"
            )
        average = np.bincount(stratum[chosen], weights=y[chosen], minlength=len(cells)) / count
        means.append(float(average @ sizes / len(y)))
        weight = np.where(chosen, (sizes / count)[stratum], 0.0)
        influence.append(weight * (y - average[stratum]) + average[stratum] - means[-1])
    error = float(np.sqrt(((influence[0] - influence[1]) ** 2).mean() / len(y)))
    return AdjustedEffect(means[0] - means[1], error, means[0], means[1], names, "plug-in", len(y))


def _regression(rows: FrameSource, contrast: Contrast, names: tuple[str, ...]) -> AdjustedEffect:
    y, (x, scale) = _outcome(rows, contrast), _treatment(rows, contrast)
    columns, labels = [x], [contrast.treatment]
    for name in names:
        found = _columns(rows, name)
        columns += found
        labels += [name] * len(found)
    raw = np.column_stack(columns)
    many, width = len(raw), raw.shape[1] + 1
    inputs, outputs = units(raw), units(y[:, None])
    inputs.check(labels)
    outputs.check([contrast.outcome])
    standard = inputs.standard(raw)
    why = ""
    if inputs.constant:
        why = f"column {labels[inputs.constant[0]]!r} is constant"
    elif many <= width:
        why = f"{many} rows are too few for {width} coefficients"
    elif dependent(standard, inputs.rounding, many):
        why = "columns are collinear"
    if why:
        given = f"{contrast.treatment!r} and {list(names)}"
        raise InvalidData(f"the regression of {contrast.outcome!r} on {given} has no single answer: {why}")
    # The treatment last: its coefficient is then the last one, found without the others.
    design = np.column_stack([np.ones(many), standard[:, 1:], standard[:, 0]])
    target = outputs.standard(y[:, None])[:, 0]
    basis, upper = np.linalg.qr(design)
    rest = target - basis @ (basis.T @ target)
    weight = basis[:, -1] / upper[-1, -1]
    # A row that the fit cannot but meet says nothing of its own error; where it has a say, the error is not known.
    slack = 1 - (basis**2).sum(1)
    alone = slack < 1e-9
    pull = np.where(alone, 0.0, weight * rest / np.where(alone, 1.0, slack))
    error = math.inf if (alone & (abs(weight) > 1e-9 * abs(weight).max())).any() else math.sqrt(float(pull @ pull))
    unit = float(outputs.spread[0] / inputs.spread[0]) * scale
    nan = float("nan")
    value = float(basis[:, -1] @ target / upper[-1, -1]) * unit
    return AdjustedEffect(value, abs(unit) * error if unit else 0.0, nan, nan, names, "regression", many, many - width)


def _treatment(rows: FrameSource, contrast: Contrast) -> tuple[NDArray[np.float64], float]:
    """The treatment as numbers, and how far apart the two values are that are compared."""
    column, treated, control = rows.column(contrast.treatment), contrast.treated, contrast.control
    if _in_words(column):
        states = column.states or ()
        if len(states) != 2:
            raise InvalidData(
                f"column {column.name!r} has {len(states)} states that are no numbers: a regression takes two, or "
                "numbers; use method='plug-in'"
            )
        high, low = contrast_states(column.name, states, treated, control)
        return np.asarray(column.values == high, dtype=float), float(high != low)
    values = (1.0 if treated is None else treated), (0.0 if control is None else control)
    ends = [_number(what, value) for what, value in zip(("treated", "control"), values, strict=True)]
    return column.numbers, ends[0] - ends[1]


def _number(what: str, value: Any) -> float:
    number = as_number(value)
    if number is None:
        raise InvalidParameter(f"{what}= must be a number for a regression, got {value!r}; or use method='plug-in'")
    return number


def _in_words(column: Column) -> bool:
    """Whether the states are no numbers."""
    return column.states is not None and any(isinstance(known, str) for known in column.states)


def _outcome(rows: FrameSource, contrast: Contrast) -> NDArray[np.float64]:
    """The outcome as numbers; with a state, ones where the column has it."""
    name, state = contrast.outcome, contrast.state
    if state is not None:
        states, codes = rows.codes(name)
        return np.asarray(codes == state_number(name, states, state), dtype=float)
    column = rows.column(name)
    if not _in_words(column):
        return column.numbers
    known = [as_number(text) for text in column.states or ()]
    if None not in known:  # text, each of which reads as a number
        return np.asarray(np.array(known, dtype=float)[column.values])
    try:
        return np.asarray(column.values == affirmed(name, column.states or (), "state"), dtype=float)
    except InvalidParameter:
        raise InvalidData(f"column {name!r} is not of numbers: for an outcome say state=") from None


def _columns(rows: FrameSource, name: str) -> list[NDArray[np.float64]]:
    """A column of the adjustment set: numbers as they are, states by one indicator each but the first."""
    column = rows.column(name)
    if column.states is None:
        return [column.numbers]
    return [(column.values == number).astype(float) for number in np.unique(column.values)[1:]]
