"""What every graph can be written as and drawn as, as methods: ``dag.to_dot()`` says no more than ``to_dot(dag)``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Exports"]


class Exports:
    """The writers of :mod:`causalpp.graphs.formats` and the pictures of :mod:`causalpp.graphs.drawing` as methods.

    Each refuses, with :class:`~causalpp.errors.FormatError` or :class:`~causalpp.errors.InvalidGraph`, what its
    format cannot hold.

    Example:
        >>> from causalpp import Dag
        >>> dag = Dag.from_edges([("gene", "smoke")], latent="gene")
        >>> print(dag.to_dagitty())
        dag {
          gene [latent]
          smoke
          gene -> smoke
        }
        >>> dag.to_networkx().nodes(data=True)
        NodeDataView({'gene': {'latent': True}, 'smoke': {}})
    """

    nodes: tuple[str, ...]

    @property
    def _picture(self) -> dict[str, Any]:
        """What to draw besides the nodes: arguments of :func:`causalpp.graphs.drawing.draw_graph`."""
        raise NotImplementedError

    def svg(self) -> str:
        """A drawing as SVG text; needs no drawing library. Notebooks show it by themselves."""
        from causalpp.graphs.drawing import graph_svg

        return graph_svg(self.nodes, **self._picture)

    def _repr_html_(self) -> str:
        return self.svg()

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw with matplotlib, causes above effects; latent variables and ↔ dashed. Returns the axes.

        Args:
            ax: where to draw; a new figure if left out.
            options: passed to :func:`causalpp.graphs.drawing.draw_graph` (``highlight``, ``title``, …).
        """
        from causalpp.graphs.drawing import draw_graph

        return draw_graph(self.nodes, **self._picture, ax=ax, **options)

    def to_json(self) -> str:
        """JSON, the library's own format; see :func:`causalpp.graphs.to_json`."""
        return str(_formats().to_json(self))

    def to_dot(self) -> str:
        """DOT, the language of Graphviz; see :func:`causalpp.graphs.to_dot`."""
        return str(_formats().to_dot(self))

    def to_dagitty(self) -> str:
        """The language of dagitty; see :func:`causalpp.graphs.to_dagitty`."""
        return str(_formats().to_dagitty(self))

    def to_tetrad(self) -> str:
        """Tetrad's text, which causal-learn prints and reads too; see :func:`causalpp.graphs.to_tetrad`."""
        return str(_formats().to_tetrad(self))

    def to_gml(self) -> str:
        """GML; see :func:`causalpp.graphs.to_gml`."""
        return str(_formats().to_gml(self))

    def to_graphml(self) -> str:
        """GraphML; see :func:`causalpp.graphs.to_graphml`."""
        return str(_formats().to_graphml(self))

    def to_modelstring(self) -> str:
        """The model string of a Dag, as bnlearn prints it; see :func:`causalpp.graphs.to_modelstring`."""
        return str(_formats().to_modelstring(self))

    def to_networkx(self) -> Any:
        """A networkx graph; see :func:`causalpp.graphs.to_networkx`."""
        return _formats().to_networkx(self)

    def to_pgmpy(self, kind: str = "dag") -> Any:
        """A pgmpy graph; see :func:`causalpp.graphs.to_pgmpy`."""
        return _formats().to_pgmpy(self, kind=kind)

    def to_causal_learn(self) -> Any:
        """A causal-learn ``GeneralGraph``; see :func:`causalpp.graphs.to_causal_learn`."""
        return _formats().to_causal_learn(self)

    def to_file(self, path: str | os.PathLike[str], format: str | None = None) -> Path:  # noqa: A002
        """Write the graph to a file; the suffix says the format. See :func:`causalpp.graphs.write_graph`."""
        return Path(_formats().write_graph(self, path, format))


def _formats() -> Any:
    from causalpp.graphs import formats

    return formats
