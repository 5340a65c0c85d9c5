"""Where a run stands: what it believes, what it may ask, and what was put and is not answered yet."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from causalpp.acbo._calls import Call, Rounds
from causalpp.acbo._start import Candidates, begin, described, narrowed
from causalpp.acbo.config import Settings
from causalpp.acbo.hearing import Diagnosis, Silence, heard, said, unanswered
from causalpp.acbo.result import UNFINISHED, ExperimentStep, Result, Step
from causalpp.acbo.stopping import AGAIN, NOTHING_LEFT, REACHED, SETTLED, concluded, doubt, entailed, exhausted, verdict
from causalpp.belief import AnyBelief
from causalpp.errors import InvalidParameter, OracleError
from causalpp.oracles import Answer, Panel, Request
from causalpp.posterior import DagPosterior
from causalpp.propositions import Direction, Proposition

__all__ = ["Run"]

_FAILURES = 3  # times in a row that the oracle could not be asked: more of them would tell no more


class Run:
    """Where a run stands: what it believes, what it may ask, what was put and is not answered yet."""

    def __init__(self, candidates: Candidates, settings: Settings) -> None:
        how = settings.how
        candidates = narrowed(candidates, settings.knowledge)
        self.candidates = candidates
        self.draw = np.random.default_rng(settings.seed)
        self.given = described(candidates, how.sample)
        start = begin(candidates, settings, self.draw)
        self.settings, self.how, self.start = settings, how, start
        self.belief: AnyBelief = start.belief
        self.settled = None if settings.goal is None else start.belief.settled(settings.goal)
        self.chooser, self.distinct, self.entropy = start.chooser, start.distinct, start.entropy
        self.chooser.little = how.least_graded
        self.kinds, self.further = start.kinds, start.further
        self.budget = settings.budget(start.size, len(start.belief.nodes))
        self.silence, self.diagnosis = Silence(how.channel), Diagnosis(start.belief, how.flaw)
        self.rounds = Rounds(how.panel, how.batch, how.outcome_cost) if how.panel is not None or how.batch > 1 else None
        self.steps: tuple[Step, ...] = ()
        self.experiments: tuple[ExperimentStep, ...] = ()
        self.calls = self.failures = 0
        self.pending: tuple[Call, ...] = ()
        self.heard: tuple[Answer, ...] = ()  # of calls that are not answered in full
        self.verdict: str | None = None

    def copy(self) -> Run:
        """The run as it is now, which what is learned later leaves alone."""
        other = copy.copy(self)
        other.chooser, other.silence = self.chooser.copy(), copy.copy(self.silence)
        other.diagnosis = self.diagnosis.copy()
        return other

    # --- asking ------------------------------------------------------------------------------------------

    def ask(self) -> tuple[Call, ...] | None:
        """What is put and not answered, or else what to put in the next round; None where the run ends."""
        if self.verdict is None and (self.pending or not self._again()):
            self.verdict = self.ended()
            if self.verdict is None and not self.pending:
                self._choose()
            if self.verdict is not None and not self.pending and self._probe():
                self.verdict = None
        return None if self.verdict is not None else self.pending

    def ended(self) -> str | None:
        """Why the run is to end here, whatever could still be asked; None if it is not."""
        goal = self.settings.goal
        if goal is not None and self.settled is not None:
            return entailed(goal, self.settled)
        # experiments may be of use for the last question only
        patience = len(self.chooser.questions) if {step.answer.nature for step in self.steps} == {"experiment"} else 0
        return self.silence.verdict(patience) or self.diagnosis.verdict() or self._stopped()

    def _stopped(self) -> str | None:
        """Why the run is to end by what is believed."""
        settings = self.settings
        found = verdict(self.belief, self.calls, settings.confidence, self.budget, self.how, settings.goal)
        if found is not None:
            return found + (self._remark() if self._hopeless() else "")
        found = exhausted(self.belief, self.how) if settings.max_questions is None else None
        return None if found is None else found + self._remark()

    def concluded(self) -> str | None:
        """What to say where what was asked for is probable enough, whatever is known of the oracle; None if not."""
        goal = self.settings.goal
        if goal is not None and self.settled is not None:
            return entailed(goal, self.settled)
        return concluded(self.belief, self.settings.confidence, goal)

    def _hopeless(self) -> bool:
        """Whether the answers have probably nothing to do with the graph."""
        profile = self.belief.profile
        return profile.unrelated_before > 0 and profile.unrelated >= 0.5

    def _remark(self) -> str:
        """What to add to a verdict that is no diagnosis: a flaw that is nearly established, or else what was said."""
        flaw = self.diagnosis.remark()
        return flaw or (heard([step.answer for step in self.steps]) if self._hopeless() else "")

    def _again(self) -> bool:
        """Put a question once more where what is wrong with the answers hangs on it; False where nothing does."""
        names = self.diagnosis.in_doubt()
        asked = (step.answer.question for step in self.steps if frozenset(step.answer.question.variables) == names)
        number = self.chooser.find(next(asked)) if names is not None and self.rounds is None else None
        if number is None:
            return False
        self.chooser.put([number])
        self.pending = (Call(self.chooser.questions[number], (number,), (0.0,)),)
        return True

    def _probe(self) -> bool:
        """Put one more direction where all answers show one flaw, before a run ends with nothing; False where not."""
        concluded = self.verdict == REACHED or (self.verdict or "").startswith(SETTLED)
        concluded = concluded or (self.silence.verdict() or self.diagnosis.verdict()) is not None
        if concluded or self.rounds is not None or self.calls >= self.budget or not self.diagnosis.pending:
            return False
        fresh = ((self.chooser.asked == 0) & self.chooser.askable).nonzero().flatten().tolist()
        asked = {frozenset(step.answer.question.variables) for step in self.steps}
        questions = [(n, self.chooser.questions[n]) for n in fresh]
        pairs = [(n, q) for n, q in questions if isinstance(q, Direction) and frozenset(q.variables) not in asked]
        if not pairs:
            return False
        number, question = max(pairs, key=lambda pair: self.diagnosis.at_stake(pair[1]))
        self.chooser.put([number])
        self.pending = (Call(question, (number,), (0.0,)),)
        return True

    def _choose(self) -> None:
        """Choose the next round, opening further kinds of question where those there are have no more to tell."""
        if self.distinct == 1 and self.settings.goal is None and not self._open():
            self.verdict = NOTHING_LEFT
            return
        calls, bits = self._next()
        while (bits < self.how.least or self._all_put_before(calls)) and self._open():
            self._withdraw(calls)
            calls, bits = self._next()
        for patience in range(1, AGAIN + 1):  # only now what found neither yes nor no is put again
            if bits >= self.how.least or not bool(self.chooser.silent.any()):
                break
            self._withdraw(calls)
            calls, bits = self._next(patience)
        if bits < self.how.least:
            self._withdraw(calls)
            self.verdict = NOTHING_LEFT + self._silent() + doubt(self.belief, self.how) + self._remark()
        else:
            self.pending = tuple(calls)

    def _silent(self) -> str:
        """What to add where questions that would tell something find neither yes nor no, however often they are put."""
        given_up = {self.chooser.questions[n] for n in (self.chooser.silent > AGAIN).nonzero().flatten().tolist()}
        if not given_up:
            return ""
        calls, bits = self._next(math.inf)
        self._withdraw(calls)
        if bits < self.how.least:
            return ""
        return unanswered([step.answer for step in self.steps if step.answer.question in given_up])

    def _next(self, patience: float = 0) -> tuple[list[Call], float]:
        """The calls of the next round, which count as put, and the bits that make the first the best.

        Questions that were silent more often in a row than there is patience for take no part.
        """
        chooser = self.chooser
        chooser.patience = patience
        if self.rounds is None:
            number, bits = chooser.next(self.belief)
            if not len(chooser.questions):
                return [], 0.0
            return [Call(chooser.questions[number], (number,), (chooser.about_the_graph(self.belief, number),))], bits
        calls, bits = self.rounds.next(chooser, self.belief, self.budget - self.calls)
        for call in calls:
            chooser.put(call.numbers)
        return calls, bits

    def _withdraw(self, calls: Sequence[Call]) -> None:
        for call in calls:
            self.chooser.put(call.numbers, -1)

    def _all_put_before(self, calls: Sequence[Call]) -> bool:
        """Whether the best call puts nothing that has not been put before."""
        return any(all(int(self.chooser.asked[n]) > 1 for n in call.numbers) for call in calls[:1])

    def _open(self) -> bool:
        """Let questions of a further kind be asked; False where there is none."""
        if not self.further:
            return False
        (kind, held), *rest = self.further
        self.further = tuple(rest)
        self.distinct, self.entropy = self.start.opened(self.chooser, kind, held)
        if kind not in self.kinds:
            self.kinds = (*self.kinds, kind)
        return True

    # --- learning ----------------------------------------------------------------------------------------

    def requests(self, by: str) -> list[Request]:
        """How the questions that are put would be answered one by one: those that wait for an answer."""
        out = []
        for call in self.pending:
            before = (int(self.chooser.asked[call.numbers[0]]) - 1) * self.how.votes
            if isinstance(call.asked, Panel):
                requests = call.asked.requests(by, before)
            else:
                requests = [Request(call.asked, before + number) for number in range(self.how.votes)]
            out += [request for request in requests if request.replicate >= before + self._heard(request.question)]
        return out

    def learn(self, answers: Sequence[Answer]) -> None:
        """Learn from answers: from the majority for a question, where several votes were asked for."""
        self.failures = self.failures + 1 if all(answer.failed for answer in answers) else 0
        if self.failures >= _FAILURES:
            raise OracleError(
                f"the oracle failed on {_FAILURES} questions in a row ({answers[-1].reason}): see that it can be "
                "reached; what it has answered is kept"
            )
        self.verdict = None
        for answer in answers:
            call = next((call for call in self.pending if self._waits(call, answer)), None)
            if call is None:
                self._unasked(answer)
                continue
            self.heard += (answer,)
            mine = [one for one in self.heard if one.question in call.questions]
            if len(mine) == len(call.questions) * self.how.votes:
                self.pending = tuple(other for other in self.pending if other is not call)
                self.heard = tuple(one for one in self.heard if one.question not in call.questions)
                self._learn(call, sorted(mine, key=lambda one: call.questions.index(one.question)))

    def _waits(self, call: Call, answer: Answer) -> bool:
        """Whether a call waits for one more answer to a question."""
        return answer.question in call.questions and self._heard(answer.question) < self.how.votes

    def _heard(self, question: Proposition) -> int:
        """How many of the votes on a question that is put are there."""
        return sum(one.question == question for one in self.heard)

    def _hear(self, answers: Sequence[Answer]) -> None:
        self.silence.hear(answers)
        self.diagnosis.hear(answers)

    def _learn(self, call: Call, answers: Sequence[Answer]) -> None:
        self._hear(answers)
        if isinstance(call.asked, Panel):
            self.calls += 1
            for number, answer, expected in zip(call.numbers, answers, call.expected, strict=True):
                self.chooser.hear(number, said(answer))
                self._step(answer, expected, self.belief.update([answer]))
            return
        for answer in answers[:-1]:
            self.calls += 1
            self._step(answer, 0.0, self.belief)
        self.calls += 1
        vote = _majority(answers)
        self.chooser.hear(call.numbers[0], said(vote))
        self._step(answers[-1], call.expected[0], self.belief.update([vote]))

    def _unasked(self, answer: Answer) -> None:
        """Learn from an answer to a question that is not waiting for one."""
        self._hear([answer])
        number = self.chooser.find(answer.question)
        expected = 0.0 if number is None else self.chooser.about_the_graph(self.belief, number)
        if number is not None:
            self.chooser.put([number])
            self.chooser.hear(number, said(answer))
        self.calls += 1
        self._step(answer, expected, self.belief.update([answer]))

    def with_posterior(self, posterior: DagPosterior, label: str, rows: int) -> Run:
        """The run from more rows: their posterior is the prior, all answers are learned again, the steps stay.

        Args:
            posterior: given all rows.
            label: who was set in the new ones.
            rows: how many these are.

        Raises:
            InvalidParameter: a question that is answered in part.
        """
        if self.heard:
            raise InvalidParameter("a question is answered in part: tell the rest first, then the experiment")
        other = Run(posterior, self.settings)
        other.draw.bit_generator.state = self.draw.bit_generator.state
        for _ in range(len(self.start.further) - len(self.further)):
            other._open()
        waiting = [number for call in self.pending for number in call.numbers]
        for number in (self.chooser.asked > 0).nonzero().flatten().tolist():
            found = other.chooser.find(self.chooser.questions[number])
            times = int(self.chooser.asked[number]) - waiting.count(number)
            if found is not None and times:
                other.chooser.put([found], times)
                other.chooser.silent[found] = self.chooser.silent[number]
        other.diagnosis.listed = self.diagnosis.listed
        for step in self.steps:
            other._hear([step.answer])
        other.chooser.able = self.chooser.able
        other.belief = other.belief.update(self.belief.answers)
        other.steps, other.calls, other.failures = self.steps, self.calls, self.failures
        gained = self.belief.entropy - other.belief.entropy
        leaders = tuple(other.belief.top())
        done = ExperimentStep(len(self.experiments) + 1, len(self.steps), label, rows, gained, leaders)
        other.experiments = (*self.experiments, done)
        return other

    def _step(self, answer: Answer, expected: float, after: AnyBelief) -> None:
        gained = self.belief.entropy - after.entropy
        self.steps += (Step(len(self.steps) + 1, answer, expected, gained, tuple(after.top()), self.calls),)
        self.belief = after

    def result(self, stopped: str | None, nature: str) -> Result:
        """What is known by now, why it ended (``stopped`` before all else), and who is asked if nobody has answered."""
        settings = self.settings
        shown = {
            "seed": settings.seed,
            "confidence": settings.confidence,
            "max_questions": self.budget,
            "kinds": list(self.kinds),
            "conditioning": self.start.conditioning,
            "candidates": self.start.size,
            "belief": type(self.belief).__name__,
            "alternatives": self.start.alternatives,
            **self.how.to_dict(),
        }
        natures = sorted({step.answer.nature for step in self.steps} - {""})
        return Result(
            self.belief,
            self.steps,
            stopped or self.verdict or self.ended() or UNFINISHED,
            settings.confidence,
            self.distinct,
            " and ".join(natures) or nature,
            settings.goal,
            self.start.belief,
            shown,
            self.entropy,
            self.given,
            not doubt(self.belief, self.how),
            self.experiments,
        )


def _majority(answers: Sequence[Answer]) -> Answer:
    """One answer for several: what most of them say; none where they are divided."""
    yes, no = (sum(answer.value is value for answer in answers) for value in (True, False))
    value = None if yes == no else yes > no
    return next((answer for answer in answers if answer.value is value), replace(answers[0], value=None, log_odds=None))
