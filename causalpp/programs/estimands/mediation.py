"""Effects along some of the paths: natural direct and indirect ones, and any others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any, Unpack

from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.graphs import Dag
from causalpp.graphs.dag import Names, as_names
from causalpp.programs.contrast import Contrast
from causalpp.programs.estimands._asking import How, effect, estimand
from causalpp.programs.estimands._warning import recanting
from causalpp.programs.estimands.effect import Effect
from causalpp.programs.program import CausalProgram
from causalpp.programs.worlds import Worlds

__all__ = ["nde", "nie", "path_specific"]


@estimand
def nde(program: CausalProgram, contrast: Contrast, *, mediator: Names, **how: Unpack[How]) -> Effect:
    """The natural direct effect: of the treatment while each unit's mediators stay what they are under control.

    E[Y(treated, M(control))] − E[Y(control)] (Pearl 2001, "Direct and indirect effects").  With NIE(reversed) the
    indirect effect of going back from treated to control, ATE = NDE − NIE(reversed); in linear programs, and
    wherever treatment and mediators do not interact, ATE = NDE + NIE.

    Args:
        program, contrast, samples, seed, draws: see :func:`~causalpp.ate`.
        mediator: the mediator, or several, taken together.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`~causalpp.ate`.

    Example:
        >>> from causalpp import load_network
        >>> nde(load_network("asia"), treatment="smoke", outcome="dysp", mediator="bronc")
        Natural direct effect of smoke (yes against no) on P(dysp = yes) past bronc: +0.0401 = 0.3592 − 0.3191 (exact)
    """
    return _natural(program, contrast, mediator, "direct", how)


@estimand
def nie(program: CausalProgram, contrast: Contrast, *, mediator: Names, **how: Unpack[How]) -> Effect:
    """The natural indirect effect: of each unit's mediators becoming what they are under treatment, and nothing else.

    E[Y(control, M(treated))] − E[Y(control)] (Pearl 2001).  In linear programs it is the product of the path
    coefficients.  For how it adds up with :func:`nde` see there.

    Args:
        program, contrast, samples, seed, draws: see :func:`~causalpp.ate`.
        mediator: the mediator, or several, taken together.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`~causalpp.ate`.

    Example:
        >>> from causalpp import load_network
        >>> nie(load_network("asia"), treatment="smoke", outcome="dysp", mediator="bronc").value
        0.2069...
    """
    return _natural(program, contrast, mediator, "indirect", how)


@estimand
def path_specific(
    program: CausalProgram,
    contrast: Contrast,
    *,
    paths: Iterable[Sequence[str]] | None = None,
    edges: Iterable[tuple[str, str]] | None = None,
    **how: Unpack[How],
) -> Effect:
    """The effect along some paths: they carry the treated value, all others carry the control value.

    Every variable is computed once for each set of active paths by which it is reached (Avin, Shpitser & Pearl
    2005), all on the same noise.  That is well defined whatever the paths, given the mechanisms; where a variable
    is needed both with and without the treatment, data do not determine it, and the effect's ``warning`` says so.

    Args:
        program, contrast, samples, seed, draws: see :func:`~causalpp.ate`.
        paths: the active paths, each the variables from treatment to outcome.
        edges: instead of ``paths``: all paths made of these edges are active.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`~causalpp.ate`;
        InvalidParameter also for something that is no path from treatment to outcome.

    Example:
        >>> from causalpp import load_network
        >>> path_specific(load_network("asia"), "smoke", "dysp", paths=[("smoke", "bronc", "dysp")]).value
        0.2069...
    """
    dag, treatment = program.dag, contrast.treatment
    if (paths is None) == (edges is None):
        raise InvalidParameter("say which paths are active: either paths= or edges=")
    start: Hashable
    step: _Step
    if paths is not None:
        listed = [_path(dag, contrast, path) for path in paths]
        start, step, detail = frozenset(listed), _along_paths, ", ".join(" → ".join(path) for path in listed)
        counts = {child: sum(path[1] == child for path in set(listed)) for child in dag.children(treatment)}
        active: Callable[[str], int] = counts.__getitem__
    else:
        kept = frozenset(_edge(dag, edge) for edge in edges or ())
        start, step, detail = True, _along_edges(kept), ", ".join(f"{a} → {b}" for a, b in sorted(kept))
        active = _active(dag, contrast, kept)
    if not start or not detail:
        raise InvalidParameter("no path is active: name at least one")
    return effect(
        program,
        contrast,
        lambda p: _split(p, contrast, start, step),
        kind="Path-specific effect",
        detail="along " + detail,
        warning=recanting(dag, contrast, active),
        **how,
    )


def _natural(program: CausalProgram, contrast: Contrast, mediator: Names, which: str, how: How) -> Effect:
    """The effect of the treatment with the mediators as they are under control, or the other way round."""
    mediators = as_names(mediator)
    if not mediators:
        raise InvalidParameter("mediator= needs at least one variable")
    for name in mediators:
        program.mechanism(name)
        if name in (contrast.treatment, contrast.outcome):
            raise InvalidParameter(f"{name!r} cannot be the mediator too: it is the treatment or the outcome")
    direct = which == "direct"
    value, other = (contrast.treated, contrast.control) if direct else (contrast.control, contrast.treated)

    def made(program: CausalProgram) -> tuple[Worlds, str, str]:
        """The worlds under both values, and one under ``value`` that reads the mediators as under ``other``."""
        x = contrast.treatment
        worlds = program.worlds(other={x: other}, plain={x: value}, nested={x: value})
        reads = {
            ("nested", s.variable, m): "other"
            for s in worlds["nested"].statements
            for m in mediators
            if m in s.mechanism.parents
        }
        return replace(worlds, reads=reads), "nested", "other" if direct else "plain"

    kept = frozenset((a, b) for a, b in program.dag.edges if not {a, b} & set(mediators))
    return effect(
        program,
        contrast,
        made,
        kind=f"Natural {which} effect",
        detail=f"{'past' if direct else 'through'} {', '.join(mediators)}",
        warning=recanting(program.dag, contrast, _active(program.dag, contrast, kept)),
        **how,
    )


def _active(dag: Dag, contrast: Contrast, kept: frozenset[tuple[str, str]]) -> Callable[[str], int]:
    """How many paths made of these edges lead from the treatment to the outcome by one of its children."""

    @cache
    def count(name: str) -> int:
        if name == contrast.outcome:
            return 1
        return sum(count(child) for child in dag.children(name) if (name, child) in kept)

    return lambda child: count(child) if (contrast.treatment, child) in kept else 0


def _path(dag: Dag, contrast: Contrast, path: Sequence[str]) -> tuple[str, ...]:
    names = as_names(path)
    shown = " → ".join(map(str, names))
    for name in names:
        if name not in dag:
            raise UnknownVariable(name, dag.nodes, what=f" on the path {shown}")
    ends = contrast.treatment, contrast.outcome
    if len(names) < 2 or (names[0], names[-1]) != ends:
        raise InvalidParameter(f"a path leads from {ends[0]!r} to {ends[1]!r}, this one does not: {shown}")
    for a, b in pairwise(names):
        if not dag.has_edge(a, b):
            raise InvalidParameter(f"{shown} is no path: there is no edge {a} → {b}")
    return names


def _edge(dag: Dag, edge: tuple[str, str]) -> tuple[str, str]:
    if not isinstance(edge, (tuple, list)) or len(edge) != 2:
        raise InvalidParameter(f"an edge is a pair of variables, got {edge!r}")
    if not dag.has_edge(*edge):
        raise InvalidParameter(f"there is no edge {edge[0]} → {edge[1]}")
    return (edge[0], edge[1])


#: What a variable's copy is reached by; the copy of its parent that it reads is reached by ``step(that, parent, it)``.
_Step = Callable[[Any, str, str], Hashable]


def _along_paths(reached: Any, parent: str, child: str) -> Hashable:  # noqa: ARG001  # the paths end in the child
    return frozenset(path[:-1] for path in reached if len(path) > 1 and path[-2] == parent)


def _along_edges(kept: frozenset[tuple[str, str]]) -> _Step:
    return lambda reached, parent, child: reached and (parent, child) in kept


def _split(program: CausalProgram, contrast: Contrast, start: Hashable, step: _Step) -> tuple[Worlds, str, str]:
    """Worlds with a copy of each variable for each way of being reached, and where the outcome is in them.

    A copy that no active path reaches is that of the control world; the treatment's own is that of the treated
    one; the others are put into as few further worlds as their order allows.
    """
    treatment, outcome = contrast.treatment, contrast.outcome
    base = program.worlds(control={treatment: contrast.control})["control"]
    statements = {s.variable: s for s in base.statements}
    place = {name: i for i, name in enumerate(statements)}
    parents: dict[tuple[str, Hashable], list[tuple[str, Hashable]]] = {}
    waiting = [(outcome, start)]
    while waiting:
        copy = waiting.pop()
        if copy in parents:
            continue
        variable, reached = copy
        special = not reached or variable == treatment
        reads = () if special else statements[variable].mechanism.parents
        parents[copy] = [(p, step(reached, p, variable)) for p in reads]
        waiting += parents[copy]
    where: dict[tuple[str, Hashable], int] = {}
    taken: set[tuple[int, str]] = set()
    for copy in sorted(parents, key=lambda c: place[c[0]]):
        variable, reached = copy
        if not reached or variable == treatment:
            where[copy] = 1 if reached else 0
            continue
        world = max((2, *(where[p] for p in parents[copy])))
        while (world, variable) in taken:
            world += 1
        taken.add((world, variable))
        where[copy] = world
    names = ["control", "treated", *(f"copy {i}" for i in range(max((1, *where.values())) - 1))]
    setting = {name: {treatment: contrast.treated if name == "treated" else contrast.control} for name in names}
    crossing = {
        (names[where[copy]], copy[0], p[0]): names[where[p]]
        for copy, read in parents.items()
        for p in read
        if where[p] != where[copy]
    }
    return replace(program.worlds(**setting), reads=crossing), names[where[outcome, start]], "control"
