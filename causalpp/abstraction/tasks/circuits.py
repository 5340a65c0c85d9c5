"""Boolean circuits: many compute one function, each by way of variables of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.abstraction.sites import Site
from causalpp.abstraction.tasks.network import Mlp
from causalpp.abstraction.tasks.task import Task, computed
from causalpp.errors import InvalidParameter
from causalpp.programs import CausalProgram

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Circuit", "boolean_circuit", "circuits_of_one_function"]

#: The gates that read both of their inputs: the outputs for 00, 01, 10 and 11.
_GATES = ("0001", "0010", "0100", "0110", "0111", "1000", "1001", "1011", "1101", "1110")
_DRAWS = 4000  # beginnings of circuits at a time, among which those of one function are looked for
_ROUNDS = 200
_LOOKED_AT = 400  # circuits of one function
_APART = 0.03  # of all interchanges: what two programs of a task at least tell otherwise


def boolean_circuit(seed: int = 0, size: int = 5, inputs: int = 4, gates: int = 5) -> Task:
    """A random circuit over bits x0, x1, …, and others that compute the same label by other gates.

    Every gate but the label has its site in the network written by hand, at the place of its number: so the circuits
    say of the same sites that other things stand there.

    Args:
        seed: of the circuits.
        size: how many, the one that the network implements included.
        inputs: of each, all of which matter.
        gates: of each, the label's included.

    Raises:
        InvalidParameter: see :func:`circuits_of_one_function`.

    Example:
        >>> task = boolean_circuit(seed=1, size=3)
        >>> task
        Task('boolean_circuit': x0, x1, x2, x3 → g0, g1, g2, g3 → label)
        >>> sorted(task.others), task.accuracy(task.by_hand())
        (['circuit 1', 'circuit 2'], 1.0)
    """
    first, *rest = circuits_of_one_function(seed, size, inputs, gates)
    names = tuple(f"x{i}" for i in range(inputs))

    def rows(n: int, draw: np.random.Generator) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(draw.integers(0, 2, (n, inputs)), columns=list(names))

    return Task(
        name="boolean_circuit",
        program=first.program(),
        others={f"circuit {number}": circuit.program() for number, circuit in enumerate(rest, 1)},
        inputs=names,
        outcome="label",
        draw=rows,
        encode=lambda frame: torch.tensor(frame[list(names)].to_numpy(dtype=np.float32)),
        fresh=lambda seed: Mlp(inputs, (32, 32), 2, seed).eval(),
        by_hand=first.network,
        sites={f"g{g}": Site(f"layers.{2 * g + 1}", slice(inputs + g, inputs + g + 1)) for g in range(gates - 1)},
        steps=500,
        batch_size=64,
    )


@dataclass(frozen=True)
class Circuit:
    """Gates over inputs x0, x1, …; the last one is the label.

    Attributes:
        inputs: how many.
        gates: of each gate its outputs for 00, 01, 10 and 11, and the two it reads, numbers of inputs first and then
            of gates before it.

    Example:
        >>> both = Circuit(3, (("0001", 0, 1), ("0110", 3, 2)))  # (x0 and x1) xor x2
        >>> both.values.tolist()[1]
        [0, 1, 0, 1, 0, 1, 1, 0]
    """

    inputs: int
    gates: tuple[tuple[str, int, int], ...]

    @cached_property
    def values(self) -> NDArray[np.int8]:
        """The value of every gate at every input, in the order of :func:`itertools.product`: ``(G, 2^inputs)``."""
        rows = np.array(list(itertools.product((0, 1), repeat=self.inputs)), dtype=np.int8)
        return self.run(rows)[self.inputs :]

    def run(self, rows: NDArray[np.int8], fixed: dict[int, NDArray[np.int8]] | None = None) -> NDArray[np.int8]:
        """The value of every input and gate, ``(inputs + G, n)``, of ``n`` rows ``(n, inputs)``.

        Args:
            rows: the inputs.
            fixed: number of a gate → the values it is set to, ``(n,)``.
        """
        known = list(rows.T)
        for number, (outputs, one, other) in enumerate(self.gates):
            table = np.array([int(c) for c in outputs], dtype=np.int8)
            made = table[2 * known[one] + known[other]]
            known.append((fixed or {}).get(number, made))
        return np.stack(known)

    def swapped(self) -> NDArray[np.int8]:
        """The label after each gate but the last takes its value at another input: ``(G − 1, base, source)``."""
        n = 2**self.inputs
        rows = np.array(list(itertools.product((0, 1), repeat=self.inputs)), dtype=np.int8)
        base, source = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
        swapped = [self.run(rows[base], {g: self.values[g][source]})[-1] for g in range(len(self.gates) - 1)]
        return np.stack(swapped).reshape(-1, n, n)

    def program(self) -> CausalProgram:
        """The circuit as a program over x0, x1, …, the gates g0, g1, … and the label."""
        names = [f"x{i}" for i in range(self.inputs)] + [f"g{g}" for g in range(len(self.gates) - 1)] + ["label"]
        steps = {}
        for number, (outputs, one, other) in enumerate(self.gates):
            steps[names[self.inputs + number]] = (_gate(outputs), (names[one], names[other]), 2)
        return computed(dict.fromkeys(names[: self.inputs], 2), **steps)

    def network(self) -> Mlp:
        """Two layers a gate: what it needs of its inputs, and then its value; all that was known is carried along."""
        n, gates = self.inputs, len(self.gates)
        width = n + gates
        widths = [w for g in range(gates) for w in (n + g + 1, n + g + 1)]
        network = Mlp(n, widths, 2).clear()
        for g, (outputs, one, other) in enumerate(self.gates):
            known = n + g
            for layer in (2 * g, 2 * g + 1):
                for i in range(known):
                    network.write(layer, i, {i: 1.0})
            network.write(2 * g, known, {one: 1.0, other: 1.0}, -1.0)  # one · other
            o00, o01, o10, o11 = (float(c) for c in outputs)
            weights = {one: o10 - o00, other: o01 - o00, known: o11 - o10 - o01 + o00}
            network.write(2 * g + 1, known, weights, o00)
        network.write(-1, 1, {width - 1: 1.0}, -0.5)
        return network


def _gate(outputs: str) -> Callable[[Tensor, Tensor], Tensor]:
    table = torch.tensor([int(c) for c in outputs])
    return lambda one, other: table[(2 * one + other).long()]


def _masks(inputs: int) -> list[int]:
    """The value of each input at all 2^inputs inputs at once, as the bits of a number."""
    rows = list(itertools.product((0, 1), repeat=inputs))
    return [sum(1 << number for number, row in enumerate(rows) if row[i]) for i in range(inputs)]


def _apply(
    outputs: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64], full: int
) -> NDArray[np.int64]:
    """Gates, given as numbers of ``_GATES``, on values as bits; shapes broadcast."""
    made = np.zeros(np.broadcast(outputs, one, other).shape, dtype=np.int64)
    for cell, (a, b) in enumerate(itertools.product((full ^ one, one), (full ^ other, other))):
        on = np.array([gate[cell] == "1" for gate in _GATES])[outputs]
        made |= np.where(on, a & b, 0)
    return made


def _beginnings(draw: np.random.Generator, inputs: int, gates: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Random gates, all but the last: ``(gates − 1, 3, N)``, and the values of all that is known, ``(K, N)``."""
    full = (1 << 2**inputs) - 1
    known = [np.full(_DRAWS, mask, dtype=np.int64) for mask in _masks(inputs)]
    made = []
    for g in range(gates - 1):
        one = draw.integers(0, inputs + g, _DRAWS)
        other = draw.integers(0, inputs + g - 1, _DRAWS)
        other += other >= one
        kind, stacked, each = draw.integers(0, len(_GATES), _DRAWS), np.stack(known), np.arange(_DRAWS)
        made.append(np.stack([kind, one, other]))
        known.append(_apply(kind, stacked[one, each], stacked[other, each], full))
    return np.stack(made), np.stack(known)


def _of_one_function(draw: np.random.Generator, inputs: int, gates: int, target: int) -> Iterator[Circuit]:
    """Circuits whose label is the target, in which every gate is read."""
    full = (1 << 2**inputs) - 1
    made, known = _beginnings(draw, inputs, gates)
    read = np.zeros((inputs + gates - 1, _DRAWS), dtype=bool)
    for _, one, other in made:
        read[one, np.arange(_DRAWS)] = read[other, np.arange(_DRAWS)] = True
    found = []
    for one, other in itertools.combinations(range(inputs + gates - 1), 2):
        for kind in range(len(_GATES)):
            hits = _apply(np.array(kind), known[one], known[other], full) == target
            unread = ~read[inputs:]
            for last in {one, other}:
                if last >= inputs:
                    unread[last - inputs] = False
            found += [(number, kind, one, other) for number in np.flatnonzero(hits & ~unread.any(0)).tolist()]
    for number, kind, one, other in draw.permutation(np.array(found).reshape(-1, 4)).tolist():
        first = [(_GATES[k], a, b) for k, a, b in made[:, :, number].tolist()]
        yield Circuit(inputs, (*first, (_GATES[kind], one, other)))


def circuits_of_one_function(seed: int, size: int = 5, inputs: int = 4, gates: int = 5) -> list[Circuit]:
    """Random circuits that give every input the same label, and differ in what they compute on the way.

    Any two tell at least 3 % of all interchanges, of one gate between two inputs, otherwise.

    Args:
        seed: of the function and the circuits.
        size: how many.
        inputs: of each, all of which matter.
        gates: of each, the label's included; all of them are read.

    Raises:
        InvalidParameter: a number out of range, or so many circuits of one function were not found.
    """
    if size < 1 or not 2 <= inputs <= 5 or gates < max(2, inputs - 1):
        raise InvalidParameter(
            "circuits have 2 to 5 inputs and gates enough to read them, and there is one at least; "
            f"got {size} of {inputs} inputs and {gates} gates"
        )
    draw = np.random.default_rng([seed, inputs, gates])
    full = (1 << 2**inputs) - 1
    for _ in range(_ROUNDS):
        _, known = _beginnings(draw, inputs, gates)
        one, other = inputs + gates - 2, int(draw.integers(0, inputs + gates - 2))
        labels = _apply(draw.integers(0, len(_GATES), _DRAWS), known[one], known[other], full)
        target = int(labels[0])
        if not all(_depends(target, i, inputs) for i in range(inputs)):
            continue
        chosen: list[Circuit] = []
        tables: list[NDArray[np.int8]] = []
        for circuit in itertools.islice(_of_one_function(draw, inputs, gates, target), _LOOKED_AT):
            table = circuit.swapped()
            if all(float((table != known_table).mean()) >= _APART for known_table in tables):
                chosen.append(circuit)
                tables.append(table)
            if len(chosen) == size:
                return chosen
    raise InvalidParameter(f"{size} circuits of one function, with {inputs} inputs and {gates} gates, were not found")


def _depends(target: int, number: int, inputs: int) -> bool:
    """Whether a function, given as bits, depends on an input."""
    step = 2 ** (inputs - 1 - number)
    return any((target >> row & 1) != (target >> (row ^ step) & 1) for row in range(2**inputs))
