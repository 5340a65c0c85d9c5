"""What observational and experimental probabilities say about the probabilities of causation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from causalpp.errors import InvalidData, InvalidParameter
from causalpp.programs.contrast import Contrast
from causalpp.programs.mechanisms import State

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CausationBounds", "Masses", "tian_pearl_bounds"]

_ROUNDING = 1e-3  # published probabilities carry rounding of this size
_ERRORS = 4  # standard errors by which samples may contradict each other


@dataclass(frozen=True)
class Masses:
    """The probabilities that matter, with y the state of the outcome that is asked about.

    Attributes:
        treated: P(X = treated, Y = y) and P(X = treated, Y ≠ y); None if there is nothing observational.
        control: the same for X = control; None likewise.
        under: P(Y = y | do(treated)) and P(Y = y | do(control)); None if there is nothing experimental.
    """

    treated: tuple[float, float] | None
    control: tuple[float, float] | None
    under: tuple[float, float] | None

    def _limits(self) -> tuple[float, float, float, tuple[float, float], tuple[float, float]]:
        """P(others), α, β, and how many of both groups would have the other outcome under the other value.

        In the group X = treated, u = P(X = treated, Y(control) ≠ y) is P(Y(control) ≠ y) less what the group
        X = control has of it, and less what the units with other values of X have, anything up to their number:
        β − P(others) ≤ u ≤ β.  Likewise w = P(X = control, Y(treated) = y) with the roles exchanged.
        """
        assert self.treated is not None  # for the type checker
        assert self.control is not None
        others = max(0.0, 1 - sum(self.treated) - sum(self.control))
        if self.under is None:
            return others, 1.0, 1.0, (0.0, sum(self.treated)), (0.0, sum(self.control))
        alpha = max(0.0, self.under[0] - self.treated[0])
        beta = max(0.0, 1 - self.under[1] - self.control[1])
        u = (max(0.0, beta - others), min(sum(self.treated), beta))
        w = (max(0.0, alpha - others), min(sum(self.control), alpha))
        return others, alpha, beta, u, w

    def bounds(self, which: str) -> tuple[float, float]:
        """The sharp bounds of ``"pn"``, ``"ps"`` or ``"pns"``: Tian & Pearl 2000, theorem 1 and 2.

        Theirs are for a treatment with two values; with more, the units with other values could respond in any
        way, which makes an interval of two of their numbers.
        """
        if self.treated is None or self.control is None:
            if which != "pns" or self.under is None:
                return 0.0, 1.0
            return max(0.0, self.under[0] - self.under[1]), min(self.under[0], 1 - self.under[1])
        others, alpha, beta, u, w = self._limits()
        if which == "pn":
            return _share(u[0] - self.treated[1], u[1], self.treated[0])
        if which == "ps":
            return _share(w[0] - self.control[0], w[1], self.control[1])
        if self.under is None:
            return 0.0, min(1.0, self.treated[0] + self.control[1] + others)
        # PNS is the sum over three groups, in each of which Fréchet's bounds hold given the margins u and w:
        # max(0, u − P(x, y')) + max(0, w − P(x', y)) + max(0, α − w + β − u − P(others)) ≤ PNS, and
        # PNS ≤ min(P(x, y), u) + min(P(x', y'), w) + min(α − w, β − u).
        lower = max(
            i * -self.treated[1] + j * -self.control[0] + k * (alpha + beta - others) + _low(i - k, u) + _low(j - k, w)
            for i, j, k in product((0, 1), repeat=3)
        )
        upper = min(
            (0 if i else self.treated[0])
            + (0 if j else self.control[1])
            + (alpha if k else beta)
            - _low(-i + (0 if k else 1), u)
            - _low(-j + (1 if k else 0), w)
            for i, j, k in product((0, 1), repeat=3)
        )
        lower = min(max(lower, 0.0), 1.0)
        return lower, max(lower, min(upper, 1.0))

    def monotonic(self, which: str) -> float | None:
        """The value if Y(control) = y implies Y(treated) = y: Tian & Pearl 2000, theorem 3."""
        if self.under is None:
            return None
        gain = self.under[0] - self.under[1]
        if self.treated is None or self.control is None:
            return gain if which == "pns" and gain >= 0 else None
        others = self._limits()[0]
        marginal = self.treated[0] + self.control[0]
        tiny = 1e-9
        if gain < -tiny or self.under[1] > marginal + others + tiny or self.under[0] < marginal - tiny:
            return None
        if which == "pns":
            return max(0.0, gain)
        if others > tiny:
            return None
        mass, excess = (
            (self.treated[0], marginal - self.under[1])
            if which == "pn"
            else (self.control[1], self.under[0] - marginal)
        )
        return min(1.0, max(0.0, excess / mass)) if mass > 0 else None


def _low(slope: int, limits: tuple[float, float]) -> float:
    """The least of ``slope · v`` for v within the limits."""
    return slope * (limits[0] if slope > 0 else limits[1])


def _share(low: float, high: float, mass: float) -> tuple[float, float]:
    """Both bounds as shares of a probability."""
    if not mass > 0:
        return 0.0, 1.0
    lower = min(max(low / mass, 0.0), 1.0)
    return lower, max(lower, min(high / mass, 1.0))


@dataclass(frozen=True)
class CausationBounds:
    """What probabilities alone say about the probabilities of causation.

    Attributes:
        pn, ps, pns: the sharp bounds of the probabilities of necessity, of sufficiency, and of both.
        monotonic: their values if the treatment never prevents the outcome, by the same names; None where the
            probabilities exclude that or do not determine the value.
    """

    pn: tuple[float, float]
    ps: tuple[float, float]
    pns: tuple[float, float]
    monotonic: dict[str, float | None]

    def __repr__(self) -> str:
        parts = []
        for name in ("pn", "ps", "pns"):
            low, high = getattr(self, name)
            value = self.monotonic[name]
            if_monotonic = "" if value is None else f" ({value:.4f} if monotonic)"
            parts.append(f"{name.upper()} between {low:.4f} and {high:.4f}{if_monotonic}")
        return "; ".join(parts)


def tian_pearl_bounds(
    observational: Mapping[tuple[State, State], float] | pd.DataFrame | None = None,
    experimental: Mapping[State, float] | pd.DataFrame | None = None,
    contrast: Contrast | None = None,
    *,
    treatment: str | None = None,
    outcome: str | None = None,
    treated: Any = None,
    control: Any = None,
    state: Any = None,
) -> CausationBounds:
    """Bounds of PN, PS and PNS from probabilities or from data, without a program (Tian & Pearl 2000).

    Args:
        observational: P(treatment, outcome): (treatment's state, outcome's state) → probability, or a frame of
            units as they were found.
        experimental: treatment's state → P(outcome = state | do(treatment)), or a frame of units whose treatment
            was assigned at random.
        contrast: what is compared; or its words, of which the two names are needed for frames only.
        treatment, outcome: the columns, for frames.
        treated, control: the treatment's states compared; left out for two of which one affirms.
        state: the outcome's state; left out likewise.

    Raises:
        InvalidParameter: nothing given, no probabilities, or ones that contradict each other; a contrast and its words.
        InvalidData: a frame without these columns or rows.
        UnknownState: a state that does not occur.

    Example:
        A drug's deaths (Pearl 2009, *Causality*, section 9.3.4): was it the drug that killed those who chose it?

        >>> chosen = {("yes", "dead"): 0.001, ("yes", "alive"): 0.499, ("no", "dead"): 0.014, ("no", "alive"): 0.486}
        >>> tian_pearl_bounds(chosen, {"yes": 0.016, "no": 0.014}, state="dead")
        PN between 1.0000 and 1.0000 (1.0000 if monotonic); PS between 0.0021 and 0.0309 (0.0021 if monotonic);
        PNS between 0.0020 and 0.0160 (0.0020 if monotonic)
    """
    if observational is None and experimental is None:
        raise InvalidParameter("give observational= or experimental= probabilities, or both")
    if contrast is not None:
        contrast = Contrast.of(contrast, outcome, treatment=treatment, treated=treated, control=control, state=state)
        treatment, outcome = contrast.treatment, contrast.outcome
    else:  # probabilities need no names
        names = treatment or "the treatment", outcome or "the outcome"
        contrast = Contrast(*names, treated=treated, control=control, state=state)
    cells, rows = _cells(observational, treatment, outcome)
    trial = _rows(experimental, treatment, outcome) if _is_frame(experimental) else None
    known = cells or trial
    causes = list(dict.fromkeys(x for x, _ in known) if known else experimental or ())
    results = list(dict.fromkeys(y for _, y in known or ()))
    contrast = contrast.among(causes, results or [contrast.state] * (contrast.state is not None), binary=bool(results))
    values, hit = (contrast.treated, contrast.control), contrast.state
    under, errors = _under(trial or experimental, treatment, values, hit)
    masses = Masses(None, None, under)
    if cells:
        pair = [
            (cells.get((x, hit), 0.0), sum(p for (a, y), p in cells.items() if a == x and y != hit)) for x in values
        ]
        masses = Masses(pair[0], pair[1], _reconciled(under, errors, pair, rows, values))
    pn, ps, pns = (masses.bounds(name) for name in ("pn", "ps", "pns"))
    return CausationBounds(pn, ps, pns, {name: masses.monotonic(name) for name in ("pn", "ps", "pns")})


def _is_frame(data: Any) -> bool:
    return hasattr(data, "columns")


def _rows(data: Any, *names: str | None) -> list[tuple[State, State]]:
    """Treatment and outcome of every row of a frame, as plain states."""
    for name in names:
        if name is None:
            raise InvalidParameter("for frames, say treatment= and outcome=")
        if name not in data.columns:
            raise InvalidData(f"the frame has no column {name!r}; it has {', '.join(map(str, data.columns))}")
    if not len(data) or data[list(names)].isna().any(axis=None):
        raise InvalidData("the frame has no rows, or missing values in the columns of treatment and outcome")
    return list(zip(*(data[name].tolist() for name in names), strict=True))


def _cells(
    observational: Any, treatment: str | None, outcome: str | None
) -> tuple[dict[tuple[State, State], float], int | None]:
    """P(treatment, outcome), and from how many rows."""
    if observational is None:
        return {}, None
    if _is_frame(observational):
        pairs = _rows(observational, treatment, outcome)
        return {pair: count / len(pairs) for pair, count in Counter(pairs).items()}, len(pairs)
    out: dict[tuple[State, State], float] = {}
    for pair, mass in observational.items():
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise InvalidParameter(f"observational= maps pairs (treatment, outcome) to probabilities, got {pair!r}")
        out[pair] = _probability(mass, f"P({pair[0]}, {pair[1]})")
    total = sum(out.values())
    if abs(total - 1) > _ROUNDING:
        raise InvalidParameter(f"the observational probabilities sum to {total:.4g}, not to one")
    return {pair: mass / total for pair, mass in out.items()}, None


def _probability(value: Any, what: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= 1:
        raise InvalidParameter(f"{what} must be a probability, got {value!r}")
    return number


def _under(
    experimental: Any, treatment: str | None, values: tuple[State, State], state: Any
) -> tuple[tuple[float, float] | None, tuple[float, float]]:
    """P(outcome = state | do(…)) for both values, from probabilities or pairs, and their standard errors."""
    if experimental is None:
        return None, (0.0, 0.0)
    found, errors = [], []
    for value in values:
        if isinstance(experimental, list):
            hits = [y == state for x, y in experimental if x == value]
            if not hits:
                raise InvalidData(f"no row of the experiment has {treatment} = {value}")
            found.append(sum(hits) / len(hits))
            errors.append(0.5 / math.sqrt(len(hits)))
        elif value in experimental:
            found.append(_probability(experimental[value], f"P(outcome | do({value}))"))
            errors.append(0.0)
        else:
            raise InvalidParameter(f"experimental= says nothing about {value!r}: give its probability of the outcome")
    return (found[0], found[1]), (errors[0], errors[1])


def _reconciled(
    under: tuple[float, float] | None,
    errors: tuple[float, float],
    pair: list[tuple[float, float]],
    rows: int | None,
    values: tuple[State, State],
) -> tuple[float, float] | None:
    """Experimental probabilities that agree with the observational ones, which they do up to rounding and chance.

    Units that had the value anyway had the outcome they would have under it, so P(x, y) ≤ P(y | do(x)) ≤
    1 − P(x, not y).
    """
    if under is None:
        return None
    out = []
    for p, error, (hit, miss), value in zip(under, errors, pair, values, strict=True):
        spread = math.hypot(error, 0 if rows is None else 0.5 / math.sqrt(rows))
        if not hit - _ROUNDING - _ERRORS * spread <= p <= 1 - miss + _ROUNDING + _ERRORS * spread:
            raise InvalidParameter(
                f"observation and experiment contradict each other: P(outcome | do({value})) = {p:.4g} should lie "
                f"between P({value}, outcome) = {hit:.4g} and {1 - miss:.4g}"
            )
        out.append(min(max(p, hit), 1 - miss))
    return out[0], out[1]
