"""A-CBO in a hundred lines: enumerate, ask, update, stop, compile, do.

To be read from top to bottom.  A graph is a frozenset of edges; data are columns of small whole numbers.  What it does,
the library does too, with care for speed, scale and unknown reliability; ``tests/test_miniature.py`` compares them.
"""

from itertools import permutations, product

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from scipy.special import entr

# --- enumerate: the graphs that no amount of observation tells apart ----------------------------------------------


def causes(graph, a, b):
    """Whether a directed path leads from a to b: the meaning of the question "does a cause b?"."""
    return any(x == a and (y == b or causes(graph, y, b)) for x, y in graph)


def colliders(graph):
    """Pairs of parents that are not joined, with their child: what observation sees of directions."""
    joined = {frozenset(edge) for edge in graph}
    return {(frozenset((a, b)), c) for a, c in graph for b, d in graph if c == d and a != b} - {
        (pair, c) for pair in joined for _, c in graph
    }


def acyclic(graph):
    """Whether edges into variables without children can be taken away until none is left."""
    while graph:
        rest = {(a, b) for a, b in graph if b in {start for start, _ in graph}}
        if rest == graph:
            return False
        graph = rest
    return True


def members(graph):
    """The Markov equivalence class: same adjacencies, same colliders, no cycle (Verma & Pearl 1990)."""
    ways = map(frozenset, product(*[((a, b), (b, a)) for a, b in sorted(graph)]))
    return [g for g in ways if acyclic(g) and colliders(g) == colliders(graph)]


# --- ask and update: the question that tells most, and Bayes' rule ---------------------------------------------------


def entropy(p):
    """Bits of uncertainty about a yes that has probability p."""
    return (entr(p) + entr(1 - p)) / np.log(2)


def discover(graphs, names, ask, error=0.1, confidence=0.95, most=200, seed=0):
    """Ask ``ask(a, b)``, wrong with probability ``error``, until one graph is probable enough."""
    draw, questions = np.random.default_rng(seed), list(permutations(names, 2))
    truth = np.array([[causes(g, a, b) for a, b in questions] for g in graphs])  # the true answers, graph by graph
    yes = np.where(truth, 1 - error, error)  # P(yes | graph)
    belief, asked, transcript = np.full(len(graphs), 1 / len(graphs)), np.zeros(len(questions)), []
    while belief.max() < confidence and len(transcript) < most:
        gain = entropy(belief @ yes) - belief @ entropy(yes)  # mutual information of graph and answer
        best = gain >= gain.max() - 1e-9  # among equals, one that was asked least
        best &= asked == asked[best].min()
        q = int(draw.choice(np.flatnonzero(best)))
        answer = ask(*questions[q])
        asked[q] += 1
        belief = belief * (yes[:, q] if answer else 1 - yes[:, q])  # Bayes' rule
        belief /= belief.sum()
        transcript.append((questions[q], answer))
    return graphs[int(belief.argmax())], belief, transcript


# --- compile and do: the graph as a Pyro program ---------------------------------------------------------------------


def compile(graph, names, data):  # noqa: A001
    """The graph as a Pyro model: every variable is drawn from a table, fitted by counting, given its parents."""
    order = sorted(names, key=lambda v: sum(causes(graph, u, v) for u in names))  # causes first
    parents = {v: sorted(a for a, b in graph if b == v) for v in names}
    states = {v: int(data[v].max()) + 1 for v in names}
    tables = {v: np.ones([states[u] for u in parents[v]] + [states[v]]) for v in names}  # one imagined row a cell
    for v in names:
        np.add.at(tables[v], tuple(data[u] for u in [*parents[v], v]), 1)

    def model(n):
        value = {}
        with pyro.plate("rows", n):
            for v in order:
                row = torch.as_tensor(tables[v] / tables[v].sum(-1, keepdims=True))[tuple(value[u] for u in parents[v])]
                value[v] = pyro.sample(v, dist.Categorical(row)).expand(n)
        return value

    return model


def effect(model, treatment, outcome, n=100_000):
    """P(outcome = 1) under do(treatment = 1) less the same under do(treatment = 0)."""
    one, zero = (pyro.do(model, data={treatment: torch.tensor(t)})(n)[outcome] == 1 for t in (1, 0))
    return float(one.double().mean() - zero.double().mean())
