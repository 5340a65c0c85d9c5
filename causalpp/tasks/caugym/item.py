"""Items of CauGym: a word problem about one causal quantity, with everything that shows its answer to be right."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, ClassVar, Self

from causalpp.tasks.caugym.scorers import INSUFFICIENT
from causalpp.tasks.items.item import Item, Target

__all__ = ["BOUNDS", "QUANTITIES", "SETS", "CauGymItem"]

#: What can be asked about.
QUANTITIES = (
    "ATE",  # average treatment effect
    "CDE",  # controlled direct effect
    "ETT",  # effect of treatment on the treated
    "NDE",  # natural direct effect
    "NIE",  # natural indirect effect
    "PN",  # probability of necessity
    "PS",  # probability of sufficiency
)

#: The set as it is, and what can be done to it.
SETS = (
    "plain",
    "rephrased",  # in other words
    "omitted",  # the instruction that names and defines the quantity is left out
    "deconfounding",  # there is a common cause that has to be adjusted for
    "redundant",  # with figures and sentences that do not matter
    "insufficient",  # something that is needed is missing
)

#: What of PN and PS is asked: the Tian–Pearl bounds, or the value if the treatment never prevents the outcome.
BOUNDS = ("lower", "upper", "monotone")


@dataclass(frozen=True)
class CauGymItem(Item):
    """One word problem.

    Variables have the values 0 and 1, and are known by letters everywhere but in the text.

    Attributes:
        id: unique in its set, and the same whenever the set is generated again.
        prompt: the text.
        target: under ``"ANSWER"`` ``"yes"``, ``"no"`` or ``"insufficient"``, under ``"PROB"`` the value as an exact
            fraction, as in ``"-7/200"``; None where the text leaves it open.
        quantity: one of :data:`QUANTITIES`.
        bound: one of :data:`BOUNDS` for PN and PS, "" for the others.
        set: one of :data:`SETS`.
        program: ``nodes`` in a causal order, ``edges`` as pairs, and ``tables``: for each node its ``parents`` and
            ``p``, the probability (as text) that it is 1 given each state of them; the state's place is the
            binary number of the parents' values, the first parent's being the most significant digit.
        contrast: ``treatment`` and ``outcome``, the values ``treated`` and ``control``, the ``mediators``, the values
            at which a CDE has some ``fixed``, and what is asked of the value: ``above`` or ``below`` (``asked``)
            which ``threshold`` it is.
        figures: what the text states, in its order: ``variables`` and ``given`` (node → 0 or 1) and the ``value`` as
            printed.
        names: node → its phrases: ``"1"`` and ``"0"`` (is so, is not so), ``"would1"``, ``"would0"``, ``"make1"``,
            ``"make0"``.
        derivation: one step after the other: ``what`` is found, ``how`` (an expression over earlier steps, or
            ``"stated"``), and the exact ``value`` as text.
        group: the same for all items about one program.
        pair: the id of the twin: the same problem in letters, or in words if this one is in letters.
        split, about: as for every :class:`~causalpp.tasks.Item`; ``about`` has the seed, the story and the graph.

    Example:
        >>> from causalpp.tasks import caugym
        >>> item = caugym.generate(7, seed=0).items[0]
        >>> item.quantity, item.set, item.target.value["ANSWER"] in ("yes", "no")
        ('ATE', 'plain', True)
        >>> float(item.value) == float(Fraction(item.derivation[-2]["value"]))
        True
    """

    quantity: str = field(kw_only=True)
    bound: str = field(default="", kw_only=True)
    set: str = field(default="plain", kw_only=True)
    program: Mapping[str, Any] = field(default_factory=dict, repr=False, kw_only=True)
    contrast: Mapping[str, Any] = field(default_factory=dict, repr=False, kw_only=True)
    figures: Sequence[Mapping[str, Any]] = field(default=(), repr=False, kw_only=True)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False, kw_only=True)
    derivation: Sequence[Mapping[str, str]] = field(default=(), repr=False, kw_only=True)

    stored: ClassVar[tuple[str, ...]] = (
        "id", "prompt", "target", "quantity", "bound", "set", "program", "contrast", "figures", "names", "derivation",
        "group", "split", "pair", "about",
    )  # fmt: skip
    columns: ClassVar[tuple[str, ...]] = ("quantity", "bound", "set", "derivation")
    needed: ClassVar[tuple[str, ...]] = ("id", "prompt", "target", "quantity")
    shapes: ClassVar[Mapping[str, str]] = {
        **Item.shapes, "program": "a mapping", "contrast": "a mapping", "names": "a mapping of mappings",
        "figures": "a list of mappings", "derivation": "a list of mappings",
    }  # fmt: skip
    title: ClassVar[str] = "CauGym, generated"
    licence: ClassVar[Sequence[str]] = (
        "The items are generated; nothing is taken from the published files. They are under the licence of",
        "this library (Apache 2.0). The seven quantities and the form of the answers are those of CauGym,",
        "arXiv 2602.06337. Please cite it when you use the task.",
    )
    order: ClassVar[Mapping[str, Sequence[str]]] = {"quantity": QUANTITIES, "set": SETS, "bound": ("", *BOUNDS)}

    @property
    def size(self) -> int | None:
        return len(self.program.get("nodes", ())) or super().size

    @property
    def value(self) -> Fraction | None:
        """The quantity, exactly; None where the text leaves it open or the answer is not known."""
        said = (self.target.value or {}).get("PROB")
        return None if said is None else Fraction(said)

    @property
    def anonymous(self) -> bool:
        """Whether the text speaks of letters instead of a story."""
        return bool(self.about.get("story") == "letters")

    @property
    def reply(self) -> str:
        """A right reply, in the form that the prompt asks for; "" where it is not known."""
        return self.target.scorer.write(self.target.value) if self.target.value else ""

    @property
    def solution(self) -> str:
        """The derivation in words and formulas, with a right reply at its end; the reply alone where there is none."""
        missing = self.about.get("missing")
        if missing and not self.derivation:
            return f"{missing} is needed, and neither stated nor does it follow.\n{self.reply}"
        return _worked({} if self.anonymous else self.names, self.derivation, self.reply)

    @property
    def mistake(self) -> str:
        """The same with a wrong end: another value, or an abstention; where nothing follows, a figure for the value."""
        if not self.target.value:
            return ""
        kind = hashlib.blake2b(self.id.encode(), digest_size=1).digest()[0] % 3
        figure = _fraction(str(self.figures[-1]["value"])) if self.figures else Fraction(1, 2)
        value, write = self.value, self.target.scorer.write
        if value is None:
            return write({"ANSWER": self._answered(figure), "PROB": str(figure)})
        if kind == 0:
            return write({"ANSWER": INSUFFICIENT, "PROB": None})
        others = (figure, 1 - value if self.bound else -value, value / 2, value + Fraction(1, 10))
        wrong = next(other for other in others[kind - 1 :] if abs(other - value) > Fraction(1, 100))
        answer = self._answered(wrong)
        steps = [dict(step) for step in self.derivation]
        for step, last in zip(steps[-2:], (str(wrong), answer), strict=True):
            step["value"] = last
        return _worked({} if self.anonymous else self.names, steps, write({"ANSWER": answer, "PROB": str(wrong)}))

    def _answered(self, value: Fraction) -> str:
        threshold = Fraction(str(self.contrast.get("threshold", 0)))
        above = self.contrast.get("asked", "above") == "above"
        return "yes" if (value > threshold if above else value < threshold) else "no"

    @property
    def topic(self) -> str:
        return self.quantity

    @property
    def facts(self) -> dict[str, Any]:
        return {"quantity": self.quantity, "asked": self.bound, "set": self.set, "anonymous": self.anonymous}

    @property
    def traits(self) -> dict[str, Any]:
        return {
            "variables": self.size,
            "quantity": self.quantity,
            "bound": self.bound,
            "set": self.set,
            "answer": (self.target.value or {}).get("ANSWER"),
            "story": self.about.get("story", ""),
            "split": self.split,
        }

    def blind(self) -> Self:
        unknown = Target(None, self.target.scorer)
        # The set and what made it tell whether what is stated suffices.
        about = {name: value for name, value in self.about.items() if name == "story"}
        hidden = replace(self, set="", program={}, derivation=(), figures=(), contrast={}, names={})
        return replace(hidden, target=unknown, about=about)

    @classmethod
    def described(cls, about: Mapping[str, Any]) -> list[str]:  # noqa: ARG003
        return [
            "Each item describes variables with two values, what affects what, and some probabilities, and asks for",
            "one causal quantity and whether it is above or below a number. The answer is derived from the",
            "printed figures alone, in exact arithmetic; the derivation is stored with every item.",
            "",
            "PN and PS have a lower and an upper bound (Tian & Pearl 2000), and a value if the treatment never",
            "prevents the outcome; the text says which is asked.",
            "",
            "The pair of an item is its twin: the same problem about letters, or in words.",
            "",
        ]

    @classmethod
    def _read(cls, values: dict[str, Any]) -> dict[str, Any]:
        read = super()._read(values)
        return read | {name: tuple(values[name]) for name in ("figures", "derivation") if name in values}


def _worked(names: Mapping[str, Mapping[str, str]], steps: Sequence[Mapping[str, str]], reply: str) -> str:
    """A derivation line by line, and what its letters stand for."""
    if not steps:
        return reply
    letters = "; ".join(f"{node} = 1: {phrases['1']}" for node, phrases in names.items())
    lines = [f"{step['what']} = {_numeral(step['how'], step['value'])}" for step in steps[:-1]]
    last = steps[-1]
    return "\n".join([*([letters] if names else []), *lines, f"{last['how']}: {last['value']}", reply])


def _numeral(how: str, value: str) -> str:
    number = Fraction(value)
    shown = f"{float(number):.6f}".rstrip("0").rstrip(".")
    said = shown if Fraction(shown) == number else f"{shown}…"
    return said if how == "stated" else f"{how} = {said}"


def _fraction(printed: str) -> Fraction:
    """A figure as it is printed, which may be a percentage."""
    number = Fraction(printed.rstrip("%"))
    return number / 100 if printed.endswith("%") else number
