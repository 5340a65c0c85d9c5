#!/usr/bin/env bash
# causal-learn 0.1.4.8: local_score_BDeu is not the BDeu score alone.
#
# Expected: lgamma ratios of the counts (Heckerman, Geiger & Chickering 1995), so that with four columns the score of a
#           family equals the closed form, whatever the number of parents.
# Seen:     the log of a structure prior comes with it, in which each of the other columns is a parent with probability
#           1 / (d - 1); for four columns every parent costs log 2 more. Scores from here and from a library that says
#           "BDeu" too cannot be compared, and a posterior made of them has a prior nobody asked for.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check causal-learn==0.1.4.8 numpy==2.2.6 scipy==1.15.3 pandas==2.3.3
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version
from math import isclose, log

import numpy as np
from causallearn.score.LocalScoreFunction import local_score_BDeu
from scipy.special import gammaln

print("causal-learn", version("causal-learn"))
rng = np.random.default_rng(0)
data = rng.integers(0, 2, size=(200, 4))


def closed_form(child, parents):
    strata = 2 ** len(parents)
    stratum = np.zeros(len(data), dtype=int)
    for parent in parents:
        stratum = 2 * stratum + data[:, parent]
    counts = np.zeros((strata, 2))
    np.add.at(counts, (stratum, data[:, child]), 1)
    row, cell = 1 / strata, 1 / strata / 2
    return float((gammaln(row) - gammaln(row + counts.sum(1))).sum() + (gammaln(cell + counts) - gammaln(cell)).sum())


excess = []
for parents in ([], [0], [0, 2], [0, 2, 3]):
    theirs, ours = float(local_score_BDeu(data, 1, parents)), closed_form(1, parents)
    excess.append(theirs - ours)
    print(f"parents {parents}: expected {ours:.4f}, seen {theirs:.4f}, difference {excess[-1]:+.4f}")
assert all(isclose(b - a, -log(2), abs_tol=1e-9) for a, b in zip(excess, excess[1:])), "the score has changed"
assert isclose(excess[0], 3 * log(2 / 3), abs_tol=1e-9), "the prior has changed"
print("as described: every parent costs log 2, and no parent at all costs 3 log 3/2")
PYTHON
