"""Graphs to ask about, and questions about each that differ in label and relation as little or as much as wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from causalpp.equivalence import Cpdag, MarkovEquivalenceClass
from causalpp.errors import CyclicGraph
from causalpp.graphs import Dag, erdos_renyi
from causalpp.tasks._random import Source
from causalpp.tasks.corr2cause.classes import classes
from causalpp.tasks.corr2cause.hypotheses import hypothesis
from causalpp.tasks.corr2cause.item import RELATIONS
from causalpp.tasks.corr2cause.premises import STATED, premise_of
from causalpp.tasks.corr2cause.published import published_counts
from causalpp.tasks.corr2cause.tables import relation_tables

__all__ = ["Drawn", "Recipe", "Row", "draw", "names_of"]

_SYMMETRIC = ("collider", "confounder")
_TRIES = 12  # pairs in which a relation holds that are looked at for one in which it is entailed
_EACH = 3  # questions kept of each relation, label and kind
_COUPLES = 3  # near misses of each kind in one class
_NEIGHBOURS = 8  # graphs one edge away that are tried


def names_of(n: int) -> tuple[str, ...]:
    """The names of n variables: letters, as in the published sets, as long as there are enough.

    >>> names_of(3), names_of(30)[-1]
    (('A', 'B', 'C'), 'V30')
    """
    return tuple(chr(ord("A") + i) for i in range(n)) if n <= 26 else tuple(f"V{i}" for i in range(1, n + 1))


@dataclass(frozen=True)
class Recipe:
    """How the questions of one size are made.

    Attributes:
        n: the number of variables.
        seed: of everything.
        semantics: what the relations mean.
        expected_degree: of the random graphs.
        premises: the kind of premise.
        relations: those to ask about.
        near_misses: whether near misses are looked for.
    """

    n: int
    seed: int
    semantics: str
    expected_degree: float
    premises: str
    relations: tuple[str, ...] = RELATIONS
    near_misses: bool = True


@dataclass(frozen=True)
class Row:
    """One question about one graph.

    Attributes:
        graph: which graph of its draw.
        relation, a, b: the hypothesis.
        label: whether it is entailed; None if whoever writes the item is to say.
        near: why it belongs to the question that comes with it: ``"edge"``, ``"relation"`` or "".
    """

    graph: int
    relation: str
    a: str
    b: str
    label: bool | None
    near: str = ""


@dataclass(frozen=True)
class Drawn:
    """One draw: a graph, possibly another one edge away, and the questions there are, near misses first.

    Attributes:
        number: of the draw.
        graphs: one or two graphs over the same variables.
        bundles: questions that go together: one, or two that are near misses.
    """

    number: int
    graphs: tuple[Dag, ...]
    bundles: tuple[tuple[Row, ...], ...] = field(repr=False)


def draw(recipe: Recipe, number: int) -> Drawn:
    """The draw of a number; it depends on the recipe and the number alone."""
    random = Source(recipe.seed, recipe.n, number)
    if recipe.semantics == "published":
        return _published(recipe, number, random)
    dag = _graph(recipe, number, random)
    asked = _Questions(recipe, dag, random)
    graphs, bundles = [dag], []
    if recipe.near_misses:
        other, couples = _edge_couples(recipe, asked, random)
        if other is not None:
            graphs.append(other)
            bundles += couples
        bundles += asked.relation_couples({row for couple in bundles for row in map(_plain, couple)})
    used = {_plain(row) for bundle in bundles for row in bundle}
    singles = [(row,) for row in asked.rows if row not in used]
    bundles += [singles[k] for k in random.order(len(singles))]
    return Drawn(number, tuple(graphs), tuple(bundles))


def _plain(row: Row) -> Row:
    return Row(row.graph, row.relation, row.a, row.b, row.label)


def _representative(recipe: Recipe, number: int) -> NDArray[np.bool_]:
    """All classes in turn, in a random order."""
    every = classes(recipe.n)
    order = Source(recipe.seed, recipe.n).order(len(every))
    return np.asarray(every[order[number % len(every)]])


def _graph(recipe: Recipe, number: int, random: Source) -> Dag:
    """A graph whose names do not give the causal order away."""
    names = names_of(recipe.n)
    if recipe.n > STATED:
        degree = min(recipe.expected_degree, recipe.n - 1)
        return erdos_renyi(names, expected_degree=degree, seed=random.below(2**32))[0]
    order = random.order(recipe.n)
    some = Dag.from_adjacency(_representative(recipe, number)[np.ix_(order, order)], names)
    return MarkovEquivalenceClass.from_dag(some).sample(1, seed=random.below(2**32))[0]


class _Questions:
    """What can be asked about one graph: for every relation entailed ones, open ones, and ones that fail in it."""

    def __init__(self, recipe: Recipe, dag: Dag, random: Source) -> None:
        self.recipe, self.dag, self.random = recipe, dag, random
        self.cpdag = Cpdag.from_dag(dag)
        self.mec = MarkovEquivalenceClass.from_cpdag(self.cpdag)
        tables = relation_tables(dag.adjacency[None], recipe.semantics)[:, 0]
        self.rows: list[Row] = []
        for relation in recipe.relations:
            self.rows += self._of(relation, tables[RELATIONS.index(relation)])

    def kind(self, relation: str, a: str, b: str) -> str:
        """Whether a relation is entailed, open or excluded."""
        p = hypothesis(relation, a, b, self.recipe.semantics, variables=self.dag.nodes)
        return self.mec.decide(p).kind

    def _of(self, relation: str, holds: NDArray[np.bool_]) -> list[Row]:
        names = self.dag.nodes
        pairs = [tuple(pair) for pair in np.argwhere(holds)]
        apart = ~holds & ~np.eye(len(names), dtype=bool)
        entailed: list[Row] = []
        rest: list[Row] = []
        for k in self.random.order(len(pairs))[:_TRIES]:
            a, b = (names[i] for i in pairs[k])
            label = self.kind(relation, a, b) == "entailed"
            if relation in _SYMMETRIC and Row(0, relation, b, a, label) in entailed + rest:
                continue
            (entailed if label else rest).append(Row(0, relation, a, b, label))
            if len(entailed) >= _EACH and len(rest) >= _EACH:
                break
        out = entailed[:_EACH] + rest[:_EACH]
        others = np.argwhere(apart)
        for k in self.random.order(len(others))[:_EACH]:
            out.append(Row(0, relation, names[others[k][0]], names[others[k][1]], label=False))
        return out

    def relation_couples(self, used: set[Row]) -> list[tuple[Row, ...]]:
        """An entailed question, and one about the same two variables that says another relation and is not entailed."""
        out: list[tuple[Row, ...]] = []
        positive = [row for row in self.rows if row.label and row not in used]
        for k in self.random.order(len(positive)):
            row = positive[k]
            others = [relation for relation in self.recipe.relations if relation != row.relation]
            for m in self.random.order(len(others)):
                false = Row(0, others[m], row.a, row.b, label=False)
                if false not in used and self.kind(others[m], row.a, row.b) != "entailed":
                    used |= {row, false}
                    out.append((_near(row, "relation"), _near(false, "relation")))
                    break
            if len(out) == _COUPLES:
                break
        return out


def _near(row: Row, why: str, graph: int = 0) -> Row:
    return Row(graph, row.relation, row.a, row.b, row.label, why)


def _edge_couples(recipe: Recipe, asked: _Questions, random: Source) -> tuple[Dag | None, list[tuple[Row, ...]]]:
    """A graph one edge away with as long a premise, and questions whose answers differ in the two."""
    length = _sentences(asked.cpdag, recipe)
    for _ in range(_NEIGHBOURS):
        other = _one_edge_away(asked.dag, random)
        if other is None:
            continue
        cpdag = Cpdag.from_dag(other)
        if cpdag == asked.cpdag or _sentences(cpdag, recipe) != length:
            continue
        mec = MarkovEquivalenceClass.from_cpdag(cpdag)
        couples: list[tuple[Row, ...]] = []
        for k in random.order(len(asked.rows)):
            row = asked.rows[k]
            p = hypothesis(row.relation, row.a, row.b, recipe.semantics, variables=other.nodes)
            if mec.entails(p) != row.label:
                flipped = Row(1, row.relation, row.a, row.b, not row.label, "edge")
                couples.append((_near(row, "edge"), flipped))
                if len(couples) == _COUPLES:
                    break
        if couples:
            return other, couples
    return None, []


def _sentences(graph: Cpdag, recipe: Recipe) -> int:
    """The length of a premise in sentences; one a pair where it only determines the class."""
    if recipe.premises == "determining" or (recipe.premises == "auto" and recipe.n > STATED):
        return recipe.n * (recipe.n - 1) // 2
    return _stated(graph)


@lru_cache(maxsize=10_000)
def _stated(graph: Cpdag) -> int:
    return premise_of(graph, "complete").count(". ")


def _one_edge_away(dag: Dag, random: Source) -> Dag | None:
    """The graph with one edge more, less or reversed; None if that would close a cycle."""
    names = dag.nodes
    a, b = (names[k] for k in random.order(len(names))[:2])
    edges = [edge for edge in dag.edges if edge not in ((a, b), (b, a))]
    if len(edges) == len(dag.edges) or random.below(2):
        edges.append((b, a) if (a, b) in dag.edges else (a, b))
    try:
        return Dag(names, edges)
    except CyclicGraph:
        return None


def _published(recipe: Recipe, number: int, random: Source) -> Drawn:
    """The questions of the published set about one class, with its labels; they are about pairs in one order only."""
    graph = _representative(recipe, number)
    names = names_of(recipe.n)
    counts, members = published_counts(graph)
    rows = [
        Row(0, relation, names[i], names[j], bool(counts[RELATIONS.index(relation), i, j] == members))
        for i, j in combinations(range(recipe.n), 2)
        for relation in recipe.relations
    ]
    bundles = tuple((rows[k],) for k in random.order(len(rows)))
    return Drawn(number, (Dag.from_adjacency(graph, names),), bundles)
