"""The weight of the tables' prior that is taken where nobody says one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp.posterior import DagPosterior
from causalpp.posterior.before import WEIGHTS, prior_weight
from causalpp.scores import StructurePrior, Table


def drawn(weight: float, rows: int, seed: int) -> pd.DataFrame:
    """a → b → c ← a, every table drawn from a Dirichlet prior worth so many rows."""
    draw = np.random.default_rng(seed)
    a = (draw.random(rows) < draw.beta(weight / 2, weight / 2)).astype(int)
    b = (draw.random(rows) < draw.beta(weight / 4, weight / 4, 2)[a]).astype(int)
    c = (draw.random(rows) < draw.beta(weight / 8, weight / 8, 4)[2 * a + b]).astype(int)
    return pd.DataFrame({"a": a, "b": b, "c": c})


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"interventions": [None, "b", ("a", "c")] * 100},
        {"structure_prior": StructurePrior(-2.0, {("a", "b"): 3.0})},
        {"max_parents": 1, "knowledge": cpp.Knowledge(required=[("a", "c")], forbidden=[("b", "a")])},
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_one_under_which_the_rows_are_most_probable(seed: int, told: dict[str, Any]) -> None:
    frame = drawn(WEIGHTS[seed], 300, seed)
    each = {
        weight: DagPosterior.from_data(frame, hyperparameters={"equivalent_sample_size": weight}, **told)
        for weight in WEIGHTS
    }
    best = max(WEIGHTS, key=lambda weight: each[weight].log_marginal_likelihood)
    found = DagPosterior.from_data(frame, **told)
    assert found.learned["hyperparameters"] == {"equivalent_sample_size": best}
    assert found.log_marginal_likelihood == each[best].log_marginal_likelihood


def test_it_follows_the_tables_from_which_rows_were_drawn() -> None:
    small, large = ([prior_weight(Table.of(drawn(w, 400, seed))) for seed in range(12)] for w in (1.0, 16.0))
    assert np.mean(small) < 4 < 10 < np.mean(large)


def test_more_than_six_columns_are_taken_six_at_a_time() -> None:
    parts = [drawn(16.0, 300, seed).rename(columns=lambda name, k=seed: f"{name}{k}") for seed in range(4)]
    assert prior_weight(Table.of(pd.concat(parts, axis=1))) in (8.0, 16.0)


def test_a_weight_that_is_given_is_kept() -> None:
    found = DagPosterior.from_data(drawn(16.0, 300, 0), hyperparameters={"equivalent_sample_size": 3})
    assert found.learned["hyperparameters"] == {"equivalent_sample_size": 3}
