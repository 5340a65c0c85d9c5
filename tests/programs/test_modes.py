"""Latent fits say what they did not establish: other solutions, states that collapsed, directions left open."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalpp as cpp
from causalpp import Dag, LinearGaussian, Table
from causalpp.errors import ImpreciseWarning
from causalpp.programs.fitting.joint import modes
from causalpp.programs.mechanisms import Mechanism
from causalpp.programs.models.rows import rows_model

CONFOUNDED = Dag(["u", "t", "y"], [("u", "t"), ("u", "y"), ("t", "y")], latent=["u"])


def confounded(seed: int, n: int = 300) -> pd.DataFrame:
    """A treatment worth +60 and a group, not seen, worth +40: which part of each arm is which group, nothing tells."""
    draw = np.random.default_rng(seed)
    group = draw.random(n) < 0.5
    treated = draw.random(n) < np.where(group, 0.7, 0.3)
    return pd.DataFrame({"t": treated.astype(int), "y": 60.0 * treated + 40.0 * group + draw.normal(0, 8, n)})


@pytest.mark.slow
def test_two_solutions_are_told_and_the_interval_holds_both() -> None:
    data = confounded(0)
    with pytest.warns(ImpreciseWarning, match=r"solutions explain the data about as well, and differ by .* of 'y'"):
        fitted = cpp.compile(CONFOUNDED, data=data, states={"u": (0, 1)}, steps=200, draws=200)
    assert fitted.fit is not None
    assert not fitted.fit.converged
    assert "not established" in str(fitted.fit)
    low, high = cpp.ate(fitted, "t", "y", draws=100).interval(0.95)
    assert low - 4 < 60 < high
    # The two ways to pair the groups of the arms, by the arms' own two clusters.
    arms = [np.sort(data.y[data.t == t]) for t in (0, 1)]
    cuts = [int(np.argmax(np.diff(arm[10:-10]))) + 11 for arm in arms]
    means = [(arm[:cut].mean(), arm[cut:].mean()) for arm, cut in zip(arms, cuts, strict=True)]
    share = np.mean([1 - cut / len(arm) for arm, cut in zip(arms, cuts, strict=True)])
    right = (1 - share) * (means[1][0] - means[0][0]) + share * (means[1][1] - means[0][1])
    assert right == pytest.approx(60, abs=6)
    assert high - low > 8


def test_solutions_are_held_against_each_other_by_what_they_say_of_interventions() -> None:
    """The effect of t on y is 60 in one and 70 in the other; a third differs from the first in names only."""
    columns = cpp.columns.read_columns(confounded(0))

    def solution(effect: float, turned: bool = False) -> dict[str, Mechanism]:
        group = np.array([0.3, 0.7])
        means = np.array([[0.0, effect], [40.0, 40.0 + effect]])
        if turned:
            group, means = group[::-1], means[::-1]
        share = Table((0, 1), (), group)
        given = Table((0, 1), "u", np.array([[0.7, 0.3], [0.3, 0.7]])[:: -1 if turned else 1])
        return {"u": share, "t": given, "y": LinearGaussian(("u", "t"), np.zeros((2, 2, 0)), means, 8.0)}

    gap, _ = modes.apart([solution(60.0), solution(60.0, turned=True)], CONFOUNDED, columns)
    assert gap < modes.SAY_THE_SAME
    gap, where = modes.apart([solution(60.0), solution(70.0)], CONFOUNDED, columns)
    assert gap == pytest.approx(10 / confounded(0)["y"].std(ddof=0), rel=0.05)
    assert "'y' under do(t = 1)" in where


def three_signs(n: int = 150) -> pd.DataFrame:
    """Three measurements of one group: its states are determined."""
    draw = np.random.default_rng(1)
    group = draw.random(n) < 0.4
    return pd.DataFrame({v: draw.normal(3.0 * group, 1.0) for v in ("a", "b", "c")})


@pytest.mark.slow
def test_a_fit_that_is_determined_converges_and_says_what_remains() -> None:
    dag = Dag(["u", "a", "b", "c"], [("u", v) for v in "abc"], latent=["u"])
    with warnings.catch_warnings():
        warnings.simplefilter("error", ImpreciseWarning)
        fitted = cpp.compile(dag, data=three_signs(), states={"u": (0, 1)}, steps=600, draws=100)
    assert fitted.fit is not None
    assert fitted.fit.converged
    assert "not established: that nothing but what" in str(fitted.fit)
    assert sorted(fitted.distribution("u").values()) == pytest.approx([0.4, 0.6], abs=0.1)


def test_modes_are_those_of_a_mixture() -> None:
    """One measurement of a group, where a brute search of the same density finds nothing higher."""
    priors = cpp.compile(
        Dag(["u", "a"], [("u", "a")], latent=["u"]), priors={}, states={"u": (0, 1)}, mechanisms={"a": "linear"}
    )
    data = three_signs()
    values = (data["a"] - data["a"].mean()) / data["a"].std()
    columns = cpp.columns.read_columns(pd.DataFrame({"a": values}))
    model = rows_model(priors.statements, columns, len(values))
    names = frozenset({"u.probabilities", "a.intercept", "a.scale"})
    found = modes.found(model, names, seed=0, draws=50, starts=4)
    best = found[0]
    assert [mode.evidence for mode in found] == sorted((mode.evidence for mode in found), reverse=True)
    assert best.draws["a.intercept"].shape == (50, 2)
    order = np.argsort(best.point["a.intercept"])
    share, mean, scale = (best.point[k][order] for k in ("u.probabilities", "a.intercept", "a.scale"))
    high = sum(share[k] * stats.norm(mean[k], scale[k]).pdf(values) for k in range(2))
    other = stats.norm(values.mean(), values.std()).pdf(values)
    assert np.log(high).sum() > np.log(other).sum()


def two_states(share: float, means: tuple[float, float], treated: tuple[float, float]) -> dict[str, Mechanism]:
    return {
        "u": Table((0, 1), (), [1 - share, share]),
        "t": Table((0, 1), "u", [[1 - p, p] for p in treated]),
        "y": LinearGaussian(("u", "t"), np.zeros((2, 2, 0)), [[means[0]] * 2, [means[1]] * 2], 1.0),
    }


@pytest.mark.parametrize(
    ("mechanisms", "words"),
    [
        (two_states(0.5, (0.0, 3.0), (0.3, 0.6)), ""),
        (two_states(0.001, (0.0, 3.0), (0.3, 0.6)), "state 1 of 'u' holds"),
        (two_states(0.5, (0.0, 3.0), (0.3, 0.001)), "u = 1, t = 1"),
        (two_states(0.5, (1.0, 1.0), (0.3, 0.3)), "same effects"),
    ],
)
def test_a_state_that_collapsed_is_noticed(mechanisms: dict[str, Mechanism], words: str) -> None:
    found = modes.collapsed(mechanisms, CONFOUNDED, 400)
    assert words in found
    assert bool(words) == bool(found)


def test_gibbs_says_what_it_compared() -> None:
    draw = np.random.default_rng(0)
    group = draw.random(300) < 0.5
    data = pd.DataFrame({v: (draw.random(300) < np.where(group, 0.8, 0.2)).astype(int) for v in ("a", "b", "c")})
    dag = Dag(["u", "a", "b", "c"], [("u", v) for v in "abc"], latent=["u"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImpreciseWarning)
        fitted = cpp.compile(dag, data=data, states={"u": (0, 1)}, steps=400, draws=50)
    assert fitted.fit is not None
    assert "tables of 'u'" in fitted.fit.unestablished
