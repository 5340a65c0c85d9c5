"""How often the right one of several programs is found: networks written by hand for random circuits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalpp._plain import check_seed, plain
from causalpp._progress import Progress
from causalpp.abstraction.candidates.verdict import NONE
from causalpp.abstraction.candidates.which import which_program
from causalpp.abstraction.tasks import boolean_circuit
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Recovery", "recovery"]

_CHOICES = ("information", "random")


@dataclass(frozen=True, eq=False, repr=False)
class Recovery:
    """How often the right program was found, and after how many interchanges.

    Attributes:
        table: a row for each circuit, choice of interchanges, and whether the network's program was among the
            candidates (``inside``): ``right``, the ``probability`` of what was found, and how many ``interchanges``.
        candidates: of each posterior.
    """

    table: pd.DataFrame
    candidates: int

    def rows(self) -> list[dict[str, Any]]:
        """By choice and by whether the program was among the candidates: the shares and means, one mapping each."""
        found = []
        for (inside, choice), part in self.table.groupby(["inside", "choice"], sort=False):
            found.append({
                "inside": bool(inside),
                "choice": str(choice),
                "networks": len(part),
                "right": int(part["right"].sum()),
                "stated": float(part["probability"].mean()),
                "interchanges": float(part["interchanges"].mean()),
                "median": float(part["interchanges"].median()),
            })  # fmt: skip
        return found

    def __repr__(self) -> str:
        lines = [f"Recovery of one of {self.candidates} programs, or of none of them"]
        for row in self.rows():
            where = "among the candidates" if row["inside"] else "none of these"
            lines.append(
                f"  {where}, chosen by {row['choice']}: right {row['right']} of {row['networks']} "
                f"(stated {row['stated']:.3f}), after {row['interchanges']:.1f} interchanges, median {row['median']:g}"
            )
        return "\n".join(lines)

    def to_json(self) -> str:
        """All rows and their summary as JSON text."""
        every = self.table.astype(object).to_dict("records")
        return json.dumps(plain({"summary": self.rows(), "rows": every}, finite=True), ensure_ascii=False)


def recovery(
    circuits: int = 20,
    *,
    size: int = 5,
    doubt: float = 0.2,
    outside: bool = False,
    choices: Sequence[str] = _CHOICES,
    budget: int = 300,
    confidence: float = 0.95,
    seed: int = 0,
    progress: bool | None = None,
) -> Recovery:
    """Find out which circuit networks implement that were written by hand, one network a random function.

    Args:
        circuits: how many networks.
        size: candidates for each, which all compute the same labels.
        doubt: prior probability of none of these.
        outside: whether every network is also shown without its program among the candidates: another circuit that
            computes the same labels is in its place.
        choices: how interchanges are chosen, one posterior each.
        budget: interchanges at most, of each.
        confidence: at which each ends.
        seed: of the first circuit; the others follow.
        progress: whether to show a bar; where somebody looks if left out.

    Raises:
        InvalidParameter: no circuits; see also :func:`which_program`.

    Example:
        >>> from causalpp.abstraction import recovery
        >>> recovery(2, size=3, choices=["information"], progress=False).table["right"].tolist()
        [True, True]
    """
    import pandas as pd

    check_seed(seed)
    if isinstance(circuits, bool) or not isinstance(circuits, int) or circuits < 1:
        raise InvalidParameter(f"circuits is a whole number from 1 on, got {circuits!r}")
    rows = []
    with Progress("circuits", circuits, progress) as bar:
        for number in range(seed, seed + circuits):
            task = boolean_circuit(number, size + 1)
            assert task.by_hand is not None
            network, names = task.by_hand(), list(task.programs)
            for inside in (True, False) if outside else (True,):
                among = names[:size] if inside else names[1:]
                given = {name: task.aligned(network, program=name) for name in among}
                for choice in choices:
                    found = which_program(
                        given, doubt=doubt, choice=choice, budget=budget, confidence=confidence, seed=number
                    )
                    truth = names[0] if inside else NONE
                    rows.append({
                        "circuit": number, "inside": inside, "choice": choice, "right": found.best == truth,
                        "probability": found.probabilities[found.best], "interchanges": found.interchanges,
                    })  # fmt: skip
            bar.advance()
    return Recovery(pd.DataFrame(rows), size)
