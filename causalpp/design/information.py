"""Expected information gain: what an answer to each question is expected to tell about the graph."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from causalpp.belief import Belief

__all__ = ["binary_entropy", "expected_information_gain"]

_CHUNK = 1 << 26  # cells of the truth table turned into numbers at a time


def binary_entropy(p: Tensor) -> Tensor:
    """h(p) = −p log₂ p − (1−p) log₂(1−p), in bits, elementwise.

    >>> binary_entropy(torch.tensor([0.0, 0.5, 1.0])).tolist()
    [0.0, 1.0, 0.0]
    """
    entropy: Tensor = torch.special.entr(p) + torch.special.entr(1 - p)
    return entropy / math.log(2)


def expected_information_gain(belief: Belief, truth: Tensor) -> Tensor:
    """The mutual information, in bits, between the graph and the next answer to each question: ``(Q,)``.

    EIG(q) = H(answer) − E_g H(answer | g) (Lindley 1956), exact under the channel's current posterior, by one
    product of the truth table with two weights a graph.

    Args:
        belief: over N graphs.
        truth: the true answers, booleans of shape ``(N, Q)``; see :func:`causalpp.propositions.truth_table`.
    """
    weight = belief.probabilities
    if_true, if_false = belief.channel.predictive(belief.counts)
    h_true, h_false = binary_entropy(if_true), binary_entropy(if_false)
    per_graph = weight[:, None] * torch.stack([if_true - if_false, h_true - h_false], dim=1)
    rows = max(1, _CHUNK // max(1, truth.shape[1]))
    sums = torch.zeros((truth.shape[1], 2), dtype=weight.dtype, device=weight.device)
    for start in range(0, len(truth), rows):
        sums += truth[start : start + rows].to(weight.dtype).T @ per_graph[start : start + rows]
    yes = (sums[:, 0] + weight @ if_false).clamp(0, 1)
    return (binary_entropy(yes) - (sums[:, 1] + weight @ h_false)).clamp(min=0)
