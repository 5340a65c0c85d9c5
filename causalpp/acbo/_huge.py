"""Runs over classes with too many members to list: the belief that fits, and the choice of questions under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from causalpp.acbo._chooser import Chooser
from causalpp.acbo.config import AcboConfig
from causalpp.belief import Belief, ComponentBelief, ParticleBelief
from causalpp.design.policies import Policy
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import DagBatch
from causalpp.propositions import Causes, DirectlyCauses, Proposition, truth_table

__all__ = ["Chooses", "ComponentChooser", "ParticleChooser", "Start", "start"]

_EQUAL = 1e-9  # bits
_LOOKED_AT = 4096  # particles by which questions are compared


class Chooses(Protocol):
    """What the loop needs of a chooser, each for a belief of its own kind.

    Attributes:
        questions: that may be asked.
        asked: how often each was put, shape ``(Q,)``.
    """

    questions: Sequence[Proposition]
    asked: Tensor

    def next(self, belief: Any) -> tuple[int, float]:
        """The number of the next question, which counts as put, and the bits that make it the best."""

    def about_the_graph(self, belief: Any, number: int) -> float:
        """What one question is expected to tell about the graph alone, in bits."""


class Start(NamedTuple):
    """Where a run over such a class begins.

    Attributes:
        belief: before the first answer.
        chooser: of the questions.
        distinct: how many members the questions can tell apart, as far as that is known.
        size: how many members there are, or could be.
    """

    belief: ComponentBelief | ParticleBelief
    chooser: ComponentChooser | ParticleChooser
    distinct: int
    size: int


def start(
    mec: MarkovEquivalenceClass,
    questions: Sequence[Proposition],
    config: AcboConfig,
    goal: Proposition | None,
    limit: int,
    seed: int,
    draw: np.random.Generator,
) -> Start:
    """The exact product over chain components where everything allows it; else particles.

    Args:
        mec: the class.
        questions: that may be asked.
        config: the settings of the run; a policy of its own looks at graphs, which only particles are.
        goal: the proposition to be settled, if any.
        limit: the most members a component may have.
        seed: of the particles.
        draw: for the choice among equals.
    """
    size = MarkovEquivalenceClass(mec.cpdag).size
    if config.policy is None:
        try:
            product = ComponentBelief.uniform(mec, config.channel, limit=limit)
            chooser = ComponentChooser(questions, product, draw, goal)
            return Start(product, chooser, chooser.distinct, size)
        except (TooLarge, InvalidParameter):  # also where several components decide a question, or the goal
            pass
    particles = ParticleBelief.uniform(mec, config.channel, seed=seed)
    telling = any(type(question) in (Causes, DirectlyCauses) for question in questions)  # these tell all members apart
    distinct = (
        size if telling else len(torch.unique(truth_table(questions, particles.thinned(_LOOKED_AT).candidates), dim=0))
    )
    return Start(particles, ParticleChooser(questions, draw, goal, config.policy), distinct, size)


class ParticleChooser:
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
        self.questions, self.draw, self.goal, self.policy = questions, draw, goal, policy
        self.asked = torch.zeros(len(questions), dtype=torch.int64)
        self.drawn: DagBatch | None = None
        self.read: Callable[[Belief], Tensor] | None = None
        self.state: tuple[Belief, Chooser] | None = None

    def now(self, belief: ParticleBelief) -> tuple[Belief, Chooser]:
        """Some of the particles, and a chooser that knows what is true in them: they change when they move."""
        if self.state is None or belief.candidates is not self.drawn:
            thin = belief.thinned(_LOOKED_AT)
            if self.read is None:
                self.read = belief.reader(self.questions)
            truth = self.read(thin)
            about = None if self.goal is None else self.goal.holds(thin.candidates)
            chooser = Chooser(self.questions, truth, len(truth), self.draw, about, self.policy)
            chooser.asked = self.asked
            self.drawn = belief.candidates
        else:
            thin, chooser = self.state
            thin = thin.update(belief.answers[len(thin.answers) :])
        self.state = thin, chooser
        return self.state

    def next(self, belief: ParticleBelief) -> tuple[int, float]:
        """The number of the next question, which counts as put, and the bits that make it the best."""
        thin, chooser = self.now(belief)
        return chooser.next(thin)

    def about_the_graph(self, belief: ParticleBelief, number: int) -> float:
        """What one question is expected to tell about the graph alone, in bits."""
        thin, chooser = self.now(belief)
        return chooser.about_the_graph(thin, number)


class ComponentChooser:
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
        self.questions, self.draw = questions, draw
        self.home = [belief.component(question) for question in questions]
        self.asked = torch.zeros(len(questions), dtype=torch.int64)
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

    def next(self, belief: ComponentBelief) -> tuple[int, float]:
        """The number of the next question, which counts as put, and the bits that make it the best."""
        if not len(self.questions):
            return 0, 0.0
        gain = torch.zeros(len(self.questions), dtype=torch.float64)
        for c, (part, numbers, chooser) in enumerate(zip(belief.parts, self.numbers, self.choosers, strict=True)):
            if self.gains[c][0] is not part:
                self.gains[c] = part, chooser.gain(part) if numbers else torch.zeros(0)
            gain[numbers] = self.gains[c][1].to(gain.dtype)
        best = float(gain.max())
        equal = gain >= best - _EQUAL
        equal &= self.asked == self.asked[equal].min()
        number = int(self.draw.choice(equal.nonzero().flatten().numpy()))
        c = self.home[number]
        self.asked[number] += 1
        self.choosers[c].asked[self.numbers[c].index(number)] += 1
        return number, best

    def about_the_graph(self, belief: ComponentBelief, number: int) -> float:
        """What one question is expected to tell about the graph alone, in bits."""
        c = self.home[number]
        return self.choosers[c].about_the_graph(belief.parts[c], self.numbers[c].index(number))
