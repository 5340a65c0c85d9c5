"""Processes that begin with everything imported: a server imports once, and forks whenever a test wants a process.

What a process does is text, as after ``python -c``; its output, its status and its death by a signal are those of a
process of its own.  Tests of how an interpreter starts or ends, or of what it imports, need a new one: ``subprocess``.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import warnings
from pathlib import Path
from typing import IO, NamedTuple

PRELOADED = [
    "pytest",
    "causalpp.acbo",
    "causalpp.benchmarks",
    "causalpp.oracles",
    "causalpp.cli.app",
    "joblib",
    "pandas",
]


def context() -> multiprocessing.context.ForkServerContext:
    """The one server of this process of tests."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(PRELOADED)
    return found


class Done(NamedTuple):
    """How a process ended: its status, or minus the signal that killed it, and what it said."""

    code: int
    out: str
    err: str


class Process:
    """A process under way; with ``stdin=True``, what is written to ``stdin`` reaches it.

    Args:
        source: what it does.
        arguments: its ``sys.argv[1:]``.
        stdin: whether something is to be written to it.
        strict: every warning is an error.
    """

    def __init__(self, source: str, *arguments: object, stdin: bool = False, strict: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory()
        paths = [Path(self._folder.name) / name for name in ("in", "out", "err")]
        self._out, self._err = paths[1:]
        if stdin:
            os.mkfifo(paths[0])
        else:
            paths[0].touch()
        given = (source, list(map(str, arguments)), [str(path) for path in paths], strict)
        self._process = context().Process(target=_carry_out, args=given)
        self._process.start()
        self.pid = self._process.pid
        self.stdin: IO[str] | None = paths[0].open("w", buffering=1) if stdin else None

    @property
    def alive(self) -> bool:
        """Whether it is still under way."""
        return self._process.is_alive()

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal."""
        assert self.pid is not None
        os.kill(self.pid, how)

    def wait(self, timeout: float = 300) -> Done:
        """Wait for the end."""
        if self.stdin is not None:
            self.stdin.close()
        self._process.join(timeout)
        assert self._process.exitcode is not None, "the process does not end"
        done = Done(self._process.exitcode, self._out.read_text(), self._err.read_text())
        self._folder.cleanup()
        return done


def _carry_out(source: str, arguments: list[str], paths: list[str], strict: bool) -> None:
    for number, (path, how) in enumerate(zip(paths, (os.O_RDONLY, *[os.O_WRONLY | os.O_CREAT] * 2))):
        os.dup2(os.open(path, how), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.argv = ["-c", *arguments]
    if strict:
        warnings.simplefilter("error")
    exec(compile(source, "<process>", "exec"), {"__name__": "__main__"})


def run(source: str, *arguments: object, strict: bool = False) -> Done:
    """Start a process and wait for its end."""
    return Process(source, *arguments, strict=strict).wait()
