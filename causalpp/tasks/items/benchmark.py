"""A set of items with what is known about it: counts, a card, and files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any, Generic

from causalpp._files import check_target, data_path, read_text, write_bytes, write_text
from causalpp.errors import FormatError, InvalidParameter, MissingDependency
from causalpp.tasks.items._row_files import JSON_COLUMNS
from causalpp.tasks.items.item import Item, SomeItem
from causalpp.tasks.items.loaders import ABOUT, read_items

__all__ = ["Benchmark", "benchmark_names", "load_benchmark"]


@dataclass(frozen=True, repr=False)
class Benchmark(Generic[SomeItem]):
    """Items, and how they were made.

    Attributes:
        items: in order.
        about: the arguments they were generated with, as plain values; what is missing under ``"short"``.

    Example:
        >>> from causalpp.tasks import generate
        >>> made = generate(4, rows=12, seed=0)
        >>> len(made), made.counts()["label"]
        (12, {'True': 6, 'False': 6})
    """

    items: tuple[SomeItem, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        sizes = sorted({item.size or 0 for item in self.items})
        about = f"{sizes[0]} to {sizes[-1]} variables" if len(sizes) > 1 else f"{sizes[0] if sizes else 0} variables"
        return (
            f"Benchmark({len(self.items):,} items of {about} in {len({item.group for item in self.items}):,} classes)"
        )

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, place: int) -> SomeItem:
        return self.items[place]

    def __iter__(self) -> Iterator[SomeItem]:
        return iter(self.items)

    def split(self, name: str) -> Benchmark[SomeItem]:
        """The items of one split.

        Raises:
            InvalidParameter: no item belongs to it.
        """
        found = tuple(item for item in self.items if item.split == name)
        if not found:
            known = ", ".join(sorted({item.split for item in self.items if item.split})) or "none"
            raise InvalidParameter(f"there is no split {name!r}: the splits are {known}")
        return Benchmark(found, self.about)

    def counts(self) -> dict[str, dict[str, int]]:
        """How many items there are by each of their traits: size, label, relation, split and kind of near miss."""
        out: dict[str, dict[str, int]] = {}
        traits = [item.traits for item in self.items]
        for name in dict.fromkeys(name for some in traits for name in some):
            found = Counter(some[name] for some in traits if name in some)
            known = list(self._kind.order.get(name, ()))
            ranks = {value: known.index(value) if value in known else 99 for value in found}
            order = sorted(found, key=lambda value: (ranks[value], value is not True, str(value).zfill(3)))
            out[name] = {str(value): found[value] for value in order}
        return out

    @property
    def _kind(self) -> type[Item]:
        return type(self.items[0]) if self.items else Item

    def card(self, title: str = "", command: str = "") -> str:
        """What the set is, in Markdown: how it was made, what its labels mean, and how many items of what there are.

        Args:
            title: the first heading; by default that of the kind of item.
            command: what makes the set again, if it was a command.
        """
        about, kind = self.about, self._kind
        lines = [f"# {title or kind.title}", ""]
        lines += [f"{len(self):,} items about {_said(about.get('sizes', []))} variables.", ""]
        if command:
            lines += ["Made by", "", f"    {command}", ""]
        lines += [*kind.described(about), "## Settings", ""]
        lines += [f"- {key}: {value}" for key, value in about.items() if key != "short"]
        short = about.get("short") or {}
        if short:
            lines += ["", "Not enough different items of these were found:", ""]
            lines += [f"- {what}: {count} missing" for what, count in short.items()]
        lines += ["", "## Counts", ""]
        for name, found in self.counts().items():
            lines += [f"| {name} | items |", "|---|---:|"]
            lines += [f"| {value or '–'} | {count:,} |" for value, count in found.items()]
            lines += [""]
        if kind.licence:
            lines += ["## Licence and source", "", *kind.licence, ""]
        return "\n".join(lines)

    def save(self, path: str | Path, *, title: str = "", command: str = "") -> list[Path]:
        """Write the items, with a card and the settings beside them; the same items give the same bytes.

        Args:
            path: ends in ``.jsonl`` (one item a line) or ``.parquet`` (mappings as JSON text).
            title, command: for the card.

        Returns:
            The files written: items, card (``.md``) and settings (``.about.json``).

        Raises:
            FormatError: another ending, or a folder that is not there.
            MissingDependency: Parquet, without pyarrow.
        """
        target = Path(path)
        if target.suffix not in (".jsonl", ".parquet"):
            raise FormatError(f"cannot write {str(target)!r}: items are written to .jsonl or .parquet")
        check_target(target)
        if target.suffix == ".jsonl":
            text = "".join(json.dumps(item.to_dict(), ensure_ascii=False) + "\n" for item in self.items)
            write_text(target, text)
        else:
            write_bytes(target, self._parquet())
        settings = json.dumps({**self.about, "command": command}, ensure_ascii=False, indent=1)
        beside = {".md": self.card(title, command), ABOUT: settings + "\n"}
        for suffix, text in beside.items():
            write_text(target.with_suffix(suffix), text)
        return [target, *(target.with_suffix(suffix) for suffix in beside)]

    def _parquet(self) -> bytes:
        try:
            arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
        except ImportError:
            raise MissingDependency(
                "writing .parquet needs pyarrow: pip install pyarrow; .jsonl needs nothing"
            ) from None
        rows = [item.to_dict() for item in self.items]
        names = dict.fromkeys(name for item in self.items or [self._kind] for name in item.stored)
        texts = [name for name in names if any(_of_mappings(row.get(name)) for row in rows)]
        for row in rows:
            row |= {name: json.dumps(row[name], ensure_ascii=False) for name in texts if row.get(name) is not None}
        file = BytesIO()
        try:
            table = arrow.table({name: [row.get(name) for row in rows] for name in names})
        except (arrow.ArrowException, UnicodeEncodeError) as error:
            said = str(error).splitlines()[0]
            raise FormatError(f"Parquet cannot hold these items: {said}; write them to .jsonl") from None
        table = table.replace_schema_metadata({JSON_COLUMNS: json.dumps(texts)})
        parquet.write_table(table, file, compression="zstd")
        return file.getvalue()

    @classmethod
    def load(cls, path: str | Path) -> Benchmark[Any]:
        """The set in a file that :meth:`save` wrote; other files are read by :func:`causalpp.tasks.read_items`.

        Raises:
            FormatError: the file is missing or damaged.
        """
        source = Path(path)
        settings = source.with_name(source.name.removesuffix(".gz")).with_suffix(ABOUT)
        about = json.loads(read_text(settings)) if settings.is_file() else {}
        return cls(tuple(read_items(source)), about)


def _of_mappings(value: Any) -> bool:
    """Whether a value is a mapping, or several: their keys differ from row to row, so they are no columns."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(part, dict) for part in value))


def _said(sizes: Any) -> str:
    some = [str(n) for n in sizes]
    return " and ".join([", ".join(some[:-1]), some[-1]]) if len(some) > 1 else "".join(some) or "some"


def benchmark_names() -> tuple[str, ...]:
    """The names of the sets that ship.

    >>> benchmark_names()
    ('caugym-small', 'corr2cause-small')
    """
    return tuple(sorted(_shipped()))


def _shipped() -> dict[str, Path]:
    return {file.name.partition(".")[0]: file for file in (data_path() / "benchmarks").glob("*.jsonl*")}


def load_benchmark(name: str = "corr2cause-small") -> Benchmark[Any]:
    """A set that ships with the library.

    Raises:
        InvalidParameter: there is none of that name.

    Example:
        >>> small = load_benchmark("corr2cause-small")
        >>> small.about["seed"], sorted({len(item.variables) for item in small})
        (0, [2, 3, 4, 5, 6, 7, 8, 10, 12])
    """
    if name not in benchmark_names():
        raise InvalidParameter(f"no set {name!r} ships: the names are {', '.join(benchmark_names())}")
    return Benchmark.load(_shipped()[name])
