"""A-CBO: choose the question that tells most, ask it, update, repeat (Roy & Parbhoo 2026, arXiv 2605.27567)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from causalpp.acbo.result import INTERRUPTED, Result, Step
from causalpp.belief import Belief, Channel
from causalpp.design import expected_information_gain
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidGraph, InvalidParameter
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles import Oracle
from causalpp.propositions import Proposition, all_questions, truth_table

__all__ = ["discover"]

_NOTHING = 1e-9  # bits: below this a question tells nothing
_PATIENCE = 20  # answers before an oracle may be given up as no better than chance
_TRUST = 0.95  # how probable it must be that the oracle is better than chance


def discover(
    candidates: MarkovEquivalenceClass | DagBatch | Iterable[Dag],
    oracle: Oracle,
    *,
    confidence: float = 0.95,
    max_questions: int | None = None,
    seed: int = 0,
    kinds: str | type[Proposition] | Sequence[str | type[Proposition]] = ("Causes",),
    conditioning: int = 1,
    channel: Channel | None = None,
    limit: int = 100_000,
    on_step: Callable[[Step], None] | None = None,
) -> Result:
    """Ask an oracle one local question after the other until one graph is probable enough.

    Each round puts the question with the largest expected information gain about the graph; among equals the
    one asked least often, then one drawn by the seed.  The oracle's reliability is not assumed: it is learned
    with the graph.

    Args:
        candidates: the graphs that are possible: a class, a batch, or Dags over the same variables.
        oracle: who answers.
        confidence: stop when the most probable graph is this probable and the oracle is better than chance
            with probability 0.95.
        max_questions: stop after so many; by default 40 × (1 + log₂ of the number of candidates).
        seed: of the choice among equally good questions.
        kinds: the kinds of question that may be asked, one or several.
        conditioning: the most variables a question may hold fixed; see :func:`causalpp.all_questions`.
        channel: the noise model; by default the reliability is learned.
        limit: the largest class to list; a larger one is refused.
        on_step: called after every answer, for a progress display. A keyboard interrupt ends the run with the
            result so far.

    Returns:
        The graph, the belief, the transcript and why the run ended.

    Raises:
        TooLarge: the class has more members than ``limit``.
        InvalidParameter: a confidence outside (0, 1), a negative budget or seed, an unknown kind of question.
        InvalidGraph: no candidates, or a single Dag in place of its class.

    Example:
        >>> import causalpp as cpp
        >>> asia = cpp.load_network("asia")
        >>> mec = cpp.MarkovEquivalenceClass.from_dag(asia.dag)
        >>> result = discover(mec, cpp.SimulatedOracle(asia.dag, cpp.noise.Symmetric(0.1), seed=1), seed=1)
        >>> result.graph == asia.dag, result.stopped_because
        (True, 'the most probable graph reached the confidence asked for')
    """
    if not 0 < confidence < 1:
        raise InvalidParameter(f"a confidence lies strictly between 0 and 1, got {confidence}")
    if max_questions is not None and max_questions < 0:
        raise InvalidParameter(f"a budget of {max_questions} questions")
    if seed < 0:
        raise InvalidParameter(f"a seed is a whole number from 0 on, got {seed}")
    batch = _candidates(candidates, limit)
    kinds = [kinds] if isinstance(kinds, (str, type)) else kinds
    questions = all_questions(batch.nodes, kinds=kinds, conditioning=conditioning)
    truth = truth_table(questions, batch)
    distinct = len(torch.unique(truth, dim=0)) if questions else 1
    budget = math.ceil(40 * (1 + math.log2(len(batch)))) if max_questions is None else max_questions
    chooser = _Chooser(truth, np.random.default_rng(seed))
    belief = Belief.uniform(batch, channel)
    steps: list[Step] = []
    try:
        while True:
            verdict = _verdict(belief, len(steps), confidence, budget)
            if verdict is None:
                number, bits = chooser.next(belief)
                if bits < _NOTHING:
                    verdict = "no question is left whose answer would tell the candidates apart" + _doubt(belief)
            if verdict is not None:
                break
            (answer,) = oracle.ask(questions[number])
            after = belief.update([answer])
            steps.append(Step(len(steps) + 1, answer, bits, belief.entropy - after.entropy, tuple(after.top())))
            belief = after
            if on_step is not None:
                on_step(steps[-1])
    except KeyboardInterrupt:
        verdict = INTERRUPTED
    return Result(belief, tuple(steps), verdict, confidence, distinct, oracle.kind)


def _candidates(candidates: MarkovEquivalenceClass | DagBatch | Iterable[Dag], limit: int) -> DagBatch:
    if isinstance(candidates, MarkovEquivalenceClass):
        return candidates.batch(limit)
    if isinstance(candidates, DagBatch):
        batch = candidates
    else:
        members = list(candidates)
        if not all(isinstance(member, Dag) for member in members):  # a single Dag, for one: it lists its variables
            raise InvalidGraph(
                "the candidates must be an equivalence class, a batch, or a list of graphs such as [dag]"
            )
        batch = DagBatch.from_dags(members)
    if len(batch) == 0:
        raise InvalidGraph("there are no candidate graphs")
    return batch.unique()[0]


def _verdict(belief: Belief, asked: int, confidence: float, budget: int) -> str | None:
    """Why the run should end here, or None."""
    if len(belief.candidates) == 1:
        return "there is only one candidate"
    if belief.confidence >= confidence and _trust(belief) >= _TRUST:
        return "the most probable graph reached the confidence asked for"
    if asked >= _PATIENCE and _trust(belief) < 0.5:
        return "the oracle's answers are no better than chance"
    if asked >= budget:
        return f"the budget of {budget} questions is spent" + _doubt(belief)
    return None


def _trust(belief: Belief) -> float:
    """The probability that the oracle is better than chance; a reliability that is assumed is not doubted."""
    return belief.reliability.better_than_chance if belief.channel.learns else 1.0


def _doubt(belief: Belief) -> str:
    return "" if _trust(belief) >= _TRUST else ", and that the oracle is better than chance is not established"


class _Chooser:
    """Picks the question with the largest expected information gain."""

    def __init__(self, truth: Tensor, draw: np.random.Generator) -> None:
        self.truth = truth
        self.asked = torch.zeros(truth.shape[1], dtype=torch.int64, device=truth.device)
        self.draw = draw

    def next(self, belief: Belief) -> tuple[int, float]:
        """The number of the question and its expected gain in bits."""
        if not len(self.asked):
            return 0, 0.0
        gain = expected_information_gain(belief, self.truth)
        best = float(gain.max())
        equal = gain >= best - 1e-9
        equal &= self.asked == self.asked[equal].min()
        number = int(self.draw.choice(equal.nonzero().flatten().cpu().numpy()))
        self.asked[number] += 1
        return number, best
