"""``causalpp calibrate``: how reliable an oracle is, on questions whose answers are known."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import causalpp as cpp
from causalpp._files import check_target, read_text, write_text
from causalpp._terminal import one_line
from causalpp.cli import options
from causalpp.cli.show import check_figure_path, console, print_estimate, print_json, save_figure, table_of
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    from causalpp.crosscheck import Calibration, DirectionCalibration, World
    from causalpp.crosscheck.worlds import Source
    from causalpp.oracles import Journal, Oracle
    from causalpp.oracles.language_model import Estimate
    from causalpp.propositions import Proposition

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


@dataclass(frozen=True)
class _Asked(options.ChosenOracle):
    """Who answers: one oracle, or several language models, which are checked when it is clear which they are."""

    oracle: options.OracleKind | None = options.option(  # type: ignore[assignment]
        "--oracle",
        "Who answers the questions: simulated; with --model, openai, or transformers for a file or folder.",
    )
    model: list[str] | None = options.option(  # type: ignore[assignment]
        "--model",
        "Language models: the name at the server, or a folder; repeated, all are asked the same and compared.",
    )

    def __post_init__(self) -> None:
        pass

    def each(self, **more: Any) -> dict[str, options.ChosenOracle]:
        """What is chosen, by name.

        Raises:
            InvalidParameter: options that do not go with one of them.
        """
        said = {one.name: getattr(self, one.name) for one in fields(options.ChosenOracle)} | more
        out = {}
        for model in dict.fromkeys(self.model or [None]):  # type: ignore[list-item]
            oracle = self.oracle
            if oracle is None and model is not None:
                here = Path(model).exists()
                oracle = options.OracleKind.transformers if here else options.OracleKind.openai
            said |= {"oracle": oracle or options.OracleKind.simulated, "model": model}
            chosen = options.ChosenOracle(**said)
            out[model or chosen.oracle.value] = chosen
        return out


@dataclass(frozen=True)
class _Known:
    """Graphs whose answers are known."""

    worlds: int | None = options.option(
        "--worlds", "So many random graphs; 200 unless said.", min=1, show_default=False
    )
    network: list[str] | None = options.option("--network", "A network that ships, instead (repeatable): asia, …")
    graph: list[Path] | None = options.option(
        "--graph", "A graph of your own, instead (repeatable): .json, .dot, .dagitty, .bif, .csv, …"
    )
    knowledge: list[Path] | None = options.option(
        "--knowledge", "A file of edges that are known, instead (repeatable): ours, Tetrad's, or .json."
    )
    required: list[str] | None = options.option(
        "--required", "Edges that are known, together one network: 'smoke -> tar, tar -> cancer'."
    )

    def named(self, seed: int) -> list[World]:
        """The graphs that are named, in the order of the options, each with a seed of its own.

        Raises:
            InvalidParameter: random ones are wanted as well.
            UnknownNetwork, FormatError, InvalidGraph: one that cannot be read.
        """
        from causalpp.crosscheck.worlds import make_worlds

        found: list[tuple[Source, str]] = [(name, "") for name in dict.fromkeys(self.network or [])]
        found += [(path, "") for path in dict.fromkeys(self.graph or [])]
        found += [(cpp.Knowledge.read(path), path.stem) for path in dict.fromkeys(self.knowledge or [])]
        if self.required:
            lines = "\n".join(f"required: {edges}" for edges in self.required)
            found.append((cpp.Knowledge.from_text(lines), "required edges"))
        if not found:
            return []
        if self.worlds is not None:
            raise InvalidParameter("say --worlds or --network, not both, nor --graph, --knowledge or --required")
        made = make_worlds([source for source, _ in found], 2, 1.0, seed)
        return [replace(world, name=name or world.name) for world, (_, name) in zip(made, found, strict=True)]

    @property
    def own(self) -> bool:
        """Whether a graph of the user's own is among them."""
        return bool(self.graph or self.knowledge or self.required)


@options.grouped
def calibrate(
    asked: _Asked,
    known: _Known,
    kind: options.Kinds = None,
    questions: Annotated[
        int | None,
        typer.Option(
            "--questions",
            min=1,
            help="Of each kind in each graph; 10 unless said, or 60 of the kind Direction.",
            show_default=False,
        ),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option("--repeats", min=1, help="How often each question is asked; 3 unless said.", show_default=False),
    ] = None,
    budget_questions: Annotated[
        int | None, typer.Option("--budget-questions", min=1, help="Language models: ask so many at most.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Keep what was learned of the models in this file, for discover --prior."),
    ] = None,
    dry_run: options.DryRun = False,
    out: options.Out = None,
    plot: options.Plot = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Measure an oracle: its error rates on questions with known answers; or compare several models."""
    from causalpp.crosscheck import check_worlds
    from causalpp.crosscheck.directions.asking import pairs_of
    from causalpp.crosscheck.worlds import chosen as draw

    check_figure_path(plot)
    check_target(out)
    check_target(save)
    chosen = asked.each(budget_questions=budget_questions, seed=seed, quiet=json)
    worlds = known.named(seed)
    first = next(iter(chosen.values()))
    if first.oracle is not options.OracleKind.simulated and not worlds:
        raise InvalidParameter(
            f"--oracle {first.oracle.value} can know nothing of random graphs: name networks by --network, or graphs "
            "by --graph"
        )
    if asked.context is not None and len(worlds) > 1:
        raise InvalidParameter("--context is about one network: name one by --network")
    if dry_run and not first.is_language:
        raise InvalidParameter(f"--dry-run tells what a language model would take; {first.oracle.value} takes nothing")
    kept = None if dry_run else first.open_journal()
    directions = kind is None and (len(chosen) > 1 or save is not None or (first.is_language and known.own))
    found: Calibration | DirectionCalibration
    if directions or kind == ["Direction"]:
        if not worlds:
            raise InvalidParameter(
                "a direction is asked for in graphs with names: say --network, --graph or --knowledge"
            )
        if repeats is not None:
            raise InvalidParameter(
                "--repeats goes with other kinds than Direction, which is asked once in every wording"
            )
        if save is not None:
            check_worlds(worlds, questions or 60)
        if dry_run:
            print_estimate(_estimated(chosen, worlds, lambda world: pairs_of(world, questions or 60)), json)
            return
        found = cpp.calibrate_directions(
            {name: _maker(one, kept) for name, one in chosen.items()},
            worlds,
            pairs=questions or 60,
            seed=seed,
        )
    elif len(chosen) > 1 or save is not None:
        raise InvalidParameter("several models, and --save, go with --kind Direction, or without --kind")
    else:
        if dry_run:
            listed = {w: [q for q, _ in draw(w, kind or ["Causes"], questions or 10, 1)] for w in worlds}
            print_estimate(_estimated(chosen, worlds, listed.__getitem__, repeats or 3), json)
            return
        found = cpp.calibrate(
            _maker(first, kept),
            worlds or known.worlds or 200,
            kinds=kind or ["Causes"],
            questions=questions or 10,
            repeats=repeats or 3,
            seed=seed,
        )
    if out is not None:
        write_text(out, found.to_json() + "\n")
    if plot is not None:
        save_figure(found.plot(), plot)
    if json:
        print_json(found.to_dict())
    elif isinstance(found, cpp.Calibration):
        _show(found)
    else:
        for line in str(found).splitlines():
            console.print(line, soft_wrap=True)
    if save is not None and not isinstance(found, cpp.Calibration):
        for model, why in found.save(save).items():  # last: what was found has been shown if there is no prior
            print(one_line(f"no prior of {model}: {why}"), file=sys.stderr)


def _maker(chosen: options.ChosenOracle, kept: Journal | None) -> Callable[[World], Oracle]:
    """What makes an oracle for a world; all of them share one model, one budget and one journal."""
    if chosen.oracle is options.OracleKind.simulated:
        flawed = chosen.noise()

        def simulated(world: World) -> Oracle:
            made = cpp.SimulatedOracle(world.dag, flawed, world.seed)
            made.journal = kept
            return made

        return simulated
    if chosen.oracle is options.OracleKind.human:
        return lambda world: chosen.human(options.known_program(world.name or None), kept)
    if chosen.oracle is options.OracleKind.experiment:
        return lambda world: chosen.experiment(options.known_program(world.name or None), kept)
    model = chosen.language(None, None, kept)
    if chosen.context is not None:
        said = read_text(chosen.context)
        return lambda world: model.about(world.dag, said)
    return lambda world: model.about(world.dag, world.context)


def _estimated(
    chosen: Mapping[str, options.ChosenOracle],
    worlds: Sequence[World],
    questions: Callable[[World], Sequence[Proposition]],
    repeats: int = 1,
) -> Estimate:
    """What it takes at most to ask all models."""
    found: list[Estimate] = []
    for one in chosen.values():
        make = _maker(one, None)
        found += [one.estimated(make(world), asked := questions(world), repeats * len(asked)) for world in worlds]
    return sum(found[1:], found[0])


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
