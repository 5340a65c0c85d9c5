"""What the commands print: rich tables for people, JSON for programs."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from causalpp._files import check_target, write_bytes
from causalpp._terminal import visible, visible_json
from causalpp.cli.terminal import Terminal
from causalpp.errors import InvalidParameter, RepairWarning

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causalpp.acbo import Result, Step
    from causalpp.equivalence import MarkovEquivalenceClass
    from causalpp.graphs import Dag, Mpdag
    from causalpp.oracles.language_model import Estimate

__all__ = [
    "Rounds",
    "check_figure_path",
    "check_page_path",
    "class_dict",
    "class_summary",
    "console",
    "print_estimate",
    "print_json",
    "result_summary",
    "save_figure",
]

#: Names are data: nothing in them is markup, nothing is highlighted, and nothing commands the terminal.
console = Terminal(soft_wrap=False)

_ANSWER_STYLE = {"yes": "green", "no": "dark_orange3", "abstain": "dim"}


def print_json(values: Any) -> None:
    """Values as JSON on standard output, and nothing else."""
    print(visible_json(json.dumps(values, ensure_ascii=False, indent=2)))


def print_estimate(found: Estimate, json: bool) -> None:
    """What a run would take at most."""
    if json:
        print_json({"estimate": found.to_dict()})
    else:
        console.print(f"{found}; what a journal has is free, and failed attempts are not counted", soft_wrap=True)


def _grid(columns: int) -> Table:
    """A table without lines, in which long names are folded and never cut off."""
    table = Table.grid(padding=(0, 2))
    for _ in range(columns):
        table.add_column(overflow="fold")
    return table


def arrows(dag: Dag, cpdag: Mpdag | None = None) -> str:
    """A graph in a line: only the edges that its class leaves open, if a class is given."""
    undecided = {frozenset(edge) for edge in cpdag.undirected} if cpdag else None
    edges = [f"{a} → {b}" for a, b in dag.edges if undecided is None or frozenset((a, b)) in undecided]
    return ", ".join(edges) or ("(the edges that are settled)" if dag.edges else "(no edges)")


def _learned_rows(mec: MarkovEquivalenceClass) -> list[tuple[str, str]]:
    """What has to be said of how a class was learned, line by line."""
    how, out = mec.learned, []
    if "rows_used" in how:
        fewest, most = how["rows_used"]
        number = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
        what = "each test used what it could" if how["method"] == "pc" else "the score used the complete ones"
        out.append(("missing values", f"{number} of {how['rows']:,} rows: {what}"))
    if "repaired" in how:
        for head, said in zip(["repaired", "", ""], RepairWarning(**how["repaired"]).said(), strict=False):
            out.append((head, said))
        out.append(("", "the tests contradict each other or what is known"))
    if "stopped" in how:
        out.append(("stopped", f"{how['stopped']}: the best that was found until then"))
    return out


def class_summary(mec: MarkovEquivalenceClass) -> RenderableType:
    """What observation settles and what it leaves open."""
    table = _grid(2)
    settled = ", ".join(f"{a} → {b}" for a, b in mec.cpdag.directed) or "nothing"
    left_open = ", ".join(f"{a} – {b}" for a, b in mec.cpdag.undirected) or "nothing"
    table.add_row("settled", settled)
    table.add_row("left open", Text(visible(left_open), style="bold"))
    table.add_row("graphs that fit", f"{mec.size:,}")
    for head, said in _learned_rows(mec):
        table.add_row(head, said)
    return table


def class_dict(mec: MarkovEquivalenceClass) -> dict[str, Any]:
    """The same for programs."""
    return {
        "size": mec.size,
        "nodes": list(mec.nodes),
        "directed": [list(edge) for edge in mec.cpdag.directed],
        "undirected": [list(edge) for edge in mec.cpdag.undirected],
        "learned": mec.learned,
    }


def summary_table(summary: Mapping[str, Any], shown: int = 5) -> RenderableType:
    """How the members direct the open edges, and the experiments that would settle most."""
    table = _grid(2)
    edges = summary["open_edges"]
    about = "" if all(edge["exact"] for edge in edges) else "about "
    for head, edge in zip(["shares of members", *[""] * len(edges)], edges, strict=False):
        table.add_row(head, f"{edge['cause']} → {edge['effect']}  {about}{edge['share_of_members']:.0%}")
    useful = [i for i in summary["interventions"] if i["orients_on_average"] > 0][:shown]
    for head, i in zip(["best experiments", *[""] * shown], useful, strict=False):
        gain = f"orients at least {i['orients_at_least']}, on average {i['orients_on_average']:.1f} open edges"
        table.add_row(head, f"set {i['target']}: {gain}")
    table.add_row("experiments needed", f"at least {summary['interventions_needed_at_least']}")
    known = summary.get("interventions_that_suffice_if_the_graph_given_is_true")
    if known is not None:
        table.add_row("", f"{len(known)} suffice if the graph given is true: {', '.join(known) or 'none'}")
    return table


class Rounds:
    """A display of the rounds of a run as they happen: one line a question, the leading graphs below."""

    def __init__(
        self,
        cpdag: Mpdag | None = None,
        labels: Mapping[str, str] | None = None,
        *,
        before: RenderableType = "",
        shown: int = 4,
    ) -> None:
        self.cpdag = cpdag
        self.labels = labels or {}
        self.before = before  # printed with the first round: not at all if the run is refused
        self.shown = shown
        self._stack = ExitStack()
        self._live: Live | None = None

    def __enter__(self) -> Rounds:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def __call__(self, step: Step) -> None:
        """Show one round."""
        if self._live is None:
            console.print(self.before)
            console.print(
                self._line(*(Text(head, style="dim") for head in ("", "question", "answer", "bits", "leading")))
            )
            self._live = Live(console=console, transient=True, refresh_per_second=12, auto_refresh=console.is_terminal)
            if console.is_terminal:
                self._stack.enter_context(self._live)
        word = step.answer.word
        console.print(
            self._line(
                Text(f"{step.number:3d}", style="dim"),
                Text(visible(step.answer.question.rename(self.labels).question())),
                Text(word, style=_ANSWER_STYLE[word]),
                f"{step.gained:+.2f}",
                f"{step.confidence:.2f}",
            )
        )
        if console.is_terminal:
            self._live.update(self._leaders(step))

    @staticmethod
    def _line(*cells: RenderableType) -> Table:
        table = Table.grid(padding=(0, 1), expand=False)
        table.add_column(width=3)
        table.add_column(width=min(62, max(30, console.width - 27)), overflow="fold")
        table.add_column(width=7)
        table.add_column(width=5, justify="right")
        table.add_column(width=7, justify="right")
        table.add_row(*cells)
        return table

    def _leaders(self, step: Step) -> RenderableType:
        table = _grid(3)
        for dag, p in step.leaders[: self.shown]:
            table.add_row(f"{p:6.1%}", ProgressBar(total=1, completed=p, width=24), arrows(dag, self.cpdag))
        return Group(Text(), table)


def result_summary(
    result: Result, cpdag: Mpdag | None = None, checked: Iterable[tuple[str, str]] = ()
) -> RenderableType:
    """The outcome of a run in a few lines, and what a check against data says of it."""
    reliability = result.belief.reliability
    low, high = reliability.interval("sensitivity")
    low2, high2 = reliability.interval("specificity")
    table = _grid(2)
    for dag, p in result.belief.top(3):
        table.add_row("graph" if dag == result.graph else "", f"{p:6.1%}  {arrows(dag, cpdag)}")
    table.add_row("given", result.given if result.given.startswith("data") else f"that the truth is in {result.given}")
    for head, said in checked:
        table.add_row(head, said)
    table.add_row("stopped because", result.stopped_because)
    if result.transcript or not result.experiments:
        table.add_row("reliability learned", f"sensitivity {reliability.sensitivity:.2f} [{low:.2f}, {high:.2f}]")
        table.add_row("", f"specificity {reliability.specificity:.2f} [{low2:.2f}, {high2:.2f}]  (90 % intervals)")
    if result.goal is not None:
        p = result.belief.probability(result.goal)
        table.add_row("asked", f"{result.goal.sentence()}: true with probability {p:.3f}")
    if result.given.startswith("data"):
        table.add_row("still unknown", f"{result.belief.entropy:.1f} bits")
    else:
        left = ", ".join(f"{a} – {b}" for a, b in result.remaining.cpdag.undirected) or "nothing"
        table.add_row("still open", left)
    for step in result.experiments:
        table.add_row("interventional data", f"{step.target} set in {step.rows:,} rows: {step.gained:+.2f} bits")
    table.add_row("questions", f"{len(result.transcript)} to {result.oracle_named}")
    known = f"{result.bound():.1f} questions, at the error rate learned"
    table.add_row("bound", known if result.informed else "not informed: the oracle's reliability is not established")
    return table


def table_of(rows: Iterable[tuple[str, ...]], *head: str) -> Table:
    """A plain table with a dim head."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in head:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a matplotlib figure whole or not at all.

    Raises:
        InvalidParameter: a suffix other than .png, .svg or .pdf.
        FormatError: the folder cannot be written to.
    """
    import matplotlib.pyplot as plt

    check_figure_path(path)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix[1:].lower(), dpi=150)
    plt.close(figure)
    return write_bytes(path, buffer.getvalue())


def check_figure_path(path: Path | None) -> None:
    """Refuse a figure's file name before any work is done for it."""
    check_target(path)
    if path is not None and path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InvalidParameter(f"cannot write a figure to {str(path)!r}: its name must end in .png, .svg or .pdf")


def check_page_path(path: Path | None) -> None:
    """Refuse a page's file name before any work is done for it."""
    check_target(path)
    if path is not None and path.suffix.lower() not in (".html", ".htm"):
        raise InvalidParameter(f"cannot write a page to {str(path)!r}: its name must end in .html")
