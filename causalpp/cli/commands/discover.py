"""The commands, all but the demo: read, call the library, print."""

from __future__ import annotations

import json as json_text
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causalpp import acbo, effects
from causalpp._files import about, check_target, read_text, write_text
from causalpp._terminal import visible
from causalpp.belief import AnyBelief, Belief
from causalpp.cli import data_check, options
from causalpp.cli.commands.effect import effect, read_model
from causalpp.cli.inputs import frame_value, read_frame, read_settings, read_statements, read_truth
from causalpp.cli.options import columns, learning, oracles
from causalpp.cli.show import (
    Rounds,
    arrows,
    check_figure_path,
    check_page_path,
    class_summary,
    console,
    print_json,
    result_summary,
    save_figure,
    summary_table,
    table_of,
)
from causalpp.equivalence import (
    MarkovEquivalenceClass,
    Verdict,
    best_interventions,
    clique_bound,
    draw_shares,
    edge_shares,
    verification_set,
)
from causalpp.errors import ImpreciseWarning, InvalidParameter, TooLarge, UnknownVariable
from causalpp.graphs import Dag, DagBatch, Mpdag, graph_text, has_graph_suffix, read_dag, read_graph, write_graph
from causalpp.programs import load_network
from causalpp.propositions import Proposition, parse

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["discover", "effect", "mec", "simulate"]


def discover(
    data: options.Data = None,
    graph: options.Graph = None,
    network: options.Network = None,
    premise: options.Premise = None,
    statements: options.Statements = None,
    complete: options.Complete = False,
    oracle: oracles.Kind = options.OracleKind.simulated,
    truth: options.Truth = None,
    error: oracles.Error = None,
    sensitivity: oracles.Sensitivity = None,
    specificity: oracles.Specificity = None,
    model: oracles.Model = None,
    base_url: oracles.BaseUrl = None,
    context: oracles.Context = None,
    journal: oracles.JournalFile = None,
    prices: oracles.Prices = None,
    concurrency: oracles.Concurrency = None,
    confidence: Annotated[float, typer.Option("--confidence", help="Stop at this probability of one graph.")] = 0.95,
    max_questions: Annotated[int | None, typer.Option("--max-questions", help="Stop after so many.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="A kind of question to ask (repeatable): Causes, Changes, …")
    ] = None,
    ask: Annotated[
        str | None,
        typer.Option("--ask", help="Settle this question and no more: 'smoke causes dysp', 'does smoke cause dysp?'."),
    ] = None,
    published: Annotated[
        bool,
        typer.Option("--published", help="The published method: 16 candidates, votes of 3, an assumed error of 10 %."),
    ] = False,
    treatment: Annotated[
        str | None, typer.Option("--treatment", help="With --data and --outcome: this variable's effect, averaged.")
    ] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="The variable it is the effect on.")] = None,
    treated: options.Treated = None,
    control: options.Control = None,
    state: options.State = None,
    real: columns.Real = None,
    discrete: columns.Discrete = None,
    ordinal: columns.Ordinal = None,
    count: columns.Count = None,
    method: options.How = options.Method.pc,
    alpha: options.Alpha = 0.01,
    knowledge: learning.File = None,
    required: learning.Required = None,
    forbidden: learning.Forbidden = None,
    tier: learning.Tier = None,
    roots: learning.Roots = None,
    search_space: learning.SearchSpace = None,
    max_conditioning: learning.MaxConditioning = None,
    max_seconds: learning.MaxSeconds = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the run as JSON to this file, or the graph found (.dot, .dagitty, .bif, …)."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the run as a page (.html) to this file.")
    ] = None,
    plot: options.Plot = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Find the graph: a class from data or from a graph, narrowed by questions to an oracle."""
    check_figure_path(plot)
    check_target(out)
    check_page_path(report)
    frame = None if data is None else read_frame(data)
    said = columns.said_kinds(data, frame, real, discrete, ordinal, count)
    wanted = _Effect(frame, treatment, outcome, treated, control, state, said)
    chosen = oracles.ChosenOracle(
        oracle, error, sensitivity, specificity, model, base_url, context, journal, prices, concurrency,
        truth=truth, seed=seed, quiet=json,
    )  # fmt: skip
    search = learning.Search(
        method, alpha, said,
        learning.KnowledgeOptions(knowledge, required, forbidden, tier, roots, search_space),
        max_conditioning, max_seconds, seed,
    )  # fmt: skip
    found, known = _class(frame, graph, network, premise, statements, complete, search)
    if truth is not None:
        known = read_truth(truth)
    missing = sorted(set(found.nodes) - set(found.nodes if known is None else known.nodes))
    if missing:
        raise InvalidParameter(f"the oracle's graph has no variable {missing[0]!r}, which the class has")
    goal = None if ask is None else parse(ask, found.nodes)
    wanted.check(found)
    if out is not None and _is_graph(out):
        graph_text(Dag(found.nodes), out)  # a name that the format cannot hold is said before anything is asked
    asked = chosen.make(found.nodes, known, oracles.known_program(network, truth, graph))
    if frame is not None and not json:
        columns.show_columns(frame, said)
    by_hand = oracle is options.OracleKind.human  # rounds in motion would be in the way of the questions
    if by_hand and not json:
        console.print(class_summary(found))
    with Rounds(found.cpdag, before=class_summary(found)) as rounds:
        result = acbo.discover(
            found,
            asked,
            confidence=confidence,
            max_questions=max_questions,
            seed=seed,
            kinds=kind or None,
            goal=goal,
            config=acbo.AcboConfig.published() if published else None,
            on_step=None if json or by_hand else rounds,
        )
    check = None if frame is None else data_check.checked(result, frame, said)
    if not json:
        console.print("" if result.transcript or by_hand else class_summary(found))
        console.print(result_summary(result, found.cpdag, [] if check is None else data_check.told(check)))
    effect, notes = (None, []) if result.interrupted else wanted.averaged(result)
    if effect is not None and not json:
        console.print(repr(effect))
        for note in notes:
            console.print(f"note: {note}")
    more = columns.columns_dict(frame, said)
    more |= {} if check is None else {"data_check": check.to_dict()}
    if out is not None:
        _write_result(result, more, out)
    if plot is not None:
        save_figure(result.plot(), plot)
    if report is not None:
        result.report(report, further=[one for one in (check, effect) if one is not None])
    if json:
        more |= {} if effect is None else {"effect": effect.to_dict() | ({"notes": notes} if notes else {})}
        print_json(result.to_dict() | {"class": _class_dict(found)} | more)
    if result.interrupted:
        raise KeyboardInterrupt


def _is_graph(out: Path) -> bool:
    """Whether a file is to hold the graph found, and not the run as JSON."""
    return has_graph_suffix(out) and out.suffix.lower() not in (".json", ".txt")


def _write_result(result: acbo.Result, more: dict[str, Any], out: Path) -> None:
    """The run as JSON, or the most probable graph where the suffix is that of a format for graphs."""
    if _is_graph(out):
        write_graph(result.graph, out)
    else:
        write_text(out, json_text.dumps(result.to_dict() | more, ensure_ascii=False, indent=2) + "\n")


@dataclass(frozen=True)
class _Effect:
    """The effect that is asked for with a run, if any, from the data that the class was learned from."""

    frame: pd.DataFrame | None
    treatment: str | None
    outcome: str | None
    treated: str | None
    control: str | None
    state: str | None
    kinds: Mapping[str, str]

    def __post_init__(self) -> None:
        if (self.treatment is None) != (self.outcome is None):
            raise InvalidParameter("an effect needs both --treatment and --outcome")
        if self.treatment is None:
            given = {"--treated": self.treated, "--control": self.control, "--state": self.state}
            for name, value in given.items():
                if value is not None:
                    raise InvalidParameter(f"{name} goes with --treatment and --outcome")
        elif self.frame is None:
            raise InvalidParameter("--treatment and --outcome ask for an effect in data: say --data FILE")

    def check(self, found: MarkovEquivalenceClass) -> None:
        """Refuse what cannot be computed before any question is asked."""
        for name in (self.treatment, self.outcome):
            if name is not None and name not in found.nodes:
                raise UnknownVariable(name, found.nodes)
        if self.treatment is not None:
            self._average(Belief.uniform(DagBatch.from_dags(found.members(1))), draws=2)

    def averaged(self, result: acbo.Result) -> tuple[effects.AveragedEffect | None, list[str]]:
        """The effect under every surviving graph, or None if none is asked for; and what makes it doubtful."""
        if self.treatment is None:
            return None, []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ImpreciseWarning)
            effect = replace(self._average(result.belief), given=result.given)
        return effect, list(dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, ImpreciseWarning)))

    def _average(self, belief: AnyBelief, **options: Any) -> effects.AveragedEffect:
        assert self.frame is not None  # seen to above
        assert self.treatment is not None
        assert self.outcome is not None
        values = [frame_value(self.frame, self.treatment, text) for text in (self.treated, self.control)]
        return effects.average(
            belief,
            data=self.frame,
            kinds=self.kinds,
            treatment=self.treatment,
            outcome=self.outcome,
            treated=values[0],
            control=values[1],
            state=self.state,
            **options,
        )


def mec(
    data: options.Data = None,
    graph: options.Graph = None,
    network: options.Network = None,
    premise: options.Premise = None,
    statements: options.Statements = None,
    complete: options.Complete = False,
    method: options.How = options.Method.pc,
    alpha: options.Alpha = 0.01,
    real: columns.Real = None,
    discrete: columns.Discrete = None,
    ordinal: columns.Ordinal = None,
    count: columns.Count = None,
    knowledge: learning.File = None,
    required: learning.Required = None,
    forbidden: learning.Forbidden = None,
    tier: learning.Tier = None,
    roots: learning.Roots = None,
    search_space: learning.SearchSpace = None,
    max_conditioning: learning.MaxConditioning = None,
    max_seconds: learning.MaxSeconds = None,
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
    frame = None if data is None else read_frame(data)
    said = columns.said_kinds(data, frame, real, discrete, ordinal, count)
    search = learning.Search(
        method, alpha, said,
        learning.KnowledgeOptions(knowledge, required, forbidden, tier, roots, search_space),
        max_conditioning, max_seconds,
    )  # fmt: skip
    found, truth = _class(frame, graph, network, premise, statements, complete, search)
    asked = [parse(text, found.nodes) for text in ask or []]
    verdicts = [found.decide(question) for question in asked]
    listed = [arrows(dag, found.cpdag) for dag in found.members(members)]
    if plot is not None:
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
        read_as = columns.columns_dict(frame, said)
        print_json(_class_dict(found) | read_as | more | {"answers": answers, "members": some})
        return
    if frame is not None:
        columns.show_columns(frame, said)
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


def simulate(
    graph: Annotated[Path | None, typer.Option("--graph", help="BIF file with tables.")] = None,
    network: options.Network = None,
    rows: Annotated[int, typer.Option("--rows", "-n", min=0, max=100_000_000, help="Rows to simulate.")] = 1000,
    do: Annotated[list[str] | None, typer.Option("--do", help="A variable to set (repeatable): smoke=yes.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the CSV to this file, not to the terminal.")] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Rows drawn from a network or a BIF file, as CSV, with variables set if asked."""
    check_target(out)
    frame = read_model(None, graph, network).simulate(rows, do=read_settings(do or []), seed=seed)
    if json:
        print_json({"columns": list(frame.columns), "rows": frame.astype(object).to_numpy().tolist()})
    elif out is not None:
        write_text(out, frame.to_csv(index=False))
        console.print(f"{rows:,} rows of {frame.shape[1]} variables in {out}")
    elif sys.stdout.isatty():
        sys.stdout.write(visible(frame.to_csv(index=False)))
    else:  # data for another program, as they are
        frame.to_csv(sys.stdout, index=False)


def _class(
    frame: pd.DataFrame | None,
    graph: Path | None,
    network: str | None,
    premise: Path | None,
    statements: Path | None,
    complete: bool,
    search: learning.Search,
) -> tuple[MarkovEquivalenceClass, Dag | None]:
    """The class asked for, narrowed by what is known, and the graph it is the class of where that is known."""
    if sum(source is not None for source in (frame, graph, network, premise, statements)) != 1:
        raise InvalidParameter("say one of --data, --graph, --network, --premise and --statements")
    if frame is not None:
        return search.learned(frame), None
    found, dag = _given_class(graph, network, premise, statements, complete)
    return search.narrowed(found), dag


def _given_class(
    graph: Path | None, network: str | None, premise: Path | None, statements: Path | None, complete: bool
) -> tuple[MarkovEquivalenceClass, Dag | None]:
    """The class that something other than data gives."""
    if statements is not None:
        names, said = read_statements(statements)
        return MarkovEquivalenceClass.from_independencies(names, said, complete=complete), None
    if premise is not None:
        text = read_text(premise)
        with about(premise):
            return MarkovEquivalenceClass.from_premise(text), None
    if graph is not None and isinstance(known := read_graph(graph), Mpdag):
        return MarkovEquivalenceClass.from_cpdag(known), None
    dag = _graph(graph, network)
    return MarkovEquivalenceClass.from_dag(dag), dag


def _graph(graph: Path | None, network: str | None) -> Dag:
    """The graph in a file, or of a network."""
    if network is not None:
        return load_network(network).dag
    assert graph is not None  # the callers see to one of the two
    return read_dag(graph)


def _share(found: MarkovEquivalenceClass, question: Proposition) -> dict[str, float]:
    """The share of members in which a statement holds, left out for classes too large to go through."""
    try:
        return {"share_of_members": found.probability(question)}
    except TooLarge:
        return {}


def _summary(found: MarkovEquivalenceClass, truth: Dag | None) -> dict[str, Any]:
    """What people look at in a class: how open edges are directed, and which experiments would settle them."""
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


def _class_dict(found: MarkovEquivalenceClass) -> dict[str, Any]:
    return {
        "size": found.size,
        "nodes": list(found.nodes),
        "directed": [list(edge) for edge in found.cpdag.directed],
        "undirected": [list(edge) for edge in found.cpdag.undirected],
        "learned": found.learned,
    }
