"""What is asked and what a right reply to it is: items, targets, and who compares a reply with a target.

An :class:`Item` is a prompt with a :class:`Target`; the target's :class:`Scorer` reads a reply and says with a
:class:`Score` how right it is.  A task subclasses :class:`Item` where its items have more to say of themselves.
"""

from __future__ import annotations

import hashlib
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Self, TypeVar, cast, final

from causalpp._register import Register
from causalpp.errors import FormatError, InvalidData

__all__ = ["OUTCOMES", "SCORERS", "Item", "Score", "Scorer", "SomeItem", "Target", "kind_of", "score"]

SomeItem = TypeVar("SomeItem", bound="Item")

#: What can be said of a reply, in the order of tables.
OUTCOMES = ("right", "partly right", "wrong", "no answer", "not known")


@dataclass(frozen=True)
class Score:
    """How right a reply is.

    Attributes:
        value: 1 for right, 0 for wrong or no answer, in between for partly right; None if nobody knows what is right.
        answer: what the reply says, as a plain value; None if it says nothing that can be compared.
        reason: why it is not right, in a few words.

    Example:
        >>> Score(1.0, True).outcome, Score(0.0, False, "the other one").outcome, Score(0.0).outcome
        ('right', 'wrong', 'no answer')
    """

    value: float | None
    answer: Any = None
    reason: str = ""

    @property
    def outcome(self) -> str:
        """One of :data:`OUTCOMES`; no answer is not a wrong answer."""
        if self.answer is None:
            return "no answer"
        if self.value is None:
            return "not known"
        return "right" if self.value >= 1 else "wrong" if self.value <= 0 else "partly right"


class Scorer(ABC):
    """Who reads a reply and compares it with what is right: a frozen dataclass, whose fields are its settings.

    What ships is known by its ``name``; a scorer of one's own by where it stands, and needs no name.

    Example:
        >>> @dataclass(frozen=True)
        ... class OneOf(Scorer):
        ...     words: tuple[str, ...]
        ...
        ...     def read(self, text):
        ...         found = [word for word in self.words if word in text.lower()]
        ...         return found[0] if len(found) == 1 else None
        >>> item = Item("1", "Which fruit is yellow?", Target("banana", OneOf(("banana", "cherry"))))
        >>> score(item, "A banana!").outcome, score(item, "The cherry").outcome, score(item, "Fruit").outcome
        ('right', 'wrong', 'no answer')
    """

    name: ClassVar[str] = ""

    @abstractmethod
    def read(self, text: str) -> Any:
        """What a reply says, as a plain value; None if it says nothing that can be compared."""

    def unread(self, text: str) -> str:  # noqa: ARG002
        """Why a reply says nothing that can be compared, in a few words."""
        return "no answer"

    def compare(self, said: Any, right: Any) -> Score:
        """How right something that was said is; by default it has to be equal."""
        return Score(float(said == right), said, "" if said == right else f"said {said!r}")

    def write(self, value: Any) -> str:
        """A reply that says a value, in the form that :meth:`read` reads; by default as JSON.

        Example:
            >>> from causalpp.tasks import Number, YesNo
            >>> YesNo().write(True), Number().write(0.25), Number(key="PROB").write(0.25)
            ('yes', '0.25', '{"PROB": 0.25}')
        """
        return json.dumps(value, ensure_ascii=False)

    @final
    def __call__(self, item: Item, reply: object) -> Score:
        """How right a reply to an item is; see :func:`score`."""
        text = reply if isinstance(reply, str) else getattr(reply, "text", None)
        said, right = self.read(text) if isinstance(text, str) else reply, item.target.value
        if said is None:
            why = self.unread(text) if isinstance(text, str) else "no answer"
            return Score(None if right is None else 0.0, None, why)
        if right is None:
            return Score(None, said)
        try:
            return self.compare(said, right)
        except (TypeError, ValueError) as error:
            what = f"the scorer {type(self).__name__!r} cannot compare {said!r}, an answer to the item {item.id!r}"
            raise InvalidData(f"{what}, with {right!r}: {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """The scorer as plain values: under ``scorer`` its name or where it stands, and its settings."""
        return {"scorer": self.name or f"{type(self).__module__}:{type(self).__qualname__}", **asdict(cast(Any, self))}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Scorer:
        """The inverse of :meth:`to_dict`.

        Raises:
            UnknownName, InvalidParameter: there is no such scorer.
            FormatError: it has other settings.
        """
        settings = {name: value for name, value in values.items() if name != "scorer"}
        try:
            return SCORERS.find(values["scorer"])(**settings)
        except (KeyError, TypeError) as error:
            raise FormatError(f"this is no scorer, {error}: {str(dict(values))[:200]}") from None


#: The scorers that ship.
SCORERS: Register[type[Scorer]] = Register(
    "scorer", lambda found: isinstance(found, type) and issubclass(found, Scorer)
)


@dataclass(frozen=True)
class Target:
    """What a right reply is.

    Attributes:
        value: a plain value; None if it is not known.
        scorer: who compares replies with it.
    """

    value: Any
    scorer: Scorer

    def to_dict(self) -> dict[str, Any]:
        """The target as plain values."""
        return {"value": self.value, "scorer": self.scorer.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`.

        Raises:
            FormatError: a key is missing or unknown.
            UnknownName, InvalidParameter: there is no such scorer.
        """
        if set(values) != {"value", "scorer"}:
            raise FormatError(f"a target has a 'value' and a 'scorer', not {str(dict(values))[:200]}")
        return cls(values["value"], Scorer.from_dict(values["scorer"]))


@dataclass(frozen=True)
class Item:
    """Something that is asked, with what is known about it.

    A kind of item with more fields subclasses this; it lists in ``stored`` what its files hold, and in ``columns``
    what tells its rows from those of other kinds, by default what it stores and the kind it derives from does not.

    Attributes:
        id: unique in its set, and the same whenever the set is generated again.
        prompt: what is shown to whoever answers.
        target: what a right reply is.
        group: the same for all items that are right and wrong together, and that splits must not share.
        split: ``"train"``, ``"validation"``, ``"test"`` or "".
        pair: the id of an item that differs from this one in a single thing; "" if there is none.
        about: where it comes from, as plain values.

    Example:
        >>> from causalpp.tasks import Number, score
        >>> item = Item("1", "P(Y = 1 | do(X = 1)) = ?", Target(0.31, Number(tolerance=0.005)))
        >>> score(item, "It is 0.312.").outcome, score(item, "I cannot tell.").outcome
        ('right', 'no answer')
        >>> Item.from_dict(item.to_dict()) == item
        True
    """

    id: str
    prompt: str = field(repr=False)
    target: Target
    group: str = field(default="", kw_only=True)
    split: str = field(default="", kw_only=True)
    pair: str = field(default="", kw_only=True)
    about: Mapping[str, Any] = field(default_factory=dict, repr=False, kw_only=True)

    #: What a file holds of an item, in this order.
    stored: ClassVar[tuple[str, ...]] = ("id", "prompt", "target", "group", "split", "pair", "about")
    #: The columns one of which tells the rows of this kind.
    columns: ClassVar[tuple[str, ...]] = ("prompt",)
    #: What a stored item must have.
    needed: ClassVar[tuple[str, ...]] = ("id", "prompt", "target")
    #: Stored field → what it has to be, out of :data:`_SHAPES`.
    shapes: ClassVar[Mapping[str, str]] = {"prompt": "a text", "about": "a mapping"}
    #: The heading of a card, and what it says of licence and source.
    title: ClassVar[str] = "Items"
    licence: ClassVar[Sequence[str]] = ()
    #: Trait → its values in the order of tables, where that is not the alphabet's.
    order: ClassVar[Mapping[str, Sequence[str]]] = {}

    _kinds: ClassVar[list[type[Item]]] = []

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "columns" not in vars(cls):
            inherited = next(base.stored for base in cls.__mro__[1:] if issubclass(base, Item))
            cls.columns = tuple(name for name in cls.stored if name not in inherited)
        Item._kinds.insert(0, cls)

    @property
    def size(self) -> int | None:
        """How many variables it is about, as far as it says so: shares of splits hold within a size."""
        said = str(self.about.get("num_variables", ""))
        return int(said) if said.isdecimal() else None

    @property
    def cluster(self) -> str:
        """What tells which items are right and wrong together: the group, or else the text that they share."""
        return self.group or hashlib.blake2b(self.shared.encode("utf-8", "replace"), digest_size=8).hexdigest()

    @property
    def shared(self) -> str:
        """The text that items which are right and wrong together have in common; by default the whole prompt."""
        return self.prompt

    @property
    def topic(self) -> str:
        """What kind of thing it asks: solved items of the same topic are shown as examples; "" if all ask the same."""
        return ""

    @property
    def reply(self) -> str:
        """A right reply, as it is shown in examples; only where it is known what is right."""
        return self.target.scorer.write(self.target.value)

    @property
    def solution(self) -> str:
        """A right reply with what leads to it, as it is learned from; by default the reply alone."""
        return self.reply

    @property
    def mistake(self) -> str:
        """A wrong reply that somebody might give, as it is learned to avoid; "" if none is known.

        >>> from causalpp.tasks import YesNo
        >>> Item("1", "Does rain cause clouds?", Target(False, YesNo())).mistake
        'yes'
        """
        return self.target.scorer.write(self.near_misses[0]) if self.near_misses else ""

    @property
    def facts(self) -> dict[str, Any]:
        """What tables of results tell of it, besides its size, split and pair."""
        return {}

    @property
    def traits(self) -> dict[str, Any]:
        """What the items of a set are counted by."""
        return {"variables": self.size, "scorer": self.target.scorer.name, "split": self.split}

    @property
    def near_misses(self) -> tuple[Any, ...]:
        """Values that are wrong and near: of yes and no the other, else what ``about`` lists as ``near_misses``."""
        right = self.target.value
        return (not right,) if isinstance(right, bool) else tuple(self.about.get("near_misses", ()))

    def blind(self) -> Self:
        """The item as whoever answers may see it: what is right is not known."""
        return replace(self, target=Target(None, self.target.scorer))

    @classmethod
    def described(cls, about: Mapping[str, Any]) -> list[str]:  # noqa: ARG003
        """What a card says of items of this kind, made as ``about`` says."""
        return []

    def to_dict(self) -> dict[str, Any]:
        """The item as plain values."""
        return {name: _plain(getattr(self, name)) for name in self.stored}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`, for items of any kind.

        Raises:
            FormatError: a field is missing or unknown.
        """
        kind = cast("type[Self]", kind_of(values)) if cls is Item else cls
        unknown, missing = set(values) - set(kind.stored), set(kind.needed) - set(values)
        if unknown or missing:
            what = f"has no field {sorted(missing)[0]!r}" if missing else f"has an unknown field {sorted(unknown)[0]!r}"
            raise FormatError(f"this is no benchmark item, it {what}: {str(dict(values))[:200]}")
        try:
            return kind(**kind._read(dict(values)))
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"this is no benchmark item, {error}: {str(dict(values))[:200]}") from None

    @classmethod
    def _read(cls, values: dict[str, Any]) -> dict[str, Any]:
        """What the constructor takes, made of plain values."""
        for name, shape in cls.shapes.items():
            if name in values and not _SHAPES[shape](values[name]):
                raise TypeError(f"{name!r} is not {shape}")
        return {**values, "target": Target.from_dict(values["target"])}

    @classmethod
    def knows(cls, row: Mapping[str, Any]) -> bool:  # noqa: ARG003
        """Whether a row with one of the columns may be one of this kind, by what it holds."""
        return True

    @classmethod
    def from_row(cls, row: Mapping[str, Any], number: int, source: str, split: str) -> Self:
        """The item in a row of a file; what else stands in the row is passed over.

        Args:
            row: column → value.
            number: of the row, from 1.
            source: the name of the file.
            split: of rows that do not say theirs.

        Raises:
            FormatError: the row is no item.
        """
        known = {name: row[name] for name in cls.stored if row.get(name) is not None}
        module = _module_of_scorer(known.get("target"))
        if module and module not in sys.modules:
            raise FormatError(f"a file imports no code: import {module!r}, where its scorer stands, before it is read")
        return cls.from_dict({"id": f"{source}:{number}", "split": split, **known})


def kind_of(row: Mapping[str, Any]) -> type[Item]:
    """Which kind of item plain values hold, by the columns that tell it.

    Raises:
        FormatError: none that is known.
    """
    kinds: list[type[Item]] = [*Item._kinds, Item]
    for there in ({name for name, value in row.items() if value is not None}, set(row)):
        fits = [kind for kind in kinds if not there.isdisjoint(kind.columns) and kind.knows(row)]
        if fits:  # the one that knows all that is there, if several could be meant, or else most of what tells it
            most = max(fits, key=lambda kind: len(there.intersection(kind.columns)))
            return next((kind for kind in fits if there <= set(kind.stored)), most)
    names = dict.fromkeys(name for kind in kinds for name in kind.columns)
    present = ", ".join(map(str, row)) or "nothing"
    raise FormatError(f"this is no item: none of {', '.join(map(repr, names))} is there, but {present}")


def score(item: Item, reply: object) -> Score:
    """How right a reply to an item is.

    Args:
        item: what was asked.
        reply: a text, anything that has one as ``text``, or a plain value that was read from one; None for no answer.

    Example:
        >>> from causalpp.tasks import YesNo
        >>> item = Item("1", "Does smoking cause cancer?", Target(True, YesNo()))
        >>> [score(item, reply).outcome for reply in ("Yes.", False, "Who knows?", None)]
        ['right', 'wrong', 'no answer', 'no answer']
    """
    return item.target.scorer(item, reply)


def _is_mappings(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(part, Mapping) for part in value)


_SHAPES: dict[str, Callable[[Any], bool]] = {
    "a text": lambda value: isinstance(value, str),
    "a list of texts": lambda value: isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value),
    "a mapping": lambda value: isinstance(value, Mapping),
    "a list of mappings": _is_mappings,
    "a mapping of mappings": lambda value: isinstance(value, Mapping) and _is_mappings(list(value.values())),
}


def _module_of_scorer(target: Any) -> str:
    """Where the scorer of a target in plain values stands; "" if it ships."""
    scorer = target.get("scorer") if isinstance(target, Mapping) else None
    name = str(scorer.get("scorer")) if isinstance(scorer, Mapping) else ""
    return name.partition(":")[0] if ":" in name else ""


def _plain(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    return dict(value) if isinstance(value, Mapping) else value
