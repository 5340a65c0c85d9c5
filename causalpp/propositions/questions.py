"""All the questions that can be asked about some variables, and their answers over a whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, permutations

import torch
from torch import Tensor

from causalpp.errors import InvalidParameter
from causalpp.graphs import DagBatch
from causalpp.graphs.dag import check_names
from causalpp.propositions.parser import check_kinds
from causalpp.propositions.statements import Changes, HaveCommonCause, HaveCommonEffect, Independent, Proposition

__all__ = ["all_questions", "truth_table"]


def all_questions(
    variables: Iterable[str],
    kinds: Iterable[str | type[Proposition]] = ("Causes",),
    *,
    conditioning: int = 1,
) -> tuple[Proposition, ...]:
    """Every elementary proposition of the given kinds, each once, kind by kind in the order given.

    Args:
        variables: names, or a Dag.
        kinds: names or classes, such as ``("Causes", "DirectlyCauses")``.
        conditioning: largest number of variables held fixed (``Changes``) or given (``Independent``).

    Raises:
        InvalidParameter: an unknown kind, a negative ``conditioning``.

    Example:
        >>> [q.sentence() for q in all_questions(["A", "B"])]
        ['A causes B', 'B causes A']
        >>> len(all_questions("ABCD", kinds=["Changes"], conditioning=2))
        48
    """
    names = check_names(variables)
    if conditioning < 0:
        raise InvalidParameter(f"conditioning counts variables and cannot be {conditioning}")
    out: list[Proposition] = []
    for kind in check_kinds(dict.fromkeys(kinds)):
        symmetric = kind in (HaveCommonCause, HaveCommonEffect, Independent)
        for a, b in combinations(names, 2) if symmetric else permutations(names, 2):
            if kind in (Changes, Independent):
                rest = [name for name in names if name not in (a, b)]
                for size in range(min(conditioning, len(rest)) + 1):
                    out += [kind(a, b, some) for some in combinations(rest, size)]
            else:
                out.append(kind(a, b))  # type: ignore[call-arg]
    return tuple(out)


def truth_table(questions: Sequence[Proposition], dags: DagBatch) -> Tensor:
    """The true answer to every question in every graph: booleans of shape ``(N, Q)``.

    >>> from causalpp import DagBatch
    >>> two = DagBatch(["A", "B"], [[[0, 1], [0, 0]], [[0, 0], [1, 0]]])
    >>> truth_table(all_questions(["A", "B"]), two).int().tolist()
    [[1, 0], [0, 1]]
    """
    out = torch.empty((len(dags), len(questions)), dtype=torch.bool, device=dags.device)
    for column, question in enumerate(questions):
        out[:, column] = question.holds(dags)
    return out
