"""The command line: ``causalpp demo | discover | calibrate | mec | effect | simulate | journal``, and how it ends."""

from __future__ import annotations

import os
import sys
import warnings

from causalpp.errors import CausalppError

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every deliberate error becomes one line on standard error and exit status 1."""
    warnings.simplefilter("ignore")  # libraries' notes to programmers are not for the reader of a terminal
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show → shows ? instead of failing
            stream.reconfigure(errors="replace")
    code = 0
    try:
        from causalpp.cli import show  # takes a second or two, in which an interrupt is an interrupt
        from causalpp.cli.app import app

        show.console.quiet = False
        arguments = sys.argv[1:] if arguments is None else arguments
        code = app(args=arguments or ["--help"], standalone_mode=False) or 0
    except CausalppError as error:
        code = _complain(str(error), 1)
    except KeyboardInterrupt:
        code = 130
    except OSError as error:
        code = _complain(f"cannot write the output: {(error.strerror or str(error)).lower()}", 1)
    except Exception as error:
        if hasattr(error, "format_message"):  # a command line that does not parse
            code = _complain(f"{error.format_message()} (see causalpp --help)", 2)
        elif type(error).__name__ == "Abort":
            code = 130
        elif os.environ.get("CAUSALPP_DEBUG"):
            raise
        else:
            code = _complain(f"internal error, {type(error).__name__}: {error} (CAUSALPP_DEBUG=1 shows where)", 70)
    if code == 130:
        _complain("interrupted", code)
    sys.exit(code)


def _complain(message: str, code: int) -> int:
    print("causalpp: " + " ".join(message.split()), file=sys.stderr)
    return code
