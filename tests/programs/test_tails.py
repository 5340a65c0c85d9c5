"""Counterfactuals far out in the tails, against the coupling of quantiles in eighty digits."""

from __future__ import annotations

import math
from itertools import pairwise

import mpmath
import numpy as np
import pyro
import pytest
import torch
from scipy import stats

import causalpp as cpp
from causalpp import Dag, Function, Gamma, Logistic, Poisson, Response, Shift, Table, compile
from causalpp.errors import ImpreciseWarning
from causalpp.programs.mechanisms import Mechanism
from causalpp.programs.mechanisms.noise import tails as _tails

DAG = Dag.from_edges([("t", "y")])
COIN = Table((0, 1), (), [0.5, 0.5])


def two(mechanism: Mechanism) -> cpp.CausalProgram:
    return compile(DAG, mechanisms={"t": COIN, "y": mechanism})


def survival(count: int, mean: float) -> mpmath.mpf:
    """P(more than a count) under a Poisson law."""
    return mpmath.mpf(1) if count < 0 else mpmath.gammainc(count + 1, 0, mean, regularized=True)


def coupled_count(seen: int, before: float, after: float) -> float:
    """E of the count under the other mean whose noise is uniform between the two ends of what was seen."""
    with mpmath.workdps(400):
        low, high = survival(seen, before), survival(seen - 1, before)
        middle = int(seen * after / before)
        counts = range(max(0, middle // 3 - 20), 3 * middle + 60)
        tails = [survival(c - 1, after) for c in (*counts, counts[-1] + 1)]
        shares = [
            max(mpmath.mpf(0), min(above, high) - max(below, low)) / (high - low) for above, below in pairwise(tails)
        ]
        assert abs(sum(shares) - 1) < 1e-20
        return float(sum(c * share for c, share in zip(counts, shares, strict=True)))


@pytest.mark.parametrize(
    ("seen", "before", "after"),
    [(60, 5.5, 2.75), (60, 5.5, 11.0), (0, 400.0, 390.0), (9, 300.0, 250.0), (250, 0.5, 0.8), (700, 5.5, 4.0)],
)
def test_a_count_in_the_tail(seen: int, before: float, after: float) -> None:
    program = two(Poisson("t", [math.log(after / before)], math.log(before), sizes=(2,)))
    evidence = {"t": 0, "y": float(seen)}
    assert program.counterfactual(evidence, {"t": 0}).mean("y", samples=100) == pytest.approx(seen, rel=1e-12)
    expected = coupled_count(seen, before, after)
    found = program.counterfactual(evidence, {"t": 1}).draw(20_000, seed=1)["y"]
    assert found.mean() == pytest.approx(expected, abs=5 * found.std() / math.sqrt(len(found)) + 1e-9)
    assert found.std() < 1.0 + 0.02 * expected  # one count is one narrow piece of noise


@pytest.mark.parametrize("seen", [1e-300, 1e-40, 1e-3, 2.0, 90.0, 5e4])
def test_a_positive_number_in_the_tail_scales_with_its_mean(seen: float) -> None:
    program = two(Gamma("t", [math.log(3.0)], 0.5, shape=2.5, sizes=(2,)))
    evidence = {"t": 0, "y": seen}
    for t, factor in ((0, 1.0), (1, 3.0)):
        assert program.counterfactual(evidence, {"t": t}).mean("y", samples=10) == pytest.approx(factor * seen)
    pushed = program.counterfactual(evidence, {"t": 1, "y": Shift(seen)})
    assert pushed.mean("y", samples=10) == pytest.approx(4 * seen)


@pytest.mark.parametrize(("shape", "x"), [(3.0, 1e-200), (400.0, 1e-3), (0.5, 1e-250), (1e4, 10.0), (61.0, 5.5)])
def test_lower_incomplete_gamma(shape: float, x: float) -> None:
    with mpmath.workdps(60):
        expected = mpmath.log(mpmath.gammainc(shape, 0, x, regularized=True))
    assert _tails.log_lower_gamma(shape, x) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize(("shape", "x"), [(3.0, 2000.0), (0.5, 1e5), (61.0, 5.5), (50.0, 4000.0), (1e4, 5e4)])
def test_upper_incomplete_gamma(shape: float, x: float) -> None:
    with mpmath.workdps(60):
        expected = mpmath.log(mpmath.gammainc(shape, x, mpmath.inf, regularized=True))
    assert _tails.log_upper_gamma(shape, x) == pytest.approx(float(expected), rel=1e-12, abs=1e-13)


RARE = [[1 - 3e-20, 2e-20, 1e-20], [1 - 2.5e-20, 1e-20, 1.5e-20]]


@pytest.mark.parametrize("kind", ["table", "logistic", "response", "function"])
def test_rare_states_above_the_likely_one(kind: str) -> None:
    """Seen: state 1, whose noise lies 1e-20 to 3e-20 from the end; of that half a unit more is state 2 under t = 1."""
    law = np.array(RARE)
    states = ("a", "b", "c")
    fine = np.array([1 - 3e-20, 0.5e-20, 1e-20, 0.5e-20, 1e-20])
    which = torch.tensor([[0, 1, 1, 1, 2], [0, 0, 1, 2, 2]])
    made: dict[str, Mechanism] = {
        "table": Table(states, "t", law),
        "logistic": Logistic(states, "t", np.log(law[1, 1:] / law[0, 1:])[:, None], np.log(law[0, 1:]), sizes=(2,)),
        "response": Response(states, "t", fine, which.numpy()),
        "function": Function(lambda t, e: which[t, e], "t", states, pyro.distributions.Categorical(torch.tensor(fine))),
    }
    program = two(made[kind])
    seen = {"t": 0, "y": "b"}
    # From the end, state b under t = 0 is (1, 3]e-20; under t = 1 state c is [0, 1.5], b (1.5, 2.5], a the rest.
    expected = {"a": 0.25, "b": 0.5, "c": 0.25}
    after = program.counterfactual(seen, {"t": 1})
    assert after.distribution("y") == pytest.approx(expected, rel=1e-6)
    assert after.distribution("y", samples=20_000) == pytest.approx(expected, abs=0.02)
    assert program.counterfactual(seen, {"t": 0}).distribution("y") == {"a": 0.0, "b": 1.0, "c": 0.0}


def test_a_world_with_the_same_parents_keeps_what_was_seen_whatever_the_function() -> None:
    """Weibull by a uniform noise: its inverse rounds, and its own world shows what was seen all the same."""
    weibull = Function(
        lambda t, u: (1 + t) * (-torch.log1p(-u)) ** 0.7,
        "t",
        noise="uniform",
        inverse=lambda y, t: -torch.expm1(-((y / (1 + t)) ** (1 / 0.7))),
    )
    program = two(weibull)
    seen = 30.0**0.7
    assert program.counterfactual({"t": 0, "y": seen}, {"t": 0}).mean("y", samples=10) == pytest.approx(seen, rel=1e-14)
    with pytest.warns(ImpreciseWarning, match="noise='normal'"):
        other = program.counterfactual({"t": 0, "y": seen}, {"t": 1}).mean("y", samples=10)
    assert other == pytest.approx(2 * seen, rel=1e-2)


def test_what_is_sure_is_exactly_what_was_seen() -> None:
    program = two(Poisson("t", [0.5], 1.0, sizes=(2,)))
    for n in (20, 50, 333):
        assert program.counterfactual({"t": 0, "y": 60.0}, {"t": 0}).mean("y", samples=n) == 60.0
        assert program.do(t=1).distribution("t", samples=n) == {0: 0.0, 1: 1.0}


def test_tails_in_pyro() -> None:
    program = two(Poisson("t", [math.log(0.5)], math.log(5.5), sizes=(2,)))
    worlds = [program.counterfactual({"t": 0, "y": 60.0}, {"t": t}) for t in (0, 0, 0, 1, 1, 1)]
    found = [float(pyro.poutine.trace(world).get_trace().nodes["y"]["value"]) for world in worlds]
    assert found[:3] == [60.0] * 3
    assert all(abs(v - coupled_count(60, 5.5, 2.75)) < 3 for v in found[3:])


def test_drawn_counts_and_numbers_follow_their_laws() -> None:
    program = two(Poisson("t", [0.0], math.log(3.0), sizes=(2,)))
    seen = np.bincount(program.draw(50_000, seed=3)["y"].astype(int), minlength=12)[:12]
    expected = stats.poisson(3.0).pmf(np.arange(12)) * 50_000
    assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 1e-3
