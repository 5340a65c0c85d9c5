"""Deterministic sites under Pyro's handlers: what ``pyro.condition`` says of one is an observation.

Pyro's ``deterministic`` takes whatever value a handler gives and adds nothing to the density, so conditioning on it
would silently act as ``do``.
"""

from __future__ import annotations

from typing import Any

import pyro
import torch
from pyro.poutine.condition_messenger import ConditionMessenger
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import _PYRO_STACK
from torch import Tensor

from causalpp.errors import InvalidParameter

__all__ = ["computed", "conditioned"]


def conditioned(name: str, obs: Tensor | None = None) -> Tensor | None:
    """The value that a handler observes at a site, if one does: ``obs`` where it was observed already.

    A handler that gives the noise of the site, too, replays it: then nothing is observed.
    """
    for frame in reversed(_PYRO_STACK):
        if isinstance(frame, ConditionMessenger) and name in frame.data and f"{name}.noise" not in frame.data:
            data: Any = frame.data
            value = data.nodes[name]["value"] if isinstance(data, pyro.poutine.Trace) else data[name]
            if value is not None:
                return torch.as_tensor(value)
    return obs


class _Watch(Messenger):  # type: ignore[misc]  # untyped
    """Sees, as the innermost handler, what the others made of a deterministic site."""

    def __init__(self, name: str, value: Tensor, may_do: bool) -> None:
        super().__init__()
        self.name, self.value, self.may_do = name, value, may_do

    def _pyro_post_sample(self, msg: Any) -> None:
        if msg["value"] is self.value or msg["infer"].get("was_observed"):
            return
        if msg["name"] != self.name:  # pyro.do has split the site
            if self.may_do:
                return
            raise InvalidParameter(
                f"in worlds that share their noise pyro.do cannot set {self.name!r}: use the method do()"
            )
        given = torch.as_tensor(msg["value"])
        if given.shape == self.value.shape and torch.allclose(given.to(self.value.dtype), self.value, atol=0.0):
            return
        raise InvalidParameter(
            f"{self.name!r} is computed from its parents and its noise, so pyro.condition cannot observe it: use the "
            "method condition(), of the program before any counterfactual"
        )


def computed(name: str, value: Tensor, *, may_do: bool = True) -> Tensor:
    """A deterministic site.

    Args:
        name, value: of the site.
        may_do: whether what depends on it is computed after it, so that ``pyro.do`` can set it.

    Raises:
        InvalidParameter: a handler gives it another value, other than by ``pyro.do``.
    """
    with _Watch(name, value, may_do):
        out: Tensor = pyro.deterministic(name, value)
    return out
