"""What a run of :func:`causalpp.discover` leaves: the graph, the belief, and how it came about."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from causalpp.belief import Belief
from causalpp.design import question_bound
from causalpp.graphs import Dag
from causalpp.oracles import Answer
from causalpp.propositions import Proposition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["INTERRUPTED", "Result", "Step"]

INTERRUPTED = "the run was interrupted"


@dataclass(frozen=True)
class Step:
    """One round of a run.

    Attributes:
        number: of the round, from 1.
        answer: with its question.
        expected: bits about the graph the answer was expected to give.
        gained: bits by which it narrowed the belief; negative where an answer came as a surprise.
        leaders: the most probable graphs after the answer, with their probabilities.
    """

    number: int
    answer: Answer
    expected: float
    gained: float
    leaders: tuple[tuple[Dag, float], ...]

    @property
    def confidence(self) -> float:
        """The probability of the leading graph after the answer."""
        return self.leaders[0][1]

    def to_dict(self) -> dict[str, Any]:
        """The round as plain values."""
        return {
            "number": self.number,
            **self.answer.to_dict(),
            "sentence": self.answer.question.question(),
            "expected_bits": self.expected,
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
        oracle_kind: who answered: ``"simulated"``, ``"language model"``, ``"experiment"`` or ``"human"``.
        goal: the proposition that was to be settled, if any.
    """

    belief: Belief
    transcript: tuple[Step, ...]
    stopped_because: str
    target: float
    distinct: int
    oracle_kind: str
    goal: Proposition | None = None

    @property
    def interrupted(self) -> bool:
        """Whether the run was ended from the keyboard."""
        return self.stopped_because == INTERRUPTED

    @property
    def graph(self) -> Dag:
        """The most probable graph."""
        return self.belief.graph

    @cached_property
    def path(self) -> list[float]:
        """The confidence before the first question and after each answer."""
        start = float(self.belief.log_prior.softmax(0).max()) * (1 - self.belief.doubt)
        return [start, *(step.confidence for step in self.transcript)]

    def bound(self, error: float | None = None) -> float:
        """The least number of questions any method needs on average at this confidence.

        See :func:`causalpp.design.question_bound`.

        Args:
            error: the oracle's symmetric error rate; by default the learned one.
        """
        if error is None:
            error = min(0.5, max(0.0, self.belief.reliability.error))
        return question_bound(self.distinct, error, 1 - self.target)

    @property
    def oracle_named(self) -> str:
        """Who answered, as a sentence says it: ``"a simulated oracle"``, ``"an experiment oracle"``."""
        return f"{'an' if self.oracle_kind[:1] in 'aeiou' else 'a'} {self.oracle_kind} oracle"

    def __repr__(self) -> str:
        return (
            f"Result({self.graph!r}\n"
            f"  confidence {self.belief.confidence:.3f} after {len(self.transcript)} questions "
            f"to {self.oracle_named}; {self.stopped_because};\n"
            f"  {self.belief.reliability!r})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{s.number}</td><td>{html.escape(s.answer.question.question())}</td><td>{s.answer.word}</td>"
            f"<td>{s.gained:+.2f}</td><td>{s.confidence:.2f}</td></tr>"
            for s in self.transcript
        )
        return (
            f"<div>{self.graph.svg()}<p>Confidence {self.belief.confidence:.3f} after {len(self.transcript)} questions "
            f"to {html.escape(self.oracle_named)}: {html.escape(self.stopped_because)}.</p>"
            f"<table><tr><th></th><th>question</th><th>answer</th><th>bits</th><th>confidence</th></tr>{rows}</table></div>"
        )

    def to_dict(self) -> dict[str, Any]:
        """The whole run as plain values."""
        return {
            "format": "causalpp.result",
            "version": 1,
            "oracle": self.oracle_kind,
            "graph": {"nodes": list(self.graph.nodes), "edges": [list(edge) for edge in self.graph.edges]},
            "stopped_because": self.stopped_because,
            "target_confidence": self.target,
            "goal": None
            if self.goal is None
            else {"question": self.goal.to_dict(), "probability": self.belief.probability(self.goal)},
            "questions": len(self.transcript),
            "question_bound": _finite(self.bound()),
            "belief": self.belief.to_dict(),
            "transcript": [step.to_dict() for step in self.transcript],
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def plot(self, labels: Mapping[str, str] | None = None) -> Figure:
        """Four panels: the graph with edge probabilities, the confidence, the bits, and the oracle's reliability.

        Args:
            labels: variable → the name to show.
        """
        from causalpp.acbo.drawing import result_figure

        return result_figure(self, labels or {})


def _finite(value: float) -> float | None:
    return value if value < float("inf") else None
