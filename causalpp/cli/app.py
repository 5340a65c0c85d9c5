"""The command line's entry, and the one place where errors become one line."""

from __future__ import annotations

import os
import sys
import warnings

import typer

from causalpp.cli import commands, show
from causalpp.cli.demo import demo
from causalpp.errors import CausalppError

__all__ = ["app", "main"]

app = typer.Typer(
    name="causalpp",
    help="Ask small causal questions; let a probabilistic program make the decision.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (demo, commands.discover, commands.mec, commands.effect, commands.simulate):
    app.command()(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every deliberate error becomes one line on standard error and exit status 1."""
    warnings.simplefilter("ignore")  # libraries' notes to programmers are not for the reader of a terminal
    show.console.quiet = False
    code = 0
    try:
        arguments = sys.argv[1:] if arguments is None else arguments
        code = app(args=arguments or ["--help"], standalone_mode=False) or 0
    except CausalppError as error:
        code = _complain(str(error), 1)
    except KeyboardInterrupt:
        code = _complain("interrupted", 130)
    except Exception as error:
        if hasattr(error, "format_message"):  # a command line that does not parse
            code = _complain(f"{error.format_message()} (see causalpp --help)", 2)
        elif type(error).__name__ == "Abort":
            code = _complain("interrupted", 130)
        elif os.environ.get("CAUSALPP_DEBUG"):
            raise
        else:
            code = _complain(f"internal error, {type(error).__name__}: {error} (CAUSALPP_DEBUG=1 shows where)", 70)
    sys.exit(code)


def _complain(message: str, code: int) -> int:
    print("causalpp: " + " ".join(message.split()), file=sys.stderr)
    return code
