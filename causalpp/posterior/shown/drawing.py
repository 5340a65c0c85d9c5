"""The picture of a posterior: every edge's probability, and the graph of those that are probable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalpp.graphs.drawing import INK, draw_graph, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causalpp.posterior.posterior import DagPosterior

__all__ = ["posterior_figure"]

_WRITTEN = 12  # variables up to which the probabilities are written into the matrix
_ROOM = 18  # variables up to which the names have room; of more, the figure grows with them
_LARGEST = 4.0  # times its size at most


def posterior_figure(posterior: DagPosterior, threshold: float) -> Figure:
    """The matrix of the edges' probabilities, and the graph of those above a threshold."""
    import matplotlib.pyplot as plt

    names, p = posterior.nodes, posterior.edges.numpy()
    consensus = posterior.consensus(threshold)
    with style():
        larger = min(max(1.0, len(names) / _ROOM), _LARGEST)
        figure = plt.figure(figsize=(11 * larger, 5.2 * larger), layout="constrained")
        matrix, graph = figure.subplots(1, 2)
        image = matrix.imshow(p, cmap="Blues", vmin=0, vmax=1)
        matrix.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
        matrix.set_yticks(range(len(names)), names)
        matrix.set_xlabel("effect")
        matrix.set_ylabel("cause")
        matrix.grid(visible=False)
        if len(names) <= _WRITTEN:
            for i, row in enumerate(p):
                for j, value in enumerate(row):
                    if i != j and value >= 0.005:
                        colour = "white" if value > 0.6 else INK
                        matrix.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=7, color=colour)
        figure.colorbar(image, ax=matrix, shrink=0.8, label="probability of the edge")
        labelled = {**consensus.directed, **consensus.undirected}
        draw_graph(
            names,
            list(consensus.directed),
            undirected=list(consensus.undirected),
            ax=graph,
            edge_weights={edge: min(1.0, value) for edge, value in labelled.items()},
            edge_labels={edge: f"{value:.2f}" for edge, value in labelled.items() if value < 0.995},
            title=f"edges of probability {threshold:g} or more",
        )
        rows = f"{posterior.learned['rows']:,} rows, " if "rows" in posterior.learned else ""
        figure.suptitle(
            f"P(graph | data): {rows}{posterior.entropy:.1f} bits unknown, assuming {posterior.assumes}", fontsize=11
        )
    return figure
