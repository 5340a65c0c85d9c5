"""Which score columns get."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from causalpp._plain import check_seed
from causalpp.errors import InvalidParameter
from causalpp.scores.bic import BIC
from causalpp.scores.conditional import ConditionalGaussian
from causalpp.scores.dirichlet import BDeu
from causalpp.scores.gaussian import BGe
from causalpp.scores.local import EquivalentScore, Interventions, who_was_set
from causalpp.scores.missing import Averaged, imputed
from causalpp.scores.table import Data, Table

__all__ = ["MISSING", "SCORES", "check_missing", "local_score"]

#: Scores by name.
SCORES: Mapping[str, type[EquivalentScore]] = {"bdeu": BDeu, "bge": BGe, "bic": BIC, "cg": ConditionalGaussian}

#: What becomes of missing values.
MISSING = ("complete", "impute")

_NOT_NUMBERS = ("self", "data", "interventions", "standardise")


def local_score(
    data: Data,
    score: str = "auto",
    *,
    interventions: Interventions | None = None,
    hyperparameters: Mapping[str, float] | None = None,
    missing: str = "complete",
    seed: int = 0,
) -> EquivalentScore:
    """A score of these columns by name.

    Args:
        data, interventions: see :class:`LocalScore`.
        score: ``"bdeu"``, ``"bge"``, ``"bic"`` or ``"cg"`` (conditional Gaussian); ``"auto"`` is BDeu where all columns
            are discrete, else BIC.
        hyperparameters: of the score, named as in the literature: ``equivalent_sample_size`` (bdeu, cg), ``alpha_mu``,
            ``alpha_w``, ``t`` (bge, cg), ``penalty_discount`` (bic); left out, the usual ones.
        missing: ``"complete"`` refuses missing values; ``"impute"`` draws them twelve times given those that are there,
            and takes the mean of the scores, see :class:`~causalpp.scores.Averaged`.
        seed: of these draws.

    Raises:
        InvalidParameter: an unknown score or way with missing values, or a hyperparameter that the score does not have
            or that is out of its range; hyperparameters that are no mapping, a seed that is no whole number from 0 on.
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
    if not isinstance(hyperparameters or {}, Mapping):
        raise InvalidParameter(f"hyperparameters are a mapping, such as {{{there[0]!r}: 2}}, got {hyperparameters!r}")
    for name in hyperparameters or {}:
        if name not in there:
            raise InvalidParameter(f"the score {score!r} has no hyperparameter {name!r}, but {', '.join(there)}")
    check_missing(missing)
    seed = check_seed(seed)
    if missing == "complete" or not table.missing.any():
        return kind(table, interventions=interventions, **(hyperparameters or {}))
    told = None if interventions is None else list(interventions)
    groups = None if told is None else who_was_set(told, table.names, len(table.values))
    return Averaged([kind(one, interventions=told, **(hyperparameters or {})) for one in imputed(table, groups, seed)])


def check_missing(missing: str) -> None:
    """Whether missing values are to be treated in a way there is.

    Raises:
        InvalidParameter: in another.
    """
    if missing not in MISSING:
        raise InvalidParameter(f"missing is {' or '.join(map(repr, MISSING))}, got {missing!r}")
