"""Weighted sums over the truth table, chunk by chunk: the one computation that touches all its cells."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["distinct", "is_small", "sums_by_group", "weighted_sums"]

_ROWS = 4096  # rows turned into numbers at a time: the block stays in the processor's cache
_SINGLE = 64  # rows summed in single precision
_CELLS = 1 << 24  # a table up to this size is summed in double precision throughout
_LOST = 1e-14  # the mass of the graphs that may be left out together
_DENSE = 64  # up to so many columns of weights go through one matrix product
_HELD = 1 << 26  # numbers held at a time for sums by group


def is_small(truth: Tensor) -> bool:
    """Whether sums over this table are taken in double precision throughout."""
    return truth.numel() <= _CELLS


def weighted_sums(truth: Tensor, columns: Tensor, *, precise: bool | None = None) -> Tensor:
    """Σ_n truth[n, q] · columns[n, k] for every question and column, by a chunked matrix product.

    Large tables are summed in single precision within R = 64 rows and in double precision beyond: the rounding
    errors stay below (R + 1) 2⁻²⁴ Σ_n |columns[n, k]|, and as a rule below a hundredth of that.

    Args:
        truth: booleans (or bytes of 0 and 1) of shape ``(N, Q)``.
        columns: numbers of shape ``(N, K)``.
        precise: double precision throughout; by default for tables of up to 2²⁴ cells.

    Returns:
        Shape ``(Q, K)``, double precision.
    """
    n, q = truth.shape
    precise = is_small(truth) if precise is None else precise
    kind = torch.float64 if precise else torch.float32
    sums = torch.zeros((columns.shape[1], q), dtype=torch.float64, device=truth.device)
    if n == 0 or q == 0 or columns.shape[1] == 0:
        return sums.T
    weights = columns.T.contiguous()
    kept = weights.abs().amax(0) > _LOST / n  # late in a run few graphs carry the whole mass
    share = torch.nn.functional.pad(kept.to(torch.float32), (0, -n % _ROWS)).view(-1, _ROWS).mean(1).tolist()
    weights = weights.to(kind)
    cells = truth.view(torch.uint8) if truth.dtype == torch.bool else truth
    block = torch.empty((min(n, _ROWS), q), dtype=kind, device=truth.device)
    for number, start in enumerate(range(0, n, _ROWS)):
        rows, part = cells[start : start + _ROWS], weights[:, start : start + _ROWS]
        if share[number] < 0.25:
            here = kept[start : start + _ROWS]
            rows, part = rows[here], part[:, here]
        numbers = block[: len(rows)]
        numbers.copy_(rows)
        whole = len(rows) - len(rows) % _SINGLE
        if whole and not precise:
            few = part[:, :whole].reshape(len(part), -1, _SINGLE).transpose(0, 1)
            sums += torch.bmm(few, numbers[:whole].view(-1, _SINGLE, q)).sum(0, dtype=torch.float64)
        else:
            whole = 0
        sums += part[:, whole:] @ numbers[whole:]
    return sums.T


def sums_by_group(truth: Tensor, values: Tensor, groups: Tensor, count: int) -> Tensor:
    """Σ of values[n] · truth[n, q] over the graphs of each group.

    Args:
        truth: booleans of shape ``(N, Q)``.
        values: numbers of shape ``(N,)``.
        groups: the group of each graph, from 0 to ``count`` − 1, shape ``(N,)``.
        count: L, the number of groups.

    Returns:
        Shape ``(L, Q)``, double precision.
    """
    n, q = truth.shape
    if count <= _DENSE and n:
        columns = torch.zeros((n, count), dtype=torch.float64, device=truth.device)
        columns[torch.arange(n, device=truth.device), groups] = values.to(torch.float64)
        return weighted_sums(truth, columns).T
    sums = torch.zeros((count, q), dtype=torch.float64, device=truth.device)
    for start in range(0, n, _ROWS):
        stop = start + _ROWS
        numbers = truth[start:stop].to(torch.float64) * values[start:stop, None]
        sums.index_add_(0, groups[start:stop], numbers)
    return sums


def distinct(labels: Tensor) -> tuple[Tensor, int]:
    """Labels of any kind as numbers from 0 on, shape ``(N,)``, and how many there are."""
    found, numbers = torch.unique(labels, return_inverse=True)
    return numbers, len(found)


def question_blocks(questions: int, groups: int) -> list[slice]:
    """Slices of the questions such that sums by group over one slice fit in memory."""
    width = max(1, _HELD // max(1, groups))
    return [slice(start, start + width) for start in range(0, questions, width)]
