"""Every label against brute force written apart, and every certificate against the checker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import pytest
from brute_classes import Edges, class_of, holds

from causalpp import Dag
from causalpp.equivalence import MarkovEquivalenceClass, from_premise
from causalpp.errors import TooLarge
from causalpp.graphs import all_dags, erdos_renyi
from causalpp.tasks import (
    RELATIONS,
    Corr2CauseItem,
    check_certificate,
    classes,
    complete_set,
    generate,
    hypothesis,
    relation_tables,
)
from causalpp.tasks.corr2cause.checking import holds as checked_holds


@lru_cache(maxsize=4096)
def _members(premise: str) -> tuple[Edges, ...]:
    """All members, from one graph of the class that the premise determines."""
    some = next(MarkovEquivalenceClass.from_cpdag(from_premise(premise)).members())
    return tuple(class_of(some.nodes, set(some.edges)))


def wrong(items: Iterable[Corr2CauseItem]) -> list[str]:
    """The items whose label brute force does not confirm."""
    out = []
    for item in items:
        assert _members(item.premise)
        true = all(
            holds(item.relation, item.a, item.b, edges, item.variables, item.semantics)
            for edges in _members(item.premise)
        )
        if true != item.label:
            out.append(item.id)
    return out


@pytest.mark.parametrize("semantics", ["path", "direct"])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_every_label_of_the_complete_sets(n: int, semantics: str) -> None:
    made = complete_set(n, semantics)
    assert not wrong(made)
    for item in made:
        check_certificate(item)


@pytest.mark.slow
def test_every_label_of_five_variables() -> None:
    made = complete_set(5)
    assert len(made) == 8520
    assert not wrong(made)
    for item in made:
        check_certificate(item)


@pytest.mark.slow
def test_a_thousand_labels_of_six_variables() -> None:
    made = generate(6, rows=1000, seed=6)
    assert len(made) == 1000
    assert not wrong(made)
    for item in made:
        check_certificate(item)


@pytest.mark.slow
@pytest.mark.parametrize("semantics", ["path", "direct"])
def test_five_hundred_labels_of_seven_to_ten_variables(semantics: str) -> None:
    made = generate([7, 8, 9, 10], rows=125, seed=7, semantics=semantics)
    assert len(made) == 500
    assert not wrong(made)
    for item in made:
        check_certificate(item)


@pytest.mark.slow
def test_certificates_of_twenty_four_variables() -> None:
    made = generate(24, rows=300, seed=24)
    assert len(made) == 300
    for item in made:
        check_certificate(item)


def test_small_draws_agree_with_brute_force() -> None:
    made = generate([5, 7], rows=48, seed=1)
    assert not wrong(made)


@pytest.mark.parametrize("semantics", ["path", "direct"])
def test_tables_agree_with_the_propositions_and_with_the_checker(semantics: str) -> None:
    for batch in (all_dags(3), erdos_renyi(6, expected_degree=2.5, n=40, seed=1)):
        tables = relation_tables(batch.adjacency.numpy(), semantics)
        for r, relation in enumerate(RELATIONS):
            for i, a in enumerate(batch.nodes):
                for j, b in enumerate(batch.nodes):
                    if i != j:
                        p = hypothesis(relation, a, b, semantics, variables=batch.nodes)
                        assert (p.holds(batch).numpy() == tables[r, :, i, j]).all()
                        for k, dag in enumerate(batch):
                            assert checked_holds(relation, a, b, set(dag.edges), semantics) == tables[r, k, i, j]


def test_all_classes_up_to_the_names() -> None:
    assert [len(classes(n)) for n in (1, 2, 3, 4, 5)] == [1, 2, 5, 20, 142]
    with pytest.raises(TooLarge, match="1 to 6 variables"):
        classes(7)


@pytest.mark.slow
def test_classes_of_six_variables_have_all_labellings() -> None:
    """The orbits under renaming add up to the 1,067,825 labelled classes (Gillispie & Perlman, UAI 2001)."""
    from itertools import permutations

    orders = np.array(list(permutations(range(6))))
    total = 0
    found = classes(6)
    for graph in found:
        matrix = MarkovEquivalenceClass.from_dag(Dag.from_adjacency(graph, list("abcdef"))).cpdag.matrix
        same = (matrix[orders[:, :, None], orders[:, None, :]] == matrix).all((1, 2)).sum()
        total += 720 // int(same)
    assert (len(found), total) == (2201, 1_067_825)


@pytest.mark.parametrize(("rows", "positive", "entailed"), [(1, 0.5, 0), (6, 0.5, 3), (7, 0.5, 4), (40, 0.28, 11)])
def test_few_rows_keep_the_share_of_labels(rows: int, positive: float, entailed: int) -> None:
    made = generate(7, rows, seed=0, positive=positive)
    assert len(made) == rows
    assert sum(bool(item.label) for item in made) == entailed
    counts = Counter(item.relation for item in made)
    assert max(counts.values()) - min(counts[relation] for relation in RELATIONS) <= 1
