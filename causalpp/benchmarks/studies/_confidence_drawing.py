"""The figure of the calibration study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalpp.graphs.drawing import ACCENT, MUTED, SERIES, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causalpp.benchmarks.studies.confidence import ConfidenceStudy, MissingCheck

__all__ = ["study_figure"]

_WIDE = 1.96  # standard errors each side


def study_figure(study: ConfidenceStudy) -> Figure:
    """Gaps by family, accuracy against claimed confidence bin by bin, and the trade-off of *none of these*."""
    import matplotlib.pyplot as plt

    panels = 2 + (study.missing is not None)
    families = len({cell.family for cell in study.cells})
    with style():
        figure = plt.figure(figsize=(4.6 * panels, max(4.0, 0.3 * families + 1.5)), layout="constrained")
        axes = figure.subplots(1, panels, squeeze=False)[0]
        _gaps(study, axes[0])
        _diagram(study, axes[1])
        if study.missing is not None:
            _trade_off(study.missing, axes[2])
        figure.suptitle(
            f"claimed confidence and accuracy: {len(study.runs):,} runs with simulated oracles", fontsize=11
        )
    return figure


def _methods(study: ConfidenceStudy) -> dict[str, str]:
    found = dict.fromkeys(cell.method for cell in study.cells)
    return {method: ACCENT if method == "ours" else MUTED for method in found}


def _gaps(study: ConfidenceStudy, ax: Axes) -> None:
    whole = [cell for cell in study.cells if (cell.low, cell.high) == (0.0, 1.0)]
    families = list(dict.fromkeys(cell.family for cell in whole))
    ax.axvspan(-0.05, 0.05, color=ACCENT, alpha=0.1, lw=0, label="±0.05")
    ax.axvline(0, color=MUTED, lw=1)
    for shift, (method, colour) in zip((0.0, 0.25), _methods(study).items(), strict=False):
        cells = [cell for cell in whole if cell.method == method]
        places = np.array([families.index(cell.family) + shift for cell in cells])
        errors = [_WIDE * cell.standard_error for cell in cells]
        ax.errorbar(
            [cell.gap for cell in cells], places, xerr=errors, fmt="o", ms=4, lw=1.2, color=colour, label=method
        )
    ax.set_yticks(range(len(families)), families)
    ax.invert_yaxis()
    ax.set(title="claimed − right, by family", xlabel="positive: too much is claimed")
    ax.legend(fontsize=8)


def _diagram(study: ConfidenceStudy, ax: Axes) -> None:
    ax.plot([0, 1], [0, 1], color=MUTED, lw=1, ls="--")
    for method, colour in _methods(study).items():
        some = [c for c in study.cells if c.method == method and (c.low, c.high) != (0.0, 1.0)]
        sizes = [4 + 60 * cell.runs / max(c.runs for c in some) for cell in some]
        ax.scatter(
            [c.claimed for c in some], [c.right for c in some], s=sizes, color=colour, alpha=0.6, lw=0, label=method
        )
    ax.set(title="bin by bin, one dot a family", xlabel="claimed", ylabel="right", xlim=(0, 1.02), ylim=(-0.02, 1.02))
    ax.legend(fontsize=8)


def _trade_off(found: MissingCheck, ax: Axes) -> None:
    thresholds, flagged, alarms = np.array(found.curve).T
    ax.plot(thresholds, flagged, color=SERIES[0], label="truth removed: flagged")
    ax.plot(thresholds, alarms, color=SERIES[1], label="truth present: false alarms")
    ax.set(title="none of these", xlabel="flag from this probability on", ylabel="share of runs", ylim=(-0.02, 1.02))
    ax.legend(fontsize=8)
