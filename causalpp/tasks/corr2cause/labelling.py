"""From a question about a class to an item: premise, sentence, exact label and certificate."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp.equivalence import Cpdag, MarkovEquivalenceClass
from causalpp.errors import InvalidGraph
from causalpp.graphs import Dag
from causalpp.tasks._random import Source
from causalpp.tasks.corr2cause.candidates import Recipe, Row
from causalpp.tasks.corr2cause.certificates import pattern_of, prove
from causalpp.tasks.corr2cause.classes import fingerprint
from causalpp.tasks.corr2cause.hypotheses import hypothesis, original_wordings, sentence_of
from causalpp.tasks.corr2cause.item import RELATIONS, Corr2CauseItem
from causalpp.tasks.corr2cause.premises import checked_premise
from causalpp.tasks.corr2cause.published import published_counts

__all__ = ["ClassWriter"]


class ClassWriter:
    """Writes items about the class of one graph.

    Args:
        dag: the graph.
        recipe: how items are made.
        number: of the draw, for ``about``.

    Raises:
        InvalidGraph: reading the premise does not give the class back; no class is known for which this happens.
    """

    def __init__(self, dag: Dag, recipe: Recipe, number: int) -> None:
        self.dag, self.recipe = dag, recipe
        cpdag = Cpdag.from_dag(dag)
        self.mec = MarkovEquivalenceClass.from_cpdag(cpdag)
        self.group = fingerprint(cpdag)
        self.premise = checked_premise(cpdag, recipe.premises)
        self._pattern = pattern_of(cpdag)
        self._about = {
            "seed": recipe.seed,
            "draw": number,
            "members": self.mec.size,
            "directed": [list(edge) for edge in cpdag.directed],
            "undirected": [list(edge) for edge in cpdag.undirected],
        }

    def item(self, row: Row, wording: int = 0) -> Corr2CauseItem:
        """The item that asks one question; its id is still empty.

        Raises:
            InvalidGraph: the label, the solver and the proof do not agree; no case is known.
        """
        published = self.recipe.semantics == "published"
        label, certificate = self._counted(row) if published else self._proved(row)
        if row.label is not None and label != row.label:
            raise InvalidGraph(f"{row} of {self.mec.cpdag!r}: the label is {label}")
        return Corr2CauseItem(
            id="",
            premise=self.premise,
            hypothesis=sentence_of(row.relation, row.a, row.b, wording % original_wordings(row.relation)),
            label=label,
            relation=row.relation,
            a=row.a,
            b=row.b,
            variables=self.dag.nodes,
            group=self.group,
            wording=wording % original_wordings(row.relation),
            semantics=self.recipe.semantics,
            certificate=certificate,
            about=self._about | ({"near_miss": row.near} if row.near else {}),
        )

    def _proved(self, row: Row) -> tuple[bool, dict[str, Any]]:
        p = hypothesis(row.relation, row.a, row.b, self.recipe.semantics, variables=self.dag.nodes)
        verdict = self.mec.decide(p)
        out: dict[str, Any] = {"kind": verdict.kind, "reason": verdict.reason}
        if verdict.fails_in is not None:
            return False, out | {"member": [list(edge) for edge in verdict.fails_in.edges]}
        proof = prove(self._pattern, row.relation, row.a, row.b, self.recipe.semantics)
        if proof is None:
            raise InvalidGraph(f"{row} of {self.mec.cpdag!r} is entailed, and no proof was found")
        return True, out | {"proof": proof}

    @cached_property
    def _counts(self) -> tuple[NDArray[np.int64], int]:
        return published_counts(self.dag.adjacency)

    def _counted(self, row: Row) -> tuple[bool, dict[str, Any]]:
        counts, members = self._counts
        i, j = (self.dag.nodes.index(name) for name in (row.a, row.b))
        count = int(counts[RELATIONS.index(row.relation), i, j])
        return count == members, {"kind": "count", "count": count, "members": members}


def random_wording(random: Source) -> int:
    """A number from which :meth:`ClassWriter.item` takes one of the original wordings of a relation."""
    return random.below(2)
