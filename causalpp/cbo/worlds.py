"""Worlds to optimise in: the published ones, and random programs.  All outcomes are to be made small.

Each gives a :class:`World`: a program, the outcome, what can be set and within which bounds, and what can not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pyro import distributions as dist
from torch import Tensor

from causalpp.graphs import Dag
from causalpp.programs import CausalProgram, Function, compile

__all__ = ["WORLDS", "World", "complete", "psa", "random_world", "toy"]


@dataclass(frozen=True)
class World:
    """Something to optimise.

    Attributes:
        name: of the world.
        program: what is true.
        outcome: what is to be small.
        interventions: for each variable that can be set, its bounds.
        source: where the equations are from.
    """

    name: str
    program: CausalProgram
    outcome: str
    interventions: dict[str, tuple[float, float]]
    source: str

    @property
    def dag(self) -> Dag:
        return self.program.dag


def _world(
    name: str,
    equations: dict[str, tuple[Any, ...]],
    outcome: str,
    interventions: dict[str, tuple[float, float]],
    source: str,
    latent: tuple[str, ...] = (),
) -> World:
    """``equations``: variable → (function of parents and noise, its parents, its noise if not standard normal)."""
    mechanisms = {v: Function(f, tuple(parents), None, *noise) for v, (f, parents, *noise) in equations.items()}
    edges = [(parent, v) for v, m in mechanisms.items() for parent in m.parents]
    program = compile(Dag(list(equations), edges, latent=latent), mechanisms=mechanisms)
    return World(name, program, outcome, interventions, source)


def _noise(e: Tensor) -> Tensor:
    return e


def toy() -> World:
    """X → Z → Y: the best is do(Z = −3.20), −2.172; X alone reaches −1.466 at −1.12.

    Example:
        >>> world = toy()
        >>> round(float(world.program.do(Z=-3.2).simulate(100_000, seed=0)["Y"].mean()), 2)
        -2.17
    """
    return _world(
        "toy",
        {
            "X": (_noise, ()),
            "Z": (lambda x, e: torch.exp(-x) + e, ("X",)),
            "Y": (lambda z, e: torch.cos(z) - torch.exp(-z / 20) + e, ("Z",)),
        },
        "Y",
        {"X": (-5.0, 5.0), "Z": (-5.0, 20.0)},
        "Aglietti et al., Causal Bayesian optimization, 2020, toy graph",
    )


def complete() -> World:
    """Two latent causes join the outcome with A and with B; B, D and E can be set."""
    return _world(
        "complete",
        {
            "U1": (_noise, ()),
            "U2": (_noise, ()),
            "F": (_noise, ()),
            "A": (lambda f, u, e: f**2 + u + e, ("F", "U1")),
            "B": (lambda u, e: u + e, ("U2",)),
            "C": (lambda b, e: torch.exp(-b) + e, ("B",)),
            "D": (lambda c, e: torch.exp(-c) / 10 + e, ("C",)),
            "E": (lambda a, c, e: torch.cos(a) + c / 10 + e, ("A", "C")),
            "Y": (
                lambda d, e_, u, w, e: torch.cos(d) - d / 5 + torch.sin(e_) - e_ / 4 + u + torch.exp(-w) + e,
                ("D", "E", "U1", "U2"),
            ),
        },
        "Y",
        {"B": (-5.0, 4.0), "D": (-5.0, 5.0), "E": (-6.0, 3.0)},
        "Aglietti et al., Causal Bayesian optimization, 2020, synthetic graph with latent causes",
        latent=("U1", "U2"),
    )


def psa() -> World:
    """Aspirin and statin against prostate-specific antigen; age and body mass index are as they are."""
    return _world(
        "psa",
        {
            "age": (_noise, (), dist.Uniform(55.0, 75.0)),
            "bmi": (lambda age, e: 27 - 0.01 * age + 0.7 * e, ("age",)),
            "aspirin": (lambda age, bmi: torch.sigmoid(-8 + 0.10 * age + 0.03 * bmi), ("age", "bmi"), None),
            "statin": (lambda age, bmi: torch.sigmoid(-13 + 0.10 * age + 0.20 * bmi), ("age", "bmi"), None),
            "cancer": (
                lambda age, bmi, s, a: torch.sigmoid(2.2 - 0.05 * age + 0.01 * bmi - 0.04 * s + 0.02 * a),
                ("age", "bmi", "statin", "aspirin"),
                None,
            ),
            "psa": (
                lambda age, bmi, s, a, c, e: 6.8 + 0.04 * age - 0.15 * bmi - 0.60 * s + 0.55 * a + c + 0.4 * e,
                ("age", "bmi", "statin", "aspirin", "cancer"),
            ),
        },
        "psa",
        {"aspirin": (0.0, 1.0), "statin": (0.0, 1.0)},
        "Ferro et al., 2015; as stated by Aglietti et al., 2020",
    )


def random_world(seed: int = 0, variables: int = 5) -> World:
    """A random nonlinear program: sums of waves and lines of the parents, one latent cause of two variables.

    The outcome comes last; the other variables can be set between −3 and 3.
    """
    rng = np.random.default_rng(seed)
    names = [f"x{k}" for k in range(variables - 1)] + ["y"]
    joined = sorted(int(k) for k in rng.choice(variables, 2, replace=False))
    equations: dict[str, tuple[Any, ...]] = {"u": (_noise, ())}
    for k, name in enumerate(names):
        parents = [j for j in range(k) if rng.random() < 0.5 or (k == variables - 1 and j == k - 1)]
        waves, lines, speeds, phases = (rng.uniform(low, high, len(parents)) for low, high in
                                        ((0.5, 1.5), (-0.5, 0.5), (0.5, 1.5), (0, 6.28)))  # fmt: skip
        hidden = float(rng.uniform(0.5, 1.0)) if k in joined else 0.0
        of = tuple(names[j] for j in parents) + (("u",) if hidden else ())
        equations[name] = (_sum_of_waves(waves, lines, speeds, phases, hidden), of)
    bounds = dict.fromkeys(names[:-1], (-3.0, 3.0))
    return _world(f"random {seed}", equations, "y", bounds, "random sums of waves", latent=("u",))


def _sum_of_waves(waves: Any, lines: Any, speeds: Any, phases: Any, hidden: float) -> Callable[..., Tensor]:
    def equation(*given: Tensor) -> Tensor:
        *parents, noise = given
        total = 0.5 * noise
        if hidden:
            *parents, cause = parents
            total = total + hidden * cause
        for wave, line, speed, phase, parent in zip(waves, lines, speeds, phases, parents):
            total = total + float(wave) * torch.sin(float(speed) * parent + float(phase)) + float(line) * parent
        return total

    return equation


#: The published worlds by name.
WORLDS: dict[str, Callable[[], World]] = {"toy": toy, "complete": complete, "psa": psa}
