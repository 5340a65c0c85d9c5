"""How far each wording of the direction question is to be believed, from the answers alone.

Two things can be seen without knowing the truth.  What a model believes of causes is for the most part an order of the
variables: the contrast of a pair is about a difference of positions, u(a) − u(b), and a wording that measures it well
foretells the pairs that are left out.  And wordings that measure the same thing agree.  The first is what the weights
are made of; of the second only its opposite counts, as wordings that share words also share errors: a wording that
contradicts the others (so does "is it false that …?", put to a model that overlooks it) gets no weight.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from causalpp.oracles.answer import Answer
from causalpp.oracles.direction.grading import contrasts
from causalpp.propositions import Direction

__all__ = ["Consistency", "consistency", "contrasts_by_wording", "measured"]

Pair = tuple[str, str]

_EVEN = 0.5  # the fit that a wording is taken to have before anything is known of it
_PAIRS = 50  # how many pairs that counts for
_SURE = 2.0  # standard errors below zero from which on an agreement is a contradiction


@dataclass(frozen=True)
class Consistency:
    """What the answers in one wording say about that wording.

    Attributes:
        pairs: how many pairs were asked about.
        scale: the root mean square of its contrasts, by which they are divided before wordings are compared.
        fit: how much of a contrast is foretold by positions fitted to the other pairs, as one minus the ratio of the
            squares of what is left to those of the contrasts; None for fewer than two pairs.
        agreement: the correlation (about zero) with the mean of the other wordings; None where there is no other.
        weight: its share in a weighed mean; those of all wordings sum to one.
    """

    pairs: int
    scale: float
    fit: float | None
    agreement: float | None
    weight: float


def consistency(answers: Iterable[Answer]) -> dict[int, Consistency]:
    """How consistent each wording is, measured without the truth: wording → what its answers say about it.

    Args:
        answers: to ``Direction`` questions, of one oracle about the variables of one graph; others are passed over.

    Example:
        >>> from causalpp.oracles import Request, graded
        >>> from causalpp import Causes, Direction
        >>> place = {"a": 2.0, "b": 0.5, "c": -1.0, "d": -1.5}
        >>> answers = []
        >>> for one, other, odd in [("a", "b", 1), ("b", "c", 3), ("a", "c", -4), ("c", "d", 4), ("b", "d", -3)]:
        ...     said = [Answer(Causes(one, other), True, log_odds=place[one] - place[other]),
        ...             Answer(Causes(other, one), True, log_odds=0.0),
        ...             Answer(Causes(one, other), True, wording=1, log_odds=float(odd)),
        ...             Answer(Causes(other, one), True, wording=1, log_odds=0.0)]
        ...     answers.append(graded(Request(Direction(one, other)), said))
        >>> {wording: round(found.weight, 2) for wording, found in consistency(answers).items()}
        {0: 0.53, 1: 0.47}
    """
    return measured(contrasts_by_wording(answers))


def contrasts_by_wording(answers: Iterable[Answer]) -> dict[int, dict[Pair, float]]:
    """Wording → pair (in alphabetical order) → its contrast; several answers about one pair are averaged."""
    heard: dict[int, dict[Pair, list[float]]] = {}
    for answer in answers:
        if isinstance(answer.question, Direction):
            a, b = answer.question.a, answer.question.b
            for wording, said in contrasts(answer).items():
                here = heard.setdefault(wording, {})
                here.setdefault(min((a, b), (b, a)), []).append(said if a < b else -said)
    return {
        wording: {pair: math.fsum(said) / len(said) for pair, said in pairs.items()}
        for wording, pairs in sorted(heard.items())
    }


def measured(said: Mapping[int, Mapping[Pair, float]]) -> dict[int, Consistency]:
    """:func:`consistency` of contrasts: wording → pair → contrast."""
    scales = {
        wording: math.sqrt(sum(value * value for value in pairs.values()) / len(pairs)) if pairs else 0.0
        for wording, pairs in said.items()
    }
    scaled = {
        wording: {pair: value / scales[wording] for pair, value in pairs.items()}
        for wording, pairs in said.items()
        if scales[wording] > 0
    }
    fits = {wording: position_fit(pairs) for wording, pairs in scaled.items()}
    agreements = {wording: _agreement(scaled, wording) for wording in scaled}
    believed = dict(scaled)
    while len(believed) > 2:  # of two that contradict each other, neither is known to be the wrong one
        errors = {wording: _agreement(believed, wording) for wording in believed}
        worst = min(believed, key=lambda wording: _in_errors(errors[wording], len(believed[wording])))
        if _in_errors(errors[worst], len(believed[worst])) > -_SURE:
            break
        del believed[worst]
    weights = {
        wording: (max(fits[wording] or 0.0, 0.0) * len(pairs) + _EVEN * _PAIRS) / (len(pairs) + _PAIRS)
        for wording, pairs in believed.items()
    }
    total = sum(weights.values())
    return {
        wording: Consistency(
            len(pairs),
            scales[wording],
            fits.get(wording),
            agreements.get(wording),
            weights.get(wording, 0.0) / total if total else 1 / len(said),
        )
        for wording, pairs in said.items()
    }


def position_fit(pairs: Mapping[Pair, float]) -> float | None:
    """How much of each contrast is foretold by positions of the variables, fitted to all other pairs.

    The positions are those of ridge regression on differences, as if they and the noise were equally large; what is
    left out is left out in closed form, by the residual divided by one minus its leverage.

    Args:
        pairs: pair → contrast, with root mean square 1.
    """
    if len(pairs) < 2:
        return None
    index = {name: k for k, name in enumerate(sorted({name for pair in pairs for name in pair}))}
    incidence = np.zeros((len(pairs), len(index)))
    for row, (a, b) in enumerate(pairs):
        incidence[row, index[a]], incidence[row, index[b]] = 1, -1
    values = np.array(list(pairs.values()))
    solved = np.linalg.solve(incidence.T @ incidence + np.eye(len(index)), incidence.T)
    leverage = np.einsum("ij,ji->i", incidence, solved)
    left_out = (values - incidence @ (solved @ values)) / (1 - leverage)
    return float(1 - (left_out @ left_out) / (values @ values))


def _agreement(scaled: Mapping[int, Mapping[Pair, float]], wording: int) -> float | None:
    """The correlation about zero of a wording with the mean of all others, over the pairs they share."""
    mine, others = [], []
    for pair, value in scaled[wording].items():
        rest = [pairs[pair] for other, pairs in scaled.items() if other != wording and pair in pairs]
        if rest:
            mine.append(value)
            others.append(math.fsum(rest) / len(rest))
    x, y = np.array(mine), np.array(others)
    norm = math.sqrt((x @ x) * (y @ y)) if mine else 0.0
    return float(x @ y) / norm if norm else None


def _in_errors(agreement: float | None, pairs: int) -> float:
    """An agreement in standard errors of that of two unrelated wordings."""
    return 0.0 if agreement is None else agreement * math.sqrt(pairs)
