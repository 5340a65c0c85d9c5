"""Protein signalling measured in single cells, as its authors and others distribute it, from a file of the user's.

Sachs, Perez, Pe'er, Lauffenburger & Nolan, *Causal protein-signaling networks derived from multiparameter single-cell
data*, Science 308, 2005.  No rows of it ship here.
"""

from __future__ import annotations

import math
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp._files import about, read_text
from causalpp._separated import numbered, read_cells
from causalpp.errors import FormatError, InvalidData, InvalidParameter, MissingDependency, UnknownVariable
from causalpp.graphs import Dag
from causalpp.programs import load_network

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cytometry", "read_cytometry", "signalling_network"]

#: A header without case, points and strokes → the molecule, as in the network that ships.
_NAMES = {
    "akt": "Akt", "pakt": "Akt", "pakts473": "Akt", "erk": "Erk", "perk": "Erk", "erk12": "Erk", "p4442": "Erk",
    "jnk": "Jnk", "pjnk": "Jnk", "mek": "Mek", "pmek": "Mek", "p38": "P38", "pp38": "P38", "pip2": "PIP2",
    "pip3": "PIP3", "pka": "PKA", "pkc": "PKC", "plcg": "Plcg", "pplcg": "Plcg", "plcγ": "Plcg", "plcgamma": "Plcg",
    "raf": "Raf", "praf": "Raf",
}  # fmt: skip
#: In the order of the authors' sheets, by which numbers in a column of targets count.
_ORDER = ("Raf", "Mek", "Plcg", "PIP2", "PIP3", "Erk", "Akt", "PKA", "PKC", "P38", "Jnk")
#: The conditions of the main result, and what each agent acts on.
_MAIN: dict[str, str | None] = {
    "cd3cd28": None,
    "cd3cd28icam2": None,
    "cd3cd28+aktinhib": "Akt",
    "cd3cd28+g0076": "PKC",
    "cd3cd28+psitect": "PIP2",
    "cd3cd28+u0126": "Mek",
    "cd3cd28+ly": "PIP3",
    "pma": "PKC",
    "b2camp": "PKA",
}
_FURTHER: dict[str, str | None] = {
    "cd3cd28icam2+aktinhib": "Akt",
    "cd3cd28icam2+g0076": "PKC",
    "cd3cd28icam2+psit": "PIP2",
    "cd3cd28icam2+u0126": "Mek",
    "cd3cd28icam2+ly": "PIP3",
}
_TARGETS = ("int", "target", "targets", "intervention", "interventions", "experiment")  # headers of such a column
_NOBODY = ("", "0", "none", "na", "nan", "obs", "observational")
_TEXTS = (".csv", ".txt", ".tsv")
_LONGEST_HEADER = 1 << 12
_MOST = 1 << 28  # bytes of a text in an archive
_SUFFIXES = (".csv", ".txt", ".tsv", ".xls", ".xlsx")


def signalling_network(edges: int = 17) -> Dag:
    """The network that graphs learned from these rows are compared with.

    Args:
        edges: 17 for the edges that the authors report, which ships as the network ``sachs``; 20 with the three that
            they expected and did not find: Plcg → PKC, PIP2 → PKC and PIP3 → Akt.

    Raises:
        InvalidParameter: another number.

    Example:
        >>> sorted(set(signalling_network(20).edges) - set(signalling_network().edges))
        [('PIP2', 'PKC'), ('PIP3', 'Akt'), ('Plcg', 'PKC')]
    """
    dag = load_network("sachs").dag
    if edges == len(dag.edges):
        return dag
    if edges != 20:
        raise InvalidParameter(f"the network is compared with 17 edges or 20, got {edges!r}")
    return Dag(dag.nodes, [*dag.edges, ("Plcg", "PKC"), ("PIP2", "PKC"), ("PIP3", "Akt")])


@dataclass(frozen=True)
class Cytometry:
    """Cells, and what was done to them.

    Attributes:
        frame: one row a cell, one column a molecule, named as in :func:`signalling_network`.
        interventions: for each row the molecule that the agent acts on, or None; None altogether where the file does
            not say.  Agents change activity, not only the level: taking them for perfect interventions is usual, and
            an approximation.
        conditions: for each row the sheet it is from; empty where rows come from one file.
    """

    frame: pd.DataFrame
    interventions: tuple[str | None, ...] | None
    conditions: tuple[str, ...] = ()

    @property
    def discrete(self) -> bool:
        """Whether the columns hold a few levels already."""
        return not any(kind.kind in "fiu" for kind in self.frame.dtypes)

    def logarithms(self) -> Cytometry:
        """The natural logarithms of the levels.

        Raises:
            InvalidData: a level is not greater than zero, or there are but a few levels.
        """
        if self.discrete:
            raise InvalidData(
                "these rows hold a few levels each, of which logarithms say nothing: leave them as they are"
            )
        for name, column in self.frame.items():
            if not (column > 0).all():
                raise InvalidData(f"{name!r} has a level that is not greater than zero, which has no logarithm")
        return replace(self, frame=self.frame.apply(np.log))

    def levels(self, number: int = 3) -> Cytometry:
        """The rows in levels 1, 2, …, cut at quantiles of all rows, column by column; discrete rows as they are.

        Raises:
            InvalidParameter: less than two levels.
        """
        import pandas as pd

        if number < 2:
            raise InvalidParameter(f"levels are two or more, got {number}")
        if self.discrete:
            return self
        cuts = np.arange(1, number) / number
        cut = {
            str(name): (np.searchsorted(np.quantile(column, cuts), column) + 1).astype(str)
            for name, column in self.frame.items()
        }
        return replace(self, frame=pd.DataFrame(cut))


def read_cytometry(
    path: str | Path, *, further: bool = False, targets: Mapping[str, str | None] | None = None
) -> Cytometry:
    """The rows of a file or a folder.

    Three layouts are read: the authors' sheets, one a condition, in a folder (``1. cd3cd28.xls``, …; .xls, .xlsx, .csv
    or .txt, with or without the number) or in one workbook; one table with a column ``INT`` (or ``target``) that says
    on what the agent acted, by name or as the number of a column, 0 for nobody; one table of cells without targets.
    A zip archive or a wheel that holds text files of these layouts among others, as that of the package ``cdt`` does,
    is read as if they were a folder: those with the eleven molecules in their first line are taken.

    Args:
        path: of the folder or the file; .gz is unpacked.
        further: of the authors' fourteen sheets, also the five that the main result does not use.
        targets: condition → what its agent acts on, where it is to be another than
            aktinhib: Akt, g0076: PKC, psitect: PIP2, u0126: Mek, ly: PIP3 (the agent blocks what makes it; others take
            it for no target), pma: PKC, b2camp: PKA, and nobody for the other two.

    Raises:
        FormatError: nothing of the kind is there, or a cell is no number.
        InvalidData: a molecule is missing, a column is none, or two sheets are of one condition.
        MissingDependency: .xls or .xlsx without python-calamine.
        UnknownVariable: a target that is no molecule.
    """
    import pandas as pd

    path = Path(path)
    known = _MAIN | (_FURTHER if further else {})
    for name, target in (targets or {}).items():
        if target is not None and target not in _ORDER:
            raise UnknownVariable(target, list(_ORDER), what=", on which an agent acts")
        if name not in known:
            raise InvalidParameter(f"{name!r} is no condition: {', '.join(known)}")
    told = known | dict(targets or {})
    sheets = list(_sheets(path))
    if path.is_dir() or len(sheets) > 1:
        found: dict[str, tuple[str, Any]] = {}
        for name, sheet in sheets:
            condition = _condition(name)
            if condition in known and condition in found:
                raise InvalidData(
                    f"{found[condition][0]!r} and {name!r} are both of the condition {condition!r}: leave one of them"
                )
            found[condition] = name, sheet
        kept = [name for name in known if name in found]
        if not kept:
            raise FormatError(f"{str(path)!r} has no sheet of a condition such as '1. cd3cd28.xls'")
        frames = []
        for name in kept:
            named, sheet = found[name]
            sheet = _opened(sheet)
            with about(named):
                frames.append(_molecules(*_table(sheet))[0])
        rows = [name for name, frame in zip(kept, frames, strict=True) for _ in range(len(frame))]
        return Cytometry(pd.concat(frames, ignore_index=True), tuple(told[name] for name in rows), tuple(rows))
    (_, sheet), *_ = sheets
    sheet = _opened(sheet)
    with about(path):
        return Cytometry(*_molecules(*_table(sheet)))


def _condition(name: str) -> str:
    """The condition that the name of a file or sheet says."""
    name = name.removesuffix(".gz")
    if Path(name).suffix.lower() in _SUFFIXES:
        name = Path(name).stem
    return re.sub(r"^\d+\.|[\s_]", "", name.casefold())


def _sheets(path: Path) -> Iterable[tuple[str, Any]]:
    """The tables of a path: name, and what :func:`_table` reads."""
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if Path(file.name.removesuffix(".gz")).suffix.lower() in _SUFFIXES:
                yield file.name, file
    elif path.suffix.lower() in (".xls", ".xlsx"):
        for name, frame in _workbook(path, None).items():
            yield str(name), frame
    elif path.suffix.lower() in (".whl", ".zip"):
        yield from _packed(path)
    else:
        yield path.name, path


def _packed(path: Path) -> Iterator[tuple[str, str]]:
    """The texts in an archive that are tables of cells, by their names."""
    found = False
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if Path(member.filename).suffix.lower() not in _TEXTS:
                    continue
                with archive.open(member) as file:
                    first = file.readline(_LONGEST_HEADER).decode("utf-8-sig", errors="replace")
                words = {re.sub(r"[\W_]", "", word.casefold()) for word in re.split(r"[,;|\t ]", first)}
                if {_NAMES[word] for word in words & _NAMES.keys()} < set(_ORDER):
                    continue
                if member.file_size > _MOST:
                    raise FormatError(f"{member.filename!r} in {str(path)!r} has more than {_MOST >> 20} MiB")
                found = True
                yield member.filename, archive.read(member).decode("utf-8-sig")
    except OSError as error:
        raise FormatError(f"cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, RuntimeError, NotImplementedError) as error:
        raise FormatError(f"cannot read {str(path)!r}: {str(error).lower()}") from None
    if not found:
        raise FormatError(f"no file in {str(path)!r} has the eleven molecules in its first line")


def _workbook(path: Path, sheet: int | None) -> Any:
    import pandas as pd

    try:
        return pd.read_excel(path, sheet_name=sheet, header=None, dtype=object, engine="calamine")
    except ImportError:
        raise MissingDependency(
            f"reading {path.suffix} needs python-calamine: pip install python-calamine, or save the sheets as .csv"
        ) from None
    except OSError as error:
        raise FormatError(f"cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}") from None
    except Exception as error:  # the library has errors of its own
        raise FormatError(f"cannot read {str(path)!r}: {error}") from None


def _opened(sheet: Any) -> Any:
    """The text of a file, or the cells of its first sheet; what is open already as it is."""
    if not isinstance(sheet, Path):
        return sheet
    return _workbook(sheet, 0) if sheet.suffix.lower() in (".xls", ".xlsx") else read_text(sheet)


def _table(sheet: Any) -> tuple[list[str], list[list[str]], list[int]]:
    """The header, the cells of a sheet, and the line of each row of them."""
    if isinstance(sheet, str):
        cells = read_cells(sheet)
        rows, lines = cells.rows, cells.lines
        if cells.short_header:
            rows = [rows[0], *(row[1:] for row in rows[1:])]
    else:
        every = [["" if value is None or value != value else str(value) for value in row] for row in sheet.to_numpy()]
        lines = [number for number, row in enumerate(every, start=1) if any(row)]
        rows = [row for row in every if any(row)]
    if len(rows) < 2:
        raise FormatError("the table has no rows")
    header, body, lines = [name.strip() for name in rows[0]], rows[1:], lines[1:]
    if not header[0] and numbered([row[0].strip() for row in body]):
        header, body = header[1:], [row[1:] for row in body]
    for line, row in zip(lines, body, strict=True):
        if len(row) != len(header):
            raise FormatError(f"{len(row)} values under {len(header)} column names", line=line)
    return header, body, lines


def _molecules(
    header: Sequence[str], rows: Sequence[Sequence[str]], lines: Sequence[int]
) -> tuple[pd.DataFrame, tuple[str | None, ...] | None]:
    """The levels, and on whom the agents acted."""
    import pandas as pd

    columns: dict[str, int] = {}
    told: int | None = None
    for k, text in enumerate(header):
        word = re.sub(r"[\W_]", "", text.casefold())
        if word in _TARGETS and told is None:
            told = k
        elif word in _NAMES:
            if _NAMES[word] in columns:
                raise InvalidData(f"two columns are {_NAMES[word]}: {header[columns[_NAMES[word]]]!r} and {text!r}")
            columns[_NAMES[word]] = k
        else:
            raise InvalidData(f"the column {text!r} is none of the eleven molecules, and no target")
    missing = [name for name in _ORDER if name not in columns]
    if missing:
        raise InvalidData(
            f"no column is {missing[0]} (such as {', '.join(h for h, n in _NAMES.items() if n == missing[0])})"
        )
    levels: dict[str, list[float]] = {name: [] for name in _ORDER}
    for line, row in zip(lines, rows, strict=True):
        for name, listed in levels.items():
            listed.append(_number(row[columns[name]], header[columns[name]], line))
    frame = pd.DataFrame(levels)
    if (frame % 1 == 0).all(axis=None) and bool((frame.nunique() <= 5).all()):
        frame = frame.astype(int).astype(str)  # levels
    if told is None:
        return frame, None
    placed = [name for _, name in sorted((k, name) for name, k in columns.items())]
    return frame, tuple(_target(row[told], placed) for row in rows)


def _number(cell: str, name: str, line: int) -> float:
    """The level in a cell of a column."""
    text = cell.strip()
    try:
        value = float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        raise FormatError(f"{cell!r} under {name!r} is no number", line=line) from None
    if not math.isfinite(value):
        raise FormatError(f"{cell!r} under {name!r} is no level", line=line)
    return value


def _target(cell: str, placed: Sequence[str]) -> str | None:
    """On whom an agent acted: a name, or the number of a column."""
    text = cell.strip()
    if text.casefold() in _NOBODY:
        return None
    word = re.sub(r"[\W_]", "", text.casefold())
    if word in _NAMES:
        return _NAMES[word]
    try:
        number = float(text)
    except ValueError:
        raise UnknownVariable(text, list(placed), what=" among the targets") from None
    if number == 0:
        return None
    if number % 1 or not 1 <= number <= len(placed):
        raise InvalidData(
            f"the target {text!r} is no number of a column: those are 1 to {len(placed)}, and 0 is nobody"
        )
    return placed[int(number) - 1]
