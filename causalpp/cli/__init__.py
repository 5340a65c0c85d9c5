"""The command line: ``causalpp demo | discover | calibrate | mec | effect | simulate | journal``, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from contextlib import suppress
from typing import TextIO

from causalpp._terminal import one_line
from causalpp.errors import CausalppError

__all__ = ["main"]

_INTERRUPTED = 130
_COMPLETION = "_CAUSALPP_COMPLETE"


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every deliberate error becomes one line on standard error and exit status 1.

    So do output that cannot be written and memory that does not suffice; an interrupt ends in status 130, a command
    line that does not parse in 2, and a pipe whose reader has gone in 1, without a word.
    """
    code, heard = 0, _listen() if arguments is None else None
    try:
        code = _run(arguments)
        _flush()
        if code == _INTERRUPTED:
            _complain("interrupted", code)
    except CausalppError as error:
        code = _complain(str(error), 1)
    except KeyboardInterrupt as stopped:
        code = _complain(str(stopped) or "interrupted", _INTERRUPTED)
    except BrokenPipeError:  # as in `causalpp simulate … | head`: whoever read has what they wanted
        code = 1
    except OSError as error:
        code = _complain(f"cannot write the output: {(error.strerror or str(error)).lower()}", 1)
    except Exception as error:
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error):  # as torch says it
            code = _complain("the memory of this machine does not suffice for this", 1)
        elif hasattr(error, "format_message"):  # a command line that does not parse
            code = _complain(f"{error.format_message()} (see causalpp --help)", 2)
        elif type(error).__name__ == "Abort":
            code = _complain("interrupted", _INTERRUPTED)
        elif os.environ.get("CAUSALPP_DEBUG"):
            raise
        elif _interrupted(heard):  # compiled code, such as matplotlib's, makes another error of an interrupt
            code = _complain("interrupted", _INTERRUPTED)
        else:
            code = _complain(f"internal error, {type(error).__name__}: {error} (CAUSALPP_DEBUG=1 shows where)", 70)
    finally:
        for stream in (sys.stdout, sys.stderr):
            _leave(stream)  # or the interpreter's own ending would write a traceback of its own
        if arguments is None:  # a process of its own, in which there is nothing more to put in order
            with suppress(ValueError, OSError):
                signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def _listen() -> int | None:
    """The reading end of a pipe that hears every signal, whoever handles it; None where there is no such thing."""
    try:
        read, write = os.pipe()
        for end in (read, write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    except (AttributeError, OSError, ValueError):
        return None
    return read


def _interrupted(heard: int | None) -> bool:
    """Whether the user has interrupted the process."""
    if heard is None:
        return False
    with suppress(OSError):  # nothing was heard
        return signal.SIGINT in os.read(heard, 1 << 16)
    return False


def _run(arguments: list[str] | None) -> int:
    """Carry out a command; its exit status."""
    warnings.simplefilter("ignore")  # libraries' notes to programmers are not for the reader of a terminal
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show → shows ? instead of failing
            stream.reconfigure(errors="replace")
    import typer

    from causalpp.cli import show  # takes a second or two, in which an interrupt is an interrupt
    from causalpp.cli.app import app

    show.console.quiet = False
    arguments = sys.argv[1:] if arguments is None else arguments
    # Typer's own way to run a command ends on a broken pipe without a word, and breaks the line on an interrupt.
    command = typer.main.get_command(app)
    if _COMPLETION in os.environ:  # a shell asks what may come next: Typer answers, and ends
        typer.completion.get_completion_inspect_parameters()  # which makes Typer's shells known
        command.main(prog_name="causalpp", complete_var=_COMPLETION)
    try:
        with command.make_context("causalpp", list(arguments) or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return int(ended.exit_code)
    return 0


def _complain(message: str, code: int) -> int:
    """Say in one line what is wrong; the exit status."""
    _leave(sys.stdout)  # what was printed so far comes first; if it cannot be written, that is known already
    with suppress(OSError, ValueError, AttributeError):  # nobody listens
        print("causalpp: " + one_line(message), file=sys.stderr, flush=True)
    return code


def _flush() -> None:
    """Write what is still held back, so that it is known here if it cannot be written."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed by the shell, as in `causalpp … >&-`
            stream.flush()


def _leave(stream: TextIO | None) -> None:
    """Flush a stream; one that cannot be written is pointed at nothing from now on."""
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError, AttributeError):
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, stream.fileno())
            os.close(nothing)
