"""The consoles of the command line: everything they print is data, and nothing in it is acted on."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from causalpp._terminal import visible

__all__ = ["Terminal"]


class Terminal(Console):
    r"""A console that spells out control characters, and in which names are neither markup nor emoji.

    The colours and the cursor of the console itself are not touched: they are added to the text after this.

    Example:
        >>> Terminal(width=40).print("[b]lung[/b] :smile:\x1b[2J")
        [b]lung[/b] :smile:\x1b[2J
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """A string as the console shows it: spelt out before it is laid out, so that it has its true width."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is printed, piece by piece; texts that came ready-made are spelt out here."""
        if isinstance(renderable, Text) and (shown := visible(renderable.plain)) != renderable.plain:
            renderable = Text(shown, renderable.style, justify=renderable.justify, overflow=renderable.overflow)
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        """Nobody reads on: the command ends as it does for any output that cannot be written."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
