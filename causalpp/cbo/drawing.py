"""Optimisations as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalpp.cbo.result import OptimizationResult

__all__ = ["draw_trials"]


def draw_trials(result: OptimizationResult, axes: Axes | None = None) -> Axes:
    """What each trial found, by number, a colour for each set; the line is the best found so far."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    if axes is None:
        _, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
    trials, number = result.trials, np.arange(1, len(result.trials) + 1)
    for k, (name, part) in enumerate(trials.groupby("set", sort=False)):
        at, colour = number[part.index.to_numpy()], f"C{k}"
        axes.errorbar(at, part["value"], part["error"], fmt="o", ms=5, color=colour, elinewidth=1, label=str(name))
        failed = at[part["value"].isna().to_numpy()]
        if len(failed):
            axes.plot(failed, [0.03] * len(failed), "x", color=colour, transform=axes.get_xaxis_transform())
    values = trials["value"].to_numpy(float)
    if np.isfinite(values).any():
        best = np.fmin.accumulate(values) if result.goal == "min" else np.fmax.accumulate(values)
        axes.step(number, best, where="post", color="0.5", lw=1, zorder=0, label="best so far")
    axes.set_xlabel("trial")
    axes.set_ylabel(f"mean of {result.outcome}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(trials):
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return axes
