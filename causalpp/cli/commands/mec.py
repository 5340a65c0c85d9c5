"""``causalpp mec``: what observation says about the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

import causalpp as cpp
from causalpp.cli import options
from causalpp.cli.show import (
    arrows,
    check_figure_path,
    class_dict,
    class_summary,
    console,
    print_json,
    save_figure,
    summary_table,
    table_of,
)
from causalpp.errors import TooLarge

if TYPE_CHECKING:
    from causalpp.equivalence import MarkovEquivalenceClass, Verdict
    from causalpp.graphs import Dag
    from causalpp.propositions import Proposition

__all__ = ["mec"]


@options.grouped
def mec(
    source: options.Source,
    columns: options.Columns,
    search: options.Search,
    members: Annotated[int, typer.Option("--members", min=0, help="List so many members.")] = 0,
    ask: Annotated[
        list[str] | None, typer.Option("--ask", help="A statement to decide (repeatable): 'smoke causes dysp'.")
    ] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Also: how the members direct each open edge, and which experiments help.")
    ] = False,
    plot: options.Plot = None,
    json: options.Json = False,
) -> None:
    """What observation says about the graph: the equivalence class, its size, and what it entails."""
    check_figure_path(plot)
    table = columns.read(source.data)
    found, truth = source.found(table, search)
    asked = [cpp.parse(text, found.nodes) for text in ask or []]
    verdicts = [found.decide(question) for question in asked]
    listed = [arrows(dag, found.cpdag) for dag in found.members(members)]
    if plot is not None:
        from causalpp.equivalence import draw_shares

        drawn = draw_shares(found) if summary else found.plot()
        save_figure(drawn.figure, plot)  # type: ignore[arg-type]  # the axes of a whole figure
    more = _summary(found, truth) if summary else {}
    if json:
        answers = [
            {"statement": q.sentence(), "verdict": v.kind, "reason": v.reason, **_share(found, q)}
            | {name: [list(e) for e in dag.edges] for name, dag in _certificates(v).items()}
            for q, v in zip(asked, verdicts, strict=True)
        ]
        some = [[list(edge) for edge in dag.edges] for dag in found.members(members)]
        read_as = {} if table is None else table.to_dict()
        print_json(class_dict(found) | read_as | more | {"answers": answers, "members": some})
        return
    if table is not None:
        table.show()
    console.print(class_summary(found))
    if summary:
        console.print(summary_table(more))
    for question, verdict in zip(asked, verdicts, strict=True):
        share = _share(found, question).get("share_of_members")
        part = f", true in {share:.1%} of the graphs" if verdict.kind == "open" and share is not None else ""
        console.print(f"{question.sentence()}: {verdict.kind}{part}")
        console.print(f"  because {verdict.reason}")
        if verdict.kind == "open":
            for name, dag in _certificates(verdict).items():
                console.print(f"  {name.replace('_', ' ')} {arrows(dag, found.cpdag)}")
    if listed:
        console.print(
            table_of(((f"{n}", text) for n, text in enumerate(listed, 1)), "", "edges left open, member by member")
        )


def _share(found: MarkovEquivalenceClass, question: Proposition) -> dict[str, float]:
    """The share of members in which a statement holds, left out for classes too large to go through."""
    try:
        return {"share_of_members": found.probability(question)}
    except TooLarge:
        return {}


def _summary(found: MarkovEquivalenceClass, truth: Dag | None) -> dict[str, Any]:
    """What people look at in a class: how open edges are directed, and which experiments would settle them."""
    from causalpp.equivalence import best_interventions, clique_bound, edge_shares, verification_set

    shares = edge_shares(found)
    out: dict[str, Any] = {
        "open_edges": [
            {"cause": a, "effect": b, "share_of_members": float(shares[a, b]), "exact": shares.exact}
            for pair in found.cpdag.undirected
            for a, b in (pair, pair[::-1])
        ],
        "interventions": [
            {"target": i.target, "orients_at_least": i.worst, "orients_on_average": i.average, "exact": i.exact}
            for i in best_interventions(found)
        ],
        "interventions_needed_at_least": clique_bound(found),
    }
    if truth is not None:
        out["interventions_that_suffice_if_the_graph_given_is_true"] = sorted(verification_set(truth))
    return out


def _certificates(verdict: Verdict) -> dict[str, Dag]:
    """The members that show a verdict, by name."""
    shown = {"holds_in": verdict.holds_in, "fails_in": verdict.fails_in}
    return {name: dag for name, dag in shown.items() if dag is not None}
