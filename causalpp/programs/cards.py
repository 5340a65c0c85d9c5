"""Cards: where a network comes from and what its variables mean, in plain English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

__all__ = ["Card", "VariableCard"]


@dataclass(frozen=True)
class VariableCard:
    """What one variable is: a short label, a sentence, and a phrase for each state."""

    label: str
    description: str
    states: Mapping[str, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "states", MappingProxyType(dict(self.states)))

    def __hash__(self) -> int:
        return hash((self.label, self.description))

    def __reduce__(self) -> tuple[Any, ...]:
        return VariableCard, (self.label, self.description, dict(self.states))


@dataclass(frozen=True)
class Card:
    """Where a network comes from and what its variables mean.

    Attributes:
        name, title, summary, citation, source, url, licence: in plain English.
        notes: what a user should know; they speak of the graph, so they never go into a prompt.
        variables: what each variable means, by its name in the network.
    """

    name: str
    title: str
    summary: str
    citation: str
    source: str
    url: str
    licence: str
    notes: tuple[str, ...]
    variables: Mapping[str, VariableCard]

    def __post_init__(self) -> None:
        object.__setattr__(self, "variables", MappingProxyType(dict(self.variables)))

    def __hash__(self) -> int:
        return hash((self.name, self.title))

    def __reduce__(self) -> tuple[Any, ...]:
        values = [getattr(self, item.name) for item in fields(self)]
        return Card, (*values[:-1], dict(self.variables))

    @property
    def labels(self) -> dict[str, str]:
        """Variable → its short label, such as ``'dysp' → 'shortness of breath'``."""
        return {name: variable.label for name, variable in self.variables.items()}

    @property
    def description(self) -> str:
        """The summary and every variable with its states, in plain English, without a word about the graph."""
        lines = [f"{self.title}. {self.summary}", "Variables:"]
        for name, variable in self.variables.items():
            states = "; ".join(f"{state}: {phrase}" for state, phrase in variable.states.items())
            lines.append(f"- {name} ({variable.label}): {variable.description} States: {states}.")
        return "\n".join(lines)
