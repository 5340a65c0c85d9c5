"""A-CBO: choose the question that tells most, ask it, update, repeat (Roy & Parbhoo 2026, arXiv 2605.27567)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, Unpack

from causalpp.acbo._start import Candidates
from causalpp.acbo.config import AcboConfig, Keywords, with_settings
from causalpp.acbo.result import INTERRUPTED, SPENT, Result, Step
from causalpp.acbo.session import Session
from causalpp.belief import Agnostic, Potentials
from causalpp.design import Costs, Experiment
from causalpp.design.experiments import able
from causalpp.errors import BudgetSpent, InvalidParameter
from causalpp.oracles import Answer, ExperimentOracle, Oracle
from causalpp.oracles.panel import Asked
from causalpp.programs import CausalProgram

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Experiments", "discover", "discover_async", "drive", "drive_async"]

#: Who does experiments: an oracle that does, or a function of the variable to set and a number of rows.
Experiments: TypeAlias = "ExperimentOracle | Callable[[str, int], pd.DataFrame]"

_MOST = 20  # experiments
_LEAST = 0.05  # bits that one is to tell
_OLD = 5  # answers after which it is planned anew
NO_EXPERIMENT = "no experiment is left that is expected to tell the candidates apart"


@with_settings
def discover(
    candidates: Candidates,
    oracle: Oracle,
    *,
    on_step: Callable[[Step], None] | None = None,
    experiments: Experiments | None = None,
    costs: Costs | None = None,
    **settings: Unpack[Keywords],
) -> Result:
    """Ask an oracle one local question after the other until one graph is probable enough.

    Each round puts the question with the largest expected information about the graph, and about whether the
    oracle's answers have anything to do with the graph; among equals the one asked least often, then one drawn by
    the seed.  How reliable the oracle is, whether it answers the same when asked again, and whether it is in good
    faith is not assumed: it is learned with the graph.  So is whether the truth is among the candidates at all:
    graphs one edge away from them take part, as long as there are not too many.

    Args:
        candidates: the graphs that are possible: a class, a batch, or Dags over the same variables; or pairs of
            these with prior weights; or a :class:`~causalpp.DagPosterior`: every Dag with what the data say of it, so
            that data and answers stand in one posterior.
        oracle: who answers.
        confidence: stop when the most probable graph is this probable, and it is established (probability 0.95)
            that the answers have to do with the graph.
        max_questions: stop after so many; by default 200, or 25 for every bit of the number of candidates.  Where
            several are put in one call, it is the calls that count.  With :class:`~causalpp.belief.Potentials` a
            question about a pair counts as one, whatever number of prompts it takes, and a language
            model is asked about as many pairs as there are variables, unless it turns out that its answers are not
            mostly one number a variable.
        seed: of the choice among equally good questions.
        kinds: the kinds of question that may be asked, one or several; by default ``Causes`` (from a posterior given
            data ``DirectlyCauses`` as well), and when these are used
            up those of ``AcboConfig.further``; ``Direction`` with the channel
            :class:`~causalpp.belief.Potentials`.  ``"auto"`` chooses the smallest family that tells the candidates
            apart as well as larger ones do, and ``result.settings["kinds"]`` says which.
        conditioning: the most variables a question may hold fixed; see :func:`causalpp.all_questions`.
        goal: a proposition to settle; the run then asks about that, and stops when it is true or false with the
            ``confidence``, whatever else about the graph is left open; without a question where all candidates agree.
        channel: the noise model; by default :class:`~causalpp.belief.Agnostic`, and for a language model, unless kinds
            or a config with a channel, panels, a policy or joint questions are given,
            :class:`~causalpp.belief.Potentials`.
        config: all further settings, such as ``AcboConfig.published()``, or ``AcboConfig(panel=4)`` to put several
            questions in one call; ``channel`` goes before its own.
        limit: the largest class to list.  For a larger one the belief is an exact product over the chain components,
            if each of them can be listed and the questions allow it, and else an estimate by particles.
        on_step: called after every answer, for a progress display. A keyboard interrupt ends the run with the
            result so far.
        experiments: from a posterior given data: who can set variables, an :class:`~causalpp.ExperimentOracle`, or a
            function of a variable and a number of rows that gives a frame.  Each round then asks or experiments,
            whichever is expected to tell more of the graph for its cost, and does 20 experiments at most, also
            after the last question.  Where the oracle itself is an ``ExperimentOracle``, nothing is asked: its rows
            are learned as data.
        costs: of questions, experiments and rows; see :class:`causalpp.design.Costs`.
        knowledge: what is known of the edges; graphs that it rules out take no part, as candidates or beside them. What
            a class was learned or narrowed by is known without being said again.

    Returns:
        The graph, the belief, the transcript and why the run ended.

    Raises:
        TooLarge: the class has more members than ``limit`` and cannot be drawn from, or is one of several.
        InvalidParameter: a confidence outside (0, 1), a negative budget or seed, an unknown kind of question;
            experiments without a posterior that has kept its rows, or where nothing can be set at a finite cost.
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
    return drive(_session(candidates, oracle, on_step, settings), oracle, experiments=experiments, costs=costs)


@with_settings
async def discover_async(
    candidates: Candidates,
    oracle: Oracle,
    *,
    on_step: Callable[[Step], None] | None = None,
    experiments: Experiments | None = None,
    costs: Costs | None = None,
    **settings: Unpack[Keywords],
) -> Result:
    """:func:`discover` inside an event loop, which goes on while the oracle thinks.

    The questions, the experiments and the result are the same.  A run that is cancelled carries what it has in the
    attribute ``result`` of the ``CancelledError``.
    """
    session = _session(candidates, oracle, on_step, settings)
    return await drive_async(session, oracle, experiments=experiments, costs=costs)


def _session(
    candidates: Candidates, oracle: Oracle, on_step: Callable[[Step], None] | None, settings: Keywords
) -> Session:
    """A session as the oracle needs it: a language model's answers are graded, if nothing else is said."""
    config = settings.get("config")
    plain = config is None or (
        isinstance(config, AcboConfig)
        and config.channel == Agnostic()
        and config.panel is None
        and config.policy is None
        and not config.joint
    )
    free = plain and settings.get("channel") is None and settings.get("kinds") is None
    if free and oracle.nature == "language model":
        settings = {**settings, "channel": Potentials()}
    return Session(candidates, on_step=on_step, **settings)


def drive(
    session: Session, oracle: Oracle, *, experiments: Experiments | None = None, costs: Costs | None = None
) -> Result:
    """Put a session's questions to an oracle until it ends; one that has a file is saved after every answer.

    Where the session was told answers of this oracle before, in another process, the oracle goes on after them.

    Args:
        session: which begins, or goes on.
        oracle: who answers.
        experiments, costs: see :func:`discover`.
    """
    ask = _asking(session, oracle, experiments, costs)
    with _kept(session, oracle):
        while (asked := ask()) is not None:
            _learn(session, oracle, oracle.ask(asked, session.votes))
    return session.result()


async def drive_async(
    session: Session, oracle: Oracle, *, experiments: Experiments | None = None, costs: Costs | None = None
) -> Result:
    """:func:`drive` inside an event loop."""
    ask = _asking(session, oracle, experiments, costs)
    with _kept(session, oracle):
        while (asked := ask()) is not None:
            _learn(session, oracle, await oracle.ask_async(asked, session.votes))
    return session.result()


def _asking(
    session: Session, oracle: Oracle, experiments: Experiments | None, costs: Costs | None
) -> Callable[[], Asked | tuple[Asked, ...] | None]:
    """What gives the next question; where there are experiments, it does those that are worth more before it.

    Raises:
        InvalidParameter: experiments or costs that are none, a session that takes no rows, or nothing that can be set.
        UnknownVariable: a cost of somebody who is no variable.
    """
    how = Costs() if costs is None else costs
    if not isinstance(how, Costs):
        raise InvalidParameter(f"costs come as Costs(question=…, experiment=…, row=…), got {costs!r:.80}")
    alone = experiments is None and isinstance(oracle, ExperimentOracle) and session.takes_rows
    if alone:
        experiments = oracle  # type: ignore[assignment]  # seen to
    return session.ask if experiments is None else _Laboratory(session, experiments, how, asks=not alone).next


def _learn(session: Session, oracle: Oracle, answers: Iterable[Answer]) -> None:
    session.tell(answers, nature=oracle.nature)
    if session.path is not None:
        session.save()


@contextmanager
def _kept(session: Session, oracle: Oracle) -> Iterator[None]:
    """Whatever stops the asking, what has been learned is not lost."""
    session.nature, session.listed = oracle.nature, oracle.listed
    session.only(oracle.answerable)
    oracle.resume(session.answers)
    try:
        yield
    except KeyboardInterrupt:
        session.stop(INTERRUPTED)
    except BudgetSpent as error:
        _learn(session, oracle, error.answers)
        session.stop(f"{SPENT}: {error}")
    except BaseException as error:
        session.stop(f"the run failed: {type(error).__name__}")
        error.result = session.result()  # type: ignore[attr-defined]
        answers, done = len(error.result.transcript), len(error.result.experiments)  # type: ignore[attr-defined]
        lab = f" and {done} experiments" if done else ""
        error.add_note(f"the {answers} answers{lab} before it are in the attribute 'result' of this error")
        raise


class _Laboratory:
    """Experiments in a run, beside the questions or alone; the next one is planned when much has been learned."""

    def __init__(self, session: Session, source: Experiments, costs: Costs, *, asks: bool) -> None:
        if not isinstance(source, ExperimentOracle) and (isinstance(source, CausalProgram) or not callable(source)):
            raise InvalidParameter(
                "experiments are done by an ExperimentOracle (of a program, or of frames {target: frame}) or by a "
                f"function of a variable and a number of rows that gives a frame, not by {source!r:.80}"
            )
        if not session.takes_rows:
            raise InvalidParameter(
                "experiments are data: they go with a posterior that has kept its rows, DagPosterior.from_data(…) with "
                "a score by name, whose columns are all discrete or all real"
            )
        self.session, self.source, self.costs, self.asks = session, source, costs, asks
        self.able = able(session.belief.nodes, costs, source.targets if isinstance(source, ExperimentOracle) else None)
        self.done = 0
        self.spent: set[str] = set()  # targets whose rows were all told
        self.plan: Experiment | None = None
        self.age = _OLD

    def next(self) -> Asked | tuple[Asked, ...] | None:
        """The next question, after the experiments that tell more for their cost; None where the run is to end."""
        session = self.session
        while True:
            asked = session.ask() if self.asks else None
            if asked is None and (found := session.concluded) is not None:
                session.stop(found)
                return None
            best = self._planned()
            if asked is not None and (best is None or session.question_is_worth(best, self.costs)):
                self.age += 1
                return asked
            if best is None:
                if not self.asks:
                    session.stop(f"{_MOST} experiments were done" if self.done >= _MOST else NO_EXPERIMENT)
                return None
            self._do(best)

    def _planned(self) -> Experiment | None:
        """The best experiment; None where none tells enough, or there were enough of them."""
        if self.age >= _OLD or (self.plan is not None and self.plan.target in self.spent):
            free = [name for name in self.able if name not in self.spent]
            self.plan, self.age = None, 0
            if free and self.done < _MOST:
                found = self.session.propose_experiment(
                    self.costs, targets=free, seed=self.session.settings.seed + self.done
                )
                self.plan = found if found.bits >= _LEAST else None
        return self.plan

    def _do(self, best: Experiment) -> None:
        if isinstance(self.source, ExperimentOracle):
            rows = self.source.rows(best.target, best.rows, self.done)
            if not self.source.runs:
                self.spent.add(best.target)
        else:
            rows = self.source(best.target, best.rows)
        self.session.tell_experiment(rows, best.target)
        self.done, self.age = self.done + 1, _OLD
        if self.session.path is not None:
            self.session.save()
