"""Which sets of variables are worth intervening on, by the graph alone (Lee & Bareinboim 2018, 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from causalpp._plain import Plain, plain
from causalpp.cbo._border import Mixed, ancestors, border, borders, minimal, mixed
from causalpp.errors import InvalidParameter, TooLarge, UnknownVariable
from causalpp.graphs import Admg, Dag

__all__ = ["InterventionSets", "intervention_sets"]


@dataclass(frozen=True)
class InterventionSets(Plain):
    """The sets of variables that are worth setting, as :func:`intervention_sets` finds them.

    Attributes:
        outcome: what is to be best.
        fixed: observed variables that cannot be set.
        minimal: the minimal sets: none of their variables is idle once the others are set.
        possibly_optimal: the minimal sets that no other beats in every model with this graph.
        graph: what they were read off.
    """

    outcome: str
    fixed: tuple[str, ...]
    minimal: tuple[tuple[str, ...], ...]
    possibly_optimal: tuple[tuple[str, ...], ...]
    graph: Dag | Admg = field(repr=False)

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """The possibly-optimal sets."""
        return iter(self.possibly_optimal)

    def __len__(self) -> int:
        return len(self.possibly_optimal)

    def to_dict(self) -> dict[str, Any]:
        """The sets as plain values, the graph as text."""
        graph = repr(self.graph)
        return {**{name: plain(getattr(self, name)) for name in self.__match_args__[:-1]}, "graph": graph}

    def why(self, names: str | Iterable[str]) -> str:
        """One sentence: why a set is, or is not, worth setting.

        Raises:
            InvalidParameter: a variable of it cannot be set.
            UnknownVariable: it names no variable of the graph.

        Example:
            >>> toy = intervention_sets(Dag.from_edges([("X", "Z"), ("Z", "Y")]), outcome="Y")
            >>> toy.why("X")
            '{X} is never better than {Z}: setting Z well does all that setting X can do for Y'
            >>> toy.why(["X", "Z"])
            'once Z is set, X has no way left to Y: {Z} does the same'
        """
        asked = (names,) if isinstance(names, str) else tuple(names)
        graph, order, settable = _read(self.graph, self.outcome, self.fixed)
        place = {name: k for k, name in enumerate(order)}
        for name in asked:
            if name not in self.graph.nodes:
                raise UnknownVariable(name, self.graph.nodes)
            if name not in place or not settable >> place[name] & 1:
                raise InvalidParameter(f"{name!r} cannot be set: it is latent, fixed, or the outcome itself")
        mask = sum(1 << place[name] for name in set(asked))
        y = place[self.outcome]

        def shown(some: int) -> str:
            return f"{{{', '.join(self._named(some, order))}}}"

        kept = mask & ancestors(graph.do(mask), 1 << y)
        if kept != mask:
            idle = ", ".join(self._named(mask & ~kept, order))
            have = "have" if (mask & ~kept).bit_count() > 1 else "has"
            if not kept:
                return f"{idle} {have} no way to {self.outcome}: setting nothing does the same"
            once = ", ".join(self._named(kept, order))
            is_set = "are set" if kept.bit_count() > 1 else "is set"
            return f"once {once} {is_set}, {idle} {have} no way left to {self.outcome}: {shown(kept)} does the same"
        territory, better = border(graph.do(mask), y)
        if better == mask:
            around = ", ".join(self._named(territory, order))
            if not mask:
                return f"leaving everything alone can be best: latent causes may move {around} as no setting does"
            return f"{shown(mask)} can be best: there are models in which no other set does as well for {self.outcome}"
        if not better:
            return f"{shown(mask)} is never better than leaving everything alone"
        good = ", ".join(self._named(better, order))
        return (
            f"{shown(mask)} is never better than {shown(better)}: setting {good} well does all that setting "
            f"{', '.join(self._named(mask, order))} can do for {self.outcome}"
        )

    def _named(self, mask: int, order: tuple[str, ...]) -> tuple[str, ...]:
        chosen = {name for k, name in enumerate(order) if mask >> k & 1}
        return tuple(name for name in self.graph.nodes if name in chosen)


def intervention_sets(
    graph: Dag | Admg, *, outcome: str, fixed: str | Iterable[str] = (), limit: int = 100_000
) -> InterventionSets:
    """The minimal and the possibly-optimal minimal intervention sets of a graph.

    A set is *minimal* if every variable of it still has a directed path to the outcome when the others are set; it is
    *possibly optimal* if, moreover, there is a model with this graph in which the best setting of it gives a
    better mean of the outcome than the best setting of any other minimal set.  Whoever optimises need try the latter
    only.  A set that is possibly optimal is the border of the territory that latent causes share with the outcome,
    in the graph where it is set.

    Args:
        graph: latent variables as ``latent=`` of a Dag, or as ↔ of an Admg.
        outcome: what is to be best.
        fixed: observed variables that cannot be set (age, season); the sets are those of the graph in which they are
            latent (2019, Theorem 2).
        limit: more minimal sets than this are refused.

    Returns:
        The sets, small ones first; the empty one stands for observing only.

    Raises:
        UnknownVariable: the outcome or a fixed variable is not in the graph.
        InvalidParameter: the outcome is latent or fixed.
        TooLarge: there are more minimal sets than ``limit``.

    Source:
        Lee & Bareinboim, *Structural causal bandits: where to intervene?*, 2018, and *Structural causal bandits with
        non-manipulable variables*, 2019.

    Example:
        >>> toy = intervention_sets(Dag.from_edges([("X", "Z"), ("Z", "Y")]), outcome="Y")
        >>> toy.minimal, toy.possibly_optimal
        (((), ('X',), ('Z',)), (('Z',),))
        >>> iv = Dag.from_edges([("Z", "X"), ("X", "Y"), ("U", "X"), ("U", "Y")], latent=["U"])
        >>> list(intervention_sets(iv, outcome="Y"))
        [('Z',), ('X',)]
    """
    held = (fixed,) if isinstance(fixed, str) else tuple(dict.fromkeys(fixed))
    small, order, settable = _read(graph, outcome, held)
    y = order.index(outcome)
    found = list(islice(minimal(small, y, settable), limit + 1))
    if len(found) > limit:
        raise TooLarge(
            f"{outcome!r} has more than {limit:,} minimal intervention sets: say with fixed= what cannot be set, "
            "or raise limit="
        )

    def listed(masks: Iterable[int]) -> tuple[tuple[str, ...], ...]:
        place = {name: k for k, name in enumerate(graph.nodes)}
        sets = [tuple(name for name in graph.nodes if name in chosen) for chosen in
                ({order[v] for v in range(len(order)) if mask >> v & 1} for mask in masks)]  # fmt: skip
        return tuple(sorted(sets, key=lambda names: (len(names), [place[name] for name in names])))

    return InterventionSets(outcome, held, listed(found), listed(borders(small, y)), graph)


def _read(graph: Dag | Admg, outcome: str, fixed: tuple[str, ...]) -> tuple[Mixed, tuple[str, ...], int]:
    """The graph over what can be set and the outcome, on masks; the variables' order; which of them can be set."""
    latent = graph.latent if isinstance(graph, Dag) else frozenset[str]()
    for name in (outcome, *fixed):
        if name not in graph.nodes:
            raise UnknownVariable(name, graph.nodes)
    if outcome in latent:
        raise InvalidParameter(f"{outcome!r} is latent: an outcome that nobody sees cannot be made best")
    if outcome in fixed:
        raise InvalidParameter(f"{outcome!r} is the outcome, and fixed: leave it out of fixed=")
    small, order = mixed(_dag(graph, frozenset(fixed)).latent_projection())
    return small, order, ((1 << len(order)) - 1) & ~(1 << order.index(outcome))


def _dag(graph: Dag | Admg, hidden: frozenset[str]) -> Dag:
    """With these latent as well, and every ↔ as a latent cause of two."""
    if isinstance(graph, Dag):
        return Dag(graph.nodes, graph.edges, latent=graph.latent | hidden)
    causes = {f"↔{k}": pair for k, pair in enumerate(graph.bidirected)}
    edges = [*graph.directed, *((cause, name) for cause, pair in causes.items() for name in pair)]
    return Dag([*graph.nodes, *causes], edges, latent={*hidden, *causes})
