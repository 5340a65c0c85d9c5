"""The commands of the command line."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from causalpp.cli.commands.abstraction import abstraction
from causalpp.cli.commands.abstraction_search import search, sweep
from causalpp.cli.commands.bench import bench
from causalpp.cli.commands.bench_claims import bench_axiom, bench_local_questions
from causalpp.cli.commands.bench_data import bench_data
from causalpp.cli.commands.bench_obstruction import bench_obstruction
from causalpp.cli.commands.bench_recipes import bench_recipes
from causalpp.cli.commands.bench_training import bench_training
from causalpp.cli.commands.calibrate import calibrate
from causalpp.cli.commands.demo import demo
from causalpp.cli.commands.discover import discover
from causalpp.cli.commands.effect import effect
from causalpp.cli.commands.journal import journal
from causalpp.cli.commands.mec import mec
from causalpp.cli.commands.posterior import posterior
from causalpp.cli.commands.record import record
from causalpp.cli.commands.simulate import simulate
from causalpp.cli.commands.tasks.audit import audit
from causalpp.cli.commands.tasks.generate import generating
from causalpp.cli.commands.tasks.generate_caugym import generate_caugym
from causalpp.cli.commands.tasks.generate_consequences import generate_consequences
from causalpp.cli.commands.train import train

__all__ = ["app"]


class _Commands(TyperGroup):
    """The commands, whose own ``--help`` is False when not given: Typer loads a library to make that of None."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option


app = typer.Typer(
    name="causalpp",
    cls=_Commands,
    help="Ask small causal questions; let a probabilistic program make the decision.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (demo, discover, calibrate, mec, posterior, effect, simulate, audit, record, train):
    app.command()(command)
bench.command("axiom")(bench_axiom)
bench.command("data")(bench_data)
bench.command("training")(bench_training)
bench.command("local-questions")(bench_local_questions)
bench.command("recipes")(bench_recipes)
bench.command("obstruction")(bench_obstruction)
generating.command("caugym")(generate_caugym)
generating.command("consequences")(generate_consequences)
app.add_typer(generating)
app.add_typer(bench)
abstraction.command()(search)
abstraction.command()(sweep)
app.add_typer(abstraction)
app.add_typer(journal)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"causalpp {version('causalpp')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Ask small causal questions; let a probabilistic program make the decision."""
