"""The ceiling: what the text of an item determines, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

from causalpp.benchmarks.solvers.base import Solution, Solver
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import CausalppError, TooLarge
from causalpp.propositions import Proposition, parse
from causalpp.tasks import Corr2CauseItem, Item, LocalItem
from causalpp.tasks.caugym import decide, read
from causalpp.tasks.corr2cause.hypotheses import hypothesis, read_hypothesis

__all__ = ["Symbolic", "class_of", "meaning_of", "standing"]

_HELD = 128  # classes kept at hand: the items of a premise tend to follow each other
_DRAWN = 10_000  # members of a class that is too large to go through


@lru_cache(maxsize=_HELD)
def class_of(premise: str) -> MarkovEquivalenceClass:
    """The class that a premise determines, read from its text alone.

    Raises:
        FormatError, ContradictoryStatements, UndeterminedClass, TooLarge: as
            :meth:`~causalpp.MarkovEquivalenceClass.from_premise`.
    """
    return MarkovEquivalenceClass.from_premise(premise)


def meaning_of(item: Corr2CauseItem, semantics: str = "") -> Proposition:
    """The statement that an item's hypothesis makes, read from its text alone.

    Args:
        item: whose hypothesis it is.
        semantics: ``"path"`` or ``"direct"``; by default what the item says its label means.

    Raises:
        FormatError: the sentence cannot be read.
        UnknownVariable: it speaks of a variable that the premise does not have.
    """
    names = class_of(item.premise).nodes
    if (semantics or item.semantics) == "direct":
        relation, a, b, _ = read_hypothesis(item.hypothesis, names)
        return hypothesis(relation, a, b, "direct", variables=names)
    return parse(item.hypothesis, names)


def standing(premise: str, statement: Proposition) -> tuple[bool, float]:
    """Whether a premise decides a statement, and the share of its class's members in which it holds.

    Raises:
        FormatError, ContradictoryStatements, UndeterminedClass, TooLarge, UnknownVariable: the premise determines no
            class, or the statement is about something else.
    """
    mec = class_of(premise)
    decided = mec.decide(statement).kind != "open"
    try:
        return decided, mec.probability(statement)
    except TooLarge:
        return decided, float(statement.holds(mec.sample(_DRAWN, seed=0)).double().mean())


@dataclass(frozen=True)
class Symbolic(Solver):
    """Reads the text, and decides what follows from it: the answer, or that the text leaves it open.

    Of a premise it finds the class and decides whether the hypothesis holds in every member, or a local question if the
    class decides it; of a word problem it finds the models that agree with the graph and the figures, and decides
    whether all have the same answer.  Nothing but the text is used.  It does not learn and cannot err: what it misses,
    the text does not say.  A text with a sentence that it does not understand is not answered.

    Attributes:
        semantics: what hypotheses mean; by default what each item says its label means.

    Example:
        >>> text = ("Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among "
        ...         "these 3 variables are as follows: A correlates with B. B correlates with C. However, A is "
        ...         "independent of C.")
        >>> Symbolic().solve(Corr2CauseItem("1", text, "A directly causes B.", None)).answer
        True
        >>> from causalpp.tasks.caugym import generate
        >>> item = generate(7, seed=0).items[0]
        >>> Symbolic().solve(item.blind()).answer[:16] in ('{"ANSWER": "yes"', '{"ANSWER": "no",')
        True
    """

    name: ClassVar[str] = "symbolic"
    semantics: Literal["", "path", "direct"] = ""

    def solve(self, item: Item) -> Solution:
        try:
            if isinstance(item, Corr2CauseItem):
                verdict = class_of(item.premise).decide(meaning_of(item, self.semantics))
                follows = verdict.kind == "entailed"
                return Solution(follows, 1.0, entailed=float(follows), about={"verdict": verdict.kind})
            if isinstance(item, LocalItem):
                mec = class_of(item.premise)
                verdict = mec.decide(parse(item.question, mec.nodes))
                if verdict.kind == "open":
                    return Solution(None, reason="open", about={"verdict": verdict.kind})
                return Solution(verdict.kind == "entailed", 1.0, about={"verdict": verdict.kind})
            decision = decide(read(item.prompt))
        except CausalppError as error:
            return Solution(None, reason=type(error).__name__)
        return Solution(decision.reply, 1.0, about={"verdict": "open" if decision.value is None else "determined"})
