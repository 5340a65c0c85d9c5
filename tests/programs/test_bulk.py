"""Candidate graphs in bulk against one program at a time, and against regressions written out here."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch

import causalpp as cpp
from causalpp import Dag, DagBatch, errors
from causalpp.graphs.random import all_dags, erdos_renyi
from causalpp.programs.bulk import GaussianBatch, Normals, TableBatch, compile_batch
from causalpp.programs.bulk._fits import unique_fits, unique_rows


def discrete(d: int, rows: int, seed: int) -> pd.DataFrame:
    """Dependent columns of two to four states, as text and numbers."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(rows, 1)) + rng.normal(size=(rows, d))
    out = {}
    for i in range(d):
        card = 2 + i % 3
        codes = np.searchsorted(np.quantile(hidden[:, i], np.arange(1, card) / card), hidden[:, i])
        out[f"X{i + 1}"] = [f"s{c}" for c in codes] if i in (1, 4) else codes
    return pd.DataFrame(out)


def continuous(d: int, rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, d)) @ (np.eye(d) + rng.normal(size=(d, d)) / 2) * rng.uniform(0.5, 20, d)
    return pd.DataFrame(values + rng.normal(size=d) * 5, columns=[f"X{i + 1}" for i in range(d)])


@pytest.fixture(scope="module")
def tables() -> TableBatch:
    batch = compile_batch(erdos_renyi(6, expected_degree=2.5, n=150, seed=1), discrete(6, 300, 2), check=False)
    assert isinstance(batch, TableBatch)
    return batch


@pytest.fixture(scope="module")
def programs() -> list[cpp.CausalProgram]:
    frame = discrete(6, 300, 2)
    return [cpp.compile(dag, data=frame, check=False) for dag in erdos_renyi(6, expected_degree=2.5, n=150, seed=1)]


DOS = [{}, {"X1": 1}, {"X3": 2, "X5": "s1"}, {"X2": "s0", "X4": 0, "X1": 0}]


# --- tables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("do", DOS)
def test_exact_distributions_are_those_of_the_programs(tables, programs, do):
    found = tables.interventional(["X6", "X2", "X1"], do)
    for name in ("X6", "X2", "X1"):
        for n, program in enumerate(programs):
            wanted = (program.do(do) if do else program).probabilities(name)
            np.testing.assert_allclose(found[name][n], wanted, atol=1e-9)
        assert found[name].equal(tables.interventional(name, do)) or torch.allclose(
            found[name], tables.interventional(name, do), atol=1e-12
        )


@pytest.mark.parametrize("do", DOS)
@pytest.mark.parametrize("n", [2000, 20_000])
def test_simulated_distributions_are_near_the_exact_ones(tables, do, n):
    exact, found = (tables.interventional("X6", do, **k) for k in ({}, {"samples": n, "seed": 5}))
    assert found.shape == exact.shape
    torch.testing.assert_close(found.sum(1), torch.ones(len(tables), dtype=torch.float64))
    bound = 4.5 * (exact * (1 - exact) / n).sqrt() + 1 / n
    assert (abs(found - exact) < bound).all()


def test_a_sample_has_the_joint_distribution_of_the_program(tables, programs):
    n = 20_000
    draws = tables.sample(n, {"X1": 1}, seed=3)[:12].long()
    assert (draws[:, :, 0] == 1).all()
    for program, rows in zip(programs, draws, strict=False):
        side = program.do(X1=1)
        for a, b in (("X2", "X6"), ("X3", "X4")):
            i, j = int(a[1]) - 1, int(b[1]) - 1
            shape = len(side.states(a)), len(side.states(b))
            seen = np.bincount(rows[:, i] * shape[1] + rows[:, j], minlength=math.prod(shape)).reshape(shape) / n
            for k, state in enumerate(side.states(a)):
                p = side.probabilities(a)[k] * side.condition({a: state}).probabilities(b)
                assert (abs(seen[k] - p) < 4.5 * np.sqrt(p * (1 - p) / n) + 1 / n).all()


def test_a_sample_counts_to_the_simulated_distribution(tables):
    draws = tables.sample(17_000, {"X1": 0}, seed=4)
    found = tables.interventional(["X4", "X5"], {"X1": 0}, samples=17_000, seed=4)
    for name, card in (("X4", 2), ("X5", 3)):
        at = tables.dags.position(name)
        seen = torch.stack([(draws[:, :, at] == k).sum(1) for k in range(card)], 1) / 17_000
        torch.testing.assert_close(found[name], seen.double(), atol=1e-6, rtol=0)


def test_effects_are_those_of_the_programs(tables, programs):
    exact = tables.ate("X1", "X4")
    wanted = [float(cpp.ate(p, "X1", "X4", treated=1, control=0)) for p in programs]
    np.testing.assert_allclose(exact.value, wanted, atol=1e-9)
    assert not exact.standard_error.any()
    of_state = tables.ate("X3", "X5", treated=3, control=0, state="s2")
    wanted = [float(cpp.ate(p, "X3", "X5", treated=3, control=0, state="s2")) for p in programs]
    np.testing.assert_allclose(of_state.value, wanted, atol=1e-9)


def test_simulated_effects_and_their_errors(tables):
    exact = tables.ate("X3", "X6", treated=2, control=0).value
    n = 20_000
    value, error = tables.ate("X3", "X6", treated=2, control=0, samples=n, seed=1)
    assert (abs(value - exact) <= 4.5 * error + 1e-12).all()
    sides = [tables.sample(n, {"X3": k}, seed=1)[:, :, 5].double() for k in (2, 0)]
    gap = sides[0] - sides[1]
    torch.testing.assert_close(value, gap.mean(1))
    torch.testing.assert_close(error, gap.std(1) / math.sqrt(n))
    # Both sides share their noise, so what the treatment does not reach does not move at all.
    idle = ~tables.dags.reach[:, 2, 5]
    assert idle.any()
    assert not value[idle].any()
    assert not error[idle].any()


def test_chunks_and_seeds(tables):
    small = compile_batch(tables.dags, discrete(6, 300, 2), chunk_bytes=1 << 16, check=False)
    for k in ({}, {"samples": 17_000, "seed": 2}):
        assert small.interventional("X6", {"X1": 1}, **k).equal(tables.interventional("X6", {"X1": 1}, **k))
        for a, b in zip(small.ate("X1", "X6", **k), tables.ate("X1", "X6", **k), strict=True):
            assert a.equal(b)
    assert small.sample(300, seed=1).equal(tables.sample(300, seed=1))
    assert not small.sample(300, seed=1).equal(tables.sample(300, seed=2))


def test_parameter_draws_spread_as_the_dirichlet_posterior():
    frame = pd.DataFrame({"a": [0, 1] * 20, "b": [0, 1, 1, 1] * 10})
    batch = compile_batch(DagBatch(["a", "b"], [[[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 1], [0, 0]]]), frame)
    k = 2000
    value, error = batch.ate("a", "b", parameter_draws=k, seed=1)
    assert value.shape == error.shape == (k, 3)
    assert value[:, 0].equal(value[:, 2])  # equal fits, equal draws
    assert not value[:, 1].any()
    # b | a = 0 ~ Beta(11, 11), b | a = 1 ~ Beta(21, 1).
    variance = 11 * 11 / (22**2 * 23) + 21 / (22**2 * 23)
    assert abs(float(value[:, 0].mean()) - (21 / 22 - 1 / 2)) < 4.5 * math.sqrt(variance / k)
    assert abs(float(value[:, 0].var()) / variance - 1) < 4.5 * math.sqrt(2 / k) * 1.5
    again = batch.ate("a", "b", parameter_draws=3, samples=1000, seed=1)
    assert again.value.shape == (3, 3)
    assert again.standard_error[:, 0].all()
    assert len({float(d.ate("a", "b").value[0]) for d in batch.draws(5, seed=0)}) == 5


def test_log_marginal_by_hand():
    frame = pd.DataFrame({"a": [0, 0, 1], "b": [1, 1, 0]})
    batch = compile_batch(DagBatch(["a", "b"], [[[0, 1], [0, 0]], [[0, 0], [0, 0]]]), frame)
    # One row after the other by the Pólya urn: a = 0, 0, 1; then b = 1, 1 under a = 0 and b = 0 under a = 1.
    urn = 1 / 2 * 2 / 3 * 1 / 4
    wanted = [math.log(urn * (1 / 2 * 2 / 3) * (1 / 2)), math.log(urn * urn)]
    np.testing.assert_allclose(batch.log_marginal_likelihood(), wanted, atol=1e-12)


def test_the_old_name_of_the_marginal_likelihood() -> None:
    batch = compile_batch(all_dags(["a", "b"]), pd.DataFrame({"a": [0, 0, 1], "b": [1, 1, 0]}), check=False)
    with pytest.warns(DeprecationWarning, match="log_marginal_likelihood since 0.2"):
        assert batch.log_marginal(equivalent_sample_size=2.0).equal(
            batch.log_marginal_likelihood(equivalent_sample_size=2.0)
        )


def test_equivalent_graphs_are_equally_likely():
    dags = all_dags(4)
    frame = discrete(4, 120, 7)
    batches = [(compile_batch(dags, frame, check=False), 3.0), (compile_batch(dags, continuous(4, 120, 7)), None)]
    classes: dict[object, list[int]] = {}
    for n, dag in enumerate(dags):
        adjacency = dag.adjacency
        skeleton = adjacency | adjacency.T
        colliders = frozenset(
            (i, j, k)
            for k in range(4)
            for i, j in itertools.combinations(range(4), 2)
            if adjacency[i, k] and adjacency[j, k] and not skeleton[i, j]
        )
        classes.setdefault((skeleton.tobytes(), colliders), []).append(n)
    assert len(classes) == 185
    for batch, weight in batches:
        score = batch.log_marginal_likelihood(equivalent_sample_size=weight).numpy()
        firsts = []
        for members in classes.values():
            np.testing.assert_allclose(score[members], score[members[0]], atol=1e-7)
            firsts.append(score[members[0]])
        assert len(set(np.round(firsts, 6))) > 100


def test_many_states_many_parents_and_unequal_tables():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"v{i}": rng.integers(0, 12 if i < 2 else 2, 400) for i in range(6)})
    names = list(frame)
    star = Dag(names, [(v, "v1") for v in names if v != "v1"])
    dags = [star, Dag(names, []), Dag(names, [("v1", "v2"), ("v2", "v0")]), Dag(names, [("v0", "v1"), ("v1", "v5")])]
    kinds = {"v0": "discrete", "v1": "discrete"}
    batch = compile_batch(DagBatch.from_dags(dags), frame, kinds=kinds, check=False)
    exact = batch.interventional("v1", {"v3": 1})
    for n, dag in enumerate(dags):
        wanted = cpp.compile(dag, data=frame, kinds=kinds, check=False).do(v3=1).probabilities("v1")
        np.testing.assert_allclose(exact[n], wanted, atol=1e-9)
    found = batch.interventional("v1", {"v3": 1}, samples=30_000)
    assert (abs(found - exact) < 4.5 * (exact * (1 - exact) / 30_000).sqrt() + 1 / 30_000).all()
    value, error = batch.ate("v0", "v1", treated=11, control=0, samples=30_000)
    assert (abs(value - batch.ate("v0", "v1", treated=11, control=0).value) <= 4.5 * error + 1e-12).all()


def test_a_table_with_more_rows_than_two_bytes_count():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"v{i}": rng.integers(0, 40, 50) for i in range(4)})
    frame["v4"] = rng.integers(0, 2, 50)
    dag = Dag(list(frame), [(f"v{i}", "v4") for i in range(4)])
    states = {f"v{i}": range(20) for i in range(4)}
    frame[list(states)] %= 20
    batch = compile_batch(DagBatch.from_dags([dag]), frame, states=states, check=False)
    found = batch.interventional("v4", samples=20_000)
    draws = pd.DataFrame(batch.sample(20_000)[0].numpy(), columns=list(frame))
    assert abs(float(found[0, 1]) - draws["v4"].mean()) < 1e-9
    assert abs(float(found[0, 1]) - 0.5) < 0.05  # nearly every row is unseen
    with pytest.raises(errors.TooLarge, match="samples="):
        batch.interventional("v4")


@pytest.mark.parametrize("kind", ["discrete", "real"])
def test_thin_tables_are_told_once(kind: str) -> None:
    """Twelve by two configurations in 60 rows: the words and the figures are those of one program."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"a": rng.integers(0, 12, 60).astype(str), "b": rng.integers(0, 2, 60), "c": rng.integers(0, 2, 60)}
    )
    frame["d"] = rng.normal(size=60) if kind == "real" else rng.integers(0, 2, 60)
    thin = Dag(list("abcd"), [("a", "c"), ("b", "c")])
    dags = [Dag(list("abcd"), [("a", "b"), ("c", "d")]), thin, Dag(list("abcd"), [("a", "c"), ("b", "c"), ("c", "d")])]
    rows = frame.groupby(["a", "b"]).size()
    rare, empty = 24 - int((rows >= 5).sum()), 24 - len(rows)
    words = f"{rare} of 24 configurations of the parents of 'c' have fewer than 5 rows, {empty} of them none, and the"
    pull = float((rows * 2 / (rows + 2)).sum() / 60)
    for fit, where in (
        (lambda: cpp.compile(thin, data=frame), ""),
        (lambda: compile_batch(DagBatch.from_dags([thin]), frame), "a table is thin: "),
        (lambda: compile_batch(DagBatch.from_dags(dags), frame), "in 2 of 3 graphs a table is thin: "),
    ):
        with pytest.warns(errors.ImpreciseWarning) as caught:
            fit()
        (told,) = [str(w.message) for w in caught]
        assert told.startswith(f"{where}{words} prior is {pull:.0%} of ")
    compile_batch(DagBatch.from_dags(dags), frame, check=False)
    compile_batch(DagBatch.from_dags(dags[:1]), frame)


# --- linear-Gaussian ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gaussians() -> tuple[DagBatch, pd.DataFrame, GaussianBatch]:
    dags, frame = erdos_renyi(7, expected_degree=3, n=200, seed=3), continuous(7, 250, 4)
    batch = compile_batch(dags, frame, chunk_bytes=1 << 16)
    assert isinstance(batch, GaussianBatch)
    return dags, frame, batch


@pytest.mark.parametrize("do", [{}, {"X1": 2.5}, {"X2": -1, "X6": 4.0}])
def test_closed_form_against_regressions_and_paths(gaussians, do):
    dags, frame, batch = gaussians
    found = batch.interventional("X5", do)
    assert isinstance(found, Normals)
    values = frame.to_numpy()
    for n, dag in enumerate(dags):
        means, covariance = dict(do), np.zeros((7, 7))
        for name in dag.topological_order:
            v, parents = dag.nodes.index(name), dag.parents(name)
            if name in do:
                continue
            at = [dag.nodes.index(p) for p in parents]
            design = np.column_stack([values[:, at], np.ones(len(values))])
            beta = np.linalg.lstsq(design, values[:, v], rcond=None)[0]
            rest = values[:, v] - design @ beta
            means[name] = beta[-1] + sum(b * means[p] for b, p in zip(beta, parents, strict=False))
            covariance[v] = beta[:-1] @ covariance[at]
            covariance[:, v] = covariance[v]
            covariance[v, v] = beta[:-1] @ covariance[np.ix_(at, at)] @ beta[:-1] + rest @ rest / (
                len(values) - len(at) - 3  # the posterior mean, as in compile()
            )
        assert math.isclose(found.mean[n], means["X5"], rel_tol=1e-8, abs_tol=1e-8)
        assert math.isclose(found.variance[n], covariance[4, 4], rel_tol=1e-8, abs_tol=1e-8)


def test_gaussian_effects_and_samples(gaussians):
    _, _, batch = gaussians
    value, error = batch.ate("X1", "X5", treated=3, control=1, samples=10_000)
    sides = [batch.interventional("X5", {"X1": x}).mean for x in (3, 1)]
    torch.testing.assert_close(value, sides[0] - sides[1])
    assert not error.any()
    n, law = 4000, batch.interventional("X5", {"X2": 1.0})
    draws = batch.sample(n, {"X2": 1.0}, seed=2)
    assert draws.shape == (200, n, 7)
    assert (draws[:, :, 1] == 1).all()
    assert (abs(draws[:, :, 4].mean(1) - law.mean) < 4.5 * (law.variance / n).sqrt()).all()
    assert (abs(draws[:, :, 4].var(1) / law.variance - 1) < 4.5 * math.sqrt(2 / n)).all()
    wide = compile_batch(batch.dags, continuous(7, 250, 4))
    torch.testing.assert_close(wide.sample(100, seed=1), batch.sample(100, seed=1), rtol=1e-12, atol=1e-9)


def test_gaussian_parameter_draws():
    frame = continuous(3, 60, 9)
    batch = compile_batch(all_dags(["X1", "X2", "X3"]), frame)
    k = 1500
    value = batch.ate("X1", "X3", parameter_draws=k, seed=3).value
    point = batch.ate("X1", "X3").value
    assert value.shape == (k, 25)
    assert (abs(value.mean(0) - point) <= 4.5 * value.std(0) / math.sqrt(k) + 0.1 * value.std(0)).all()
    single = batch.dags.index(Dag(["X1", "X2", "X3"], [("X1", "X3")]))
    x, y = frame["X1"] - frame["X1"].mean(), frame["X3"] - frame["X3"].mean()
    rest = y - x * (x @ y) / (x @ x)
    error = math.sqrt(rest @ rest / (60 - 2) / (x @ x))
    spread = float(value[:, single].std())
    assert abs(spread / error - 1) < 0.15  # Student's t with 58 degrees of freedom, or about as many


def test_bge_on_one_variable_is_the_student_t():
    from scipy import stats

    frame = pd.DataFrame({"x": [1.0, 4.0, 2.0, 7.0, 3.0]})
    alpha = 1.5
    batch = compile_batch(DagBatch(["x"], np.zeros((1, 1, 1))), frame)
    x = ((frame["x"] - frame["x"].mean()) / frame["x"].std(ddof=0)).to_numpy()
    # x | mean 0, kappa alpha, degrees of freedom alpha + 2, scale t: jointly multivariate t.
    t, freedom, n = alpha**2 / (alpha + 1), alpha + 2, len(x)
    joint = stats.multivariate_t(np.zeros(n), t / freedom * (np.eye(n) + 1 / alpha), df=freedom)
    wanted = joint.logpdf(x) - n * math.log(frame["x"].std(ddof=0))
    assert math.isclose(float(batch.log_marginal_likelihood(equivalent_sample_size=alpha)[0]), wanted, rel_tol=1e-10)


# --- bad input ----------------------------------------------------------------------------------------


AB = DagBatch(["a", "b"], [[[0, 1], [0, 0]]])
DISCRETE = pd.DataFrame({"a": [0, 1, 1, 0], "b": ["x", "y", "y", "x"]})
REAL = pd.DataFrame({"a": [0.5, 1.0, 2.0, 4.0, 4.5], "b": [1.0, 0.0, 3.0, 5.0, 3.5]})


@pytest.mark.parametrize(
    ("frame", "options", "error", "text"),
    [
        (DISCRETE[["a"]], {}, errors.InvalidData, "no column 'b'"),
        (DISCRETE[:0], {}, errors.InvalidData, "no rows"),
        (DISCRETE.assign(a=[0, None, 1, 1]), {}, errors.InvalidData, "missing"),
        (REAL.assign(a=[0, np.nan, 1, 1, 2]), {}, errors.InvalidData, "missing"),
        (REAL.assign(a=[0, np.inf, 1, 1, 2]), {}, errors.InvalidData, "infinite"),
        (REAL.assign(a=2.5), {}, errors.InvalidData, "constant"),
        (
            REAL[:4],
            {"kinds": {"a": "real", "b": "real"}},
            errors.InvalidData,
            "4 rows are too few for the regression of 'b', which needs 5",
        ),
        (DISCRETE, {"states": {"b": ["x", "z"]}}, errors.InvalidData, "'y'"),
        (DISCRETE, {"states": {"c": ["x", "z"]}}, errors.UnknownVariable, "'c'"),
        (DISCRETE, {"prior": 0}, errors.InvalidParameter, "greater than zero"),
        (REAL, {"prior": -1}, errors.InvalidParameter, "negative"),
        (REAL, {"chunk_bytes": 0}, errors.InvalidParameter, "chunk_bytes"),
        (pd.concat([DISCRETE, DISCRETE[["a"]]], axis=1), {}, errors.InvalidData, "more than once"),
    ],
)
def test_frames_that_cannot_be_used(frame, options, error, text):
    with pytest.raises(error, match=text):
        compile_batch(AB, frame, **options)


def test_parents_that_determine_one_another():
    frame = continuous(3, 50, 1)
    frame["X2"] = 1e-6 * frame["X1"] + 1e3  # but for rounding
    collider = Dag(["X1", "X2", "X3"], [("X1", "X3"), ("X2", "X3")])
    both = DagBatch.from_dags([collider, Dag(["X1", "X2", "X3"], [])])
    for fit in (lambda: cpp.compile(collider, data=frame), lambda: compile_batch(both, frame)):
        with pytest.raises(errors.InvalidData, match=r"parents of 'X3' \(X1, X2\) determine one another"):
            fit()


def test_graphs_that_cannot_be_used():
    with pytest.raises(errors.InvalidParameter, match="latent"):
        compile_batch(DagBatch(["a", "b"], [[[0, 1], [0, 0]]], latent={"a"}), DISCRETE)
    with pytest.raises(errors.InvalidParameter, match="DagBatch"):
        compile_batch(AB[0], DISCRETE)  # type: ignore[arg-type]


def test_questions_that_cannot_be_asked():
    tables, real = compile_batch(AB, DISCRETE), compile_batch(AB, REAL)
    for batch in (tables, real):
        with pytest.raises(errors.UnknownVariable):
            batch.interventional("c")
        with pytest.raises(errors.UnknownVariable):
            batch.interventional("b", {"c": 1})
        with pytest.raises(errors.InvalidParameter, match="both 'a'"):
            batch.ate("a", "a")
        with pytest.raises(errors.InvalidParameter, match="treated and control"):
            batch.ate("a", "b", treated=1, control=1, state=None if batch is real else "x")
        with pytest.raises(errors.InvalidParameter, match="outcome"):
            batch.interventional([])
        for bad in (0, -1, 2.5, True):
            with pytest.raises(errors.InvalidParameter, match="samples"):
                batch.interventional("b", samples=bad)
        with pytest.raises(errors.InvalidParameter, match="seed"):
            batch.sample(3, seed=-1)
        with pytest.raises(errors.InvalidParameter, match="parameter draws"):
            batch.ate("a", "b", state=None if batch is real else "x", parameter_draws=0)
        with pytest.raises(errors.TooLarge, match="16 GiB"):
            batch.sample(10**11)
        with pytest.raises(errors.InvalidParameter, match="greater than zero"):
            batch.log_marginal_likelihood(equivalent_sample_size=0)
    with pytest.raises(errors.UnknownState):
        tables.interventional("b", {"a": 7})
    with pytest.raises(errors.UnknownState):
        tables.ate("a", "b", treated=2, state="x")
    with pytest.raises(errors.InvalidParameter, match="state="):
        tables.ate("a", "b")
    with pytest.raises(errors.InvalidParameter, match="no states"):
        real.ate("a", "b", state=1)
    with pytest.raises(errors.InvalidParameter, match="finite number"):
        real.interventional("b", {"a": "high"})


def test_a_batch_takes_a_contrast_as_every_estimand_does():
    rows = cpp.load_network("asia").simulate(500, seed=3)[["smoke", "bronc", "dysp"]]
    dags = DagBatch.from_dags([cpp.Dag(rows.columns, edges) for edges in ([("smoke", "bronc")], [("dysp", "smoke")])])
    batch = compile_batch(dags, rows, check=False)
    for contrast in (
        cpp.Contrast("smoke", "bronc"),
        cpp.Contrast("smoke", "bronc", treated="no"),
        cpp.Contrast("dysp", "smoke", state="no"),
    ):
        wanted = [cpp.ate(cpp.compile(dag, data=rows, check=False), contrast).value for dag in dags]
        assert batch.ate(contrast).value.tolist() == pytest.approx(wanted, abs=1e-12)
        assert batch.ate(**contrast.words).value.tolist() == pytest.approx(wanted, abs=1e-12)
    for said in ({"treated": "yes"}, {"treatment": "smoke"}, {"outcome": "bronc"}):
        with pytest.raises(errors.InvalidParameter, match="not both"):
            batch.ate(cpp.Contrast("smoke", "bronc"), **said)
    with pytest.raises(errors.InvalidParameter, match="outcome= is missing"):
        batch.ate("smoke")


def test_no_graphs_give_no_numbers():
    for frame, wanted in ((DISCRETE, (0, 2)), (REAL, (0,))):
        batch = compile_batch(AB[:0], frame)
        assert len(batch) == 0
        for samples in (None, 100):
            law = batch.interventional("b", {"a": 1}, samples=samples)
            assert (law if frame is DISCRETE else law.mean).shape == wanted
            state = "x" if frame is DISCRETE else None
            assert batch.ate("a", "b", state=state, samples=samples).value.shape == (0,)
        assert batch.sample(10).shape == (0, 10, 2)
        assert batch.log_marginal_likelihood().shape == (0,)


def test_zero_draws_and_declared_floats():
    batch = compile_batch(AB, REAL, states={"a": [0.5, 1.0, 2.0, 4.0, 4.5], "b": [0.0, 1.0, 3.0, 3.5, 5.0]})
    assert isinstance(batch, TableBatch)
    assert batch.sample(0).shape == (1, 0, 2)
    assert repr(batch) == "TableBatch(1 graphs over 2 variables, 2 local fits)"


def test_fits_and_rows_are_told_apart():
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 4, (500, 40)) * (rng.random((500, 40)) < 0.05)
    first, which = unique_rows(rows, 3)
    assert len(first) == len({row.tobytes() for row in rows})
    assert (rows[first][which] == rows).all()
    dags = erdos_renyi(20, expected_degree=3, n=50, seed=0)
    fits = unique_fits(dags.adjacency.numpy())
    for n, dag in enumerate(dags):
        for v, name in enumerate(dag.nodes):
            fit = fits.of[n, v]
            assert fits.variable[fit] == v
            assert [dag.nodes[p] for p in fits.parents[fit] if p < 20] == list(dag.parents(name))
    assert len(fits) == len(set(zip(fits.variable.tolist(), map(tuple, fits.parents.tolist()), strict=True)))


# --- all draws together -------------------------------------------------------------------------------


def test_effects_under_draws_are_those_of_each_draw() -> None:
    """Variables summed out one by one, for all draws: the same numbers as the joint distribution of every draw."""
    rng = np.random.default_rng(8)
    names = [f"v{i}" for i in range(6)]
    frame = pd.DataFrame({name: rng.integers(0, 2 + i % 2, 60) for i, name in enumerate(names)})
    dags = erdos_renyi(names, expected_degree=2.5, n=80, seed=3)
    batch = compile_batch(dags, frame, check=False)
    contrast = cpp.Contrast("v1", "v4", treated=2, control=0)
    for fixing in ({}, {"v3": 1}):
        value, drawn = batch.effects(contrast, fixing=fixing, draws=3, seed=5)
        for found, one in zip([value, *drawn], [batch, *batch.draws(3, seed=5)], strict=True):
            sides = [one.interventional("v4", {**fixing, "v1": side}) for side in (2, 0)]
            score = torch.arange(sides[0].shape[1], dtype=torch.float64)
            assert found == pytest.approx(((sides[0] - sides[1]) @ score).numpy(), abs=1e-12)
    assert batch.effects(contrast)[1].shape == (0, 80)
    with pytest.raises(errors.InvalidParameter, match="'v4' cannot be fixed"):
        batch.effects(contrast, fixing={"v4": 1})


def test_linear_effects_under_draws_are_those_of_each_draw() -> None:
    rng = np.random.default_rng(9)
    names = [f"v{i}" for i in range(7)]
    frame = pd.DataFrame(rng.normal(size=(40, 7)) @ rng.normal(size=(7, 7)), columns=names)
    batch = compile_batch(erdos_renyi(names, expected_degree=3, n=60, seed=4), frame)
    contrast = cpp.Contrast("v2", "v5", treated=2.0, control=0.5)
    for held in ((), ("v3", "v0")):
        value, drawn = batch.effects(contrast, fixing=dict.fromkeys(held, 0.0), draws=3, seed=5)
        for found, one in zip([value, *drawn], [batch, *batch.draws(3, seed=5)], strict=True):
            assert found == pytest.approx(1.5 * one.total_effect("v2", "v5", held).numpy(), rel=1e-9, abs=1e-12)


def test_many_variables_are_no_obstacle_where_few_are_there_at_a_time() -> None:
    names = [f"v{i}" for i in range(24)]
    rng = np.random.default_rng(1)
    flips = rng.random((200, 24)) < 0.05
    frame = pd.DataFrame(np.cumsum(flips, axis=1) % 2, columns=names)  # each the one before, but for a few
    chain = cpp.DagBatch.from_dags([cpp.Dag(names, list(itertools.pairwise(names)))])
    value, _ = compile_batch(chain, frame, check=False).effects(cpp.Contrast("v0", "v23"))
    program = cpp.compile(chain[0], data=frame, check=False)
    slopes = [
        float(np.diff([program.do({a: x}).probabilities(b)[1] for x in (0, 1)])[0])
        for a, b in itertools.pairwise(names)
    ]
    assert value == pytest.approx([math.prod(slopes)], rel=1e-9)
    wide = DagBatch.from_dags([cpp.Dag("abcdefy", [(name, "y") for name in "abcdef"])])
    rows = "s" + pd.DataFrame(np.random.default_rng(2).integers(0, 10, (50, 7)), columns=list("abcdefy")).astype(str)
    rows["y"] = [0, 1] * 25
    with pytest.raises(errors.TooLarge, match="joint states"):
        compile_batch(wide, rows, check=False).effects(cpp.Contrast("a", "y", treated="s1", control="s0"))
