"""The names of 0.1 that programs still answer to, each with a word about its new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import causalpp as cpp
from causalpp import CausalProgram

SURE = cpp.compile(
    cpp.Dag.from_edges([("x", "y")]),
    mechanisms={"x": cpp.Table((0, 1), (), [0.5, 0.5]), "y": cpp.Table((0, 1), ("x",), [[1, 0], [0, 1]])},
)
SEEN = cpp.load_network("asia").condition(dysp="yes")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (lambda p: p.evidence, lambda p: p.observations, "CausalProgram.observations"),
        (lambda p: p.log_evidence, lambda p: p.log_likelihood, "CausalProgram.log_likelihood"),
        (
            lambda p: p.counterfactual(evidence={"xray": "yes"}, do={"smoke": "no"}).distribution("lung"),
            lambda p: p.counterfactual(observations={"xray": "yes"}, do={"smoke": "no"}).distribution("lung"),
            r"counterfactual\(observations=\)",
        ),
        (
            lambda p: bool(cpp.actual_cause(SURE, {"x": 1}, {"y": 1}, evidence={"x": 1, "y": 1})),
            lambda p: bool(cpp.actual_cause(SURE, {"x": 1}, {"y": 1}, observations={"x": 1, "y": 1})),
            r"actual_cause\(observations=\)",
        ),
    ],
)
def test_an_old_name_gives_the_same(
    old: Callable[[CausalProgram], Any], new: Callable[[CausalProgram], Any], said: str
) -> None:
    with pytest.warns(DeprecationWarning, match=said):
        found = old(SEEN)
    assert found == new(SEEN)


def test_mechanisms_stand_under_their_own_name_and_flat() -> None:
    for name in ("AdditiveNoise", "Function", "Gamma", "LinearGaussian", "Logistic", "NegativeBinomial", "Poisson",
                 "Response", "Table"):  # fmt: skip
        assert getattr(cpp.mechanisms, name) is getattr(cpp, name)
