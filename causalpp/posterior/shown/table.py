"""A posterior as a small table, which notebooks show."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from causalpp.graphs import Mpdag

if TYPE_CHECKING:
    from causalpp.posterior.posterior import DagPosterior

__all__ = ["posterior_table"]

_MOST = 25  # edges that are listed
_AMONG = 10  # graphs whose classes are looked at
_HALF = 0.5


def posterior_table(posterior: DagPosterior) -> str:
    """What it is of, its most probable class, what is unknown, and the edges of probability one half or more."""
    found = posterior.learned
    of = [f"{found['rows']:,} rows", str(found["score"])] if "rows" in found else []
    title = f"P(graph | data) of {len(posterior.nodes)} variables"
    head = (
        f"<p><strong>{title}</strong><br/>{escape(', '.join([*of, posterior.inference.method]))}; "
        f"assuming that {posterior.assumes}</p>"
    )
    if posterior.inference.trouble:
        return f"<div>{head}<p>{escape(posterior.inference.trouble)}</p></div>"
    mec, p = posterior.classes(1, _AMONG)[0]
    consensus = posterior.consensus(_HALF)
    edges = [(f"{a} → {b}", q) for (a, b), q in consensus.directed.items()]
    edges += [(f"{a} – {b}", q) for (a, b), q in consensus.undirected.items()]
    edges.sort(key=lambda edge: -edge[1])
    listed = [(edge, f"{q:.3f}") for edge, q in edges[:_MOST]]
    if len(edges) > _MOST:
        listed.append((f"{len(edges) - _MOST} more", ""))
    rows = "".join(f"<tr><td>{escape(edge)}</td><td>{q}</td></tr>" for edge, q in listed or [("none", "")])
    return (
        f"<div>{head}<p>most probable class ({p:.3g}): {escape(_written(mec.cpdag))}<br/>"
        f"{posterior.entropy:.1f} bits unknown</p><table><thead><tr>"
        '<th scope="col">edges above one half (–: either direction)</th><th scope="col">probability</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _written(cpdag: Mpdag) -> str:
    shown = [f"{a} → {b}" for a, b in cpdag.directed] + [f"{a} – {b}" for a, b in cpdag.undirected]
    return ", ".join(shown) or "no edges"
