"""Stochastic variational inference: any program, with discrete latent variables summed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyro
import torch
from numpy.typing import NDArray
from pyro import poutine
from pyro.infer import SVI, Trace_ELBO, TraceEnum_ELBO, config_enumerate
from pyro.infer.autoguide import AutoMultivariateNormal, AutoNormal, init_to_sample, init_to_value
from pyro.optim import ClippedAdam
from torch import Tensor

from causalpp._progress import steps as counted
from causalpp.errors import InvalidParameter
from causalpp.programs.fitting.convergence import settled
from causalpp.programs.fitting.joint import modes
from causalpp.programs.fitting.options import Options
from causalpp.programs.models.rows import Model
from causalpp.programs.report import Fit

__all__ = ["svi"]

_STARTS, _TRIAL = 4, 0.1  # starts, and the share of the steps after which the best one goes on
_RATE, _DECAY = 0.05, 0.02  # Adam's step at the beginning, and the factor it has shrunk by at the end

Parameters = dict[str, NDArray[np.float64]]


def svi(
    model: Model,
    names: frozenset[str],
    rows: int,
    options: Options,
) -> tuple[Parameters, Parameters, Fit, list[Parameters]]:
    """A point estimate, draws ``(draws, …)`` of each parameter site, how it went, and the solutions near the best.

    The guide is normal and independent for each site, so intervals tend to be too narrow where parameters depend on
    each other in the posterior.  Where something discrete is latent it is jointly normal, begins at the best mode of
    several starts, and draws around other modes that explain the data about as well are mixed in.

    Args:
        model: see :func:`causalpp.programs.fitting.model`.
        names: its parameter sites.
        rows: how many rows it has, for the report.
        options: how many steps of Adam (2000 if that is left open), how many draws to take from the guide, ….
    """
    steps, draws, seed = options.steps or 2000, options.draws, options.seed
    if steps < 100:
        raise InvalidParameter(f"variational inference needs at least 100 steps, got {steps}")
    discrete = _has_discrete(model)
    enumerated = config_enumerate(model) if discrete else model
    trial = max(int(_TRIAL * steps), 10)
    losses: list[float] = []
    interrupted = False
    with torch.random.fork_rng(devices=[]), pyro.get_param_store().scope():
        best, guide, state = np.inf, None, None
        # Where something discrete is latent a start may lead to a mode that explains little: the best is sought first.
        known = modes.found(model, names, seed=seed, draws=draws) if discrete else []
        for start in range(1 if known else _STARTS):
            with pyro.get_param_store().scope() as store:
                torch.manual_seed(seed * _STARTS + start)
                made = _guide(enumerated, known)
                step = _stepper(enumerated, made, steps, discrete)
                run = [step() for _ in range(trial)]
            score = float(np.mean(run[-max(trial // 4, 1) :]))
            if guide is None or score < best:
                best, guide, state, losses = score, (made, step), store, run
        assert guide is not None  # there is more than one start
        with pyro.get_param_store().scope(state):
            made, step = guide
            try:
                for _ in counted(steps - trial, "variational inference", options.progress):
                    losses.append(step())
            except KeyboardInterrupt:
                interrupted = True
            with torch.no_grad():
                point = {name: made.median()[name].double().numpy() for name in sorted(names)}
                found = [made() for _ in range(draws)]
        values = {name: torch.stack([one[name] for one in found]).double().numpy() for name in sorted(names)}
    if known:
        values = modes.pooled(known, values, seed)
    advice = modes.left_open(known) if known else ""
    if not settled(np.array(losses)):
        advice = "the loss is still falling; raise steps="
    if interrupted:
        advice = "it was interrupted; run it again to the end"
    near = [mode.point for mode in modes.near(known)] if known else []
    return point, values, Fit("svi", rows, len(losses), not advice, advice, np.array(losses)), near


def _guide(model: Model, known: Sequence[modes.Mode]) -> Any:
    """A normal guide: independent sites, or jointly normal at a mode whose width is known."""
    if not known:
        return AutoNormal(_continuous(model), init_loc_fn=init_to_sample, init_scale=0.05)
    kind = torch.get_default_dtype()
    values = {name: torch.as_tensor(value, dtype=kind) for name, value in known[0].point.items()}
    made = AutoMultivariateNormal if known[0].draws else AutoNormal
    return made(_continuous(model), init_loc_fn=init_to_value(values=values, fallback=init_to_sample), init_scale=0.05)


def _continuous(model: Model) -> Callable[[], Any]:
    """The model without its discrete latent sites, which are summed out and need no guide."""

    def hidden(site: dict[str, Any]) -> bool:
        return site["type"] == "sample" and not site["is_observed"] and bool(site["fn"].has_enumerate_support)

    blocked: Callable[[], Any] = poutine.block(model, hide_fn=hidden)
    return blocked


def _has_discrete(model: Model) -> bool:
    """Whether something discrete is latent."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        sites = poutine.trace(model).get_trace().nodes.values()
    return any(site["type"] == "sample" and not site["is_observed"] and site["fn"].has_enumerate_support
               for site in sites)  # fmt: skip


def _stepper(model: Model, guide: Any, steps: int, discrete: bool) -> Callable[[], float]:
    optimiser = ClippedAdam({"lr": _RATE, "lrd": _DECAY ** (1 / steps)})
    loss = TraceEnum_ELBO(max_plate_nesting=1) if discrete else Trace_ELBO()
    inference = SVI(model, guide, optimiser, loss)

    def step() -> float:
        value: float | Tensor = inference.step()
        return float(value)

    return step
