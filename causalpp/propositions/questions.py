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
from causalpp.propositions.statements import ONE_A_PAIR, Changes, Independent, Proposition

__all__ = ["FAMILIES", "all_questions", "level_table", "smallest_family", "truth_table"]

#: Families of questions from small to large: kinds, and how many variables a question may hold fixed.
FAMILIES: tuple[tuple[tuple[str, ...], int], ...] = (
    (("Causes",), 0),
    (("Causes", "DirectlyCauses"), 0),
    (("Causes", "DirectlyCauses", "Changes"), 1),
    (("Causes", "DirectlyCauses", "Changes"), 2),
)
_CELLS = 1 << 28  # of the largest truth table that is looked at


def all_questions(
    variables: Iterable[str],
    kinds: str | type[Proposition] | Iterable[str | type[Proposition]] = "Causes",
    *,
    conditioning: int = 1,
) -> tuple[Proposition, ...]:
    """Every elementary proposition of the given kinds, each once, kind by kind in the order given.

    Args:
        variables: names, or a Dag.
        kinds: a name or a class, or several, such as ``("Causes", "DirectlyCauses")``.
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
    for kind in check_kinds(dict.fromkeys([kinds] if isinstance(kinds, (str, type)) else kinds)):
        for a, b in combinations(names, 2) if kind in ONE_A_PAIR else permutations(names, 2):
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


def level_table(questions: Sequence[Proposition], dags: DagBatch) -> Tensor:
    """The :meth:`~Proposition.levels` of every question in every graph: int8 of shape ``(N, Q)``.

    >>> from causalpp import DagBatch
    >>> two = DagBatch(["A", "B"], [[[0, 1], [0, 0]], [[0, 0], [1, 0]]])
    >>> level_table(all_questions(["A", "B"], ["Causes", "Direction"]), two).tolist()
    [[1, 0, 1], [0, 1, -1]]
    """
    out = torch.empty((len(dags), len(questions)), dtype=torch.int8, device=dags.device)
    for column, question in enumerate(questions):
        out[:, column] = question.levels(dags)
    return out


def smallest_family(
    dags: DagBatch, families: Sequence[tuple[Sequence[str | type[Proposition]], int]] = FAMILIES
) -> tuple[tuple[str, ...], int]:
    """The first of the families whose questions tell as many of the graphs apart as any of them does.

    For the members of one equivalence class that is ``Causes``: of two members, one has an edge a → b where the other
    has b → a, and then *a causes b* in the one only.

    Args:
        dags: the candidates.
        families: pairs of kinds and of how many variables a question may hold fixed, from small to large; one whose
            truth table would be too large to hold is not looked at.

    Returns:
        The kinds by name, and how many variables are held fixed.

    Raises:
        InvalidParameter: no family, or an unknown kind.

    Example:
        >>> from causalpp.graphs import all_dags
        >>> smallest_family(all_dags(2)), smallest_family(all_dags(3))
        ((('Causes',), 0), (('Causes', 'DirectlyCauses'), 0))
    """
    if not families:
        raise InvalidParameter("there is no family of questions to choose from")
    all_apart = len(torch.unique(dags.adjacency.flatten(1), dim=0))
    best, most = families[0], 0
    for kinds, held in families:
        questions = all_questions(dags.nodes, kinds, conditioning=held)
        if most and len(questions) * len(dags) > _CELLS:
            break
        apart = len(torch.unique(truth_table(questions, dags), dim=0)) if questions else 1
        if apart > most:
            best, most = (kinds, held), apart
        if most == all_apart:
            break
    return tuple(kind.__name__ for kind in check_kinds(best[0])), best[1]
