"""Items of Corr2Cause: a premise, a hypothesis about it, and whether the premise entails it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from causalpp.errors import FormatError
from causalpp.tasks.corr2cause.layouts import values_of
from causalpp.tasks.items.item import Item, Target
from causalpp.tasks.items.scorers import YesNo

__all__ = ["RELATIONS", "Corr2CauseItem", "corr2cause_item"]

RELATIONS = (
    "parent",  # a directly causes b
    "child",  # b directly causes a
    "ancestor",  # a causes b, but not directly
    "descendant",  # b causes a, but not directly
    "collider",  # a and b have a common effect
    "confounder",  # a and b have a common cause
)

_ASKED = "Does the hypothesis hold in every causal graph that agrees with the premise? Answer yes or no."
_MEANING = {
    "path": "a relation holds along directed paths; a common cause or effect may be reached through others",
    "direct": "ancestors are those without an edge; common causes and effects are parents and children",
    "published": "the labels of the published set, faults included: for comparison, not for training",
}


@dataclass(frozen=True)
class Corr2CauseItem(Item):
    """One question of the benchmark, in the words that a solver sees and with all that is known about it.

    Attributes:
        id: unique in its set, and the same whenever the set is generated again.
        premise: the variables and what is independent of what, in English.
        hypothesis: a sentence about two of the variables, in English.
        label: whether the hypothesis holds in every member of the class that the premise determines; None if unknown.
        relation: which of :data:`RELATIONS`; "" if unknown.
        a, b: the two variables that the hypothesis is about; "" if unknown.
        variables: the names, in the order of the premise.
        wording: which wording of the hypothesis.
        semantics: what the label means: ``"path"``, ``"published"`` or ``"direct"``.
        certificate: what shows the label to be right, as plain values.
        prompt, target: made of premise, hypothesis and label.
        group: the same for all items of one class, whatever the names and the wording.
        pair: the id of the near miss: an item of the same length that differs in one relation or edge and has
            the other label; "" if there is none.
        split, about: as for every :class:`~causalpp.tasks.Item`; ``about`` has seed, density, size of the class, ….

    Example:
        >>> item = Corr2CauseItem("1", "A correlates with B.", "A directly causes B.", False)
        >>> item.target.value, item.blind().label
        (False, None)
        >>> print(item.text)
        Premise: A correlates with B.
        Hypothesis: A directly causes B.
    """

    prompt: str = field(init=False, repr=False, compare=False)
    target: Target = field(init=False, repr=False, compare=False)
    premise: str
    hypothesis: str
    label: bool | None
    relation: str = ""
    a: str = ""
    b: str = ""
    variables: tuple[str, ...] = ()
    wording: int = 0
    semantics: str = "path"
    certificate: Mapping[str, Any] = field(default_factory=dict, repr=False)

    stored: ClassVar[tuple[str, ...]] = (
        "id", "premise", "hypothesis", "label", "relation", "a", "b", "variables", "group", "split", "wording", "pair",
        "semantics", "certificate", "about",
    )  # fmt: skip
    columns: ClassVar[tuple[str, ...]] = ("input", "query", "premise")
    needed: ClassVar[tuple[str, ...]] = ("id", "premise", "hypothesis", "label")
    title: ClassVar[str] = "Corr2Cause, generated"
    licence: ClassVar[Sequence[str]] = (
        "The items are generated; nothing is taken from the published files. They are under the licence of",
        "this library (Apache 2.0). The task, the relations and the wording are those of Corr2Cause: Jin et al.,",
        "*Can large language models infer causation from correlation?*, ICLR 2024, arXiv 2306.05836. Please cite",
        "it when you use the task.",
    )
    order: ClassVar[Mapping[str, Sequence[str]]] = {"relation": RELATIONS}

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt", f"{self.text}\n\n{_ASKED}")
        object.__setattr__(self, "target", Target(self.label, YesNo()))

    @property
    def text(self) -> str:
        """Premise and hypothesis in the form of the published sets."""
        return f"Premise: {self.premise}\nHypothesis: {self.hypothesis}"

    @property
    def size(self) -> int | None:
        return len(self.variables) or super().size

    @property
    def shared(self) -> str:
        return self.premise

    @property
    def facts(self) -> dict[str, Any]:
        return {"relation": self.relation, "wording": self.wording, "semantics": self.semantics}

    @property
    def traits(self) -> dict[str, Any]:
        return {
            "variables": len(self.variables),
            "label": self.label,
            "relation": self.relation,
            "split": self.split,
            "near miss": self.about.get("near_miss", ""),
        }

    def blind(self) -> Self:
        return replace(self, label=None, certificate={})

    @classmethod
    def described(cls, about: Mapping[str, Any]) -> list[str]:
        semantics = str(about.get("semantics", "path"))
        published = semantics == "published"
        return [
            "Each item is a premise (what is independent of what among the variables), a hypothesis about two of",
            "them, and whether the hypothesis holds in every graph that agrees with the premise. The premise alone",
            "determines the equivalence class, which was checked for every one.",
            "",
            "The labels are the counts of the published program."
            if published
            else "Labels are exact and have a certificate: a proof, or a graph in which the hypothesis fails.",
            "",
            "The names are in the causal order of one graph of the class, as in the published set."
            if about.get("complete") or published
            else "The order of the names says nothing about the causal order.",
            "",
            f"Semantics: {semantics}; {_MEANING[semantics]}.",
            "",
        ]

    @classmethod
    def _read(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "variables": tuple(values.get("variables", ()))}

    @classmethod
    def from_row(cls, row: Mapping[str, Any], number: int, source: str, split: str) -> Self:
        return cls.from_dict(values_of(row, number, source, split))


def corr2cause_item(item: Item) -> Corr2CauseItem:
    """An item that has a premise and a hypothesis.

    Raises:
        FormatError: it is one of another kind.
    """
    if not isinstance(item, Corr2CauseItem):
        raise FormatError(
            f"the item {item.id!r} has no premise and no hypothesis: it is of the kind {type(item).__name__}"
        )
    return item
