"""The protocol of everything that can answer a proposition."""

from __future__ import annotations

import asyncio
import copy
import operator
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self, cast

from causalpp._renamed import old_attribute, old_override
from causalpp.errors import InvalidParameter, OracleError
from causalpp.language.journal import Key, Leases, fetch
from causalpp.oracles._rows import lease_of
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.direction import graded
from causalpp.oracles.journal import Journal
from causalpp.oracles.panel import Asked, Panel, calls
from causalpp.propositions import Proposition

__all__ = ["Oracle", "placed_at"]

_planning = threading.Lock()  # not one for each oracle: oracles can be pickled


class _Unsaid:
    """Stands for the nature of an oracle whose class does not say it."""

    def __get__(self, oracle: object, owner: type) -> Self:
        if oracle is None:
            return self
        raise InvalidParameter(
            f"the oracle {owner.__name__} does not say its nature: give the class one, such as nature = 'human'"
        )


class Oracle(ABC):
    """Whoever answers propositions: a simulator, a language model, an experiment, a person.

    An oracle of one's own needs a :attr:`nature`, a :attr:`fingerprint` and :meth:`_answer`; one that answers
    many questions faster than one after the other overrides :meth:`_answers`, one that makes an answer of several
    overrides :meth:`_parts`, and one that waits on a network derives from :class:`~causalpp.oracles.AsyncOracle`.

    Attributes:
        nature: which of these it is; results carry it, so that they are never mixed up.
    """

    nature: ClassVar[str] = cast(str, _Unsaid())
    kind = old_attribute("nature")
    _journal: Journal | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        old_override(cls, "kind", "nature")

    @cached_property
    def _asked(self) -> Counter[Asked]:
        """How often each question has been put so far."""
        return Counter()

    def put_as(self, request: Request) -> tuple[Proposition, tuple[str, ...]]:
        """A question in the names that stand in its prompt, and all names in the order in which the prompt lists them.

        Where nothing is written, or nothing listed, these are the question itself and no names.
        """
        return request.question, ()

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Text that is the same for oracles that would answer alike, and differs otherwise."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """What the fingerprint stands for, as JSON values that a journal keeps beside it; never a key."""
        return {"kind": self.nature}  # the word of 0.1: fingerprints are made of it

    @property
    def journal(self) -> Journal | None:
        """Where answers are kept and found again; set it to a journal or to the path of one.

        What the journal knows is not asked again: the same questions in a new process, put as often, get the same
        answers for free.  A failure that may pass, such as a server that did not answer, is asked again.
        """
        return self._journal

    @journal.setter
    def journal(self, journal: Journal | str | Path | None) -> None:
        self._journal = Journal(journal) if isinstance(journal, (str, Path)) else journal

    def answerable(self, questions: Sequence[Proposition]) -> list[bool]:
        """Which questions the oracle has an answer to, if it knows that before; a loop asks no others.

        Most oracles try whatever they are asked; what was recorded, say, is all that there is.
        """
        return [True] * len(questions)

    def _copied(self) -> Self:
        """The same oracle with the same journal, as if it had been asked nothing yet, to be changed."""
        other = copy.copy(self)
        for name in ("_asked", "_polarities", "fingerprint"):
            other.__dict__.pop(name, None)
        return other

    def listed(self, request: Request) -> Sequence[str]:  # noqa: ARG002
        """The variables in the order in which what it is shown lists them; none where no such order is drawn."""
        return ()

    @abstractmethod
    def _answer(self, request: Request) -> Answer:
        """The answer to one request."""

    def _answers(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """The answers to some requests, one for each, in any order and each given as soon as it is there."""
        for request in requests:
            yield placed_at(request, self._answer(request))

    def _requests(self, question: Proposition, first: int, repeats: int) -> Iterable[Request]:
        """How a question is put that has been put ``first`` times before: requests that all differ."""
        return [Request(question, replicate) for replicate in range(first, first + repeats)]

    def _parts(self, question: Proposition, number: int) -> Sequence[Request]:  # noqa: ARG002
        """The requests whose answers make up that to a question put for the time with this number; none by default.

        A journal keeps these answers, and :meth:`_graded` puts them together.
        """
        return ()

    def _graded(self, wholes: Sequence[tuple[Request, Sequence[Answer]]]) -> list[Answer]:
        """The answers to questions that have :meth:`_parts`, each made of its own."""
        return [graded(request, parts) for request, parts in wholes]

    def _panel_requests(self, panel: Panel, first: int, repeats: int) -> Iterable[Request]:
        """How a panel is put that has been put ``first`` times before: the requests of each call one after the other.

        An answer to a request that has a call may depend on all requests of that call, and on nothing else.
        """
        numbers = range(first, first + repeats)
        return [request for number in numbers for request in panel.requests(self.fingerprint, number)]

    def ask(self, questions: Asked | Sequence[Asked], repeats: int = 1) -> list[Answer]:
        """Answers to one or several questions, each asked ``repeats`` times, question by question.

        Several questions about one intervention can be put in one call, a :class:`Panel`, whose answers come
        outcome by outcome.

        With a :attr:`journal`, every answer is on the disk before any is returned, and stays there whatever stops
        the call; asking the same again goes on from there.

        Raises:
            InvalidParameter: something that is no proposition, or ``repeats`` is not a whole number from one on.
            UnknownVariable: a question names a variable the oracle knows nothing of.
            OracleError: the oracle cannot be asked; ``error.answers`` are the answers there are, in order.
        """
        with self._asking(questions, repeats) as plan:
            fetch(plan.calls, plan.answers, self._put, self._store)
        return plan.results()

    async def ask_async(self, questions: Asked | Sequence[Asked], repeats: int = 1) -> list[Answer]:
        """:meth:`ask` for use inside an event loop, which goes on while the oracle thinks."""
        return await asyncio.to_thread(self.ask, questions, repeats)

    @contextmanager
    def _asking(self, questions: Asked | Sequence[Asked], repeats: int) -> Iterator[_Plan]:
        """What to put, and a place for the answers; what stops the asking leaves it as if it had not been begun."""
        asked, repeats = _checked(questions, repeats)
        plan = _Plan(self)
        before: list[tuple[Asked, int]] = []
        try:
            with _planning:
                for question in asked:
                    first = self._asked[question]
                    before.append((question, first))
                    plan.add(question, first, repeats)
                    self._asked[question] += repeats
            yield plan
            for request in plan.requests:
                if request not in plan.answers:
                    raise OracleError(f"the {self.nature} oracle gave no answer that carries {request}")
        except BaseException as error:
            with _planning:
                for question, count in reversed(before):
                    if self._asked[question] == count + repeats:  # or else it has been put again since
                        self._asked[question] = count
            if isinstance(error, OracleError):
                error.answers = tuple(plan.results())
            raise

    def _signed(self, answer: Answer) -> Answer:
        """An answer that says who gave it."""
        return replace(answer, oracle=answer.oracle or self.fingerprint, nature=self.nature)

    def resume(self, answers: Iterable[Answer]) -> None:
        """Go on after answers that were had from this oracle before, in another process: what they are to was asked."""
        panels: dict[str, list[Proposition]] = {}
        for answer in answers:
            if answer.oracle == self.fingerprint:
                if answer.call is None:
                    self._asked[answer.question] += 1
                else:
                    panels.setdefault(answer.call, []).append(answer.question)
        for questions in panels.values():
            self._asked[Panel.of(questions)] += 1

    def _put(self, together: Sequence[Sequence[Request]]) -> Generator[tuple[Request, Answer]]:
        for answer in self._answers([request for call in together for request in call]):
            yield answer.request, answer

    @property
    def _store(self) -> _Kept | None:
        return None if self.journal is None else _Kept(self, self.journal)


class _Plan:
    """What is put to an oracle for some questions, and the answers so far.

    Attributes:
        asked: what is answered, in order, and the requests whose answers make up that one; none where it is put itself.
        answers: request → its answer.
    """

    def __init__(self, oracle: Oracle) -> None:
        self._oracle = oracle
        self.asked: list[tuple[Request, Sequence[Request]]] = []
        self.answers: dict[Request, Answer] = {}

    def add(self, question: Asked, first: int, repeats: int) -> None:
        """Put a question ``repeats`` times more, after ``first`` times."""
        oracle = self._oracle
        if isinstance(question, Panel):
            self.asked += [(request, ()) for request in oracle._panel_requests(question, first, repeats)]
            return
        numbers = range(first, first + repeats)
        whole = [(Request(question, number), oracle._parts(question, number)) for number in numbers]
        if whole[0][1]:
            self.asked += whole
        else:
            self.asked += [(request, ()) for request in oracle._requests(question, first, repeats)]

    @property
    def requests(self) -> list[Request]:
        """What is put, each once: different questions may share parts."""
        return list(dict.fromkeys(part for request, parts in self.asked for part in parts or (request,)))

    @property
    def calls(self) -> list[list[Request]]:
        """The same by the call they belong to."""
        return calls(self.requests)

    def results(self) -> list[Answer]:
        """The answers there are to what was asked, in order."""
        oracle = self._oracle
        found = {request: oracle._signed(answer) for request, answer in self.answers.items()}
        wholes = [
            (request, [found[part] for part in parts])
            for request, parts in self.asked
            if parts and all(part in found for part in parts)
        ]
        whole = {answer.request: oracle._signed(answer) for answer in oracle._graded(wholes)}
        known = [(whole if parts else found).get(request) for request, parts in self.asked]
        return [answer for answer in known if answer is not None]


class _Kept:
    """What a journal has of one oracle."""

    def __init__(self, oracle: Oracle, journal: Journal) -> None:
        self._oracle, self._journal = oracle, journal

    def get(self, requests: Sequence[Request]) -> dict[Request, Answer]:
        return self._journal.get_many(self._oracle.fingerprint, requests)

    def put(self, results: Sequence[tuple[Request, Answer]]) -> list[tuple[Request, Answer]]:
        self._journal.register(self._oracle.fingerprint, self._oracle.identity)
        mine = self._oracle.fingerprint
        signed = [answer if answer.oracle else replace(answer, oracle=mine) for _, answer in results]
        return [(answer.request, answer) for answer in self._journal.put_many(signed)]

    def row(self, request: Request) -> Key:
        return lease_of(self._oracle.fingerprint, request)

    def leases(self) -> Leases:
        return self._journal.leases()


def placed_at(request: Request, answer: Answer) -> Answer:
    """An answer that says which request it answers."""
    given: Any = answer
    if not isinstance(given, Answer):
        raise OracleError(f"an oracle answers with Answer(question, value), not with {given!r}")
    if answer.request == request:
        return answer
    return replace(
        answer, replicate=request.replicate, wording=request.wording, negated=request.negated, call=request.call
    )


def _checked(questions: Asked | Sequence[Asked], repeats: int) -> tuple[list[Asked], int]:
    try:
        number = operator.index(repeats)
    except TypeError:
        raise InvalidParameter(f"a question is asked a whole number of times, not {repeats!r}") from None
    if number < 1:
        raise InvalidParameter(f"a question is asked at least once, not {number} times")
    if isinstance(questions, (Proposition, Panel)):
        return [questions], number
    given: Any = questions
    asked: list[Any] = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    for question in asked:
        if not isinstance(question, (Proposition, Panel)):
            raise InvalidParameter(
                f"an oracle is asked propositions such as Causes('smoke', 'cancer'), not {question!r}; "
                "parse() makes one of a text"
            )
    return asked, number
