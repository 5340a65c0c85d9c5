"""Reading and writing the activations of sites, by hooks.

Hooks are put on modules for the duration of one call and come off after it, also after an error; networks are never
copied.  Gradients flow through both reading and writing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, overload

import torch
from torch import Tensor, nn

from causalpp.abstraction.networks import as_network, called, main_tensor, rows_of
from causalpp.abstraction.sites import Place, Site
from causalpp.errors import InvalidParameter, UnknownName

__all__ = ["module_of", "observed", "read", "written"]

_OUTPUTS = ("o_proj", "out_proj", "c_proj", "out_lin", "dense", "wo")  # what attentions call their last matrix
_HEADS = ("num_heads", "num_attention_heads", "n_heads", "n_head")  # what they call how many heads they have


@overload
def read(network: nn.Module, site: Place, inputs: Any) -> Tensor: ...
@overload
def read(network: nn.Module, site: Mapping[str, Place], inputs: Any) -> dict[str, Tensor]: ...
def read(network: nn.Module, site: Place | Mapping[str, Place], inputs: Any) -> Tensor | dict[str, Tensor]:
    """The values of a site for some inputs, shape ``(n, m)``; of several sites, by name, in one forward pass.

    Args:
        network: any network.
        site: one, or several by name.
        inputs: a tensor, a mapping of keywords (such as a tokenizer's), or a tuple of arguments.

    Raises:
        UnknownName: the network has no module of that name.
        InvalidParameter: units, positions or a head that the activation does not have; a module that does not run, or
            runs several times.
    """
    found = observed(network, site if isinstance(site, Mapping) else {"": site}, inputs)[1]
    return found if isinstance(site, Mapping) else found[""]


def observed(network: nn.Module, sites: Mapping[str, Place], inputs: Any) -> tuple[Any, dict[str, Tensor]]:
    """The network's output for some inputs, and the values of sites on the way; see :func:`read`."""
    found: dict[str, Tensor] = {}

    def look(name: str, place: Place) -> _Act:
        def take(activation: Tensor, part: _Part) -> None:
            found[name] = place.into(part.of(activation))

        return take

    with _hooked(network, [(place, look(name, place)) for name, place in sites.items()]):
        output = called(network, inputs)
    return output, found


@contextmanager
def written(network: nn.Module, values: Mapping[Place, Tensor]) -> Iterator[nn.Module]:
    """The network with the values of sites replaced in every forward pass, inside.

    Args:
        network: any network.
        values: site → values of shape ``(n, m)``, for as many rows as the inputs have.

    Raises:
        UnknownName, InvalidParameter: see :func:`read`; also values of another shape.  Those that can only be seen in
            a forward pass are raised there.
    """

    def put(place: Place, new: Tensor) -> Callable[[Tensor, _Part], Tensor]:
        def change(activation: Tensor, part: _Part) -> Tensor:
            before = part.of(activation)
            expected = place.into(before).shape if place is not place.site else before.shape
            if new.shape != expected:
                raise InvalidParameter(
                    f"the values for {place!r} have shape {tuple(new.shape)}, the site has {tuple(expected)}: "
                    "base and source need as many rows, units and positions"
                )
            return part.into(activation, place.back(before, new.to(before)))

        return change

    with _hooked(network, [(place, put(place, new)) for place, new in values.items()]):
        yield network


# --- hooks --------------------------------------------------------------------------------------------


@contextmanager
def _hooked(network: nn.Module, wanted: Sequence[tuple[Place, _Act]]) -> Iterator[None]:
    """Hooks on the modules of sites, and one on the network that knows its inputs; all come off at the end."""
    as_network(network)
    call = _Call(network)
    with ExitStack() as stack:
        stack.enter_context(network.register_forward_pre_hook(call.begin, with_kwargs=True, prepend=True))
        for place, act in wanted:
            module, of_input = module_of(network, place.site)
            part = _Part(place.site, call, _width(network, place.site, module))
            call.parts.append(part)
            if of_input:
                stack.enter_context(module.register_forward_pre_hook(_before(part, act), with_kwargs=True))
            else:
                stack.enter_context(module.register_forward_hook(_after(part, act)))
        stack.enter_context(network.register_forward_hook(call.end))
        yield


def _before(part: _Part, act: _Act) -> Callable[..., Any]:
    def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ARG001
        part.met()
        if args:
            new = act(main_tensor(args, part.called), part)
            return None if new is None else ((new, *args[1:]), kwargs)
        name = next((name for name, given in kwargs.items() if isinstance(given, Tensor)), None)
        if name is None:
            raise InvalidParameter(f"{part.called} is given no tensor")
        new = act(kwargs[name], part)
        return None if new is None else (args, {**kwargs, name: new})

    return hook


def _after(part: _Part, act: _Act) -> Callable[..., Any]:
    def hook(module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:  # noqa: ARG001
        part.met()
        new = act(main_tensor(output, part.called), part)
        return None if new is None else _replaced(output, new)

    return hook


def _replaced(output: Any, new: Tensor) -> Any:
    """The output with another main tensor."""
    if isinstance(output, Tensor):
        return new
    if isinstance(output, Mapping):
        first = next(iter(output))
        return type(output)(**{**output, first: _replaced(output[first], new)})
    rest = (_replaced(output[0], new), *output[1:])
    return type(output)(*rest) if hasattr(output, "_fields") else type(output)(rest)


class _Call:
    """The forward pass that is under way: what was given to the network, and which sites it has come by."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.inputs: Any = None
        self.mask: Tensor | None = None
        self.parts: list[_Part] = []

    def begin(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ARG002
        self.inputs = kwargs if not args else args[0] if len(args) == 1 and not kwargs else (*args, kwargs)
        mask = kwargs.get("attention_mask")
        self.mask = mask if isinstance(mask, Tensor) and mask.ndim == 2 else None
        for part in self.parts:
            part.times = 0

    def end(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:  # noqa: ARG002
        for part in self.parts:
            if not part.times and part.site.module:
                raise InvalidParameter(
                    f"{part.called} does not run in a forward pass of this network, so nothing can be read or written "
                    "there"
                )


class _Part:
    """The part of an activation that a site is, in one forward pass."""

    def __init__(self, site: Site, call: _Call, width: tuple[int, int] | None) -> None:
        self.site, self.call, self.width = site, call, width
        self.called = f"the module {site.module!r}"
        self.times = 0

    def met(self) -> None:
        """Count a run of the module."""
        self.times += 1
        if self.times > 1:
            raise InvalidParameter(
                f"{self.called} runs several times in a forward pass, so it is no one site: give each use a module of "
                "its own, or name another"
            )

    def of(self, activation: Tensor) -> Tensor:
        """The part, flat: shape ``(n, d)``."""
        out = activation[self._index(activation)]
        return out.reshape(len(activation), -1)

    def into(self, activation: Tensor, part: Tensor) -> Tensor:
        """The activation with another part."""
        index = self._index(activation)
        out = activation.clone()
        out[index] = part.reshape(out[index].shape).to(out.dtype)
        return out

    def _index(self, activation: Tensor) -> tuple[Any, ...]:
        if activation.ndim < 2:
            raise InvalidParameter(
                f"{self.called} gives a tensor of shape {tuple(activation.shape)}: a site needs rows and units"
            )
        if len(activation) != (given := rows_of(self.call.inputs)):
            raise InvalidParameter(
                f"{self.called} gives a tensor of shape {tuple(activation.shape)} for {given:,} rows: rows come first "
                "at a site (of recurrent modules with batch_first=True)"
            )
        units = self._units(activation.shape[-1])
        if self.site.position is None:
            return (..., units)
        if activation.ndim < 3:
            raise InvalidParameter(
                f"{self.called} gives a tensor of shape {tuple(activation.shape)}, which has no positions: leave out "
                "position="
            )
        where = self._positions(len(activation), activation.shape[1], activation.device)
        rows = torch.arange(len(activation), device=activation.device)[:, None]
        if isinstance(units, slice):
            return (rows, where, ..., units)
        return (rows[..., None], where[..., None], ..., torch.tensor(units, device=activation.device))

    def _units(self, size: int) -> slice | list[int]:
        units = self.site.units
        start, width = (0, size) if self.width is None else self.width
        if isinstance(units, slice):
            numbers = range(width)[units]
            if not numbers:
                raise InvalidParameter(f"{self.site!r} has no units: there are {width}")
        elif units is None:
            numbers = range(width)
        else:
            wrong = [u for u in units if not -width <= u < width]
            if wrong:
                raise InvalidParameter(f"{self.site!r} has the unit {wrong[0]}, and there are {width}")
            listed = [start + u % width for u in units]
            if len(set(listed)) < len(listed):
                raise InvalidParameter(f"the units of {self.site!r} repeat themselves")
            return listed
        if numbers.step < 0:
            return [start + u for u in numbers]
        return slice(start + numbers[0], start + numbers[-1] + 1, numbers.step)

    def _positions(self, n: int, length: int, device: torch.device) -> Tensor:
        """The positions of each row, counted over all tokens, shape ``(n, k)``."""
        wanted = self.site.position
        if callable(wanted):
            found = torch.as_tensor(wanted(self.call.inputs), device=device)
            if found.is_floating_point() or found.dtype == torch.bool:
                raise InvalidParameter(f"the position of {self.site!r} must be whole numbers, got {found.dtype}")
            found = found.expand(n) if found.ndim == 0 else found
            if found.ndim not in (1, 2) or len(found) != n:
                raise InvalidParameter(
                    f"the position of {self.site!r} must be one whole number a row, shape ({n},), got "
                    f"{tuple(found.shape)}"
                )
            where = found.reshape(n, -1).long()
            where = torch.where(where < 0, where + length, where)
            self._check_inside(where, torch.full((n,), length, device=device))
            return where
        numbers = [-1] if wanted == "last" else [wanted] if isinstance(wanted, int) else list(wanted or ())
        asked = torch.tensor(numbers, device=device).expand(n, -1)
        mask = self.call.mask
        if mask is None or mask.shape != (n, length):
            where = torch.where(asked < 0, asked + length, asked)
            self._check_inside(where, torch.full((n,), length, device=device))
            return where
        kept = mask.to(device) != 0
        counts = kept.sum(1)
        nth = torch.where(asked < 0, asked + counts[:, None], asked)
        self._check_inside(nth, counts)
        # The places of the tokens that count, first; a stable sort keeps their order.
        order = torch.sort((~kept).to(torch.int8), dim=1, stable=True).indices
        return order.gather(1, nth)

    def _check_inside(self, where: Tensor, lengths: Tensor) -> None:
        outside = ((where < 0) | (where >= lengths[:, None])).any(1)
        if bool(outside.any()):
            row = int(outside.nonzero()[0])
            raise InvalidParameter(
                f"the position of {self.site!r} is outside the {int(lengths[row])} tokens of row {row}"
            )


def module_of(network: nn.Module, site: Site) -> tuple[nn.Module, bool]:
    """The module to hook, and whether what goes into it is meant."""
    module = _named(network, site.module)
    if site.head is None:
        return module, site.input
    if isinstance(module, nn.MultiheadAttention):
        raise InvalidParameter(
            f"the heads of {site.module!r} cannot be reached: torch.nn.MultiheadAttention computes them and its last "
            "matrix in one step"
        )
    last = next(
        (getattr(module, name) for name in _OUTPUTS if isinstance(getattr(module, name, None), nn.Module)), None
    )
    if last is None:  # it may be the last matrix itself, and BERT has it beside the attention
        parent = network.get_submodule(site.module.rpartition(".")[0]) if "." in site.module else None
        beside = getattr(getattr(parent, "output", None), "dense", None)
        last = beside if isinstance(beside, nn.Module) else module
    return last, True


def _named(network: nn.Module, name: str) -> nn.Module:
    try:
        return network.get_submodule(name)
    except AttributeError:
        known = [known for known, _ in network.named_modules() if known]
        raise UnknownName("module", name, known) from None


def _width(network: nn.Module, site: Site, module: nn.Module) -> tuple[int, int] | None:
    """Where a head's units begin in the input of the last matrix, and how many there are; None without a head."""
    if site.head is None:
        return None
    attention = _named(network, site.module)
    config = getattr(attention, "config", None) or getattr(network, "config", None)
    sources = [
        (attention, ("num_heads", "num_attention_heads", "n_heads", "n_head")),
        (config, ("num_attention_heads", "n_heads", "n_head")),
    ]
    heads = next(
        (found for one, names in sources for name in names if isinstance(found := getattr(one, name, None), int)), None
    )
    if heads is None:
        raise InvalidParameter(f"{site.module!r} does not say how many heads it has: use units= of its last matrix")
    if site.head >= heads:
        raise InvalidParameter(f"{site!r} has the head {site.head}, and there are {heads}")
    weight = getattr(module, "weight", None)
    inside = getattr(module, "in_features", None)
    if inside is None and isinstance(weight, Tensor) and weight.ndim == 2:
        inside = weight.shape[0]  # GPT-2 keeps its matrices the other way round
    if not isinstance(inside, int) or inside % heads:
        raise InvalidParameter(f"the width of {site.module!r} is not that of {heads} heads")
    return site.head * (inside // heads), inside // heads


#: What a hook does with an activation: look at it, or give another one.
_Act = Callable[[Tensor, _Part], Tensor | None]
