"""What is said of a belief beside probabilities: whether the truth may be missing, and all of it as plain values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from causalpp.belief.alternatives import NoneOfThese, one_edge_alternatives
from causalpp.belief.channels.base import Profile

if TYPE_CHECKING:
    from causalpp.belief.belief import Belief

__all__ = ["compared", "only_related", "plain_values"]

_TINY = 1e-300


def only_related(profile: Profile) -> NoneOfThese:
    """Whether the answers have to do with the graph, where there is nothing else to compare with."""
    informative, liar, unrelated, before = profile[:4]
    if not 0 < before < 1:
        return NoneOfThese(None, None, None, 0)
    odds = math.log(max(informative + liar, _TINY)) - math.log(max(unrelated, _TINY))
    return NoneOfThese(None, None, odds - math.log((1 - before) / before), 0)


def compared(belief: Belief) -> NoneOfThese:
    """How the candidates compare with graphs one edge away, and with answers that have nothing to do with a graph."""
    related = only_related(belief.profile).related
    if belief.alternatives is None:
        found = one_edge_alternatives(belief.candidates, knowledge=belief.knowledge)
        if found is None:
            return NoneOfThese(None, None, related, 0)
        belief = belief.with_alternatives(found)
    assert belief.alternatives is not None
    log = belief._log_start + belief.log_likelihood
    n = len(belief.candidates)
    inside, outside = float(torch.logsumexp(log[:n], 0)), float(torch.logsumexp(log[n:], 0))
    factor = inside - outside - math.log((1 - belief.doubt) / belief.doubt)
    mass = belief._posterior[n:]
    graph = belief.alternatives[int(mass.argmax())]
    return NoneOfThese(float(mass.sum()), factor, related, len(belief.alternatives), graph)


def plain_values(belief: Belief, k: int) -> dict[str, Any]:
    """See :meth:`Belief.to_dict`."""
    nodes = belief.candidates.nodes
    mass = belief._posterior[len(belief.candidates) :]
    return {
        "candidates": len(belief.candidates),
        "answers": len(belief.answers),
        "confidence": belief.confidence,
        "entropy_bits": belief.entropy,
        "log_evidence": belief.log_marginal_likelihood,
        "graphs": [{"edges": [list(e) for e in dag.edges], "probability": p} for dag, p in belief.top(k)],
        "edges": [
            {"cause": nodes[i], "effect": nodes[j], "probability": float(p)}
            for i, row in enumerate(belief.edges.tolist())
            for j, p in enumerate(row)
            if p > 0
        ],
        "reliability": belief.reliability.to_dict(),
        "reliabilities": [
            {"group": list(label) if isinstance(label, tuple) else label, **found.to_dict()}
            for label, found in belief.reliabilities.items()
        ],
        "shares": [{"share": share, "probability": p} for share, p in belief.shares.items()],
        "kinds": belief.kinds,
        "none_of_these": float(mass.sum()) if belief.alternatives else None,
    }
