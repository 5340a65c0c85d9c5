"""``causalpp bench``: carry out a benchmark, go on with it, report on it, compare two; and the studies of the loop."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from causalpp._files import check_target, write_text
from causalpp._pages import Table, to_text
from causalpp._progress import Progress
from causalpp._terminal import one_line
from causalpp.cli import options
from causalpp.cli.show import check_figure_path, console, print_estimate, print_json, save_figure, table_of
from causalpp.errors import RunIncomplete, UnknownName

if TYPE_CHECKING:
    from causalpp.benchmarks import ConfidenceStudy, Config, Efficiency, Run
    from causalpp.benchmarks.reports.report import Report

__all__ = ["Dask", "Jobs", "Store", "bench"]


_TOLD = (
    "items", "runs", "accuracy", "wrong", "abstention", "random_member", "class_alone", "balanced_accuracy", "f1",
    "calibration_error", "right", "confidence", "questions", "bound",
)  # fmt: skip
_SHOWN = {"abstention": "no answer"}
_LEAKS = ("items", "accuracy", "auc")
_PREMISE = ("over_random_member", "accuracy_decided", "accuracy_open", "random_member_open", "class_alone_open")


class _RunOrCommand(TyperGroup):
    """A group in which everything that is no command is a configuration to run."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            return "run", self.commands["run"], args
        return super().resolve_command(ctx, args)


bench = typer.Typer(
    name="bench",
    cls=_RunOrCommand,
    help="Carry out a benchmark: causalpp bench CONFIG, a file or one that ships; started again, it goes on.",
    subcommand_metavar="CONFIG | COMMAND [ARGS]...",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"ignore_unknown_options": True},
)

Jobs = Annotated[
    int, typer.Option("--jobs", min=-1, help="Processes on this machine; 1 for none but one, -1: all cores.")
]
Dask = Annotated[
    str | None, typer.Option("--dask", help="Use a Dask cluster: the address of its scheduler.", show_default=False)
]
Store = Annotated[
    Path | None, typer.Option("--store", help="Keep finished work in this folder; started again, it goes on from it.")
]
Folder = Annotated[Path, typer.Argument(help="The folder of a finished run.", show_default=False)]


@bench.command("run", hidden=True)
def run_(
    config: Annotated[
        str, typer.Argument(help="A .yaml, .toml or .json file, or the name of a configuration that ships.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder of the run; runs/NAME unless said.", show_default=False)
    ] = None,
    jobs: Jobs = 2,
    dask: Dask = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, help="Instead of the configuration's; another seed is another run."),
    ] = None,
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """Carry out a configuration, and report; started again after it was stopped, it goes on from where it was."""
    from causalpp.benchmarks import read_config, run
    from causalpp.benchmarks.reports.report import report

    sys.path += [here for here in (str(Path.cwd()),) if here not in sys.path]
    try:  # studies and solvers of one's own may stand in files beside the configuration
        chosen = read_config(config)
    except UnknownName as error:
        known = [*error.known, *(name for name in _commands() if name != "run")]
        raise UnknownName("configuration or command", config, known) from None
    if seed is not None:
        chosen = replace(chosen, seed=seed)
    if dry_run:
        _estimated(chosen, json)
        return
    folder = out or Path("runs") / chosen.name
    again = f"causalpp bench {config} --out {folder}" + (f" --seed {seed}" if seed is not None else "")
    try:
        found = run(chosen, folder, jobs=jobs, dask=dask, progress=False if json else None)
    except KeyboardInterrupt as stopped:
        raise KeyboardInterrupt(f"{stopped or 'nothing was finished yet'}: {again}") from None
    except RunIncomplete as error:
        raise RunIncomplete(f"{error}: {again}", error.failures, error.finished) from None
    _tell(found, report(found), folder / "report", json)


def _estimated(config: Config, json: bool) -> None:
    """What the language models of a configuration would take at most; units that are finished count too."""
    from causalpp.oracles.language_model import Estimate

    whole, asking, units = Estimate(0, 0, 0), 0, 0
    for number, unit in config.units():
        kind = config.parts[number].kind
        found = None if kind.estimate is None else kind.estimate(unit.parameters)
        units, asking, whole = units + 1, asking + (found is not None), whole if found is None else whole + found
    if json:
        print_json({"units": units, "asking": asking, "estimate": whole.to_dict()})
        return
    console.print(f"{asking:,} of {units:,} units ask a language model", soft_wrap=True)
    if asking:
        print_estimate(whole, json=False)


def _commands() -> Sequence[str]:
    return [str(command.name) for command in bench.registered_commands]


@bench.command("report")
def report_(
    folder: Folder,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where to write it; in the run's folder unless said.", show_default=False),
    ] = None,
    json: options.Json = False,
) -> None:
    """Write the report of a finished run: Markdown with pictures, and one HTML page."""
    from causalpp.benchmarks import Run
    from causalpp.benchmarks.reports.report import report

    found = Run(folder)
    _tell(found, report(found), out or folder / "report", json)


@bench.command("compare")
def compare_(
    first: Folder,
    second: Folder,
    solver: Annotated[
        list[str] | None,
        typer.Option("--solver", help="Given twice: the solver of the first run, and that of the second."),
    ] = None,
    study: Annotated[
        str | None, typer.Option("--study", "--task", help="Whose results; by default the first in common.")
    ] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Compare two runs on the items they share: McNemar's exact test, and one that keeps groups together."""
    from causalpp.benchmarks import Run
    from causalpp.benchmarks.reports.compare import compare
    from causalpp.benchmarks.reports.report import comparison_table

    if solver and len(solver) != 2:
        raise typer.BadParameter("give it twice, for the first run and for the second", param_hint="--solver")
    pair = (solver[0], solver[1]) if solver else None
    found = compare(Run(first), Run(second), solvers=pair, study=study, seed=seed)
    if json:
        print_json([comparison.to_dict() for comparison in found])
        return
    table = comparison_table(found)
    for row in table.rows:
        console.print(table_of(zip(table.head, row), "", ""))
    mixed = [c for c in found if not c.same_kind]
    if mixed:
        console.print("the two sides ask different kinds of oracle: the difference is not one of the solvers alone")
    unpaired = max(c.unpaired for c in found)
    if unpaired:
        console.print(f"{unpaired:,} items are only in one of the runs, and left out")


@dataclass(frozen=True)
class _Measuring:
    """The options that the studies of the loop share, and how one is carried out."""

    store: Store = None
    out: options.Out = None
    plot: options.Plot = None
    jobs: Jobs = 2
    dask: Dask = None
    seed: options.Seed = 0
    json: options.Json = False

    def carry_out(self, study: Callable[..., ConfidenceStudy | Efficiency], name: str, *given: Any) -> None:
        """Carry out a study, show it, and exit with status 1 if it does not find what it should."""
        check_figure_path(self.plot)
        check_target(self.out)
        with Progress(name, wanted=not self.json) as bar:
            found = study(*given, seed=self.seed, jobs=self.jobs, dask=self.dask, progress=bar.reach, store=self.store)
        if self.out is not None:
            write_text(self.out, found.to_json() + "\n")
        if self.plot is not None:
            save_figure(found.plot(), self.plot)
        if self.json:
            print_json(found.to_dict())
        else:
            console.print(repr(found), soft_wrap=True)
        if not found.passed:
            for failure in found.failures:
                print(one_line(f"causalpp: {failure}"), file=sys.stderr)
            raise typer.Exit(1)


@bench.command("calibration")
@options.grouped
def calibration_(
    *,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Of each family of noise, with each method.")] = 500,
    family: Annotated[
        list[str] | None, typer.Option("--family", help="Only this family of noise (repeatable); all unless said.")
    ] = None,
    measuring: _Measuring,
) -> None:
    """Measure whether the confidence that the loop claims matches how often it is right."""
    from causalpp.benchmarks import confidence_study

    measuring.carry_out(confidence_study, "calibration", runs, family or None)


@bench.command("efficiency")
@options.grouped
def efficiency_(
    *,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Of each cell, with each method.")] = 250,
    measuring: _Measuring,
) -> None:
    """Measure how many questions the loop asks, against the least that any method needs."""
    from causalpp.benchmarks import efficiency

    measuring.carry_out(efficiency, "efficiency", runs)


@bench.command("sachs")
def sachs_(
    path: Annotated[Path, typer.Argument(help="The cells: a folder of sheets, a workbook, one table, or an archive.")],
    edges: Annotated[int, typer.Option("--edges", help="Of the network compared with: 17 or 20.")] = 17,
    levels: Annotated[int, typer.Option("--levels", min=2, help="Into which numbers are cut.")] = 3,
    further: Annotated[
        bool, typer.Option("--further", help="Also the five sheets that the authors' main result leaves out.")
    ] = False,
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Compare what a posterior, PC, GES and exact search find in the cells of Sachs et al. (2005)."""
    from causalpp.benchmarks import signalling_study
    from causalpp.tasks import read_cytometry

    check_target(out)
    cells = read_cytometry(path, further=further)
    with Progress("sachs", wanted=not json) as bar:
        found = signalling_study(cells, edges=edges, levels=levels, progress=bar.reach)
    if out is not None:
        write_text(out, found.to_json() + "\n")
    if json:
        print_json(found.to_dict())
    else:
        console.print(repr(found), soft_wrap=True)


@bench.command("real")
def real_(
    answers: Annotated[
        list[Path] | None,
        typer.Option("--answers", help="A file of recorded answers (repeatable); what ships of its models is added."),
    ] = None,
    model: Annotated[list[str] | None, typer.Option("--model", help="Only this model (repeatable).")] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", help="What is put together (repeatable); short and prod:plain:pos unless said."),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option("--channel", help="Loops with this one only (repeatable): potentials, agnostic, learned, …"),
    ] = None,
    out: options.Out = None,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the tables to this file, .md or .html.", show_default=False)
    ] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Measure what recorded answers of real models are worth, and what the loop makes of them."""
    from causalpp._pages import to_html, to_markdown
    from causalpp.benchmarks.studies.real import METHODS, blocks, real_models

    for target in (out, page):
        check_target(target)
    with Progress("real models", wanted=not json) as bar:
        found = real_models(
            *(answers or ()), models=model or (), prompts=prompt or (), methods=method or tuple(METHODS), seed=seed,
            progress=bar.reach,
        )  # fmt: skip
    if out is not None:
        write_text(out, found.to_json() + "\n")
    shown = blocks(found.rows)
    if page is not None:
        write_text(page, to_html("Real models", shown) if page.suffix == ".html" else to_markdown(shown))
    if json:
        print_json(found.to_dict())
        return
    console.print(to_text(shown, console.width).rstrip(), soft_wrap=True)


# --- what is printed --------------------------------------------------------------------------------------


def _tell(found: Run, page: Report, folder: Path, json: bool) -> None:
    """Write the report and say what is in it."""
    paths = page.save(folder)
    if json:
        print_json(
            {
                "run": str(found.folder),
                "name": found.name,
                "units": found.units,
                "failures": list(found.failures),
                "report": str(paths[0]),
                "results": {study: _records(found, study) for study in found.studies},
                "rules": {study: _rules(found, study) for study in found.studies},
            }
        )
        return
    for study in found.studies:
        records = _records(found, study)
        tables = [_summary(study, records)]
        if any(_PREMISE[0] in record for record in records):
            tables.append(_summary(f"{study}: the premise decides, or not", records, _PREMISE))
        rules = _rules(found, study)
        if rules:
            tables.append(_summary(f"{study}: rules that know nothing, on the same items", rules, _LEAKS))
        console.print(to_text(tables, console.width, intervals=True), soft_wrap=True, markup=False, highlight=False)
    if found.failures:
        console.print(f"{len(found.failures):,} units have no result", soft_wrap=True)
    console.print(f"{found.units:,} units in {found.folder}, report in {paths[0]}", soft_wrap=True)


def _summary(study: str, records: Sequence[Mapping[str, Any]], told: Sequence[str] = _TOLD) -> Table:
    """The most telling columns of some records; the report has the others."""
    names = [name for name in told if any(name in record for record in records)]
    if told is _TOLD and len(names) < 3:  # results of a study of one's own
        numbers = {name for record in records for name, value in record.items() if isinstance(value, float)}
        names += [name for name in records[0] if name in numbers and name not in names][:5]
    rows = []
    for record in records:
        who = ", ".join(str(record[name]) for name in ("solver", "method", "oracle", "rule") if record.get(name))
        kind = str(record.get("oracle_nature", ""))
        rows.append((who or "all", "" if kind == "none" else kind, *(_shown(record, name) for name in names)))
    return Table(("who", "asks", *(_SHOWN.get(name, name.replace("_", " ")) for name in names)), rows, study)


def _shown(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if f"{name}_low" in record:
        return f"{value:.3f} [{record[f'{name}_low']:.3f}, {record[f'{name}_high']:.3f}]"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _rules(found: Run, study: str) -> list[dict[str, Any]]:
    """What rules that know nothing score on the items of a study, for each series as they were put to it."""
    from causalpp.benchmarks.metrics import leaks, once, rule_name, series_of

    frame = found.frame(study)
    columns = series_of(frame)
    table = once(leaks(frame.sort_values(columns, kind="stable") if columns else frame, columns), columns)
    table["rule"] = [rule_name(rule) for rule in table["rule"]]
    return [{str(k): v for k, v in row.items() if v == v} for row in table.to_dict("records")]


def _records(found: Run, study: str) -> list[dict[str, Any]]:
    """The scores of a study's series, or the means of its numbers, without what is undefined."""
    from causalpp.benchmarks.metrics import METRICS, is_scored, score, series_of

    frame = found.frame(study)
    columns = series_of(frame)
    frame = frame.sort_values(columns, kind="stable") if columns else frame
    if is_scored(frame):
        table = score(frame, columns)
        ends = [f"{metric}{end}" for metric in METRICS for end in ("_low", "_high")]
        kept = ("accuracy", "over_random_member")
        records = table.drop(columns=[name for name in ends if not name.startswith(kept)]).to_dict("records")
    else:
        numbers = [name for name in frame.columns if name != "row" and frame[name].dtype.kind in "biuf"]
        parts = frame.groupby(columns, sort=False, dropna=False) if columns else [((), frame)]
        records = [
            {**dict(zip(columns, names)), "runs": len(part), **{name: float(part[name].mean()) for name in numbers}}
            for names, part in parts
        ]
    return [
        {str(k): v for k, v in record.items() if not (isinstance(v, float) and math.isnan(v))} for record in records
    ]
