"""The rows that a posterior was made of, to which more can be added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

from causalpp._plain import plain
from causalpp.columns import read_columns
from causalpp.errors import InvalidData, InvalidParameter, UnknownVariable
from causalpp.graphs import Knowledge
from causalpp.posterior.learning import named
from causalpp.scores import StructurePrior

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
        for name in names:
            if name not in frame.columns:
                raise InvalidData(f"the rows have no column {name!r}: a posterior takes rows with all its variables")
        if not frame.columns.is_unique:
            twice = frame.columns[frame.columns.duplicated()][0]
            raise InvalidData(f"the rows have two columns {twice!r}: leave one of them out")
        more = Rows.of(frame, interventions, self.asked)
        self._usable(more.frame[names])
        kinds = {name: column.kind for name, column in read_columns(self.frame, self.asked.get("kinds")).items()}
        pooled = pd.concat([self.frame, _alike(more.frame[names], self.frame)], ignore_index=True)
        return replace(self, frame=pooled, targets=(*self.targets, *more.targets), asked={**self.asked, "kinds": kinds})

    def _usable(self, frame: pd.DataFrame) -> None:
        """See that rows can tell something, and hold only states that columns are declared to have.

        Raises:
            InvalidData: they do not.
        """
        import pandas as pd

        if self.asked.get("missing") != "impute" and bool(frame.isna().any(axis=1).all()):
            worst = frame.isna().sum().idxmax()
            raise InvalidData(
                f"a value is missing in each of the {len(frame):,} rows, most often of {worst!r}, and only complete "
                "rows count: measure what is missing, or make the posterior with missing='impute'"
            )
        for name in frame.columns:
            kind = self.frame[name].dtype
            if isinstance(kind, pd.CategoricalDtype):
                strange = [value for value in frame[name].dropna().unique() if value not in kind.categories]
                if strange:
                    raise InvalidData(
                        f"the rows have {name!r} = {strange[0]!r}, and its states are "
                        f"{', '.join(map(str, kind.categories[:10]))}: say it as one of these, or declare the state "
                        "in the rows that the posterior is made of"
                    )

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

    def to_dict(self) -> dict[str, Any]:
        """As plain values: column by column, with the states of those that have them."""
        written = {"knowledge", "structure_prior"}
        asked = {key: one.to_dict() if key in written and one is not None else one for key, one in self.asked.items()}
        return {
            "columns": [[plain(name), *_written(column)] for name, column in self.frame.items()],
            "targets": [list(one) for one in self.targets] if any(self.targets) else None,
            "n": len(self.frame),
            "asked": plain(asked),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`."""
        import pandas as pd

        asked = dict(values["asked"])
        if asked["knowledge"] is not None:
            asked["knowledge"] = Knowledge.from_dict(asked["knowledge"])
        if (prior := asked["structure_prior"]) is not None:
            odds = {(cause, effect): value for cause, effect, value in prior.get("odds", [])}
            asked["structure_prior"] = StructurePrior(prior["edge_log_odds"], odds)
        frame = pd.DataFrame({name: _column(*cells) for name, *cells in values["columns"]})
        targets = tuple(map(tuple, values["targets"] or [()] * values["n"]))
        if {len(targets), *(len(cells) for _, cells, *_ in values["columns"])} != {values["n"]}:
            raise InvalidData("not as many cells in every column as targets")
        return cls(frame, targets, asked)


def _written(column: pd.Series[Any]) -> tuple[list[Any], str, list[Any] | None]:
    """The cells of a column, what they are, and its states."""
    import pandas as pd

    if hasattr(column, "cat") and isinstance(column.cat.categories, pd.IntervalIndex):  # of a column that was cut
        ends = column.cat.categories
        numbers = [None if code < 0 else code for code in column.cat.codes.tolist()]
        return numbers, "ordered" if column.cat.ordered else "states", [ends.closed, *map(list, ends.to_tuples())]
    if any(isinstance(cell, (Decimal, Fraction)) for cell in column):
        column = column.astype(float)
    cells = plain([None if gone else cell for cell, gone in zip(column.tolist(), column.isna(), strict=True)])
    if hasattr(column, "cat"):
        return cells, "ordered" if column.cat.ordered else "states", plain(list(column.cat.categories))
    return cells, str(column.dtype), None


def _column(cells: list[Any], kind: str, states: list[Any] | None) -> pd.Series[Any]:
    """The inverse."""
    import pandas as pd

    if states is not None and isinstance(states[-1], list):
        codes = [-1 if cell is None else cell for cell in cells]
        cut = pd.IntervalIndex.from_tuples([tuple(ends) for ends in states[1:]], closed=states[0])
        return pd.Series(pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(cut, kind == "ordered")))
    if states is not None:
        return pd.Series(pd.Categorical(cells, categories=states, ordered=kind == "ordered"))
    return pd.Series(cells, dtype=kind)


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
