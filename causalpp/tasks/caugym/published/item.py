"""Items of the published sets: the text, the answer that is stated, and the reasoning that comes with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from causalpp.errors import FormatError
from causalpp.language.reading import loose_objects
from causalpp.tasks.caugym.item import QUANTITIES, SETS
from causalpp.tasks.caugym.published.layouts import (
    ASKED,
    quantity_of,
    replies_of,
    set_of,
    stated_in,
    text_of,
)
from causalpp.tasks.caugym.scorers import INSUFFICIENT, CauGym
from causalpp.tasks.items.item import Item, Target
from causalpp.tasks.items.loaders import split_of

__all__ = ["PublishedItem"]

_CONSIDER = re.compile(r"\((ATE|CDE|ETT|NDE|NIE|PN|PS)\)")
_MARKS = ('"PROB"', "Input Info:")


@dataclass(frozen=True)
class PublishedItem(Item):
    """A row of a published file of CauGym.

    Attributes:
        id: as the file has it, or its name and the number of the row.
        prompt: what is asked, as it stands in the file.
        target: the answer that the file states, as that of a :class:`~causalpp.tasks.caugym.CauGymItem`; None if it
            states none that can be read.
        quantity: ATE, CDE, ETT, NDE, NIE, PN or PS; "" if the row does not say.
        set: as the name of the file says, plain for the base set; "" for training sets.
        stated: the answer as it stands there.
        reasons: the steps that come with it.
        replies: replies to learn from, each a ``text`` and whether it is ``wanted``.

    Example:
        >>> row = {"problem": "Input Info: …", "answer": '{"ANSWER": "No", "PROB": "-0.125"}', "Type": "CDE", "idx": 7}
        >>> item = PublishedItem.from_row(row, 1, "base_dataset.json", "")
        >>> item.id, item.target.value, item.quantity, item.set
        ('base_dataset.json:7', {'ANSWER': 'no', 'PROB': '-0.125'}, 'CDE', 'plain')
    """

    quantity: str = field(default="", kw_only=True)
    set: str = field(default="", kw_only=True)
    stated: str = field(default="", kw_only=True)
    reasons: Sequence[str] = field(default=(), repr=False, kw_only=True)
    replies: Sequence[Mapping[str, Any]] = field(default=(), repr=False, kw_only=True)

    stored: ClassVar[tuple[str, ...]] = (
        "id", "prompt", "target", "quantity", "set", "stated", "reasons", "replies", "group", "split", "pair", "about",
    )  # fmt: skip
    columns: ClassVar[tuple[str, ...]] = (
        "stated", *ASKED, "chosen", "reward_model",
    )  # fmt: skip
    needed: ClassVar[tuple[str, ...]] = ("id", "prompt", "target", "stated")
    shapes: ClassVar[Mapping[str, str]] = {
        **Item.shapes, "stated": "a text", "reasons": "a list of texts", "replies": "a list of mappings",
    }  # fmt: skip
    title: ClassVar[str] = "CauGym, published"
    order: ClassVar[Mapping[str, Sequence[str]]] = {"quantity": QUANTITIES, "set": SETS}

    @property
    def facts(self) -> dict[str, Any]:
        return {"quantity": self.quantity, "set": self.set}

    @property
    def traits(self) -> dict[str, Any]:
        answer = (self.target.value or {}).get("ANSWER", "")
        return {"quantity": self.quantity, "set": self.set, "answer": answer, "split": self.split}

    @classmethod
    def knows(cls, row: Mapping[str, Any]) -> bool:
        if "stated" in row or "target" in row:
            return "stated" in row
        return quantity_of(row) in QUANTITIES or any(mark in text_of(row) for mark in _MARKS)

    @classmethod
    def _read(cls, values: dict[str, Any]) -> dict[str, Any]:
        read = super()._read(values)
        return read | {name: tuple(values[name]) for name in ("reasons", "replies") if name in values}

    @classmethod
    def from_row(cls, row: Mapping[str, Any], number: int, source: str, split: str) -> Self:
        if "stated" in row:
            return super().from_row(row, number, source, split)
        text, said = text_of(row), stated_in(row)
        if not text:
            raise FormatError(f"nothing is asked: there is no text under any of {', '.join(ASKED)}")
        value, problem = stated_answer(said)
        named = _CONSIDER.search(text)
        quantity = quantity_of(row) or (named[1] if named else "")
        reason = row.get("Reason")
        key = row.get("idx", row.get("id"))
        about = {"row": number, "source": source, **({"problem": problem} if problem else {})}
        return cls(
            f"{source}:{number if key is None else key}",
            text,
            Target(value, CauGym()),
            quantity=quantity if quantity in QUANTITIES else "",
            set=set_of(source),
            stated=said if len(said) < 200 else said[-200:],
            reasons=tuple(map(str, reason.values())) if isinstance(reason, Mapping) else (),
            replies=tuple({"text": reply, "wanted": wanted} for reply, wanted in replies_of(row)),
            split=split_of(str(row.get("split") or "")) or split or ("test" if set_of(source) else ""),
            about=about,
        )


def stated_answer(text: str) -> tuple[dict[str, Any] | None, str]:
    """A stated answer as the value of a target, with PROB as it is printed; None, and why, if it cannot be read.

    >>> stated_answer('{"PROB": "1.0000"}'), stated_answer("LACK_CONDITION")[0]
    (({'PROB': '1.0000'}, ''), {'ANSWER': 'insufficient', 'PROB': None})
    """
    if not text.strip():
        return None, "no answer is stated"
    scorer = CauGym()
    read = scorer.read(text)
    if read is None or read.get("problem"):
        return None, f"the stated answer cannot be read: {(read or {}).get('problem') or scorer.unread(text)}"
    if read["ANSWER"] == INSUFFICIENT:
        return read, ""
    objects = loose_objects(text, ("PROB",))
    printed = objects[-1].values("PROB")[0] if objects else None
    if read["PROB"] is None or not isinstance(printed, str):
        return None, "the stated answer has no number"
    prob = printed if re.fullmatch(r"[-+]?\d*\.?\d+", printed) else str(read["PROB"])
    return ({"PROB": prob} if read["ANSWER"] is None else {"ANSWER": read["ANSWER"], "PROB": prob}), ""
