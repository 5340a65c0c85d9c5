"""Asking an oracle what is known already, in worlds whose answers are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from causalpp.crosscheck.calibration import Calibration, counted
from causalpp.crosscheck.worlds import Source, World, chosen, decided, make_worlds, with_premises
from causalpp.errors import InvalidParameter, OracleError
from causalpp.oracles import Answer, LanguageModelOracle, Oracle
from causalpp.oracles.noise import path_length
from causalpp.propositions import Proposition

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["calibrate", "maker"]


def calibrate(
    oracle: Oracle | Callable[[World], Oracle],
    worlds: int | Source | Iterable[Source] = 200,
    variables: int | Iterable[int] = range(4, 13),
    *,
    kinds: Sequence[str | type[Proposition]] = ("Causes",),
    questions: int = 10,
    repeats: int = 3,
    conditioning: int = 1,
    expected_degree: float = 2.0,
    level: float = 0.95,
    seed: int = 0,
) -> Calibration:
    """Ask an oracle questions whose answers are known, and report how reliable it is.

    In every world it is asked so many questions of every kind, half of them true where there are enough, each so
    many times.  The oracle is given as a function that makes one for a world; an oracle that can be pointed at
    another graph (one with a method ``about(dag, description, seed)``, as a simulated one has) may be given
    itself; any other oracle knows one world, which has to be named:

    * ``calibrate(lambda world: SimulatedOracle(world.dag, noise.Symmetric(0.1), world.seed))``
    * ``calibrate(lambda world: LanguageModelOracle.openai(model, context=world.description), worlds=["asia"])``
    * ``calibrate(ExperimentOracle(load_network("asia")), worlds=["asia"])``

    A language model can know of a random world only what it is told.  Given itself, it is told the world's
    premise, everything that is and is not independent, and asked only what the premise decides.  Worlds whose premise
    is too long for a prompt (most from eight variables on) are left out; :attr:`Calibration.skipped` counts them.
    Given as a function, it is told what the function tells it, and asked everything.

    Answers that are none because something failed (a server that timed out, a question a person skipped) are left
    out of all rates and counted in :attr:`Calibration.failures`.

    Args:
        oracle: who is asked.
        worlds: how many random worlds; or the worlds themselves: names of shipped networks, graphs and files of graphs,
            edges that are known, or :class:`World` objects; see :meth:`World.of`.
        variables: the sizes of random worlds, taken in turn.
        kinds: of the questions.
        questions: how many of each kind in each world.
        repeats: how often each is asked.
        conditioning: largest number of variables held fixed or given, in kinds that have them.
        expected_degree: of the variables in random worlds.
        level: of all intervals.
        seed: of worlds and questions.

    Raises:
        InvalidParameter: an argument out of range; an oracle that knows only one world and is to be
            asked about random ones; no random world with a premise that fits into a prompt.
        OracleError: the oracle cannot be asked, or nothing but failures came back.
        UnknownNetwork: no shipped network of that name.

    Example:
        >>> from causalpp import Dag, SimulatedOracle, noise
        >>> oracle = SimulatedOracle(Dag([]), noise.Asymmetric(0.8, 0.95))
        >>> calibrate(oracle, worlds=50, seed=1)
        Calibration(1,488 answers to 496 questions in 50 worlds)
    """
    if questions < 1 or repeats < 1:
        raise InvalidParameter(f"at least one question is asked once, not {questions} questions {repeats} times")
    if not 0 < level < 1:
        raise InvalidParameter(f"the level of an interval lies strictly between 0 and 1, got {level}")
    if seed < 0:
        raise InvalidParameter(f"a seed is a whole number from 0 on, got {seed}")
    make = maker(oracle, isinstance(worlds, int))
    made = make_worlds(worlds, variables, expected_degree, seed)
    told = isinstance(worlds, int) and _needs_premise(oracle)
    skipped = 0
    if told:
        fitting = with_premises(made)
        skipped, made = len(made) - len(fitting), fitting
        if not made:
            raise InvalidParameter(
                "no premise of these random worlds fits into a prompt, and without one a language model cannot know "
                "anything of them: use fewer variables=, or worlds with names, such as worlds=['asia']"
            )
    rows: list[dict[str, Any]] = []
    asked_kinds: set[str] = set()
    failures: Counter[str] = Counter()
    for number, world in enumerate(made):
        asked = make(world)
        asked_kinds.add(asked.nature)
        known = dict(chosen(world, kinds, questions, conditioning, *([decided(world)] if told else [])))
        lengths = {question: path_length(question, world.dag) for question in known}
        answers = asked.ask(list(known), repeats)
        failures.update(a.reason or "failed" for a in answers if a.failed)
        rows += [_row(number, world, known[a.question], lengths[a.question], a) for a in answers if not a.failed]
    if failures and not rows:
        raise OracleError(f"nothing but failures came back: {counted(failures)}")
    if not rows:
        raise InvalidParameter("the worlds have no questions of these kinds: give more variables or other kinds")
    return Calibration(_frame(rows), level, " and ".join(sorted(asked_kinds)), dict(failures), skipped)


def _row(number: int, world: World, truth: bool, length: int | None, answer: Answer) -> dict[str, Any]:
    return {
        "world": number,
        "name": world.name,
        "variables": len(world.dag),
        "kind": type(answer.question).__name__,
        "question": answer.question.sentence(),
        "path": length,
        "truth": truth,
        "answer": answer.word,
        "log_odds": answer.log_odds,
        "replicate": answer.replicate,
        "wording": answer.wording,
        "negated": answer.negated,
        "reason": answer.reason,
        "oracle": answer.oracle,
    }


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(rows)
    return frame.astype({"path": "Int64", "log_odds": "float64", "truth": bool, "negated": bool})


def maker(oracle: Oracle | Callable[[World], Oracle], random: bool) -> Callable[[World], Oracle]:
    """What makes an oracle for a world.

    Raises:
        InvalidParameter: neither an oracle nor a function; an oracle that knows only one world, and worlds are random.
    """
    if not isinstance(oracle, Oracle):
        if not callable(oracle):
            raise InvalidParameter(f"give an oracle, or a function that makes one for a world, not {oracle!r}")
        return oracle
    if isinstance(oracle, LanguageModelOracle):
        return lambda world: oracle.about(world.dag, world.context, world.seed)
    about = getattr(oracle, "about", None)
    if about is not None:
        return lambda world: about(world.dag, world.description, world.seed)
    if random:
        raise InvalidParameter(
            f"this {oracle.nature} oracle knows one world: name it, as in calibrate(oracle, worlds=['asia']), or give "
            "a function that makes an oracle for a world"
        )
    return lambda world: oracle  # noqa: ARG005


def _needs_premise(oracle: Oracle | Callable[[World], Oracle]) -> bool:
    """Whether an oracle that was given itself knows nothing of a random world without its premise.

    Raises:
        InvalidParameter: a language model that would not be told the premise.
    """
    if not isinstance(oracle, LanguageModelOracle):
        return False
    if oracle.anonymize:
        raise InvalidParameter(
            "random worlds have no names to replace, and with anonymize=True a premise is not told: leave it out, or "
            "name worlds, as in worlds=['asia']"
        )
    return True
