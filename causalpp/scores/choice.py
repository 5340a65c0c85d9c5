"""Which score columns get."""

from __future__ import annotations

from causalpp.errors import InvalidParameter
from causalpp.scores.bic import BIC
from causalpp.scores.dirichlet import BDeu
from causalpp.scores.gaussian import BGe
from causalpp.scores.local import EquivalentScore, Interventions
from causalpp.scores.table import Data, Table

__all__ = ["local_score"]


def local_score(data: Data, score: str = "auto", *, interventions: Interventions | None = None) -> EquivalentScore:
    """A score of these columns by name.

    Args:
        data, interventions: see :class:`LocalScore`.
        score: ``"bdeu"``, ``"bge"`` or ``"bic"``; ``"auto"`` is BDeu where all columns are discrete, else BIC.

    Raises:
        InvalidParameter: an unknown score.
        InvalidData: columns that the score is not for.
    """
    table = Table.of(data)
    kinds: dict[str, type[EquivalentScore]] = {"bdeu": BDeu, "bge": BGe, "bic": BIC}
    if score == "auto":
        score = "bdeu" if table.kind == "discrete" else "bic"
    if score not in kinds:
        raise InvalidParameter(f"unknown score {score!r}: use 'auto', {', '.join(map(repr, kinds))}")
    return kinds[score](table, interventions=interventions)
