"""What a task of causal abstraction is: a program, networks that may implement it, and how one reads the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from causalpp.abstraction.alignment import Alignment
from causalpp.abstraction.sites import Place, Site
from causalpp.abstraction.tasks.network import label_accuracy, learn
from causalpp.errors import InvalidParameter, UnknownName
from causalpp.graphs import Dag
from causalpp.programs import CausalProgram, Function, Table, compile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Task", "computed"]


@dataclass(frozen=True, eq=False)
class Task:
    """A program, networks that may implement it, and how the inputs and labels of one are those of the other.

    Attributes:
        name: of the task.
        program: computes the label from the inputs, by way of variables that a network may hold somewhere.
        others: name → a program that gives every input the same label and computes it otherwise.
        inputs: the variables that ``draw`` draws and ``encode`` reads.
        outcome: the variable that is the label; its states are 0, 1, …, the classes of the network.
        draw: (n, generator) → a frame of ``n`` rows with a column for each input, balanced so that labels vary; what
            ``inputs=`` of :func:`~causalpp.abstraction.pairs` takes.
        encode: such a frame → what the network reads.
        fresh: seed → a network before training, in evaluation mode.
        by_hand: makes a network whose weights were written so that it implements the program; None where none can be.
        sites: variable of the program → where the network written by hand has it.
        steps: of a training.
        batch_size: of a training.
        learning_rate: of a training.
        decay: of the weights in a training.
    """

    name: str
    program: CausalProgram
    inputs: tuple[str, ...]
    outcome: str
    draw: Callable[[int, np.random.Generator], pd.DataFrame]
    encode: Callable[[pd.DataFrame], Tensor]
    fresh: Callable[[int], nn.Module]
    others: Mapping[str, CausalProgram] = field(default_factory=dict)
    by_hand: Callable[[], nn.Module] | None = None
    sites: Mapping[str, Site] = field(default_factory=dict)
    steps: int = 3000
    batch_size: int = 512
    learning_rate: float = 5e-3
    decay: float = 0.0

    def __repr__(self) -> str:
        return f"Task({self.name!r}: {', '.join(self.inputs)} → {', '.join(self.variables)} → {self.outcome})"

    @property
    def variables(self) -> tuple[str, ...]:
        """What the program computes on the way from inputs to the label."""
        return tuple(v for v in self.program.variables if v not in (*self.inputs, self.outcome))

    @property
    def programs(self) -> dict[str, CausalProgram]:
        """The program, under the task's name, and the others."""
        return {self.name: self.program, **self.others}

    def labels(self, frame: pd.DataFrame) -> Tensor:
        """The labels that the program gives some inputs, whole numbers of shape ``(n,)``."""
        return self.values(frame)[self.outcome]

    def values(self, frame: pd.DataFrame, program: CausalProgram | None = None) -> dict[str, Tensor]:
        """What a program computes from some inputs: variable → numbers of states, shape ``(n,)``.

        Args:
            frame: a column for each input.
            program: one of the task's programs, by default the first.
        """
        found = {name: torch.tensor(frame[name].to_numpy(dtype=np.int64)) for name in self.inputs}
        nothing = torch.zeros(len(frame), dtype=torch.float64)
        for statement in (program or self.program).statements:
            mechanism = statement.mechanism
            if statement.variable not in found:
                parents = [found[parent] for parent in mechanism.parents]
                found[statement.variable] = mechanism.assign(nothing, parents).long()
        return found

    def aligned(
        self, network: nn.Module, sites: Mapping[str, Place] | None = None, program: str | None = None
    ) -> Alignment:
        """A network as an implementation of one of the programs.

        Args:
            network: by hand, trained, or any other that reads what ``encode`` makes.
            sites: variable → its site; by default those of the network written by hand.
            program: the name of one of ``programs``, by default the first.

        Raises:
            UnknownName: no such program.
            UnknownVariable, InvalidParameter: see :class:`~causalpp.abstraction.Alignment`.
        """
        if program is not None and program not in self.programs:
            raise UnknownName("a program", program, self.programs)
        chosen = self.program if program is None else self.programs[program]
        where = self.sites if sites is None else sites
        return Alignment(chosen, network, where, encode=self.encode, outcome=self.outcome, inputs=self.draw)

    def trained(self, seed: int = 0, *, steps: int | None = None, rows: pd.DataFrame | None = None) -> nn.Module:
        """A network that has learned the labels, and nothing of the program; in evaluation mode.

        Args:
            seed: of the weights and of what is drawn.
            steps: of the optimiser, by default what the task needs.
            rows: learn from these inputs alone; by default new ones are drawn for each step.

        Raises:
            InvalidParameter: no steps; no rows.
        """
        network = self.fresh(seed)
        if rows is not None:
            if not len(rows):
                raise InvalidParameter("there is nothing to learn from: rows= has no row")
            every, labels = self.encode(rows), self.labels(rows)

        def batch(step: int) -> tuple[Tensor, Tensor]:
            generator = np.random.default_rng([seed, step])
            if rows is None:
                drawn = self.draw(self.batch_size, generator)
                return self.encode(drawn), self.labels(drawn)
            some = torch.as_tensor(generator.integers(0, len(rows), self.batch_size))
            return every[some], labels[some]

        steps = self.steps if steps is None else steps
        return learn(network, batch, steps=steps, learning_rate=self.learning_rate, decay=self.decay)

    def accuracy(self, network: nn.Module, n: int = 2000, seed: int = 0) -> float:
        """The share of ``n`` drawn inputs to which a network gives the program's label."""
        frame = self.draw(n, np.random.default_rng([seed, 0, 1]))
        return label_accuracy(network, self.encode(frame), self.labels(frame))


def computed(inputs: Mapping[str, int], **steps: tuple[Callable[..., Tensor], tuple[str, ...], int]) -> CausalProgram:
    """A program without noise: inputs that take each of 0, 1, …, k − 1 equally often, and steps computed from them.

    Args:
        inputs: name → k.
        steps: name → function of tensors of numbers, the variables it reads, and how many values it has.

    Example:
        >>> program = computed({"a": 2, "b": 2}, both=(lambda a, b: a * b, ("a", "b"), 2))
        >>> program.distribution("both")
        {0: 0.75, 1: 0.25}
    """
    edges = [(parent, name) for name, (_, parents, _) in steps.items() for parent in parents]
    mechanisms = {
        **{name: Table(tuple(range(k)), (), np.full(k, 1 / k)) for name, k in inputs.items()},
        **{name: Function(f, parents, tuple(range(k)), noise=None) for name, (f, parents, k) in steps.items()},
    }
    return compile(Dag(tuple(mechanisms), edges), mechanisms=mechanisms)
