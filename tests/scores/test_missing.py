"""Missing values: what is drawn in their place, and scores that are means over the draws."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from causalpp import DagPosterior, MarkovEquivalenceClass, scores
from causalpp._bits import masks_of
from causalpp.errors import IncompleteDataWarning, InvalidData, InvalidParameter
from causalpp.graphs import Dag, all_dags
from causalpp.scores.missing import imputed
from tests.scores.test_local_scores import class_of, columns

FEW = pytest.mark.filterwarnings("ignore::causalpp.errors.IncompleteDataWarning")


def with_gaps(frame: pd.DataFrame, share: float, seed: int = 0, by_first: bool = False) -> pd.DataFrame:
    """Values gone at random; or, of all columns but the first, oftener where the first is high."""
    rng = np.random.default_rng(seed)
    gone = rng.random(frame.shape) < share
    if by_first:
        first = pd.Series(pd.factorize(frame.iloc[:, 0], sort=True)[0]).rank(pct=True).to_numpy()
        gone = rng.random(frame.shape) < 2 * share * first[:, None]
        gone[:, 0] = False
    gone[gone.all(1), 0] = False
    return frame.mask(gone)


def test_real_values_are_drawn_from_their_regression() -> None:
    """y = 2x + e, missing where x is high: the mean over draws is what least squares on the rest predicts there."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    frame = pd.DataFrame({"x": x, "y": 2 * x + rng.normal(size=2000)})
    seen = frame.assign(y=frame["y"].where(x < 0.5))
    gone = seen["y"].isna().to_numpy()
    tables = imputed(scores.read_table(seen), draws=12)
    drawn = np.array([table.values[gone, 1] for table in tables])
    for table in tables:
        np.testing.assert_array_equal(table.values[~gone], seen.to_numpy()[~gone])
    slope, constant = np.polyfit(x[~gone], frame["y"][~gone], 1)
    predicted = slope * x[gone] + constant
    # the mean over draws and rows: 12 draws of a line whose error at x is below .08, of 600 rows with an error of 1
    assert abs((drawn - predicted).mean()) < 4 * (0.08 + 1 / math.sqrt(600)) / math.sqrt(12)
    assert (drawn - predicted).std() == pytest.approx(1, abs=0.1)


def test_states_are_drawn_from_what_the_others_tell() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 2000)
    b = np.where(rng.random(2000) < 0.9, a, 1 - a)
    frame = pd.DataFrame({"a": a.astype(str), "b": b.astype(str)})
    gone = rng.random(2000) < 0.3
    tables = imputed(scores.read_table(frame.assign(b=frame["b"].mask(gone))), draws=12)
    for table in tables:
        share = (table.values[gone, 1] == a[gone]).mean()  # .9, give or take 600 draws, and a rate from 1,400 rows
        assert abs(share - 0.9) < 5 * math.sqrt(0.09 / 600 + 0.09 / 1400)


@FEW
@pytest.mark.parametrize(("kinds", "name"), [("rrrr", "bge"), ("rrrr", "bic"), ("dddd", "bdeu")])
def test_members_of_a_class_keep_one_score(kinds: str, name: str) -> None:
    frame = with_gaps(columns(np.random.default_rng(0), 80, kinds), 0.2)
    score = scores.local_score(scores.read_table(frame), name, missing="impute")
    found: dict[object, list[float]] = {}
    for dag in all_dags(4).adjacency.numpy():
        found.setdefault(class_of(dag), []).append(score.total(masks_of(dag.T)))
    for values in found.values():
        np.testing.assert_allclose(values, values[0], atol=1e-7)
    again = scores.local_score(scores.read_table(frame), name, missing="impute")
    parts = scores.Averaged([scores.SCORES[name](t) for t in imputed(scores.read_table(frame))])
    for other in (again, parts):
        assert other.of(0, 0b110) == pytest.approx(score.of(0, 0b110), abs=1e-9)
        np.testing.assert_allclose(other.gains(1, 0b1), score.gains(1, 0b1), atol=1e-7)


def test_who_was_set_goes_with_it() -> None:
    """Rows in which a variable was set do not enter its score, and have a law of their own."""
    frame = columns(np.random.default_rng(0), 90, "rrr")
    who = ["v0"] * 45 + [None] * 45
    frame.loc[:44, "v0"] = np.random.default_rng(1).normal(50, 1, 45)
    gaps = frame.mask(np.random.default_rng(2).random(frame.shape) < 0.1)
    with pytest.warns(IncompleteDataWarning, match="a mean over draws"):
        posterior = DagPosterior.from_data(gaps, interventions=who, missing="impute", progress=False)
    assert posterior.learned["missing"] == "impute"
    assert "rows_used" not in posterior.learned
    assert posterior.to_dict()["log_marginal_likelihood"] is None
    with pytest.raises(InvalidParameter, match="a bound"):
        posterior.log_marginal_likelihood  # noqa: B018
    score = scores.local_score(scores.read_table(gaps), "bge", interventions=who, missing="impute")
    assert score.set_somewhere == (0,)
    assert score.part(0).rows == 45
    for table in imputed(scores.read_table(gaps), np.array([[k < 45, False, False] for k in range(90)])):
        assert table.values[:45, 0].min() > 40
        assert table.values[45:, 0].max() < 20


def test_what_is_not_drawn() -> None:
    frame = with_gaps(columns(np.random.default_rng(0), 60, "rdrd"), 0.2)
    with pytest.raises(InvalidData, match="of both kinds"):
        DagPosterior.from_data(frame, missing="impute", progress=False)
    with pytest.raises(InvalidParameter, match="'complete' or 'impute', got 'drop'"):
        DagPosterior.from_data(frame, missing="drop")
    with pytest.raises(InvalidParameter, match="takes no score"):
        MarkovEquivalenceClass.from_data(frame, "pc", missing="impute")
    real = columns(np.random.default_rng(0), 60, "rrr")
    found = MarkovEquivalenceClass.from_data(with_gaps(real, 0.2), "ges", missing="impute")
    assert found.learned["missing"] == "impute"
    whole = DagPosterior.from_data(real, missing="impute", progress=False)  # where nothing is missing nothing is drawn
    assert "missing" not in whole.learned
    assert whole.log_marginal_likelihood == DagPosterior.from_data(real, progress=False).log_marginal_likelihood


def bits(posterior: DagPosterior, truth: Dag) -> float:
    """What the posterior leaves unknown of a pair of the truth, on average."""
    p, right, total = posterior.edges.numpy(), set(truth.edges), 0.0
    nodes = posterior.nodes
    for j in range(len(nodes)):
        for i in range(j):
            if (nodes[i], nodes[j]) in right:
                chosen = p[i, j]
            else:
                chosen = p[j, i] if (nodes[j], nodes[i]) in right else 1 - p[i, j] - p[j, i]
            total -= math.log2(max(float(chosen), 1e-6))
    return total / (len(nodes) * (len(nodes) - 1) / 2)


@pytest.mark.slow
@FEW
@pytest.mark.parametrize("kind", ["numbers", "states"])
@pytest.mark.parametrize("by_first", [False, True], ids=["completely at random", "by the first column"])
def test_drawn_beside_complete_rows(kind: str, by_first: bool) -> None:
    """Of 40 data sets of 300 rows with a known graph: drawing leaves less unknown of a pair than complete rows do.

    The prior of tables is worth the same in all three, one row: how much it is worth is another question.
    """
    unknown: dict[str, list[float]] = {"whole": [], "complete": [], "impute": []}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        if kind == "numbers":
            edges = [(i, j) for j in range(5) for i in range(j) if rng.random() < 0.4]
            values = rng.normal(size=(300, 5))
            for i, j in sorted(edges, key=lambda edge: edge[1]):
                values[:, j] += rng.uniform(0.3, 0.8) * rng.choice([-1, 1]) * values[:, i]
            names = [f"v{k}" for k in range(5)]
            truth, frame = Dag(names, [(names[i], names[j]) for i, j in edges]), pd.DataFrame(values, columns=names)
        else:
            truth = Dag(["a", "b", "c", "d"], [("a", "b"), ("b", "c"), ("d", "c")])
            a, d = rng.integers(0, 2, 300), rng.integers(0, 2, 300)
            b = np.where(rng.random(300) < 0.8, a, 1 - a)
            c = (rng.random(300) < np.array([[0.1, 0.5], [0.6, 0.9]])[b, d]).astype(int)
            frame = pd.DataFrame({"a": a, "b": b, "c": c, "d": d}).astype(str)
        gaps = with_gaps(frame, 0.2, seed, by_first)
        alike: Any = {"progress": False}
        alike |= {"hyperparameters": {"equivalent_sample_size": 1.0}} if kind == "states" else {}
        unknown["whole"].append(bits(DagPosterior.from_data(frame, **alike), truth))
        for missing in ("complete", "impute"):
            found = DagPosterior.from_data(gaps, missing=missing, **alike)
            unknown[missing].append(bits(found, truth))
    means = ", ".join(f"{name} {np.mean(values):.3f}" for name, values in unknown.items())
    sys.stdout.write(f"\n{kind}, {'missing by the first column' if by_first else 'missing anyhow'}: {means}\n")
    gain = np.array(unknown["complete"]) - unknown["impute"]
    assert gain.mean() > 0
    assert np.mean(unknown["whole"]) < np.mean(unknown["impute"])
