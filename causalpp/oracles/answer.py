"""What an oracle says: an answer to one proposition, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from causalpp.propositions import Proposition

__all__ = ["Answer"]


@dataclass(frozen=True)
class Answer:
    """One answer to one question.

    Attributes:
        question: the proposition asked about.
        value: True for yes, False for no, None for an abstention.
        replicate: how often this oracle had been asked this question before (0 the first time).
        oracle: the fingerprint of who answered.
        log_odds: log P(yes)/P(no) where the oracle has it.
    """

    question: Proposition
    value: bool | None
    replicate: int = 0
    oracle: str = ""
    log_odds: float | None = None

    @property
    def word(self) -> str:
        """The answer as a word: yes, no or abstain."""
        return {True: "yes", False: "no", None: "abstain"}[self.value]

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values."""
        return {
            "question": self.question.to_dict(),
            "answer": self.word,
            "replicate": self.replicate,
            "oracle": self.oracle,
            "log_odds": self.log_odds,
        }
