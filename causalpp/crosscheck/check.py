"""What every cross-check returns: whether the claim stood, how surely, and the words for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from causalpp._plain import Plain
from causalpp._renamed import old_attribute
from causalpp.errors import InvalidParameter

__all__ = ["Check", "Verification", "check_level", "holm"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Check(Plain, ABC):
    """One cross-check.

    Attributes:
        level: the rate at which a claim that is right fails.
        p_value: how probable findings as bad as these are if the claim is right; None if nothing could be tested.
    """

    against: ClassVar[str] = ""
    level: float
    p_value: float | None

    @property
    @abstractmethod
    def sentences(self) -> tuple[str, ...]:
        """What was found, a sentence each."""

    @property
    def passed(self) -> bool | None:
        """Whether the claim stood; None if nothing could be tested."""
        return None if self.p_value is None else self.p_value >= self.level

    @property
    def conclusion(self) -> str:
        """``"passed"``, ``"failed"`` or ``"not tested"``, with the p-value."""
        if self.p_value is None:
            return "not tested"
        return f"{'passed' if self.passed else 'failed'} (p = {self.p_value:.2g}, level {self.level:g})"

    verdict = old_attribute("conclusion")

    @property
    def heading(self) -> str:
        """Of its section on a page."""
        return f"Checked against {self.against}"

    def __repr__(self) -> str:
        return f"{self.heading}: {self.conclusion};\n  " + ";\n  ".join(self.sentences)

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.sentences)
        return f"<div><p><strong>{escape(self.conclusion)}</strong></p><ul>{said}</ul></div>"

    def to_dict(self) -> dict[str, Any]:
        """The check as plain values."""
        return {
            "against": self.against,
            "passed": self.passed,
            "p_value": self.p_value,
            "level": self.level,
            "sentences": list(self.sentences),
            **self._details(),
        }

    def _details(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, repr=False)
class Verification(Plain):
    """Several cross-checks of one result; :func:`causalpp.verify` makes it.

    Attributes:
        checks: one after the other.
    """

    checks: tuple[Check, ...]
    heading: ClassVar[str] = "Cross-checks"

    @property
    def passed(self) -> bool | None:
        """Whether no check failed; None if nothing could be tested."""
        tested = [check.passed for check in self.checks if check.passed is not None]
        return all(tested) if tested else None

    def __iter__(self) -> Iterator[Check]:
        return iter(self.checks)

    def __len__(self) -> int:
        return len(self.checks)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.checks))

    def _repr_html_(self) -> str:
        return "".join(f"<h3>{escape(check.heading)}</h3>{check._repr_html_()}" for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """All checks as plain values."""
        return {"passed": self.passed, "checks": [check.to_dict() for check in self.checks]}


def check_level(level: float) -> float:
    """The level, if it is one.

    Raises:
        InvalidParameter: it does not lie strictly between 0 and 1.
    """
    if not 0 < level < 1:
        raise InvalidParameter(f"the level of a check lies strictly between 0 and 1, got {level}")
    return level


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """p-values corrected for being several (Holm, Scandinavian Journal of Statistics 6, 1979).

    If all hypotheses are right, the smallest of these falls below α with probability α at most, however the
    tests depend on each other.

    >>> holm(np.array([0.01, 0.5, 0.02])).round(3).tolist()
    [0.03, 0.5, 0.04]
    """
    order = np.argsort(p)
    stepped = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    out = np.empty(len(p))
    out[order] = np.minimum(1.0, stepped)
    return out
