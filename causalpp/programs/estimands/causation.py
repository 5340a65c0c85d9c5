"""Probabilities of causation: necessity, sufficiency, and both.

Data, from experiments or not, determine them only up to bounds.  A program's mechanisms say more than data do, so
the value under the given mechanisms is told apart from the bounds, which hold under any, and from the value under
the assumption that the effect is monotonic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Unpack

import numpy as np

from causalpp.errors import ImpossibleEvidence
from causalpp.programs.contrast import Contrast
from causalpp.programs.estimands._asking import How, estimand
from causalpp.programs.estimands._bounds import CausationBounds, Masses, tian_pearl_bounds
from causalpp.programs.estimands._sides import Outcome, each_draw, exact_joint, mean_error, rows
from causalpp.programs.estimands.effect import Estimate
from causalpp.programs.mechanisms import Value
from causalpp.programs.program import CausalProgram
from causalpp.programs.worlds import Worlds

__all__ = ["CausationBounds", "CausationProbability", "pn", "pns", "ps", "tian_pearl_bounds"]

_NAMES = {"pn": "necessity", "ps": "sufficiency", "pns": "necessity and sufficiency"}


@dataclass(frozen=True, repr=False)
class CausationProbability(Estimate):
    """A probability of causation, with what can be said of it under weaker assumptions.

    Attributes:
        value: under the given mechanisms, whose equations data cannot check.
        standard_error: of ``value``; zero where it is exact.
        bounds: lowest and highest value under any mechanisms with this program's observational and experimental
            probabilities (Tian & Pearl 2000).
        monotonic: the value under any such mechanisms in which the treatment never prevents the outcome
            (monotonicity); None if the probabilities exclude that, or where the treatment has more values than the
            two compared and it is not determined.
        kind: ``"necessity"``, ``"sufficiency"`` or ``"necessity and sufficiency"``.
        treatment, treated, control: the variable that may be the cause, its value, and the alternative.
        outcome, state: the variable that may be the effect, and its value.
        method: ``"exact"`` or ``"simulation of N rows a side"``.
        effective_size: how many independent rows the simulated ones are worth; None if it is exact.
        draws: the value under each posterior draw of the parameters, shape ``(K,)``; None without ``draws=``.

    Example:
        >>> from causalpp import load_network
        >>> found = pns(load_network("asia"), treatment="bronc", outcome="dysp")
        >>> found.kind, round(float(found), 4), round(found.monotonic, 4)
        ('necessity and sufficiency', 0.6676, 0.6676)
    """

    bounds: tuple[float, float]
    monotonic: float | None
    kind: str

    def __repr__(self) -> str:
        error = f" ± {self.standard_error:.4f}" if self.standard_error else ""
        low, high = self.bounds
        monotonic = "no value" if self.monotonic is None else f"{self.monotonic:.4f}"
        return (
            f"Probability of {self.kind} of {self.treatment} = {self.treated} (against {self.control}) for "
            f"{self.outcome} = {self.state}: {self.value:.4f}{error} under the given mechanisms ({self.method})"
            f"{self._uncertainty()}; between {low:.4f} and {high:.4f} under any mechanisms with these observational "
            f"and experimental probabilities; {monotonic} if the effect is monotonic"
        )


@estimand
def pn(program: CausalProgram, contrast: Contrast, **how: Unpack[How]) -> CausationProbability:
    """The probability of necessity: P(Y(control) ≠ y | X = treated, Y = y), "it would not have happened but for".

    Args:
        program, contrast, samples, seed, draws: see :func:`~causalpp.ate`; y is the contrast's state, which may be left
            out for two states of which one affirms.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter: see :func:`~causalpp.ate`; a real outcome.
        ImpossibleEvidence: what it is conditioned on has probability zero.

    Example:
        >>> from causalpp import load_network
        >>> found = pn(load_network("asia"), treatment="bronc", outcome="dysp")
        >>> round(found.value, 4), [round(bound, 4) for bound in found.bounds]
        (0.8171, [0.8171, 1.0])
    """
    return _probability("pn", program, contrast, **how)


@estimand
def ps(program: CausalProgram, contrast: Contrast, **how: Unpack[How]) -> CausationProbability:
    """The probability of sufficiency: P(Y(treated) = y | X = control, Y ≠ y), "it would have made it happen".

    Args:
        program, contrast, samples, seed, draws: see :func:`pn`.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`pn`.

    Example:
        >>> from causalpp import load_network
        >>> round(ps(load_network("asia"), treatment="bronc", outcome="dysp").value, 4)
        0.7758
    """
    return _probability("ps", program, contrast, **how)


@estimand
def pns(program: CausalProgram, contrast: Contrast, **how: Unpack[How]) -> CausationProbability:
    """The probability of necessity and sufficiency: P(Y(treated) = y, Y(control) ≠ y).

    Where the treatment has no other values, PNS = P(X = treated, Y = y) · PN + P(X = control, Y ≠ y) · PS.

    Args:
        program, contrast, samples, seed, draws: see :func:`pn`.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`pn`.

    Example:
        >>> from causalpp import load_network
        >>> pns(load_network("asia"), treatment="bronc", outcome="dysp")
        Probability of necessity and sufficiency of bronc = yes (against no) for dysp = yes: 0.6... under the given
        mechanisms (exact); between 0.6... and 0.8... under any mechanisms with these observational and experimental
        probabilities; 0.6... if the effect is monotonic
    """
    return _probability("pns", program, contrast, **how)


def _probability(
    which: str,
    program: CausalProgram,
    contrast: Contrast,
    *,
    samples: int | None = None,
    seed: int = 0,
    draws: int | None = None,
) -> CausationProbability:
    contrast = contrast.on(program, binary=True)
    asked = _Asked(which, contrast, Outcome.of(program, contrast))

    def ask(program: CausalProgram) -> _Found:
        found = asked.exact(program) if samples is None else None
        return found or asked.simulated(program, samples, seed)

    value, error, masses, method, size = ask(program)
    return CausationProbability(
        value,
        error,
        **contrast.words,
        bounds=masses.bounds(which),
        monotonic=masses.monotonic(which),
        kind=_NAMES[which],
        method=method,
        effective_size=size,
        draws=each_draw(program, draws, seed, lambda drawn: ask(drawn)[0]),
    )


_Found = tuple[float, float, Masses, str, float | None]


class _Asked:
    """One of the three questions, put to programs."""

    def __init__(self, which: str, contrast: Contrast, outcome: Outcome) -> None:
        self.which, self.contrast, self.outcome = which, contrast, outcome
        # Necessity asks those in whom it happened, in the world under control; sufficiency is its mirror image.
        self.happened = which == "pn"
        self.group, self.other = ("treated", "control") if self.happened else ("control", "treated")

    def _worlds(self, program: CausalProgram) -> tuple[Worlds, dict[str, Value]]:
        """The world as it is and those under both values, and the numbers of these."""
        x, both = self.contrast.treatment, {side: getattr(self.contrast, side) for side in ("treated", "control")}
        worlds = program.worlds(factual={}, **{side: {x: value} for side, value in both.items()})
        return worlds, {side: program.mechanism(x).encode(x, value) for side, value in both.items()}

    def exact(self, program: CausalProgram) -> _Found | None:
        """The answer by enumeration; None where that is out of reach."""
        x, y, hit = self.contrast.treatment, self.contrast.outcome, self.outcome.score
        if not program.is_discrete(x):  # a real one has probability zero of being any value
            return None
        assert hit is not None  # for the type checker
        worlds, values = self._worlds(program)
        seen = exact_joint(worlds, [("factual", x), ("factual", y)])
        under = [exact_joint(worlds, [(side, y)]) for side in ("treated", "control")]
        if seen is None or under[0] is None or under[1] is None:
            return None
        groups = {side: seen[int(value)] for side, value in values.items()}
        shares = {side: (float(group @ hit), float(group @ (1 - hit))) for side, group in groups.items()}
        masses = Masses(**shares, under=(float(under[0] @ hit), float(under[1] @ hit)))
        if self.which == "pns":
            both = exact_joint(worlds, [("treated", y), ("control", y)])
            return None if both is None else (float(hit @ both @ (1 - hit)), 0.0, masses, "exact", None)
        self._possible(masses)
        triple = exact_joint(worlds, [("factual", x), ("factual", y), (self.other, y)])
        if triple is None:
            return None
        before = hit if self.happened else 1 - hit
        given = before @ triple[int(values[self.group])]
        return float(given @ (1 - before) / given.sum()), 0.0, masses, "exact", None

    def simulated(self, program: CausalProgram, samples: int | None, seed: int) -> _Found:
        """The answer from rows of the factual and both other worlds on the same noise."""
        x, y = self.contrast.treatment, self.contrast.outcome
        worlds, values = self._worlds(program)
        pairs = [("factual", x), ("factual", y), ("treated", y), ("control", y)]
        (cause, *numbers), weights, _, method = rows(worlds, pairs, samples, seed)
        fact, *under = (self.outcome.values(column) > 0.5 for column in numbers)
        after = dict(zip(values, under, strict=True))
        groups = {side: cause == value for side, value in values.items()}
        shares = {side: (float(weights @ (g & fact)), float(weights @ (g & ~fact))) for side, g in groups.items()}
        masses = Masses(**shares, under=(float(weights @ under[0]), float(weights @ under[1])))
        if self.which == "pns":
            among, hits = np.ones(len(fact), dtype=bool), after["treated"] & ~after["control"]
        else:
            self._possible(masses)
            among, hits = groups[self.group] & (fact == self.happened), after[self.other] != self.happened
        within = weights[among] / weights[among].sum()
        value, error = mean_error(hits[among].astype(float), within) if len(within) > 1 else (math.nan, math.nan)
        return value, error, masses, method, float(1 / (within @ within))

    def _possible(self, masses: Masses) -> None:
        found: tuple[float, float] = getattr(masses, self.group)
        if not found[0 if self.happened else 1] > 0:
            raise ImpossibleEvidence(
                f"the probability of {_NAMES[self.which]} is about units with {self.contrast.treatment} = "
                f"{getattr(self.contrast, self.group)} and {self.contrast.outcome} {'=' if self.happened else '≠'} "
                f"{self.contrast.state}, and there are none"
            )
