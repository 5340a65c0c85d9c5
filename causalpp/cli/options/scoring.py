"""What rows are scored by, on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from causalpp.cli.options._grouped import option
from causalpp.errors import InvalidParameter

__all__ = ["Missing", "Score", "Scoring"]


class Score(StrEnum):
    """What rows are scored by."""

    auto = "auto"
    bdeu = "bdeu"
    bge = "bge"
    bic = "bic"
    cg = "cg"


class Missing(StrEnum):
    """What becomes of missing values."""

    complete = "complete"
    impute = "impute"


@dataclass(frozen=True)
class Scoring:
    """A score and its hyperparameters."""

    score: Score = option(
        "--score",
        "What rows are scored by: bdeu for states, bge for numbers, bic or cg (conditional Gaussian) for both.",
        default=Score.auto,
    )
    missing: Missing = option(
        "--missing",
        "Of a score: take complete rows only, or draw missing values given those that are there (impute).",
        default=Missing.complete,
    )
    hyperparameter: list[str] | None = option(
        "--hyperparameter",
        "Of the score (repeatable): 'equivalent_sample_size=10', 'alpha_mu=1', 'alpha_w=20', 't=0.5', "
        "'penalty_discount=2'.",
    )

    @property
    def hyperparameters(self) -> dict[str, float]:
        """Name → number.

        Raises:
            InvalidParameter: what is no name with a number, or a name twice.
        """
        out: dict[str, float] = {}
        for text in self.hyperparameter or ():
            name, _, value = (part.strip() for part in text.partition("="))
            try:
                number = float(value)
            except ValueError:
                raise InvalidParameter(
                    f"--hyperparameter is a name and a number, as 'alpha_mu=1', got {text!r}"
                ) from None
            if name in out:
                raise InvalidParameter(f"--hyperparameter {name} is said twice")
            out[name] = number
        return out
