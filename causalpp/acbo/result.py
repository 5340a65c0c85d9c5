"""What a run of :func:`causalpp.discover` leaves: the graph, the belief, and how it came about."""

from __future__ import annotations

import html
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from causalpp._files import check_target, write_text
from causalpp._renamed import old_attribute
from causalpp.acbo import _afterwards
from causalpp.acbo._afterwards import Replay, replay
from causalpp.acbo.stopping import anchors
from causalpp.belief import AnyBelief
from causalpp.design import question_bound
from causalpp.effects import AveragedEffect, average
from causalpp.equivalence import MarkovEquivalenceClass, verification_number
from causalpp.graphs import Dag, GraphDistance, Mpdag
from causalpp.oracles import Answer
from causalpp.programs import Contrast, ate
from causalpp.propositions import Proposition

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["INTERRUPTED", "SPENT", "UNFINISHED", "ExperimentStep", "Result", "Step"]

INTERRUPTED = "the run was interrupted"
#: How the reason begins where an oracle's own budget did not reach.
SPENT = "the oracle's budget is spent"
UNFINISHED = "the session goes on"


@dataclass(frozen=True)
class Step:
    """One round of a run.

    Attributes:
        number: of the round, from 1.
        answer: with its question.
        expected: bits about the graph the answer was expected to give.
        gained: bits by which it narrowed the belief; negative where an answer came as a surprise.
        leaders: the most probable graphs after the answer, with their probabilities.
        call: the number of the call that the answer came in, from 1.
    """

    number: int
    answer: Answer
    expected: float
    gained: float
    leaders: tuple[tuple[Dag, float], ...]
    call: int = 0

    @property
    def confidence(self) -> float:
        """The probability of the leading graph after the answer."""
        return self.leaders[0][1]

    def to_dict(self) -> dict[str, Any]:
        """The round as plain values."""
        return {
            "number": self.number,
            "call_number": self.call,
            **self.answer.to_dict(),
            "sentence": self.answer.question.question(),
            "expected_bits": self.expected,
            "gained_bits": self.gained,
            "confidence": self.confidence,
        }


@dataclass(frozen=True)
class ExperimentStep:
    """An experiment whose rows were learned: interventional data, no answers.

    Attributes:
        number: of the experiment, from 1.
        after: how many answers there were before it.
        target: who was set.
        rows: how many rows there are.
        gained: bits by which they narrowed the belief; negative where they came as a surprise.
        leaders: the most probable graphs after it, with their probabilities.
    """

    number: int
    after: int
    target: str
    rows: int
    gained: float
    leaders: tuple[tuple[Dag, float], ...]

    @property
    def confidence(self) -> float:
        """The probability of the leading graph after it."""
        return self.leaders[0][1]

    def to_dict(self) -> dict[str, Any]:
        """The experiment as plain values."""
        return {
            "number": self.number,
            "nature": "interventional data",
            "after_answers": self.after,
            "target": self.target,
            "rows": self.rows,
            "gained_bits": self.gained,
            "confidence": self.confidence,
        }


@dataclass(frozen=True, repr=False)
class Result:
    """The outcome of a run.

    Attributes:
        belief: the posterior at the end.
        transcript: the rounds in order.
        stopped_because: why the run ended, in words.
        target: the confidence asked for.
        distinct: how many candidates the questions can tell apart.
        oracle_nature: who answered: ``"simulated"``, ``"language model"``, ``"experiment"`` or ``"human"``; where there
            were several, all of them, joined by *and*; :attr:`natures` tells them apart.
        goal: the proposition that was to be settled, if any.
        start: the belief before the first answer; None where it was not kept.
        settings: what the run was done with, as plain values: seed, channel, kinds of question, ….
        prior_entropy: bits of what the questions can tell apart, before the first answer; None where it is all equally
            probable.
        given: what every probability of the run takes for granted, in words: the class, or the candidates.  Whether
            that is right is another matter; where it was learned from data, see :func:`causalpp.check_data`.
        informed: whether it is established how the answers have to do with the graph; the oracle's reliability, and the
            :meth:`bound` that follows from it, say little before that.
        experiments: whose rows were learned beside the answers, in order.
    """

    belief: AnyBelief
    transcript: tuple[Step, ...]
    stopped_because: str
    target: float
    distinct: int
    oracle_nature: str
    goal: Proposition | None = None
    start: AnyBelief | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    prior_entropy: float | None = None
    given: str = "the candidates"
    informed: bool = True
    experiments: tuple[ExperimentStep, ...] = ()

    oracle_kind = old_attribute("oracle_nature")

    @property
    def natures(self) -> dict[str, int]:
        """How many of the answers are of each nature: what a model says is no experiment, and no person's judgement."""
        return dict(Counter(step.answer.nature or self.oracle_nature for step in self.transcript))

    @property
    def interrupted(self) -> bool:
        """Whether the run was ended from the keyboard."""
        return self.stopped_because == INTERRUPTED

    @property
    def graph(self) -> Dag:
        """The most probable graph."""
        return self.belief.graph

    def distance(self, truth: Dag | Mpdag) -> GraphDistance:
        """How far the most probable graph is from the truth: SHD, SID and the adjustment distances."""
        return self.graph.distance(truth)

    @property
    def calls(self) -> int:
        """How often the oracle was called: fewer times than it answered, where several questions were put in one."""
        return self.transcript[-1].call if self.transcript else 0

    @property
    def prompts(self) -> int:
        """How many prompts the answers took: a graded answer is made of several."""
        return sum(step.answer.prompts for step in self.transcript)

    @cached_property
    def anchors(self) -> int | None:
        """How many pairs have a direction that all candidates share, by which graded answers are checked.

        None where answers are not graded.  With no such pair, trust in the oracle is that of the channel's prior alone.
        """
        return anchors(self.belief) if self.belief.channel.reads_levels and self.belief.shares else None

    @cached_property
    def verification_number(self) -> int:
        """How many experiments on single variables it takes at least to prove :attr:`graph` within its class.

        The reference for ``AcboConfig(panel="all")`` with an oracle that never errs; one that may err needs more.  See
        :func:`causalpp.equivalence.verification_number`.

        Raises:
            InvalidGraph: the graph has latent variables.
        """
        return verification_number(self.graph)

    @cached_property
    def class_(self) -> MarkovEquivalenceClass:
        """The equivalence class the graph was looked for in: what observation says, before any answer.

        Where the candidates are all the members of one class, with or without background knowledge, it is that class;
        where they are something else, the Markov equivalence class of :attr:`graph`.
        """
        found = self.belief.class_
        return _afterwards.class_of(self.belief.candidates, self.graph) if found is None else found

    @cached_property
    def remaining(self) -> MarkovEquivalenceClass:
        """What is left of :attr:`class_` after the answers.

        Its members that agree with the directions that are settled: the longest list of directions, the most
        probable ones first, that hold together with the probability asked for, ``target``.
        """
        return _afterwards.narrowed(self.class_, self.belief, self.target)

    @cached_property
    def _replay(self) -> Replay | None:
        """The run followed again, where its first belief was kept."""
        if self.start is None:
            return None
        listed = self.start.listed  # draws from a larger class seldom hold one graph twice
        graphs = [dag for dag, _ in self.belief.top(3)] if listed else []
        return replay(self.start, self.belief.answers, graphs, self.goal)

    @cached_property
    def path(self) -> list[float]:
        """The confidence before the first question and after each answer."""
        return [self.belief.prior_confidence, *(step.confidence for step in self.transcript)]

    def bound(self, error: float | None = None) -> float:
        """The least number of questions any method needs on average at this confidence.

        To find the graph, or to settle the goal where there is one; see :func:`causalpp.design.question_bound`.  At the
        learned error rate it says little while the run is not :attr:`informed`, and is not shown.

        Args:
            error: the oracle's symmetric error rate; by default the learned one.  What is always reversed says as much
                as what is always right, so that a liar's error counts as what is left to one.
        """
        if error is None:
            learned = min(1.0, max(0.0, self.belief.reliability.error))
            error = min(learned, 1 - learned)
        if self.goal is None:
            return question_bound(self.distinct, error, 1 - self.target, prior_entropy=self.prior_entropy)
        p = 0.5 if self.start is None else self.start.probability(self.goal)
        even = math.isclose(p, 0.5, abs_tol=1e-9)
        return question_bound(2, error, 1 - self.target, prior_entropy=None if even else _entropy(p))

    @property
    def oracle_named(self) -> str:
        """Who answered, as a sentence says it: ``"a simulated oracle"``, ``"a human and a language model oracle"``."""
        natures = self.oracle_nature.split(" and ")
        return " and ".join(f"{'an' if one[:1] in 'aeiou' else 'a'} {one}" for one in natures) + " oracle"

    @property
    def _effort(self) -> str:
        """How much was asked, as a sentence says it."""
        questions = f"{len(self.transcript)} questions"
        if self.prompts > len(self.transcript):
            questions += f" ({self.prompts} prompts)"
        return questions if self.calls == len(self.transcript) else f"{questions} in {self.calls} calls"

    @property
    def asked(self) -> str:
        """How much was asked of whom, and how many experiments were done, as a sentence says it."""
        done = self.experiments
        rows = sum(step.rows for step in done)
        told = f"{len(done)} experiment{'s' if len(done) > 1 else ''} (interventional data, {rows:,} rows)"
        if not self.transcript and done:
            return told
        return f"{self._effort} to {self.oracle_named}" + (f" and {told}" if done else "")

    def __repr__(self) -> str:
        return (
            f"Result({self.graph!r}\n"
            f"  confidence {self.belief.confidence:.3f}, given {self.given}, after {self.asked}; "
            f"{self.stopped_because};\n"
            f"  {self.belief.reliability!r})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{s.number}</td><td>{html.escape(s.answer.question.question())}</td><td>{s.answer.word}</td>"
            f"<td>{s.gained:+.2f}</td><td>{s.confidence:.2f}</td></tr>"
            for s in self.transcript
        )
        return (
            f"<div>{self.graph.svg()}<p>Confidence {self.belief.confidence:.3f}, given "
            f"{html.escape(self.given)}, after {html.escape(self.asked)}: {html.escape(self.stopped_because)}.</p>"
            f"<table><tr><th></th><th>question</th><th>answer</th><th>bits</th><th>confidence</th></tr>{rows}</table></div>"
        )

    def to_dict(self) -> dict[str, Any]:
        """The whole run as plain values."""
        return {
            "format": "causalpp.result",
            "version": 1,
            "oracle": self.oracle_nature,
            "natures": self.natures,
            "graph": {"nodes": list(self.graph.nodes), "edges": [list(edge) for edge in self.graph.edges]},
            "stopped_because": self.stopped_because,
            "given": self.given,
            "target_confidence": self.target,
            "goal": None
            if self.goal is None
            else {"question": self.goal.to_dict(), "probability": self.belief.probability(self.goal)},
            "questions": len(self.transcript),
            "calls": self.calls,
            "prompts": self.prompts,
            "question_bound": _finite(self.bound()) if self.informed else None,
            "settings": dict(self.settings),
            "class": _class(self.class_),
            "remaining": _class(self.remaining),
            "belief": self.belief.to_dict(),
            "transcript": [step.to_dict() for step in self.transcript],
            "experiments": [step.to_dict() for step in self.experiments],
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def average(
        self,
        estimand: Callable[..., Any] = ate,
        contrast: Contrast | None = None,
        *,
        data: pd.DataFrame,
        **options: Any,
    ) -> AveragedEffect:
        """A causal quantity under every surviving graph; see :func:`causalpp.effects.average`.

        Its interval carries both kinds of uncertainty: about the graph, and about its parameters, which finitely many
        rows leave open.

        Args:
            estimand: :func:`causalpp.ate`, ``cde``, ``att``, ``nde``, ``nie`` or another of this form.
            contrast: what is compared; or its words: ``treatment=``, ``outcome=`` and the values.
            data: a frame with a column for every variable.
            options: what is said there (``kinds=``, ``mass=``, ``draws=``, ``negligible=``, ``seed=``), and what else
                the estimand takes, such as ``mediator=``.

        Raises:
            NotIdentified, UnknownVariable, InvalidData, InvalidParameter, TooLarge: see there.

        Warns:
            ImpreciseWarning: the rows hardly cover the tables of the most probable graph.

        Example:
            >>> import causalpp as cpp
            >>> asia = cpp.load_network("asia")
            >>> mec = cpp.MarkovEquivalenceClass.from_dag(asia.dag)
            >>> result = cpp.discover(mec, cpp.SimulatedOracle(asia.dag, cpp.noise.Symmetric(0.1), seed=1), seed=1)
            >>> frame = asia.simulate(5000, seed=2)
            >>> effect = result.average(cpp.ate, cpp.Contrast("smoke", "dysp"), data=frame)
            >>> effect.title
            'Effect of smoke (yes against no) on P(dysp = yes)'
            >>> low, high = effect.interval()
            >>> effect.given
            'the class of 6 graphs'
            >>> low < cpp.ate(asia, "smoke", "dysp").value < high
            True
        """
        found = average(self.belief, estimand, contrast, data=data, **options)
        return replace(found, given=self.given)

    def plot(self, labels: Mapping[str, str] | None = None) -> Figure:
        """Four panels: the edges' probabilities, the posterior over rounds, bits and bound, the oracle's reliability.

        Args:
            labels: variable → the name to show.
        """
        from causalpp.acbo.drawing import result_figure

        return result_figure(self, labels or {})

    def report(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        title: str | None = None,
        labels: Mapping[str, str] | None = None,
        further: Iterable[Any] = (),
    ) -> str:
        """The run as one self-contained page: HTML with its figures inside, nothing that is fetched from elsewhere.

        Args:
            path: the file to write, whole or not at all; left out, nothing is written.
            title: the heading.
            labels: variable → the name to show in the drawing of the graph.
            further: what to add: averaged effects, cross-checks, anything with a ``_repr_html_``, which is put into
                the page as it is.  The verdict of a cross-check such as ``causalpp.check_data(result, frame)`` stands
                at the top as well, beside the probability that it may speak against.

        Returns:
            The page.

        Raises:
            FormatError: the file cannot be written.
            InvalidParameter: something in ``further`` that has no ``_repr_html_``.
        """
        from causalpp.acbo.report import page

        check_target(path)
        text = page(self, title, labels or {}, tuple(further))
        if path is not None:
            write_text(path, text)
        return text


def _class(found: MarkovEquivalenceClass) -> dict[str, Any]:
    return {
        "size": _afterwards.size(found),
        "directed": [list(edge) for edge in found.cpdag.directed],
        "undirected": [list(edge) for edge in found.cpdag.undirected],
    }


def _entropy(p: float) -> float:
    """Of yes or no, in bits."""
    return -sum(q * math.log2(q) for q in (p, 1 - p) if q > 0)


def _finite(value: float) -> float | None:
    return value if value < float("inf") else None
