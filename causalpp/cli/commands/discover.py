"""``causalpp discover``: a class, narrowed to a graph by questions to an oracle."""

from __future__ import annotations

import json as json_text
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import causalpp as cpp
from causalpp._files import check_target, write_text
from causalpp.cli import options
from causalpp.cli.show import (
    Rounds,
    arrows,
    check_figure_path,
    check_page_path,
    class_dict,
    class_summary,
    console,
    print_estimate,
    print_json,
    result_summary,
    save_figure,
    table_of,
)
from causalpp.errors import ImpreciseWarning, InvalidParameter, UnknownVariable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from causalpp.acbo import Result, Session
    from causalpp.belief import AnyBelief, Channel
    from causalpp.effects import AveragedEffect
    from causalpp.equivalence import MarkovEquivalenceClass
    from causalpp.posterior import DagPosterior

__all__ = ["discover"]


@dataclass(frozen=True)
class _Effect:
    """The effect that is asked for with a run, if any, from the data that the class was learned from."""

    treatment: str | None = options.option(
        "--treatment", "With --data and --outcome: this variable's effect, averaged."
    )
    outcome: str | None = options.option("--outcome", "The variable it is the effect on.")
    treated: options.Treated = None
    control: options.Control = None
    state: options.State = None
    table: options.Table | None = None

    def of(self, table: options.Table | None) -> _Effect:
        """The effect in these data.

        Raises:
            InvalidParameter: options that do not go together, or no data.
        """
        if (self.treatment is None) != (self.outcome is None):
            raise InvalidParameter("an effect needs both --treatment and --outcome")
        if self.treatment is None:
            given = {"--treated": self.treated, "--control": self.control, "--state": self.state}
            for name, value in given.items():
                if value is not None:
                    raise InvalidParameter(f"{name} goes with --treatment and --outcome")
        elif table is None:
            raise InvalidParameter("--treatment and --outcome ask for an effect in data: say --data FILE")
        return replace(self, table=table)

    def check(self, found: MarkovEquivalenceClass | DagPosterior) -> None:
        """Refuse what cannot be computed before any question is asked."""
        for name in (self.treatment, self.outcome):
            if name is not None and name not in found.nodes:
                raise UnknownVariable(name, found.nodes)
        if self.treatment is not None:
            some = [found.best] if isinstance(found, cpp.DagPosterior) else found.members(1)
            self._average(cpp.Belief.uniform(cpp.DagBatch.from_dags(some)), draws=2)

    def averaged(self, result: Result) -> tuple[AveragedEffect | None, list[str]]:
        """The effect under every surviving graph, or None if none is asked for; and what makes it doubtful."""
        if self.treatment is None:
            return None, []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ImpreciseWarning)
            effect = replace(self._average(result.belief), given=result.given)
        return effect, list(dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, ImpreciseWarning)))

    def _average(self, belief: AnyBelief, **given: Any) -> AveragedEffect:
        from causalpp.effects import average

        assert self.table is not None  # seen to above
        assert self.treatment is not None
        assert self.outcome is not None
        return average(
            belief,
            data=self.table.frame,
            kinds=self.table.kinds,
            treatment=self.treatment,
            outcome=self.outcome,
            treated=self.table.value(self.treatment, self.treated),
            control=self.table.value(self.treatment, self.control),
            state=self.state,
            **given,
        )


@options.grouped
def discover(
    *,
    source: options.Source,
    truth: Annotated[
        str | None,
        typer.Option(
            "--truth",
            help="The graph a simulated oracle knows: a file or a network's name; for experiments, what is run.",
        ),
    ] = None,
    chosen: options.ChosenOracle,
    confidence: Annotated[float, typer.Option("--confidence", help="Stop at this probability of one graph.")] = 0.95,
    max_questions: Annotated[int | None, typer.Option("--max-questions", help="Stop after so many.")] = None,
    budget_questions: Annotated[
        int | None, typer.Option("--budget-questions", min=1, help="Language models: put so many prompts at most.")
    ] = None,
    dry_run: options.DryRun = False,
    kind: options.Kinds = None,
    ask: Annotated[
        str | None,
        typer.Option("--ask", help="Settle this question and no more: 'smoke causes dysp', 'does smoke cause dysp?'."),
    ] = None,
    published: Annotated[
        bool,
        typer.Option("--published", help="The published method: 16 candidates, votes of 3, an assumed error of 10 %."),
    ] = False,
    prior: Annotated[
        Path | None,
        typer.Option("--prior", help="What is known of the model from other networks: a file of calibrate --save."),
    ] = None,
    contrast: _Effect,
    columns: options.Columns,
    search: options.Search,
    rows: options.FromRows,
    session: Annotated[
        Path | None,
        typer.Option("--session", help="Keep the run in this file, answer by answer; go on with it if it is there."),
    ] = None,
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
    """Find the graph: a class from data or from a graph, or a posterior given data, and questions to an oracle."""
    from causalpp.acbo import drive
    from causalpp.cli import data_check
    from causalpp.cli.inputs import read_truth
    from causalpp.graphs import graph_text

    check_figure_path(plot)
    check_target(out)
    check_page_path(report)
    table = columns.read(source.data)
    wanted = contrast.of(table)
    chosen = replace(chosen, truth=truth, seed=seed, quiet=json, budget_questions=budget_questions)
    rows.check(table, source.graph, source.network, source.premise, source.statements)
    found: MarkovEquivalenceClass | DagPosterior
    known, nobody = None, None if table is None else table.frame
    if rows.posterior and table is not None:
        table, told = rows.split(table)
        found = rows.made(table, told, search, json)
        nobody = table.frame if told is None else table.frame[told.isna()]
        wanted = contrast.of(replace(table, frame=nobody))  # effects are what comes about by itself
    else:
        found, known = source.found(table, replace(search, seed=seed))
    before = _summary(found)
    cpdag = None if isinstance(found, cpp.DagPosterior) else found.cpdag
    if truth is not None:
        known = read_truth(truth)
    missing = sorted(set(found.nodes) - set(found.nodes if known is None else known.nodes))
    if missing:
        raise InvalidParameter(f"the oracle's graph has no variable {missing[0]!r}, which the class has")
    goal = None if ask is None else cpp.parse(ask, found.nodes)
    wanted.check(found)
    if out is not None and _is_graph(out):
        graph_text(cpp.Dag(found.nodes), out)  # a name that the format cannot hold is said before anything is asked
    trusted = None if prior is None else _trusted(prior, chosen, published=published)
    asked = chosen.make(found.nodes, known, options.known_program(source.network, truth, source.graph))
    if table is not None and not json:
        table.show()
    by_hand = chosen.oracle is options.OracleKind.human  # rounds in motion would be in the way of the questions
    if by_hand and not json:
        console.print(before)
    if trusted is None and asked.nature == "language model" and not kind and not published:
        trusted = cpp.belief.Potentials()  # as discover() does
    with Rounds(cpdag, before=before) as shown:
        run = cpp.Session(
            found,
            confidence=confidence,
            max_questions=max_questions,
            seed=seed,
            kinds=kind or (None if trusted is None else ["Direction"]),
            channel=trusted,
            goal=goal,
            config=cpp.AcboConfig.published() if published else None,
            on_step=None if json or by_hand else shown,
        )
        if dry_run:
            print_estimate(chosen.estimated(asked, run.questions, run.most), json)
            return
        with run if session is None else _kept(run, session) as run:
            result = drive(run, asked)
    check = None if table is None or nobody is None else data_check.checked(result, nobody, table.kinds)
    if not json:
        console.print("" if result.transcript or by_hand else before)
        console.print(result_summary(result, cpdag, [] if check is None else data_check.told(check)))
    effect, notes = (None, []) if result.interrupted else wanted.averaged(result)
    if effect is not None and not json:
        console.print(repr(effect))
        for note in notes:
            console.print(f"note: {note}")
    more = {} if table is None else table.to_dict()
    more |= {} if check is None else {"data_check": check.to_dict()}
    if out is not None:
        _write_result(result, more, out)
    if plot is not None:
        save_figure(result.plot(), plot)
    if report is not None:
        result.report(report, further=[one for one in (check, effect) if one is not None])
    if json:
        more |= {} if effect is None else {"effect": effect.to_dict() | ({"notes": notes} if notes else {})}
        print_json(
            result.to_dict() | ({} if isinstance(found, cpp.DagPosterior) else {"class": class_dict(found)}) | more
        )
    if result.interrupted:
        raise KeyboardInterrupt


def _trusted(prior: Path, chosen: options.ChosenOracle, *, published: bool) -> Channel:
    """How a language model is listened to, by what a calibration found out about it.

    Raises:
        InvalidParameter: another oracle is asked, or with another method, or the file has nothing of this model.
        FormatError: it cannot be read.
    """
    if not chosen.is_language:
        raise InvalidParameter(f"--prior is about a language model; this run's oracle is {chosen.oracle.value}")
    if published:
        raise InvalidParameter("--published assumes an error of 10 %, so it takes no --prior")
    return cpp.belief.Potentials(prior=cpp.read_prior(prior, chosen.model))


def _kept(run: Session, path: Path) -> Session:
    """The run with a file; if it is there, the run in it, with the same candidates and settings.

    Raises:
        InvalidParameter: it has others.
        FormatError: the file cannot be read or written, or another process has it.
    """
    if not path.exists():
        run.save(path)
        return run
    before = cpp.Session.load(path, on_step=run.on_step)
    if not _same(before.candidates, run.candidates) or before.settings != run.settings:
        before.close()
        raise InvalidParameter(f"{str(path)!r} keeps a run over another class or with other options: name another file")
    return before


def _same(one: Any, other: Any) -> bool:
    """Whether two runs were given the same; posteriors are the same if they say the same of the same rows."""
    if isinstance(one, cpp.DagPosterior) and isinstance(other, cpp.DagPosterior):
        close = one.nodes == other.nodes and bool((one.edges - other.edges).abs().max() < 1e-9)
        return close and dict(one.learned) == dict(other.learned)
    return bool(one == other)


def _summary(found: MarkovEquivalenceClass | DagPosterior) -> RenderableType:
    """What is known before any question."""
    if not isinstance(found, cpp.DagPosterior):
        return class_summary(found)
    best, p = found.top(1)[0]
    lines = [("given", found.given), ("graph", f"{p:6.1%}  {arrows(best)}"), ("unknown", f"{found.entropy:.1f} bits")]
    return table_of(lines, "", "")


def _is_graph(out: Path) -> bool:
    """Whether a file is to hold the graph found, and not the run as JSON."""
    from causalpp.graphs import has_graph_suffix

    return has_graph_suffix(out) and out.suffix.lower() not in (".json", ".txt")


def _write_result(result: Result, more: dict[str, Any], out: Path) -> None:
    """The run as JSON, or the most probable graph where the suffix is that of a format for graphs."""
    if _is_graph(out):
        cpp.write_graph(result.graph, out)
    else:
        write_text(out, json_text.dumps(result.to_dict() | more, ensure_ascii=False, indent=2) + "\n")
