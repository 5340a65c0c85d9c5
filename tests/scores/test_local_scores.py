"""Scores against closed forms, row by row and term by term; equal within classes, different between them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from causalpp import errors, load_network, scores
from causalpp._bits import bits, mask_of, masks_of
from causalpp.columns import read_columns
from causalpp.equivalence.learning import discovery
from causalpp.graphs import all_dags
from causalpp.programs.bulk import compile_batch

NAMES = ("v0", "v1", "v2", "v3")
EQUIVALENT = {
    "BDeu": ("dddd", scores.BDeu),
    "heavy BDeu": ("dddd", lambda frame: scores.BDeu(frame, 20.0)),
    "BGe": ("rrrr", scores.BGe),
    "BGe in data units": ("rrrr", lambda frame: scores.BGe(frame, 2.5, standardise=False)),
    "BIC of numbers": ("rrrr", scores.BIC),
    "BIC of states": ("dddd", scores.BIC),
    "degenerate Gaussian BIC": ("rdrd", scores.BIC),
    "conditional Gaussian": ("rdrd", scores.ConditionalGaussian),
}


def columns(rng: np.random.Generator, n: int, kinds: str) -> pd.DataFrame:
    """Dependent columns: ``r`` for real ones, ``d`` for ones of two or three states."""
    base = rng.normal(size=n)
    out = {}
    for k, kind in enumerate(kinds):
        noisy = base + rng.normal(size=n) * (1 + k / 4)
        out[f"v{k}"] = 3 + noisy if kind == "r" else np.digitize(noisy, [-0.5, 0.7][: 1 + k % 2])
    return pd.DataFrame(out)


def class_of(adjacency: np.ndarray) -> object:
    """Skeleton and unshielded colliders (Verma & Pearl)."""
    near = adjacency | adjacency.T
    colliders = frozenset(
        (i, j, k)
        for k in range(len(near))
        for i, j in itertools.combinations(range(len(near)), 2)
        if adjacency[i, k] and adjacency[j, k] and not near[i, j]
    )
    return near.tobytes(), colliders


@pytest.mark.parametrize("name", EQUIVALENT)
def test_members_of_a_class_have_one_score(name: str) -> None:
    """All Dags on up to four variables: one value a class, and different ones."""
    kinds, make = EQUIVALENT[name]
    for d, classes in ((2, 2), (3, 11), (4, 185)):
        score = make(columns(np.random.default_rng(7), 120, kinds[:d]))
        found: dict[object, list[float]] = {}
        for dag in all_dags(d).adjacency.numpy():
            found.setdefault(class_of(dag), []).append(score.total(masks_of(dag.T)))
        assert len(found) == classes
        for values in found.values():
            np.testing.assert_allclose(values, values[0], atol=1e-7)
        assert len({round(values[0], 6) for values in found.values()}) > 0.5 * classes


def test_k2_prefers_some_members_of_a_class() -> None:
    score = scores.CooperHerskovits(columns(np.random.default_rng(1), 60, "dddd"))
    assert abs(score.local("v0") + score.local("v1", "v0") - score.local("v1") - score.local("v0", "v1")) > 1e-3


# --- closed forms -------------------------------------------------------------------------------------


def urn(codes: np.ndarray, target: int, parents: list[int], states: list[int], weight: float) -> float:
    """The family's probability, row after row: Pólya's urn with this prior weight in each cell."""
    seen: dict[tuple[int, ...], np.ndarray] = {}
    total = 0.0
    for row in codes:
        cell = seen.setdefault(tuple(row[parents]), np.full(states[target], weight))
        total += math.log(cell[row[target]] / cell.sum())
        cell[row[target]] += 1
    return total


@pytest.mark.parametrize("size", [1.0, 7.5])
def test_bdeu_is_sequential_prediction(size: float) -> None:
    frame = columns(np.random.default_rng(0), 90, "dddd")
    codes, states = frame.to_numpy(), [2, 3, 2, 3]
    bdeu, k2 = scores.BDeu(frame, size), scores.CooperHerskovits(frame, size)
    for target in range(4):
        for mask in (m for m in range(16) if not m >> target & 1):
            parents = bits(mask)
            weight = size / states[target] / math.prod(states[k] for k in parents)
            assert bdeu.of(target, mask) == pytest.approx(urn(codes, target, parents, states, weight), abs=1e-9)
            assert k2.of(target, mask) == pytest.approx(urn(codes, target, parents, states, size), abs=1e-9)


def test_a_family_of_many_columns() -> None:
    """Of 2⁴⁵ joint states those that occur are counted, one by one or with sets that have little in common."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 2, (70, 45)), columns=[f"v{k}" for k in range(45)]).astype(bool)
    everything = (1 << 45) - 1
    families = [(0, everything ^ 1), (3, 0b110), (44, everything >> 1), (5, 0)]
    for make in (scores.BDeu, scores.CooperHerskovits, scores.BIC):
        found = make(frame).local_many(*zip(*families, strict=True))
        np.testing.assert_allclose(found, [make(frame).of(v, mask) for v, mask in families], rtol=1e-9)
    parents = bits(everything ^ 1)
    wanted = urn(frame.to_numpy().astype(int), 0, parents, [2] * 45, 2.0**-45)
    assert scores.BDeu(frame).of(0, everything ^ 1) == pytest.approx(wanted)


def test_states_that_are_not_seen_count() -> None:
    frame = columns(np.random.default_rng(0), 50, "dd")
    declared = read_columns(frame, states={"v0": [0, 1, 2, 3], "v1": [0, 1, 2]})
    wanted = urn(frame.to_numpy(), 1, [0], [4, 3], 1 / 12)
    assert scores.BDeu(declared).local("v1", "v0") == pytest.approx(wanted)


def normal_wishart(values: np.ndarray, columns_: list[int], n: int, alpha: float) -> float:
    """The density of some of n columns, row after row: Student's t whose parameters are updated with each."""
    size = len(columns_)
    if not size:
        return 0.0
    t = alpha * ((n + alpha + 1) - n - 1) / (alpha + 1)
    freedom = (n + alpha + 1) - n + size  # of the marginal Wishart
    kappa, mean, scatter, total = alpha, np.zeros(size), t * np.eye(size), 0.0
    for row in values[:, columns_]:
        df = freedom - size + 1
        law = stats.multivariate_t(mean, scatter * (kappa + 1) / kappa / df, df=df)
        total += float(law.logpdf(row))
        scatter = scatter + kappa / (kappa + 1) * np.outer(row - mean, row - mean)
        mean, kappa, freedom = (kappa * mean + row) / (kappa + 1), kappa + 1, freedom + 1
    return total


@pytest.mark.parametrize("alpha", [1.0, 2.5])
def test_bge_is_a_ratio_of_student_densities(alpha: float) -> None:
    frame = columns(np.random.default_rng(3), 25, "rrr")
    raw = scores.BGe(frame, alpha, standardise=False)
    spread = frame.to_numpy().std(0)
    standard = scores.BGe(frame, alpha)
    for target in range(3):
        for mask in (m for m in range(8) if not m >> target & 1):
            parents = bits(mask)
            for score, values, units in (
                (raw, frame.to_numpy(), 0.0),
                (standard, (frame.to_numpy() - frame.to_numpy().mean(0)) / spread, 25 * math.log(spread[target])),
            ):
                whole, part = (normal_wishart(values, some, 3, alpha) for some in ([*parents, target], parents))
                assert score.of(target, mask) == pytest.approx(whole - part - units, abs=1e-8)


def test_bic_is_the_fitted_models() -> None:
    import statsmodels.api as sm

    real = columns(np.random.default_rng(4), 80, "rrr")
    score = scores.BIC(real)
    for parents in ([], ["v0"], ["v0", "v2"]):
        fit = sm.OLS(real["v1"], sm.add_constant(real[parents]) if parents else np.ones(80)).fit()
        wanted = fit.llf - (len(parents) + 2) / 2 * math.log(80)  # constant, weights, variance
        assert score.local("v1", parents) == pytest.approx(wanted, rel=1e-9)
    states = columns(np.random.default_rng(4), 80, "ddd")
    wanted = 0.0
    for _, part in states.groupby(["v0", "v2"]):
        share = part["v1"].value_counts(normalize=True)
        wanted += float((part["v1"].value_counts() * np.log(share)).sum())
    assert scores.BIC(states).local("v1", ["v0", "v2"]) == pytest.approx(wanted - 4 * 2 / 2 * math.log(80))


def test_scores_are_causal_learns() -> None:
    """BDeu less the structure prior that is hidden in theirs; BIC up to a constant."""
    from causallearn.score.LocalScoreFunction import local_score_BDeu, local_score_BIC

    frame = columns(np.random.default_rng(3), 500, "dddd")
    table = scores.read_table(frame)
    score = scores.BDeu(table)
    for parents in ([], [0], [0, 1], [0, 1, 3]):
        hidden = -len(parents) * math.log(3) + (3 - len(parents)) * math.log(2 / 3)
        theirs = local_score_BDeu(table.values, 2, parents) - hidden
        assert score.of(2, mask_of(parents)) == pytest.approx(theirs)
    table = scores.read_table(columns(np.random.default_rng(3), 500, "rrrr"))
    score = scores.BIC(table)
    for parents in ([0], [0, 1], [0, 1, 3]):
        ours = score.of(2, mask_of(parents)) - score.of(2, 0)
        theirs = local_score_BIC(table.values, 2, parents) - local_score_BIC(table.values, 2, [])
        assert ours == pytest.approx(theirs)


# --- one source ---------------------------------------------------------------------------------------


def test_learning_and_candidate_graphs_have_one_score() -> None:
    """Four columns of ASIA: the gain of an edge is 11.897 wherever one asks."""
    frame = load_network("asia").simulate(500, seed=0)[["smoke", "lung", "bronc", "dysp"]]
    score = scores.BDeu(frame)
    assert score.local("lung", "smoke") - score.local("lung") == pytest.approx(11.897, abs=5e-4)
    dags = all_dags(list(frame))
    batch = compile_batch(dags, frame, check=False).log_marginal_likelihood(equivalent_sample_size=1).numpy()
    alone = [score.total(masks_of(dag.T)) for dag in dags.adjacency.numpy()]
    np.testing.assert_allclose(batch, alone, atol=1e-9)
    for method in ("ges", "boss", "grasp", "exact"):
        assert discovery.learn(frame, method)[1]["score"] == pytest.approx(batch.max(), abs=1e-6)
    real = columns(np.random.default_rng(0), 100, "rrrr")
    found = compile_batch(all_dags(list(real)), real).log_marginal_likelihood().numpy()
    bge = scores.BGe(real)
    np.testing.assert_allclose(found, [bge.total(masks_of(dag.T)) for dag in all_dags(4).adjacency.numpy()], atol=1e-8)


def test_many_at_once_are_what_each_is() -> None:
    for kinds, make in EQUIVALENT.values():
        frame = columns(np.random.default_rng(2), 100, kinds)
        families = [(v, mask) for v in range(4) for mask in range(16) if not mask >> v & 1]
        many = make(frame).local_many(*zip(*families, strict=True))
        alone = make(frame)
        np.testing.assert_allclose(many, [alone.of(v, mask) for v, mask in families], atol=1e-10)


@pytest.mark.parametrize("kinds", ["rrrrr", "ddddd", "rdrdr"])
def test_gains_are_differences_of_scores(kinds: str) -> None:
    frame = columns(np.random.default_rng(1), 300, kinds)
    score, slow = scores.local_score(frame), scores.local_score(frame)
    for target, parents in ((0, 0), (1, 0b101), (4, 0b1010), (2, 0b11001)):
        gains = score.gains(target, parents)
        for k in range(5):
            if k == target or parents >> k & 1:
                assert gains[k] == -np.inf
            else:
                wanted = slow.of(target, parents | 1 << k) - slow.of(target, parents)
                assert gains[k] == pytest.approx(wanted, abs=1e-7)


# --- interventions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "make"),
    [
        ("ddd", scores.BDeu),
        ("ddd", scores.CooperHerskovits),
        ("ddd", scores.BIC),
        ("rrr", scores.BIC),
        ("rrr", lambda data, **more: scores.BGe(data, standardise=False, **more)),
    ],
)
def test_rows_in_which_a_variable_was_set_do_not_enter_its_score(kinds: str, make) -> None:
    data = read_columns(columns(np.random.default_rng(5), 90, kinds))
    who = [None] * 30 + [math.nan] * 10 + ["v0"] * 20 + [("v0", "v2")] * 10 + [()] * 20
    score = make(data, interventions=who)
    rows = {"v0": [*range(40), *range(70, 90)], "v1": range(90), "v2": [*range(60), *range(70, 90)]}
    for name, kept in rows.items():
        others = [n for n in data if n != name]
        for parents in ([], others[:1], others):
            alone = make(data.take(np.array(kept))).local(name, parents)
            assert score.local(name, parents) == pytest.approx(alone, abs=1e-7)
    assert make(data, interventions=["v1"] * 90).local("v1", "v0") == 0


# --- priors of graphs ---------------------------------------------------------------------------------


def test_a_structure_prior_is_apart_from_the_score() -> None:
    frame = columns(np.random.default_rng(3), 400, "dddd")
    free, how = discovery.learn(frame, "exact")
    assert "edge_log_odds" not in how
    for log_odds in (-2.0, -1e6):
        prior = scores.StructurePrior(log_odds)
        graph, how = discovery.learn(frame, "exact", structure_prior=prior)
        score = scores.BDeu(frame)
        best = max(score.total(masks_of(dag.T)) + log_odds * int(dag.sum()) for dag in all_dags(4).adjacency.numpy())
        assert how["score"] == pytest.approx(best)
        assert how["edge_log_odds"] == log_odds
    assert not graph.undirected
    assert len(free.undirected) + len(free.directed) > 0


def test_a_prior_with_odds_of_edges() -> None:
    prior = scores.StructurePrior.from_probabilities({("a", "b"): 0.8, ("c", "a"): 0.1}, otherwise=0.3)
    each = prior.matrix("abc")
    assert each[0, 1] == pytest.approx(math.log(4))
    assert each[2, 0] == pytest.approx(-math.log(9))
    assert each[1, 2] == pytest.approx(math.log(3 / 7))
    table = prior.table("abc")
    for v in range(3):
        for parents in range(8):
            assert table[v, parents] == pytest.approx(sum(each[k, v] for k in range(3) if parents >> k & 1))
    frame = columns(np.random.default_rng(0), 40, "ddd")
    with pytest.raises(errors.InvalidParameter, match="DagPosterior"):
        discovery.learn(frame, "ges", structure_prior=scores.StructurePrior(0.0, {("v0", "v1"): 1.0}))
    with pytest.raises(errors.UnknownVariable):
        prior.matrix("ab")
    for bad in ({("a", "a"): 0.5}, {("a", "b"): 1.0}, {"ab": 0.5}):
        with pytest.raises(errors.InvalidParameter):
            scores.StructurePrior.from_probabilities(bad)


@pytest.mark.parametrize("edges", [0.3, 2.0, 3.9])
def test_a_sparse_prior_expects_so_many_edges(edges: float) -> None:
    odds = scores.StructurePrior.sparse(edges, 4).edge_log_odds
    number = all_dags(4).adjacency.numpy().sum((1, 2))
    weight = np.exp(odds * number)
    assert (weight * number).sum() / weight.sum() == pytest.approx(edges, abs=1e-6)
    with pytest.raises(errors.InvalidParameter, match="between 0 and 6"):
        scores.StructurePrior.sparse(6, 4)


# --- what is refused ----------------------------------------------------------------------------------


def test_bad_input() -> None:
    states, real = columns(np.random.default_rng(0), 20, "dd"), columns(np.random.default_rng(0), 20, "rr")
    with pytest.raises(errors.InvalidData, match="BDeu is a score of discrete columns, and 'v0' holds numbers"):
        scores.BDeu(real)
    with pytest.raises(errors.InvalidData, match="BGe is a score of real columns, and 'v0' has states"):
        scores.BGe(states)
    with pytest.raises(errors.InvalidData, match="'v1' has missing values"):
        scores.BIC(real.assign(v1=real["v1"].where(real.index > 3)))
    for bad in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(errors.InvalidParameter, match="greater than zero"):
            scores.BDeu(states, bad)
    with pytest.raises(errors.InvalidData, match="20 rows, and interventions say who was set in 3"):
        scores.BDeu(states, interventions=["v0"] * 3)
    with pytest.raises(errors.UnknownVariable):
        scores.BDeu(states, interventions=["w"] * 20)
    score = scores.local_score(states)
    with pytest.raises(errors.UnknownVariable):
        score.local("w")
    with pytest.raises(errors.InvalidParameter, match="no parent of itself"):
        score.local("v0", ["v0", "v1"])
    with pytest.raises(errors.InvalidParameter, match="unknown score 'aic'"):
        scores.local_score(states, "aic")


def test_constant_and_repeated_parents_explain_nothing_more() -> None:
    """Where others were set a column can be constant: BIC charges for it as a parent, and nothing else changes."""
    frame = columns(np.random.default_rng(6), 100, "rrr")
    frame.loc[:49, "v0"], frame.loc[50:, "v1"] = 1.1, 2.2
    score = scores.BIC(frame, interventions=["v0"] * 50 + ["v1"] * 50)
    charge = math.log(50) / 2
    for parents in ([], ["v2"]):
        wanted = score.local("v1", parents) - charge
        assert score.local("v1", ["v0", *parents]) == pytest.approx(wanted, abs=1e-7)
    twice = columns(np.random.default_rng(6), 100, "rrr")
    twice = twice.assign(again=twice["v1"] * 3 - 1, sum=twice["v1"] + twice["v2"])
    score, charge = scores.BIC(twice), math.log(100) / 2
    for some, more in ((["v1"], ["again"]), (["v1", "v2"], ["sum"]), (["v1", "v2"], ["sum", "again"])):
        wanted = score.local("v0", some) - charge * len(more)
        assert score.local("v0", [*some, *more]) == pytest.approx(wanted, abs=1e-5)
    assert score.local("sum", ["v1", "v2"]) > 10_000


def test_numbers_that_are_none_are_refused() -> None:
    for odds in (math.nan, -math.inf, "-2", None):
        with pytest.raises(errors.InvalidParameter, match="edge_log_odds must be a finite number"):
            scores.StructurePrior(odds)
    frame = columns(np.random.default_rng(0), 40, "dd")
    with pytest.raises(errors.InvalidParameter, match="is a StructurePrior, got -2"):
        discovery.learn(frame, "ges", structure_prior=-2.0)
    with pytest.raises(errors.InvalidParameter, match="greater than zero, got '1'"):
        scores.BDeu(frame, "1")
    with pytest.raises(errors.InvalidData, match="no columns"):
        scores.BDeu(frame[[]])
    with pytest.raises(errors.UnknownVariable):
        scores.BDeu(frame, interventions=[0] * 40)
    assert scores.BDeu(frame, interventions=[pd.NA] * 40).local("v0") == scores.BDeu(frame).local("v0")
    real = columns(np.random.default_rng(0), 20, "rr")
    assert math.isfinite(scores.BGe(real, 1e-300).local("v0", "v1"))


@pytest.mark.parametrize("make", [scores.BIC, scores.BGe, lambda frame: scores.BGe(frame, 3.0, alpha_w=12, t=2.0)])
@pytest.mark.parametrize("near", [1.0, 1e-3, 1e-9, 0.0])
def test_what_parents_leave_is_what_determinants_say(make, near: float) -> None:
    """Also where columns are nearly or wholly collinear, whichever came first and whatever is remembered."""
    rng = np.random.default_rng(0)
    frame = columns(rng, 200, "rrrrr").assign(twin=lambda f: f["v0"] + near * rng.normal(size=200))
    score, slow = make(frame), make(frame)
    for _ in range(60):
        target = int(rng.integers(6))
        parents = int(rng.integers(64)) & ~(1 << target)
        wanted = slow.local_many([target], [parents])[0]
        assert score.of(target, parents) == pytest.approx(wanted, rel=1e-9, abs=1e-6)
        more = [k for k in range(6) if k != target and not parents >> k & 1]
        gains = slow.local_many([target] * len(more), [parents | 1 << k for k in more]) - wanted
        np.testing.assert_allclose(score.gains(target, parents)[more], gains, rtol=1e-7, atol=1e-6)
