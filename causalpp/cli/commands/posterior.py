"""``causalpp posterior``: how probable every edge, graph and statement is, given data."""

from __future__ import annotations

import hashlib
import json as json_text
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import causalpp as cpp
from causalpp._files import check_target, write_text
from causalpp.cli import options
from causalpp.cli.show import arrows, check_figure_path, console, print_json, save_figure, table_of
from causalpp.errors import InvalidParameter, UnknownVariable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from causalpp.posterior import DagPosterior
    from causalpp.propositions import Proposition

__all__ = ["posterior"]

_FEW = 0.05  # pairs that are joined with less are counted, not listed


class Method(StrEnum):
    """How graphs are weighed."""

    auto = "auto"
    exact = "exact"
    mcmc = "mcmc"


@dataclass(frozen=True)
class _Run:
    """How graphs are weighed, and how long."""

    method: Method = options.option(
        "--method", "exact: all of up to 20 variables; mcmc: chains; auto: exact where it can be.", Method.auto
    )
    max_seconds: float = options.option("--max-seconds", "That chains take at most, in this call.", 300.0)
    seed: int = options.option("--seed", "Of the chains.", 0)
    chains: Path | None = options.option(
        "--chains",
        "Keep the posterior in this file; if it is there already, its chains go on.",
    )

    def of(self, told: Any, begin: Callable[[], DagPosterior]) -> DagPosterior:
        """The posterior; what has begun before goes on.

        Args:
            told: all that it is of.
            begin: begins anew.

        Raises:
            InvalidParameter: what is in the file is of something else.
        """
        if self.chains is None:
            return begin()
        check_target(self.chains)
        of = hashlib.sha256(repr(told).encode()).hexdigest()[:16]
        if self.chains.exists():
            found = cpp.DagPosterior.load(self.chains)
            if found.learned.get("of") != of:
                raise InvalidParameter(f"{self.chains} holds chains of other rows or other settings: name another file")
            found = found.further(self.max_seconds)
        else:
            found = begin()
            found = replace(found, learned={**found.learned, "of": of})
        found.save(self.chains)
        return found


@options.grouped
def posterior(
    data: Annotated[Path, typer.Option("--data", help="CSV file with a header row, one row an observation.")],
    columns: options.Columns,
    known: options.Known,
    prior: options.Prior,
    scoring: options.Scoring,
    run: _Run,
    interventions: Annotated[
        str | None,
        typer.Option("--interventions", help="The column that says who was set in a row: empty, 'a', or 'a, b'."),
    ] = None,
    max_parents: Annotated[
        int | None, typer.Option("--max-parents", min=0, help="No graph in which a variable has more parents.")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="List so many graphs and classes.")] = 3,
    threshold: Annotated[
        float, typer.Option("--threshold", min=0.5, max=1, help="Of an edge's probability, to be in the consensus.")
    ] = 0.5,
    ask: Annotated[
        list[str] | None, typer.Option("--ask", help="A statement (repeatable): 'smoke causes lung'.")
    ] = None,
    plot: options.Plot = None,
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """How probable every edge, graph and statement is, given data: all graphs, not the best one."""
    from causalpp._plain import plain
    from causalpp.cli import data_check

    check_figure_path(plot)
    check_target(out)
    table = columns.read(data)
    assert table is not None  # for the type checker
    frame, told = table.frame, None
    if interventions is not None:
        if interventions not in frame.columns:
            raise UnknownVariable(interventions, list(map(str, frame.columns)), what=" after --interventions")
        frame, told = frame.drop(columns=interventions), frame[interventions]
        kinds = {name: kind for name, kind in table.kinds.items() if name != interventions}
        table = replace(table, frame=frame, kinds=kinds)
    asked = [cpp.parse(text, list(map(str, frame.columns))) for text in ask or []]
    rows = frame if told is None else frame.assign(**{str(interventions): told})
    asked_for: dict[str, Any] = {
        "score": scoring.score.value,
        "hyperparameters": scoring.hyperparameters,
        "missing": scoring.missing.value,
        "structure_prior": prior.of(len(frame.columns)),
        "knowledge": known.known() or None,
        "interventions": interventions,
        "max_parents": max_parents,
        "kinds": table.kinds,
    }
    found = run.of(
        [rows.to_csv(), run.method.value, run.seed]
        + [value.to_dict() if hasattr(value, "to_dict") else value for value in asked_for.values()],
        lambda: cpp.DagPosterior.from_data(
            rows,
            **asked_for,
            method=run.method.value,
            max_seconds=run.max_seconds,
            seed=run.seed,
            progress=False if json else None,
        ),
    )
    nobody = frame if told is None else frame[told.isna()]
    check = data_check.checked(found.best, nobody, table.kinds)
    if plot is not None:
        save_figure(found.plot(threshold), plot)
    if json or out is not None:
        values = _values(found, asked, top, threshold) | {"data_check": check.to_dict()} | table.to_dict()
        if out is not None:
            write_text(out, json_text.dumps(plain(values, finite=True), ensure_ascii=False, indent=2) + "\n")
        if json:
            print_json(plain(values, finite=True))
            return
    table.show()
    _show(found, asked, top, threshold, data_check.told(check))


def _show(
    found: DagPosterior, asked: list[Proposition], top: int, threshold: float, checked: list[tuple[str, str]]
) -> None:
    """What is probable, for people."""
    rows = list(_pairs(found))
    listed = [row for row in rows if row["joined"] >= _FEW]
    console.print(
        table_of(
            (
                (f"{row['joined']:.2f}", f"{row['forward']:.2f}", f"{row['backward']:.2f}", f"{row['a']} → {row['b']}")
                for row in listed
            ),
            *("joined", "→", "←", "edge"),
        )
    )
    if len(listed) < len(rows):
        console.print(f"{len(rows) - len(listed)} other pairs are joined with less than {_FEW:.0%} each")
    learned = found.learned
    lines = [("found", f"{learned['method']}, by {learned['score']}, from {learned['rows']:,} rows")]
    if "missing" in learned:
        lines.append(("missing values", "drawn given those that are there; the score is the mean over the draws"))
    if "rows_used" in learned:
        lines.append(("missing values", f"{learned['rows_used']:,} of {learned['rows']:,} rows: the complete ones"))
    lines += _headed("graphs", (f"{p:6.1%}  {arrows(dag)}" for dag, p in found.top(top)))
    lines += _headed("classes", (f"{p:6.1%}  {_marks(mec)}" for mec, p in found.classes(top)))
    lines.append((f"consensus at {threshold:g}", str(found.consensus(threshold))))
    lines.append(("unknown", f"{found.entropy:.1f} bits"))
    if found.exact and "missing" not in learned:  # chains and draws do not tell it
        lines.append(("log P(rows)", f"{found.log_marginal_likelihood:.2f}"))
    for statement in asked:
        error = found.standard_error(statement)
        give = f" ± {error:.3f}" if error else ""
        lines.append(
            ("asked", f"{statement.sentence()}: true with probability {found.probability(statement):.3f}{give}")
        )
    lines.append(("assumes", f"that {found.assumes}"))
    lines += [("the best graph" if head else "", said) for head, said in checked]
    console.print(table_of(lines, "", ""))


def _headed(head: str, texts: Iterator[str]) -> list[tuple[str, str]]:
    return [(head if number == 0 else "", text) for number, text in enumerate(texts)]


def _marks(mec: cpp.MarkovEquivalenceClass) -> str:
    """A class in a line."""
    edges = [f"{a} → {b}" for a, b in mec.cpdag.directed] + [f"{a} – {b}" for a, b in mec.cpdag.undirected]
    return ", ".join(edges) or "(no edges)"


def _pairs(found: DagPosterior) -> Iterator[dict[str, Any]]:
    """The pairs, the most probably joined first; of each first the more probable direction."""
    p, names = found.edges.numpy(), found.nodes
    pairs = [(i, j) if p[i, j] >= p[j, i] else (j, i) for j in range(len(p)) for i in range(j)]
    for i, j in sorted(pairs, key=lambda pair: -(p[pair] + p[pair[::-1]])):
        both = min(1.0, float(p[i, j] + p[j, i]))
        yield {"a": names[i], "b": names[j], "joined": both, "forward": float(p[i, j]), "backward": float(p[j, i])}


def _values(found: DagPosterior, asked: list[Proposition], top: int, threshold: float) -> dict[str, Any]:
    """The same for programs."""
    consensus = found.consensus(threshold)
    return found.to_dict(top) | {
        "pairs": list(_pairs(found)),
        "classes": [
            {
                "directed": [list(edge) for edge in mec.cpdag.directed],
                "undirected": [list(edge) for edge in mec.cpdag.undirected],
                "probability": p,
            }
            for mec, p in found.classes(top)
        ],
        "consensus": {
            "threshold": threshold,
            "directed": [[*edge, p] for edge, p in consensus.directed.items()],
            "undirected": [[*pair, p] for pair, p in consensus.undirected.items()],
        },
        "answers": [
            {
                "statement": statement.sentence(),
                "probability": found.probability(statement),
                "standard_error": found.standard_error(statement),
            }
            for statement in asked
        ],
    }
