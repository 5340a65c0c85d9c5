"""Further kinds of question, for when those of the first kind are used up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from causalpp.acbo._questions import drawn_questions, how_many
from causalpp.graphs import DagBatch
from causalpp.propositions import Changes, Independent, Proposition, all_questions, truth_table

__all__ = ["further_questions"]

_CELLS = 1 << 21  # of a truth table
_FEW = 60  # questions that are opened whatever the number of graphs
_ANCHORS = 20  # questions whose answer all candidates agree on
_LISTED = 200_000  # questions of a kind that are all written down before some are drawn
_LOOKED_AT = 600  # questions among which telling ones are looked for


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
    some = [_some(np.flatnonzero(telling), most, draw), _some(np.flatnonzero(~telling), _ANCHORS, draw)]
    questions = tuple(found[number] for number in np.sort(np.concatenate(some)).tolist())
    return questions, truth_table(questions, graphs)


def _held(question: Proposition) -> int:
    if isinstance(question, Changes):
        return len(question.holding)
    return len(question.given) if isinstance(question, Independent) else 0


def _some(numbers: NDArray[np.int64], most: int, draw: np.random.Generator) -> NDArray[np.int64]:
    return numbers if len(numbers) <= most else draw.choice(numbers, most, replace=False)
