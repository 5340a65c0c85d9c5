"""Which questions put the other way round count: those in wordings in which the model understands negation."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

from causalpp.errors import NegationWarning
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.direction import Negation, graded, negation
from causalpp.oracles.prompts import Way

__all__ = ["Polarities"]


class Polarities:
    """What one model has said so far in both polarities.

    Negated questions count from when the model is shown to understand them, and are no longer asked when it is
    shown not to.

    Args:
        wordings: in which it is asked.
    """

    def __init__(self, wordings: Sequence[str]) -> None:
        self._wordings = wordings
        self._heard: dict[Request, Answer] = {}
        self._found: dict[int, Negation] = {}
        self._warned: set[int] = set()

    def hear(self, parts: Iterable[Answer]) -> None:
        """Take in some answers; warns where it turns out that negation is not understood."""
        self._heard.update((part.request, part) for part in parts)
        if not any(request.negated for request in self._heard):
            return
        self._found = negation(self._heard.values())
        for wording, found in self._found.items():
            if found.understood is False and wording not in self._warned:
                self._warned.add(wording)
                said = "nothing" if found.agreement is None else f"{found.agreement:+.2f}"
                warnings.warn(
                    f"the model does not show that it understands negation: in the wording {self._wordings[wording]!r} "
                    f'its answers to "is it false that …?" about {found.pairs} pairs, turned back, correlate {said} '
                    "with its others, where they should agree; questions put the other way round are left out",
                    NegationWarning,
                    stacklevel=7,
                )

    def worth_asking(self, ways: Sequence[Way]) -> list[Way]:
        """The ways of asking for a direction: every wording as it stands, and negated where that may be understood."""
        plain = [Way(wording, negated=False) for wording in dict.fromkeys(way.wording for way in ways)]
        asked = {way for way in ways if way.negated and self._understood(way.wording) is not False}
        return [
            way for first in plain for way in (first, Way(first.wording, negated=True)) if way == first or way in asked
        ]

    def graded(self, wholes: Iterable[tuple[Request, Sequence[Answer]]]) -> list[Answer]:
        """The answers that some parts make, which are heard first; a polarity that does not count is put beside."""
        wholes = list(wholes)
        self.hear(part for _, parts in wholes for part in parts)
        return [self._graded(request, parts) for request, parts in wholes]

    def _graded(self, request: Request, parts: Sequence[Answer]) -> Answer:
        aside = [part for part in parts if part.negated and not self._understood(part.wording)]
        return graded(request, [part for part in parts if part not in aside] if aside else parts, aside)

    def _understood(self, wording: int) -> bool | None:
        return self._found[wording].understood if wording in self._found else None
