"""Recorded answers of a real model beside rows of the same network: as stated odds in the prior, or under a channel.

Discrete rows are simulated from the network; what the model said of all pairs was recorded.  Printed is the mean
log-probability of the true graph (natural logarithm): by the data alone, with the model's direction log-odds as odds of
edges (:func:`causalpp.oracles.edge_prior`, at several weights), and with the same answers under ``Potentials``.

    cd speed; python odds.py --rows 200 1000 --runs 5
"""

from __future__ import annotations

import argparse

import numpy as np

import causalpp as cpp
from causalpp.belief import Potentials
from causalpp.oracles import edge_prior
from causalpp.posterior import DagPosterior

PAIRS = [(model, name) for model in ("qwen2.5-coder-1.5b", "smollm2-135m") for name in ("cancer", "survey")]
WEIGHTS = (0.1, 0.3, 1.0)


def log_score(belief: object, dag: cpp.Dag, start: DagPosterior) -> float:
    """The logarithm of the probability of the truth: after the data, and then after the answers."""
    batch = cpp.DagBatch.from_dags([dag], nodes=belief.nodes)
    if not isinstance(belief, cpp.Belief):
        own = cpp.Belief.uniform(batch, belief.channel).update(belief.answers).log_marginal_likelihood
        return float(start.inference.log_probability(batch)[0]) + own - belief.log_marginal_likelihood
    same = (belief.candidates.adjacency == batch.adjacency).flatten(1).all(1)
    return float(np.log(max(float(belief.probabilities[same].sum()), 1e-300)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    print("| model | network | rows | data alone | " + " | ".join(f"odds × {w:g}" for w in WEIGHTS) + " | channel |")
    print("|---|---|---|---|" + "---|" * len(WEIGHTS) + "---|")
    for model, name in PAIRS:
        net = cpp.load_network(name)
        oracle = cpp.RecordedOracle(model, network=name, prompts=("short",), dag=net.dag)
        nodes = net.dag.nodes
        answers = oracle.ask([cpp.Direction(a, b) for k, a in enumerate(nodes) for b in nodes[k + 1 :]])
        for rows in given.rows:
            scores: list[list[float]] = []
            for run in range(50 * given.runs):
                frame = net.simulate(rows, seed=run)[list(nodes)]
                if len(scores) == given.runs or frame.nunique().min() < 2:  # a constant column says nothing
                    continue
                truth = cpp.DagBatch.from_dags([net.dag], nodes=nodes)
                alone = DagPosterior.from_data(frame, progress=False)
                of = [float(alone.inference.log_probability(truth)[0])]
                for weight in WEIGHTS:
                    prior = edge_prior(answers, weight=weight)
                    joined = DagPosterior.from_data(frame, structure_prior=prior, progress=False)
                    of.append(float(joined.inference.log_probability(truth)[0]))
                session = cpp.Session(alone, channel=Potentials(), seed=run)
                session.tell(answers)
                of.append(log_score(session.belief, net.dag, alone))
                scores.append(of)
            mean = np.mean(scores, axis=0)
            print(f"| {model} | {name} | {rows} | " + " | ".join(f"{value:.1f}" for value in mean) + " |", flush=True)


if __name__ == "__main__":
    main()
