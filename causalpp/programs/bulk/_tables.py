"""Candidate graphs with conditional probability tables, in bulk."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.columns import Columns
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import DagBatch
from causalpp.programs.bulk._base import BatchEffects, ProgramBatch
from causalpp.programs.bulk._eliminating import Elimination
from causalpp.programs.bulk._fits import Fits, Plan, plan, unique_rows
from causalpp.programs.bulk._run import BLOCK, columns, ranks
from causalpp.programs.contrast import Contrast
from causalpp.programs.mechanisms import State, state_number
from causalpp.scores import BDeu, CooperHerskovits, LocalScore

__all__ = ["TableBatch", "fit_tables"]

_MOST_CELLS = 10_000_000  # of one table
_MOST_IN_ALL = 100_000_000
_MOST_JOINT = 1 << 16
_DRAWN = 1 << 24  # cells of tables, under all draws that are looked at together

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class TableBatch(ProgramBatch):
    """N candidate graphs with tables fitted to discrete data; states are numbered 0, 1, … as in ``states``.

    Attributes:
        states: variable → its states.
        counts: the tables one after the other, rows as in :class:`Table`: how often each cell occurred.
        prior: what the Dirichlet prior adds to each.
        probabilities: the tables in use, as long as ``counts``: posterior means, or a draw.
        offset: ``(F,)``, where each fit's table begins.
    """

    states: Mapping[str, tuple[State, ...]]
    counts: _Floats
    prior: float
    probabilities: _Floats
    offset: _Ints

    # --- simulation -----------------------------------------------------------------------------------

    _bytes = 1

    def _sampled(self, n: int, values: Mapping[int, int], seed: int) -> Tensor:
        d = len(self.dags.nodes)
        out = torch.empty((len(self), n, d), dtype=torch.int8, device=self.dags.device)
        for chosen, drawn, start, cells in self._runs([values], None, n, seed):
            stop = start + cells.shape[1]
            column = torch.as_tensor(drawn.column[0], device=self.dags.device)
            for v in range(d):
                out[chosen, start:stop, v] = cells[column[:, v]]
        return out

    def _runs(
        self, arms: Sequence[Mapping[int, int]], outcomes: Sequence[int] | None, n: int, seed: int
    ) -> Iterator[tuple[slice, Plan, int, Tensor]]:
        """Chunks of graphs × blocks of samples: which graphs, their plan, the first sample, the columns drawn."""
        d = len(self.dags.nodes)
        step = max(1, self.chunk_bytes // max(1, len(arms) * d * min(n, BLOCK)))
        cumulative = self._cumulative
        # Every uniform number is below a row's last threshold, which is one: nobody looks it up.
        last = np.append(np.diff(self._row) != 0, True)[: len(self._row)]
        owner = np.where(last, -1, self._owner)
        noise: dict[int, tuple[Tensor, Tensor]] = {}
        for begin in range(0, len(self), step):
            chosen = slice(begin, min(begin + step, len(self)))
            drawn = plan(self._adjacency[chosen], self.fits, self.fits.of[chosen], arms, outcomes)
            for start in range(0, n, BLOCK):
                if start not in noise:
                    if len(noise) > 8:
                        noise.clear()
                    noise[start] = ranks(cumulative, owner, d, min(BLOCK, n - start), seed, start // BLOCK)
                rank, threshold = (t.to(self.dags.device) for t in noise[start])
                yield chosen, drawn, start, columns(drawn, self.fits, self._cards, self.offset, rank, threshold)

    @cached_property
    def _cards(self) -> _Ints:
        return np.array([len(self.states[name]) for name in self.dags.nodes], dtype=np.int64)

    @cached_property
    def _owner(self) -> _Ints:
        """The variable whose table a cell belongs to."""
        sizes = np.diff(np.append(self.offset, len(self.counts)))
        return np.repeat(self.fits.variable, sizes)

    @cached_property
    def _row(self) -> _Ints:
        """The number of the table row a cell belongs to, rows counted through all tables."""
        width = self._cards[self._owner]
        begin = np.empty(len(self.counts), dtype=bool)
        within = np.arange(len(self.counts)) - np.repeat(self.offset, np.diff(np.append(self.offset, len(self.counts))))
        begin = within % width == 0
        return np.cumsum(begin) - 1

    @cached_property
    def _cumulative(self) -> _Floats:
        """P(state ≤ this one | row), cell by cell."""
        out = np.empty_like(self.probabilities)
        width = self._cards[self._owner]
        for card in np.unique(width):
            cells = width == card
            out[cells] = np.cumsum(self.probabilities[cells].reshape(-1, card), axis=1).ravel()
        return out

    # --- distributions --------------------------------------------------------------------------------

    def _laws(self, wanted: Sequence[int], values: Mapping[int, int], samples: int | None, seed: int) -> list[Tensor]:
        return self._exact(wanted, values) if samples is None else self._simulated(wanted, values, samples, seed)

    def _simulated(self, wanted: Sequence[int], values: Mapping[int, int], n: int, seed: int) -> list[Tensor]:
        out = [torch.zeros((len(self), int(self._cards[v])), dtype=torch.float64) for v in wanted]
        for chosen, drawn, _, cells in self._runs([values], wanted, n, seed):
            column = drawn.column[0][:, wanted]
            ids = np.unique(column)
            at = np.zeros(drawn.size, dtype=np.int64)
            at[ids] = np.arange(len(ids))
            seen = _occurrences(cells, ids, int(self._cards[wanted].max())).double().cpu()
            for v, mine, total in zip(wanted, at[column].T, out, strict=True):
                total[chosen] += seen[mine][:, : int(self._cards[v])]
        return [(total / n).to(self.dags.device) for total in out]

    def _exact(self, wanted: Sequence[int], values: Mapping[int, int]) -> list[Tensor]:
        steps = self._adjacency.copy()
        steps[:, :, list(values)] = False
        needed = np.zeros(steps.shape[:2], dtype=bool)
        needed[:, list(wanted)] = True
        for _ in range(steps.shape[1]):
            needed |= (steps & needed[:, None, :]).any(2)
        # Graphs that agree on the ancestors of the outcomes, and on their fits, agree on the answer.
        key = np.where(needed, self.fits.of + 1, 0)
        first, which = unique_rows(key, len(self.fits))
        free = [v for v in np.flatnonzero(needed.any(0)).tolist() if v not in values]
        sizes = [int(self._cards[v]) for v in free]
        joint = math.prod(sizes)
        if joint > _MOST_JOINT:
            raise TooLarge(
                f"the outcome and what leads to it have {joint:.2g} joint states, exact answers end at "
                f"{_MOST_JOINT:,}: pass samples="
            )
        device = self.dags.device
        codes = np.zeros((joint, steps.shape[1] + 1))
        for v, number in values.items():
            codes[:, v] = number
        if free:
            codes[:, free] = np.stack(np.unravel_index(np.arange(joint), sizes), axis=1)
        cell = torch.as_tensor(codes.T.copy(), device=device)
        table = torch.as_tensor(self.probabilities, device=device)
        offset, stride = torch.as_tensor(self.offset, device=device), torch.as_tensor(self._strides, device=device)
        out = [torch.empty((len(first), int(self._cards[v])), dtype=torch.float64, device=device) for v in wanted]
        chunk = max(1, self.chunk_bytes // (32 * joint))
        for begin in range(0, len(first), chunk):
            some = slice(begin, begin + chunk)
            weight = torch.ones((len(first[some]), joint), dtype=torch.float64, device=device)
            for v in free:
                fit = torch.as_tensor(self.fits.of[first[some], v], device=device)
                at = (stride[fit] @ cell).long().add_(offset[fit, None])
                weight *= table[at]
            for v, result in zip(wanted, out, strict=True):
                result[some] = torch.zeros_like(result[some]).index_add_(1, cell[v].long(), weight)
        back = torch.as_tensor(which, device=device)
        return [result[back] for result in out]

    @cached_property
    def _strides(self) -> _Floats:
        """``(F, d + 1)``: how far one state more of a variable leads in a fit's table; the last column is unused."""
        cards, fits = np.append(self._cards, 1), self.fits
        out = np.zeros((len(fits), len(cards)))
        step = cards[fits.variable].astype(float)
        every = np.arange(len(fits))
        out[every, fits.variable] = 1
        for slot in reversed(range(fits.parents.shape[1])):
            parent = fits.parents[:, slot]
            out[every, parent] = step
            step = step * cards[parent]
        out[:, -1] = 0
        return out

    def _set(self, do: Mapping[str, Any] | None) -> dict[int, int]:
        """What is set, in numbers."""
        out = {}
        for name, value in (do or {}).items():
            at = self.dags.position(name)
            out[at] = state_number(name, self.states[name], value)
        return out

    # --- effects --------------------------------------------------------------------------------------

    def _asked(self, contrast: Contrast) -> tuple[int, int, list[int], _Floats]:
        """The two variables, the states of the first that are compared, and what each state of the second counts."""
        at, of = (self.dags.position(name) for name in (contrast.treatment, contrast.outcome))
        known, states = self.states[contrast.treatment], self.states[contrast.outcome]
        sides = [known.index(value) for value in (contrast.treated, contrast.control)]
        if contrast.state is not None:
            return at, of, sides, np.eye(len(states))[states.index(contrast.state)]
        return at, of, sides, np.array([float(s) for s in states])

    def _effect(self, asked: tuple[int, int, list[int], _Floats], samples: int | None, seed: int) -> BatchEffects:
        at, of, sides, score = asked
        weight = torch.as_tensor(score, device=self.dags.device)
        if samples is None:
            high, low = (self._exact([of], {at: side})[0] @ weight for side in sides)
            return BatchEffects(high - low, torch.zeros_like(high))
        card, arms = len(score), [{at: side} for side in sides]
        seen = torch.zeros((len(self), card * card), dtype=torch.float64)
        for chosen, drawn, _, cells in self._runs(arms, [of], samples, seed):
            ids, which = unique_rows(drawn.column[:, :, of].T, drawn.size)
            pairs = torch.as_tensor(drawn.column[:, :, of][:, ids], device=cells.device)
            seen[chosen] += _joint_occurrences(cells, pairs, card).double().cpu()[which]
        share = (seen / samples).to(self.dags.device)
        gap = (weight[:, None] - weight).flatten()
        mean = share @ gap
        spread = (share * (gap - mean[:, None]) ** 2).sum(1)  # about the mean: no cancellation
        return BatchEffects(mean, (spread / (samples - 1)).sqrt())

    def _effects_under_draws(
        self,
        asked: tuple[int, int, list[int], _Floats],
        fixed: Mapping[int, int],
        seeds: Sequence[np.random.SeedSequence],
    ) -> tuple[_Floats, _Floats]:
        at, of, sides, score = asked
        levels = {v: (number,) for v, number in fixed.items()} | {at: tuple(sides)}
        n, cells = len(self), len(self.counts)
        if not n:
            return np.zeros(n), np.zeros((len(seeds), n))
        order = Elimination.of_graphs(self._adjacency, self.fits, self._cards, self.offset, of, levels)
        parts = []
        step = max(1, _DRAWN // max(1, cells))
        for begin in range(-1, len(seeds), step):  # the first is no draw, but the posterior means
            some = range(max(begin, 0), min(begin + step, len(seeds)))
            drawn = [self.probabilities] if begin < 0 else []
            drawn += [self._drawn(seeds[k]).probabilities for k in some]
            means = order.means(score, np.stack(drawn, axis=1))
            parts.append((means[:, 0] - means[:, 1]).T)
        found = np.concatenate(parts)
        return found[0], found[1:]

    # --- data and uncertainty ---------------------------------------------------------------------

    def _local_score(self, equivalent_sample_size: float | None) -> LocalScore:
        if equivalent_sample_size is None:
            return CooperHerskovits(self.columns, self.prior)
        return BDeu(self.columns, equivalent_sample_size)

    def _drawn(self, seed: np.random.SeedSequence) -> TableBatch:
        weight = np.random.default_rng(seed).standard_gamma(self.counts + self.prior)
        weight = np.maximum(weight, np.finfo(float).tiny)  # tiny priors underflow
        return replace(self, probabilities=_normalised(weight, self._row))


def _normalised(weight: _Floats, rows: _Ints) -> _Floats:
    return np.asarray(weight / np.bincount(rows, weight)[rows])


def _occurrences(cells: Tensor, ids: _Ints, card: int) -> Tensor:
    """``(U, card)``: how often each state occurs in the columns ``ids``, which ascend."""
    first, last = (int(ids[0]), int(ids[-1])) if len(ids) else (0, -1)
    every = len(ids) == last - first + 1  # then no column need be copied

    def count(part: Tensor) -> Tensor:
        return _count(cells[int(part[0]) : int(part[-1]) + 1] if every else cells[part], card)

    return _by_parts(torch.as_tensor(ids, device=cells.device), cells.shape[1], count, card)


def _joint_occurrences(cells: Tensor, pairs: Tensor, card: int) -> Tensor:
    """``(U, card²)``: how often each pair of states occurs in the pairs of columns, shape ``(2, U)``."""

    def count(part: Tensor) -> Tensor:
        first, second = cells[part[:, 0]], cells[part[:, 1]]
        if card <= 11:  # card² fits the type of the columns
            return _count(first.mul_(card).add_(second), card * card)
        return _count(first.short().mul_(card).add_(second), card * card)

    return _by_parts(pairs.T.contiguous(), cells.shape[1], count, card * card)


def _by_parts(ids: Tensor, length: int, count: Callable[[Tensor], Tensor], width: int) -> Tensor:
    step = max(1, (1 << (18 if not ids.is_cuda else 26)) // max(1, length))
    parts = [count(ids[i : i + step]) for i in range(0, len(ids), step)]
    return torch.cat(parts) if parts else torch.zeros((0, width), dtype=torch.int64, device=ids.device)


def _count(codes: Tensor, card: int) -> Tensor:
    if card <= 9:
        seen = [_true(codes == k) for k in range(1, card)]
        rest = torch.full((len(codes),), codes.shape[1], dtype=torch.int64, device=codes.device)
        for number in seen:
            rest -= number
        return torch.stack([rest, *seen], dim=1)
    shift = torch.arange(len(codes), device=codes.device)[:, None] * card
    return torch.bincount((codes.long() + shift).flatten(), minlength=len(codes) * card).reshape(-1, card)


def _true(marks: Tensor) -> Tensor:
    """``(U,)``: how many of each row are true; eight bytes are added at a time, at most 255 times before they part."""
    whole_words = marks.shape[1] // 8 * 8
    words = marks[:, :whole_words].contiguous().view(torch.int64)
    total = marks[:, whole_words:].sum(1)
    for begin in range(0, words.shape[1], 255):
        total += words[:, begin : begin + 255].sum(1)[:, None].view(torch.uint8).sum(1)
    return total


def fit_tables(dags: DagBatch, fits: Fits, columns: Columns, prior: float, chunk_bytes: int) -> TableBatch:
    """The tables of every local fit: posterior means under a symmetric Dirichlet prior.

    Raises:
        InvalidParameter: the prior is not greater than zero.
        TooLarge: a table of more than ten million cells, or a hundred million in all.
    """
    if not 0 < prior < math.inf:
        raise InvalidParameter(f"the prior's concentration must be greater than zero, got {prior}")
    states = {name: column.states or () for name, column in columns.items()}
    cards = np.array([*map(len, states.values()), 1], dtype=np.int64)
    rows = (
        np.stack([column.values for column in columns.values()]) if len(columns) else np.zeros((0, 0), dtype=np.int64)
    )
    sizes = cards[fits.variable].astype(float) * cards[fits.parents].astype(float).prod(1)
    if len(sizes) and sizes.max() > _MOST_CELLS:
        worst = int(sizes.argmax())
        raise TooLarge(
            f"the table of {dags.nodes[fits.variable[worst]]!r} with {fits.many[worst]} parents would have "
            f"{sizes[worst]:.2g} cells"
        )
    if sizes.sum() > _MOST_IN_ALL:
        raise TooLarge(f"the tables would have {sizes.sum():.2g} cells in all: pass fewer graphs at a time")
    width = sizes.astype(np.int64)
    offset = np.cumsum(width) - width
    counts = np.empty(int(width.sum()))
    for f, (v, many, begin, size) in enumerate(zip(fits.variable, fits.many, offset, width, strict=True)):
        cells = np.zeros(columns.rows, dtype=np.int64)
        for u in (*fits.parents[f, :many], v):
            cells = cells * cards[u] + rows[u]
        counts[begin : begin + size] = np.bincount(cells, minlength=int(size))
    batch = TableBatch(dags, fits, chunk_bytes, columns, states, counts, float(prior), counts, offset)
    return replace(batch, probabilities=_normalised(counts + prior, batch._row))
