"""The picture of a class: its CPDAG, with the share of members that direct each open edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causalpp.equivalence.mec import MarkovEquivalenceClass
from causalpp.equivalence.summaries import edge_shares
from causalpp.graphs.drawing import draw_graph

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_shares"]


def draw_shares(mec: MarkovEquivalenceClass, ax: Axes | None = None, **options: Any) -> Axes:
    """Draw the class with its open edges as arrows both ways, each as thick as the share of members that have it.

    Args:
        mec: the class.
        ax: where to draw; a new figure if left out.
        options: passed to :func:`causalpp.graphs.drawing.draw_graph`.

    Example:
        >>> import matplotlib.pyplot as plt
        >>> from causalpp import Dag
        >>> chain = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c")]))
        >>> ax = draw_shares(chain)
        >>> plt.close(ax.figure)
    """
    shares = edge_shares(mec)
    both = [edge for a, b in mec.cpdag.undirected for edge in ((a, b), (b, a))]
    weights = dict.fromkeys(mec.cpdag.directed, 1.0) | {edge: float(shares[edge]) for edge in both}
    labels = {edge: f"{weights[edge]:.0%}" for edge in both}
    present = [edge for edge, weight in weights.items() if weight > 0]
    return draw_graph(
        mec.nodes,
        present,
        edge_weights={edge: weights[edge] for edge in present},
        edge_labels={edge: labels[edge] for edge in present if edge in labels},
        ax=ax,
        **options,
    )
