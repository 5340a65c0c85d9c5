"""A program, y = (a and b) xor c, and networks written by hand: one that implements it, and others with its labels."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from causalpp import CausalProgram, Dag, Function, Table, compile

COIN = Table((0, 1), (), [0.5, 0.5])


def gate(function: Any, *parents: str) -> Function:
    """A Boolean function of some variables."""
    return Function(function, parents, (0, 1), noise=None)


def program() -> CausalProgram:
    """s = a and b, y = s xor c."""
    return compile(
        Dag.from_edges([("a", "s"), ("b", "s"), ("s", "y"), ("c", "y")]),
        mechanisms={
            **dict.fromkeys("abc", COIN),
            "s": gate(lambda a, b: a & b, "a", "b"),
            "y": gate(lambda s, c: s ^ c, "s", "c"),
        },
    )


def other_program() -> CausalProgram:
    """The same labels another way: t = a xor c, y = (a and not b) xor t."""
    return compile(
        Dag.from_edges([("a", "t"), ("c", "t"), ("t", "y"), ("a", "y"), ("b", "y")]),
        mechanisms={
            **dict.fromkeys("abc", COIN),
            "t": gate(lambda a, c: a ^ c, "a", "c"),
            "y": gate(lambda t, a, b: (a & (1 - b)) ^ t, "t", "a", "b"),
        },
    )


def encode(rows: Any) -> torch.Tensor:
    """The inputs as numbers, shape ``(n, 3)``."""
    return torch.tensor(rows[["a", "b", "c"]].astype(int).to_numpy(), dtype=torch.float32)


class Linear(nn.Linear):
    """A layer with given weights."""

    def __init__(self, weight: list[list[float]], bias: list[float]) -> None:
        super().__init__(len(weight[0]), len(weight))
        with torch.no_grad():
            self.weight.copy_(torch.tensor(weight))
            self.bias.copy_(torch.tensor(bias))


def network(turn: torch.Tensor | None = None) -> nn.Sequential:
    """It implements the program: after the first ReLU, unit 0 is s and unit 1 is c.

    Args:
        turn: an orthogonal matrix ``(2, 2)`` in which a layer tells these two units; a further layer undoes it.
    """
    first = Linear([[1, 1, 0], [0, 0, 1]], [-1, 0])
    matrix = torch.eye(2) if turn is None else turn
    there, back = Linear(matrix.T.tolist(), [0, 0]), Linear(matrix.tolist(), [0, 0])
    # s xor c = s + c − 2 relu(s + c − 1), as log-odds.
    return nn.Sequential(
        first,
        nn.ReLU(),
        there,
        back,
        Linear([[1, 1], [1, 1]], [0, -1]),
        nn.ReLU(),
        Linear([[10, -20]], [-5]),
    ).eval()
