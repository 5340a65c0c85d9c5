"""A bar that shows how far a search has come, where somebody looks at one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

    from causalpp.equivalence.learning.watch import SearchStep

__all__ = ["Bar", "about"]

_WORTH_SHOWING = 1.0  # seconds after which a bar appears


def about(seconds: float) -> str:
    """A rough time in words."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


class Bar:
    """A bar on standard error; none where there is no terminal, the search is short, or another display has it.

    Args:
        name: of the method.
        wanted: whether to show one, where it can be seen.
    """

    def __init__(self, name: str, wanted: bool = True) -> None:
        self.name, self.wanted = name, wanted and sys.stderr.isatty()
        self._bar: Progress | None = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def shown(self) -> Callable[[SearchStep], Any] | None:
        """What to call with each step; None if nothing is to be shown."""
        return self._show if self.wanted else None

    def _show(self, step: SearchStep) -> None:
        if self._bar is None:
            if step.seconds < _WORTH_SHOWING:
                return
            self._begin(step)
        if self._bar is not None:
            self._bar.update(
                self._bar.task_ids[0], completed=step.done, total=step.total, description=f"{self.name}: {step.phase}"
            )

    def _begin(self, step: SearchStep) -> None:
        from rich.console import Console
        from rich.errors import LiveError
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn(f"of {about(step.estimate)}; Ctrl-C ends it with what there is", markup=False),
        )
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        bar.add_task(self.name, total=step.total)
        try:
            bar.start()
        except LiveError:
            self.wanted = False
            return
        self._bar = bar
