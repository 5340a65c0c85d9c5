"""Pictures of kernels: a Gram matrix, a path of penalties, an obstruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalpp.graphs.drawing import ACCENT, FALSE, MUTED, SERIES, TRUE, style
from causalpp.kernels.obstruction import COVARIATES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causalpp.kernels.gram import Gram
    from causalpp.kernels.obstruction import Obstruction
    from causalpp.kernels.ridge import Ridge

__all__ = ["gram_figure", "obstruction_figure", "ridge_figure"]


def gram_figure(gram: Gram) -> Figure:
    """The cosines as a map, and the distances of all pairs of items as a histogram."""
    import matplotlib.pyplot as plt

    cosines = gram.cosines()
    with style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.6), layout="constrained")
        low = float(np.nanmin(cosines)) if np.isfinite(cosines).any() else 0.0
        shown = left.imshow(cosines, cmap="Blues", vmin=min(low, 0.99), vmax=1, interpolation="nearest")
        figure.colorbar(shown, ax=left, label="cosine")
        left.set(xlabel="item", ylabel="item")
        left.grid(visible=False)
        distances = gram.distances()[np.triu_indices(len(gram), 1)]
        if len(distances):
            right.hist(distances, bins=min(40, max(5, len(distances) // 8)), color=ACCENT)
        right.set(xlabel="distance ‖φᵢ − φⱼ‖", ylabel="pairs of items")
        figure.suptitle(f"{gram.kind}, {len(gram):,} items", fontsize=11)
    return figure


def ridge_figure(ridge: Ridge) -> Figure:
    """Error and error left out, and the norm, against the penalty."""
    import matplotlib.pyplot as plt

    frame = ridge.to_frame().sort_values("penalty")
    positive = bool((frame["penalty"] > 0).all())
    with style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.2), layout="constrained")
        left.plot(frame["penalty"], frame["error"], color=TRUE, lw=2, marker="o", ms=4, label="on what was learned")
        left.plot(frame["penalty"], frame["left_out"], color=FALSE, lw=2, marker="o", ms=4, label="left out")
        left.set(xlabel="penalty λ", ylabel="mean squared error")
        left.legend()
        right.plot(frame["penalty"], frame["norm"], color=ACCENT, lw=2, marker="o", ms=4)
        right.set(xlabel="penalty λ", ylabel="norm B")
        for ax in (left, right):
            ax.set_xscale("log" if positive else "linear")
        if (frame["norm"] > 0).all():
            right.set_yscale("log")
    return figure


def obstruction_figure(found: Obstruction) -> Figure:
    """The distances of each group, every pair a point, and the distances against each covariate that varies."""
    import matplotlib.pyplot as plt

    groups = found.groups()
    colours = {name: SERIES[k % len(SERIES)] for k, name in enumerate(groups["group"])}
    varies = [name for name in COVARIATES if found.pairs[name].nunique() > 1]
    with style():
        width = 4.4 + 2.9 * len(varies)
        figure, axes = plt.subplots(
            1, 1 + len(varies), figsize=(width, 3.6), layout="constrained", squeeze=False,
            gridspec_kw={"width_ratios": [1.4, *[1.0] * len(varies)]},
        )  # fmt: skip
        first = axes[0, 0]
        shift = np.random.default_rng(0)
        for row, (name, colour) in enumerate(colours.items()):
            values = found.pairs.loc[found.pairs["group"] == name, "distance"]
            first.plot(values, row + shift.uniform(-0.18, 0.18, len(values)), "o", color=colour, ms=4, alpha=0.55)
            mean, low, high = groups.loc[row, ["distance", "low", "high"]]
            first.plot([low, high], [row + 0.32] * 2, color=MUTED, lw=2)
            first.plot([mean], [row + 0.32], "d", color=MUTED, ms=6)
        first.set(yticks=range(len(colours)), yticklabels=list(colours), xlabel="distance ‖φ₊ − φ₋‖")
        first.invert_yaxis()
        for ax, name in zip(axes[0, 1:], varies, strict=True):
            for group, colour in colours.items():
                part = found.pairs[found.pairs["group"] == group]
                ax.plot(part[name], part["distance"], "o", color=colour, ms=4, alpha=0.55)
            ax.set(xlabel=COVARIATES[name], ylabel="distance")
        figure.suptitle(f"{found.kernel}, {found.model}", fontsize=11)
    return figure
