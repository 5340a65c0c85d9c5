"""Features of the tangent kernel: the gradients of a model's number, one row for each item.

They are taken one backward pass after the other, which works for every network.  To batch them by ``torch.func.vmap``
is no faster where it counts: a decoder of two million parameters takes as long or longer, since attention has no rule
for it, and an encoder whose code looks at its input cannot be batched at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causalpp.errors import InvalidData, InvalidParameter, UnknownName
from causalpp.kernels._reader import Input, Reader

__all__ = ["DTYPES", "Gradients"]

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}
_BLOCK = 1 << 20  # columns that are projected at once


class Gradients:
    """The gradients of a reader's number in some of its parameters, perhaps projected at random.

    Args:
        reader: the model.
        layers: ``"all"``, ``"last"``, or names of parameters and modules.
        dtype: one of :data:`DTYPES`, in which gradients are kept; None for the parameters' own.
        sketch: how many numbers a row is projected to; None for none.
        seed: of the projection.

    Attributes:
        names: of the parameters, in the network's order.
        parameters: how many numbers those are.
        kept: the dtype of gradients.
        width, dtype: of a row.

    Raises:
        UnknownName: no such parameter or module.
        InvalidParameter: none of them is to be learned, or no such dtype or sketch.
    """

    def __init__(
        self, reader: Reader, layers: str | Sequence[str], dtype: str | None, sketch: int | None = None, seed: int = 0
    ) -> None:
        if dtype is not None and dtype not in DTYPES:
            raise InvalidParameter(f"gradients are kept as {' or '.join(map(repr, DTYPES))}, not {dtype!r}")
        if sketch is not None and (isinstance(sketch, bool) or not isinstance(sketch, int) or sketch < 2):
            raise InvalidParameter(f"a sketch has at least 2 numbers a row, got {sketch!r}")
        self.reader, self.layers, self.sketch, self.seed = reader, layers, sketch, seed
        self._chosen, self._tied = _choose(reader, layers)
        self.names = tuple(self._chosen)
        self.parameters = sum(value.numel() for value in self._chosen.values())
        self.width = self.parameters if sketch is None else sketch
        own = next((p.dtype for p in self._chosen.values() if p.dtype in DTYPES.values()), torch.float32)
        self.kept = own if dtype is None else DTYPES[dtype]
        self.dtype = self.kept if sketch is None else torch.float64

    def about(self) -> dict[str, Any]:
        """Of the features, as plain values; ``error`` is what a sketch adds to an entry, for features of length 1."""
        return {
            "layers": self.layers if isinstance(self.layers, str) else list(self.layers),
            "parameters": self.parameters,
            "dtype": str(self.kept).removeprefix("torch."),
            "sketch": self.sketch,
            "error": 0.0 if self.sketch is None else math.sqrt(2 / self.sketch),
        }

    def rows(self, given: Sequence[Input], first: int = 0) -> tuple[Tensor, list[float]]:
        """The features, shape ``(len(given), width)``, on the CPU, and the numbers themselves.

        Raises:
            InvalidParameter: the model does not say one number, or it does not depend on these parameters.
            InvalidData: a gradient is not finite; ``first`` is the number of the first item, for the message.
        """
        out = torch.empty((len(given), self.parameters), dtype=self.kept)
        said = []
        for k, each in enumerate(given):
            value, parts = self._one(each)
            start = 0
            for part in parts:
                out[k, start : start + part.numel()].copy_(part.reshape(-1))
                start += part.numel()
            said.append(value)
            if not np.isfinite(value) or not bool(torch.isfinite(out[k].sum())):
                raise InvalidData(
                    f"the gradient of {self.reader.name} at item {first + k} has numbers that are not finite: look at "
                    "the weights, or take float32 weights"
                )
        return (out if self.sketch is None else self._projected(out)), said

    def _one(self, given: Input) -> tuple[float, Sequence[Tensor]]:
        with torch.enable_grad():
            value = self.reader.scalar(given, None if self._tied else self._chosen, tied=self._tied)
            if not value.requires_grad:
                raise InvalidParameter(
                    f"the output of {self.reader.name} does not depend on {self.names[0]!r} and the other parameters "
                    "chosen: choose others by layers=, or do not detach the output"
                )
            parts = torch.autograd.grad(value, list(self._chosen.values()), allow_unused=True, materialize_grads=True)
        return float(value.detach()), parts

    def _projected(self, rows: Tensor) -> Tensor:
        """A count sketch: each column is added, with a random sign, to one of ``sketch`` sums."""
        assert self.sketch is not None
        out = np.zeros((len(rows), self.sketch))
        for block, start in enumerate(range(0, self.parameters, _BLOCK)):
            part = rows[:, start : start + _BLOCK].double().numpy()
            draw = np.random.default_rng([self.seed, block])
            places = draw.integers(self.sketch, size=part.shape[1])
            signs = 1.0 - 2.0 * draw.integers(2, size=part.shape[1])
            for k in range(len(rows)):
                out[k] += np.bincount(places, weights=part[k] * signs, minlength=self.sketch)
        return torch.from_numpy(out)


def _choose(reader: Reader, layers: str | Sequence[str]) -> tuple[dict[str, Any], bool]:
    """The parameters by name, and whether weights that are tied stay so."""
    network = reader.network
    known = dict(network.named_parameters())
    tied = True
    if layers == "all":
        chosen = known
    elif layers == "last":
        head = reader.head()
        prefix = next((f"{name}." for name, module in network.named_modules() if module is head and name), "")
        every = dict(network.named_parameters(remove_duplicate=False))
        own = {f"{prefix}{name}": every[f"{prefix}{name}"] for name, _ in head.named_parameters(recurse=False)}
        tied = set(own) <= set(known) and not _shared(own, every)
        # A head that shares its weights is one use of them: the derivative is in that use alone.
        apart: dict[str, Any] = {name: p.detach().requires_grad_(p.requires_grad) for name, p in own.items()}
        chosen = own if tied else apart
    else:
        wanted = [layers] if isinstance(layers, str) else list(layers)
        modules = {name for name, _ in network.named_modules() if name}
        for name in wanted:
            if name not in known and name not in modules:
                raise UnknownName("layer", name, [*known, *modules])
        inside = tuple(f"{name}." for name in wanted)
        chosen = {name: p for name, p in known.items() if name in wanted or name.startswith(inside)}
    learned = {name: p for name, p in chosen.items() if p.requires_grad}
    if not learned:
        raise InvalidParameter(
            f"{reader.name} is frozen: none of its {len(chosen)} parameters chosen requires a gradient; call "
            "model.requires_grad_() first"
            if chosen
            else f"{reader.name} has no parameters among {layers!r}: a tangent kernel is one of parameters"
        )
    return learned, tied


def _shared(own: dict[str, Any], every: dict[str, Any]) -> bool:
    ids = {id(p) for p in own.values()}
    return sum(id(p) in ids for p in every.values()) > len(own)
