"""Whoever waits for a search: told how far it is, and able to end it with what there is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from causalpp._progress import Progress

__all__ = ["SearchStep", "Stopped", "Watch", "shown"]

_EVERY = 0.05  # seconds between two reports, at least


@dataclass(frozen=True)
class SearchStep:
    """How far a search has come.

    Attributes:
        method: ``"pc"``, ``"ges"``, …
        phase: what it does now, in a few words, such as ``"edges added"``; the first step says ``"estimate"``.
        done: how much of the phase is done.
        total: how much there is to do in it, as far as is known.
        score: of the best graph so far; None for pc.
        edges: of the best graph so far.
        seconds: since the beginning.
        estimate: a rough guess, made before the search began, of the seconds it takes.
    """

    method: str
    phase: str
    done: int
    total: int
    score: float | None
    edges: int
    seconds: float
    estimate: float


class Stopped(Exception):
    """The search ends here; the text says why."""


@dataclass
class Watch:
    """Reports of one search.

    Args:
        method: its name.
        on_step: called with a :class:`SearchStep` now and then; if it returns False, the search ends.
        progress: called with what is done and what there is to do, likewise.
        max_seconds: the search ends after so long.
    """

    method: str = ""
    on_step: Callable[[SearchStep], object] | None = None
    progress: Callable[[int, int], object] | None = None
    max_seconds: float | None = None
    estimate: float = 0.0
    started: float = field(default_factory=time.monotonic)
    score: float | None = None
    edges: int = 0
    _last: float = -1.0

    def __call__(self, phase: str, done: int, total: int, *, always: bool = False) -> None:
        """Report, if it is time to.

        Raises:
            Stopped: time is up, or whoever looks on has had enough.
        """
        seconds = time.monotonic() - self.started
        if self.max_seconds is not None and seconds > self.max_seconds:
            raise Stopped(f"after {self.max_seconds:g} seconds")
        if not always and seconds - self._last < _EVERY:
            return
        self._last = seconds
        total = max(total, done)
        if self.progress is not None:
            self.progress(done, total)
        if self.on_step is not None:
            step = SearchStep(self.method, phase, done, total, self.score, self.edges, seconds, self.estimate)
            if self.on_step(step) is False:
                raise Stopped("by whoever looked on")


def shown(bar: Progress) -> Callable[[SearchStep], None]:
    """What shows each step on a bar."""

    def show(step: SearchStep) -> None:
        says = f"{step.method}: {step.phase}, {_about(step.estimate)} in all; Ctrl-C ends it with what there is"
        bar.reach(step.done, step.total, says)

    return show


def _about(seconds: float) -> str:
    """A rough time in words."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
