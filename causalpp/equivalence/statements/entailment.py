"""What an equivalence class says about a statement, decided without listing the members."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from causalpp.equivalence.statements.encoding import Encoding
from causalpp.equivalence.statements.reasons import Kind, reason
from causalpp.errors import InvalidProposition
from causalpp.graphs import Dag
from causalpp.graphs.cpdag import Mpdag
from causalpp.propositions import Proposition

__all__ = ["Entailment", "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """Whether a statement holds in every, in no or in some members of a class, and what shows it.

    Attributes:
        proposition: the statement.
        kind: ``"entailed"`` (in every member), ``"excluded"`` (in none) or ``"open"`` (in some).
        reason: one sentence that can be checked by hand.
        holds_in: a member in which it holds, None if there is none.
        fails_in: a member in which it fails, None if there is none.

    Example:
        >>> from causalpp import Causes
        >>> verdict = Entailment(Mpdag("abc", undirected=[("a", "b"), ("b", "c")])).decide(Causes("a", "c"))
        >>> verdict.kind, verdict.holds_in
        ('open', Dag('a → b, b → c'))
    """

    proposition: Proposition
    kind: Kind
    reason: str
    holds_in: Dag | None
    fails_in: Dag | None


class Entailment:
    """Decides exactly which statements hold in every, some or no member of a class, for a hundred variables.

    An edge, a directed path and an avoiding path become formulas over the undirected edges by graphical criteria
    (Fang, Liu & He, JMLR 23, 2022; the same first steps serve under background knowledge); a SAT solver decides what
    the criteria leave, and finds the members that show the answer.  d-separation is the same in all members.  With
    background knowledge, deciding an arbitrary combination of statements may take exponential time.

    Args:
        graph: stands for the members: a Cpdag for all of a Markov class, an Mpdag for those that agree with
            background knowledge.
        given: statements that restrict the class to the members in which they hold.

    Raises:
        InvalidGraph: the graph has no member.
        InvalidProposition: no member satisfies all of ``given``; the message names a smallest set of
            statements that exclude each other.
        UnknownVariable: a statement names a variable that the graph does not have.

    Example:
        >>> from causalpp import Causes, DirectlyCauses
        >>> diamond = Mpdag("abcd", directed=[("b", "d"), ("c", "d")], undirected=[("a", "b"), ("a", "c")])
        >>> Entailment(diamond).decide(Causes("a", "d")).reason
        'b → a ← c would be a new collider, and each of a → b and a → c directs a path from a to d'
        >>> Entailment(diamond, given=[DirectlyCauses("b", "a")]).decide(DirectlyCauses("a", "c")).kind
        'entailed'
    """

    def __init__(self, graph: Mpdag, given: Iterable[Proposition] = ()) -> None:
        self.graph = graph
        self.given = (given,) if isinstance(given, Proposition) else tuple(given)
        for statement in self.given:
            if not isinstance(statement, Proposition):
                raise InvalidProposition(f"given= takes propositions, got {statement!r}")
        self._code = Encoding(graph)
        literals = [self._code.translate(statement) for statement in self.given]
        needed = self._code.conflict(literals)
        if needed is not None:
            said = " and ".join(f"({self.given[k].sentence()})" for k in needed)
            alone = (
                "no member of the class satisfies" if len(needed) == 1 else "no member of the class satisfies all of"
            )
            raise InvalidProposition(f"{alone} {said}")
        self._code.given = literals

    def __repr__(self) -> str:
        given = "".join(f", given ({statement.sentence()})" for statement in self.given)
        return f"Entailment({self.graph!r}{given})"

    def decide(self, proposition: Proposition) -> Verdict:
        """Whether a statement holds in every, in no or in some members, with the reason and certificates.

        Raises:
            InvalidProposition: a kind of statement that is not one of the library's.
            UnknownVariable: it names a variable that the graph does not have.

        Example:
            >>> from causalpp import Causes
            >>> verdict = Entailment(Mpdag("abc", [("a", "b"), ("b", "c")])).decide(Causes("a", "c"))
            >>> verdict.kind, verdict.reason, verdict.fails_in
            ('entailed', 'a → b → c is directed in every member', None)
        """
        literal = self._code.translate(proposition)
        holds_in, fails_in = self._code.find(literal), self._code.find(-literal)
        kind: Kind = "open" if holds_in and fails_in else "entailed" if holds_in else "excluded"
        return Verdict(proposition, kind, reason(self._code, proposition, kind, self.given), holds_in, fails_in)

    def witness(self, proposition: Proposition) -> Dag | None:
        """A member in which a statement holds, or None if there is none.

        Raises:
            InvalidProposition: a kind of statement that is not one of the library's.
            UnknownVariable: it names a variable that the graph does not have.

        Example:
            >>> from causalpp import Causes
            >>> chain = Entailment(Mpdag("abc", undirected=[("a", "b"), ("b", "c")]))
            >>> chain.witness(Causes("b", "a") & Causes("b", "c"))
            Dag('b → a, b → c')
            >>> chain.witness(Causes("a", "b") & Causes("c", "b")) is None
            True
        """
        return self._code.find(self._code.translate(proposition))

    def members(self, limit: int | None = None) -> Iterator[Dag]:
        """The members in which all of ``given`` holds, each once and one by one, at most ``limit`` of them.

        Each is found by the solver and then forbidden; for a whole class, or one restricted by edges alone, an
        enumeration by orientations is faster.

        Example:
            >>> from causalpp import Causes
            >>> chain = Mpdag("abc", undirected=[("a", "b"), ("b", "c")])
            >>> sorted(map(repr, Entailment(chain, given=[~Causes("a", "c")]).members()))
            ["Dag('b → a, b → c')", "Dag('b → a, c → b')"]
        """
        yield from itertools.islice(self._code.members(), limit)
