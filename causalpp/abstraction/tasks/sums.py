"""x + y + z: a sum of three digits, by way of the sum of the first two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from causalpp.abstraction.sites import Site
from causalpp.abstraction.tasks.network import Mlp
from causalpp.abstraction.tasks.task import Task, computed
from causalpp.programs import CausalProgram

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["addition"]

_INPUTS = ("x", "y", "z")
_DIGITS, _SUMS, _LABELS = 10, 19, 28
_HIDDEN = (64, 64, 64)


def addition() -> Task:
    """Three digits, shown one-hot; the program computes ``first`` = x + y, and then ``total`` = first + z.

    The others add in another order.

    Example:
        >>> task = addition()
        >>> task
        Task('addition': x, y, z → first → total)
        >>> task.accuracy(task.by_hand())
        1.0
    """
    orders = {"y + z first": ("y", "z", "x"), "x + z first": ("x", "z", "y")}
    return Task(
        name="addition",
        program=_program(*_INPUTS),
        others={name: _program(*order) for name, order in orders.items()},
        inputs=_INPUTS,
        outcome="total",
        draw=_draw,
        encode=_encode,
        fresh=lambda seed: Mlp(3 * _DIGITS, _HIDDEN, _LABELS, seed).eval(),
        by_hand=_by_hand,
        sites={"first": Site("layers.0", slice(0, 1))},
    )


def _program(one: str, two: str, rest: str) -> CausalProgram:
    add = torch.add
    return computed(
        dict.fromkeys(_INPUTS, _DIGITS), first=(add, (one, two), _SUMS), total=(add, ("first", rest), _LABELS)
    )


def _draw(n: int, draw: np.random.Generator) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(draw.integers(0, _DIGITS, (n, 3)), columns=list(_INPUTS))


def _encode(frame: pd.DataFrame) -> Tensor:
    numbers = torch.tensor(frame[list(_INPUTS)].to_numpy(dtype=np.int64))
    return torch.nn.functional.one_hot(numbers, _DIGITS).float()


def _by_hand() -> Mlp:
    """Unit 0 holds x + y and unit 1 z, then unit 0 the total t; the logit of k is 2 k t − k², highest at k = t."""
    network = Mlp(3 * _DIGITS, _HIDDEN, _LABELS).clear()
    network.write(0, 0, {i * _DIGITS + k: float(k) for i in (0, 1) for k in range(_DIGITS)})
    network.write(0, 1, {2 * _DIGITS + k: float(k) for k in range(_DIGITS)})
    network.write(1, 0, {0: 1.0, 1: 1.0})
    network.write(2, 0, {0: 1.0})
    for k in range(_LABELS):
        network.write(-1, k, {0: 2.0 * k}, -float(k * k))
    return network
