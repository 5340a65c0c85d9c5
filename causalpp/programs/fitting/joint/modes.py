"""The modes of a posterior, from many starts: how high they are, how wide, and whether they say different things.

With a discrete latent variable a posterior has a mode for every way to name its states, and often others: a state
that hardly any row has, or two that are alike.  One start finds one of them and cannot tell which.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pyro.infer.autoguide import init_to_sample
from pyro.infer.mcmc.util import initialize_model
from torch import Tensor

from causalpp.columns import Column
from causalpp.graphs import Dag
from causalpp.programs.mechanisms import LinearGaussian, Mechanism, Table
from causalpp.programs.mechanisms.laws import split
from causalpp.programs.models.rows import Model
from causalpp.programs.program import CausalProgram, Statement

__all__ = ["SAY_THE_SAME", "STARTS", "Mode", "apart", "collapsed", "found", "left_open", "near", "pooled"]

STARTS = 6
_FIRST, _STEPS = 20, 60  # steps of L-BFGS of every start, and of those that are then not too far below the best
_HOPELESS = 40.0  # nats
_MOST = 80  # parameters up to which the width of a mode is computed
_SAME, _ALIKE = 0.05, 0.03  # nats, and parameters whatever the names of states, by which two modes are one
NEAR = 5.0  # nats of evidence within which another mode counts
_ROWS = 4000  # drawn from a fitted program, to see which of its states it uses
SAY_THE_SAME = 0.05  #: probability, or standard deviations, within which solutions say the same of an intervention
_DRAWN = 20_000  # rows for each intervention under each solution; noise is then a tenth of that
_MOST_SET = 4  # states of a variable that it is set to
_FEWEST = 5  # rows of the data that a state, or a configuration with it, should have at least

Parameters = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Mode:
    """A place where the posterior density of unconstrained parameters is highest around.

    Attributes:
        height: the log density there.
        evidence: the log of the mass around it by Laplace's approximation; the height where that is unknown.
        point: the parameters there, site → value.
        start: the same, unconstrained.
        draws: from the normal law with its curvature, site → ``(K, …)``; empty where that is unknown.
        flat: whether some direction is not determined: the curvature is not positive.
    """

    height: float
    evidence: float
    point: Parameters
    start: dict[str, Tensor]
    draws: Parameters = field(default_factory=dict, repr=False)
    flat: bool = False


def found(model: Model, names: frozenset[str], *, seed: int, draws: int, starts: int = STARTS) -> list[Mode]:
    """The different modes that several starts lead to, the one with the largest evidence first.

    Args:
        model: see :func:`causalpp.programs.fitting.model`; discrete latent sites are summed out.
        names: its parameter sites.
        seed: of the starts.
        draws: how many to take from the normal law at each mode.
        starts: how many starts, each drawn from the prior.
    """
    out: list[Mode] = []
    with torch.random.fork_rng(devices=[]):
        begun = []
        for start in range(starts):
            torch.manual_seed(7919 * seed + start)
            first, potential, transforms, _ = initialize_model(
                model, max_plate_nesting=1, init_strategy=init_to_sample, jit_compile=False
            )
            reached = _climbed(first, potential, _FIRST)
            if reached is not None:
                begun.append((*reached, potential, transforms))
        top = max((height for _, height, _, _ in begun), default=0.0)
        for halfway, low, potential, transforms in begun:
            if low < top - _HOPELESS:
                continue
            reached = _climbed(halfway, potential, _STEPS)
            if reached is None:
                continue
            at, height = reached

            def constrained(params: dict[str, Tensor], transforms: dict[str, object] = transforms) -> Parameters:
                return {
                    name: (transforms[name].inv(value) if name in transforms else value).double().numpy()  # type: ignore[attr-defined]
                    for name, value in params.items()
                    if name in names
                }

            point = constrained(at)
            if any(abs(height - mode.height) < _SAME and _alike(point, mode.point) for mode in out):
                continue
            size = sum(value.numel() for value in at.values())
            evidence, some, flat = height, {}, False
            if size <= _MOST:
                root, log_volume, flat = _curvature(at, potential)
                evidence = height + log_volume
                some = constrained(_around(at, root, draws))
            out.append(Mode(height, evidence, point, at, some, flat))
    return sorted(out, key=lambda mode: -mode.evidence)


def near(modes: Sequence[Mode]) -> list[Mode]:
    """The best mode and those that explain the data nearly as well."""
    return [mode for mode in modes if mode.evidence > modes[0].evidence - NEAR]


def left_open(modes: Sequence[Mode]) -> str:
    """What to say of a mode that is the only one and leaves a direction open; empty if there is nothing to say."""
    if len(near(modes)) == 1 and modes[0].flat:
        return (
            "the data leave some direction of the parameters open, so that it is known by its prior only; observe more "
            "variables, or give narrower priors"
        )
    return ""


def pooled(modes: Sequence[Mode], draws: Parameters, seed: int) -> Parameters:
    """Draws of the first mode with those of the others mixed in by their evidence."""
    close = [mode for mode in near(modes) if mode.draws]
    if len(close) < 2:
        return draws
    count = len(next(iter(draws.values())))
    weights = np.exp([mode.evidence - close[0].evidence for mode in close])
    which = np.random.default_rng([seed, 17]).choice(len(close), size=count, p=weights / weights.sum())
    out = {name: values.copy() for name, values in draws.items()}
    for number, mode in enumerate(close[1:], start=1):
        for name, values in out.items():
            values[which == number] = mode.draws[name][:count][which == number]
    return out


def apart(solutions: Sequence[Mapping[str, Mechanism]], dag: Dag, columns: Mapping[str, Column]) -> tuple[float, str]:
    """How far solutions differ in what they say of an observed variable where another is set, at most, and where.

    Solutions that say the same of all of these differ in what is latent only, as where an effect is identified and the
    tables behind it are not.

    Args:
        solutions: the mechanisms of each, in the units of the data.
        dag: their graph.
        columns: what was observed.

    Returns:
        The largest difference, of a probability or of a mean over the standard deviation of its column; and that
        difference in words.
    """
    programs = [CausalProgram(tuple(Statement(v, m[v]) for v in dag.topological_order), dag.latent) for m in solutions]
    worst, where = 0.0, ""
    for name, column in columns.items():
        below = [v for v in dag.descendants(name) if v in columns and v != name]
        for value in _settings(column) if below else ():
            drawn = [program.do({name: value}).draw(_DRAWN, seed=0) for program in programs]
            for v in below:
                gap = _gap(columns[v], [one[v] for one in drawn])
                if gap > worst:
                    shown = value if column.states is not None else f"{value:.4g}"
                    what = "the probabilities" if columns[v].states is not None else "standard deviations of the mean"
                    worst, where = gap, f"{gap:.2f} in {what} of {v!r} under do({name} = {shown})"
    return worst, where


def _settings(column: Column) -> Sequence[Any]:
    if column.states is not None:
        return column.states if len(column.states) <= _MOST_SET else (column.states[0], column.states[-1])
    centre, spread = float(np.nanmean(column.values)), float(np.nanstd(column.values))
    if column.kind == "count":
        return sorted({max(round(centre - spread), 0), round(centre + spread)})
    return centre - spread, centre + spread


def _gap(column: Column, drawn: Sequence[NDArray[Any]]) -> float:
    """The largest difference between laws of a variable, each given by rows."""
    if column.states is not None:
        laws = np.array([np.bincount(rows, minlength=len(column.states)) / len(rows) for rows in drawn])
    else:
        laws = np.array([[np.mean(rows)] for rows in drawn]) / np.nanstd(column.values)
    return float(np.ptp(laws, axis=0).max())


def collapsed(mechanisms: Mapping[str, Mechanism], dag: Dag, rows: int) -> str:
    """What to say of a discrete latent variable with a state that hardly any row has, or two that are alike.

    Args:
        mechanisms: of a fitted program.
        dag: its graph, whose latent variables are meant.
        rows: of the data it was fitted to.
    """
    program = CausalProgram(tuple(Statement(v, mechanisms[v]) for v in dag.topological_order), dag.latent)
    drawn = program.draw(_ROWS, seed=0)
    for name in sorted(dag.latent):
        states = mechanisms[name].states
        if states is None:
            continue
        counts = np.bincount(drawn[name], minlength=len(states)) * rows / _ROWS
        if counts.min() < _FEWEST:
            empty = states[int(counts.argmin())]
            return f"the state {empty!r} of {name!r} holds {counts.min():.1f} of {rows:,} rows: it has collapsed"
        for child in dag.children(name):
            some = [p for p in mechanisms[child].parents if mechanisms[p].states is not None]
            sizes = tuple(len(mechanisms[p].states or ()) for p in some)
            cells = np.ravel_multi_index(tuple(drawn[p] for p in some), sizes)
            inside = np.bincount(cells, minlength=int(np.prod(sizes))) * rows / _ROWS
            if inside.min() < _FEWEST and mechanisms[child].states is None:
                at = np.unravel_index(int(inside.argmin()), sizes)
                shown = ", ".join(f"{p} = {(mechanisms[p].states or ())[i]}" for p, i in zip(some, at, strict=True))
                return f"{inside.min():.1f} of {rows:,} rows have {shown}: what {child!r} is there was not established"
        if _same_states(mechanisms, dag, name):
            return f"two states of {name!r} have the same effects: it has collapsed to fewer"
    return ""


def _same_states(mechanisms: Mapping[str, Mechanism], dag: Dag, name: str) -> bool:
    """Whether two states of a latent variable differ in nothing that depends on them, as far as tables and linear laws
    tell.
    """
    count = len(mechanisms[name].states or ())
    same = np.ones((count, count), dtype=bool)
    for child in dag.children(name):
        mechanism = mechanisms[child]
        axis = mechanism.parents.index(name)
        if isinstance(mechanism, Table):
            parts, near = [mechanism.probabilities], 0.02
        elif isinstance(mechanism, LinearGaussian):
            scale = float(mechanism.scale.max()) or 1.0
            parts, near = [mechanism.intercept / scale, np.log(np.maximum(mechanism.scale / scale, 1e-12))], 0.1
            if mechanism.coefficients.shape[-1]:
                return False
        else:
            return False
        for part in parts:
            rows = np.moveaxis(part, axis, 0).reshape(count, -1)
            same &= abs(rows[:, None] - rows[None]).max(-1) < near
    return bool(same[np.triu_indices(count, 1)].any())


def _alike(a: Parameters, b: Parameters) -> bool:
    """Whether two points are the same up to the names of states."""
    return all(np.allclose(np.sort(a[name], axis=None), np.sort(b[name], axis=None), atol=_ALIKE) for name in a)


def _climbed(first: dict[str, Tensor], potential: object, steps: int) -> tuple[dict[str, Tensor], float] | None:
    """A higher place than a start, and its height; None where the density is not finite on the way."""
    at = {name: value.detach().clone().requires_grad_(True) for name, value in first.items()}
    optimiser = torch.optim.LBFGS(
        list(at.values()), max_iter=steps, tolerance_grad=1e-3, tolerance_change=1e-5, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss: Tensor = potential(at)  # type: ignore[operator]
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that a step of the search went too far
            optimiser.step(closure)  # type: ignore[no-untyped-call]
            with torch.no_grad():
                loss = float(potential(at))  # type: ignore[operator]
    except (ValueError, RuntimeError):
        return None
    if not math.isfinite(loss):
        return None
    return {name: value.detach() for name, value in at.items()}, -loss


def _curvature(at: dict[str, Tensor], potential: object) -> tuple[Tensor, float, bool]:
    """A root of the covariance at a mode, the log volume around it, and whether a direction is left open."""
    shapes = {name: tuple(value.shape) for name, value in at.items()}

    def flat(vector: Tensor) -> Tensor:
        out: Tensor = potential(split(vector, shapes))  # type: ignore[operator]
        return out

    here = torch.cat([at[name].reshape(-1) for name in at])
    hessian = torch.autograd.functional.hessian(flat, here).double()  # type: ignore[no-untyped-call]
    values, vectors = torch.linalg.eigh((hessian + hessian.T) / 2)
    least = 1e-2  # the priors are about as wide as one: a direction much wider than them is open
    open_ = bool((values < least).any())
    values = values.clamp(min=least)
    volume = 0.5 * len(here) * math.log(2 * math.pi) - 0.5 * float(values.log().sum())
    return vectors / values.sqrt(), volume, open_


def _around(at: dict[str, Tensor], root: Tensor, draws: int) -> dict[str, Tensor]:
    """Draws from the normal law at a mode, unconstrained."""
    steps = torch.randn(draws, len(root), dtype=torch.float64) @ root.T
    shapes = {name: tuple(value.shape) for name, value in at.items()}
    return {name: (at[name].double() + step).to(at[name].dtype) for name, step in split(steps, shapes).items()}
