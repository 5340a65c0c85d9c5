"""Speed and quality of learning from data beside causal-learn; run with ``pytest speed``."""

from __future__ import annotations

import contextlib
import io
import math
import time
import warnings

import numpy as np
import pandas as pd
import pytest

from causalpp import Knowledge
from causalpp._bits import masks_of
from causalpp.equivalence.learning import discovery
from causalpp.graphs.cpdag import extension
from causalpp.scores import BIC, StructurePrior, local_score, read_table

DISCRETE, REAL = "discrete", "real"


def network(kind, rows, d, seed=0, density=0.25):
    """Rows of a sparse network: each variable has some of the six before it as parents."""
    rng = np.random.default_rng(seed)
    values = np.zeros((rows, d))
    for k in range(d):
        parents = [p for p in range(max(0, k - 6), k) if rng.random() < density]
        pull = values[:, parents] @ rng.uniform(0.4, 1.0, len(parents))
        if kind == REAL:
            values[:, k] = pull + rng.normal(size=rows)
        else:
            values[:, k] = rng.random(rows) < 1 / (1 + np.exp(-2 * (pull - 0.35 * len(parents))))
    frame = pd.DataFrame(values, columns=[f"v{k}" for k in range(d)])
    return frame if kind == REAL else frame.astype(int)


@pytest.fixture(scope="module", params=[REAL, DISCRETE])
def small(request):
    """2,000 rows of 12 variables: what causal-learn's GES does in seconds."""
    return network(request.param, 2_000, 12)


def group(benchmark, name, request):
    benchmark.group = f"{name}, {request.node.callspec.id}"


def test_ges(benchmark, small, request):
    group(benchmark, "GES, 2,000 rows of 12 variables", request)
    benchmark.pedantic(lambda: discovery.learn(small, "ges"), rounds=3, warmup_rounds=1)


def test_ges_by_causal_learn(benchmark, small, request):
    from causallearn.search.ScoreBased.GES import ges

    group(benchmark, "GES, 2,000 rows of 12 variables", request)
    benchmark.extra_info["peer"] = True
    name = "local_score_BIC" if (small % 1 != 0).any().any() else "local_score_BDeu"
    values = small.to_numpy(dtype=float)

    def run():
        with contextlib.redirect_stdout(io.StringIO()):
            return ges(values, name)["G"].graph

    theirs = benchmark.pedantic(run, rounds=1)
    hidden = -math.log(small.shape[1] - 2) if name == "local_score_BDeu" else 0.0  # the prior in their score
    ours = discovery.learn(small, "ges", structure_prior=StructurePrior(hidden))[0].matrix
    assert np.array_equal(ours, (theirs == -1) & ((theirs.T == 1) | (theirs.T == -1)))


def test_boss_beside_flopsearch(benchmark):
    """Five networks of 20 variables, 1,000 rows: at most twice the time of FLOP with 50 restarts, no lower a score."""
    flopsearch = pytest.importorskip("flopsearch")
    frames = [network(REAL, 1_000, 20, seed) for seed in range(5)]
    discovery.learn(frames[0], "boss")
    spent, found = [0.0, 0.0], []

    def run():
        for frame in frames:
            before = time.process_time()
            theirs = flopsearch.flop(frame.to_numpy(), 2.0, restarts=50)
            between = time.process_time()
            ours = discovery.learn(frame, "boss", progress=False)[1]["score"]
            spent[0] += between - before
            spent[1] += time.process_time() - between
            found.append((ours, BIC(frame).total(masks_of(extension((theirs == 1) | (theirs == 2)).T))))

    benchmark.pedantic(run, rounds=1)
    benchmark.extra_info.update(ratio=spent[1] / spent[0])
    assert all(ours > theirs - 1e-6 for ours, theirs in found), found
    assert spent[1] < 2 * spent[0], spent


WIDE = "100,000 rows of 60 variables"


@pytest.fixture(scope="module", params=[REAL, DISCRETE])
def wide(request):
    return network(request.param, 100_000, 60)


@pytest.mark.parametrize("method", ["pc", "ges", "boss", "grasp"])
def test_a_wide_table(benchmark, wide, method, request):
    """Beside the first part of causal-learn's GES on the same rows: the scores of adding each first edge."""
    benchmark.group = f"{WIDE}, {request.node.callspec.params['wide']}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        benchmark.pedantic(lambda: discovery.learn(wide, method), rounds=1)


def test_first_edges_by_causal_learns_scores(benchmark, wide, request):
    from causallearn.score.LocalScoreFunction import local_score_BDeu, local_score_BIC

    benchmark.group = f"{WIDE}, {request.node.callspec.params['wide']}"
    benchmark.extra_info.update(peer=True, items=30 / (60 * 59))  # so many of the families a search begins with
    values = wide.to_numpy(dtype=float)
    score = local_score_BIC if (wide % 1 != 0).any().any() else local_score_BDeu
    benchmark.pedantic(lambda: [score(values, k, [k + 1]) for k in range(30)], rounds=1)


# --- quality --------------------------------------------------------------------------------------


def draw(rng):
    """A random network's rows, and knowledge that was not made to fit them."""
    d, rows = int(rng.integers(3, 7)), int(rng.choice([500, 2_000, 4_000]))
    frame = network(REAL if rng.random() < 0.5 else DISCRETE, rows, d, int(rng.integers(1 << 30)), density=0.6)
    names = list(rng.permutation(frame.columns))
    pairs = [(a, b) for a in names for b in names if a != b]
    kind = int(rng.integers(3))
    if kind == 0:
        cut = int(rng.integers(1, d))
        return frame, Knowledge(tiers=[names[:cut], names[cut:]])
    some = [pairs[k] for k in rng.choice(len(pairs), size=int(rng.integers(1, 1 + len(pairs) // 2)), replace=False)]
    if kind == 1:
        return frame, Knowledge(forbidden=some)
    place = {name: k for k, name in enumerate(names)}
    return frame, Knowledge(required=[(a, b) for a, b in some[:3] if place[a] < place[b]])


@pytest.mark.parametrize("method", ["ges", "boss", "grasp"])
def test_the_share_far_from_the_best_under_random_knowledge(benchmark, method):
    """Of 300 draws, fewer than one in a hundred is more than 50 nats below the exact optimum."""
    far = []

    def run():
        for seed in range(300):
            frame, known = draw(np.random.default_rng([17, seed]))
            best = discovery.learn(frame, "exact", knowledge=known)[1]["score"]
            found = discovery.learn(frame, method, knowledge=known)[1]["score"]
            assert found < best + 1e-6
            far.extend([seed] * (best - found > 50))

    benchmark.pedantic(run, rounds=1)
    benchmark.extra_info["far"] = len(far)
    assert len(far) < 3, far


def test_scores_of_all_candidates_at_once(benchmark, wide):
    """How long one column's gains take, for the next who changes how they are computed."""
    table = read_table(wide)
    benchmark.pedantic(lambda score: score.gains(30, 0b111 << 27), setup=lambda: ((local_score(table),), {}), rounds=5)
