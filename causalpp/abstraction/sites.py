"""Sites: places in a network whose activations can be read and written.

A :class:`Site` names a module and says which part of its output is meant: units, a position, a head.  What is read is
one row of *values* for each row of inputs, shape ``(n, m)``, and what is written is as large.  A :class:`Rotated`
site has other coordinates: ``into`` takes the part, flat, to its values, and ``back`` puts values into the part.
Everything in this room that takes a site takes whatever has ``site``, ``into`` and ``back``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from causalpp.errors import InvalidParameter

__all__ = ["Place", "Rotated", "Site"]


class Place(Protocol):
    """What can be read and written: a site, and the coordinates in which its values are told."""

    @property
    def site(self) -> Site:
        """Where it is."""

    def into(self, part: Tensor) -> Tensor:
        """The values ``(n, m)`` of a part of an activation ``(n, d)``."""

    def back(self, part: Tensor, values: Tensor) -> Tensor:
        """The part ``(n, d)`` with the values ``(n, m)`` in it, and otherwise as it is."""


@dataclass(frozen=True, eq=False)
class Site:
    """Where a network may keep a variable: a part of what one of its modules gives.

    Attributes:
        module: the module's name, as in ``network.named_modules()``; it must run once in a forward pass.
        units: which of the last axis of its output, a slice or numbers; all if left out.
        position: which of the second axis, where there are three: a number counts the tokens that the attention mask
            keeps (−1 is the last of them, also where the padding is on the right); ``"last"`` is −1; several numbers
            are several positions; a function takes the network's inputs (the mapping of keywords, or the tensor) and
            gives one whole number a row, counted over all tokens, shape ``(n,)``.  All positions if left out.
        head: the number of a head of an attention module, whose part of the output is the site (it is read where it
            enters the module's last matrix, ``o_proj``, ``out_proj``, …); ``units`` then count within the head.
        input: whether it is what goes into the module instead of what comes out.

    Raises:
        InvalidParameter: units, a position or a head that make no sense.

    Example:
        >>> import torch
        >>> from causalpp.abstraction import Site, read, written
        >>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)).eval()
        >>> site = Site("1", slice(0, 2))
        >>> values = read(network, site, torch.ones(5, 2))
        >>> values.shape
        torch.Size([5, 2])
        >>> with written(network, {site: torch.zeros(5, 2)}):
        ...     changed = network(torch.ones(5, 2))
    """

    module: str
    units: slice | Sequence[int] | None = None
    position: int | str | Sequence[int] | Callable[[Any], Any] | None = None
    head: int | None = None
    input: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.module, str):
            raise InvalidParameter(f"a site's module is a name, such as 'layers.1', got {self.module!r}")
        if self.units is not None and not isinstance(self.units, slice):
            units = _numbers("units", self.units)
            if len(set(units)) < len(units):
                raise InvalidParameter(f"the units of the site {self.module!r} repeat themselves")
            object.__setattr__(self, "units", units)
        if isinstance(self.position, str) and self.position != "last":
            raise InvalidParameter(f"a position is a number, 'last' or a function, got {self.position!r}")
        if not (self.position is None or isinstance(self.position, (int, str)) or callable(self.position)):
            object.__setattr__(self, "position", _numbers("positions", self.position))
        if self.head is not None and (isinstance(self.head, bool) or not isinstance(self.head, int) or self.head < 0):
            raise InvalidParameter(f"a head is a whole number from 0 on, got {self.head!r}")

    def __repr__(self) -> str:
        parts = [repr(self.module)]
        if self.units is not None:
            parts.append(_shown(self.units))
        if self.position is not None:
            position = self.position
            parts.append(f"position={getattr(position, '__name__', position) if callable(position) else position!r}")
        parts += [f"head={self.head}"] if self.head is not None else []
        parts += ["input=True"] if self.input else []
        return f"Site({', '.join(parts)})"

    @property
    def site(self) -> Site:
        """Itself."""
        return self

    def into(self, part: Tensor) -> Tensor:
        """The part itself: a plain site's values are its activations."""
        return part

    def back(self, part: Tensor, values: Tensor) -> Tensor:  # noqa: ARG002
        """The values: they replace the whole part."""
        return values


@dataclass(frozen=True, eq=False)
class Rotated:
    """A site in other coordinates: the values are those along orthonormal directions, the rest stays as it is.

    Writing replaces the part's components along the directions and leaves what is orthogonal to them (Geiger et al.
    2024, "Finding alignments between interpretable causal variables and distributed neural representations",
    definition 2).

    Attributes:
        site: the site that is rotated, with d values.
        directions: orthonormal columns, shape ``(d, m)``.
        weights: shape ``(m,)`` in [0, 1], how far each value is replaced; wholly if left out.

    Example:
        >>> import torch
        >>> from causalpp.abstraction import Rotated, Site
        >>> turned = Rotated(Site("1"), torch.tensor([[0.6], [0.8]]))
        >>> turned.into(torch.tensor([[5.0, 10.0]]))
        tensor([[11.]])
        >>> turned.back(torch.tensor([[5.0, 10.0]]), torch.tensor([[1.0]]))
        tensor([[-1.,  2.]])
    """

    site: Site
    directions: Tensor
    weights: Tensor | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.site, Site):
            raise InvalidParameter(f"what is rotated is a Site, got {self.site!r}")
        if not isinstance(self.directions, Tensor) or self.directions.ndim != 2:
            raise InvalidParameter("directions are orthonormal columns, a tensor of shape (d, m)")

    def __repr__(self) -> str:
        d, m = self.directions.shape
        return f"Rotated({self.site!r}, {m} of {d} directions)"

    def into(self, part: Tensor) -> Tensor:
        """The components ``(n, m)`` of the part ``(n, d)``."""
        self._check(part)
        return part @ self.directions.to(part)

    def back(self, part: Tensor, values: Tensor) -> Tensor:
        """The part with these components."""
        directions = self.directions.to(part)
        change = values - self.into(part)
        if self.weights is not None:
            change = change * self.weights.to(part)
        return part + change @ directions.T

    def _check(self, part: Tensor) -> None:
        if part.shape[-1] != self.directions.shape[0]:
            raise InvalidParameter(
                f"the directions of {self!r} are for {self.directions.shape[0]} values, the site has {part.shape[-1]}"
            )


def _numbers(what: str, given: Any) -> tuple[int, ...]:
    try:
        found = tuple(operator.index(one) for one in given)
    except TypeError:
        raise InvalidParameter(f"{what} are a slice or whole numbers, got {given!r}") from None
    if not found:
        raise InvalidParameter(f"{what} are missing: a site needs at least one")
    return found


def _shown(units: slice | Sequence[int]) -> str:
    if isinstance(units, slice):
        ends = ["" if end is None else str(end) for end in (units.start, units.stop, units.step)]
        return "units " + ":".join(ends if units.step is not None else ends[:2])
    return f"units {list(units)}" if len(units) <= 6 else f"{len(units)} units"
