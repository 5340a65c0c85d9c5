"""A run of A-CBO opened up: it says what to ask, and is told the answers, by whoever asks and whenever they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from causalpp._files import write_text
from causalpp.acbo import _saved
from causalpp.acbo._chooser import Able
from causalpp.acbo._run import Run
from causalpp.acbo._start import Candidates, kept
from causalpp.acbo.config import Keywords, Settings, with_settings
from causalpp.acbo.hearing import Listed
from causalpp.acbo.result import Result, Step
from causalpp.belief import AnyBelief
from causalpp.design import Costs, Experiment, Worth, plan_experiments
from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.oracles import Answer
from causalpp.oracles.panel import Asked
from causalpp.posterior import DagPosterior, Rows
from causalpp.propositions import Proposition

if TYPE_CHECKING:
    import pandas as pd
    from filelock import FileLock

__all__ = ["Session"]

#: What can be told: an answer, or yes, no or nothing to the question that was asked.
Told = Answer | bool | None


class Session:
    """A run that others drive: a browser, several experts, a cluster, or :func:`causalpp.discover`.

    :meth:`ask` gives the next question, :meth:`tell` takes answers, :meth:`undo` takes back what was told last, and
    :meth:`result` is there at any time.  With :meth:`save` and :meth:`load` a session goes on in another process, with
    the questions that it would have asked; while it has a file, no other session can have the same.

    Args:
        candidates, confidence, max_questions, seed, kinds, conditioning, goal, channel, config, limit, knowledge: as of
            :func:`causalpp.discover`.
        on_step: called after every answer that was learned.

    Raises:
        TooLarge, InvalidParameter, InvalidGraph, UnknownVariable: see there.

    Example:
        >>> import causalpp as cpp
        >>> mec = cpp.MarkovEquivalenceClass.from_dag(cpp.Dag.from_edges([("smoke", "tar"), ("tar", "cancer")]))
        >>> session = cpp.Session(mec, channel=cpp.belief.Fixed(0.02))
        >>> session.ask().question()
        'Does cancer cause tar?'
        >>> session.tell(True)
        >>> session.undo()[0].word  # that was a slip
        'yes'
        >>> session.tell(cpp.Answer(session.ask(), False), by="ann", nature="human")
        >>> session.ask().question()
        'Does smoke cause cancer?'
        >>> session.tell(True, by="bob", nature="human")
        >>> session.ask() is None, session.result().graph, session.result().natures
        (True, Dag('smoke → tar, tar → cancer'), {'human': 2})
    """

    @with_settings
    def __init__(
        self, candidates: Candidates, *, on_step: Callable[[Step], None] | None = None, **settings: Unpack[Keywords]
    ) -> None:
        self._begin(kept(candidates), Settings(**settings), on_step)

    def _begin(self, candidates: Candidates, settings: Settings, on_step: Callable[[Step], None] | None) -> None:
        self.settings, self.on_step = settings, on_step
        self._candidates = candidates
        self._run = Run(candidates, settings)
        self._before: tuple[Run, Any] | None = None  # the run, and what it draws from, before what was told last
        self._told: list[tuple[bool, tuple[Answer, ...] | Rows]] = []  # each with whether it was asked for
        self._asked = False
        self._stopped: str | None = None
        self.nature = "unknown"  # of answers that are still to come
        self._able: Able | None = None
        self.path: Path | None = None
        self._lock: FileLock | None = None

    @property
    def votes(self) -> int:
        """How many answers are wanted to each question: the majority of them is learned from."""
        return self.settings.how.votes

    @property
    def most(self) -> int:
        """How many calls there may be."""
        return self._run.budget

    @property
    def questions(self) -> tuple[Proposition, ...]:
        """The questions that may be asked by now."""
        return tuple(self._run.chooser.questions)

    @property
    def candidates(self) -> Candidates:
        """What the run was given."""
        return self._candidates

    @property
    def belief(self) -> AnyBelief:
        """What is believed by now."""
        return self._run.belief

    @property
    def listed(self) -> Listed | None:
        """In which order the prompts of requests list the variables, where whoever drives the session knows."""
        return self._run.diagnosis.listed

    @listed.setter
    def listed(self, listed: Listed | None) -> None:
        self._run.diagnosis.listed = listed

    @property
    def answers(self) -> tuple[Answer, ...]:
        """All that was told, in order."""
        return tuple(answer for _, told in self._told if isinstance(told, tuple) for answer in told)

    def ask(self) -> Asked | tuple[Asked, ...] | None:
        """The next question, or a panel of them; a tuple where ``AcboConfig(batch=…)`` puts several; None at the end.

        Until something is told it is the same, however often it is asked for.  Of a round that was answered in part,
        the rest is asked for.
        """
        if self._stopped is not None:
            return None
        self._asked = True
        if (calls := self._run.ask()) is None:
            return None
        asked = tuple(call.asked for call in calls)
        return asked if self.settings.how.batch > 1 else asked[0]

    def tell(self, answers: Told | Iterable[Told], *, by: str = "", nature: str = "") -> None:
        """Learn from an answer or several, all of them or, where one cannot be, none.

        Plain True, False and None are what was said to the questions asked, in their order.  Answers may also be to
        questions that were not asked, of several people to the same one, and late.  A call is learned from when it is
        answered: a panel whole, a question ``votes`` times.

        Args:
            answers: what was said.
            by: who said so, where the answers do not say.
            nature: what they are: ``"simulated"``, ``"language model"``, ``"experiment"`` or ``"human"``, likewise.

        Raises:
            InvalidParameter: plain answers without a question, or too many of them.
            UnknownVariable: an answer about something that the candidates do not have.
            OracleError: no answer at all could be had, the third time in a row.
        """
        several = getattr(answers, "ndim", 1) > 0 and isinstance(answers, Iterable) and not isinstance(answers, str)
        told: list[Any] = list(answers) if several else [answers]  # type: ignore[arg-type]
        given = self._read(told, by, nature)
        if not given:
            return
        before = self._run.copy(), self._run.draw.bit_generator.state
        number = len(self._run.steps)
        try:
            self._run.learn(given)
        except BaseException:
            self._restore(*before)
            raise
        self._before = before
        self._told.append((self._asked, given))
        self._asked = False
        if self.on_step is not None:
            for step in self._run.steps[number:]:
                self.on_step(step)

    # --- experiments --------------------------------------------------------------------------------------

    def propose_experiment(self, costs: Costs | None = None, **options: Any) -> Experiment:
        """The experiment that is expected to tell most of the graph for its cost, given data and answers so far.

        Args:
            costs: what setting a variable and a row cost.
            options: ``targets``, ``rows``, ``simulations``, ``seed`` and ``progress`` of
                :func:`causalpp.design.plan_experiments`, which gives the others as well.

        Raises:
            InvalidParameter: the session starts from no posterior that has kept its rows; or see there.
            UnknownVariable: see there.

        Example:
            >>> import causalpp as cpp
            >>> net = cpp.load_network("cancer")
            >>> session = cpp.Session(cpp.DagPosterior.from_data(net.simulate(300, seed=0)))
            >>> best = session.propose_experiment(cpp.design.Costs(row=0.1), rows=[50], simulations=4)
            >>> rows = net.do({best.target: net.states(best.target)[0]}).simulate(best.rows, seed=1)
            >>> session.tell_experiment(rows, best.target)
            >>> session.result().experiments[0].target == best.target
            True
        """
        return plan_experiments(self._run.belief, self._posterior, costs=costs, **options)[0]

    def worth(self, costs: Costs | None = None, **options: Any) -> Worth:
        """The next question beside the next experiment, and which is expected to tell more for its cost.

        Args:
            costs: of both.
            options: as of :meth:`propose_experiment`.
        """
        how = Costs() if costs is None else costs
        return self._worth(self.propose_experiment(how, **options), how)

    def _worth(self, experiment: Experiment, costs: Costs) -> Worth:
        calls = None if self._stopped is not None else self._run.ask()
        first = None if calls is None else calls[0]
        said = None if first is None else "; ".join(question.question() for question in first.questions)
        bits = 0.0 if first is None else max(0.0, sum(first.expected))
        return Worth(said, bits, costs.question, experiment)

    def question_is_worth(self, experiment: Experiment, costs: Costs) -> bool:
        """Whether the next question is expected to tell more for its cost than an experiment."""
        return self._worth(experiment, costs).ask

    @property
    def takes_rows(self) -> bool:
        """Whether it starts from a posterior to which rows can be added, and experiments be planned for it."""
        now = self._run.candidates
        return isinstance(now, DagPosterior) and now.rows is not None and now.rows.alike

    @property
    def concluded(self) -> str | None:
        """Why nothing more is wanted: the graph is as probable as was asked for, or the goal is settled; None if not.

        As far as that is known, and whether or not there are questions left.
        """
        return self._run.concluded()

    def tell_experiment(self, rows: pd.DataFrame, target: str | Iterable[Any] | None) -> None:
        """Learn from the rows of an experiment: they become data, and the answers so far are learned again on them.

        Args:
            rows: a column for every variable.
            target: the variable that was set in all of them; or for each row who was set (None, a variable or several),
                or the name of a column that says so, as of :meth:`causalpp.DagPosterior.from_data`.

        Raises:
            InvalidParameter: the session starts from no posterior that has kept its rows; or a question is answered in
                part.
            InvalidData, UnknownVariable: the rows lack a variable, or somebody was set who is none.
        """
        posterior = self._posterior
        pooled = posterior.with_rows(rows, target)
        assert posterior.rows is not None  # for the type checker
        assert pooled.rows is not None
        more = pooled.rows.after(posterior.rows)
        before = self._run, self._run.draw.bit_generator.state
        self._run = self._run.with_posterior(pooled, more.named, len(more.targets))
        self._told.append((self._asked, more))
        self._before, self._asked, self._stopped = before, False, None

    @property
    def _posterior(self) -> DagPosterior:
        """Given all rows so far.

        Raises:
            InvalidParameter: the session starts from something else, or the rows were not kept.
        """
        now = self._run.candidates
        if not isinstance(now, DagPosterior) or now.rows is None:
            raise InvalidParameter(
                "rows are learned by a session that starts from a posterior of data: Session(DagPosterior.from_data(…))"
            )
        return now

    def undo(self) -> tuple[Answer, ...]:
        """Take back what was told last, exactly: all is as it was before, and the same question is asked again.

        Returns:
            The answers that were taken back; none where it was an experiment.

        Raises:
            InvalidParameter: there is nothing to take back.
        """
        if not self._told:
            raise InvalidParameter("nothing has been told yet that could be taken back")
        self._asked, told = self._told.pop()
        if self._before is not None:
            self._restore(*self._before)
        else:
            self._again()
            if self._asked:
                self._run.ask()
        self._before = self._stopped = None
        return told if isinstance(told, tuple) else ()

    def stop(self, reason: str) -> None:
        """End the session here, whatever is left open.

        Args:
            reason: for :attr:`Result.stopped_because`.
        """
        self._stopped = reason

    def result(self) -> Result:
        """What is known by now, also before the end."""
        return self._run.result(self._stopped, self.nature)

    def only(self, able: Able) -> None:
        """Ask from now on only what can be answered, such as what was recorded.

        Args:
            able: says of some questions which of them can be answered; :meth:`causalpp.oracles.Oracle.answerable`.
        """
        self._able = self._run.chooser.able = able

    # --- in a file --------------------------------------------------------------------------------------

    def save(self, path: str | Path | None = None, *, wait: float = 0.0) -> Path:
        """Write the session to a file, whole or not at all; it has that file from then on, and no other session can.

        Args:
            path: of the file; by default the one it has.
            wait: so many seconds for another session to let go of it.

        Raises:
            FormatError: the file cannot be written, or another session has it.
            InvalidParameter: there is no file yet, or a channel or policy of one's own, which no file can hold.
        """
        target = self.path if path is None else Path(path).resolve()
        if target is None:
            raise InvalidParameter("a session that has no file yet needs the path of one")
        values = {
            "format": _saved.FORMAT,
            "version": _saved.VERSION,
            "library": version("causalpp"),
            "settings": _saved.plain(self.settings),
            "told": _saved.plain(self._told),
            "stopped": self._stopped,
            "candidates": _saved.plain(self._candidates),
        }
        if target != self.path:
            lock = _saved.locked(target, wait)
            self.close()
            self.path, self._lock = target, lock
        return write_text(target, json.dumps(values) + "\n")

    @classmethod
    def load(cls, path: str | Path, *, on_step: Callable[[Step], None] | None = None, wait: float = 0.0) -> Self:
        """A session that was saved, where it was left; what was told is learned again, in the same order.

        Args:
            path: of the file, which the session has until it is closed or the process ends.
            on_step: called after every answer that is told from now on.
            wait: so many seconds for another session to let go of it.

        Raises:
            FormatError: there is no such file, it is no session, it was cut off or changed to what no session can be,
                another version wrote it, or another session has it.
        """
        target, session = Path(path).resolve(), cls.__new__(cls)
        lock = _saved.locked(target, wait)
        try:
            _saved.read(target, lambda values: session._resume(on_step, **values))
        except BaseException:
            lock.release()
            raise
        session.path, session._lock = target, lock
        return session

    def close(self) -> None:
        """Let go of the file; it stays as it was saved last."""
        if self._lock is not None:
            self._lock.release()
        self.path = self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        done = len(self._run.experiments)
        rows = f"{done} experiment{'s' if done > 1 else ''} told, " if done else ""
        return f"Session({len(self.answers)} answers told, {rows}{self._run.belief!r})"

    # --- behind it ---------------------------------------------------------------------------------------

    def _resume(
        self,
        on_step: Callable[[Step], None] | None,
        candidates: Candidates,
        settings: Settings,
        told: Sequence[tuple[bool, tuple[Answer, ...] | Rows]],
        stopped: str | None,
    ) -> None:
        if not isinstance(stopped, (str, type(None))):
            raise InvalidParameter(f"why it was stopped is a text, not {stopped!r}")
        self._begin(candidates, settings, on_step)
        self._told = list(told)
        self._again()
        self._stopped = stopped

    def _again(self) -> None:
        """Go through all that was told once more, from the beginning."""
        listed = self._run.diagnosis.listed
        self._run = Run(self._candidates, self.settings)
        self._run.chooser.able = self._able
        self._run.diagnosis.listed = listed
        for asked, told in self._told:
            if asked:
                self._run.ask()
            if isinstance(told, tuple):
                self._run.learn(told)
            else:
                pooled = self._posterior.with_rows(told.frame, told.targets, progress=False)
                self._run = self._run.with_posterior(pooled, told.named, len(told.targets))

    def _restore(self, run: Run, drawn: Any) -> None:
        self._run = run
        run.draw.bit_generator.state = drawn

    def _read(self, told: Sequence[Told], by: str, nature: str) -> tuple[Answer, ...]:
        """What was told as answers that say who gave them."""
        requests = iter(self._run.requests(by))
        given = []
        for one in told:
            if not isinstance(one, Answer):
                if not _plain(one):
                    raise InvalidParameter(f"an answer is an Answer, or True, False or None, not {one!r:.100}")
                request = next(requests, None)
                if request is None:
                    raise InvalidParameter("a plain yes or no is to a question that was asked: ask() first")
                one = Answer(request.question, one, request.replicate, call=request.call)
            if not _plain(one.value) or not isinstance(one.question, Proposition):
                raise InvalidParameter(f"an answer is True, False or None to a proposition, not {one!r:.100}")
            for name in one.question.variables:
                if name not in self._run.belief.nodes:
                    raise UnknownVariable(name, self._run.belief.nodes)
            value = None if one.value is None else bool(one.value)
            given.append(replace(one, value=value, oracle=one.oracle or by, nature=one.nature or nature))
        return tuple(given)


def _plain(value: object) -> bool:
    """Whether it is yes, no or nothing, as Python, NumPy or torch says it."""
    said = value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value
    return said is None or isinstance(said, bool)
