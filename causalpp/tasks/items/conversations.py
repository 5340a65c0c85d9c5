"""Items as conversations, in the layouts that trainers read, with columns such as ``prompt`` and ``completion``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from causalpp._files import check_target, write_text
from causalpp.errors import FormatError, InvalidParameter
from causalpp.tasks.items.item import Item, score

__all__ = ["LAYOUTS", "conversations", "write_conversations"]

#: Layout → the columns that hold messages, besides ``prompt``.
LAYOUTS: dict[str, tuple[str, ...]] = {
    "prompt": (),  # for rewards: group-relative and proximal policy optimisation
    "completion": ("completion",),  # for fine-tuning
    "preference": ("chosen", "rejected"),  # for direct preference optimisation
    "labelled": ("completion",),  # for Kahneman–Tversky optimisation: with a column "label"
}


def conversations(items: Iterable[Item], layout: str = "completion") -> Iterator[dict[str, Any]]:
    """One row an item (two for ``"labelled"``) with messages, as the package TRL and others read them.

    Args:
        items: their targets have to be known.
        layout: one of :data:`LAYOUTS`.

    Yields:
        ``prompt``, what the layout has besides, and for rewards and tables ``id``, ``split`` and ``answer``, the value
        of the target as JSON.

    Raises:
        InvalidParameter: an unknown layout.
        FormatError: an item whose answer is not known, or of which it is not known what would be wrong.

    Example:
        >>> from causalpp.tasks import Target, YesNo
        >>> item = Item("1", "Does rain cause clouds?", Target(False, YesNo()))
        >>> (row,) = conversations([item], "preference")
        >>> row["prompt"], row["answer"]
        ([{'role': 'user', 'content': 'Does rain cause clouds?'}], 'false')
        >>> row["chosen"], row["rejected"]
        ([{'role': 'assistant', 'content': 'no'}], [{'role': 'assistant', 'content': 'yes'}])
    """
    if layout not in LAYOUTS:
        raise InvalidParameter(f"there is no layout {layout!r}: use {', '.join(LAYOUTS)}")
    for item in items:
        if item.target.value is None:
            raise FormatError(f"what is right is not known of the item {item.id!r}")
        rows: list[dict[str, Any]] = [{"prompt": _said("user", item.prompt)}]
        if layout == "completion":
            rows[0]["completion"] = _said("assistant", item.solution)
        elif layout == "preference":
            rows[0] |= {"chosen": _said("assistant", item.solution), "rejected": _said("assistant", _mistake(item))}
        elif layout == "labelled":
            replies = (True, item.solution), (False, _mistake(item))
            rows = [{**rows[0], "completion": _said("assistant", text), "label": label} for label, text in replies]
        answer = json.dumps(item.target.value, ensure_ascii=False)
        for row in rows:
            yield {**row, "id": item.id, "split": item.split, "answer": answer}


def write_conversations(items: Iterable[Item], path: str | Path, layout: str = "completion") -> Path:
    """Write :func:`conversations` to a file, one a line.

    Raises:
        FormatError: its name does not end in ``.jsonl``, or its folder is not there; see :func:`conversations`, too.
    """
    target = Path(path)
    if target.suffix != ".jsonl":
        raise FormatError(f"cannot write {str(target)!r}: conversations are written to .jsonl")
    check_target(target)
    rows = conversations(items, layout)
    return write_text(target, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _said(role: str, text: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text}]


def _mistake(item: Item) -> str:
    """A wrong reply, which its scorer takes for wrong."""
    text = item.mistake
    if not text or score(item, text).value != 0:
        raise FormatError(f"of the item {item.id!r}, of the kind {type(item).__name__}, no wrong reply is known")
    return text
