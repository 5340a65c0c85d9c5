"""Which questions a run may ask: all of the kinds wanted, or, where these are very many, those that may tell something.

A thousand variables have a million ordered pairs, nearly all of which every candidate answers alike.  What tells the
members of a class apart are questions about the variables with an open edge; of the others some are kept, since what is
known says how reliable the oracle is.  Further kinds are opened when those of the first are used up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.graphs import DagBatch
from causalpp.propositions import ONE_A_PAIR, Changes, Independent, Proposition, all_questions, truth_table
from causalpp.propositions.parser import check_kinds

__all__ = ["askable", "drawn_questions", "further_questions", "how_many"]

_MOST = 20_000  # questions that are all listed
_NEAR = 60  # variables of its own component that each open variable is paired with
_FAR = 8  # others
_ANCHORS = 300  # pairs of any variables
_SETS = 3  # sets of variables held fixed that are tried with each pair
_CELLS = 1 << 21  # of a truth table
_FEW = 60  # questions that are opened whatever the number of graphs
_SURE = 20  # questions whose answer all candidates agree on
_LISTED = 200_000  # questions of a kind that are all written down before some are drawn
_LOOKED_AT = 600  # questions among which telling ones are looked for

Kinds = Sequence[str | type[Proposition]]


def how_many(variables: int, kinds: Kinds, conditioning: int) -> int:
    """The number of questions of some kinds, with up to so many variables held fixed.

    >>> how_many(5, ["Causes", "Changes"], 2) == len(all_questions("abcde", ["Causes", "Changes"], conditioning=2))
    True
    """
    total = 0
    for kind in check_kinds(dict.fromkeys(kinds)):
        pairs = variables * (variables - 1)
        if kind in ONE_A_PAIR:
            pairs //= 2
        held = conditioning if kind in (Changes, Independent) else 0
        total += pairs * sum(math.comb(max(0, variables - 2), size) for size in range(held + 1))
    return total


def askable(
    mec: MarkovEquivalenceClass,
    kinds: Kinds,
    conditioning: int,
    goal: Proposition | None,
    draw: np.random.Generator,
) -> tuple[Proposition, ...]:
    """The questions about a class that may be asked.

    Args:
        mec: the class.
        kinds: of question.
        conditioning: the most variables a question may hold fixed.
        goal: the proposition to be settled, if any: all pairs with its variables are kept.
        draw: for the choice among too many.
    """
    if how_many(len(mec.nodes), kinds, conditioning) <= _MOST:
        return all_questions(mec.nodes, kinds=kinds, conditioning=conditioning)
    names = mec.nodes
    wanted: dict[tuple[str, str], None] = {}

    def pair(a: str, b: str) -> None:
        if a != b and len(wanted) < 2 * _MOST:
            wanted[a, b] = wanted[b, a] = None

    for component in mec.cpdag.chain_components:
        for row in component:
            for other in component if len(component) <= _NEAR else draw.choice(component, _NEAR, replace=False):
                pair(names[row], names[other])
    for component in mec.cpdag.chain_components:
        for row in component:
            for other in draw.integers(len(names), size=_FAR):
                pair(names[row], names[other])
    for name in () if goal is None else goal.variables:
        for other in names:
            pair(name, other)
    for _ in range(_ANCHORS):
        pair(*(names[number] for number in draw.integers(len(names), size=2)))
    found: dict[Proposition, None] = {}
    for kind in check_kinds(dict.fromkeys(kinds)):
        for a, b in wanted:
            found |= dict.fromkeys(_about(kind, a, b, names, conditioning, draw))
    return tuple(found)


def _about(
    kind: type[Proposition], a: str, b: str, names: Sequence[str], conditioning: int, draw: np.random.Generator
) -> Iterator[Proposition]:
    if kind not in (Changes, Independent):
        yield kind(a, b)  # type: ignore[call-arg]
        return
    yield kind(a, b)
    for _ in range(_SETS if conditioning else 0):
        size = int(draw.integers(1, conditioning + 1))
        held = {names[number] for number in draw.integers(len(names), size=size)} - {a, b}
        yield kind(a, b, held)


def drawn_questions(
    kind: str, held: int, names: Sequence[str], open_: Sequence[str], count: int, draw: np.random.Generator
) -> list[Proposition]:
    """Some questions of one kind that hold so many variables fixed, about variables with an open edge where there are.

    Args:
        kind: of the questions.
        held: how many variables each holds fixed.
        names: all variables.
        open_: those that the candidates differ about.
        count: how many, at most.
        draw: where they come from.
    """
    (sort,) = check_kinds([kind])
    about = list(open_) or list(names)
    found: dict[Proposition, None] = {}
    for _ in range(2 * count):
        a, b = about[int(draw.integers(len(about)))], names[int(draw.integers(len(names)))]
        if draw.random() < 0.5:
            a, b = b, a
        rest = [names[number] for number in draw.choice(len(names), min(len(names), held + 2), replace=False)]
        fixed = [name for name in rest if name not in (a, b)][:held]
        if a == b or len(fixed) < held:
            continue
        found[sort(a, b, fixed) if held else sort(a, b)] = None  # type: ignore[call-arg]
        if len(found) == count:
            break
    return list(found)


def further_questions(
    kind: str, held: int, graphs: DagBatch, candidates: int, draw: np.random.Generator
) -> tuple[tuple[Proposition, ...], Tensor]:
    """The questions of one kind that tell candidates apart, and a few whose answers are known.

    An oracle that errs the same way whenever it is asked the same thing errs anew on another question, so another
    question about the same thing is worth more than asking again.  Of very many only some are drawn.

    Args:
        kind: of the questions.
        held: how many variables they hold fixed (``Changes``) or given (``Independent``).
        graphs: the M hypotheses, candidates first.
        candidates: how many of them are candidates.
        draw: for the choice among too many.

    Returns:
        Q questions, and their true answers, booleans of shape ``(M, Q)``.
    """
    if how_many(len(graphs.nodes), [kind], held) <= _LISTED:
        every = [q for q in all_questions(graphs.nodes, kinds=[kind], conditioning=held) if _held(q) == held]
        found = [every[number] for number in np.sort(_some(np.arange(len(every)), _LOOKED_AT, draw)).tolist()]
    else:
        differ = graphs.adjacency[:candidates]
        varies = (differ != differ[:1]).any(0)
        open_ = [name for name, yes in zip(graphs.nodes, (varies.any(0) | varies.any(1)).tolist()) if yes]
        found = drawn_questions(kind, held, graphs.nodes, open_, _LOOKED_AT, draw)
    here = truth_table(found, graphs[:candidates])
    telling = (here != here[:1]).any(0).cpu().numpy()
    most = max(_FEW, _CELLS // len(graphs))
    some = [_some(np.flatnonzero(telling), most, draw), _some(np.flatnonzero(~telling), _SURE, draw)]
    questions = tuple(found[number] for number in np.sort(np.concatenate(some)).tolist())
    return questions, truth_table(questions, graphs)


def _held(question: Proposition) -> int:
    if isinstance(question, Changes):
        return len(question.holding)
    return len(question.given) if isinstance(question, Independent) else 0


def _some(numbers: NDArray[np.int64], most: int, draw: np.random.Generator) -> NDArray[np.int64]:
    return numbers if len(numbers) <= most else draw.choice(numbers, most, replace=False)
