"""What data, an oracle and both say of a graph: the log score of the truth after so many questions.

Random linear-Gaussian programs over ten variables, an oracle that errs with probability 0.15.  Beside the joint run
stand the data alone (no questions), and the loop on the class that GES finds in the same rows (a truth that is no
member of it counts as if it had the probability 10⁻⁶).

    python speed/joined.py --runs 24 --rows 200
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import pandas as pd

import causalpp as cpp
from causalpp.belief import Fixed
from causalpp.errors import CausalppError
from causalpp.posterior import DagPosterior

ERROR, ASKED, MISSED = 0.15, (0, 5, 10, 20), 1e-6


def program(d: int, rows: int, draw: np.random.Generator) -> tuple[cpp.Dag, pd.DataFrame]:
    """A random Dag with two neighbours a variable on average, and rows."""
    names, order, values = [f"x{i}" for i in range(d)], draw.permutation(d), np.zeros((rows, d))
    edges = []
    for k, v in enumerate(order):
        parents = [u for u in order[:k] if draw.random() < 2 / (d - 1)]
        edges += [(names[u], names[v]) for u in parents]
        values[:, v] = draw.normal(size=rows)
        for u in parents:
            values[:, v] += draw.uniform(0.4, 1) * draw.choice([-1, 1]) * values[:, u]
    return cpp.Dag(names, edges), pd.DataFrame(values, columns=names)


def log_score(belief: object, dag: cpp.Dag, posterior: DagPosterior | None) -> float:
    """The logarithm of the probability of the truth."""
    batch = cpp.DagBatch.from_dags([dag], nodes=belief.nodes)
    if posterior is not None:
        own = cpp.Belief.uniform(batch, belief.channel).update(belief.answers).log_marginal_likelihood
        return float(posterior.inference.log_probability(batch)[0]) + own - belief.log_marginal_likelihood
    same = (belief.candidates.adjacency == batch.adjacency).flatten(1).all(1)
    return math.log(max(float(belief.probabilities[same].sum()), MISSED))


def shd(belief: object, dag: cpp.Dag) -> float:
    """The expected number of pairs that are joined otherwise than in the truth."""
    p = belief.edges.numpy()
    truth = cpp.DagBatch.from_dags([dag], nodes=belief.nodes).adjacency[0].numpy()
    right = np.where(truth, p, np.where(truth.T, p.T, 1 - p - p.T))
    return float((1 - right)[np.triu_indices(len(p), 1)].sum())


def main() -> None:
    """Print the mean scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=24)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--variables", type=int, default=10)
    options = parser.parse_args()
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for run in range(options.runs):
        draw = np.random.default_rng(run)
        dag, frame = program(options.variables, options.rows, draw)
        posterior = DagPosterior.from_data(frame)
        try:
            learned = cpp.MarkovEquivalenceClass.from_data(frame, method="ges")
        except CausalppError:
            continue
        for name, start in (("joint", posterior), ("GES class", learned)):
            oracle = cpp.SimulatedOracle(dag, cpp.noise.Symmetric(ERROR), seed=run)
            session = cpp.Session(start, channel=Fixed(ERROR), confidence=0.9999, seed=run, max_questions=max(ASKED))
            for asked in range(max(ASKED) + 1):
                if asked in ASKED:
                    belief = session.result().belief
                    score = log_score(belief, dag, posterior if name == "joint" else None)
                    found.setdefault((name, asked), []).append((score, shd(belief, dag)))
                if (question := session.ask()) is not None:
                    session.tell(oracle.ask(question))
    print(f"{'':12}{'questions':>10}{'log score':>12}{'expected SHD':>14}{'runs':>6}")
    for (name, asked), values in sorted(found.items()):
        score, distance = np.mean(values, 0)
        print(f"{name:12}{asked:10}{score:12.2f}{distance:14.2f}{len(values):6}")


if __name__ == "__main__":
    main()
