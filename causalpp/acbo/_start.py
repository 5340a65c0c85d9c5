"""Where a run begins: the belief before the first answer, and what may be asked about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causalpp.acbo._candidates import Candidates, known_of, read_candidates
from causalpp.acbo._chooser import LOOKED_AT, Chooser, Chooses, ComponentChooser, ParticleChooser
from causalpp.acbo._questions import askable, further_questions
from causalpp.acbo.config import Settings
from causalpp.belief import AnyBelief, Belief, ComponentBelief, ParticleBelief, one_edge_alternatives
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import DagBatch
from causalpp.propositions import Causes, DirectlyCauses, Proposition, all_questions, smallest_family, truth_table

__all__ = ["Start", "begin"]


@dataclass(frozen=True)
class Start:
    """What a run begins with, whichever way its belief is kept.

    Attributes:
        belief: before the first answer.
        chooser: of the questions.
        size: how many candidates there are, or could be.
        distinct: how many of them the questions can tell apart, as far as that is known.
        kinds: of the questions.
        conditioning: the most variables a question holds fixed.
        entropy: of the prior over what the questions tell apart, in bits; None where it is even.
        further: kinds of question that can be opened later, with how many variables each holds fixed.
        alternatives: how many graphs beside the candidates take part.
        weights: of the candidates, if they are not even.
    """

    belief: AnyBelief
    chooser: Chooses[Any]
    size: int
    distinct: int
    kinds: tuple[str, ...]
    conditioning: int
    entropy: float | None = None
    further: tuple[tuple[str, int], ...] = ()
    alternatives: int = 0
    weights: Tensor | None = None

    def opened(self, chooser: Any, kind: str, held: int) -> tuple[int, float | None]:
        """Let the chooser of a listed run ask questions of a further kind; how many graphs are told apart then."""
        belief: Any = self.belief
        chooser.open(*further_questions(kind, held, belief.hypotheses, self.size, chooser.draw))
        return _told_apart(chooser.truth[: self.size], self.weights)


def begin(candidates: Candidates, settings: Settings, draw: np.random.Generator) -> Start:
    """The exact belief over a list of graphs; for a class too large for that, over its components, or by particles.

    Args:
        candidates: the graphs, narrowed by what is known.
        settings: of the run.
        draw: for all that is drawn.
    """
    try:
        batch, weights = read_candidates(candidates, settings.limit, settings.how.sample, settings.seed)
    except TooLarge:
        if not isinstance(candidates, MarkovEquivalenceClass):
            raise
        questions = askable(candidates, settings.first_kinds, settings.conditioning, settings.goal, draw)
        return _product(candidates, questions, settings, draw) or _particles(candidates, questions, settings, draw)
    return _listed(candidates, batch, weights, settings, draw)


def _listed(
    candidates: Candidates, batch: DagBatch, weights: Tensor | None, settings: Settings, draw: np.random.Generator
) -> Start:
    kinds, conditioning, goal, how = settings.first_kinds, settings.conditioning, settings.goal, settings.how
    if settings.kinds == "auto":
        found, conditioning = smallest_family(batch)
        kinds = tuple(found)
    if isinstance(candidates, MarkovEquivalenceClass):
        questions = askable(candidates, kinds, conditioning, goal, draw)
    else:
        questions = all_questions(batch.nodes, kinds=kinds, conditioning=conditioning)
    truth = truth_table(questions, batch)
    distinct, entropy = _told_apart(truth, weights)
    n, known = len(batch), known_of(candidates, settings.knowledge)
    belief = Belief.weighted(batch, [1.0] * n if weights is None else weights, how.channel)
    belief = replace(belief, knowledge=known)
    others = None
    if how.alternatives > 0 and distinct > 1:
        others = one_edge_alternatives(batch, questions, truth=truth, knowledge=known)
    if others is not None:
        belief = belief.with_alternatives(others, how.alternatives)
        truth = truth_table(questions, belief.hypotheses)
    about = None if goal is None else goal.holds(belief.hypotheses)
    return Start(
        belief,
        Chooser(questions, truth, n, draw, about, how.policy, how.joint),
        n,
        distinct,
        kinds,
        conditioning,
        entropy,
        settings.further_kinds,
        0 if others is None else len(others),
        weights,
    )


def _product(
    mec: MarkovEquivalenceClass, questions: Sequence[Proposition], settings: Settings, draw: np.random.Generator
) -> Start | None:
    """The product over chain components, if everything allows it; a policy of its own looks at graphs."""
    if settings.how.policy is not None:
        return None
    goal = settings.goal
    try:
        belief = ComponentBelief.uniform(mec, settings.how.channel, limit=settings.limit)
        chooser = ComponentChooser(questions, belief, draw, goal)
    except (TooLarge, InvalidParameter):  # also where several components decide a question, or the goal
        return None
    size = MarkovEquivalenceClass(mec.cpdag).size
    return Start(belief, chooser, size, chooser.distinct, settings.first_kinds, settings.conditioning)


def _particles(
    mec: MarkovEquivalenceClass, questions: Sequence[Proposition], settings: Settings, draw: np.random.Generator
) -> Start:
    goal, how = settings.goal, settings.how
    size = MarkovEquivalenceClass(mec.cpdag).size
    belief = ParticleBelief.uniform(mec, how.channel, seed=settings.seed)
    distinct = size
    if not any(type(question) in (Causes, DirectlyCauses) for question in questions):  # these tell all members apart
        distinct = len(torch.unique(truth_table(questions, belief.thinned(LOOKED_AT).candidates), dim=0))
    chooser = ParticleChooser(questions, draw, goal, how.policy)
    return Start(belief, chooser, size, distinct, settings.first_kinds, settings.conditioning)


def _told_apart(truth: Tensor, weights: Tensor | None) -> tuple[int, float | None]:
    """How many graphs the questions can tell apart, and the entropy of the prior over them in bits, None if even."""
    if truth.shape[1] == 0:
        return 1, None
    packed = np.ascontiguousarray(np.packbits(truth.cpu().numpy(), axis=1))
    _, which = np.unique(packed.view(np.dtype((np.void, packed.shape[1]))).ravel(), return_inverse=True)
    mass = np.bincount(which, weights=None if weights is None else weights.cpu().numpy())
    if np.allclose(mass, mass[0], rtol=1e-9):
        return len(mass), None
    share = mass[mass > 0] / mass.sum()
    return len(mass), min(math.log2(len(mass)), float(-(share * np.log2(share)).sum()))
