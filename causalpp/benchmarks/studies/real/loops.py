"""The loop on recorded answers: what it ends with for every channel, and what of it is right."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from causalpp._plain import plain
from causalpp.acbo import AcboConfig, Result, discover
from causalpp.acbo.stopping import REACHED
from causalpp.belief import Fixed, Learned, Potentials, PotentialsPrior
from causalpp.crosscheck.directions.carried import Told
from causalpp.crosscheck.directions.scores import NETWORKS
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles import RecordedOracle
from causalpp.propositions import DirectlyCauses

__all__ = ["METHODS", "PROMPTS", "Loop", "bits_over_half", "loop", "open_edges", "true_directions"]

#: Prompts that a loop may put, for each variable.
PROMPTS = 4
_SURE = 0.95
_LEAST = 2.0**-40  # a probability below is shown as this

#: Method → its name: the first asks for directions, the others for words.
METHODS: Mapping[str, str] = {
    "potentials": "Potentials",
    "agnostic": "Agnostic",
    "learned": "Learned",
    "fixed": "Fixed(0.1)",
    "published": "published preset",
}
_IN_WORDS: Mapping[str, Callable[[], AcboConfig]] = {
    "agnostic": AcboConfig,
    "learned": lambda: AcboConfig(channel=Learned()),
    "fixed": lambda: AcboConfig(channel=Fixed(0.1)),
    "published": AcboConfig.published,
}


@dataclass(frozen=True)
class Loop:
    """How one loop ended.

    Attributes:
        network, method: about which network, and how.
        members: of the class.
        questions, prompts: that it took.
        probability: of the true member at the end.
        bits: log₂ of that over 1/members.
        confidence: of the most probable graph.
        claimed: whether the loop ended with a graph as found, at the confidence of .95.
        right: whether the most probable graph is the true one.
        edges, edges_right: edges that observation leaves open of which a direction has probability .95 at the end, and
            how many of these directions are right.
        edge_bits: mean over the open edges of log₂ P(true direction) over one half.
        class_bits: the same for the class alone, before any answer.
        stopped: why it ended.
    """

    network: str
    method: str
    members: int
    questions: int
    prompts: int
    probability: float
    bits: float
    confidence: float
    claimed: bool
    right: bool
    edges: int
    edges_right: int
    edge_bits: float
    class_bits: float
    stopped: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        found: dict[str, Any] = plain(self.__dict__, finite=True)
        return found


def loop(
    network: str,
    dag: Dag,
    oracle: RecordedOracle,
    method: str,
    others: list[Told],
    *,
    mec: MarkovEquivalenceClass | None = None,
    seed: int = 0,
) -> Loop:
    """Run one loop on a network: with directions at most :data:`PROMPTS` prompts a variable, with words its own budget.

    Args:
        network: its name.
        dag: the true graph.
        oracle: the recorded answers about it.
        method: one of :data:`METHODS`.
        others: the other networks and the answers about them, which teach the prior of the model if they are four.
        mec: the class of the graph, where it is known already.
        seed: of the choice among equally good questions.
    """
    mec = MarkovEquivalenceClass.from_dag(dag) if mec is None else mec
    if method == "potentials":
        most = PROMPTS * len(dag.observed) // (2 * len(oracle.prompts))
        enough = len(others) >= NETWORKS  # a prior of one or two networks is sure of itself, and wrong
        channel = Potentials(prior=PotentialsPrior.fit(others)) if enough else Potentials()
        result = discover(mec, oracle, channel=channel, kinds=("Direction",), max_questions=most, seed=seed)
    else:
        result = discover(mec, oracle, config=_IN_WORDS[method](), kinds=("Causes",), seed=seed)
    return _ended(network, dag, method, mec, result)


def _ended(network: str, dag: Dag, method: str, mec: MarkovEquivalenceClass, result: Result) -> Loop:
    belief = result.belief
    graphs: DagBatch = belief.candidates
    true = DagBatch.from_dags([Dag(graphs.nodes, dag.edges)]).adjacency
    probability = float(belief.probabilities[(graphs.adjacency == true).all(-1).all(-1)].sum())
    open_ = open_edges(mec, dag)
    after, before = (true_directions(graphs, p, open_) for p in (belief.probabilities, torch.ones(len(graphs))))
    return Loop(
        network, method, mec.size, len(result.transcript), sum(step.answer.prompts for step in result.transcript),
        probability, math.log2(max(probability, _LEAST) * mec.size), belief.confidence,
        result.stopped_because == REACHED, result.graph == dag,
        sum(max(p, 1 - p) >= _SURE for p in after), sum(p >= _SURE for p in after),
        bits_over_half(after), bits_over_half(before), result.stopped_because,
    )  # fmt: skip


def open_edges(mec: MarkovEquivalenceClass, dag: Dag) -> list[tuple[str, str]]:
    """The edges of a graph that its class leaves open, as they point."""
    undirected = {frozenset(edge) for edge in mec.cpdag.undirected}
    return sorted(edge for edge in dag.edges if frozenset(edge) in undirected)


def true_directions(graphs: DagBatch, weights: Tensor, edges: Sequence[tuple[str, str]]) -> list[float]:
    """The probability of each edge's direction under weighted graphs."""
    shares = (weights / weights.sum()).to(torch.float64)
    return [float(shares @ DirectlyCauses(a, b).holds(graphs).to(shares.dtype)) for a, b in edges]


def bits_over_half(probabilities: Sequence[float]) -> float:
    """The mean of log₂ of twice some probabilities of what is true; nan where there are none."""
    bits = [math.log2(2 * max(p, _LEAST)) for p in probabilities]
    return sum(bits) / len(bits) if bits else math.nan
