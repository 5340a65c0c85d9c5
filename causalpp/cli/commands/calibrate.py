"""``causalpp calibrate``: how reliable an oracle is, on questions whose answers are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

import causalpp as cpp
from causalpp._files import check_target, read_text, write_text
from causalpp.cli import options
from causalpp.cli.show import check_figure_path, console, print_json, save_figure, table_of
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    from causalpp.crosscheck import Calibration, World
    from causalpp.oracles import Oracle

__all__ = ["calibrate"]

_NAMES = {
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "abstention": "abstention",
    "repeat_correlation": "repeat correlation",
    "agreement_same": "agreement, same words",
    "agreement_across": "agreement, other words",
    "intercept": "log-odds, intercept",
    "slope": "log-odds, slope",
}


@options.grouped
def calibrate(
    chosen: options.ChosenOracle,
    worlds: Annotated[
        int | None, typer.Option("--worlds", min=1, help="So many random graphs; 200 unless said.", show_default=False)
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option("--network", help="A network that ships, instead (repeatable): asia, …")
    ] = None,
    kind: options.Kinds = None,
    questions: Annotated[int, typer.Option("--questions", min=1, help="Of each kind in each world.")] = 10,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="How often each question is asked.")] = 3,
    budget_questions: Annotated[
        int | None, typer.Option("--budget-questions", min=1, help="Language models: ask so many at most.")
    ] = None,
    out: options.Out = None,
    plot: options.Plot = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Measure an oracle: its error rates on questions with known answers."""
    check_figure_path(plot)
    check_target(out)
    chosen = replace(chosen, budget_questions=budget_questions, seed=seed, quiet=json)
    names = list(dict.fromkeys(network or []))
    if names and worlds is not None:
        raise InvalidParameter("say --worlds or --network, not both")
    if chosen.oracle is not options.OracleKind.simulated and not names:
        raise InvalidParameter(
            f"--oracle {chosen.oracle.value} can know nothing of random graphs: name networks by --network"
        )
    if chosen.context is not None and len(names) > 1:
        raise InvalidParameter("--context is about one network: name one by --network")
    found = cpp.calibrate(
        _maker(chosen),
        names or worlds or 200,
        kinds=kind or ["Causes"],
        questions=questions,
        repeats=repeats,
        seed=seed,
    )
    if out is not None:
        write_text(out, found.to_json() + "\n")
    if plot is not None:
        save_figure(found.plot(), plot)
    if json:
        print_json(found.to_dict())
    else:
        _show(found)


def _maker(chosen: options.ChosenOracle) -> Callable[[World], Oracle]:
    """What makes an oracle for a world; all of them share one model, one budget and one journal."""
    kept = chosen.open_journal()
    if chosen.oracle is options.OracleKind.simulated:
        flawed = chosen.noise()

        def simulated(world: World) -> Oracle:
            made = cpp.SimulatedOracle(world.dag, flawed, world.seed)
            made.journal = kept
            return made

        return simulated
    if chosen.oracle is options.OracleKind.human:
        return lambda world: chosen.human(cpp.load_network(world.name), kept)
    if chosen.oracle is options.OracleKind.experiment:
        return lambda world: chosen.experiment(cpp.load_network(world.name), kept)
    model = chosen.language(None, None, kept)
    if chosen.context is not None:
        said = read_text(chosen.context)
        return lambda world: model.about(world.dag, said)
    return lambda world: model.about(world.dag, world.description)


def _show(found: Calibration) -> None:
    frame = found.frame
    article = "an" if found.oracle_nature[0] in "aeiou" else "a"
    console.print(
        f"{len(frame):,} answers of {article} {found.oracle_nature} oracle to {found.questions:,} questions in "
        f"{frame['world'].nunique()} worlds"
    )
    rows = []
    for name, shown in _NAMES.items():
        rate = getattr(found, name)
        if not math.isnan(rate.value):
            rows.append((shown, f"{rate.value:.3f}", f"[{rate.low:.3f}, {rate.high:.3f}]"))
    console.print(table_of(rows, "", "", f"{found.level:.0%} interval"))
    reasons = frame["reason"].dropna().value_counts()
    if len(reasons):
        told = ", ".join(f"{reason} {count:,}" for reason, count in reasons.items())
        console.print(f"without a yes or no: {told}", soft_wrap=True)
    if found.failures:
        told = ", ".join(f"{reason} {count:,}" for reason, count in found.failures.items())
        console.print(f"failed, and left out: {told}", soft_wrap=True)
    (a, b), (c, d) = found.prior()["sensitivity"], found.prior()["specificity"]
    console.print(f"as a prior: sensitivity Beta({a:.1f}, {b:.1f}), specificity Beta({c:.1f}, {d:.1f})")
