"""Interchanges that tell candidate programs apart: what each says of them, and what the network does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.abstraction.alignment import Alignment
from causalpp.abstraction.pairs import Pairs, pairs
from causalpp.abstraction.sites import Place, Site
from causalpp.errors import InvalidParameter

__all__ = ["Interchanges"]


@dataclass(frozen=True, eq=False)
class Interchanges:
    """Interchanges that can be asked for, and what the candidates say of them.

    Attributes:
        candidates: their names and alignments.
        drawn: for each set of sites, the same pairs as every candidate labels them.
        questions: set, pair and state of each question, ``(Q, 3)``.
        says: what each candidate says, booleans of shape ``(N, Q)``.
    """

    candidates: Mapping[str, Alignment]
    sets: tuple[tuple[Pairs, ...], ...]
    questions: NDArray[np.int64]
    says: Tensor

    @classmethod
    def drawn(cls, candidates: Mapping[str, Alignment], together: int, pool: int, seed: int) -> Interchanges:
        """Pairs for each set of sites that all candidates name.

        Raises:
            InvalidParameter: there is none, or no question tells candidates apart.
        """
        first, *rest = candidates.values()
        sets, questions, says = [], [], []
        for number, variables in enumerate(_common(candidates, together)):
            one = first.pairs(pool, seed * 1009 + number, variables[0])
            given = [one]
            for alignment, names in zip(rest, variables[1:], strict=True):
                sources = {new: one.sources[old] for old, new in zip(variables[0], names, strict=True)}
                labelled = pairs(alignment.program, names, outcome=alignment.outcome, base=one.base, sources=sources)
                given.append(labelled)
            after = np.stack([each.after for each in given])
            asked = _questions(after, one.before, len(one.states))
            questions += [(number, row, state) for row, state in asked]
            says += [after[:, row] == state for row, state in asked]
            sets.append(tuple(given))
        table = torch.as_tensor(np.stack(says, 1))
        if not bool((table != table[:1]).any()):
            raise InvalidParameter(
                "the candidates predict the same after every interchange of the sites that all of them name: "
                "interchange several sites (together=2), or name more sites"
            )
        return cls(candidates, tuple(sets), np.array(questions), table)

    def same_as(self, number: int) -> Tensor:
        """Which questions are about the interchange of one question, booleans of shape ``(Q,)``."""
        return torch.as_tensor((self.questions[:, :2] == self.questions[number, :2]).all(1))

    def ask(self, number: int) -> dict[str, Any]:
        """Carry out one interchange: what was interchanged, what was asked, and what the outcome became."""
        kind, row, state = self.questions[number].tolist()
        first = next(iter(self.candidates.values()))
        one = self.sets[kind][0].take([row])
        became = int(first.predicted(one)[0])
        return {
            "interchanged": " ".join(one.variables),
            "pair": row,
            "state": one.states[state],
            "became": one.states[became],
            "yes": became == state,
        }

    def accuracies(self, budget: int) -> dict[str, float | None]:
        """The interchange accuracy of each candidate, on so many pairs whose label it says changes; None without any.

        The pairs are spread over the sets of sites.
        """
        out: dict[str, float | None] = {}
        share = math.ceil(budget / len(self.sets))
        for place, (name, alignment) in enumerate(self.candidates.items()):
            right: list[NDArray[np.bool_]] = []
            for given in self.sets:
                some = given[place].take(np.flatnonzero(given[place].changes)[:share])
                if len(some):
                    right.append(alignment.predicted(some) == some.after)
            out[name] = float(np.concatenate(right).mean()) if right else None
        return out


def _questions(after: NDArray[np.int64], before: NDArray[np.int64], states: int) -> list[tuple[int, int]]:
    """Pairs and states to ask about: where the label moves to, by one candidate or another."""
    found = []
    for row, (predicted, old) in enumerate(zip(after.T.tolist(), before.tolist(), strict=True)):
        new = sorted(set(predicted) - {old}) or ([1 - old] if states == 2 else [])
        found += [(row, state) for state in new]
    return found


def _common(candidates: Mapping[str, Alignment], together: int) -> list[tuple[tuple[str, ...], ...]]:
    """Sets of up to so many sites that all candidates name: of each set, the variables of each candidate.

    Raises:
        InvalidParameter: no site is named by all of them.
    """
    named = [{_key(place): variable for variable, place in each.sites.items()} for each in candidates.values()]
    shared = [key for key in named[0] if all(key in other for other in named)]
    if not shared:
        raise InvalidParameter("no site is named by all candidates, so there is no interchange to tell them apart by")
    chosen = [some for size in range(1, together + 1) for some in combinations(shared, size)]
    return [tuple(tuple(names[key] for key in some) for names in named) for some in chosen]


def _key(place: Place) -> tuple[Any, ...]:
    """Equal for places that are the same."""
    site = place.site
    position = site.position
    where = (site.module, repr(site.units), id(position) if callable(position) else position, site.head, site.input)
    return where if isinstance(place, Site) else (*where, id(getattr(place, "directions", place)))
