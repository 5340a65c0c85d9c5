"""What a noise family is: a law of answers in a situation."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np

from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag
from causalpp.propositions import Proposition

__all__ = ["Law", "Noise", "Situation", "check_rate"]

_NO_REPLICATE = 2**32 - 1  # stands where the replicate stands, in streams that are the same for all of them
_WHOLE = 2**32 - 2  # stands there in streams that are the same for all questions of a call
_SHARED = 0x51A2ED  # after the seed of a stream that several oracles share


class Law(NamedTuple):
    """How probable each answer to a question is, over everything that is drawn; the three sum to one."""

    yes: float
    no: float
    abstain: float = 0.0

    @classmethod
    def certain(cls, value: bool | None) -> Law:
        """The law of one answer."""
        return cls(float(value is True), float(value is False), float(value is None))

    def mixed(self, other: Law, weight: float) -> Law:
        """This law, or with probability ``weight`` the other one."""
        return Law(*((1 - weight) * a + weight * b for a, b in zip(self, other, strict=True)))

    def right(self, truth: bool) -> float:
        """The probability of the right answer."""
        return self.yes if truth else self.no


@dataclass(frozen=True)
class Situation:
    """One asking, as a noise sees it.

    Attributes:
        question: the proposition asked about.
        truth: its true value.
        graph: the true graph.
        replicate, wording, negated: which asking this is; see :class:`causalpp.oracles.Request`.
        call: the call the question is part of, where several are put in one.
        seeds: what the random numbers depend on besides the question and the asking.
        settled: whether :attr:`draw` is the same for all askings of a question.
    """

    question: Proposition
    truth: bool
    graph: Dag
    replicate: int = 0
    wording: int = 0
    negated: bool = False
    seeds: tuple[int, ...] = (0,)
    settled: bool = False
    call: str | None = None
    _begun: dict[tuple[int, ...], np.random.Generator] = field(default_factory=dict, repr=False, compare=False)

    @property
    def draw(self) -> np.random.Generator:
        """Random numbers that are fresh for every asking of a question."""
        if self.settled:
            return self.stream(0)
        way: tuple[int, ...] = (self.wording, int(self.negated)) if self.wording or self.negated else ()
        if self.call is not None:
            way = (self.wording, int(self.negated), *_digits(self.call))
        return self._generator(*self.seeds, self.replicate, *_words(self.question), *way)

    @property
    def whole_call(self) -> np.random.Generator:
        """Random numbers that are the same for all questions of a call; :attr:`draw` for one that is put by itself."""
        if self.call is None or self.settled:
            return self.draw
        return self._generator(*self.seeds, _WHOLE, *_digits(self.call))

    @property
    def fixed(self) -> np.random.Generator:
        """Random numbers that are the same at every asking of a question, in whatever words."""
        return self.stream(1)

    def stream(self, purpose: int) -> np.random.Generator:
        """Random numbers like :attr:`fixed`; those of different purposes are independent."""
        return self._generator(*self.seeds, _NO_REPLICATE, *_words(self.question), purpose)

    def _generator(self, *key: int) -> np.random.Generator:
        # One for all situations made from this one: where noises are nested, each goes on drawing where the
        # last one stopped, so that their errors are independent.
        if key not in self._begun:
            self._begun[key] = np.random.default_rng(key)
        return self._begun[key]

    def about(self, *names: str) -> np.random.Generator:
        """Random numbers that are the same at every asking of whatever is about these variables."""
        return np.random.default_rng((*self.seeds, _NO_REPLICATE, *_digits("\n".join(names))))

    def shared(self, seed: int) -> Situation:
        """The same asking, its random numbers shared by all oracles that use this seed."""
        return replace(self, seeds=(seed, _SHARED))


@lru_cache(maxsize=1 << 16)
def _words(question: Proposition) -> tuple[int, ...]:
    """A question as four numbers, the same ones on every machine."""
    digest = hashlib.sha256(question.to_json().encode()).digest()
    return tuple(np.frombuffer(digest[:16], dtype="<u4").tolist())


@lru_cache(maxsize=1 << 10)
def _digits(call: str) -> tuple[int, ...]:
    """A call as four numbers, the same ones on every machine."""
    digest = hashlib.sha256(call.encode()).digest()
    return tuple(np.frombuffer(digest[:16], dtype="<u4").tolist())


class Noise(ABC):
    """A law of answers given the truth.

    A family of one's own needs :meth:`answer`, and a ``repr`` that says all its parameters, as a dataclass has by
    itself: an oracle's fingerprint contains it.

    Example:
        >>> from dataclasses import dataclass
        >>> from causalpp import Causes, Dag, SimulatedOracle
        >>> @dataclass(frozen=True)
        ... class SlipsOnSmoke(Noise):
        ...     rate: float
        ...     def answer(self, situation):
        ...         slips = "smoke" in situation.question.variables and situation.draw.random() < self.rate
        ...         return situation.truth != slips
        >>> dag = Dag.from_edges([("smoke", "tar"), ("age", "tar")])
        >>> oracle = SimulatedOracle(dag, SlipsOnSmoke(1.0))
        >>> [answer.word for answer in oracle.ask([Causes("smoke", "tar"), Causes("age", "tar")])]
        ['no', 'yes']
    """

    @abstractmethod
    def answer(self, situation: Situation) -> bool | None:
        """What is answered: True for yes, False for no, None for an abstention."""

    def odds(self, situation: Situation) -> float | None:  # noqa: ARG002
        """The log-odds that come with the answer, if the noise itself says how sure it is."""
        return None

    def law(self, situation: Situation) -> Law:  # noqa: ARG002
        """How probable each answer is, over all that is drawn, persistent errors included.

        Raises:
            InvalidParameter: a family of one's own that does not say.
        """
        raise InvalidParameter(f"{type(self).__name__} does not say how probable its answers are: give it a law()")

    def on(self, graph: Dag) -> Noise:
        """The same noise about one graph: what depends on the graph's size becomes plain numbers."""
        parts = {name: getattr(self, name) for name in getattr(self, "__dataclass_fields__", ())}
        bound = {name: part.on(graph) for name, part in parts.items() if isinstance(part, Noise)}
        return replace(cast(Any, self), **bound) if bound else self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in sorted(vars(self).items()))})"


def check_rate(what: str, value: object) -> float:
    """A probability as a plain float.

    Raises:
        InvalidParameter: not a number between 0 and 1.
    """
    if not isinstance(value, (int, float, np.integer, np.floating)) or not 0 <= value <= 1:
        raise InvalidParameter(f"{what} lies between 0 and 1, got {value!r}")
    return float(value)
