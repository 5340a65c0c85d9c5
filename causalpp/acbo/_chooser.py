"""The choice of the next question: information about the graph, and about whether the answers speak of it at all.

Each kind of belief has a chooser of its own.  All keep count of what was put, and draw among equals, in the same way.
A chooser changes in its attributes only, never inside of them, so that a shallow copy is one that stays as it is.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from causalpp.belief import NEW_QUESTION, AnyBelief, Belief, ComponentBelief, ParticleBelief, Potentials, Predictive
from causalpp.design import (
    Policy,
    Questions,
    binary_entropy,
    conjunctions,
    expected_information_gain,
    graded_information,
    leading,
    next_answer_information,
    pick,
    question_information,
)
from causalpp.graphs import DagBatch
from causalpp.propositions import And, Direction, Proposition, truth_table

__all__ = ["LOOKED_AT", "Able", "Chooser", "Chooses", "ComponentChooser", "Part", "ParticleChooser", "law_of"]

B = TypeVar("B", bound=AnyBelief)

_EQUAL = 1e-9  # bits
_SMALL = 1 << 17  # cells of a truth table whose predictions are written out in full
_POOL = 8  # questions of which two are put together
_WORTH = 1.05  # two statements in one question are harder to judge: they are to tell so many times as much as one
NONE = 0, -math.inf  # where there is no question to put: no bits are worth one
LOOKED_AT = 4096  # particles by which questions are compared

#: Says of some questions which can be answered at all.
Able = Callable[[Sequence[Proposition]], Sequence[bool]]
#: A belief that questions are chosen by, its chooser, and the numbers of its questions in the whole (None: all).
Part = tuple[Belief, "Chooser", Sequence[int] | None]


class Chooses(ABC, Generic[B]):
    """What the loop needs of a chooser, each for a belief of its own kind.

    Attributes:
        questions: that may be asked.
        asked: how often each was put, shape ``(Q,)``.
        silent: how often in a row each found neither yes nor no, shape ``(Q,)``.
        patience: a question that was silent more often than that is not put.
        little: bits; a graded answer that is expected to tell less is not worth a question.
        able: says which questions can be answered at all; those that cannot are not put.
        draw: for the choice among equals.
    """

    patience: float = 0
    little: float = 0.0
    able: Able | None = None
    _within: tuple[int, Tensor] | None = None

    def __init__(self, questions: Sequence[Proposition], draw: np.random.Generator, like: Tensor | None = None) -> None:
        self.questions, self.draw = questions, draw
        device = None if like is None else like.device
        self.asked = torch.zeros(len(questions), dtype=torch.int64, device=device)
        self.silent = torch.zeros_like(self.asked)

    def copy(self: C) -> C:
        """The chooser as it is now; what is drawn is drawn from the same source."""
        return copy.copy(self)

    def put(self, numbers: Sequence[int], times: int = 1) -> None:
        """Count questions as put once more, or, with −1, as not put after all."""
        self.asked = self.asked.clone()
        self.asked[list(numbers)] += times

    def hear(self, number: int, answered: bool) -> None:
        """Note whether a question found a yes or a no this time."""
        self.silent = self.silent.clone()
        self.silent[number] = 0 if answered else self.silent[number] + 1

    @property
    def askable(self) -> Tensor:
        """Which questions may be put, as far as silence goes and who is asked, booleans of shape ``(Q,)``."""
        patient = self.silent <= self.patience
        if self.able is None:
            return patient
        if self._within is None or self._within[0] != len(self.questions):
            self._within = len(self.questions), torch.tensor(list(self.able(self.questions)), dtype=torch.bool)
        return patient & self._within[1].to(patient.device)

    def next(self, belief: B) -> tuple[int, float]:
        """The number of the next question, which counts as put, and the bits that make it the best."""
        if not len(self.questions):
            return NONE
        number, bits = self.best(belief)
        self.put([number])
        return number, bits

    @abstractmethod
    def best(self, belief: B) -> tuple[int, float]:
        """The number of the next question, and the bits that make it the best; there is one question at least."""

    @abstractmethod
    def about_the_graph(self, belief: B, number: int) -> float:
        """What one question is expected to tell about the graph alone, in bits."""

    @abstractmethod
    def parts(self, belief: B) -> list[Part]:
        """The beliefs over listed graphs by which questions are chosen, independent of each other."""

    def find(self, question: Proposition) -> int | None:
        """The number of a question; None if it is not among those that may be asked."""
        return next((number for number, other in enumerate(self.questions) if other == question), None)


C = TypeVar("C", bound=Chooses[Any])


class Chooser(Chooses[Belief]):
    """Picks the question with the largest expected information.

    The information is about one hypothesis a graph and one more: *the answers have nothing to do with the graph*.
    Questions whose answer all graphs agree on then earn their place as long as the oracle is in doubt, and repeated
    questions only where repeats tell something.

    Args:
        questions: that may be asked.
        truth: their true answers in all M hypotheses, candidates first, booleans of shape ``(M, Q)``.
        candidates: how many of the hypotheses are candidates.
        draw: for the choice among equals.
        goal: whether the proposition to be settled is true in each hypothesis, shape ``(M,)``, or None for the graph.
        policy: another one, which then looks at the candidates alone.
        joint: whether two questions may be put together as one.
    """

    def __init__(
        self,
        questions: Sequence[Proposition],
        truth: Tensor,
        candidates: int,
        draw: np.random.Generator,
        goal: Tensor | None = None,
        policy: Policy | None = None,
        joint: bool = False,
    ) -> None:
        super().__init__(questions, draw, truth)
        self.policy, self.candidates = policy, candidates
        self.truth = torch.cat([truth, torch.zeros_like(truth[:1])])  # the last row: unrelated answers
        self.about = (
            None if goal is None else torch.cat([goal.to(torch.int64), torch.full_like(goal[:1], 2, dtype=torch.int64)])
        )
        self.labels = None if self.about is None else torch.nn.functional.one_hot(self.about, 3).to(torch.float64)
        self.numbers = {question: number for number, question in enumerate(questions)}
        self.joint = joint
        self.single = torch.ones(len(questions), dtype=torch.bool, device=truth.device)

    def open(self, questions: Sequence[Proposition], truth: Tensor) -> None:
        """Further questions that may be asked from now on, with their true answers, shape ``(M, Q)``."""
        self.numbers = self.numbers | {question: len(self.questions) + k for k, question in enumerate(questions)}
        self.questions = (*self.questions, *questions)
        self.truth = torch.cat([self.truth, torch.cat([truth, torch.zeros_like(truth[:1])])], dim=1)
        self.asked = torch.cat([self.asked, self.asked.new_zeros(len(questions))])
        self.silent = torch.cat([self.silent, self.silent.new_zeros(len(questions))])
        self.single = torch.cat([self.single, self.single.new_tensor([not isinstance(q, And) for q in questions])])

    def gain(self, belief: Belief) -> Tensor:
        """The expected information of every question in bits, shape ``(Q,)``."""
        graded = self._graded(belief)
        if len(graded) == len(self.questions):
            return self._worth_asking(self._of_graded(belief, graded))
        gain = self._of_words(belief)
        if graded:
            gain[graded] = self._worth_asking(self._of_graded(belief, graded))
        return gain

    def _worth_asking(self, gain: Tensor) -> Tensor:
        """The information of graded answers, none where it is too little to be worth a question."""
        return torch.where(gain < self.little, 0.0, gain)

    def _graded(self, belief: Belief) -> list[int]:
        """The questions whose answers are taken to be graded."""
        channel = belief.channel
        if not isinstance(channel, Potentials) or not channel.graded(belief.record.tallies):
            return []
        return [number for number, question in enumerate(self.questions) if isinstance(question, Direction)]

    def _of_graded(self, belief: Belief, numbers: Sequence[int], *, apart: bool = True) -> Tensor:
        """What graded answers to some questions are expected to tell, in bits."""
        return graded_information(
            belief,
            [self.questions[number] for number in numbers],
            about=None if self.about is None or not apart else self.about[:-1],
            apart=apart,
        )

    def _of_words(self, belief: Belief) -> Tensor:
        """What a yes or no to every question is expected to tell, in bits, shape ``(Q,)``."""
        found = belief.predictive(self.questions)
        groups, state = found.groups, found.state
        silent = _silence(found, groups)
        if self.truth.numel() <= _SMALL and silent is None:
            weights, true, false = law_of(found)
            return self._at_once(weights, torch.where(self.truth, true[:, state], false[:, state]))
        weights = torch.cat([found.weights, found.weights.new_tensor([found.unrelated])])
        out = torch.zeros(len(self.questions), dtype=weights.dtype, device=weights.device)
        for number in range(len(found.either)):
            here = state == number
            truth = self.truth if len(found.either) == 1 else self.truth[:, here]
            either = found.either[number : number + 1]
            if self.about is None and silent is None:
                laws = [torch.cat([law[:, number], either]) for law in (found.if_true, found.if_false)]
                rows = torch.cat([groups, groups.new_tensor([len(laws[0]) - 1])])
                out[here] = question_information(weights, laws[0], laws[1], truth, groups=rows)
                continue
            rates = [torch.cat([law[groups, number], either]) for law in (found.if_true, found.if_false)]
            out[here] = question_information(weights, rates[0], rates[1], truth, about=self.about, abstains=silent)
        return out

    def _at_once(self, weights: Tensor, yes: Tensor) -> Tensor:
        """The information from P(yes | hypothesis) of every question, ``(M + 1, Q)``: quick where that is small."""
        if self.labels is None:
            inner = weights @ binary_entropy(yes)
        else:
            mass = self.labels.T @ weights
            mean = (self.labels.T @ (weights[:, None] * yes)) / mass.clamp(min=1e-300)[:, None]
            inner = mass @ binary_entropy(mean.clamp(0, 1))
        return (binary_entropy((weights @ yes).clamp(0, 1)) - inner).clamp(min=0)

    def about_the_graph(self, belief: Belief, number: int) -> float:
        if number in self._graded(belief):
            return float(self._of_graded(belief, [number], apart=False)[0])
        here = slice(number, number + 1)
        return float(next_answer_information(belief, Questions(self.questions[here], self.truth[:-1, here]))[0])

    def best(self, belief: Belief) -> tuple[int, float]:
        if self.policy is not None:
            score = self.policy.score(belief, Questions(self.questions, self.truth[:-1]))
            draw = np.random.default_rng([getattr(self.policy, "seed", 0), int(self.asked.sum())])
            number = pick(score.masked_fill(~self.askable, -torch.inf), self.asked, draw)
            if number is None:
                return NONE
            column = self.truth[: self.candidates, number : number + 1]
            return number, float(expected_information_gain(belief, column)[0])
        gain = self.gain(belief)
        if self.joint and self._compose(belief, gain * self.askable):
            gain = self.gain(belief)
        worth = torch.where(self.single, gain, gain / _WORTH)
        number = pick(worth.masked_fill(~self.askable, -torch.inf), self.asked, self.draw, _EQUAL)
        return NONE if number is None else (number, float(gain[number]))

    def parts(self, belief: Belief) -> list[Part]:
        return [(belief, self, None)]

    def _compose(self, belief: Belief, gain: Tensor) -> bool:
        """Open the conjunction of two of the best questions that tells most, if it tells enough more than one does."""
        pool = leading(torch.where(self.single, gain, 0.0), self.truth[: self.candidates], _POOL)
        found, truth = conjunctions(self.truth, pool)
        if not found:
            return False
        weights, *rates = law_of(belief.predictive([NEW_QUESTION]))
        bits = question_information(weights, rates[0][:, 0], rates[1][:, 0], truth, about=self.about)
        known = max(float(torch.where(self.single, gain * _WORTH, gain).max()), 0.0)
        for number in torch.argsort(bits, descending=True, stable=True).tolist():
            if float(bits[number]) <= known:
                return False
            first, yes, second, other = found[number]
            parts = self.questions[first], self.questions[second]
            question = And(parts[0] if yes else ~parts[0], parts[1] if other else ~parts[1])
            if question not in self.numbers:
                self.open([question], truth[:-1, number : number + 1])
                return True
        return False


class ParticleChooser(Chooses[ParticleBelief]):
    """Chooses by the particles as they are; see :class:`Chooser`.

    Args:
        questions: that may be asked.
        draw: for the choice among equals.
        goal: the proposition to be settled, if any.
        policy: another way to choose.
    """

    def __init__(
        self,
        questions: Sequence[Proposition],
        draw: np.random.Generator,
        goal: Proposition | None = None,
        policy: Policy | None = None,
    ) -> None:
        super().__init__(questions, draw)
        self.goal, self.policy = goal, policy
        self.drawn: DagBatch | None = None
        self.read: Callable[[Belief], Tensor] | None = None
        self.state: tuple[Belief, Chooser] | None = None

    def now(self, belief: ParticleBelief) -> tuple[Belief, Chooser]:
        """Some of the particles, and a chooser that knows what is true in them: they change when they move."""
        if self.state is None or belief.candidates is not self.drawn:
            thin = belief.thinned(LOOKED_AT)
            if self.read is None:
                self.read = belief.reader(self.questions)
            truth = self.read(thin)
            about = None if self.goal is None else self.goal.holds(thin.candidates)
            chooser = Chooser(self.questions, truth, len(truth), self.draw, about, self.policy)
            self.drawn = belief.candidates
        else:
            thin, chooser = self.state
            thin = thin.update(belief.answers[len(thin.answers) :])
        chooser.asked, chooser.silent, chooser.patience = self.asked, self.silent, self.patience
        chooser.little = self.little
        chooser.able = self.able
        self.state = thin, chooser
        return self.state

    def best(self, belief: ParticleBelief) -> tuple[int, float]:
        thin, chooser = self.now(belief)
        return chooser.best(thin)

    def parts(self, belief: ParticleBelief) -> list[Part]:
        return [(*self.now(belief), None)]

    def about_the_graph(self, belief: ParticleBelief, number: int) -> float:
        thin, chooser = self.now(belief)
        return chooser.about_the_graph(thin, number)


class ComponentChooser(Chooses[ComponentBelief]):
    """Chooses the question that tells most about the component that decides it; see :class:`Chooser`.

    Args:
        questions: that may be asked, each decided by one component.
        belief: before the first answer.
        draw: for the choice among equals.
        goal: the proposition to be settled, if any; answers about other components tell of the oracle alone.
    """

    def __init__(
        self,
        questions: Sequence[Proposition],
        belief: ComponentBelief,
        draw: np.random.Generator,
        goal: Proposition | None = None,
    ) -> None:
        super().__init__(questions, draw)
        self.home = [belief.component(question) for question in questions]
        self.numbers: list[list[int]] = [[] for _ in belief.parts]
        for number, component in enumerate(self.home):
            self.numbers[component].append(number)
        self.distinct = 1  # graphs that the questions can tell apart
        self.choosers = []
        self.gains: list[tuple[Belief | None, Tensor]] = [(None, torch.zeros(0)) for _ in belief.parts]
        for c, (part, numbers) in enumerate(zip(belief.parts, self.numbers, strict=True)):
            own = [questions[number] for number in numbers]
            about = None
            if goal is not None:
                here = belief.component(goal) == c
                about = goal.holds(part.candidates) if here else torch.zeros(len(part.candidates), dtype=torch.bool)
            truth = truth_table(own, part.candidates)
            self.distinct *= len(torch.unique(truth, dim=0)) if own else 1
            self.choosers.append(Chooser(own, truth, len(truth), draw, about))

    def best(self, belief: ComponentBelief) -> tuple[int, float]:
        gain = torch.zeros(len(self.questions), dtype=torch.float64)
        for c, (part, chooser, numbers) in enumerate(self.parts(belief)):
            if self.gains[c][0] is not part:
                self.gains[c] = part, chooser.gain(part) if numbers else torch.zeros(0)
            gain[numbers] = self.gains[c][1].to(gain.dtype)
        number = pick(gain.masked_fill(~self.askable, -torch.inf), self.asked, self.draw, _EQUAL)
        return NONE if number is None else (number, float(gain[number]))

    def parts(self, belief: ComponentBelief) -> list[Part]:
        return list(zip(belief.parts, self.choosers, self.numbers, strict=True))

    def about_the_graph(self, belief: ComponentBelief, number: int) -> float:
        c = self.home[number]
        return self.choosers[c].about_the_graph(belief.parts[c], self.numbers[c].index(number))


def law_of(found: Predictive) -> tuple[Tensor, Tensor, Tensor]:
    """Weights ``(M + 1,)``, and P(yes) where true and where false ``(M + 1, S)``; the last row: unrelated answers."""
    weights = torch.cat([found.weights, found.weights.new_tensor([found.unrelated])])
    true, false = (torch.cat([law[found.groups], found.either[None]]) for law in (found.if_true, found.if_false))
    return weights, true, false


def _silence(found: Predictive, groups: Tensor) -> tuple[Tensor, Tensor] | None:
    """P(no answer | hypothesis) where true and where false, ``(M + 1,)``, if silence tells something.

    Of answers that have nothing to do with the graph, silence is taken to be as frequent as where the proposition is
    true and where it is false together.
    """
    if found.silent is None:
        return None
    neither = (found.silent[0] + found.silent[1]).mean()[None] / 2
    true, false = (torch.cat([rate[groups], neither]) for rate in found.silent)
    return true, false
