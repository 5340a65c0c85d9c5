"""A-CBO: choose the question that tells most, ask it, update, repeat (Roy & Parbhoo 2026, arXiv 2605.27567)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from torch import Tensor

from causalpp.acbo._candidates import Candidates, read_candidates
from causalpp.acbo._chooser import Chooser
from causalpp.acbo.config import AcboConfig
from causalpp.acbo.result import INTERRUPTED, Result, Step
from causalpp.acbo.stopping import NOTHING_LEFT, doubt, verdict
from causalpp.belief import Belief, Channel, one_edge_alternatives
from causalpp.errors import BudgetSpent, InvalidParameter, OracleError
from causalpp.oracles import Answer, Oracle
from causalpp.oracles.journal import failed
from causalpp.propositions import Proposition, all_questions, truth_table

__all__ = ["discover", "discover_async"]

_FAILURES = 3  # questions in a row that the oracle could not be asked: more of them would tell no more


def discover(
    candidates: Candidates,
    oracle: Oracle,
    *,
    confidence: float = 0.95,
    max_questions: int | None = None,
    seed: int = 0,
    kinds: str | type[Proposition] | Sequence[str | type[Proposition]] = ("Causes",),
    conditioning: int = 1,
    goal: Proposition | None = None,
    channel: Channel | None = None,
    config: AcboConfig | None = None,
    limit: int = 100_000,
    on_step: Callable[[Step], None] | None = None,
) -> Result:
    """Ask an oracle one local question after the other until one graph is probable enough.

    Each round puts the question with the largest expected information about the graph, and about whether the
    oracle's answers have anything to do with the graph; among equals the one asked least often, then one drawn by
    the seed.  How reliable the oracle is, whether it answers the same when asked again, and whether it is in good
    faith is not assumed: it is learned with the graph.  So is whether the truth is among the candidates at all:
    graphs one edge away from them take part, as long as there are not too many.

    Args:
        candidates: the graphs that are possible: a class, a batch, or Dags over the same variables; or pairs of
            these with prior weights.
        oracle: who answers.
        confidence: stop when the most probable graph is this probable, and it is established (probability 0.95)
            that the answers have to do with the graph.
        max_questions: stop after so many; by default 120, or 20 for every bit of the number of candidates.
        seed: of the choice among equally good questions.
        kinds: the kinds of question that may be asked, one or several.
        conditioning: the most variables a question may hold fixed; see :func:`causalpp.all_questions`.
        goal: a proposition to settle; the run then asks about that, and stops when it is true or false with the
            ``confidence``, whatever else about the graph is left open.
        channel: the noise model; by default :class:`~causalpp.belief.Agnostic`.
        config: all further settings, such as ``AcboConfig.published()``; ``channel`` goes before its own.
        limit: the largest class to list; a larger one is refused.
        on_step: called after every answer, for a progress display. A keyboard interrupt ends the run with the
            result so far.

    Returns:
        The graph, the belief, the transcript and why the run ended.

    Raises:
        TooLarge: the class has more members than ``limit``.
        InvalidParameter: a confidence outside (0, 1), a negative budget or seed, an unknown kind of question.
        InvalidGraph: no candidates, or a single Dag in place of its class.
        UnknownVariable: the goal is about a variable that the candidates do not have.

    An error of the oracle goes on to the caller, and carries the run so far as its attribute ``result``; that the
    oracle's budget is spent ends the run with a result.

    Example:
        >>> import causalpp as cpp
        >>> asia = cpp.load_network("asia")
        >>> mec = cpp.MarkovEquivalenceClass.from_dag(asia.dag)
        >>> result = discover(mec, cpp.SimulatedOracle(asia.dag, cpp.noise.Symmetric(0.1), seed=1), seed=1)
        >>> result.graph == asia.dag, result.stopped_because
        (True, 'the most probable graph reached the confidence asked for')
    """
    run = _Run(
        candidates, oracle, confidence, max_questions, seed, kinds, conditioning, goal, channel, config, limit, on_step
    )
    with run.kept():
        while (question := run.next()) is not None:
            run.take(oracle.ask(question, run.config.votes))
    return run.result()


async def discover_async(
    candidates: Candidates,
    oracle: Oracle,
    *,
    confidence: float = 0.95,
    max_questions: int | None = None,
    seed: int = 0,
    kinds: str | type[Proposition] | Sequence[str | type[Proposition]] = ("Causes",),
    conditioning: int = 1,
    goal: Proposition | None = None,
    channel: Channel | None = None,
    config: AcboConfig | None = None,
    limit: int = 100_000,
    on_step: Callable[[Step], None] | None = None,
) -> Result:
    """:func:`discover` inside an event loop, which goes on while the oracle thinks.

    The questions and the result are the same.  A run that is cancelled carries what it has in the attribute ``result``
    of the ``CancelledError``.
    """
    run = _Run(
        candidates, oracle, confidence, max_questions, seed, kinds, conditioning, goal, channel, config, limit, on_step
    )
    with run.kept():
        while (question := run.next()) is not None:
            run.take(await oracle.ask_async(question, run.config.votes))
    return run.result()


class _Run:
    """One run: what it may ask, what it believes, what it has been told."""

    def __init__(
        self,
        candidates: Candidates,
        oracle: Oracle,
        confidence: float,
        max_questions: int | None,
        seed: int,
        kinds: str | type[Proposition] | Sequence[str | type[Proposition]],
        conditioning: int,
        goal: Proposition | None,
        channel: Channel | None,
        config: AcboConfig | None,
        limit: int,
        on_step: Callable[[Step], None] | None,
    ) -> None:
        if not 0 < confidence < 1:
            raise InvalidParameter(f"a confidence lies strictly between 0 and 1, got {confidence}")
        if max_questions is not None and max_questions < 0:
            raise InvalidParameter(f"a budget of {max_questions} questions")
        if seed < 0:
            raise InvalidParameter(f"a seed is a whole number from 0 on, got {seed}")
        self.config = config or AcboConfig()
        self.failures = 0
        if channel is not None:
            self.config = replace(self.config, channel=channel)
        batch, weights = read_candidates(candidates, limit, self.config.sample, seed)
        n = len(batch)
        kinds = [kinds] if isinstance(kinds, (str, type)) else kinds
        self.questions = all_questions(batch.nodes, kinds=kinds, conditioning=conditioning)
        truth = truth_table(self.questions, batch)
        self.distinct = distinct_rows(truth)
        self.belief = Belief.weighted(batch, [1.0] * n if weights is None else weights, self.config.channel)
        others = None
        if self.config.alternatives > 0 and self.distinct > 1:
            others = one_edge_alternatives(batch, self.questions, truth=truth)
        if others is not None:
            self.belief = self.belief.with_alternatives(others, self.config.alternatives)
            truth = truth_table(self.questions, self.belief.evidence.graphs)
        about = None if goal is None else goal.holds(self.belief.evidence.graphs)
        draw = np.random.default_rng(seed)
        self.chooser = Chooser(self.questions, truth, n, draw, about, self.config.policy)
        self.budget = max(120, math.ceil(20 * math.log2(n))) if max_questions is None else max_questions
        self.confidence, self.goal, self.on_step, self.kind = confidence, goal, on_step, oracle.kind
        self.steps: list[Step] = []
        self.verdict: str | None = None
        self.number, self.expected = 0, 0.0

    def next(self) -> Proposition | None:
        """The question to put, or None where the run ends."""
        self.verdict = verdict(self.belief, len(self.steps), self.confidence, self.budget, self.config, self.goal)
        if self.verdict is None and self.distinct == 1 and self.goal is None:
            self.verdict = NOTHING_LEFT
        if self.verdict is None:
            self.number, bits = self.chooser.next(self.belief)
            if bits < self.config.least:
                self.verdict = NOTHING_LEFT + doubt(self.belief, self.config)
        if self.verdict is not None:
            return None
        self.expected = self.chooser.about_the_graph(self.belief, self.number)
        return self.questions[self.number]

    def take(self, answers: Sequence[Answer]) -> None:
        """Learn from the answers to the last question: from their majority, where several votes were asked for."""
        self.failures = self.failures + 1 if all(map(failed, answers)) else 0
        if self.failures >= _FAILURES:
            raise OracleError(
                f"the oracle failed on {_FAILURES} questions in a row ({answers[-1].reason}): see that it can be "
                "reached; what it has answered is kept"
            )
        for answer in answers[:-1]:
            self._step(answer, 0.0, self.belief)
        self._step(answers[-1], self.expected, self.belief.update([_majority(answers)]))

    def _step(self, answer: Answer, expected: float, after: Belief) -> None:
        gained = self.belief.entropy - after.entropy
        self.steps.append(Step(len(self.steps) + 1, answer, expected, gained, tuple(after.top())))
        self.belief = after
        if self.on_step is not None:
            self.on_step(self.steps[-1])

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Whatever stops the asking, what has been learned is not lost."""
        try:
            yield
        except KeyboardInterrupt:
            self.verdict = INTERRUPTED
        except BudgetSpent as error:
            self.verdict = f"the oracle's budget is spent: {error}"
        except BaseException as error:
            self.verdict = f"the run failed: {type(error).__name__}"
            error.result = self.result()  # type: ignore[attr-defined]
            error.add_note(f"the {len(self.steps)} answers before it are in the attribute 'result' of this error")
            raise

    def result(self) -> Result:
        assert self.verdict is not None
        return Result(
            self.belief, tuple(self.steps), self.verdict, self.confidence, self.distinct, self.kind, self.goal
        )


def _majority(answers: Sequence[Answer]) -> Answer:
    """One answer for several: what most of them say; none where they are divided."""
    yes, no = (sum(answer.value is value for answer in answers) for value in (True, False))
    value = None if yes == no else yes > no
    return next((answer for answer in answers if answer.value is value), replace(answers[0], value=None, log_odds=None))


def distinct_rows(truth: Tensor) -> int:
    """How many graphs the questions can tell apart."""
    if truth.shape[1] == 0:
        return 1
    packed = np.ascontiguousarray(np.packbits(truth.cpu().numpy(), axis=1))
    return len(np.unique(packed.view(np.dtype((np.void, packed.shape[1])))))
