"""The published semantics: the shape of the shipped sets, and where their labels differ from the truth."""

from __future__ import annotations

import numpy as np
import pytest

from causalpp.errors import InvalidData, InvalidParameter, TooLarge
from causalpp.tasks import RELATIONS, check_certificate, complete_set, generate, relation_tables
from causalpp.tasks.corr2cause.published import published_counts


def test_as_many_samples_as_published() -> None:
    """12, 90, 720 and 8,520 samples for two to five variables (Jin et al., ICLR 2024)."""
    assert [len(complete_set(n, "published")) for n in (2, 3, 4)] == [12, 90, 720]


@pytest.mark.slow
def test_five_variables_as_published_and_where_they_differ() -> None:
    published, true = complete_set(5, "published"), complete_set(5)
    assert len(published) == 8520
    assert [item.text for item in published] == [item.text for item in true]
    differ = [(shipped, item) for shipped, item in zip(published, true) if shipped.label != item.label]
    # A few per cent, as for the shipped labels; never in the relations that the order of the names decides.
    assert 0.01 < len(differ) / len(true) < 0.04
    assert {item.relation for _, item in differ} == {"parent", "ancestor", "collider", "confounder"}


def test_neither_child_nor_descendant_is_ever_entailed_in_the_published_order() -> None:
    for item in complete_set(4, "published"):
        assert not (item.label and item.relation in ("child", "descendant"))


def test_a_common_cause_counts_only_as_a_parent_of_the_second() -> None:
    """k → a, k → m → b: k is no parent of b, so the published program sees a common cause from b's side only."""
    k, a, m, b = range(4)
    graph = np.zeros((1, 4, 4), dtype=bool)
    graph[0, k, a] = graph[0, k, m] = graph[0, m, b] = True
    confounder = RELATIONS.index("confounder")
    true, published = (relation_tables(graph, semantics)[confounder, 0] for semantics in ("path", "published"))
    assert true[a, b]
    assert true[b, a]
    assert not published[a, b]
    assert published[b, a]
    others = np.ones(6, dtype=bool)
    others[confounder] = False
    assert (relation_tables(graph)[others] == relation_tables(graph, "published")[others]).all()


def test_relations_are_looked_up_under_the_renaming_itself() -> None:
    """Of every class of four variables the seven wrong labels are where the renaming is not its own inverse."""
    published, true = complete_set(4, "published"), complete_set(4)
    differ = [item.relation for shipped, item in zip(published, true) if shipped.label != item.label]
    assert sorted(differ) == ["ancestor", "collider", "collider", "confounder", "parent", "parent", "parent"]


def test_counts_add_up() -> None:
    """In a complete graph of three variables, each pair is joined in all six members."""
    counts, members = published_counts(np.triu(np.ones((3, 3), dtype=bool), 1))
    assert members == 6
    assert (counts[0] + counts[1] == 6 * (1 - np.eye(3, dtype=int))).all()


def test_published_labels_are_not_proved() -> None:
    item = complete_set(3, "published").items[0]
    with pytest.raises(InvalidData, match="counts"):
        check_certificate(item)


def test_generated_items_with_published_labels() -> None:
    made = generate(4, rows=60, semantics="published", seed=2)
    truth = {(item.premise, item.relation, item.a, item.b): item.label for item in complete_set(4, "published")}
    assert all(truth[item.premise, item.relation, item.a, item.b] == item.label for item in made)


def test_published_labels_are_for_few_variables() -> None:
    with pytest.raises(InvalidParameter, match="2 to 6"):
        generate(7, semantics="published")
    with pytest.raises(TooLarge, match="at most 6"):
        complete_set(7, "published")
