"""Reading benchmark files: our own, and the published sets in the formats they are published in.

The published rows (Hugging Face ``causalnlp/corr2cause``, and Extended Corr2Cause after it) have the columns
``input``, "Premise: … Hypothesis: …", and ``label``, 0 or 1, at times ``num_variables`` and ``template``.  The files
behind them have ``premise``, ``hypothesis``, a label in words, and an ``id``.  Corr2Cause++ has ``query`` for
``input``, and ``relation_type``.  All of these are read, from JSON, JSON lines, CSV, TSV and Parquet, one row after the
other, so that a file need not fit in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from causalpp.errors import CausalppError, FormatError, InvalidParameter, MissingDependency
from causalpp.tasks.items._row_files import COLUMNS, SUFFIXES, rows_of
from causalpp.tasks.items.item import Item

__all__ = ["PUBLISHED", "load_published", "read_items"]

#: Short name → where the set is on the Hugging Face hub.
PUBLISHED = {"corr2cause": "causalnlp/corr2cause", "extended": "Amartya77/Extended_Corr2Cause"}

_SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
_TRUE = {"1", "true", "yes", "valid", "entailment", "entailed", "1.0"}
#: In the published paraphrase files 2 is a contradiction, which does not follow either.
_FALSE = {
    "0",
    "false",
    "no",
    "invalid",
    "non-entailment",
    "not entailed",
    "contradiction",
    "neutral",
    "0.0",
    "2",
    "2.0",
}
_TEMPLATES = {
    "parent": "parent",
    "child": "child",
    "non-parent ancestor": "ancestor",
    "non-child descendant": "descendant",
    "has collider": "collider",
    "has confounder": "confounder",
    "ancestor": "ancestor",
    "descendant": "descendant",
    "collider": "collider",
    "confounder": "confounder",
}
_CHECKED = ("id", "premise", "hypothesis", "label")
_RELATION = re.compile(r"causal_relation=([a-z_\- ]+?)(?:__|$)")
_PREMISE = re.compile(r"\s*premise\s*:", re.I)
_HYPOTHESIS = re.compile(r"\bhypothesis\s*:", re.I)


def read_items(path: str | Path, *, split: str = "") -> Iterator[Item]:
    r"""The items of a file, or of all files of a folder, one after the other.

    A row that is not as it should be (no text, a label that is neither 0 nor 1) becomes an item all the same, with the
    label None and what is wrong in ``about["problem"]``: one bad row among 200,000 is to be reported, not to end the
    reading.  ``about["row"]`` is its number, from 1.

    Args:
        path: a ``.json``, ``.jsonl``, ``.csv``, ``.tsv`` or ``.parquet`` file, or a folder with such files; names such
            as ``test.csv`` or ``validation-00000.parquet`` say which split the rows belong to.
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
        files = sorted(file for file in place.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        if not files:
            raise FormatError(f"the folder {str(place)!r} has no file that ends in {', '.join(SUFFIXES)}")
        for file in files:
            yield from read_items(file, split=split)
        return
    if not place.is_file():
        raise FormatError(f"cannot read {str(place)!r}: there is no such file")
    if place.suffix.lower() not in SUFFIXES:
        raise FormatError(f"cannot read {str(place)!r}: a benchmark file ends in {', '.join(SUFFIXES)}")
    named = split or split_of(place.name)
    try:
        for number, row in enumerate(rows_of(place), 1):
            yield item_of(row, number, place.name, named)
    except FormatError as error:
        raise FormatError(f"{place}: {error}") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"{place} is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise FormatError(f"cannot read {str(place)!r}: {(error.strerror or str(error)).lower()}") from None


def load_published(
    name: str = "corr2cause", split: str = "test", *, revision: str | None = None, limit: int | None = None
) -> Iterator[Item]:
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


def item_of(row: Mapping[str, Any], number: int, source: str, split: str) -> Item:
    """The item in one row, be it ours or published.

    Raises:
        FormatError: the row has no column that tells the premise.
    """
    if not any(name in row for name in COLUMNS):
        raise FormatError(
            f"row {number} has none of 'input', 'query' and 'premise', but {', '.join(map(str, row)) or 'nothing'}"
        )
    premise, hypothesis = _texts(row)
    label, problem = label_of(row.get("label"))
    if "hypothesis" in row and isinstance(row.get("about"), Mapping):
        return _ours(row, number, source, premise, hypothesis, label, problem)
    about: dict[str, Any] = {"row": number, "source": source}
    if problem:
        about["problem"] = problem
    for name in ("num_variables", "template", "dataset"):
        if row.get(name) is not None:
            about[name] = row[name]
    given = str(row.get("id") or "")
    said = _RELATION.search(given)
    template = (
        str(row.get("template") or row.get("relation_type") or (said[1] if said else ""))
        .replace("_", " ")
        .strip()
        .lower()
    )
    relation = _TEMPLATES.get(template, _TEMPLATES.get(template.replace("non ", "non-"), ""))
    return Item(
        given or f"{source}:{number}",
        premise,
        hypothesis,
        label,
        relation=relation,
        split=split_of(str(row.get("split") or "")) or split,
        about=about,
    )


def _ours(
    row: Mapping[str, Any], number: int, source: str, premise: str, hypothesis: str, label: bool | None, problem: str
) -> Item:
    """The item in a row that has all our fields; further columns are passed over."""
    known = {
        name: row[name] for name in Item.__dataclass_fields__ if row.get(name) is not None and name not in _CHECKED
    }
    if problem and row.get("label") is not None:  # without a label, the item is one whose label is not known
        known["about"] = {**row["about"], "problem": problem}
    given = str(row.get("id") or "") or f"{source}:{number}"
    return Item.from_dict({**known, "id": given, "premise": premise, "hypothesis": hypothesis, "label": label})


def label_of(value: Any) -> tuple[bool | None, str]:
    """A label as it stands in a file, and what is wrong with it.

    >>> label_of(1), label_of("entailment"), label_of(" No ")
    ((True, ''), (True, ''), (False, ''))
    >>> label_of(2), label_of(3)  # 2: contradiction
    ((False, ''), (None, 'the label 3 is neither 0 nor 1'))
    """
    word = str(value).strip().lower()
    if word in _TRUE:
        return True, ""
    if word in _FALSE:
        return False, ""
    if value is None or word in ("", "nan"):
        return None, "there is no label"
    return None, f"the label {str(value)[:40] if not isinstance(value, str) else repr(value[:40])} is neither 0 nor 1"


def split_of(name: str) -> str:
    """The split that a file or a column names: ``"train"``, ``"validation"``, ``"test"`` or "".

    >>> split_of("dev.csv"), split_of("test-00000-of-00001.parquet"), split_of("items.json")
    ('validation', 'test', '')
    """
    words = re.split(r"[^a-z]+", name.lower())
    return next((_SPLITS[word] for word in words if word in _SPLITS), "")


def _texts(row: Mapping[str, Any]) -> tuple[str, str]:
    if "premise" in row:
        premise, hypothesis = str(row["premise"] or ""), str(row.get("hypothesis") or "")
    else:
        premise, hypothesis = str(row.get("input") or row.get("query") or ""), ""
        mark = _HYPOTHESIS.search(premise)
        if mark:
            premise, hypothesis = premise[: mark.start()], premise[mark.end() :]
    return _after(_PREMISE, premise).strip(), _after(_HYPOTHESIS, hypothesis.strip()).strip()


def _after(heading: re.Pattern[str], text: str) -> str:
    """The text without the heading it begins with."""
    found = heading.match(text)
    return text[found.end() :] if found else text


def first(items: Iterable[Item], count: int | None) -> Iterator[Item]:
    """The first so many items, or all.

    Raises:
        InvalidParameter: a negative number.
    """
    if count is not None and count < 0:
        raise InvalidParameter(f"a number of rows is not negative, got {count}")
    return islice(items, count)
