"""The scorers that ship: yes or no, a number, a text."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, ClassVar

from causalpp.errors import InvalidParameter
from causalpp.language.reading import read_label, read_number
from causalpp.tasks.items.item import SCORERS, Score, Scorer

__all__ = ["Exact", "Number", "YesNo"]


@dataclass(frozen=True)
class YesNo(Scorer):
    """Replies that say yes or no, read as :func:`~causalpp.language.reading.read_label` does.

    Example:
        >>> YesNo().read("**No.**"), YesNo().read("Yes and no.")
        (False, None)
    """

    name: ClassVar[str] = "yes-no"

    def read(self, text: str) -> bool | None:
        return read_label(text)[0]

    def write(self, value: Any) -> str:
        return "yes" if value else "no"


@dataclass(frozen=True)
class Number(Scorer):
    """Replies that state a number, read as :func:`~causalpp.language.reading.read_number` does.

    Attributes:
        tolerance: how far it may be from the right one.
        relative: whether as a share of the right one.
        key: the number stands under this key of the last JSON object of the reply, whatever the case of its
            letters; by default it is the last number of the text.

    Raises:
        InvalidParameter: a negative tolerance.

    Example:
        >>> Number().read("So P = 0.25."), Number(key="PROB").read('3 cases: {"ANSWER": "yes", "PROB": "0.3"}')
        (0.25, 0.3)
        >>> Number(0.1, relative=True).compare(105.0, 100.0).value, Number(0.1).compare(0.5, 0.3).reason
        (1.0, 'off by 0.2')
    """

    name: ClassVar[str] = "number"
    tolerance: float = 5e-4
    relative: bool = False
    key: str = ""

    def __post_init__(self) -> None:
        if not self.tolerance >= 0:
            raise InvalidParameter(f"a tolerance is not negative, got {self.tolerance}")

    def read(self, text: str) -> float | None:
        return read_number(text, self.key)[0]

    def write(self, value: Any) -> str:
        return json.dumps({self.key: value}) if self.key else str(value)

    def compare(self, said: Any, right: Any) -> Score:
        if isinstance(said, bool) or not isinstance(said, (int, float)):
            return Score(0.0, said, "no number")
        off = abs(float(said) - float(right))
        most = self.tolerance * (abs(float(right)) if self.relative else 1.0)
        fits = off <= most or math.isclose(off, most)
        return Score(float(fits), said, "" if fits else f"off by {off:.3g}")


@dataclass(frozen=True)
class Exact(Scorer):
    r"""Replies that have to be the right text, but for blanks at their ends and the case of letters.

    Example:
        >>> Exact().compare(Exact().read(" smoke \n"), "Smoke").outcome
        'right'
    """

    name: ClassVar[str] = "exact"

    def read(self, text: str) -> str | None:
        return text.strip() or None

    def write(self, value: Any) -> str:
        return str(value)

    def compare(self, said: Any, right: Any) -> Score:
        same = str(said).strip().casefold() == str(right).strip().casefold()
        return Score(float(same), said, "" if same else "another text")


for _kind in (YesNo, Number, Exact):
    SCORERS.add(_kind.name, _kind)
