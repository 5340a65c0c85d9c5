"""A-CBO: choose the question that tells most, ask it, update, repeat (Roy & Parbhoo 2026, arXiv 2605.27567)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from causalpp.acbo import _huge
from causalpp.acbo._calls import Call, Rounds
from causalpp.acbo._candidates import Candidates, described, known_of, narrowed, read_candidates
from causalpp.acbo._chooser import Chooser
from causalpp.acbo._questions import askable, further_questions
from causalpp.acbo.config import AcboConfig
from causalpp.acbo.result import INTERRUPTED, Result, Step
from causalpp.acbo.stopping import NOTHING_LEFT, Silence, doubt, entailed, verdict
from causalpp.belief import AnyBelief, Belief, Channel, ComponentBelief, ParticleBelief, one_edge_alternatives
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import BudgetSpent, InvalidParameter, OracleError, TooLarge
from causalpp.graphs import Dag, Knowledge
from causalpp.oracles import Answer, Oracle, Panel
from causalpp.oracles.panel import Asked
from causalpp.propositions import Proposition, all_questions, smallest_family, truth_table

__all__ = ["discover", "discover_async"]

_LEADERS = 5  # graphs a step names
_SURE = 1e-12  # a probability that is 0 or 1 but for rounding
_FAILURES = 3  # questions in a row that the oracle could not be asked: more of them would tell no more


def discover(
    candidates: Candidates,
    oracle: Oracle,
    *,
    confidence: float = 0.95,
    max_questions: int | None = None,
    seed: int = 0,
    kinds: str | type[Proposition] | Sequence[str | type[Proposition]] | None = None,
    conditioning: int = 1,
    goal: Proposition | None = None,
    channel: Channel | None = None,
    config: AcboConfig | None = None,
    limit: int = 100_000,
    on_step: Callable[[Step], None] | None = None,
    knowledge: Knowledge | None = None,
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
        max_questions: stop after so many; by default 200, or 25 for every bit of the number of candidates.  Where
            several are put in one call, it is the calls that count.
        seed: of the choice among equally good questions.
        kinds: the kinds of question that may be asked, one or several; by default ``Causes``, and when these are used
            up those of ``AcboConfig.further``.  ``"auto"`` chooses the smallest family that tells the candidates apart
            as well as larger ones do, and ``result.settings["kinds"]`` says which.
        conditioning: the most variables a question may hold fixed; see :func:`causalpp.all_questions`.
        goal: a proposition to settle; the run then asks about that, and stops when it is true or false with the
            ``confidence``, whatever else about the graph is left open; without a question where all candidates agree.
        channel: the noise model; by default :class:`~causalpp.belief.Agnostic`.
        config: all further settings, such as ``AcboConfig.published()``, or ``AcboConfig(panel=4)`` to put several
            questions in one call; ``channel`` goes before its own.
        limit: the largest class to list.  For a larger one the belief is an exact product over the chain components,
            if each of them can be listed and the questions allow it, and else an estimate by particles.
        on_step: called after every answer, for a progress display. A keyboard interrupt ends the run with the
            result so far.
        knowledge: what is known of the edges; graphs that it rules out take no part, as candidates or beside them. What
            a class was learned or narrowed by is known without being said again.

    Returns:
        The graph, the belief, the transcript and why the run ended.

    Raises:
        TooLarge: the class has more members than ``limit`` and cannot be drawn from, or is one of several.
        InvalidParameter: a confidence outside (0, 1), a negative budget or seed, an unknown kind of question.
        InvalidGraph: no candidates, or none that agrees with the knowledge; or a single Dag in place of its class.
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
    candidates = narrowed(candidates, knowledge)
    run = _Run(
        candidates, oracle, confidence, max_questions, seed, kinds, conditioning, goal, channel, config, limit, on_step,
        knowledge,
    )  # fmt: skip
    with run.kept():
        while (asked := run.next()) is not None:
            run.take(oracle.ask(asked, run.config.votes))
    return run.result()


async def discover_async(
    candidates: Candidates,
    oracle: Oracle,
    *,
    confidence: float = 0.95,
    max_questions: int | None = None,
    seed: int = 0,
    kinds: str | type[Proposition] | Sequence[str | type[Proposition]] | None = None,
    conditioning: int = 1,
    goal: Proposition | None = None,
    channel: Channel | None = None,
    config: AcboConfig | None = None,
    limit: int = 100_000,
    on_step: Callable[[Step], None] | None = None,
    knowledge: Knowledge | None = None,
) -> Result:
    """:func:`discover` inside an event loop, which goes on while the oracle thinks.

    The questions and the result are the same.  A run that is cancelled carries what it has in the attribute ``result``
    of the ``CancelledError``.
    """
    candidates = narrowed(candidates, knowledge)
    run = _Run(
        candidates, oracle, confidence, max_questions, seed, kinds, conditioning, goal, channel, config, limit, on_step,
        knowledge,
    )  # fmt: skip
    with run.kept():
        while (asked := run.next()) is not None:
            run.take(await oracle.ask_async(asked, run.config.votes))
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
        kinds: str | type[Proposition] | Sequence[str | type[Proposition]] | None,
        conditioning: int,
        goal: Proposition | None,
        channel: Channel | None,
        config: AcboConfig | None,
        limit: int,
        on_step: Callable[[Step], None] | None,
        knowledge: Knowledge | None,
    ) -> None:
        if not 0 < confidence < 1:
            raise InvalidParameter(f"a confidence lies strictly between 0 and 1, got {confidence}")
        if max_questions is not None and (max_questions < 0 or not float(max_questions).is_integer()):
            raise InvalidParameter(f"a budget of {max_questions} questions: it is a whole number from 0 on")
        if seed < 0 or not float(seed).is_integer():
            raise InvalidParameter(f"a seed is a whole number from 0 on, got {seed}")
        if goal is not None and not isinstance(goal, Proposition):
            raise InvalidParameter(
                f"a goal is a proposition such as Causes('a', 'b'), got {goal!r}: parse() reads text"
            )
        if kinds is not None and not isinstance(kinds, (str, type)) and not (isinstance(kinds, Sequence) and kinds):
            raise InvalidParameter(f"the kinds of question are one or several, such as 'Causes', got {kinds!r}")
        self.config = config or AcboConfig()
        self.failures = 0
        self.given = described(candidates, self.config.sample)
        if channel is not None:
            self.config = replace(self.config, channel=channel)
        self.silence = Silence(self.config.channel)
        alone = kinds is None and self.config.policy is None and self.config.panel != "all"
        self.further = list(self.config.further) if alone else []
        automatic = kinds == "auto"
        kinds = ["Causes"] if kinds is None or automatic else [kinds] if isinstance(kinds, (str, type)) else list(kinds)
        draw = np.random.default_rng(seed)
        others = weights = None
        self.entropy: float | None = None  # of the prior over what the questions tell apart
        self.belief: AnyBelief
        self.chooser: _huge.Chooses
        try:
            batch, weights = read_candidates(candidates, limit, self.config.sample, seed)
        except TooLarge:
            if not isinstance(candidates, MarkovEquivalenceClass):
                raise
            questions = askable(candidates, kinds, conditioning, goal, draw)
            found = _huge.start(candidates, questions, self.config, goal, limit, seed, draw)
            self.belief, self.chooser, self.distinct, n = found
            certain = _decided(self.belief, goal)
            self.further = []  # what they could add is not known without a list of the graphs
        else:
            n = len(batch)
            if automatic:
                found_kinds, conditioning = smallest_family(batch)
                kinds = list(found_kinds)
            if isinstance(candidates, MarkovEquivalenceClass):
                questions = askable(candidates, kinds, conditioning, goal, draw)
            else:
                questions = all_questions(batch.nodes, kinds=kinds, conditioning=conditioning)
            truth = truth_table(questions, batch)
            self.distinct, self.entropy = told_apart(truth, weights)
            belief = Belief.weighted(batch, [1.0] * n if weights is None else weights, self.config.channel)
            known = known_of(candidates, knowledge)
            belief = replace(belief, knowledge=known)
            if self.config.alternatives > 0 and self.distinct > 1:
                others = one_edge_alternatives(batch, questions, truth=truth, knowledge=known)
            if others is not None:
                belief = belief.with_alternatives(others, self.config.alternatives)
                truth = truth_table(questions, belief.hypotheses)
            about = None if goal is None else goal.holds(belief.hypotheses)
            certain = bool(about[0]) if about is not None and bool((about[:n] == about[0]).all()) else None
            self.belief = belief
            self.chooser = Chooser(questions, truth, n, draw, about, self.config.policy, self.config.joint)
        self.budget = max(200, math.ceil(25 * math.log2(n))) if max_questions is None else max_questions
        self.confidence, self.goal, self.on_step, self.kind = confidence, goal, on_step, oracle.nature
        self.draw, self.start, self.weights = draw, self.belief, weights
        self.settled = None if certain is None or goal is None else entailed(goal, certain)
        self.settings = {
            "seed": seed,
            "confidence": confidence,
            "max_questions": self.budget,
            "kinds": [kind if isinstance(kind, str) else kind.__name__ for kind in kinds],
            "conditioning": conditioning,
            "candidates": n,
            "belief": type(self.belief).__name__,
            "alternatives": 0 if others is None else len(others),
            **self.config.to_dict(),
        }
        self.steps: list[Step] = []
        self.dags: dict[int, Dag] = {}
        self.verdict: str | None = None
        self.round: list[Call] = []
        self.calls = 0
        several = self.config.panel is not None or self.config.batch > 1
        self.rounds = Rounds(self.config.panel, self.config.batch, self.config.outcome_cost, draw) if several else None

    def next(self) -> list[Asked] | None:
        """What to put in the next round, or None where the run ends."""
        self.verdict = (
            self.settled
            or self._unheard()
            or verdict(self.belief, self.calls, self.confidence, self.budget, self.config, self.goal)
        )
        if self.verdict is None and self.distinct == 1 and self.goal is None and not self._open():
            self.verdict = NOTHING_LEFT
        if self.verdict is None:
            self.round, bits = self._choose()
            while (bits < self.config.least or self._again()) and self._open():
                for call in self.round:
                    self.chooser.asked[list(call.numbers)] -= 1  # it is not put after all
                self.round, bits = self._choose()
            if bits < self.config.least:
                self.verdict = NOTHING_LEFT + doubt(self.belief, self.config)
        if self.verdict is not None:
            return None
        return [call.asked for call in self.round]

    def _unheard(self) -> str | None:
        """Why to stop asking an oracle that says nothing; experiments may be of use for the last question only."""
        return self.silence.verdict(len(self.chooser.questions) if self.kind == "experiment" else 0)

    def _choose(self) -> tuple[list[Call], float]:
        """The calls of the next round, which count as put, and the bits that make the first the best."""
        if self.rounds is None:
            number, bits = self.chooser.next(self.belief)
            if not len(self.chooser.questions):
                return [], 0.0
            expected = self.chooser.about_the_graph(self.belief, number)
            return [Call(self.chooser.questions[number], (number,), (expected,))], bits
        calls, bits = self.rounds.next(self.chooser, self.belief, self.budget - self.calls)
        for call in calls:
            self.chooser.asked[list(call.numbers)] += 1
        return calls, bits

    def _again(self) -> bool:
        """Whether the best call puts nothing that has not been put before."""
        return any(all(int(self.chooser.asked[n]) > 1 for n in call.numbers) for call in self.round[:1])

    def _open(self) -> bool:
        """Let questions of a further kind be asked; False where there is none."""
        if not self.further or not isinstance(self.chooser, Chooser):
            return False
        kind, held = self.further.pop(0)
        assert isinstance(self.belief, Belief)
        assert isinstance(self.chooser, Chooser)
        n = len(self.belief.candidates)
        self.chooser.open(*further_questions(kind, held, self.belief.hypotheses, n, self.draw))
        self.distinct, self.entropy = told_apart(self.chooser.truth[:n], self.weights)
        if kind not in self.settings["kinds"]:
            self.settings["kinds"].append(kind)
        return True

    def take(self, answers: Sequence[Answer]) -> None:
        """Learn from the answers of a round: from the majority for a question, where several votes were asked for."""
        self.failures = self.failures + 1 if all(answer.failed for answer in answers) else 0
        if self.failures >= _FAILURES:
            raise OracleError(
                f"the oracle failed on {_FAILURES} questions in a row ({answers[-1].reason}): see that it can be "
                "reached; what it has answered is kept"
            )
        self.silence.hear(answers)
        left = iter(answers)
        for call in self.round:
            number = len(call.numbers) * self.config.votes
            self._learn(call, [next(left) for _ in range(number)])

    def _learn(self, call: Call, answers: Sequence[Answer]) -> None:
        if isinstance(call.asked, Panel):
            self.calls += 1
            for answer, expected in zip(answers, call.expected, strict=True):
                self._step(answer, expected, self.belief.update([answer]))
            return
        for answer in answers[:-1]:
            self.calls += 1
            self._step(answer, 0.0, self.belief)
        self.calls += 1
        self._step(answers[-1], call.expected[0], self.belief.update([_majority(answers)]))

    def _learn_from_some(self, answers: Sequence[Answer]) -> None:
        """Learn from the calls of a round that were answered before the oracle's budget was spent."""
        for call in self.round if self.rounds is not None else ():
            asked = call.asked.questions if isinstance(call.asked, Panel) else (call.asked,)
            panel = isinstance(call.asked, Panel)
            found = [a for a in answers if a.question in asked and (a.call is not None) == panel]
            if len(found) == len(asked):
                self._learn(call, found)

    def _step(self, answer: Answer, expected: float, after: AnyBelief) -> None:
        gained = self.belief.entropy - after.entropy
        self.steps.append(Step(len(self.steps) + 1, answer, expected, gained, self._leaders(after), self.calls))
        self.belief = after
        if self.on_step is not None:
            self.on_step(self.steps[-1])

    def _leaders(self, belief: AnyBelief) -> tuple[tuple[Dag, float], ...]:
        """``belief.top()``, every Dag made once in the run."""
        if not isinstance(belief, Belief):
            return tuple(belief.top())
        p = belief.probabilities
        order = torch.argsort(p, descending=True, stable=True)[:_LEADERS].tolist()
        for number in order:
            if number not in self.dags:
                self.dags[number] = belief.candidates[number]
        return tuple((self.dags[number], float(p[number])) for number in order)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Whatever stops the asking, what has been learned is not lost."""
        try:
            yield
        except KeyboardInterrupt:
            self.verdict = INTERRUPTED
        except BudgetSpent as error:
            self._learn_from_some(error.answers)
            self.verdict = f"the oracle's budget is spent: {error}"
        except BaseException as error:
            self.verdict = f"the run failed: {type(error).__name__}"
            error.result = self.result()  # type: ignore[attr-defined]
            error.add_note(f"the {len(self.steps)} answers before it are in the attribute 'result' of this error")
            raise

    def result(self) -> Result:
        assert self.verdict is not None
        return Result(
            self.belief, tuple(self.steps), self.verdict, self.confidence, self.distinct, self.kind, self.goal,
            self.start, self.settings, self.entropy, self.given, not doubt(self.belief, self.config),
        )  # fmt: skip


def _majority(answers: Sequence[Answer]) -> Answer:
    """One answer for several: what most of them say; none where they are divided."""
    yes, no = (sum(answer.value is value for answer in answers) for value in (True, False))
    value = None if yes == no else yes > no
    return next((answer for answer in answers if answer.value is value), replace(answers[0], value=None, log_odds=None))


def told_apart(truth: Tensor, weights: Tensor | None) -> tuple[int, float | None]:
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


def _decided(belief: ComponentBelief | ParticleBelief, goal: Proposition | None) -> bool | None:
    """Whether a goal is true in every member of a class, or (False) in none; None if the members differ."""
    if goal is None or _SURE < belief.probability(goal) < 1 - _SURE:
        return None
    if isinstance(belief, ComponentBelief):
        return belief.probability(goal) > 0.5
    try:
        found = belief.mec.decide(goal).kind  # particles are a sample
    except TooLarge:
        return None
    return {"entailed": True, "excluded": False}.get(found)
