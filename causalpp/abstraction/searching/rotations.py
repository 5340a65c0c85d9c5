"""Rotations that are learned: several searches at once, each for directions that keep the variables.

Block form (Geiger et al. 2024): each variable has so many directions.  Boundless form (Wu et al. 2023): all directions
are in a row, and where the variables' parts of it end is learned too, by soft boundaries that become harder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import orthogonal

from causalpp._progress import Progress
from causalpp.abstraction.searching.budget import Budget
from causalpp.abstraction.searching.prepared import Prepared, balanced
from causalpp.errors import InvalidParameter

__all__ = ["Learned", "learn"]


@dataclass(frozen=True, eq=False)
class Learned:
    """What a run of a search came to.

    Attributes:
        directions: orthonormal columns ``(d, k)``.
        owner: number of the variable whose direction it is, ``(k,)``; −1 for nobody's.
        score: on held-out pairs, at its best: the mean of the accuracies on pairs that change and that keep the label.
        accuracy: on those that change it, there.
        step: after which.
        losses: at each look, on the pairs it learns from.
        looked: at each look, the held-out accuracy.
    """

    directions: Tensor
    owner: Tensor
    score: float
    accuracy: float
    step: int
    losses: tuple[float, ...]
    looked: tuple[float, ...]


class _Blocks(nn.Module):
    """Directions of R runs, ``(R, d, K)``, whose owners are fixed."""

    owner: Tensor
    masks: Tensor

    def __init__(self, d: int, sizes: Sequence[Sequence[int]]) -> None:
        super().__init__()
        most = max(sum(row) for row in sizes)
        self.weight = nn.Parameter(_random(len(sizes), d, most))
        orthogonal(self)
        owner = [[v for v, size in enumerate(row) for _ in range(size)] for row in sizes]
        owner = [row + [-1] * (most - len(row)) for row in owner]
        self.register_buffer("owner", torch.tensor(owner))
        self.register_buffer("masks", _masks(self.owner, len(sizes[0])))

    def shares(self, progress: float) -> Tensor:  # noqa: ARG002
        """How far each variable's source replaces each direction, ``(R, v, K)``."""
        return self.masks

    def owners(self) -> Tensor:
        return self.owner

    def penalty(self) -> Tensor | float:
        return 0.0


class _Boundless(nn.Module):
    """All directions, ``(R, d, d)``, with soft boundaries between the variables' parts."""

    place: Tensor

    def __init__(self, d: int, variables: int, runs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(_random(runs, d, d))
        orthogonal(self)
        self.widths = nn.Parameter(torch.zeros(runs, variables + 1))  # logits; the last part is nobody's
        self.register_buffer("place", torch.arange(d) + 0.5)

    def ends(self) -> Tensor:
        """Where each variable's part ends, in directions, ``(R, v)``."""
        return len(self.place) * torch.softmax(self.widths, 1).cumsum(1)[:, :-1]

    def shares(self, progress: float) -> Tensor:
        d = len(self.place)
        heat = d / 8 * (0.1 * 8 / d) ** progress if d > 1 else 0.1
        ends = self.ends()
        starts = nn.functional.pad(ends[:, :-1], (1, 0), value=float("-inf"))
        return torch.sigmoid((self.place - starts[..., None]) / heat) * torch.sigmoid(
            (ends[..., None] - self.place) / heat
        )

    @torch.no_grad()
    def owners(self) -> Tensor:
        ends = self.ends()
        owner = (self.place > ends[..., None]).sum(1)
        return torch.where(owner < ends.shape[1], owner, -1)

    def penalty(self) -> Tensor:
        total: Tensor = (self.ends()[:, -1] / len(self.place)).sum()
        return total


def learn(
    prepared: Prepared,
    held: Prepared,
    sizes: Sequence[Sequence[int]] | None,
    budget: Budget,
    seed: int,
    runs: int = 1,
    name: str = "search",
) -> list[Learned]:
    """Learn the rotations of several runs in one batch; they see the same pairs in the same order.

    Args:
        prepared: pairs to learn from.
        held: pairs that say when a run was best.
        sizes: run → the number of each variable's directions; None for the boundless form.
        budget: see there.
        seed: of rotations and order.
        runs: of the boundless form.
        name: before the bar.

    Raises:
        InvalidParameter: the loss is not finite.
    """
    d, variables = prepared.base.shape[1], len(prepared.variables)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        turned = _Boundless(d, variables, runs) if sizes is None else _Blocks(d, sizes)
    turned.to(prepared.base.device)
    rows = _Rows(prepared, seed)
    optimiser = torch.optim.Adam(turned.parameters(), budget.rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, budget.steps)
    watch = _Watch(held, budget)
    every = max(1, budget.steps // budget.looks)
    weights = [p for p in prepared.alignment.network.parameters() if p.requires_grad]
    for weight in weights:  # the network is not learned, and needs no gradients
        weight.requires_grad_(False)
    try:
        with Progress(name, budget.steps) as bar:
            for step in range(1, budget.steps + 1):
                progress = step / budget.steps
                some = rows.draw(budget.batch)
                directions = turned.weight
                found = prepared.scores(some, _new(prepared, some, directions, turned.shares(progress)))
                wanted = prepared.after[some].expand(len(directions), -1)
                each = nn.functional.cross_entropy(found.transpose(1, 2), wanted, reduction="none").mean(1)
                loss = each.sum() + budget.penalty * turned.penalty()
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                optimiser.step()
                schedule.step()
                bar.advance()
                if step % every == 0 or step == budget.steps:
                    if not bool(torch.isfinite(each).all()):
                        raise InvalidParameter("the loss of the search is not finite: a smaller rate= may help")
                    if watch.look(turned, step, each.detach()):
                        break
    finally:
        for weight in weights:
            weight.requires_grad_(True)
    return watch.found()


def right(prepared: Prepared, directions: Tensor, owners: Tensor, size: int = 2048) -> Tensor:
    """Whether the network gives the program's label after each interchange, ``(R, n)``.

    Args:
        prepared: the pairs.
        directions: of R runs, ``(R, d, K)``.
        owners: the variable of each, ``(R, K)``.
        size: rows that are run at once.
    """
    shares = _masks(owners, len(prepared.variables))
    out = []
    with torch.no_grad():
        for some in torch.split(torch.arange(len(prepared), device=owners.device), max(1, size // len(directions))):
            found = prepared.scores(some, _new(prepared, some, directions, shares))
            out.append(found.argmax(2) == prepared.after[some])
    return torch.cat(out, 1)


def _new(prepared: Prepared, rows: Tensor, directions: Tensor, shares: Tensor) -> Tensor:
    """The site's values with the variables' parts replaced, ``(R, b, d)``."""
    along = torch.einsum("bvd,rdk->rbvk", prepared.change[rows], directions)
    return prepared.base[rows] + torch.einsum("rbvk,rvk->rbk", along, shares) @ directions.mT


def _masks(owners: Tensor, variables: int) -> Tensor:
    return (owners[:, None, :] == torch.arange(variables, device=owners.device)[:, None]).float()


def _random(runs: int, d: int, k: int) -> Tensor:
    return torch.stack([nn.init.orthogonal_(torch.empty(d, k)) for _ in range(runs)])


class _Rows:
    """Rows to learn from: pairs that change the label are at least half of them."""

    def __init__(self, prepared: Prepared, seed: int) -> None:
        changes = prepared.changes.double()
        share = float(changes.mean())
        self.weights = torch.ones_like(changes) if share >= 0.5 else torch.where(changes > 0, (1 - share) / share, 1.0)
        self.generator = torch.Generator(self.weights.device).manual_seed(seed)

    def draw(self, n: int) -> Tensor:
        return torch.multinomial(self.weights, n, replacement=True, generator=self.generator)


class _Watch:
    """The best of every run so far, on held-out pairs."""

    def __init__(self, held: Prepared, budget: Budget) -> None:
        self.held, self.budget = held, budget
        self.best: list[Learned] = []
        self.stale: list[int] = []
        self.losses: list[list[float]] = []
        self.looked: list[list[float]] = []

    @torch.no_grad()
    def look(self, turned: _Blocks | _Boundless, step: int, loss: Tensor) -> bool:
        """Look at all runs; whether it is time to stop."""
        directions, owners = turned.weight.detach(), turned.owners()
        hit = right(self.held, directions, owners)
        scores, accuracies = (part.tolist() for part in balanced(hit, self.held))
        for r, (score, accuracy) in enumerate(zip(scores, accuracies, strict=True)):
            if len(self.best) <= r:
                self.losses.append([])
                self.looked.append([])
                self.stale.append(0)
            self.losses[r].append(float(loss[r]))
            self.looked[r].append(accuracy)
            if len(self.best) <= r or score > self.best[r].score:
                best = Learned(directions[r].clone(), owners[r].clone(), score, accuracy, step, (), ())
                self.best[r : r + 1] = [best]
                self.stale[r] = 0
            else:
                self.stale[r] += 1
        return min(self.stale) >= self.budget.patience

    def found(self) -> list[Learned]:
        return [
            Learned(b.directions, b.owner, b.score, b.accuracy, b.step, tuple(losses), tuple(looked))
            for b, losses, looked in zip(self.best, self.losses, self.looked, strict=True)
        ]
