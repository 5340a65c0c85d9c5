"""The No-U-Turn sampler: any program, with discrete latent variables summed out."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pyro.infer import MCMC, NUTS

from causalpp._progress import steps as counted
from causalpp.errors import InvalidParameter
from causalpp.programs.fitting.convergence import MOST_RHAT, diagnosed
from causalpp.programs.fitting.joint import modes
from causalpp.programs.fitting.options import Options
from causalpp.programs.models.rows import Model
from causalpp.programs.report import Fit

__all__ = ["nuts"]

_CHAINS, _SCORED = 2, 100
#: The fewest effective draws of each quantity, or their share of the draws where those are few.
_LEAST, _SHARE = 50, 0.2
Parameters = dict[str, NDArray[np.float64]]


def nuts(
    model: Model, names: frozenset[str], rows: int, latent: bool, options: Options
) -> tuple[Parameters, Parameters, Fit, list[Parameters]]:
    """A point estimate, draws of each parameter site, how it went, and the solutions near the best.

    The point estimate is the draw of highest density of a sample of them where something is latent, whose states may
    have changed names between the draws, and the mean otherwise.

    Args:
        model: see :func:`causalpp.programs.fitting.model`.
        names: its parameter sites.
        rows: how many rows it has, for the report.
        latent: whether something is latent, so that parameters may be left open by the data.
        options: how many draws to keep, over all chains; half as many again warm up.
    """
    draws, seed = options.draws, options.seed
    if draws < 4 * _CHAINS:
        raise InvalidParameter(f"NUTS needs at least {4 * _CHAINS} draws, got {draws}")
    each = draws // _CHAINS
    chains: list[Parameters] = []
    potentials: list[NDArray[np.float64]] = []
    interrupted = False
    known = modes.found(model, names, seed=seed, draws=each) if latent else []
    close = modes.near(known) if known else []
    with torch.random.fork_rng(devices=[]):
        try:
            for chain in counted(_CHAINS, "NUTS chains", options.progress):
                torch.manual_seed(1000 * seed + chain)
                kernel = NUTS(model, max_plate_nesting=1)
                first = close[chain % len(close)].start if close else None  # a chain hardly goes from mode to mode
                run = MCMC(
                    kernel,
                    num_samples=each,
                    warmup_steps=max(each // 2, 100),
                    initial_params=first,
                    disable_progbar=True,
                )
                run.run()
                samples = run.get_samples()
                potentials.append(_potentials(kernel, samples, each))
                chains.append({name: samples[name].double().numpy() for name in sorted(names)})
        except KeyboardInterrupt:
            interrupted = True
            if not chains:
                raise
    together = {name: np.concatenate([chain[name] for chain in chains]) for name in chains[0]}
    height = np.array(potentials)
    quantities = {"log density": -height}
    if not latent:
        for name in chains[0]:
            flat = np.stack([chain[name].reshape(each, -1) for chain in chains])
            quantities |= {f"{name}[{k}]": flat[:, :, k] for k in range(flat.shape[-1])}
    r_hat, effective = diagnosed(quantities)
    if latent:
        best, place = divmod(int(height.argmin()), height.shape[1])
        number = int(np.linspace(0, each - 1, height.shape[1]).astype(int)[place])
        point = {name: values[number] for name, values in chains[best].items()}
    else:
        point = {name: values.mean(0) for name, values in together.items()}
    advice = modes.left_open(known) if known else ""
    if interrupted:
        advice = "it was interrupted; run it again to the end"
    elif not r_hat:
        advice = "there are too few draws to tell; raise draws="
    elif max(r_hat.values()) > MOST_RHAT:
        advice = f"the chains disagree (R-hat up to {max(r_hat.values()):.2f}); raise draws=, or give narrower priors"
    elif min(effective.values()) < min(_LEAST, draws * _SHARE):
        worst = min(effective, key=lambda name: effective[name])
        advice = f"{draws:,} draws of {worst!r} are worth {effective[worst]:.0f} independent ones; raise draws="
    fit = Fit("nuts", rows, each, not advice, advice, height.mean(0), r_hat, effective)
    return point, together, fit, [mode.point for mode in close]


def _potentials(kernel: Any, samples: dict[str, torch.Tensor], each: int) -> NDArray[np.float64]:
    """Minus the log density at some of the draws, evenly spread."""
    out = []
    with torch.no_grad():
        for number in np.linspace(0, each - 1, min(each, _SCORED)).astype(int):
            at = {name: kernel.transforms[name](value[number]) if name in kernel.transforms else value[number]
                  for name, value in samples.items()}  # fmt: skip
            out.append(float(kernel.potential_fn(at)))
    return np.array(out)
