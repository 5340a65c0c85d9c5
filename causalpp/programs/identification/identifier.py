"""From a graph to the formula of an effect: familiar shapes where they apply, the ID algorithm otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from causalpp.errors import InvalidParameter, NotIdentified, TooLarge
from causalpp.graphs import Admg, Dag
from causalpp.graphs.dag import Names, refuse_selected
from causalpp.programs.contrast import Contrast
from causalpp.programs.identification._algorithm import Hedge, effect
from causalpp.programs.identification._separators import minimal_separators, proper_back_door, without_edges
from causalpp.programs.identification.adjustment import frontdoor_sets, listed
from causalpp.programs.identification.estimand import Estimand, query_text
from causalpp.programs.identification.expression import Expression, Fraction, Probability, Product, Sum
from causalpp.programs.identification.mixed import Mixed, as_mixed, read_query

__all__ = ["identify"]

_SETS_TRIED = 200


def identify(
    graph: Dag | Admg,
    treatment: Names | Contrast,
    outcome: Names | None = None,
    given: Names = (),
    *,
    method: str = "simplest",
) -> Estimand:
    """The formula of P(outcome | do(treatment), given) in the distribution of the observed variables.

    Complete: where there is no formula, there are two models with this graph that agree on all that is
    observed and not on the effect, and the error names the hedge that shows it.

    Args:
        graph: a Dag, whose latent variables are projected out, or an Admg.
        treatment: the variables set, one or several; or a :class:`~causalpp.Contrast`, which has the outcome too.
        outcome: the variables looked at, one or several.
        given: variables that are conditioned on after the treatment is set.
        method: ``"simplest"``: adjustment or front door in their familiar shape where they apply;
            ``"id"``: always what the algorithm gives (Shpitser & Pearl 2006a; with ``given``, 2006b).

    Raises:
        NotIdentified: the effect is not determined; ``.hedge`` holds the variables of the two c-forests.
        InvalidParameter, UnknownVariable: the sets overlap, are empty, latent or unknown.
        InvalidGraph: the data are selected on some variable of the graph.

    Example:
        >>> dag = Dag.from_edges([("smoke", "tar"), ("tar", "cancer"), ("U", "smoke"), ("U", "cancer")], latent={"U"})
        >>> estimand = identify(dag, treatment="smoke", outcome="cancer")
        >>> print(estimand.expression)
        Σ_{tar} P(tar | smoke) Σ_{smoke'} P(cancer | smoke', tar) P(smoke')
        >>> estimand.reason
        'front door through {tar}'
        >>> identify(Dag.from_edges([("x", "y"), ("U", "x"), ("U", "y")], latent={"U"}), "x", "y")
        Traceback (most recent call last):
        causalpp.errors.NotIdentified: P(y | do(x)) is not identified: ...
    """
    if method not in ("simplest", "id"):
        raise InvalidParameter(f"method is 'simplest' or 'id', got {method!r}")
    dag, x, y, z = read_query(graph, treatment, outcome, given)
    refuse_selected(dag.selected, "a formula is one of the distribution of everybody")
    mixed = as_mixed(dag)
    try:
        if z:
            expression, reason = _conditional(dag, mixed, x, y, z, method)
        else:
            expression, reason = _plain(dag, mixed, x, y, method)
    except Hedge as hedge:
        raise _not_identified(x, y, z, hedge) from None
    return Estimand(x, y, z, expression, reason)


def _not_identified(x: tuple[str, ...], y: tuple[str, ...], z: tuple[str, ...], hedge: Hedge) -> NotIdentified:
    return NotIdentified(
        f"{query_text(x, y, z)} is not identified: the c-forests {_braces(hedge.forest)} and {_braces(hedge.subforest)}"
        " form a hedge, so models with this graph agree on all that is observed and differ in the effect; observe a "
        "latent common cause among these variables, or run an experiment",
        treatment=x,
        outcome=y,
        given=z,
        hedge=(hedge.forest, hedge.subforest),
    )


def _plain(dag: Dag, mixed: Mixed, x: Iterable[str], y: tuple[str, ...], method: str) -> tuple[Expression, str]:
    x = tuple(x)
    if method == "id":
        return effect(y, x, mixed), "ID algorithm"
    y = mixed.sort(y)
    active = mixed.sort(mixed.do(x).up(y) & set(x))  # the others have no directed path but through these
    if not active:
        return Probability(y), f"no directed path from {_braces(x)} to {_braces(y)}"
    cut, forbidden = proper_back_door(dag, active, y)
    sets = listed(dag, islice(minimal_separators(cut, active, y, forbidden), _SETS_TRIED), _SETS_TRIED)
    if sets:
        after = dag.descendants(active)
        best = min(sets, key=lambda z: (len(z), bool(z & after)))
        if not best:
            return Probability(y, active), "no open back-door path"
        z = mixed.sort(best)
        law = Product((Probability(y, mixed.sort({*active, *z})), Probability(z)))
        back_door = not best & after and without_edges(dag, out_of=active).d_separated(active, y, best)
        return Sum(z, law), f"{'back door with' if back_door else 'adjustment for'} {_braces(z)}"
    if len(active) == len(y) == 1:
        try:
            doors = frontdoor_sets(dag, active[0], y[0])
        except TooLarge:
            doors = ()
        if doors:
            m = mixed.sort(doors[0])
            law = Product((Probability(y, mixed.sort({*active, *m})), Probability(active)))
            return Sum(m, Product((Probability(m, active), Sum(active, law)))), f"front door through {_braces(m)}"
    return effect(y, active, mixed), "ID algorithm"


def _conditional(
    dag: Dag, mixed: Mixed, x: tuple[str, ...], y: tuple[str, ...], z: tuple[str, ...], method: str
) -> tuple[Expression, str]:
    """IDC (Shpitser & Pearl, *Identification of conditional interventional distributions*, UAI 2006, figure 5)."""
    done, seen = list(x), list(z)
    moved = True
    while moved:
        moved = False
        for name in seen:
            others = [other for other in seen if other != name]
            if without_edges(dag, into=done, out_of=[name]).d_separated(name, y, {*done, *others}):
                done.append(name)  # rule 2: to see it is to set it
                seen = others
                moved = True
                break
    setting = [name for name in z if name in done]
    if not seen:
        expression, reason = _plain(dag, mixed, done, y, method)
        return expression, f"{reason}; to see {_braces(setting)} is to set {'it' if len(setting) == 1 else 'them'}"
    joint = effect({*y, *seen}, done, mixed)
    expression = Fraction(joint, Sum(mixed.sort(y), joint)).simplify()
    return expression, "IDC algorithm"


def _braces(names: Iterable[str]) -> str:
    return "{" + ", ".join(names) + "}"
