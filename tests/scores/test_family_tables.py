"""The table of all families: whoever makes it, and what it can do without."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalpp.errors import InvalidParameter
from causalpp.graphs import all_dags
from causalpp.scores import BDeu, BGe, ConditionalGaussian, StructurePrior, family_scores, pruned
from tests.scores.test_local_scores import columns


@pytest.mark.parametrize(("kinds", "make"), [("rrrr", BGe), ("dddd", BDeu), ("rdrd", ConditionalGaussian)])
@pytest.mark.parametrize("nats", [0.0, 0.5, 3.0])
def test_what_is_left_out_is_no_more_than_the_bound(kinds: str, make, nats: float) -> None:
    """All 543 Dags, with a prior and with rows in which a variable was set: the best stay, and the mass is bounded."""
    score = make(columns(np.random.default_rng(5), 60, kinds), interventions=["v1"] * 20 + [None] * 40)
    prior = StructurePrior(-0.5, {("v0", "v2"): 2.0}).table(score.names)
    table = family_scores(score) + prior
    table[3, [0b000, 0b001]] = -np.inf  # v1 or v2 has to be a parent of v3
    small, bound = pruned(table, nats)
    dags = all_dags(4).adjacency.numpy()
    masks = (dags.astype(np.int64) << np.arange(4)[:, None]).sum(1)
    whole, left = (t[np.arange(4), masks].sum(1) for t in (table, small))
    p = np.exp(whole - np.logaddexp.reduce(whole))
    assert left.max() == whole.max()
    gone = (left == -np.inf) & (whole > -np.inf)
    assert gone.any()
    assert p[gone].sum() <= bound
    if nats:
        assert bound <= pruned(table, 0.0)[1]
    with pytest.raises(InvalidParameter, match="from 0 on"):
        pruned(table, -1.0)


@pytest.mark.slow
def test_several_processes_make_the_same_table() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 15)), columns=[f"v{k}" for k in range(15)])
    np.testing.assert_array_equal(family_scores(BGe(frame)), family_scores(BGe(frame), processes=2))
