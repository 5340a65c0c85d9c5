"""The picture of the study of training: how right each learner is, by the number of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalpp.benchmarks.studies.corr2cause.items import BASE
from causalpp.benchmarks.studies.corr2cause.learners import CONTROLS
from causalpp.graphs.drawing import MUTED, SERIES, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causalpp.benchmarks.studies.corr2cause.study import TrainingStudy

__all__ = ["study_figure"]


def study_figure(study: TrainingStudy) -> Figure:
    """Accuracy on unseen classes of the trained sizes, and on larger ones with whole premises."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    table = study.scores()
    table = table[table["shown"] == "whole"]
    table = table[(table["test"] == BASE) | table["test"].str.startswith("n = ")]
    largest = study.settings["largest"]
    table = table.assign(n=[largest if test == BASE else int(test[4:]) for test in table["test"]])
    with style():
        figure, ax = plt.subplots(figsize=(7.2, 3.8), layout="constrained")
        for k, (who, part) in enumerate(table.groupby("solver", sort=False)):
            control = who in CONTROLS
            part = part.sort_values("n")
            colour = MUTED if control else SERIES[k % len(SERIES)]
            kind = {"always no": ":", "shuffled labels": "--", "hypothesis alone": "-."}.get(str(who), "-")
            ax.plot(part["n"], part["accuracy"], color=colour, ls=kind, lw=1 if control else 2, label=str(who))
            if not control:
                ax.fill_between(part["n"], part["accuracy_low"], part["accuracy_high"], color=colour, alpha=0.12, lw=0)
        ax.set(xlabel=f"variables (n ≤ {largest} learned)", ylabel="accuracy", ylim=(0, 1.02))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend(frameon=False, fontsize=8, ncols=2, loc="lower left")
    return figure
