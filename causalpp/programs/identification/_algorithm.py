"""The ID algorithm (Shpitser & Pearl, *Identification of joint interventional distributions*, AAAI 2006, figure 3).

Its lines one by one, with the distribution carried along as a formula.  Where line 7 goes on in a c-component,
the new distribution Π P(vᵢ | v⁽ⁱ⁻¹⁾) still depends on variables outside that component: they stay in the formula as
free variables, and the conditionals of the next round are taken from the whole formula, not rebuilt from names.
"""

from __future__ import annotations

from collections.abc import Collection

from causalpp.programs.identification.expression import Expression, Fraction, Probability, Product, Sum
from causalpp.programs.identification.mixed import Mixed

__all__ = ["Hedge", "effect"]


class Hedge(Exception):
    """Two c-forests that stand in the way; turned into :class:`~causalpp.errors.NotIdentified` by the caller."""

    def __init__(self, forest: tuple[str, ...], subforest: tuple[str, ...]) -> None:
        super().__init__(forest, subforest)
        self.forest, self.subforest = forest, subforest


def effect(outcome: Collection[str], treatment: Collection[str], graph: Mixed) -> Expression:
    """P(outcome | do(treatment)) as a formula.

    Raises:
        Hedge: there is none.
    """
    return _id(frozenset(outcome), frozenset(treatment), Probability(graph.nodes), graph).simplify()


def _id(y: frozenset[str], x: frozenset[str], law: Expression, graph: Mixed) -> Expression:
    """``law``: the distribution of the graph's variables, which may depend on others outside."""
    nodes = frozenset(graph.nodes)
    if not x:  # line 1
        return _sum(graph.sort(nodes - y), law)
    relevant = graph.up(y)
    if relevant != nodes:  # line 2
        return _id(y, x & relevant, _sum(graph.sort(nodes - relevant), law), graph.subgraph(relevant))
    idle = nodes - x - graph.do(x).up(y)
    if idle:  # line 3: what is set there does not matter
        return _id(y, x | idle, law, graph)
    parts = graph.subgraph(nodes - x).components()
    if len(parts) > 1:  # line 4
        factors = tuple(_id(part, nodes - part, law, graph) for part in parts)
        return _sum(graph.sort(nodes - y - x), Product(factors))
    (part,) = parts
    whole = graph.component(next(iter(part)))
    if whole == nodes:  # line 5
        raise Hedge(graph.nodes, graph.sort(part))
    factors = tuple(_conditional(name, law, graph) for name in graph.sort(whole))
    if whole == part:  # line 6
        return _sum(graph.sort(part - y), Product(factors))
    return _id(y, x & whole, Product(factors), graph.subgraph(whole))  # line 7


def _conditional(name: str, law: Expression, graph: Mixed) -> Expression:
    """P(name | what comes before it) under ``law``."""
    place = graph.nodes.index(name)
    if isinstance(law, Probability) and not law.given:
        return Probability((name,), graph.sort(graph.blanket(name, graph.nodes[:place])))
    later = graph.nodes[place + 1 :]
    return Fraction(_sum(later, law), _sum((name, *later), law)).simplify()


def _sum(over: tuple[str, ...], body: Expression) -> Expression:
    return Sum(over, body).simplify() if over else body
