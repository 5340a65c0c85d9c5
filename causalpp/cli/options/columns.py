"""What the user says a column is, and the data with what was said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp.cli.options._grouped import option
from causalpp.errors import InvalidParameter, UnknownVariable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns", "Table"]


@dataclass(frozen=True)
class Columns:
    """The options that say what a column is; each may hold several columns, with commas."""

    real: list[str] | None = option("--real", "With --data: this column holds real numbers (repeatable).")
    discrete: list[str] | None = option("--discrete", "With --data: … states without an order, such as codes.")
    ordinal: list[str] | None = option("--ordinal", "With --data: … states in order.")
    count: list[str] | None = option("--count", "With --data: … counts: 0, 1, 2, ….")

    def read(self, data: Path | None) -> Table | None:
        """The data file, read this once; None if there is none.

        Raises:
            FormatError, InvalidData: the file cannot be read.
            InvalidParameter: an option without data, or a column said to be two things.
            UnknownVariable: no such column.
        """
        if data is not None:
            from causalpp.cli.frames import read_frame

            frame = read_frame(data)
            return Table(frame, self._kinds([str(name) for name in frame.columns]))
        for kind, given in vars(self).items():
            if given:
                raise InvalidParameter(f"--{kind} is about a column of data: say --data FILE")
        return None

    def _kinds(self, there: list[str]) -> dict[str, str]:
        out: dict[str, str] = {}
        for kind, given in vars(self).items():
            for text in given or []:
                for name in [text] if text in there else [part.strip() for part in text.split(",")]:
                    if name not in there:
                        raise UnknownVariable(name, there, what=f" after --{kind}")
                    if out.setdefault(name, kind) != kind:
                        raise InvalidParameter(f"{name!r} is said to be {out[name]} and {kind}: say one of the two")
        return out


@dataclass(frozen=True)
class Table:
    """The rows of a file, and what the user says some of their columns are."""

    frame: pd.DataFrame
    kinds: Mapping[str, str]

    def show(self, names: list[str] | None = None) -> None:
        """Print how the columns were read, and how to have one read otherwise."""
        from causalpp.cli.show import console
        from causalpp.columns import read_columns

        for line in str(read_columns(self.frame, self.kinds, names=names).table).splitlines():
            console.print(line, soft_wrap=True)
        console.print("to have one read otherwise: --real, --discrete, --ordinal or --count COLUMN\n", soft_wrap=True)

    def to_dict(self) -> dict[str, Any]:
        """The same under the key ``columns``, for JSON."""
        from causalpp.columns import read_columns

        return {"columns": read_columns(self.frame, self.kinds).to_dict()}

    def value(self, variable: str, text: str | None) -> Any:
        """A value from the command line as a column has it: a number where the column holds numbers."""
        import pandas as pd

        if text is None or not pd.api.types.is_numeric_dtype(self.frame[variable]):
            return text
        try:
            return float(text)
        except ValueError:
            raise InvalidParameter(f"{variable!r} holds numbers, so it cannot be {text!r}") from None
