"""How a class is learned on the command line: the options that data and knowledge have, and what they do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import causalpp as cpp
from causalpp._files import about, read_text
from causalpp.cli.options._grouped import option
from causalpp.cli.options.columns import Table
from causalpp.cli.options.scoring import Missing, Score, Scoring
from causalpp.errors import FormatError, InvalidParameter

if TYPE_CHECKING:
    from causalpp.equivalence import MarkovEquivalenceClass
    from causalpp.graphs import Knowledge

__all__ = ["Known", "Method", "Search"]


class Method(StrEnum):
    """How a class is learned from data."""

    pc = "pc"
    ges = "ges"
    grasp = "grasp"
    boss = "boss"
    exact = "exact"


@dataclass(frozen=True)
class Known:
    """What is known of the edges beforehand."""

    knowledge: Path | None = option("--knowledge", "File of what is known of the edges: ours, Tetrad's, or .json.")
    required: list[str] | None = option("--required", "Edges that must be there (repeatable): 'smoke -> tar'.")
    forbidden: list[str] | None = option(
        "--forbidden", "Edges that must not be there (repeatable): 'tar -> age', 'age -- sex'."
    )
    tier: list[str] | None = option(
        "--tier", "Variables, 'age, sex': none of them is caused by those of a later --tier."
    )
    roots: list[str] | None = option("--roots", "Variables that nothing causes: 'age, sex'.")
    search_space: list[str] | None = option(
        "--search-space", "The only edges there may be: 'age -> tar, smoke -- tar', or a file of them."
    )

    def known(self) -> Knowledge:
        """All that is said of the edges, by the file and by the options.

        Raises:
            FormatError: the file or an option cannot be read.
            InvalidGraph: it contradicts itself.
        """
        out = cpp.Knowledge() if self.knowledge is None else cpp.Knowledge.read(self.knowledge)
        lines: list[str] = []
        for key in ("required", "forbidden", "tier", "roots"):
            for value in getattr(self, key) or ():
                _check(key, value)
                lines.append(f"{key}: {value}")
        for value in self.search_space or ():
            lines += _space(value)
        return out | cpp.Knowledge.from_text("\n".join(lines)) if lines else out


@dataclass(frozen=True)
class Search(Scoring, Known):
    """How a class is to be learned from data, and narrowed in any case by what is known of the edges."""

    method: Method = option(
        "--method", "With --data: independence tests (pc), or a search by score.", default=Method.pc
    )
    alpha: float = option("--alpha", "With --method pc: significance level of the tests.", default=0.01)
    max_conditioning: int | None = option(
        "--max-conditioning", "With --method pc: variables a test may condition on, at most.", min=0
    )
    max_seconds: float | None = option("--max-seconds", "With --data: the search ends after so long with what it has.")
    seed: int = 0

    def learned(self, table: Table) -> MarkovEquivalenceClass:
        """The class that the data show."""
        return cpp.MarkovEquivalenceClass.from_data(
            table.frame,
            self.method.value,
            alpha=self.alpha,
            kinds=table.kinds,
            score=self.score.value,
            hyperparameters=self.hyperparameters,
            missing=self.missing.value,
            knowledge=self.known(),
            max_conditioning=self.max_conditioning,
            max_seconds=self.max_seconds,
            seed=self.seed,
        )

    def narrowed(self, found: MarkovEquivalenceClass) -> MarkovEquivalenceClass:
        """What the knowledge leaves of a class that was not learned from data."""
        if self.score != Score.auto or self.hyperparameter or self.missing != Missing.complete:
            raise InvalidParameter("--score, --hyperparameter and --missing go with --data")
        for name, value in (("--max-conditioning", self.max_conditioning), ("--max-seconds", self.max_seconds)):
            if value is not None:
                raise InvalidParameter(f"{name} goes with --data")
        known = self.known()
        return found.with_knowledge(known) if known else found


def _check(key: str, value: str) -> None:
    if len(value.splitlines()) != 1:
        raise FormatError(f"--{key} is one line, got {value!r:.60}")
    try:
        cpp.Knowledge.from_text(f"{key}: {value}")
    except FormatError as error:
        said = str(error).partition(": ")[2] if error.line is not None else str(error)
        raise FormatError(f"--{key.replace('_', '-')} {value!r}: {said}") from None


def _space(value: str) -> list[str]:
    """Lines of a search space: the edges said, or those of a file, one or several a line."""
    if not Path(value).is_file():
        _check("search_space", value)
        return [f"search_space: {value}"]
    out = ["search_space:"]
    with about(value):
        for number, line in enumerate(read_text(value).splitlines(), start=1):
            edges = line.partition("#")[0].strip().removeprefix("search_space:").removeprefix("search space:").strip()
            try:
                cpp.Knowledge.from_text(f"search_space: {edges}")
            except FormatError as error:
                raise FormatError(str(error).partition(": ")[2] or str(error), line=number) from None
            out.append(f"search_space: {edges}")
    return out
