"""The protocol of everything that can answer a proposition."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from causalpp.errors import InvalidParameter
from causalpp.oracles.answer import Answer
from causalpp.propositions import Proposition

__all__ = ["Oracle"]


class Oracle(ABC):
    """Whoever answers propositions: a simulator, a language model, an experiment, a person.

    Attributes:
        kind: which of these it is; results carry it, so that they are never mixed up.
    """

    kind: str

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Text that is the same for oracles that would answer alike, and differs otherwise."""

    @abstractmethod
    def _answer(self, question: Proposition) -> Answer: ...

    def ask(self, questions: Proposition | Sequence[Proposition], repeats: int = 1) -> list[Answer]:
        """Answers to one or several questions, each asked ``repeats`` times, question by question.

        Raises:
            InvalidParameter: ``repeats`` is less than one.
            UnknownVariable: a question names a variable the oracle knows nothing of.
        """
        if repeats < 1:
            raise InvalidParameter(f"a question is asked at least once, not {repeats} times")
        asked = [questions] if isinstance(questions, Proposition) else list(questions)
        return [self._answer(question) for question in asked for _ in range(repeats)]
