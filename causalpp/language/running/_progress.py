"""How far a run has come, and what it has cost."""

from __future__ import annotations

from causalpp import _progress
from causalpp.language.running.limits import Counted

__all__ = ["Progress"]

_WORTH_SHOWING = 10


class Progress(_progress.Progress):
    """A bar with what has been spent; by default for ten requests and more."""

    def __init__(self, total: int, wanted: bool | None = None) -> None:
        super().__init__("", total, total >= _WORTH_SHOWING if wanted is None else wanted and total > 0)
        self.failed = 0
        self.tokens = 0
        self.cost = 0.0

    @property
    def so_far(self) -> str:
        """What has been spent, in a line."""
        parts = [f"{self.tokens:,} tokens"] if self.tokens else []
        parts += [f"cost {self.cost:.4g}"] if self.cost else []
        parts += [f"{self.failed} without answer"] if self.failed else []
        return ", ".join(parts)

    def add(self, result: Counted) -> None:
        """Count one answer or reply."""
        self.failed += result.failed
        self.tokens += result.tokens_in + result.tokens_out
        self.cost += result.cost
        self.advance(says=self.so_far)
