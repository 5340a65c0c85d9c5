"""Graphs that are not candidates but nearly so: what the truth may be if it is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.belief.channels import Profile
from causalpp.belief.disagreement import Disagreement
from causalpp.graphs import Dag, DagBatch, Knowledge, reachability
from causalpp.propositions import Proposition, all_questions, truth_table

__all__ = ["LIMIT", "NoneOfThese", "one_edge_alternatives"]

LIMIT = 20_000  # alternatives
_TINY = 1e-300


@dataclass(frozen=True)
class NoneOfThese:
    """Whether the truth may be missing from the candidates.

    Attributes:
        probability: the posterior probability of the alternatives together; None if there are none to compare with.
        bayes_factor: P(answers | candidates) / P(answers | alternatives), as a natural logarithm; None likewise.
        related: P(answers | they have to do with the graph) / P(answers | they have not), as a natural logarithm;
            None if the channel knows only one of the two.
        alternatives: how many there are.
        graph: the most probable one of them.
        data: whether data and answers speak of the same graph, where the belief started from data.
    """

    probability: float | None
    bayes_factor: float | None
    related: float | None
    alternatives: int
    graph: Dag | None = None
    data: Disagreement | None = None

    @classmethod
    def only_related(cls, profile: Profile) -> NoneOfThese:
        """Whether the answers have to do with the graph, where there is nothing else to compare with."""
        informative, liar, unrelated, before = profile[:4]
        if not 0 < before < 1:
            return cls(None, None, None, 0)
        odds = math.log(max(informative + liar, _TINY)) - math.log(max(unrelated, _TINY))
        return cls(None, None, odds - math.log((1 - before) / before), 0)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        edges = None if self.graph is None else [list(edge) for edge in self.graph.edges]
        return {
            "probability": self.probability,
            "bayes_factor": self.bayes_factor,
            "related": self.related,
            "alternatives": self.alternatives,
            "graph": edges,
            "data": None if self.data is None else self.data.to_dict(),
        }


def one_edge_alternatives(
    candidates: DagBatch,
    questions: Sequence[Proposition] | None = None,
    *,
    truth: Tensor | None = None,
    limit: int = LIMIT,
    knowledge: Knowledge | None = None,
) -> DagBatch | None:
    """All graphs one edge (added, removed, turned) away from a candidate that the questions tell from all candidates.

    Of those that the questions do not tell apart, the first one stands for all.

    Args:
        candidates: N graphs.
        questions: by default all of the kind ``Causes``.
        truth: their true answers in the candidates, if known already, shape ``(N, Q)``.
        limit: the most changes to look at.
        knowledge: what is known of the edges; graphs that it rules out are left out.

    Returns:
        None if there are more changes than ``limit``, or none that leads to another graph.

    Raises:
        UnknownVariable: something is known of a variable that the candidates do not have.

    Example:
        >>> from causalpp import Dag
        >>> one_edge_alternatives(DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])]))[0]
        Dag('a, b')
    """
    d = len(candidates.nodes)
    if len(candidates) * d * d > 16 * limit:
        return None
    asked = all_questions(candidates.nodes) if questions is None else questions
    adjacency = candidates.adjacency
    joined = adjacency | adjacency.transpose(1, 2)
    free = ~joined & ~torch.eye(d, dtype=torch.bool, device=adjacency.device)
    n, i, j = adjacency.nonzero(as_tuple=True)
    m, a, b = free.nonzero(as_tuple=True)
    if 2 * len(n) + len(m) > limit:
        return None
    removed, added = adjacency[n], adjacency[m]
    rows = torch.arange(len(n), device=adjacency.device)
    removed[rows, i, j] = False
    turned = removed.clone()
    turned[rows, j, i] = True
    added[torch.arange(len(m), device=adjacency.device), a, b] = True
    changed = torch.cat([removed, turned, added])
    if not len(changed):
        return None
    changed = changed[reachability.acyclic(changed)]
    others = DagBatch.trusted(candidates.nodes, changed, candidates.latent)
    if knowledge:
        others = others[knowledge.holds(others)]
    known = truth_table(asked, candidates) if truth is None else truth
    keys = _keys(torch.cat([known, truth_table(asked, others)]))
    _, first = np.unique(keys, return_index=True)  # the first of equal rows: a candidate, where there is one
    new = np.sort(first[first >= len(candidates)]) - len(candidates)
    return others[new] if len(new) else None


def _keys(truth: Tensor) -> NDArray[np.void]:
    if truth.shape[1] == 0:
        return np.zeros(len(truth), dtype=np.int8)
    packed = np.packbits(truth.cpu().numpy(), axis=1)
    return np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
