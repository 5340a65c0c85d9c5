"""The protocol of everything that can answer a proposition."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import ClassVar

from causalpp.errors import InvalidParameter
from causalpp.oracles.answer import Answer, Request
from causalpp.propositions import Proposition

__all__ = ["Oracle"]


class Oracle(ABC):
    """Whoever answers propositions: a simulator, a language model, an experiment, a person.

    An oracle of one's own needs a :attr:`kind`, a :attr:`fingerprint` and :meth:`_answer`; one that answers
    many questions faster than one after the other overrides :meth:`_answers`.

    Attributes:
        kind: which of these it is; results carry it, so that they are never mixed up.
    """

    kind: ClassVar[str]

    @cached_property
    def _asked(self) -> Counter[Proposition]:
        """How often each question has been put so far."""
        return Counter()

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Text that is the same for oracles that would answer alike, and differs otherwise."""

    @abstractmethod
    def _answer(self, request: Request) -> Answer:
        """The answer to one request."""

    def _answers(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """The answers to some requests, one for each and in their order, each given as soon as it is there."""
        return map(self._answer, requests)

    def _requests(self, question: Proposition, first: int, repeats: int) -> Iterable[Request]:
        """How a question is put that has been put ``first`` times before."""
        return [Request(question, replicate) for replicate in range(first, first + repeats)]

    def ask(self, questions: Proposition | Sequence[Proposition], repeats: int = 1) -> list[Answer]:
        """Answers to one or several questions, each asked ``repeats`` times, question by question.

        Raises:
            InvalidParameter: ``repeats`` is less than one.
            UnknownVariable: a question names a variable the oracle knows nothing of.
        """
        return list(self._answers(self._plan(questions, repeats)))

    async def ask_async(self, questions: Proposition | Sequence[Proposition], repeats: int = 1) -> list[Answer]:
        """:meth:`ask` for use inside an event loop, which goes on while the oracle thinks."""
        return await asyncio.to_thread(self.ask, questions, repeats)

    def _plan(self, questions: Proposition | Sequence[Proposition], repeats: int) -> list[Request]:
        if repeats < 1:
            raise InvalidParameter(f"a question is asked at least once, not {repeats} times")
        asked = [questions] if isinstance(questions, Proposition) else list(questions)
        plan: list[Request] = []
        for question in asked:
            plan += self._requests(question, self._asked[question], repeats)
            self._asked[question] += repeats
        return plan
