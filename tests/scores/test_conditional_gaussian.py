"""The conditional Gaussian score against the product over cells of one-row-after-the-other predictions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from causalpp import DagPosterior, MarkovEquivalenceClass, errors, scores
from causalpp._bits import bits, masks_of
from causalpp.graphs import all_dags
from tests.scores.test_local_scores import class_of, columns


def mixed(n: int, seed: int = 0) -> pd.DataFrame:
    """Two columns with states and two of numbers, whose laws differ between the states."""
    rng = np.random.default_rng(seed)
    a, c = rng.integers(0, 2, n), rng.integers(0, 3, n)
    b = rng.normal(size=n) * (1 + a) + c
    d = rng.normal(size=n) + b * np.array([1.0, -1.0])[a]
    return pd.DataFrame({"a": a.astype(str), "b": b, "c": c.astype(str), "d": 5 + 3 * d})


def predicted(frame: pd.DataFrame, states: list[str], numbers: list[str], size: float, mu: float, w: float, t: float):
    """Row after row: the joint state by Pólya's urn, the numbers by the multivariate t of the rows in the same cell."""
    everything = [k for k in frame if frame[k].dtype.kind == "f"]
    wide = frame[everything]
    standard = ((wide - wide.mean()) / wide.std(ddof=0))[numbers].to_numpy()
    units = np.log(wide.std(ddof=0))[numbers].sum()
    cells = math.prod(frame[s].nunique() for s in states)
    seen: dict[tuple[str, ...], list[np.ndarray]] = {}
    total, length = 0.0, len(numbers)
    before = w - len(everything) + length  # degrees of freedom of the marginal law of the precision
    for k, cell in enumerate(frame[states].itertuples(index=False, name=None)):
        rows = np.array(seen.setdefault(cell, [])).reshape(len(seen[cell]), length)
        n, x = len(rows), standard[k]
        total += math.log((n + size / cells) / (k + size))
        if length:
            mean = rows.mean(0) if n else np.zeros(length)
            rest = rows - mean
            scale = t * np.eye(length) + rest.T @ rest + n * mu / (n + mu) * np.outer(mean, mean)
            centre, freedom = n * mean / (n + mu), before + n - length + 1
            shape = scale * (n + mu + 1) / (n + mu) / freedom
            total += float(stats.multivariate_t(centre, shape, freedom).logpdf(x)) - units
        seen[cell].append(x)
    return total


@pytest.mark.parametrize("given", [{}, {"equivalent_sample_size": 6.0, "alpha_mu": 0.5, "alpha_w": 3.2, "t": 0.9}])
def test_every_set_is_what_rows_predict_of_the_next(given: dict[str, float]) -> None:
    """Forty rows, six cells: also cells with a row or none."""
    frame = mixed(40)
    score = scores.ConditionalGaussian(frame, **given)
    size, mu, w = given.get("equivalent_sample_size", 1.0), given.get("alpha_mu", 1.0), given.get("alpha_w", 4.0)
    t = given.get("t", mu * (w - 3) / (mu + 1))
    names = list(frame)
    for mask, value in enumerate(score.values(range(16))):
        chosen = [names[k] for k in bits(mask)]
        wanted = predicted(frame, [k for k in chosen if k in "ac"], [k for k in chosen if k in "bd"], size, mu, w, t)
        assert value == pytest.approx(wanted, abs=1e-8)


def test_of_one_kind_it_is_bdeu_or_bge() -> None:
    states, real = columns(np.random.default_rng(0), 80, "dddd"), columns(np.random.default_rng(1), 80, "rrrr")
    for frame, same in ((states, scores.BDeu(states, 3.0)), (real, scores.BGe(real))):
        mine = scores.ConditionalGaussian(frame, 3.0)
        for v, mask in itertools.product(range(4), range(16)):
            if not mask >> v & 1:
                assert mine.of(v, mask) == pytest.approx(same.of(v, mask), abs=1e-9)


@pytest.mark.parametrize("rows", [1, 3, 12])
def test_few_rows_in_a_cell_are_no_trouble(rows: int) -> None:
    frame = mixed(30).iloc[:rows]
    score = scores.ConditionalGaussian(frame)
    found: dict[object, list[float]] = {}
    for dag in all_dags(4).adjacency.numpy():
        found.setdefault(class_of(dag), []).append(score.total(masks_of(dag.T)))
    for values in found.values():
        assert np.isfinite(values[0])
        np.testing.assert_allclose(values, values[0], atol=1e-8)


def test_rows_in_which_somebody_was_set() -> None:
    frame = mixed(60)
    who = ["b"] * 20 + [None] * 40
    score = scores.ConditionalGaussian(frame, interventions=who)
    table = scores.read_table(frame)
    free = scores.ConditionalGaussian(table)
    assert score.local("d", ["a", "b"]) == pytest.approx(free.local("d", ["a", "b"]))
    assert score.local("b", "c") != pytest.approx(free.local("b", "c"))
    moved = frame.assign(b=frame["b"].where(np.arange(60) >= 20, frame["b"] + 0.0))
    assert scores.ConditionalGaussian(moved, interventions=who).local("b", "c") == score.local("b", "c")


def test_it_finds_classes_of_its_own_kind_oftener_than_the_degenerate_one() -> None:
    """Numbers whose spread and dependence differ between states, 20 data sets of 4,000 rows: a → b ← c, d ← b."""
    right = MarkovEquivalenceClass.from_dag(truth()).cpdag
    hits = {"cg": 0, "bic": 0}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        a, c = rng.integers(0, 2, 4000), rng.integers(0, 2, 4000)
        b = rng.normal(size=4000) * (1 + 0.5 * a) + 0.8 * c
        d = b + rng.normal(size=4000)
        frame = pd.DataFrame({"a": a.astype(str), "b": b, "c": c.astype(str), "d": d})
        for name in hits:
            hits[name] += MarkovEquivalenceClass.from_data(frame, "exact", score=name).cpdag == right
    assert hits["cg"] >= 18  # the rows say it by 20 nats or more
    assert hits["bic"] == 0  # a moves no mean


def truth():
    from causalpp import Dag

    return Dag(["a", "b", "c", "d"], [("a", "b"), ("c", "b"), ("b", "d")])


def test_by_name_with_hyperparameters() -> None:
    frame = mixed(100)
    posterior = DagPosterior.from_data(frame, "cg", hyperparameters={"alpha_mu": 2, "equivalent_sample_size": 4})
    same = DagPosterior.from_data(frame, scores.ConditionalGaussian(frame, 4, alpha_mu=2))
    assert posterior.log_marginal_likelihood == pytest.approx(same.log_marginal_likelihood)
    assert posterior.learned["score"] == "conditional Gaussian"
    assert posterior.learned["hyperparameters"] == {"alpha_mu": 2, "equivalent_sample_size": 4}
    found = MarkovEquivalenceClass.from_data(frame, "boss", score="cg")
    assert found.learned["test"] == "conditional Gaussian"
    with pytest.raises(errors.InvalidParameter, match="'cg' has no hyperparameter 'penalty_discount', but equivalent"):
        DagPosterior.from_data(frame, "cg", hyperparameters={"penalty_discount": 2})
    with pytest.raises(errors.InvalidParameter, match="give them there"):
        DagPosterior.from_data(frame, scores.BIC(frame), hyperparameters={"penalty_discount": 2})
    with pytest.raises(errors.InvalidParameter, match="takes no score"):
        MarkovEquivalenceClass.from_data(frame, "pc", score="cg")
    for bad in ({"alpha_w": 1.0}, {"alpha_mu": 0.0}, {"t": -1.0}, {"alpha_w": 2.0}, {"alpha_mu": math.nan}):
        with pytest.raises(errors.InvalidParameter, match=r"alpha_w|alpha_mu|t must"):
            scores.local_score(frame, "cg", hyperparameters=bad)


def test_a_heavier_penalty_leaves_fewer_edges() -> None:
    frame = columns(np.random.default_rng(0), 100, "rrrr")
    charge = math.log(100) / 2
    light, heavy = scores.BIC(frame), scores.BIC(frame, 3.0)
    assert heavy.local("v0", "v1") == pytest.approx(light.local("v0", "v1") - 2 * charge * 3)  # of 3 parameters


@pytest.mark.parametrize(
    ("kinds", "make"),
    [
        ("rrrr", scores.BGe),
        ("rrrr", scores.BIC),
        ("dddd", scores.BDeu),
        ("rdrd", scores.BIC),
        ("rdrd", scores.ConditionalGaussian),
    ],
)
@pytest.mark.parametrize("targets", [["v0"], ["v0", "v2"], [("v0", "v1")]])
def test_members_of_an_interventional_class_have_one_score(kinds: str, make, targets: list) -> None:
    """The same class before anything was set, and the same with the edges into what was set taken away."""
    frame = columns(np.random.default_rng(3), 120, kinds)
    who = [*([None] * 60), *(targets * 60)][:120]
    score = make(frame, interventions=who)
    found: dict[object, list[float]] = {}
    for dag in all_dags(4).adjacency.numpy():
        key = [class_of(dag)]
        for target in targets:
            cut = dag.copy()
            cut[:, [int(name[1]) for name in ([target] if isinstance(target, str) else target)]] = False
            key.append(class_of(cut))
        found.setdefault(tuple(key), []).append(score.total(masks_of(dag.T)))
    assert 185 < len(found) < 543
    for values in found.values():
        np.testing.assert_allclose(values, values[0], atol=1e-7)
