"""A bar that shows how far a run has come and what it has cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causalpp.oracles.answer import Answer

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

__all__ = ["Progress"]

_WORTH_SHOWING = 10


class Progress:
    """A bar on standard error; none where there is no terminal, or another display has it already.

    Args:
        total: how many requests there are.
        wanted: by default a bar is shown for ten requests and more.
    """

    def __init__(self, total: int, wanted: bool | None = None) -> None:
        self.total = total
        self.wanted = total >= _WORTH_SHOWING if wanted is None else wanted
        self.failed = 0
        self.tokens = 0
        self.cost = 0.0
        self._bar: Bar | None = None

    def __enter__(self) -> Progress:
        if not self.wanted or self.total == 0:
            return self
        from rich.console import Console
        from rich.errors import LiveError
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        if not (console.is_terminal or console.is_jupyter):
            return self
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        bar = Bar(*columns, console=console, transient=True)
        bar.add_task(self.so_far, total=self.total)
        try:
            bar.start()
        except LiveError:
            return self
        self._bar = bar
        return self

    def __exit__(self, *error: Any) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def so_far(self) -> str:
        """What has been spent, in a line."""
        parts = [f"{self.tokens:,} tokens"] if self.tokens else []
        parts += [f"cost {self.cost:.4g}"] if self.cost else []
        parts += [f"{self.failed} without answer"] if self.failed else []
        return ", ".join(parts)

    def add(self, answer: Answer, failed: bool) -> None:
        """Count one answer."""
        self.failed += failed
        self.tokens += answer.tokens_in + answer.tokens_out
        self.cost += answer.cost
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], advance=1, description=self.so_far)
