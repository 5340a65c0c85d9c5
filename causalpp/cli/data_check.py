"""Whether the graph of a run fits the data that its class was learned from: the check that goes with every such run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from causalpp.acbo import Result
from causalpp.crosscheck import Check, check_data
from causalpp.errors import CausalppError
from causalpp.graphs import Dag

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NotChecked", "checked", "told"]


@dataclass(frozen=True)
class NotChecked:
    """A check that could not be done, said in its place."""

    reason: str
    against = "data"
    passed = None
    heading = "Checked against data"

    @property
    def conclusion(self) -> str:
        return f"not possible: {self.reason}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.conclusion)}</p>"

    def to_dict(self) -> dict[str, Any]:
        """As :meth:`Check.to_dict`."""
        return {"against": self.against, "passed": None, "reason": self.reason}


def checked(claim: Result | Dag, frame: pd.DataFrame, kinds: Mapping[str, str] | None = None) -> Check | NotChecked:
    """The independencies that the most probable graph implies, tested on the rows; never at the cost of the run."""
    try:
        return check_data(claim, frame, kinds=kinds)
    except CausalppError as error:
        return NotChecked(str(error))


def told(check: Check | NotChecked) -> list[tuple[str, str]]:
    """What to print of it: the conclusion, and what it was about."""
    found = list(check.sentences) if isinstance(check, Check) else []
    return [("against the data", check.conclusion), *(("", sentence) for sentence in found)]
