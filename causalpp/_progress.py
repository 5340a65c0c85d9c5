"""A bar that shows how far something has come, where somebody looks at one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

__all__ = ["Progress", "steps"]


class Progress:
    """A bar on standard error; none where there is no terminal, or another display has it already.

    Args:
        name: what stands before the bar.
        total: how much there is to do; None if that is not known yet.
        wanted: False never shows it.
        after: seconds that pass before it appears: what is done sooner needs no bar.
        told: called with what is done and how much there is, whether or not a bar is shown.

    Example:
        >>> with Progress("graphs", 2) as bar:  # shows nothing here: nobody looks
        ...     bar.advance()
        ...     bar.reach(2)
    """

    def __init__(
        self,
        name: str,
        total: int | None = None,
        wanted: bool | None = None,
        after: float = 0.0,
        told: Callable[[int, int], object] | None = None,
    ) -> None:
        self.told = told
        self.name, self.total, self.wanted, self.after = name, total, wanted is not False, after
        self.done = 0
        self._said = name
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        self._since = time.monotonic()
        self._update()
        return self

    def __exit__(self, *error: Any) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar, self.wanted = None, False

    def advance(self, number: int = 1, says: str | None = None) -> None:
        """Count what was done, and perhaps say something new before the bar."""
        self.reach(self.done + number, says=says)

    def reach(self, done: int, total: int | None = None, says: str | None = None) -> None:
        """Say how much is done, perhaps of how much, and perhaps something new before the bar."""
        self.done, self.total = done, self.total if total is None else total
        self._said = self._said if says is None else says
        if self.told is not None:
            self.told(self.done, self.total or self.done)
        self._update()

    def _update(self) -> None:
        if self.wanted and self._bar is None and time.monotonic() - self._since >= self.after:
            self._bar = _started()
            self.wanted = self._bar is not None
        if self._bar is not None:
            task = self._bar.task_ids[0]
            self._bar.update(task, completed=self.done, total=self.total, description=self._said)


def _started() -> Bar | None:
    """The bar on the screen; None where nobody looks."""
    from rich.console import Console
    from rich.errors import LiveError
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        return None
    said = TextColumn("{task.description}", markup=False)
    bar = Bar(
        said,
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    bar.add_task("", total=None)
    try:
        bar.start()
    except LiveError:  # another display has the terminal
        return None
    return bar


def steps(total: int, name: str, wanted: bool | None = None) -> Iterator[int]:
    """0, 1, …, ``total`` − 1 under a bar.

    Example:
        >>> list(steps(3, "sweeps"))
        [0, 1, 2]
    """
    with Progress(name, total, wanted) as bar:
        for k in range(total):
            yield k
            bar.advance()
