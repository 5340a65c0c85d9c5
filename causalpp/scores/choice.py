"""Which score columns get."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from causalpp.errors import InvalidParameter
from causalpp.scores.bic import BIC
from causalpp.scores.conditional import ConditionalGaussian
from causalpp.scores.dirichlet import BDeu
from causalpp.scores.gaussian import BGe
from causalpp.scores.local import EquivalentScore, Interventions
from causalpp.scores.table import Data, Table

__all__ = ["SCORES", "local_score"]

#: Scores by name.
SCORES: Mapping[str, type[EquivalentScore]] = {"bdeu": BDeu, "bge": BGe, "bic": BIC, "cg": ConditionalGaussian}

_NOT_NUMBERS = ("self", "data", "interventions", "standardise")


def local_score(
    data: Data,
    score: str = "auto",
    *,
    interventions: Interventions | None = None,
    hyperparameters: Mapping[str, float] | None = None,
) -> EquivalentScore:
    """A score of these columns by name.

    Args:
        data, interventions: see :class:`LocalScore`.
        score: ``"bdeu"``, ``"bge"``, ``"bic"`` or ``"cg"`` (conditional Gaussian); ``"auto"`` is BDeu where all columns
            are discrete, else BIC.
        hyperparameters: of the score, named as in the literature: ``equivalent_sample_size`` (bdeu, cg), ``alpha_mu``,
            ``alpha_w``, ``t`` (bge, cg), ``penalty_discount`` (bic); left out, the usual ones.

    Raises:
        InvalidParameter: an unknown score, or a hyperparameter that it does not have or that is out of its range.
        InvalidData: columns that the score is not for.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 1, 1]})
        >>> local_score(frame, "bdeu", hyperparameters={"equivalent_sample_size": 10}).name
        'BDeu'
    """
    table = Table.of(data)
    if score == "auto":
        score = "bdeu" if table.kind == "discrete" else "bic"
    if score not in SCORES:
        raise InvalidParameter(f"unknown score {score!r}: use 'auto', {', '.join(map(repr, SCORES))}")
    kind = SCORES[score]
    there = [name for name in inspect.signature(kind).parameters if name not in _NOT_NUMBERS]
    for name in hyperparameters or {}:
        if name not in there:
            raise InvalidParameter(f"the score {score!r} has no hyperparameter {name!r}, but {', '.join(there)}")
    return kind(table, interventions=interventions, **(hyperparameters or {}))
