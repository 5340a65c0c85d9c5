"""Latent variables and missing values: effects that the data determine are recovered, with honest intervals."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pandas as pd
import pyro
import pytest
import torch
from pyro.infer import NUTS, SVI, TraceEnum_ELBO, config_enumerate
from pyro.infer.autoguide import AutoNormal, init_to_sample

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.programs.examples import smoking_tar_cancer
from causalpp.programs.fitting import model
from causalpp.programs.fitting.joint import latent, mcmc
from causalpp.programs.mechanisms import LinearGaussian, Table

FRONT_DOOR = smoking_tar_cancer().dag
_YN = ("yes", "no")


def front_door() -> cpp.CausalProgram:
    """A front door in which the genotype does not decide everything."""
    mechanisms = {
        "genotype": Table(("a", "b"), (), [0.4, 0.6]),
        "smoke": Table(_YN, ("genotype",), [[0.7, 0.3], [0.3, 0.7]]),
        "tar": Table(_YN, ("smoke",), [[0.8, 0.2], [0.25, 0.75]]),
        "cancer": Table(_YN, ("tar", "genotype"), [[[0.6, 0.4], [0.35, 0.65]], [[0.4, 0.6], [0.15, 0.85]]]),
    }
    return cpp.compile(FRONT_DOOR, mechanisms=mechanisms)


@pytest.mark.slow
@pytest.mark.parametrize("repetitions", [8, 50], ids=["a few repetitions", "fifty"])
def test_the_front_door_effect_is_covered(repetitions: int) -> None:
    """Intervals of nominal 95 %: at least 44 of 50 cover with probability 0.99, at least 6 of 8 likewise."""
    program = smoking_tar_cancer()
    truth = cpp.ate(program, "smoke", "cancer").value
    assert truth == pytest.approx(0.045)
    covered = 0
    for seed in range(repetitions):
        data = program.simulate(20_000, seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", errors.ImpreciseWarning)  # a few of fifty are just over the limit
            fitted = cpp.compile(FRONT_DOOR, data=data, states={"genotype": ("a", "b")}, seed=seed)
        effect = cpp.ate(fitted, "smoke", "cancer", draws=200)
        low, high = effect.interval(0.95)
        covered += low <= truth <= high
        assert abs(effect.value - truth) < 0.03
    assert covered >= (6 if repetitions == 8 else 44)


def test_draws_are_joint_over_mechanisms() -> None:
    program = front_door()
    fitted = cpp.compile(FRONT_DOOR, data=program.simulate(5000, seed=1), states={"genotype": ("a", "b")}, draws=200)
    smoke, cancer = fitted.mechanism("smoke").law, fitted.mechanism("cancer").law
    for seed in range(5):
        drawn = fitted.drawn(seed)
        # the numbers of the draws of two mechanisms, found by comparing
        at = [
            int(abs(law.values["probabilities"] - drawn.mechanism(v).probabilities).sum(axis=axes).argmin())
            for v, law, axes in (("smoke", smoke, (1, 2)), ("cancer", cancer, (1, 2, 3)))
        ]
        assert at[0] == at[1]
    # Every draw explains what was seen; tables of different draws, with names of states exchanged, would not.
    data = program.simulate(5000, seed=1)
    share = data.groupby(["smoke", "tar", "cancer"], observed=False).size().to_numpy().reshape(2, 2, 2) / 5000
    for p in fitted.posterior_draws(20, seed=3):
        np.testing.assert_allclose(p.probabilities(["smoke", "tar", "cancer"]), share, atol=0.05)


def test_without_anything_missing_gibbs_is_the_closed_form() -> None:
    program = front_door()
    data = pd.DataFrame(program.frame(program.draw(300, seed=2)))
    dag = Dag(FRONT_DOOR.nodes, FRONT_DOOR.edges)
    exact = cpp.compile(dag, data=data)
    data.loc[0, "tar"] = None
    one = cpp.compile(dag, data=data, method="gibbs")
    assert one.fit.converged
    for v in dag.nodes:
        np.testing.assert_allclose(one.table(v), exact.table(v), atol=0.01)
        draws = np.array([p.table(v) for p in one.posterior_draws(400, seed=0)])
        alpha = exact.mechanism(v).concentration
        expected = np.sqrt(exact.table(v) * (1 - exact.table(v)) / (alpha.sum(-1, keepdims=True) + 1))
        np.testing.assert_allclose(draws.std(0), expected, rtol=0.25)


def test_values_missing_at_random_are_inferred() -> None:
    """The outcome is seen less often where the parent is 1, and then more often if a witness is 1."""
    truth = cpp.compile(
        Dag.from_edges([("x", "y"), ("y", "w")]),
        mechanisms={
            "x": Table((0, 1), (), [0.5, 0.5]),
            "y": Table((0, 1), ("x",), [[0.8, 0.2], [0.3, 0.7]]),
            "w": Table((0, 1), ("y",), [[0.9, 0.1], [0.2, 0.8]]),
        },
    )
    data = truth.simulate(20_000, seed=1).astype(int)
    hidden = np.random.default_rng(0).random(20_000) < np.where(data.w == 1, 0.7, 0.1)
    holes = data.assign(y=data.y.where(~hidden))
    fitted = cpp.compile(truth.dag, data=holes, method="gibbs", steps=2000)
    assert fitted.states("y") == (0, 1)
    np.testing.assert_allclose(fitted.table("y"), truth.table("y"), atol=0.03)
    dropped = cpp.compile(truth.dag, data=holes.dropna())
    assert abs(dropped.table("y") - truth.table("y")).max() > 0.1  # complete cases alone mislead
    effect = cpp.ate(fitted, "x", "y", draws=200)
    low, high = effect.interval(0.95)
    assert low < 0.5 < high
    assert high - low < 0.06


def test_known_tables_stay_and_priors_count() -> None:
    program = front_door()
    data = program.simulate(5000, seed=1)
    known = program.mechanism("genotype")
    strong = Table.from_concentration(_YN, ("smoke",), [[1e6, 1e6], [1e6, 1e6]])
    fitted = cpp.compile(FRONT_DOOR, data=data, mechanisms={"genotype": known}, priors={"tar": strong}, method="gibbs")
    assert fitted.mechanism("genotype") is known
    np.testing.assert_allclose(fitted.table("tar"), 0.5, atol=0.01)


@pytest.mark.slow
def test_a_guide_with_the_latent_summed_out() -> None:
    """Pyro's own SVI on the model, as the tutorial does it: the effect comes out right."""
    program = front_door()
    truth = cpp.ate(program, "smoke", "cancer").value
    data = program.simulate(4000, seed=3)
    states = {v: program.states(v) for v in program.variables}
    random = cpp.compile(FRONT_DOOR, priors={}, states=states)
    rows = model(random, data)
    with torch.random.fork_rng(devices=[]), pyro.get_param_store().scope():
        pyro.set_rng_seed(1)
        guide = AutoNormal(pyro.poutine.block(rows, hide=["genotype"]), init_loc_fn=init_to_sample, init_scale=0.05)
        svi = SVI(config_enumerate(rows), guide, pyro.optim.Adam({"lr": 0.05}), TraceEnum_ELBO(max_plate_nesting=1))
        losses = [svi.step() for _ in range(400)]
        found = {site: value.detach().numpy() for site, value in guide.median().items()}
    assert np.mean(losses[-50:]) < np.mean(losses[:10]) - 100
    tables = {v: Table(states[v], random.mechanism(v).parents, found[f"{v}.probabilities"]) for v in states}
    effect = cpp.ate(cpp.compile(FRONT_DOOR, mechanisms=tables), "smoke", "cancer").value
    assert effect == pytest.approx(truth, abs=0.05)


@pytest.mark.slow
def test_variational_inference_of_the_front_door() -> None:
    program = front_door()
    data = program.simulate(4000, seed=4)
    fitted = cpp.compile(
        FRONT_DOOR, data=data, states={"genotype": ("a", "b")}, method="svi", steps=1000, draws=100, seed=2
    )
    effect = cpp.ate(fitted, "smoke", "cancer", draws=50)
    assert effect.value == pytest.approx(cpp.ate(program, "smoke", "cancer").value, abs=0.05)
    assert fitted.fit.method == "svi"


def test_a_latent_group_behind_a_real_number() -> None:
    """Two heights, mixed: a latent discrete cause of a real variable, summed out."""
    dag = Dag.from_edges([("u", "x")], latent="u")
    draw = np.random.default_rng(0)
    data = pd.DataFrame({"x": draw.normal(np.where(draw.random(600) < 0.3, 170, 200), 4)})
    fitted = cpp.compile(dag, data=data, states={"u": (0, 1)}, steps=600, draws=50, seed=1)
    found = fitted.mechanism("x")
    assert isinstance(found, LinearGaussian)
    np.testing.assert_allclose(np.sort(found.intercept), [170, 200], atol=1.5)
    np.testing.assert_allclose(found.scale, 4, atol=1)


@pytest.mark.slow
def test_a_latent_real_confounder_and_missing_real_values() -> None:
    dag = Dag.from_edges([("u", "x"), ("u", "y"), ("x", "y"), ("z", "x")], latent="u")
    draw = np.random.default_rng(0)
    u, z = draw.normal(size=(2, 200))
    x = u + 2 * z + draw.normal(0, 0.5, size=200)
    data = pd.DataFrame({"z": z, "x": x, "y": x - u + draw.normal(0, 0.5, size=200)})
    data.loc[::10, "y"] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.ImpreciseWarning)  # it creeps for long, near the answer
        fitted = cpp.compile(dag, data=data, mechanisms={"u": LinearGaussian()}, method="svi", steps=1000, draws=20)
    assert isinstance(fitted.mechanism("y"), LinearGaussian)
    assert cpp.ate(fitted, "x", "y", treated=1.0, control=0.0).value == pytest.approx(1, abs=0.3)


@pytest.mark.slow
def test_nuts_with_a_latent_summed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # The model compiled: the same steps in less time.
    monkeypatch.setattr(mcmc, "NUTS", partial(NUTS, jit_compile=True, ignore_jit_warnings=True))
    program = front_door()
    fitted = cpp.compile(
        FRONT_DOOR, data=program.simulate(300, seed=4), states={"genotype": ("a", "b")}, method="nuts", draws=200
    )
    assert fitted.fit.method == "nuts"
    assert fitted.fit.converged
    effect = cpp.ate(fitted, "smoke", "cancer", draws=100)
    low, high = effect.interval(0.95)
    assert low < cpp.ate(program, "smoke", "cancer").value < high


def test_chains_that_are_too_short_are_told() -> None:
    data = front_door().simulate(5000, seed=1)
    with pytest.warns(errors.ImpreciseWarning, match="raise steps="):
        fitted = cpp.compile(FRONT_DOOR, data=data, states={"genotype": ("a", "b")}, steps=40)
    assert not fitted.fit.converged
    assert max(fitted.fit.r_hat.values()) > 1


def test_an_interrupted_sampler_keeps_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(total: int, what: str, show: bool | None) -> object:
        yield from range(1000)
        raise KeyboardInterrupt

    monkeypatch.setattr(latent, "steps", interrupted)
    data = front_door().simulate(5000, seed=1)
    with pytest.warns(errors.ImpreciseWarning, match="interrupted"):
        fitted = cpp.compile(FRONT_DOOR, data=data, states={"genotype": ("a", "b")}, steps=1500)
    assert fitted.fit.steps == 1000
    assert len(cpp.ate(fitted, "smoke", "cancer", draws=20).draws) == 20


def test_too_many_ways_to_complete_the_rows() -> None:
    dag = Dag.from_edges([("u", f"v{i}") for i in range(14)], latent="u")
    data = pd.DataFrame(np.random.default_rng(0).integers(3, size=(20_000, 14)), columns=[f"v{i}" for i in range(14)])
    with pytest.raises(errors.TooLarge, match="method='svi'"):
        cpp.compile(dag, data=data, states={"u": range(40)})


def test_the_same_seed_gives_the_same_fit() -> None:
    data = front_door().simulate(2000, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.ImpreciseWarning)
        one, two = (cpp.compile(FRONT_DOOR, data=data, states={"genotype": (0, 1)}, steps=200, seed=5) for _ in "ab")
    assert one.drawn(1).probabilities(["cancer"]).tolist() == two.drawn(1).probabilities(["cancer"]).tolist()
