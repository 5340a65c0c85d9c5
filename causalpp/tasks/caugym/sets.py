"""The sets: what is done to a problem before it is put into words.

A perturbation takes a problem and a source of choices, and gives the changed problem; None if it cannot be done to this
one, and then another is drawn.  What each changes, and what stays:

rephrased
    The same graph, figures and question in other words (:mod:`~causalpp.tasks.caugym.rewordings`), one wording a text;
    the answer stays.
omitted
    The instruction is left out: which quantity is meant, and how it is defined.  The question alone tells it.  Graph,
    figures and answer stay; so do conditions of the answer, such as monotonicity.
deconfounding
    Treatment and outcome have a common cause, and the formula that takes the seen for the set (conditioning where an
    intervention is meant) is off by more than ten times the tolerance.  Nothing in the text says so.
redundant
    True sentences and figures are added that the answer does not need: of the world's own tables, of the records, of
    another world.  The answer stays, and so does its derivation.
insufficient
    One figure that is needed is missing.  Two programs that agree with everything that is stated, with the graph and,
    where it is assumed, with monotonicity, have different answers; both stand under ``about["witnesses"]``.

The definitions are those of the five test sets of CauGym (arXiv 2602.06337); the texts are our own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from causalpp.tasks._random import Source
from causalpp.tasks.caugym.derivation import derive
from causalpp.tasks.caugym.models import Model, as_percentage, code, exact, states
from causalpp.tasks.caugym.problem import Contrast, Problem
from causalpp.tasks.caugym.rewordings import REWORDINGS, Unnamed

__all__ = ["PERTURBATIONS", "REMARKS", "Perturbation"]

_FAR = 5e-3  # ten times the tolerance of the answers
_APART = Fraction(1, 100)  # of the answers of two programs that show a figure to be needed
_MOST_REMARKS, _MOST_FIGURES = 4, 6
_TRIES = 8  # other numbers for a figure


@dataclass(frozen=True)
class Perturbation:
    """What makes a set.

    Attributes:
        change: problem and choices → changed problem or None.
        confounded: whether it wants problems in which treatment and outcome have a common cause.
    """

    change: Callable[[Problem, Source], Problem | None]
    confounded: bool = False


def _plain(problem: Problem, random: Source) -> Problem | None:  # noqa: ARG001
    return problem


def _rephrased(problem: Problem, random: Source) -> Problem | None:
    return replace(problem, wording=REWORDINGS[random.below(len(REWORDINGS))])


def _omitted(problem: Problem, random: Source) -> Problem | None:  # noqa: ARG001
    return replace(problem, wording=Unnamed.name)


# --- deconfounding ----------------------------------------------------------------------------------------


def _deconfounding(problem: Problem, random: Source) -> Problem | None:  # noqa: ARG001
    seen = _unadjusted(problem.model, problem.quantity, problem.bound, problem.contrast)
    return problem if abs(seen - float(problem.value)) > _FAR else None


def _unadjusted(model: Model, quantity: str, bound: str, contrast: Contrast) -> float:
    """What the quantity comes to if conditioning is taken for intervening."""
    p = _joint(model)
    place = {node: k for k, node in enumerate(model.nodes)}
    x, y = contrast.treatment, contrast.outcome

    def total(event: Mapping[str, int]) -> float:
        return float(p[tuple(event.get(node, slice(None)) for node in model.nodes)].sum())

    def given(event: Mapping[str, int], on: Mapping[str, int]) -> float:
        return total({**event, **on}) / total(on)

    assert place[x] < place[y]
    if quantity in ("ATE", "ETT"):
        return given({y: 1}, {x: 1}) - given({y: 1}, {x: 0})
    if quantity == "CDE":
        return given({y: 1}, {x: 1, **contrast.fixed}) - given({y: 1}, {x: 0, **contrast.fixed})
    if quantity in ("NDE", "NIE"):
        direct = quantity == "NDE"
        found = 0.0
        for m in states(contrast.mediators):
            if direct:
                found += (given({y: 1}, {x: 1, **m}) - given({y: 1}, {x: 0, **m})) * given(m, {x: 0})
            else:
                found += given({y: 1}, {x: 0, **m}) * (given(m, {x: 1}) - given(m, {x: 0}))
        return found
    if quantity == "PN":
        under, cell = given({y: 1}, {x: 0}), total({x: 1, y: 1})
        gain = 1 - under - total({x: 0, y: 0}) if bound == "upper" else total({y: 1}) - under
    else:
        under, cell = given({y: 1}, {x: 1}), total({x: 0, y: 0})
        gain = under - total({x: 1, y: 1}) if bound == "upper" else under - total({y: 1})
    return max(0.0, gain / cell) if bound == "lower" else min(1.0, gain / cell)


def _joint(model: Model) -> NDArray[np.float64]:
    """P of every state, one axis a node."""
    place = {node: k for k, node in enumerate(model.nodes)}
    out = np.ones((2,) * len(model.nodes))
    for node in model.nodes:
        some = [*model.parents[node], node]
        ones = np.array([float(exact(p)) for p in model.tables[node]]).reshape((2,) * (len(some) - 1))
        table = np.stack([1 - ones, ones], -1).transpose(np.argsort([place[n] for n in some]))
        out *= table.reshape([2 if n in some else 1 for n in model.nodes])
    return out


# --- redundant --------------------------------------------------------------------------------------------

_ELSEWHERE = "In another world, which has nothing to do with this one, the probability that {unit} {NODE:1} is {SHARE}."
#: Sentences that bear on nothing: ``{NUMBER}``, ``{SHARE}``, ``{NODE}`` are drawn, the rest is filled as any remark is.
REMARKS = (
    "The figures were taken down over {NUMBER} years.",
    "It takes {NUMBER} minutes to find out whether {unit} {NODE:1}.",
    "Whether {the} {NODE:1} was noted down by {NUMBER} people who did not know of each other.",
    _ELSEWHERE,
    "A newspaper once wrote about {unit} that {NODE:1}.",
    "On {SHARE} of the days on which the figures were taken down it rained.",
)


def _redundant(problem: Problem, random: Source) -> Problem | None:
    needed = {(figure.variables[0][0], figure.given) for figure in problem.derivation.used.values()}
    idle = [
        figure
        for node in problem.model.nodes
        for figure in problem.model.figures(node)
        if (node, figure.given) not in needed
    ]
    chosen = [idle[k] for k in random.order(len(idle))[:_MOST_FIGURES]]
    percent = problem.figures[0].value.endswith("%")
    figures = list(problem.figures)
    for figure in chosen:
        shown = as_percentage(figure.value) if percent else figure.value
        figures.insert(random.below(len(figures) + 1), replace(figure, value=shown))
    count = 2 + random.below(_MOST_REMARKS - 1)
    drawn = [REMARKS[k] for k in random.order(len(REMARKS))[:count]]
    if not chosen and _ELSEWHERE not in drawn:
        drawn[0] = _ELSEWHERE
    remarks = tuple(_remark(template, problem, random) for template in drawn)
    added = {"added_figures": len(chosen), "added_sentences": count}
    return replace(problem, figures=tuple(figures), remarks=remarks, about={**problem.about, **added})


def _remark(template: str, problem: Problem, random: Source) -> str:
    node = problem.listed[random.below(len(problem.listed))]
    number, share = 3 + random.below(40), f"{5 + random.below(91)}%"
    return template.replace("{NUMBER}", str(number)).replace("{SHARE}", share).replace("{NODE:", f"{{{node}:")


# --- insufficient -----------------------------------------------------------------------------------------


def _insufficient(problem: Problem, random: Source) -> Problem | None:
    used = list(problem.derivation.used.values())
    for k in random.order(len(used)):
        cell = used[k]
        node = cell.variables[0][0]
        other = _another(problem, node, code(problem.model.parents[node], dict(cell.given)), random)
        if other is None:
            continue
        key = (node, frozenset(cell.given))
        left = tuple(f for f in problem.figures if (f.variables[0][0], frozenset(f.given)) != key)
        witnesses = [
            {"program": model.to_dict(), "value": str(value)}
            for model, value in ((problem.model, problem.value), other)
        ]
        about = {**problem.about, "missing": cell.name, "witnesses": witnesses}
        return replace(problem, figures=left, determined=False, about=about)
    return None


def _another(problem: Problem, node: str, place: int, random: Source) -> tuple[Model, Fraction] | None:
    """A program with another number in one cell of a table, and its answer, which is another one."""
    model = problem.model
    digits = len(model.tables[node][place]) - 2
    low, high = _room(problem, node, place)
    for _ in range(_TRIES):
        cells = list(model.tables[node])
        cells[place] = f"0.{low + random.below(high - low + 1):0{digits}d}"
        other = replace(model, tables={**model.tables, node: tuple(cells)})
        everything = [figure for some in other.nodes for figure in other.figures(some)]
        found = derive(other, problem.quantity, problem.bound, problem.contrast.to_dict(), everything)
        value = found[problem.quantity]
        if abs(value - problem.value) >= _APART:
            return other, value
    return None


def _room(problem: Problem, node: str, place: int) -> tuple[int, int]:
    """Between which multiples of the last digit a cell may lie: with monotonicity, between its neighbours."""
    table, parents = problem.model.tables[node], problem.model.parents[node]
    low, high = 1, 10 ** (len(table[place]) - 2) - 1
    between = problem.contrast.mediators
    if problem.bound != "monotone" or node not in (*between, problem.contrast.outcome):
        return low, high
    here = list(states(parents))[place]
    for parent in parents:
        if parent in (problem.contrast.treatment, *between):
            beside = int(table[code(parents, {**here, parent: 1 - here[parent]})][2:])
            low, high = (max(low, beside), high) if here[parent] else (low, min(high, beside))
    return low, high


#: Set → what makes it.
PERTURBATIONS: Mapping[str, Perturbation] = {
    "plain": Perturbation(_plain),
    "rephrased": Perturbation(_rephrased),
    "omitted": Perturbation(_omitted),
    "deconfounding": Perturbation(_deconfounding, confounded=True),
    "redundant": Perturbation(_redundant),
    "insufficient": Perturbation(_insufficient),
}
