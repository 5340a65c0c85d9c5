"""The rows that a posterior was made of, to which more can be added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from causalpp.columns import read_columns
from causalpp.errors import InvalidData, InvalidParameter, UnknownVariable
from causalpp.posterior.learning import named

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rows"]

Targets = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False, repr=False)
class Rows:
    """Rows, who was set in each, and how they are scored.

    Attributes:
        frame: a column a variable.
        targets: for each row the variables that were set in it.
        asked: what else :meth:`DagPosterior.from_data` was told, by its keywords.
    """

    frame: pd.DataFrame
    targets: Targets
    asked: Mapping[str, Any]

    @classmethod
    def of(cls, frame: pd.DataFrame, interventions: Any, asked: Mapping[str, Any]) -> Self:
        """Rows as :meth:`DagPosterior.from_data` takes them.

        Raises:
            UnknownVariable: a column of interventions that is not there, or somebody who is no variable.
            InvalidParameter: interventions that are no list.
            InvalidData: not as many interventions as rows.
        """
        frame, told = named(frame, interventions)
        targets = _targets([None] * len(frame) if told is None else told)
        if len(targets) != len(frame):
            raise InvalidData(f"there are {len(frame):,} rows, and interventions for {len(targets):,}")
        for name in sorted({name for row in targets for name in row} - set(map(str, frame.columns))):
            raise UnknownVariable(name, list(map(str, frame.columns)), what=" among those that were set")
        return cls(frame, targets, asked)

    def joined(self, frame: pd.DataFrame, interventions: Any) -> Self:
        """These rows and more; what a column is stays as these rows say.

        Args:
            frame: a column for every variable; others are left out.
            interventions: a variable that was set in all the rows, or for each row who was, or the name of a column
                that says so.

        Raises:
            InvalidData: a variable has no column, or there are no rows.
            InvalidParameter: no frame.
            UnknownVariable: somebody who is no variable was set.
        """
        import pandas as pd

        if not isinstance(frame, pd.DataFrame):
            raise InvalidParameter(f"rows come as a data frame, got {type(frame).__name__}")
        if not len(frame):
            raise InvalidData("there are no rows to add")
        names = list(self.frame.columns)
        if isinstance(interventions, str) and (interventions in names or interventions not in frame.columns):
            interventions = [interventions] * len(frame)
        more = Rows.of(frame, interventions, self.asked)
        for name in names:
            if name not in frame.columns:
                raise InvalidData(f"the rows have no column {name!r}: a posterior takes rows with all its variables")
        kinds = {name: column.kind for name, column in read_columns(self.frame, self.asked.get("kinds")).items()}
        pooled = pd.concat([self.frame, _alike(more.frame[names], self.frame)], ignore_index=True)
        return replace(self, frame=pooled, targets=(*self.targets, *more.targets), asked={**self.asked, "kinds": kinds})

    def after(self, before: Rows) -> Rows:
        """The rows that were added to some others."""
        n = len(before.targets)
        return replace(self, frame=self.frame[n:].reset_index(drop=True), targets=self.targets[n:])

    @property
    def alike(self) -> bool:
        """Whether the columns are all discrete or all real."""
        columns = read_columns(self.frame, self.asked.get("kinds")).values()
        return len({column.states is None for column in columns}) == 1

    @property
    def named(self) -> str:
        """Who was set, in words."""
        kinds = dict.fromkeys(", ".join(one) or "nobody" for one in self.targets)
        return "; ".join(kinds)

    @property
    def interventions(self) -> Targets | None:
        """For each row who was set; None where nobody ever was."""
        return self.targets if any(self.targets) else None


def _targets(told: Iterable[Any]) -> Targets:
    """Who was set in each row: a name, several, or nobody (None, NaN)."""
    import pandas as pd

    return tuple(
        tuple(one) if isinstance(one, Iterable) and not isinstance(one, str) else () if pd.isna(one) else (one,)
        for one in told
    )


def _alike(frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """A frame whose categorical columns have the states of another's, where they hold no others."""
    import pandas as pd

    out = frame.copy()
    for name in frame.columns:
        kind = other[name].dtype
        if isinstance(kind, pd.CategoricalDtype) and set(frame[name].dropna().unique()) <= set(kind.categories):
            out[name] = frame[name].astype(kind)
    return out
