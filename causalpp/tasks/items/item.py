"""Benchmark items: a premise, a hypothesis about it, and whether the premise entails it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from causalpp.errors import FormatError

__all__ = ["RELATIONS", "Item"]

RELATIONS = (
    "parent",  # a directly causes b
    "child",  # b directly causes a
    "ancestor",  # a causes b, but not directly
    "descendant",  # b causes a, but not directly
    "collider",  # a and b have a common effect
    "confounder",  # a and b have a common cause
)


@dataclass(frozen=True)
class Item:
    """One question of a benchmark, in the words that a solver sees and with all that is known about it.

    Attributes:
        id: unique in its set, and the same whenever the set is generated again.
        premise: the variables and what is independent of what, in English.
        hypothesis: a sentence about two of the variables, in English.
        label: whether the hypothesis holds in every member of the class that the premise determines; None if unknown.
        relation: which of :data:`RELATIONS`; "" if unknown.
        a, b: the two variables that the hypothesis is about; "" if unknown.
        variables: the names, in the order of the premise.
        group: the same for all items of one class, whatever the names and the wording: what splits must not share.
        split: ``"train"``, ``"validation"``, ``"test"`` or "".
        wording: which wording of the hypothesis.
        pair: the id of the near miss: an item of the same length that differs in one relation or edge and has
            the other label; "" if there is none.
        semantics: what the label means: ``"path"``, ``"published"`` or ``"direct"``.
        certificate: what shows the label to be right, as plain values.
        about: where it comes from: seed, density, size of the class and the like, as plain values.
    """

    id: str
    premise: str
    hypothesis: str
    label: bool | None
    relation: str = ""
    a: str = ""
    b: str = ""
    variables: tuple[str, ...] = ()
    group: str = ""
    split: str = ""
    wording: int = 0
    pair: str = ""
    semantics: str = "path"
    certificate: Mapping[str, Any] = field(default_factory=dict, repr=False)
    about: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def text(self) -> str:
        """Premise and hypothesis in the form of the published sets."""
        return f"Premise: {self.premise}\nHypothesis: {self.hypothesis}"

    def to_dict(self) -> dict[str, Any]:
        """The item as plain values."""
        out = {name: getattr(self, name) for name in self.__dataclass_fields__}
        out["variables"] = list(self.variables)
        out["certificate"], out["about"] = dict(self.certificate), dict(self.about)
        return out

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Item:
        """The inverse of :meth:`to_dict`.

        Raises:
            FormatError: a field is missing or unknown.
        """
        unknown = set(values) - set(cls.__dataclass_fields__)
        missing = {"id", "premise", "hypothesis", "label"} - set(values)
        if unknown or missing:
            what = f"has no field {sorted(missing)[0]!r}" if missing else f"has an unknown field {sorted(unknown)[0]!r}"
            raise FormatError(f"this is no benchmark item, it {what}: {str(dict(values))[:200]}")
        plain = dict(values)
        plain["variables"] = tuple(plain.get("variables", ()))
        return cls(**plain)
