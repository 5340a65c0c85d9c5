"""``causalpp demo``: the main job from end to end, offline, on data simulated from a published network."""

from __future__ import annotations

import difflib
import json as jsonlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

import causalpp as cpp
from causalpp._files import write_text
from causalpp.cli import options
from causalpp.cli.show import Rounds, class_summary, console, print_json, result_summary, save_figure, table_of
from causalpp.errors import FormatError, InvalidParameter

if TYPE_CHECKING:
    from causalpp.programs import CausalProgram, Effect

__all__ = ["demo"]

_TREATMENT, _OUTCOME, _STATE = "smoke", "dysp", "yes"


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the figure, the programs and the JSON.")] = Path(
        "causalpp-demo"
    ),
    error: Annotated[float, typer.Option("--error", help="How often the simulated oracle errs.")] = 0.15,
    rows: Annotated[int, typer.Option("--rows", min=100, max=10_000_000, help="Rows of data to simulate.")] = 50_000,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """The main job from end to end, offline: from data to a class, to a graph, to a program, to an effect."""
    from rich.syntax import Syntax

    from causalpp.cli import data_check

    started = time.perf_counter()
    flawed = cpp.noise.Symmetric(error)
    if not str(out).strip() or str(out) == ".":
        raise InvalidParameter("--out needs the name of a folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise FormatError(
            f"cannot make the folder {str(out)!r}: {(problem.strerror or str(problem)).lower()}"
        ) from None
    console.quiet = json
    asia = cpp.load_network("asia")
    assert asia.card is not None  # a shipped network has one
    labels = asia.card.labels

    _head("1. Data, and what they leave open")
    console.print(f"{rows:,} rows simulated from ASIA ({asia.card.title.lower()}), {len(asia.dag)} variables.")
    with console.status("learning the equivalence class (GES, BDeu score) …"):
        frame = asia.simulate(rows, seed=seed + 1)  # the oracle draws from the seed itself
        mec = cpp.MarkovEquivalenceClass.from_data(frame, "ges")
    held = mec == cpp.MarkovEquivalenceClass.from_dag(asia.dag)
    console.print(class_summary(mec))
    if held:
        console.print("No amount of such data tells these graphs apart.")
    else:
        wrong = "The class learned from these rows is not the true one: what follows starts from that error."
        console.print(wrong, style="yellow")

    _head("2. Small questions to a noisy oracle")
    console.print(
        f"A simulated oracle knows the true graph and errs in {error:.0%} of its answers; it is not told how often."
    )
    oracle = cpp.SimulatedOracle(asia.dag, flawed, seed=seed)
    with Rounds(mec.cpdag, labels) as rounds:
        result = cpp.discover(mec, oracle, seed=seed, on_step=rounds)

    _head("3. The graph")
    check = data_check.checked(result, frame)
    console.print(result_summary(result, mec.cpdag, data_check.told(check)))
    right = result.graph == asia.dag
    bound = result.bound(error)
    console.print(
        f"The graph found is {'the true one' if right else 'not the true one'}.", style="" if right else "red"
    )
    console.print(
        f"{len(result.transcript)} questions; any method needs at least {bound:.1f} on average at this error rate."
    )

    _head("4. The program")
    program = cpp.compile(result.graph, data=frame)
    before, after = program.source(), program.do({_TREATMENT: _STATE}).source()
    console.print("Tables fitted to the same rows; the graph found, as a Pyro program:\n")
    console.print(Syntax(before, "python", background_color="default", word_wrap=True))
    console.print(f"The same program after do({_TREATMENT} = {_STATE}), one statement changed:\n")
    console.print(Syntax(_difference(before, after), "diff", background_color="default", word_wrap=True))

    _head("5. The effect, against the truth")
    effects = _effects(program, asia, seed)
    console.print(f"Effect of {labels[_TREATMENT]} on {labels[_OUTCOME]}, P({_OUTCOME} = yes | do):\n")
    console.print(
        table_of(
            ((name, f"{e.under_treated:.4f}", f"{e.under_control:.4f}", _signed(e)) for name, e in effects.items()),
            "", f"do({_TREATMENT} = yes)", f"do({_TREATMENT} = no)", "difference",
        )
    )  # fmt: skip

    write_text(out / "program.py", before)
    write_text(out / f"program_do_{_TREATMENT}_{_STATE}.py", after)
    save_figure(result.plot(labels), out / "run.png")
    summary: dict[str, Any] = result.to_dict() | {
        "data_check": check.to_dict(),
        "seed": seed,
        "rows": rows,
        "oracle_error": error,
        "class_size": mec.size,
        "class_is_true": held,
        "graph_is_true": right,
        "question_bound_at_oracle_error": bound if bound < float("inf") else None,
        "effects": {name: e.to_dict() for name, e in effects.items()},
    }
    write_text(out / "run.json", jsonlib.dumps(summary, ensure_ascii=False, indent=2) + "\n")
    if json:
        print_json(summary)
    console.print(f"\nFigure, programs and the run as JSON: {out}/  ({time.perf_counter() - started:.0f} s)")


def _head(text: str) -> None:
    console.print()
    console.rule(Text(text, style="bold"), align="left", style="dim")


def _difference(before: str, after: str) -> str:
    """The lines that changed, with one line around them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def _effects(program: CausalProgram, truth: CausalProgram, seed: int) -> dict[str, Effect]:
    return {
        "the program found, exact": cpp.ate(program, _TREATMENT, _OUTCOME),
        "the true network, simulated": cpp.ate(truth, _TREATMENT, _OUTCOME, samples=200_000, seed=seed + 1),
        "the true network, exact": cpp.ate(truth, _TREATMENT, _OUTCOME),
    }


def _signed(effect: Effect) -> str:
    return f"{effect.value:+.4f}" + (f" ± {effect.standard_error:.4f}" if effect.standard_error else "")
