"""Whether data alone would determine a quantity, or whether it rests on what the program assumes beyond them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from causalpp.errors import NotIdentified
from causalpp.graphs import Dag
from causalpp.programs.contrast import Contrast
from causalpp.programs.identification import identify
from causalpp.programs.identification.mixed import as_mixed
from causalpp.programs.program import CausalProgram

__all__ = ["not_identified", "recanting"]


def seen(program: CausalProgram) -> set[str]:
    """The variables observed in the world as it is, in whatever step."""
    worlds = (*program.past, program.statements)
    return {s.variable for world in worlds for s in world if (s.natural or s).observed is not None}


def not_identified(program: CausalProgram, treatment: Iterable[str], outcome: str) -> str | None:
    """Why the distribution of the outcome under ``do(treatment)``, given what was seen, is not one of the data."""
    dag, treatment = program.dag, tuple(treatment)
    after = seen(program) & dag.descendants(treatment)
    if after:
        return (
            f"given {', '.join(sorted(after))}, which the treatment affects, this is a counterfactual quantity: it "
            "rests on the equations of the mechanisms, not on their probabilities alone"
        )
    if not dag.latent:
        return None
    hidden = {*treatment, outcome} & dag.latent
    if hidden:
        return f"{', '.join(sorted(hidden))} is latent: this rests on the program's latent part, not on data alone"
    given = seen(program) - dag.latent - {*treatment, outcome}
    try:
        identify(dag, treatment, outcome, given=sorted(given))
    except NotIdentified:
        return (
            "not identified: data on the observed variables do not determine it, it rests on the program's latent part"
        )
    return None


def recanting(dag: Dag, contrast: Contrast, active: Callable[[str], int]) -> str | None:
    """Why an effect along some of the paths is not identified, if so (Shpitser 2013, the recanting district).

    It is not where one district of the graph holds a child of the treatment by which an active path sets out, and
    one by which another path does; without latent variables, where it is one and the same child (the recanting
    witness of Avin, Shpitser & Pearl 2005).

    Args:
        dag: the graph.
        contrast: its treatment and outcome are the ends of the paths.
        active: child of the treatment → how many of the active paths set out by it.
    """
    treatment, outcome = contrast.treatment, contrast.outcome

    @cache
    def paths(name: str) -> int:
        return 1 if name == outcome else sum(paths(child) for child in dag.children(name))

    among = (dag.descendants([treatment]) & dag.ancestors([outcome])) | {treatment, outcome}
    if among & dag.latent:
        return "a latent variable lies on a path: this rests on the program's latent part, not on data alone"
    children = [c for c in dag.children(treatment) if paths(c)]
    inside = [c for c in children if active(c)]
    outside = [c for c in children if active(c) < paths(c)]
    # Districts count by what lies between treatment and outcome.
    rest = dag.subgraph([name for name in dag.nodes if name != treatment])
    between = as_mixed(dag).subgraph((rest.ancestors([outcome]) | {outcome}) - dag.latent)
    for a in inside:
        for b in outside:
            if b in between.component(a):
                who = f"{a} carries" if a == b else f"{a} and {b}, which share a latent cause, carry"
                return (
                    f"not identified: {who} the treatment along active paths and along others, so the answer rests "
                    "on the equations of the mechanisms, not on data alone, from experiments or not"
                )
    return None
