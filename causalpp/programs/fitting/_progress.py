"""A progress bar where somebody looks at one."""

from __future__ import annotations

import sys
from collections.abc import Iterator

__all__ = ["steps"]


def steps(total: int, what: str, show: bool | None = None) -> Iterator[int]:
    """0, 1, …, ``total`` − 1 under a progress bar, shown if standard error is a terminal."""
    if not (sys.stderr.isatty() if show is None else show):
        yield from range(total)
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(range(total), what, total=total, console=Console(stderr=True), transient=True)
