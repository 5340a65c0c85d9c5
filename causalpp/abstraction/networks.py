"""Calling a network: what its inputs may look like, what of its output counts, and in which mode it has to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from causalpp._plain import check_seed
from causalpp.errors import InvalidParameter

__all__ = ["as_network", "batches", "called", "check_evaluating", "main_tensor", "random_weights", "rows_of"]


def as_network(network: object) -> nn.Module:
    """The network, if it is one.

    Raises:
        InvalidParameter: it is no ``torch.nn.Module``.
    """
    if not isinstance(network, nn.Module):
        inner = getattr(network, "model", None)
        hint = " (its attribute model is one: give that)" if isinstance(inner, nn.Module) else ""
        raise InvalidParameter(f"a network is a torch.nn.Module, got {type(network).__name__}{hint}")
    return network


def check_evaluating(network: nn.Module) -> None:
    """Refuse a network in training mode, in which dropout makes two runs on the same input differ.

    Raises:
        InvalidParameter: it, or a module in it, is in training mode.
    """
    training = next((name for name, module in network.named_modules() if module.training), None)
    if training is not None:
        where = f" (its module {training!r} is)" if training else ""
        raise InvalidParameter(f"the network is in training mode{where}: call network.eval() first")


def called(network: nn.Module, inputs: Any) -> Any:
    """The network's output: a mapping is given as keywords, a tuple or list as arguments, anything else as it is."""
    if isinstance(inputs, Mapping):
        return network(**inputs)
    if isinstance(inputs, (tuple, list)):
        return network(*inputs)
    return network(inputs)


def rows_of(inputs: Any) -> int:
    """How many rows the inputs have: the length of their first tensor.

    Raises:
        InvalidParameter: no tensor is among them.
    """
    if isinstance(inputs, Tensor):
        return len(inputs)
    parts = inputs.values() if isinstance(inputs, Mapping) else inputs if isinstance(inputs, Sequence) else ()
    for part in parts:
        if isinstance(part, Tensor) and part.ndim:
            return len(part)
    raise InvalidParameter(
        f"a network's inputs are a tensor, or a mapping or tuple of tensors, got {type(inputs).__name__}"
    )


def main_tensor(output: Any, what: str) -> Tensor:
    """The tensor of an output that counts: the output itself, the first of a tuple, the first field of a mapping.

    Raises:
        InvalidParameter: there is none.
    """
    found = output
    if isinstance(found, Mapping):
        found = next(iter(found.values()), None)
    while isinstance(found, (tuple, list)) and found:
        found = found[0]
    if not isinstance(found, Tensor):
        raise InvalidParameter(f"{what} gives no tensor, but {type(output).__name__}")
    return found


def batches(n: int, size: int) -> Iterator[slice]:
    """Slices that cut ``n`` rows into pieces of at most ``size``."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


@contextmanager
def random_weights(network: nn.Module, seed: int = 0) -> Iterator[nn.Module]:
    """The network with weights drawn anew, inside; its own again afterwards, also after an error.

    Modules that can be initialised are (``reset_parameters``).  In models of the transformers library matrices are
    normal with the configuration's standard deviation, and other parameters are 1 (weights) or 0 (biases).  Parameters
    of any other module are normal with the mean and standard deviation that they had; where that is 0, with their size
    or 1.  Buffers are as they were.

    Args:
        network: any network.
        seed: of the weights.

    Example:
        >>> import torch
        >>> from causalpp.abstraction import random_weights
        >>> layer = torch.nn.Linear(2, 2)
        >>> before = layer.weight.detach().clone()
        >>> with random_weights(layer, seed=1):
        ...     bool((layer.weight == before).any())
        False
        >>> bool((layer.weight == before).all())
        True
    """
    check_seed(seed)
    as_network(network)
    tensors = [*network.parameters(), *network.buffers()]
    kept = [tensor.data for tensor in tensors]
    # A module may put new tensors in the place of its own, so which ones it had is kept as well.
    modules = list(network.modules())
    places: list[dict[str, Any]] = [place for one in modules for place in (one._parameters, one._buffers)]
    had = [dict(place) for place in places]
    devices = sorted({tensor.get_device() for tensor in tensors if tensor.is_cuda})
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            for tensor in tensors:
                tensor.data = tensor.data.clone()
            _initialise(network)
        yield network
    finally:
        for tensor, data in zip(tensors, kept, strict=True):
            tensor.data = data
        for place, own in zip(places, had, strict=True):
            place.clear()
            place.update(own)


def _initialise(network: nn.Module) -> None:
    config = getattr(network, "config", None)
    spread = getattr(config, "initializer_range", None)
    done: set[int] = set()
    for module in network.modules():
        own = [(name, p) for name, p in module.named_parameters(recurse=False) if id(p) not in done]
        done.update(id(p) for _, p in own)
        if not own:
            continue
        reset = getattr(module, "reset_parameters", None)
        if spread is not None:
            for name, p in own:
                if p.ndim > 1:
                    p.normal_(0.0, float(spread))
                else:
                    p.fill_(0.0 if "bias" in name else 1.0)
        elif callable(reset) and not hasattr(module, "parametrizations"):
            reset()
        else:
            for _, p in own:
                values = p.to(torch.float64)
                mean = float(values.mean())
                p.normal_(mean, float(values.std(unbiased=False)) or abs(mean) or 1.0)


def finite(values: Tensor, what: str) -> Tensor:
    """The values, if they are numbers.

    Raises:
        InvalidParameter: some are not finite; says in how many rows.
    """
    bad = ~torch.isfinite(values.detach())
    if bool(bad.any()):
        rows = int(bad.reshape(len(values), -1).any(1).sum())
        raise InvalidParameter(
            f"{what} are not finite in {rows:,} of {len(values):,} rows: look at the network's inputs and weights"
        )
    return values


def part_of(inputs: Any, rows: Any) -> Any:
    """Some rows of a network's inputs: a slice or numbers of rows, taken of every tensor that has as many rows."""
    if isinstance(inputs, Tensor):
        return inputs[rows]
    n = rows_of(inputs)

    def taken(part: Any) -> Any:
        return part[rows] if isinstance(part, (Tensor, np.ndarray)) and part.ndim and len(part) == n else part

    if isinstance(inputs, Mapping):
        return {key: taken(part) for key, part in inputs.items()}
    return tuple(taken(part) for part in inputs)
