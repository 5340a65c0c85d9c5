"""Every exception the library raises on purpose.

All of them derive from :class:`CausalppError`, so ``except cpp.errors.CausalppError`` catches whatever
is the user's to mend and nothing else.  The message says what is wrong and what to do about it; the
command line prints it as one line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

__all__ = [
    "BudgetSpent",
    "CausalppError",
    "ContradictoryStatements",
    "CyclicGraph",
    "FormatError",
    "ImpossibleEvidence",
    "ImpreciseWarning",
    "IncompleteDataWarning",
    "InvalidData",
    "InvalidGraph",
    "InvalidParameter",
    "InvalidProposition",
    "MissingDependency",
    "NegationWarning",
    "NotIdentified",
    "NotMixed",
    "OracleError",
    "RepairWarning",
    "RunIncomplete",
    "StoppedWarning",
    "TooLarge",
    "TrainingError",
    "TruncatedWarning",
    "UndeterminedClass",
    "UnknownName",
    "UnknownNetwork",
    "UnknownState",
    "UnknownVariable",
]


class CausalppError(Exception):
    """Base of every deliberate error of the library."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[CausalppError], args: tuple[Any, ...], state: dict[str, Any]) -> CausalppError:
    """An error once more, where it is unpickled: sweeps send errors from one process to another."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidGraph(CausalppError, ValueError):
    """A graph that is not well formed: duplicate or empty names, self-loops, wrong shapes."""


class CyclicGraph(InvalidGraph):
    """A directed cycle where an acyclic graph is needed; the message names one cycle."""


class InvalidParameter(CausalppError, ValueError):
    """An argument outside its range, such as an error rate of 1.5."""


class ImpossibleEvidence(InvalidParameter):
    """Observations that exclude each other, or that a program gives probability zero."""


class InvalidProposition(InvalidParameter):
    """A proposition that says nothing, such as ``Causes("x", "x")``."""


class InvalidData(CausalppError, ValueError):
    """A data frame that cannot be used: no rows, constant or duplicate columns, missing values."""


class FormatError(CausalppError, ValueError):
    """Text that cannot be read, or something a format cannot hold; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, *, line: int | None = None, column: int | None = None) -> None:
        self.line, self.column = line, column
        where = ""
        if line is not None:
            where = f"line {line}" + (f", column {column}" if column is not None else "") + ": "
        super().__init__(where + message)


class TooLarge(CausalppError):
    """The exact computation asked for would not fit; the message says which limit to raise or what to use."""


class NotMixed(CausalppError):
    """Chains do not agree yet, so that nothing is told of what they draw; the message says how far off they are."""


class NotIdentified(CausalppError):
    """The causal effect is not determined by the observed distribution; the message gives the reason.

    Attributes:
        treatment, outcome, given: the variables of the query, each a tuple.
        hedge: the variables of the two c-forests, the larger first; None if the reason is another one.
    """

    def __init__(
        self,
        message: str,
        *,
        treatment: Sequence[str] = (),
        outcome: Sequence[str] = (),
        given: Sequence[str] = (),
        hedge: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
    ) -> None:
        self.treatment, self.outcome, self.given = tuple(treatment), tuple(outcome), tuple(given)
        self.hedge = hedge
        super().__init__(message)


class OracleError(CausalppError):
    """An oracle could not be asked: no connection, a refused key, an unknown model, a server that keeps failing.

    Attributes:
        answers: the answers there were before, in the order of the questions.
    """

    answers: tuple[Any, ...] = ()


class BudgetSpent(OracleError):
    """The budget is used up: what had been asked was waited for, and nothing more was.

    Attributes:
        answers: the answers there are, in the order of the questions; those of a journal are among them.
        left: how many requests have none.
    """

    def __init__(self, message: str, answers: Iterable[Any] = (), left: int = 0) -> None:
        super().__init__(message)
        self.answers = tuple(answers)
        self.left = left


class RunIncomplete(CausalppError):
    """A benchmark run ended with units that have no result; what is finished is kept, and the run can go on.

    Attributes:
        failures: the unit, as a text, and what went wrong with it, of the first hundred.
        finished: how many units have a result.
    """

    def __init__(self, message: str, failures: Iterable[tuple[str, str]] = (), finished: int = 0) -> None:
        super().__init__(message)
        self.failures = tuple(failures)
        self.finished = finished


class TrainingError(CausalppError):
    """A training that cannot go on: a loss that is no number, a disk that is full; what was saved before is kept."""


class ImpreciseWarning(UserWarning):
    """A number that rests on too little: few effective draws, an inference that has not converged."""


class IncompleteDataWarning(UserWarning):
    """Values are missing, so that not all rows were used; the message says how many were."""


class TruncatedWarning(UserWarning):
    """Texts are longer than a model reads, and were cut; the message says how many, and what they lost."""


class NegationWarning(UserWarning):
    """A model overlooks negation, so that questions put the other way round are left out."""


class StoppedWarning(UserWarning):
    """A search was stopped before its end: what it returned is the best it had found."""


class RepairWarning(UserWarning):
    """What independence tests say contradicts itself, or background knowledge; the graph departs from some of it.

    Attributes:
        dropped: colliders ``(a, c, b)``, that is a → c ← b, that the tests saw and the graph does not have.
        added: colliders that the graph has and no test saw.
        removed: edges ``(a, b)`` that the tests saw and that the knowledge would direct in a cycle with others.
    """

    def __init__(
        self,
        dropped: Sequence[Sequence[str]] = (),
        added: Sequence[Sequence[str]] = (),
        removed: Sequence[Sequence[str]] = (),
    ) -> None:
        self.dropped = tuple((a, c, b) for a, c, b in dropped)
        self.added = tuple((a, c, b) for a, c, b in added)
        self.removed = tuple((a, b) for a, b in removed)
        super().__init__(
            "the tests contradict each other or the knowledge, and the graph was repaired: "
            + "; ".join(self.said())
            + ". A search by score does not need to (method='boss', say)"
        )

    def said(self) -> tuple[str, ...]:
        """What was dropped, added and removed, in words."""
        parts = (("dropped", self.dropped), ("added", self.added))
        cycles = "took out of what the knowledge directs in a cycle: "
        edges = (cycles + _shown([f"{a} – {b}" for a, b in self.removed]),) if self.removed else ()
        return (*edges, *(f"{what} {_colliders(some)}" for what, some in parts if some))


def _colliders(triples: Sequence[tuple[str, str, str]]) -> str:
    return _shown([f"{a} → {c} ← {b}" for a, c, b in triples])


def _shown(pieces: Sequence[str]) -> str:
    return ", ".join(pieces[:6]) + (f", … ({len(pieces)} in all)" if len(pieces) > 6 else "")


class UndeterminedClass(CausalppError):
    """The statements are consistent and leave several classes open.

    Attributes:
        classes: classes that agree with all statements, each a :class:`~causalpp.equivalence.Cpdag`.
        exhaustive: whether ``classes`` are all of them; otherwise they are the first hundred.
        present: pairs of variables that are joined in every class that agrees with the statements.
        absent: pairs that are joined in none.
        open: pairs that are joined in some.  If there are none, only directions are open.

    Example:
        >>> from causalpp.equivalence.statements.independence import from_independencies
        >>> try:
        ...     from_independencies("abc", ["a and c are independent given b"])
        ... except UndeterminedClass as error:
        ...     len(error.classes), error.absent, error.open
        (4, (('a', 'c'),), (('a', 'b'), ('b', 'c')))
    """

    def __init__(
        self,
        classes: Iterable[Any],
        exhaustive: bool,
        present: Sequence[tuple[str, str]],
        absent: Sequence[tuple[str, str]],
    ) -> None:
        self.classes: tuple[Any, ...] = tuple(classes)
        self.exhaustive = exhaustive
        self.present, self.absent = tuple(present), tuple(absent)
        decided = {*self.present, *self.absent}
        self.open = tuple(pair for pair in combinations(self.classes[0].nodes, 2) if pair not in decided)
        number = f"{len(self.classes)}" if exhaustive else f"more than {len(self.classes)}"
        listed = {"joined": self.present, "not joined": self.absent, "open": self.open}
        known = "; ".join(f"{what}: {_pairs(pairs)}" for what, pairs in listed.items() if pairs)
        super().__init__(
            f"the statements leave {number} classes open ({known}): add statements, "
            "or pass complete=True if what is not listed is dependence"
        )


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{a} – {b}" for a, b in pairs[:10]) + (", …" if len(pairs) > 10 else "")


class ContradictoryStatements(CausalppError):
    """No graph agrees with all statements, under the Markov condition and faithfulness.

    Attributes:
        conflict: a minimal set of statements, each a :class:`~causalpp.propositions.Proposition`, that exclude
            each other: without any one of them, some graph agrees.
        unlisted: those of them that are not in the list, but are meant by its being complete.
    """

    def __init__(self, conflict: Iterable[Any], unlisted: Iterable[Any] = ()) -> None:
        self.conflict: tuple[Any, ...] = tuple(conflict)
        self.unlisted: tuple[Any, ...] = tuple(unlisted)
        silent = set(self.unlisted)
        said = "; ".join(p.sentence() + (" (as the list does not deny)" if p in silent else "") for p in self.conflict)
        super().__init__(f"no graph agrees with these statements, of which none can be spared: {said}")


class MissingDependency(CausalppError, ImportError):
    """An optional package is needed; the message gives the command that installs it."""


_LONGEST = 120  # characters of a name in a message


def _shortened(text: str) -> str:
    """The beginning and the end of a text that is too long for a message."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]}"


class _Unknown(CausalppError, LookupError):
    """A name that is not among the known ones; close matches are suggested."""

    kind = "name"

    def __init__(self, name: object, known: Iterable[object], *, what: str = "") -> None:
        self.name = name
        self.known = tuple(known)
        message = f"unknown {self.kind} {_shortened(repr(name))}{what}"
        text = [k for k in self.known if isinstance(k, str)]  # numbers and truth values have no near misses
        close: list[str] = []
        if len(str(name)) <= _LONGEST:  # what is longer was not meant to be a name
            close = difflib.get_close_matches(str(name), text, n=3, cutoff=0.6)
        if not close:
            folded = {k.casefold(): k for k in text}
            close = [folded[str(name).casefold()]] if str(name).casefold() in folded else []
        if close:
            message += "; did you mean " + " or ".join(map(repr, close)) + "?"
        elif self.known:
            shown = ", ".join(_shortened(repr(known)) for known in self.known[:12])
            message += f"; known: {shown}" + (", …" if len(self.known) > 12 else "")
        super().__init__(message)


class UnknownVariable(_Unknown):
    """A variable that the graph, program or frame does not have."""

    kind = "variable"


class UnknownState(_Unknown):
    """A state that the variable cannot take."""

    kind = "state"


class UnknownNetwork(_Unknown):
    """A network that does not ship with the library."""

    kind = "network"


class UnknownName(_Unknown):
    """A name that is not among those to choose from, such as that of a solver or a task.

    Args:
        kind: what it would be the name of.
        name: the name.
        known: those there are.
    """

    def __init__(self, kind: str, name: object, known: Iterable[object]) -> None:
        self.kind = kind
        super().__init__(name, known)
