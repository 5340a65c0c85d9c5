"""The posterior over all Dags of few variables, exactly."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp.errors import InvalidGraph, TooLarge
from causalpp.graphs import Dag, DagBatch, reachability
from causalpp.posterior.best import best_first
from causalpp.posterior.draws import draw_parents
from causalpp.posterior.sums import Floats, Masks, Sums

__all__ = ["Exact"]

_COUNTED = 12  # variables whose graphs are counted before they are listed


@dataclass(frozen=True)
class Exact:
    """P(graph | data) by sums over all Dags; see :class:`~causalpp.posterior.sums.Sums`.

    Attributes:
        nodes: the d variables.
        sums: whose weights are the scores and the prior.
        log_prior_total: the logarithm of the sum of the prior's weights over all Dags.
    """

    nodes: tuple[str, ...]
    sums: Sums
    log_prior_total: float
    method: ClassVar[str] = "exact"
    trouble: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.log_prior_total == -np.inf or self.sums.log_total == -np.inf:
            raise InvalidGraph("no graph at all agrees with what is known of the edges and the limits of the prior")

    def __getstate__(self) -> dict[str, Any]:
        """What is written: the search for the most probable graphs begins anew."""
        return {name: value for name, value in self.__dict__.items() if name != "_best"}

    def parts(self) -> tuple[dict[str, Any], dict[str, Floats]]:
        """What it is made of, as plain values and arrays: of d variables about 8·d·2^d bytes."""
        return {"log_prior_total": float(self.log_prior_total)}, self.sums.parts()

    @classmethod
    def of_parts(cls, nodes: tuple[str, ...], told: Mapping[str, Any], arrays: Mapping[str, Floats]) -> Exact:
        """The inverse of :meth:`parts`.

        Raises:
            ValueError: they do not belong together.
        """
        if len(nodes) != len(arrays["weights"]):
            raise ValueError("not as many variables as weights are of")
        return cls(nodes, Sums.of_parts(arrays), float(told["log_prior_total"]))

    @property
    def log_marginal_likelihood(self) -> float:
        """The logarithm of P(data)."""
        return self.sums.log_total - self.log_prior_total

    @property
    def edges(self) -> Floats:
        """P(u → v), shape ``(d, d)``."""
        return np.asarray(self.sums.edges.clip(0, 1))

    @property
    def paths(self) -> Floats:
        """P(v descends from u), shape ``(d, d)``."""
        return np.asarray(self.sums.paths.clip(0, 1))

    @cached_property
    def entropy(self) -> float:
        """The expectation of −log P(graph), in nats: that of a sum over families is known from their probabilities."""
        p, weights = self.sums.families, self.sums.weights
        return float(self.sums.log_total - (p * np.where(p > 0, weights, 0.0)).sum())

    def family(self, v: int, parents: int) -> float:
        """P(the parents of v are those of a mask)."""
        return float(self.sums.families[v, parents])

    def non_descendants(self, v: int, others: int) -> float:
        """P(what neither is nor descends from v are those of a mask)."""
        return float(self.sums.non_descendants[v, others])

    def sample(self, draws: int, seed: int) -> DagBatch:
        """Independent draws of graphs."""
        return _batch(self.nodes, draw_parents(self.sums, draws, seed))

    def every(self, limit: int) -> DagBatch:
        """All graphs that have a probability.

        Raises:
            TooLarge: there are more than ``limit``.
        """
        weights = self.sums.weights
        d = len(weights)
        families = [np.flatnonzero((weights[v] > -np.inf) & (self.sums.sets >> v & 1 == 0)) for v in range(d)]
        many = Sums(np.where(weights > -np.inf, 0.0, -np.inf)).log_total if d <= _COUNTED else np.inf
        if many > np.log(limit + 0.5):
            raise TooLarge(f"more graphs have a probability than can be listed (limit {limit:,})")
        out: Masks = np.zeros((1, d), dtype=np.int64)
        for v in range(d):
            out = np.repeat(out, len(families[v]), axis=0)
            out[:, v] = np.tile(families[v], len(out) // len(families[v]))
            batch = _batch(self.nodes, out)
            out = out[reachability.acyclic(batch.adjacency).numpy()]
        return _batch(self.nodes, out)

    def log_probability(self, dags: DagBatch) -> Floats:
        """The logarithm of the posterior probability of each of N graphs, shape ``(N,)``."""
        d = len(self.nodes)
        masks = (dags.adjacency.numpy().astype(np.int64) << np.arange(d)[:, None]).sum(1)
        return np.asarray(self.sums.weights[np.arange(d), masks].sum(1) - self.sums.log_total)

    def most_probable(self, k: int) -> list[tuple[Dag, float]]:
        """The k most probable graphs with their probabilities."""
        found = list(itertools.islice(self._found, k))
        batch = _batch(
            self.nodes, np.array([parents for _, parents in found], dtype=np.int64).reshape(-1, len(self.nodes))
        )
        return [(dag, float(np.exp(value - self.sums.log_total))) for dag, (value, _) in zip(batch, found, strict=True)]

    @property
    def _found(self) -> Iterator[tuple[float, tuple[int, ...]]]:
        """The graphs in order; those that were found stay found."""
        known, rest = self._best
        at = 0
        while True:
            if at == len(known):
                following = next(rest, None)
                if following is None:
                    return
                known.append(following)
            yield known[at]
            at += 1

    @cached_property
    def _best(self) -> tuple[list[tuple[float, tuple[int, ...]]], Iterator[tuple[float, tuple[int, ...]]]]:
        return [], best_first(self.sums.weights)


def _batch(nodes: Sequence[str], parents: Masks) -> DagBatch:
    """Graphs from the masks of each variable's parents, ``(N, d)``."""
    matrix: NDArray[np.bool_] = (parents[:, None, :] >> np.arange(len(nodes))[:, None] & 1).astype(bool)
    return DagBatch.trusted(tuple(nodes), torch.from_numpy(matrix))
