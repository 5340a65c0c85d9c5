"""The calls of one round, where several answers come at once: panels, and questions that are put side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from causalpp.acbo._chooser import Chooser, Chooses, law_of
from causalpp.belief import AnyBelief, Belief
from causalpp.design import PanelChoice, panel_batch, panel_gains
from causalpp.oracles import Panel
from causalpp.oracles.panel import Asked, intervention
from causalpp.propositions import Proposition

__all__ = ["Call", "Rounds"]

_ROWS = 1 << 14  # hypotheses by which calls are compared


class Call(NamedTuple):
    """What is put in one call.

    Attributes:
        asked: a panel, or a question by itself.
        numbers: of its questions.
        expected: the bits about the graph that each answer is expected to add.
    """

    asked: Asked
    numbers: tuple[int, ...]
    expected: tuple[float, ...]

    @property
    def questions(self) -> tuple[Proposition, ...]:
        """One, or those of a panel."""
        return self.asked.questions if isinstance(self.asked, Panel) else (self.asked,)


class Rounds(NamedTuple):
    """Chooses the calls of a round together, each for what it adds to those before.

    Given the graph and whether an error shared by the call strikes, answers are taken to be independent here; the
    belief makes no such assumption.  Of very many hypotheses a sample is looked at.

    Args:
        size: the most questions of a panel, ``"all"`` for all about one intervention, None for single questions.
        calls: how many there are in a round.
        outcome_cost: what one question of a panel costs, in calls.
    """

    size: int | str | None
    calls: int
    outcome_cost: float

    def next(self, chooser: Chooses[Any], belief: AnyBelief, most: int) -> tuple[list[Call], float]:
        """The calls of the next round, ``most`` at most, and the bits that make the first one the best."""
        calls: list[tuple[float, Call]] = []
        for part, inner, numbers in chooser.parts(belief):
            here = slice(None) if numbers is None else list(numbers)
            asked, askable = (found.cpu().numpy() for found in (chooser.asked[here], chooser.askable[here]))
            calls += self._of(part, inner, asked, askable, numbers, min(self.calls, most))
        if len(calls) > 1:  # parts are independent: what each adds, it adds whatever is asked about the others
            calls.sort(key=lambda one: -one[0])
        return [call for _, call in calls[:most]][: self.calls], calls[0][0] if calls else -math.inf

    def _of(
        self,
        belief: Belief,
        chooser: Chooser,
        asked: np.ndarray,
        askable: np.ndarray,
        numbers: Sequence[int] | None,
        calls: int,
    ) -> list[tuple[float, Call]]:
        groups = self._groups(chooser, asked, askable)
        if not groups:
            return []
        size = None if self.size == "all" else 1 if self.size is None else int(self.size)
        shared = belief.shared
        weights, true, false, state = _law(belief, chooser, shared, apart=True)
        rows, drawn = _rows(weights, chooser.draw)
        chosen = panel_batch(
            torch.ones_like(weights[rows]) if drawn else weights[rows],
            true[rows],
            false[rows],
            chooser.truth[rows],
            groups,
            size,
            calls,
            state=state,
            shared=shared,
            outcome_cost=self.outcome_cost,
            about=None if chooser.about is None else chooser.about[rows],
        )
        expected = _about_the_graph(belief, chooser, chosen, shared, rows, drawn)
        out = []
        for choice, bits in zip(chosen, expected, strict=True):
            put = [chooser.questions[number] for number in choice.numbers]
            panel = self.size is not None and intervention(put[0]) is not None
            here = choice.numbers if numbers is None else tuple(numbers[number] for number in choice.numbers)
            out.append((choice.bits, Call(Panel.of(put) if panel else put[0], here, bits)))
        return out

    def _groups(self, chooser: Chooser, asked: np.ndarray, askable: np.ndarray) -> list[list[int]]:
        """The questions that fit into one call, of those that may be put; those asked least often first, then drawn."""
        mixed = chooser.draw.permutation(len(asked))
        order = mixed[np.argsort(asked[mixed], kind="stable")].tolist()
        groups: dict[object, list[int]] = {}
        for number in (number for number in order if askable[number]):
            about = intervention(chooser.questions[number]) if self.size is not None else None
            groups.setdefault(number if about is None else about, []).append(number)
        return list(groups.values())


def _law(belief: Belief, chooser: Chooser, shared: float, *, apart: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weights, and the laws of an answer to a call that nothing strikes; the last row for unrelated answers."""
    found = belief.predictive(chooser.questions, apart=apart)
    law = law_of(found)
    weights, true, false = law if apart else [part[:-1] for part in law]
    true, false = (((rates - shared) / (1 - 2 * shared)).clamp(0, 1) for rates in (true, false))
    return weights, true, false, found.state


def _rows(weights: Tensor, draw: np.random.Generator) -> tuple[Tensor, bool]:
    """All hypotheses; or, if there are too many, some drawn by their weights, and True."""
    if len(weights) <= _ROWS:
        return torch.arange(len(weights), device=weights.device), False
    steps = (np.arange(_ROWS) + draw.random()) / _ROWS
    share = weights.cumsum(0) / weights.sum()
    return torch.searchsorted(share, torch.as_tensor(steps, device=weights.device)).clamp(max=len(weights) - 1), True


def _about_the_graph(
    belief: Belief, chooser: Chooser, chosen: Sequence[PanelChoice], shared: float, rows: Tensor, drawn: bool
) -> list[tuple[float, ...]]:
    """What each answer of each call is expected to add about the graph alone, in bits."""
    weights, true, false, state = _law(belief, chooser, shared, apart=False)
    rows = rows[rows < len(weights)]
    if not len(rows):  # the sample has nothing but unrelated answers
        return [(0.0,) * len(choice.numbers) for choice in chosen]
    share = torch.ones_like(weights[rows]) if drawn else weights[rows]
    calls = [choice.numbers for choice in chosen]
    return panel_gains(share, true[rows], false[rows], chooser.truth[rows], calls, state=state, shared=shared)
