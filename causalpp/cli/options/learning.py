"""How a class is learned on the command line: the options that data and knowledge have, worded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from causalpp._files import about, read_text
from causalpp.cli.options import Method
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import FormatError, InvalidParameter
from causalpp.graphs import Knowledge

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KnowledgeOptions", "Search", "learned_rows"]

File = Annotated[
    Path | None, typer.Option("--knowledge", help="File of what is known of the edges: ours, Tetrad's, or .json.")
]
Required = Annotated[
    list[str] | None, typer.Option("--required", help="Edges that must be there (repeatable): 'smoke -> tar'.")
]
Forbidden = Annotated[
    list[str] | None,
    typer.Option("--forbidden", help="Edges that must not be there (repeatable): 'tar -> age', 'age -- sex'."),
]
Tier = Annotated[
    list[str] | None,
    typer.Option("--tier", help="Variables, 'age, sex': none of them is caused by those of a later --tier."),
]
Roots = Annotated[list[str] | None, typer.Option("--roots", help="Variables that nothing causes: 'age, sex'.")]
SearchSpace = Annotated[
    list[str] | None,
    typer.Option("--search-space", help="The only edges there may be: 'age -> tar, smoke -- tar', or a file of them."),
]
MaxConditioning = Annotated[
    int | None,
    typer.Option("--max-conditioning", min=0, help="With --method pc: variables a test may condition on, at most."),
]
MaxSeconds = Annotated[
    float | None, typer.Option("--max-seconds", help="With --data: the search ends after so long with what it has.")
]


@dataclass(frozen=True)
class KnowledgeOptions:
    """What the command line says is known of the edges."""

    file: Path | None = None
    required: list[str] | None = None
    forbidden: list[str] | None = None
    tiers: list[str] | None = None
    roots: list[str] | None = None
    search_space: list[str] | None = None

    def read(self) -> Knowledge:
        """All of it, the file's and the options'.

        Raises:
            FormatError: the file or an option cannot be read.
            InvalidGraph: it contradicts itself.
        """
        out = Knowledge() if self.file is None else Knowledge.read(self.file)
        said = {"required": self.required, "forbidden": self.forbidden, "tier": self.tiers, "roots": self.roots}
        lines: list[str] = []
        for key, values in said.items():
            for value in values or ():
                _check(key, value)
                lines.append(f"{key}: {value}")
        for value in self.search_space or ():
            lines += _space(value)
        return out | Knowledge.from_text("\n".join(lines)) if lines else out


@dataclass(frozen=True)
class Search:
    """How a class is to be learned from data, and narrowed in any case."""

    method: Method
    alpha: float
    kinds: Mapping[str, str]
    known: KnowledgeOptions
    max_conditioning: int | None = None
    max_seconds: float | None = None
    seed: int = 0

    def learned(self, frame: pd.DataFrame) -> MarkovEquivalenceClass:
        """The class that the data show."""
        return MarkovEquivalenceClass.from_data(
            frame,
            self.method.value,
            alpha=self.alpha,
            kinds=self.kinds,
            knowledge=self.known.read(),
            max_conditioning=self.max_conditioning,
            max_seconds=self.max_seconds,
            seed=self.seed,
        )

    def narrowed(self, found: MarkovEquivalenceClass) -> MarkovEquivalenceClass:
        """What the knowledge leaves of a class that was not learned from data."""
        for name, value in (("--max-conditioning", self.max_conditioning), ("--max-seconds", self.max_seconds)):
            if value is not None:
                raise InvalidParameter(f"{name} goes with --data")
        known = self.known.read()
        return found.with_knowledge(known) if known else found


def _check(key: str, value: str) -> None:
    if len(value.splitlines()) != 1:
        raise FormatError(f"--{key} is one line, got {value!r:.60}")
    try:
        Knowledge.from_text(f"{key}: {value}")
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
                Knowledge.from_text(f"search_space: {edges}")
            except FormatError as error:
                raise FormatError(str(error).partition(": ")[2] or str(error), line=number) from None
            out.append(f"search_space: {edges}")
    return out


def learned_rows(mec: MarkovEquivalenceClass) -> list[tuple[str, str]]:
    """What has to be said of how a class was learned, line by line."""
    how, out = mec.learned, []
    if "rows_used" in how:
        fewest, most = how["rows_used"]
        number = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
        what = "each test used what it could" if how["method"] == "pc" else "the score used the complete ones"
        out.append(("missing values", f"{number} of {how['rows']:,} rows: {what}"))
    if "repaired" in how:
        from causalpp.errors import RepairWarning

        for head, said in zip(["repaired", "", ""], RepairWarning(**how["repaired"]).said(), strict=False):
            out.append((head, said))
        out.append(("", "the tests contradict each other or what is known"))
    if "stopped" in how:
        out.append(("stopped", f"{how['stopped']}: the best that was found until then"))
    return out
