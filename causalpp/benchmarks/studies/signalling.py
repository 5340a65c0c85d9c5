"""What is found in cells of the signalling network, against the network that its authors report."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import RepairWarning
from causalpp.posterior import DagPosterior
from causalpp.tasks import Cytometry, signalling_network

__all__ = ["Found", "SignallingStudy", "signalling_study"]

_METHODS = ("pc", "ges", "exact")
_MOST_BITS = 50  # of one pair: the probability that a pair is apart is 1 less two others, rounded
_COLUMNS = ("method", "joined", "directed", "reversed", "open", "missing", "extra", "shd", "bits")


@dataclass(frozen=True)
class Found:
    """What a method found.

    Attributes:
        form: ``"levels"`` or ``"log"``.
        targets: whether it was told on what the agents acted.
        method: ``"posterior"`` (the edges of probability .5 or more), ``"most probable"`` (its class, or with targets
            its graph), ``"pc"`` (repaired where its tests contradict each other), ``"ges"`` or ``"exact"``.
        joined, directed, reversed, open: edges of the network that join the right pair, in the right direction, in the
            wrong one, in neither.
        missing, extra: edges of the network that are not there, and pairs that are joined and should not be.
        shd: ``missing + extra + reversed + open``.
        bits: of the posterior, −log₂ of the probability of what each pair is (→, ← or apart) in the network, on average
            over pairs; 1.58 would be a guess.  Of one pair it is 50 at most: what is less probable is rounding.  None
            elsewhere.
    """

    form: str
    targets: bool
    method: str
    joined: int
    directed: int
    reversed: int
    open: int
    missing: int
    extra: int
    shd: int
    bits: float | None = None


@dataclass(frozen=True, repr=False)
class SignallingStudy:
    """What :func:`signalling_study` found; printed, it is a table.

    Attributes:
        rows: of each form, with and without targets, and each method.
        cells: how many rows the data have.
        edges: of the network.
    """

    rows: tuple[Found, ...]
    cells: int
    edges: int

    def __repr__(self) -> str:
        cells: list[tuple[str, ...]] = [_COLUMNS]
        for row in self.rows:
            values = asdict(row) | {"bits": "" if row.bits is None else f"{row.bits:.2f}"}
            cells.append(tuple(str(values[name]) for name in _COLUMNS))
        wide = [max(map(len, column)) for column in zip(*cells, strict=True)]
        head, *body = (
            "  ".join([method.ljust(wide[0]), *map(str.rjust, numbers, wide[1:])]).rstrip()
            for method, *numbers in cells
        )
        groups: dict[str, list[str]] = {}
        for row, line in zip(self.rows, body, strict=True):
            groups.setdefault(f"{row.form}, {'with' if row.targets else 'without'} targets", []).append(f"  {line}")
        lines = [f"{self.cells:,} cells, against the network of {self.edges} edges", f"  {head}"]
        return "\n".join([*lines, *(line for group, found in groups.items() for line in (group, *found))])

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {"cells": self.cells, "edges": self.edges, "rows": [asdict(row) for row in self.rows]}

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)


def signalling_study(
    cells: Cytometry, *, edges: int = 17, levels: int = 3, progress: Callable[[int, int], object] | None = None
) -> SignallingStudy:
    """The posterior, PC, GES and exact search on the same rows, in levels and as logarithms, with targets and without.

    Only the posterior is told on what the agents acted; to the others all rows are alike.

    Args:
        cells: of :func:`~causalpp.tasks.read_cytometry`; those in levels are taken as they are.
        edges: of the network: 17 or 20.
        levels: into which numbers are cut.
        progress: called with how many searches are done, and how many there are.

    Raises:
        InvalidParameter: another number of edges, or less than two levels.
        InvalidData: a level that has no logarithm, a constant column.
    """
    truth = signalling_network(edges)
    forms = {"levels": cells.levels(levels).frame} | ({} if cells.discrete else {"log": cells.logarithms().frame})
    told = cells.interventions if cells.interventions is not None and any(cells.interventions) else None
    done, total = 0, len(forms) * (1 + (told is not None) + len(_METHODS))
    rows: list[Found] = []

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    right = _matrix(truth.edges, truth.nodes)
    for form, frame in forms.items():
        frame = frame[list(truth.nodes)]
        weight: Any = None  # of the tables' prior: the searches take the one that the posterior takes
        for targets in (None, told) if told is not None else (None,):
            posterior = DagPosterior.from_data(frame, interventions=targets, progress=False)
            weight = weight or posterior.learned.get("hyperparameters")
            consensus = posterior.consensus()
            p = posterior.edges.numpy()
            bits = _bits(p, right)
            known = targets is not None
            drawn = _matrix(consensus.directed, truth.nodes) | _both(consensus.undirected, truth.nodes)
            rows.append(Found(form, known, "posterior", **_counts(drawn, right), bits=bits))
            best = posterior.best
            cpdag = None if known else MarkovEquivalenceClass.from_dag(best).cpdag
            drawn = (
                _matrix(best.edges, truth.nodes)
                if cpdag is None
                else _matrix(cpdag.directed, truth.nodes) | _both(cpdag.undirected, truth.nodes)
            )
            rows.append(Found(form, known, "most probable", **_counts(drawn, right)))
            step()
        for method in _METHODS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RepairWarning)
                told_of = None if method == "pc" else weight
                cpdag = MarkovEquivalenceClass.from_data(frame, method, hyperparameters=told_of).cpdag
            drawn = _matrix(cpdag.directed, truth.nodes) | _both(cpdag.undirected, truth.nodes)
            rows.append(Found(form, False, method, **_counts(drawn, right)))
            step()
    return SignallingStudy(tuple(rows), len(cells.frame), edges)


def _matrix(edges: Any, nodes: tuple[str, ...]) -> Any:
    out = np.zeros((len(nodes), len(nodes)), dtype=bool)
    for a, b in edges:
        out[nodes.index(a), nodes.index(b)] = True
    return out


def _both(pairs: Any, nodes: tuple[str, ...]) -> Any:
    one = _matrix(pairs, nodes)
    return one | one.T


def _counts(found: Any, right: Any) -> Mapping[str, Any]:
    """How edges found (both ways where a pair is not directed) compare with the right ones."""
    joined = found | found.T
    directed, back = right & found & ~found.T, right & ~found & found.T
    open_ = right & found & found.T
    missing, extra = right & ~joined, np.triu(joined & ~(right | right.T))
    count = {
        "joined": right & joined,
        "directed": directed,
        "reversed": back,
        "open": open_,
        "missing": missing,
        "extra": extra,
    }
    out = {name: int(matrix.sum()) for name, matrix in count.items()}
    return out | {"shd": out["missing"] + out["extra"] + out["reversed"] + out["open"]}


def _bits(p: Any, right: Any) -> float:
    """What is unknown of the pairs, on average: −log₂ of the probability of what each is."""
    above = np.triu_indices(len(p), 1)
    forward, backward = p[above], p.T[above]
    apart = np.clip(1 - forward - backward, 0, 1)
    is_forward, is_backward = right[above], right.T[above]
    chosen = np.where(is_forward, forward, np.where(is_backward, backward, apart))
    return float(-np.log2(np.maximum(chosen, 2.0**-_MOST_BITS)).mean())
