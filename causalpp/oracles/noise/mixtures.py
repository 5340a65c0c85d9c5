"""Families made of others: by kind of question, size and distance; biased, abstaining and shared errors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causalpp._plain import check_seed
from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag
from causalpp.oracles.noise.base import Law, Noise, Situation
from causalpp.oracles.noise.distance import path_length
from causalpp.oracles.noise.families import AtARate, as_noise
from causalpp.propositions import KINDS, Not, Proposition

__all__ = ["Abstaining", "ByDistance", "ByKind", "BySize", "SharedAcrossModels", "SharedWithinCall", "YesBias"]

#: What depends on a whole number: a function of it, or a table whose entries hold up to the next one.
Rule = Callable[[int], Noise | float] | Mapping[int, Noise | float]


def _lookup(rule: Rule, number: int, what: str) -> Noise:
    if not isinstance(rule, Mapping):
        return as_noise(rule(number))
    below = [key for key in rule if key <= number]
    if not below:
        raise InvalidParameter(f"the table has no entry for {what} {number}: it begins at {min(rule)}")
    return as_noise(rule[max(below)])


def _checked(rule: Any, what: str) -> Rule:
    if isinstance(rule, Mapping):
        if not rule or not all(isinstance(key, int) for key in rule):
            raise InvalidParameter(f"a table by {what} has whole numbers as keys, got {rule!r}")
        return {key: as_noise(rule[key]) for key in sorted(rule)}
    if not callable(rule):
        raise InvalidParameter(f"give a function of the {what}, or a table by {what}, not {rule!r}")
    checked: Rule = rule
    return checked


class _Chosen(Noise):
    """Another noise for each situation."""

    @abstractmethod
    def _in(self, situation: Situation) -> Noise:
        """The one for a situation."""

    def answer(self, situation: Situation) -> bool | None:
        return self._in(situation).answer(situation)

    def law(self, situation: Situation) -> Law:
        return self._in(situation).law(situation)


@dataclass(frozen=True)
class ByKind(_Chosen):
    """Every kind of question has its own noise.

    Attributes:
        kinds: kind of question, by name or class → its noise; a denied question is of the kind of what it denies.
        other: the noise of all other kinds.

    Raises:
        InvalidParameter: no such kind; or, when asked, a kind that is not listed and there is no ``other``.

    Example:
        >>> ByKind({"Causes": 0.1, "HaveCommonCause": 0.3}, other=0.2)
        ByKind({'Causes': Symmetric(error=0.1), 'HaveCommonCause': Symmetric(error=0.3)}, other=Symmetric(error=0.2))
    """

    kinds: Mapping[str | type[Proposition], Noise | float]
    other: Noise | float | None = None

    def __post_init__(self) -> None:
        named = {kind if isinstance(kind, str) else kind.__name__: value for kind, value in self.kinds.items()}
        for kind in named:
            if kind not in (*KINDS, "And", "Or"):
                raise InvalidParameter(f"unknown kind of question {kind!r}; use some of {', '.join(KINDS)}, And, Or")
        object.__setattr__(self, "kinds", {kind: as_noise(named[kind]) for kind in sorted(named)})
        object.__setattr__(self, "other", None if self.other is None else as_noise(self.other))

    def __repr__(self) -> str:
        return f"ByKind({dict(self.kinds)!r}{'' if self.other is None else f', other={self.other!r}'})"

    def _in(self, situation: Situation) -> Noise:
        question = situation.question
        while isinstance(question, Not):
            question = question.of
        found = self.kinds.get(type(question).__name__, self.other)
        if found is None:
            raise InvalidParameter(f"no noise is given for {type(question).__name__} questions: say other=…")
        return as_noise(found)

    def on(self, graph: Dag) -> ByKind:
        other = None if self.other is None else as_noise(self.other).on(graph)
        return ByKind({kind: as_noise(noise).on(graph) for kind, noise in self.kinds.items()}, other)


@dataclass(frozen=True)
class BySize(_Chosen):
    """The noise depends on how many variables the graph has.

    Attributes:
        rule: a function of that number, or a table whose entries hold up to the next one; a plain
            number is an error rate.

    Example:
        >>> harder = BySize(lambda d: min(0.05 * d, 0.5))
        >>> harder.on(Dag(["a", "b", "c", "d"]))
        Symmetric(error=0.2)
    """

    rule: Rule

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", _checked(self.rule, "number of variables"))

    def _in(self, situation: Situation) -> Noise:
        return self.on(situation.graph)

    def on(self, graph: Dag) -> Noise:
        return _lookup(self.rule, len(graph), "a graph of size").on(graph)


@dataclass(frozen=True)
class ByDistance(_Chosen):
    """The noise depends on the length of the directed path a question is about; see :func:`path_length`.

    Attributes:
        rule: a function of the number of edges, or a table whose entries hold up to the next one; a plain number is an
            error rate.
        no_path: the noise where there is no such path: most questions whose true answer is no, and those
            about a common cause of variables of which neither causes the other.

    Example:
        >>> noise = ByDistance(lambda length: min(0.1 * length, 0.5), no_path=0.1)
        >>> noise.on(Dag(["a", "b", "c"]))
        ByDistance(rule={1: Symmetric(error=0.1), 2: Symmetric(error=0.2)}, no_path=Symmetric(error=0.1))
    """

    rule: Rule
    no_path: Noise | float

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", _checked(self.rule, "path length"))
        object.__setattr__(self, "no_path", as_noise(self.no_path))

    def _in(self, situation: Situation) -> Noise:
        length = path_length(situation.question, situation.graph)
        return as_noise(self.no_path) if length is None else _lookup(self.rule, length, "paths of length")

    def on(self, graph: Dag) -> ByDistance:
        table = {n: _lookup(self.rule, n, "paths of length").on(graph) for n in range(1, max(len(graph), 2))}
        return ByDistance(table, as_noise(self.no_path).on(graph))


@dataclass(frozen=True)
class YesBias(AtARate):
    """Says yes to whatever is asked at a rate; otherwise answers as another noise does.

    A question put the other way round ("is it false that …?") gets its yes as well, which then means no.

    Attributes:
        rate: how often it says yes without thinking.
        noise: how it answers otherwise; by default truthfully.

    Raises:
        InvalidParameter: the rate is not a probability.
    """

    def _then(self, situation: Situation) -> bool:
        return not situation.negated

    def _law_then(self, situation: Situation, otherwise: Law) -> Law:  # noqa: ARG002
        return Law.certain(not situation.negated)


@dataclass(frozen=True)
class Abstaining(AtARate):
    """Abstains at a rate; otherwise answers as another noise does.

    Attributes:
        rate: how often it abstains.
        noise: how it answers otherwise; by default truthfully.

    Raises:
        InvalidParameter: the rate is not a probability.
    """

    def _then(self, situation: Situation) -> None:  # noqa: ARG002
        return None

    def _law_then(self, situation: Situation, otherwise: Law) -> Law:  # noqa: ARG002
        return Law.certain(None)


@dataclass(frozen=True)
class SharedAcrossModels(Noise):
    """Several oracles err together: common errors, the same for all of them, and each one's own on top.

    What the common noise answers is passed on by the own noise as if it were the truth.  The common
    errors depend on ``seed``, the question and the asking, not on the oracle's own seed: oracles with this noise and
    different seeds share them.

    Attributes:
        common: the errors that all make; with ``Persistent(0.2)`` they share a fifth of the questions.
        own: what each adds; by default nothing.
        seed: of the common errors.

    Raises:
        InvalidParameter: the seed is not a whole number from 0 on.

    Example:
        >>> from causalpp import SimulatedOracle, all_questions
        >>> dag = Dag.from_edges([("a", "b"), ("b", "c")])
        >>> noise = SharedAcrossModels(common=0.4)
        >>> one, two = (SimulatedOracle(dag, noise, seed) for seed in (1, 2))
        >>> questions = all_questions(dag.nodes)
        >>> [a.value for a in one.ask(questions)] == [a.value for a in two.ask(questions)]
        True
    """

    common: Noise | float
    own: Noise | float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "common", as_noise(self.common))
        object.__setattr__(self, "own", as_noise(self.own))
        object.__setattr__(self, "seed", check_seed(self.seed))

    def answer(self, situation: Situation) -> bool | None:
        heard = as_noise(self.common).answer(situation.shared(self.seed))
        return None if heard is None else as_noise(self.own).answer(replace(situation, truth=heard))

    def law(self, situation: Situation) -> Law:
        heard = as_noise(self.common).law(situation)
        yes, no = (as_noise(self.own).law(replace(situation, truth=truth)) for truth in (True, False))
        out = [heard.yes * a + heard.no * b for a, b in zip(yes, no, strict=True)]
        return Law(out[0], out[1], out[2] + heard.abstain)


@dataclass(frozen=True)
class SharedWithinCall(AtARate):
    """Answers of one call err together: at a rate, all answers of a call are turned round.

    The other errors are those of another noise.  A question that is put by itself is a call of its own.

    Attributes:
        rate: how often a call is turned round.
        noise: how each of its questions is answered before that; by default truthfully.

    Raises:
        InvalidParameter: the rate is not a probability.

    Example:
        >>> from causalpp import SimulatedOracle
        >>> from causalpp.oracles import Panel
        >>> dag = Dag.from_edges([("a", "b"), ("a", "c"), ("a", "d")])
        >>> oracle = SimulatedOracle(dag, SharedWithinCall(0.5), seed=3)
        >>> panels = [Panel("a", list(outcomes)) for outcomes in ("bcd", "bc", "cd", "bd")]
        >>> [[answer.word for answer in oracle.ask(panel)] for panel in panels]
        [['yes', 'yes', 'yes'], ['yes', 'yes'], ['yes', 'yes'], ['no', 'no']]
    """

    def _draw(self, situation: Situation) -> np.random.Generator:
        return situation.whole_call
