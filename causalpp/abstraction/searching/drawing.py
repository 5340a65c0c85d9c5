"""Pictures of what searches found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalpp.graphs.drawing import INK, MUTED, SERIES, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causalpp.abstraction.searching.distributed import Found
    from causalpp.abstraction.searching.localist import Localist
    from causalpp.abstraction.searching.sweep import Sweep

__all__ = ["found_figure", "localist_figure", "sweep_figure"]


def found_figure(found: Found) -> Figure:
    """The runs' held-out accuracies and losses, and what the best of them reaches on further pairs."""
    import matplotlib.pyplot as plt

    every = max(1, found.budget.steps // found.budget.looks)
    with style():
        figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.4), layout="constrained")
        for number, run in enumerate(found.runs):
            best = number == found.best
            steps = [min(every * (k + 1), found.budget.steps) for k in range(len(run["looked"]))]
            how = {"color": SERIES[0] if best else MUTED, "lw": 2 if best else 1, "zorder": 3 if best else 2}
            left.plot(steps, run["losses"], **how)
            middle.plot(steps, run["looked"], label="the best run" if best else None, **how)
        left.set(xlabel="step", ylabel="loss", ylim=(0, None))
        middle.set(xlabel="step", ylabel="accuracy, held out, label-changing", ylim=(0, 1.03))
        middle.legend(loc="lower right")
        names = [", ".join(kind) for kind in found.interchanges]
        shares = [one.changing for one in found.interchanges.values()]
        trivial = [one.baseline for one in found.interchanges.values()]
        if found.control is not None:
            names.append("random weights")
            shares.append(found.control)
        for y, share in enumerate(shares):
            low, high = share.interval
            right.errorbar(
                float(share), y, xerr=[[float(share) - low], [high - float(share)]], fmt="o", color=SERIES[0], capsize=3
            )
        right.plot(trivial, range(len(trivial)), "|", color=INK, ms=14, label="best trivial answer")
        right.set_yticks(range(len(names)), names)
        right.set(xlim=(-0.03, 1.03), ylim=(len(names) - 0.5, -0.5), xlabel="accuracy, further pairs")
        right.legend(loc="upper left")
    return figure


def localist_figure(found: Localist) -> Figure:
    """The held-out score of the best units of each site and size, neighbours and others."""
    import matplotlib.pyplot as plt

    names = list(found.sites)
    sites = list(dict.fromkeys(repr(site) for site in found.table["site"]))
    size = (4.6 * len(names) + 1.6, 3.6)
    with style():
        figure, axes = plt.subplots(1, len(names), figsize=size, layout="constrained", squeeze=False, sharey=True)
        for ax, name in zip(axes[0], names, strict=True):
            rows = found.table[found.table["variable"] == name]
            for number, site in enumerate(sites):
                colour = plt.get_cmap("turbo")((number + 0.5) / len(sites))  # as many colours as sites
                here = rows[rows["site"].map(repr) == site]
                for neighbours, line, label in ((True, "-", site), (False, ":", None)):
                    some = here[(here["neighbours"] == neighbours) | (here["size"] == 1)].sort_values("size")
                    ax.plot(some["size"], some["score"], line, marker="o", ms=4, color=colour, label=label)
            ax.set_xscale("log", base=2)
            ax.set(title=name, xlabel="units", ylim=(0, 1.03))
        axes[0, 0].set_ylabel("score, held out\n(dotted: not neighbours)")
        axes[0, -1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
    return figure


def sweep_figure(found: Sweep) -> Figure:
    """The accuracy by layer and size, a panel for each position; random weights below."""
    import matplotlib.pyplot as plt

    table = found.table.assign(position=found.table["position"].map(lambda p: "" if p is None or p != p else str(p)))
    modules = list(dict.fromkeys(table["module"]))
    positions, sizes = list(dict.fromkeys(table["position"])), sorted(set(table["size"]))
    columns = [("accuracy", "network")] + ([("control", "random weights")] if "control" in table else [])
    size = (
        max(5.0, 1.8 + len(positions) * (0.75 * len(sizes) + 1.2)),
        1.2 + len(columns) * (0.42 * len(modules) + 1.0),
    )
    with style():
        figure, axes = plt.subplots(
            len(columns), len(positions), figsize=size, layout="constrained", squeeze=False, sharex=True, sharey=True
        )
        for row, (column, title) in zip(axes, columns, strict=True):
            for ax, position in zip(row, positions, strict=True):
                values = np.full((len(modules), len(sizes)), np.nan)
                for one in table[table["position"] == position].to_dict("records"):
                    values[modules.index(one["module"]), sizes.index(one["size"])] = one[column]
                image = ax.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
                for (i, j), value in np.ndenumerate(values):
                    if np.isfinite(value):
                        colour = "white" if value > 0.6 else INK
                        ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=8, color=colour)
                ax.set_xticks(range(len(sizes)), [str(k) for k in sizes])
                ax.set_yticks(range(len(modules)), modules)
                ax.grid(visible=False)
                ax.set_title(f"{title}, position {position}" if position else title, fontsize=9)
        for ax in axes[-1]:
            ax.set_xlabel("directions")
        figure.colorbar(image, ax=axes, label="accuracy, label-changing pairs")
    return figure
