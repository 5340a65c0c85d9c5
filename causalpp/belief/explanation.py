"""Which answers speak for one graph against another, and how strongly."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from causalpp.graphs import Dag
from causalpp.oracles import Answer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explanation", "Reason"]


@dataclass(frozen=True)
class Reason:
    """What one answer says about two graphs.

    Attributes:
        number: of the answer, from 1.
        question: as a sentence.
        answer: yes, no or abstain.
        in_a: the true answer in the first graph.
        in_b: the true answer in the second.
        bits: log₂ of how much more probable the answer is in the first graph, after the answers before it. Where the
            true answers agree it need not be 0: by then the graphs differ in how reliable the oracle was.
    """

    number: int
    question: str
    answer: str
    in_a: bool
    in_b: bool
    bits: float

    @classmethod
    def of(cls, number: int, answer: Answer, a: Dag, b: Dag, bits: float) -> Reason:
        """What an answer says, worth so many bits."""
        question = answer.question
        return cls(number, question.question(), answer.word, question.holds(a), question.holds(b), bits)


@dataclass(frozen=True)
class Explanation:
    """Why one graph is more probable than another: the log of their odds, answer by answer.

    Attributes:
        a, b: the graphs.
        prior_bits: log₂ of their odds before the answers.
        reasons: one for each answer, in their order.
    """

    a: Dag
    b: Dag
    prior_bits: float
    reasons: tuple[Reason, ...]

    @property
    def bits(self) -> float:
        """log₂ of the odds of the first graph against the second."""
        return self.prior_bits + sum(reason.bits for reason in self.reasons)

    @property
    def separating(self) -> tuple[Reason, ...]:
        """The answers to questions whose true answers differ, the weightiest first."""
        there = (reason for reason in self.reasons if reason.in_a != reason.in_b)
        return tuple(sorted(there, key=lambda reason: -abs(reason.bits)))

    def to_frame(self) -> pd.DataFrame:
        """One row an answer."""
        import pandas as pd

        columns = list(Reason.__dataclass_fields__)
        return pd.DataFrame([asdict(reason) for reason in self.reasons], columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "a": [list(edge) for edge in self.a.edges],
            "b": [list(edge) for edge in self.b.edges],
            "prior_bits": self.prior_bits,
            "bits": self.bits,
            "reasons": [asdict(reason) for reason in self.reasons],
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def __repr__(self) -> str:
        lines = [f"{self.bits:+.2f} bits for {self.a!r} against {self.b!r}"]
        lines += [f"  {r.bits:+.2f}  {r.number}. {r.question} {r.answer}" for r in self.separating[:8]]
        return "\n".join(lines)
