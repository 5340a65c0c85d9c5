"""Where a run begins: the graphs, in whatever form they are given, the belief about them, and what may be asked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causalpp.acbo._afterwards import size
from causalpp.acbo._chooser import LOOKED_AT, Chooser, Chooses, ComponentChooser, ParticleChooser
from causalpp.acbo._questions import askable, further_questions
from causalpp.acbo.config import Settings
from causalpp.belief import AnyBelief, Belief, ComponentBelief, ParticleBelief, one_edge_alternatives
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidGraph, InvalidParameter, TooLarge
from causalpp.graphs import Dag, DagBatch, Knowledge
from causalpp.posterior import DagPosterior, Exact
from causalpp.propositions import (
    Causes,
    Direction,
    DirectlyCauses,
    Proposition,
    all_questions,
    smallest_family,
    truth_table,
)

__all__ = ["Candidates", "Start", "begin", "described", "kept", "narrowed"]

_CELLS = 1 << 28  # of all candidates: with more, the loop goes through components or particles instead

Graphs = MarkovEquivalenceClass | DagBatch | Dag
Candidates = MarkovEquivalenceClass | DagPosterior | DagBatch | Iterable[Dag] | Iterable[tuple[Graphs, float]]


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

    A posterior given data is listed with its exact weights, or drawn from.

    Args:
        candidates: the graphs, narrowed by what is known.
        settings: of the run.
        draw: for all that is drawn.
    """
    try:
        batch, weights = read_candidates(candidates, settings.limit, settings.how.sample, settings.seed)
    except TooLarge:
        if isinstance(candidates, DagPosterior):
            return _drawn(candidates, settings, draw)
        if not isinstance(candidates, MarkovEquivalenceClass):
            raise
        questions = askable(candidates, settings.first_kinds, settings.conditioning, settings.goal, draw)
        return _product(candidates, questions, settings, draw) or _particles(candidates, questions, settings, draw)
    return _listed(candidates, batch, weights, settings, draw)


def _listed(
    candidates: Candidates, batch: DagBatch, weights: Tensor | None, settings: Settings, draw: np.random.Generator
) -> Start:
    conditioning, goal, how = settings.conditioning, settings.goal, settings.how
    kinds = _first_kinds(candidates, settings)
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
    from_data = candidates if isinstance(candidates, DagPosterior) else None
    belief = replace(belief, knowledge=known, data=from_data)
    others = None
    if how.alternatives > 0 and distinct > 1 and from_data is None:  # a posterior has all graphs there are
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
        tuple(pair for pair in settings.further_kinds if pair[0] not in kinds),
        0 if others is None else len(others),
        weights,
    )


def _first_kinds(candidates: Candidates, settings: Settings) -> tuple[str, ...]:
    """The kinds of question to begin with: graphs of several classes may have the same paths."""
    kinds = settings.first_kinds
    free = settings.kinds is None and isinstance(candidates, DagPosterior) and kinds == ("Causes",)
    return ("Causes", "DirectlyCauses") if free else kinds


def _drawn(posterior: DagPosterior, settings: Settings, draw: np.random.Generator) -> Start:
    """Particles drawn from the posterior given data."""
    kinds = _first_kinds(posterior, settings)
    questions = all_questions(posterior.nodes, kinds=kinds, conditioning=settings.conditioning)
    belief = ParticleBelief.given(posterior, settings.how.channel, seed=settings.seed)
    open_ = math.ceil(2 ** min(belief.entropy, 1000.0))
    chooser = ParticleChooser(questions, draw, settings.goal, settings.how.policy)
    return Start(belief, chooser, open_, open_, kinds, settings.conditioning, belief.entropy)


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
    if not any(
        type(question) in (Causes, Direction, DirectlyCauses) for question in questions
    ):  # these tell all members apart
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


# --- the graphs ----------------------------------------------------------------------------------------------


def read_candidates(
    candidates: Candidates, limit: int, sample: int | None, seed: int
) -> tuple[DagBatch, Tensor | None]:
    """The distinct graphs, and their prior weights where they are not all equal."""
    if isinstance(candidates, MarkovEquivalenceClass) and sample is not None and candidates.size > sample:
        return _distinct_sample(candidates, sample, seed), None
    if isinstance(candidates, DagPosterior):
        return _weighed(candidates, limit, sample, seed)
    if isinstance(candidates, (MarkovEquivalenceClass, DagBatch)):
        if isinstance(candidates, MarkovEquivalenceClass):
            batch = candidates.batch(min(limit, max(1, _CELLS // max(1, len(candidates.nodes) ** 2))))
        else:
            batch = candidates
        weights = None
    else:
        members: list[Any] = list(candidates) if isinstance(candidates, Iterable) else [candidates]
        if not members:
            raise InvalidGraph("there are no candidate graphs")
        if all(isinstance(member, tuple) and len(member) == 2 for member in members):
            batch, weights = _weighted(members, limit)
        elif all(isinstance(member, Dag) for member in members):
            batch, weights = DagBatch.from_dags(members), None
        else:  # a single Dag, for one: it lists its variables
            raise InvalidGraph(
                "the candidates must be an equivalence class, a batch, a list of graphs such as [dag], "
                "or pairs of one of these and its prior weight"
            )
    if len(batch) == 0:
        raise InvalidGraph("there are no candidate graphs")
    if weights is None:
        batch = batch.unique()[0]
    if sample is not None and len(batch) > sample:
        share = None if weights is None else (weights / weights.sum()).numpy()
        some = sample if share is None else min(sample, int((share > 0).sum()))
        drawn = np.random.default_rng(seed).choice(len(batch), some, replace=False, p=share)
        batch, weights = batch[np.sort(drawn)], None
    return batch, weights


def _weighed(posterior: DagPosterior, limit: int, sample: int | None, seed: int) -> tuple[DagBatch, Tensor]:
    """All graphs with their probabilities given data, or distinct ones among draws with their shares."""
    inference = posterior.inference
    if sample is not None:
        batch, counts = posterior.sample(sample, seed).unique()
        return batch, counts.double()
    if not isinstance(inference, Exact):  # an estimate: its draws stand for all
        return posterior.candidates, posterior.probabilities
    d = len(posterior.nodes)
    batch = inference.every(min(limit, max(1, _CELLS // d**2)))
    return batch, torch.from_numpy(inference.log_probability(batch)).exp()


def kept(candidates: Candidates) -> Candidates:
    """The candidates in a form that can be gone through more than once."""
    if isinstance(candidates, (MarkovEquivalenceClass, DagPosterior, DagBatch, Dag)) or not isinstance(
        candidates, Iterable
    ):
        return candidates
    return tuple(candidates)  # type: ignore[return-value]


def narrowed(candidates: Candidates, knowledge: Knowledge | None) -> Candidates:
    """The candidates that agree with what is known; the weight of a set is that of the members that do.

    Raises:
        InvalidGraph: none does.
        UnknownVariable: something is known of a variable they do not have.
    """
    if not knowledge or isinstance(candidates, Dag):  # which is refused further on
        return candidates
    if isinstance(candidates, MarkovEquivalenceClass):
        return candidates.with_knowledge(knowledge)
    if isinstance(candidates, DagPosterior):
        if candidates.learned.get("knowledge") == knowledge.to_dict():
            return candidates
        raise InvalidParameter(
            "what is known is part of a posterior: say it where that is made, DagPosterior.from_data(…, knowledge=…)"
        )
    if isinstance(candidates, DagBatch):
        left: Any = candidates[knowledge.holds(candidates)]
    else:
        left = []
        for member in candidates:
            if isinstance(member, tuple) and len(member) == 2:
                part, share = _part(member[0], knowledge)
                left += [(part, member[1] * share)] if share else []
            elif not isinstance(member, Dag) or knowledge.allows(member):
                left.append(member)
    if len(left) == 0:
        raise InvalidGraph("no candidate agrees with what is known of the edges")
    return left  # type: ignore[no-any-return]


def known_of(candidates: Candidates, knowledge: Knowledge | None) -> Knowledge | None:
    """What is known of the edges: a class that was learned or narrowed by something knows it, and all else is told."""
    if isinstance(candidates, (MarkovEquivalenceClass, DagPosterior)) and "knowledge" in candidates.learned:
        return Knowledge.from_dict(candidates.learned["knowledge"])
    return knowledge


def _part(what: Graphs, knowledge: Knowledge) -> tuple[Graphs, float]:
    """What knowledge leaves of some graphs, and the share of them that it leaves."""
    if isinstance(what, MarkovEquivalenceClass):
        try:
            part = what.with_knowledge(knowledge)
        except InvalidGraph:
            return what, 0.0
        return part, part.size / what.size
    if isinstance(what, DagBatch):
        kept = knowledge.holds(what)
        return what[kept], float(kept.double().mean())
    return what, float(not isinstance(what, Dag) or knowledge.allows(what))


def described(candidates: Candidates, sample: int | None) -> str:
    """What a run takes for granted, in words: that the truth is among these."""
    if isinstance(candidates, DagPosterior):
        return candidates.given
    if not isinstance(candidates, MarkovEquivalenceClass):
        return "the candidates"
    found = size(candidates)
    count = "" if found is None else f" of {found:,} graph{'' if found == 1 else 's'}"
    learned = candidates.learned
    rows = f", {learned['rows']:,} rows" if isinstance(learned.get("rows"), int) else ""
    source = f" learned from data ({learned['method']}{rows})" if "method" in learned else ""
    drawn = "" if sample is None or found is None or found <= sample else f"{sample} graphs drawn from "
    return f"{drawn}the class{count}{source}"


def _distinct_sample(mec: MarkovEquivalenceClass, count: int, seed: int) -> DagBatch:
    more = count
    while True:
        batch = mec.sample(more, seed=seed).unique()[0]
        if len(batch) >= count:
            return batch[:count]
        more *= 2


def _weighted(members: list[tuple[Any, Any]], limit: int) -> tuple[DagBatch, Tensor]:
    """Several sets of graphs, each with a weight that its members share evenly; a graph of several adds them up."""
    parts: list[DagBatch] = []
    weights: list[float] = []
    for what, weight in members:
        if not isinstance(weight, (int, float, np.integer, np.floating)) or not 0 <= weight < float("inf"):
            raise InvalidParameter(f"a prior weight is a number that is not negative, got {weight!r}")
        if isinstance(what, MarkovEquivalenceClass):
            batch = what.batch(limit)
        else:
            batch = DagBatch.from_dags([what]) if isinstance(what, Dag) else what
        if not isinstance(batch, DagBatch):
            raise InvalidGraph(f"a weight goes with a class, a batch or a graph, not with {what!r}")
        if parts and batch.latent != parts[0].latent:
            raise InvalidGraph(
                f"all candidates have the same latent variables, got {sorted(batch.latent)} and "
                f"{sorted(parts[0].latent)}: declare them alike"
            )
        if parts and batch.nodes != parts[0].nodes:
            batch = DagBatch.from_dags(list(batch), nodes=parts[0].nodes)
        parts.append(batch)
        weights += [float(weight) / max(1, len(batch))] * len(batch)
    if not sum(weights) > 0:
        raise InvalidParameter("the prior weights of the candidates are all zero")
    both = DagBatch.trusted(parts[0].nodes, torch.cat([part.adjacency for part in parts]), parts[0].latent)
    _, first, which = np.unique(both.adjacency.flatten(1).cpu().numpy(), axis=0, return_index=True, return_inverse=True)
    total = np.bincount(which.ravel(), weights=weights)
    order = np.argsort(first)
    return both[first[order]], torch.as_tensor(total[order])
