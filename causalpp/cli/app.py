"""The commands of the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from causalpp.cli.commands import discover as commands
from causalpp.cli.commands.audit import audit
from causalpp.cli.commands.bench import bench
from causalpp.cli.commands.calibrate import calibrate
from causalpp.cli.commands.demo import demo
from causalpp.cli.commands.generate import generate
from causalpp.cli.commands.journal import journal

__all__ = ["app"]

app = typer.Typer(
    name="causalpp",
    help="Ask small causal questions; let a probabilistic program make the decision.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (demo, commands.discover, calibrate, commands.mec, commands.effect, commands.simulate, audit, generate):
    app.command()(command)
app.add_typer(bench)
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
