"""Sets to adjust for, front doors and instruments: criteria that are read off the graph.

Where the data are selected on some variables (``dag.selected``), these are conditioned on with whatever is adjusted
for, and what an adjustment set gives is the effect among those selected, P(outcome under treatment | selected): the
criterion for the two together says that the outcome under treatment is independent of the treatment given both.
Variables marked as adjusted (``dag.adjusted``) are part of every adjustment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice

from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import Admg, Dag
from causalpp.graphs.dag import Names
from causalpp.programs.contrast import Contrast
from causalpp.programs.identification._separators import (
    causal_nodes,
    minimal_separators,
    proper_back_door,
    without_edges,
)
from causalpp.programs.identification.mixed import read_pair, read_query

__all__ = [
    "Instrument",
    "adjustment_sets",
    "backdoor_sets",
    "frontdoor_sets",
    "instruments",
    "is_adjustment_set",
    "listed",
    "optimal_adjustment_set",
]

_MOST_CANDIDATES = 20
_SETS_TRIED = 1000  # to condition an instrument on


def is_adjustment_set(
    graph: Dag | Admg, treatment: Names | Contrast, outcome: Names | None = None, adjustment: Names = ()
) -> bool:
    """Whether P(outcome | do(treatment)) = Σ_z P(outcome | treatment, z) P(z) with z the adjustment set.

    Variables the graph marks as adjusted count as part of the set.  Where it marks variables as selected, the
    question is whether the same holds among those selected, whose data are all there is.

    The adjustment criterion, which is necessary and sufficient (Shpitser, VanderWeele & Robins, *On the validity
    of covariate adjustment*, 2010; for sets: Perković et al., 2018).

    Raises:
        InvalidParameter, UnknownVariable: the sets overlap, are empty, latent or unknown.

    Example:
        >>> dag = Dag.from_edges([("z", "x"), ("z", "y"), ("x", "m"), ("m", "y")])
        >>> is_adjustment_set(dag, "x", "y", "z"), is_adjustment_set(dag, "x", "y", ["z", "m"])
        (True, False)
        >>> sick = Dag(["x", "y", "ill"], [("x", "y"), ("x", "ill"), ("y", "ill")], selected="ill")
        >>> is_adjustment_set(sick, "x", "y")  # in hospital data, whatever one adjusts for
        False
    """
    dag, x, y, z = read_query(graph, treatment, outcome, adjustment)
    cut, forbidden = proper_back_door(dag, x, y)
    held = {*z, *dag.adjusted, *dag.selected}
    return not forbidden & held and cut.d_separated(x, y, held)


def adjustment_sets(
    graph: Dag | Admg, treatment: Names | Contrast, outcome: Names | None = None, *, limit: int = 10_000
) -> tuple[frozenset[str], ...]:
    """All minimal adjustment sets, the smallest first; empty if the effect cannot be had by adjustment.

    Minimal: no proper subset is one.  Latent variables are in none, those the graph marks as adjusted in all.
    Where it marks variables as selected, the effect is that among those selected, and they are in no set.

    Args:
        graph: a Dag, whose latent variables cannot be adjusted for, or an Admg.
        treatment, outcome: one variable or several; or a :class:`~causalpp.Contrast` in place of both.
        limit: the most sets listed.

    Raises:
        TooLarge: there are more than ``limit``.
        InvalidParameter, UnknownVariable: the sets overlap, are empty, latent or unknown.

    Example:
        >>> dag = Dag.from_edges([("a", "x"), ("a", "b"), ("b", "y"), ("x", "y")])
        >>> adjustment_sets(dag, "x", "y")
        (frozenset({'a'}), frozenset({'b'}))
    """
    dag, x, y, _ = read_query(graph, treatment, outcome)
    cut, forbidden = proper_back_door(dag, x, y)
    return listed(dag, _separators(dag, cut, x, y, forbidden), limit)


def backdoor_sets(
    graph: Dag | Admg, treatment: Names | Contrast, outcome: Names | None = None, *, limit: int = 10_000
) -> tuple[frozenset[str], ...]:
    """All minimal sets that meet Pearl's back-door criterion (*Causality*, §3.3.1), the smallest first.

    They are the minimal adjustment sets without descendants of the treatment, save that the criterion also
    asks to block paths that are not there to be blocked when several variables are set.

    Raises:
        TooLarge: there are more than ``limit``.
        InvalidParameter, UnknownVariable: the sets overlap, are empty, latent or unknown.

    Example:
        >>> backdoor_sets(Dag.from_edges([("z", "x"), ("z", "y"), ("x", "y")]), "x", "y")
        (frozenset({'z'}),)
    """
    dag, x, y, _ = read_query(graph, treatment, outcome)
    forbidden = dag.descendants(x) | set(x) | set(y)
    return listed(dag, _separators(dag, without_edges(dag, out_of=x), x, y, forbidden), limit)


def optimal_adjustment_set(
    graph: Dag | Admg, treatment: Names | Contrast, outcome: Names | None = None
) -> frozenset[str] | None:
    """The O-set: the adjustment set with the smallest asymptotic variance (Henckel, Perković & Maathuis 2022).

    The parents of the variables on causal paths, without these, their descendants and the treatment.  (The
    theorem is about linear regression; Rotnitzky & Smucler, 2020, have it for the plug-in formula.)

    Returns:
        None where there is no adjustment set, or the O-set holds a latent variable, or the graph marks variables as
        selected or adjusted: then no set need be best in all models, and :func:`adjustment_sets` lists the choices.

    Example:
        >>> dag = Dag.from_edges([("a", "x"), ("a", "b"), ("b", "y"), ("x", "y"), ("c", "y")])
        >>> sorted(optimal_adjustment_set(dag, "x", "y"))
        ['b', 'c']
    """
    dag, x, y, _ = read_query(graph, treatment, outcome)
    causal = causal_nodes(dag, x, y)
    cut, forbidden = proper_back_door(dag, x, y)
    best = frozenset(parent for name in causal for parent in dag.parents(name)) - forbidden
    if dag.selected or dag.adjusted or best & dag.latent or not cut.d_separated(x, y, best):
        return None
    return best


def frontdoor_sets(
    graph: Dag | Admg, treatment: str | Contrast, outcome: str | None = None, *, limit: int = 10_000
) -> tuple[frozenset[str], ...]:
    """All minimal sets that meet the front-door criterion (Pearl, *Causality*, §3.3.2), the smallest first.

    Such a set meets every directed path from treatment to outcome; no back-door path from the treatment to it is
    open; and the treatment blocks every back-door path from it to the outcome.

    Raises:
        TooLarge: more than 20 candidates to choose from, or more than ``limit`` sets.
        InvalidParameter, UnknownVariable: the sets overlap, are empty, latent or unknown.

    Example:
        >>> dag = Dag.from_edges([("x", "m"), ("m", "y"), ("U", "x"), ("U", "y")], latent={"U"})
        >>> frontdoor_sets(dag, "x", "y")
        (frozenset({'m'}),)
    """
    dag, x, y = read_pair(graph, treatment, outcome, "the front-door criterion is about")
    if y not in dag.descendants(x):
        return ()
    behind = without_edges(dag, out_of=[x])
    candidates = [m for m in dag.observed if m in dag.ancestors(y) and m != x and behind.d_separated(x, m)]
    if len(candidates) > _MOST_CANDIDATES:
        raise TooLarge(f"a front door among {len(candidates)} candidates: at most {_MOST_CANDIDATES} are searched")
    found: list[frozenset[str]] = []
    for size in range(1, len(candidates) + 1):
        for choice in combinations(candidates, size):
            if any(known <= set(choice) for known in found):
                continue
            if y in without_edges(dag, into=choice, out_of=choice).descendants([x]):
                continue
            if without_edges(dag, out_of=choice).d_separated(choice, y, x):
                found.append(frozenset(choice))
                if len(found) > limit:
                    raise TooLarge(f"more than {limit:,} front-door sets: raise limit")
    return tuple(found)


@dataclass(frozen=True)
class Instrument:
    """A variable that moves the treatment and, given some others, reaches the outcome in no other way.

    Attributes:
        variable: the instrument.
        given: what it has to be conditioned on; empty for an instrument as such.

    Example:
        >>> from causalpp import Dag
        >>> edges = [("w", "z"), ("w", "y"), ("z", "x"), ("x", "y"), ("U", "x"), ("U", "y")]
        >>> dag = Dag.from_edges(edges, latent="U")
        >>> [(found.variable, sorted(found.given)) for found in instruments(dag, "x", "y")]
        [('z', ['w'])]
    """

    variable: str
    given: frozenset[str]


def instruments(graph: Dag | Admg, treatment: str | Contrast, outcome: str | None = None) -> tuple[Instrument, ...]:
    """The instruments for an effect, each with a smallest set that it needs to be conditioned on.

    z is one, given w, if w separates z from the outcome once the treatment's edges on causal paths are
    removed, but not from the treatment, and w holds no descendant of what lies on causal paths (Brito & Pearl,
    *Generalized instrumental variables*, 2002).  They identify the effect in linear models; in others
    they bound it.  Only sets w of ancestors of z or the outcome are looked at.

    Example:
        >>> dag = Dag.from_edges([("z", "x"), ("x", "y"), ("U", "x"), ("U", "y")], latent={"U"})
        >>> instruments(dag, "x", "y")
        (Instrument(variable='z', given=frozenset()),)
    """
    dag, x, y = read_pair(graph, treatment, outcome, "instruments are for")
    if y not in dag.descendants(x):
        return ()
    cut, forbidden = proper_back_door(dag, [x], [y])
    found = []
    for z in dag.observed:
        if z in forbidden:
            continue
        sets = minimal_separators(cut, [z], [y], forbidden | {z})
        for given in sorted(islice(sets, _SETS_TRIED), key=lambda s: (len(s), sorted(s))):
            if not dag.d_separated(z, x, given):
                found.append(Instrument(z, given))
                break
    return tuple(found)


def _separators(
    dag: Dag, cut: Dag, x: Collection[str], y: Collection[str], forbidden: frozenset[str]
) -> Iterator[frozenset[str]]:
    """The minimal sets that, with what the graph marks as adjusted and selected, separate ``x`` from ``y``."""
    held = dag.adjusted | dag.selected
    if not held & forbidden:
        for found in minimal_separators(cut, x, y, forbidden, held):
            yield found - (dag.selected - dag.adjusted)


def listed(dag: Dag, sets: Iterable[frozenset[str]], limit: int) -> tuple[frozenset[str], ...]:
    """The sets, the smallest first.

    Raises:
        TooLarge: there are more than ``limit``.
    """
    if limit < 1:
        raise InvalidParameter(f"the limit must be at least one, got {limit}")
    found: list[frozenset[str]] = []
    for one in sets:
        if len(found) == limit:
            raise TooLarge(f"more than {limit:,} minimal sets: raise limit, or use optimal_adjustment_set()")
        found.append(one)
    place = {name: i for i, name in enumerate(dag.nodes)}
    return tuple(sorted(found, key=lambda s: (len(s), sorted(place[name] for name in s))))
