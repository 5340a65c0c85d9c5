"""Reading items from JSON, JSON lines, CSV, TSV and Parquet, one row after the other: a file need not fit in memory.

Which kind of item a row holds its columns tell (:attr:`causalpp.tasks.Item.columns`), and the kind reads it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from causalpp.errors import CausalppError, FormatError, InvalidParameter, MissingDependency
from causalpp.tasks.items._row_files import SUFFIXES, rows_of, suffix_of
from causalpp.tasks.items.item import SomeItem, kind_of

__all__ = ["PUBLISHED", "item_of", "load_published", "read_items"]

#: Short name → where the set is on the Hugging Face hub.
PUBLISHED = {"corr2cause": "causalnlp/corr2cause", "extended": "Amartya77/Extended_Corr2Cause"}

#: What the settings of a set end in, which stand beside its items.
ABOUT = ".about.json"

_POINTER = b"version https://git-lfs.github.com/"  # with which a file begins that stands elsewhere

_SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}


def read_items(path: str | Path, *, split: str = "") -> Iterator[Any]:
    r"""The items of a file, or of all files of a folder, one after the other.

    A row that is not as it should be (no text, a label that is neither 0 nor 1) becomes an item all the same, with the
    label None and what is wrong in ``about["problem"]``: one bad row among 200,000 is to be reported, not to end the
    reading.  ``about["row"]`` is its number, from 1.

    Args:
        path: a ``.json``, ``.jsonl``, ``.csv``, ``.tsv`` or ``.parquet`` file, also ``.jsonl.gz``, or a folder with
            such files; names such as ``test.csv`` or ``validation-00000.parquet`` say which split the rows belong to.
        split: the split of rows that do not say it themselves.

    Raises:
        FormatError: the file is missing, is of another format, is cut short, or has columns that tell no premise.
        MissingDependency: a ``.parquet`` file, without the package pyarrow.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "test.jsonl"
        >>> _ = file.write_text('{"input": "Premise: Suppose there is a closed system of 2 variables, A and B. All the '
        ...     'statistical relations among these 2 variables are as follows: A correlates with B.\\n'
        ...     'Hypothesis: A directly causes B.", "label": 0}')
        >>> [(item.hypothesis, item.label, item.split) for item in read_items(file)]
        [('A directly causes B.', False, 'test')]
    """
    place = Path(path)
    if place.is_dir():
        files = sorted(file for file in place.rglob("*") if suffix_of(file) in SUFFIXES and file.is_file())
        files = [file for file in files if not file.name.endswith(ABOUT)]
        if not files:
            raise FormatError(f"the folder {str(place)!r} has no file that ends in {', '.join(SUFFIXES)}")
        for file in files:
            yield from read_items(file, split=split)
        return
    if not place.is_file():
        raise FormatError(f"cannot read {str(place)!r}: there is no such file")
    if suffix_of(place) not in SUFFIXES:
        raise FormatError(f"cannot read {str(place)!r}: a benchmark file ends in {', '.join(SUFFIXES)}")
    named = split or split_of(place.name)
    try:
        _check_pointer(place)
        for number, row in enumerate(rows_of(place), 1):
            yield item_of(row, number, place.name, named)
    except FormatError as error:
        raise FormatError(f"{place}: {error}") from None
    except (EOFError, zlib.error):
        raise FormatError(f"cannot read {str(place)!r}: the packed file is damaged or incomplete") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"{place} is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise FormatError(f"cannot read {str(place)!r}: {(error.strerror or str(error)).lower()}") from None


def _check_pointer(place: Path) -> None:
    with place.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise FormatError("this is a pointer of Git LFS and not the file: fetch that by git lfs pull")


def load_published(
    name: str = "corr2cause", split: str = "test", *, revision: str | None = None, limit: int | None = None
) -> Iterator[Any]:
    """The items of a published set, through the package ``datasets``, which fetches it from the Hugging Face hub.

    Args:
        name: ``"corr2cause"``, ``"extended"``, or the name of a set in the same format on the hub.
        split: as the set names it: ``"train"``, ``"validation"`` or ``"dev"``, ``"test"``.
        revision: a commit of the set, so that the same rows come again.
        limit: read so many rows at most.

    Raises:
        MissingDependency: the package ``datasets`` is not installed.
        FormatError: the set cannot be fetched, or is in another format.
    """
    try:
        datasets = import_module("datasets")
    except ImportError:
        raise MissingDependency(
            "published sets are fetched by the package datasets: pip install datasets, "
            "or read a file of the set with read_items"
        ) from None
    source = PUBLISHED.get(name, name)
    try:
        rows = datasets.load_dataset(source, split=split, revision=revision, streaming=True)
        for number, row in enumerate(islice(rows, limit), 1):
            yield item_of(row, number, name, split_of(split) or split)
    except CausalppError:
        raise
    except Exception as error:  # the package has errors of its own for every way a download can fail
        raise FormatError(f"cannot fetch {source!r}, split {split!r}: {str(error).splitlines()[0]}") from None


def item_of(row: Mapping[str, Any], number: int, source: str, split: str) -> Any:
    """The item in one row, of the kind that its columns tell.

    Raises:
        FormatError: the row has no column that tells a kind.
    """
    try:
        return kind_of(row).from_row(row, number, source, split)
    except FormatError as error:
        raise FormatError(f"row {number}: {error}") from None


def split_of(name: str) -> str:
    """The split that a file or a column names: ``"train"``, ``"validation"``, ``"test"`` or "".

    >>> split_of("dev.csv"), split_of("test-00000-of-00001.parquet"), split_of("items.json")
    ('validation', 'test', '')
    """
    words = re.split(r"[^a-z]+", name.lower())
    return next((_SPLITS[word] for word in words if word in _SPLITS), "")


def first(items: Iterable[SomeItem], count: int | None) -> Iterator[SomeItem]:
    """The first so many items, or all.

    Raises:
        InvalidParameter: a negative number.
    """
    if count is not None and count < 0:
        raise InvalidParameter(f"a number of rows is not negative, got {count}")
    return islice(items, count)
