"""An alignment: which site of a network stands for which variable of a program, and how the two are spoken to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from causalpp.abstraction.hooks import module_of, read, written
from causalpp.abstraction.interchange import Interchange
from causalpp.abstraction.measuring import measured
from causalpp.abstraction.networks import as_network, batches, called, check_evaluating, finite, main_tensor, part_of
from causalpp.abstraction.pairs import Pairs, outcome_of, pairs
from causalpp.abstraction.sites import Place
from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.programs import CausalProgram

if TYPE_CHECKING:
    import pandas as pd

    from causalpp.abstraction.pairs import Inputs

__all__ = ["Alignment"]

_BATCH = 1024


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """Variables of a program, each with the site of a network that is taken to keep it.

    Attributes:
        program: the high-level model, of which the network is perhaps an implementation.
        network: any ``torch.nn.Module``.
        sites: variable → where it is, a :class:`Site` or a :class:`Rotated` one.
        encode: makes of a data frame of the program's inputs what the network takes: a tensor, a mapping of keywords,
            or a tuple, with one row a row.
        decode: makes of the network's output the outcome: scores (logits) of its states, shape ``(n, k)``, in the
            order of the program's states; for two states also the log-odds of the second, ``(n, 1)``.  By default the
            output itself, or its first tensor.
        outcome: the label; by default the only variable without effects.
        inputs: where :meth:`pairs` draws inputs from; see :func:`pairs`.
        batch: how many rows are run at once.

    Raises:
        UnknownVariable, UnknownName: a variable that the program does not have, a module that the network does not.
        InvalidParameter: no sites, or the outcome's; plain sites that overlap; an outcome without states; no network.

    Example:
        A network that computes s = a AND b in its first layer, and y = s OR c in its second:

        >>> import torch
        >>> from causalpp import Dag, Function, Table, compile
        >>> from causalpp.abstraction import Alignment, Site
        >>> coin = Table((0, 1), (), [0.5, 0.5])
        >>> program = compile(
        ...     Dag.from_edges([("a", "s"), ("b", "s"), ("s", "y"), ("c", "y")]),
        ...     mechanisms={
        ...         "a": coin, "b": coin, "c": coin,
        ...         "s": Function(lambda a, b: a & b, ("a", "b"), (0, 1), noise=None),
        ...         "y": Function(lambda s, c: s | c, ("s", "c"), (0, 1), noise=None),
        ...     },
        ... )
        >>> layer, last = torch.nn.Linear(3, 2), torch.nn.Linear(2, 1)
        >>> with torch.no_grad():
        ...     _ = layer.weight.copy_(torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
        ...     _ = layer.bias.copy_(torch.tensor([-1.0, 0.0]))
        ...     _ = last.weight.copy_(torch.tensor([[1.0, 1.0]]))
        ...     _ = last.bias.fill_(-0.5)
        >>> network = torch.nn.Sequential(layer, torch.nn.ReLU(), last).eval()
        >>> encode = lambda rows: torch.tensor(rows[["a", "b", "c"]].to_numpy("float32"))
        >>> alignment = Alignment(program, network, {"s": Site("1", [0])}, encode=encode)
        >>> found = alignment.pairs(200, seed=0)
        >>> alignment.accuracy(found)
        Interchange(s: 100.0 % of 38 (90.7–100.0) label-changing pairs; all 1.000; trivial 0.658 (best constant); ...)
    """

    program: CausalProgram
    network: nn.Module
    sites: Mapping[str, Place]
    encode: Callable[[pd.DataFrame], Any]
    decode: Callable[[Any], Tensor] | None = None
    outcome: str = ""
    inputs: Inputs = None
    batch: int = _BATCH

    def __post_init__(self) -> None:
        as_network(self.network)
        put = object.__setattr__
        put(self, "outcome", outcome_of(self.program, self.outcome or None))
        put(self, "sites", dict(self.sites))
        if not self.sites:
            raise InvalidParameter("an alignment needs a variable with its site")
        for name, place in self.sites.items():
            self.program.mechanism(name)
            if name == self.outcome:
                raise InvalidParameter(f"{name!r} is the outcome: align variables before it")
            if not all(hasattr(place, part) for part in ("site", "into", "back")):
                raise InvalidParameter(f"the site of {name!r} must be a Site, got {place!r}")
            module_of(self.network, place.site)
        _check_apart(self.sites)
        if not callable(self.encode) or not (self.decode is None or callable(self.decode)):
            raise InvalidParameter("encode= and decode= are functions")
        if isinstance(self.batch, bool) or not isinstance(self.batch, int) or self.batch < 1:
            raise InvalidParameter(f"batch= is a whole number from 1 on, got {self.batch!r}")

    def __repr__(self) -> str:
        named = ", ".join(f"{name}: {place!r}" for name, place in self.sites.items())
        return f"Alignment({type(self.network).__name__} for {self.outcome}; {named})"

    # --- pairs ----------------------------------------------------------------------------------------

    def pairs(
        self, n: int = 1000, seed: int = 0, variables: str | tuple[str, ...] | None = None, **options: Any
    ) -> Pairs:
        """Pairs for some of the aligned variables, all at once if left out; see :func:`pairs` for the options."""
        options.setdefault("inputs", self.inputs)
        wanted = tuple(self.sites) if variables is None else variables
        return pairs(self.program, wanted, n, seed, outcome=self.outcome, **options)

    def check(self, given: Pairs) -> None:
        """Whether these pairs can be run.

        Raises:
            UnknownVariable: a variable of theirs has no site.
            InvalidParameter: another outcome, or no pairs.
        """
        for name in given.variables:
            if name not in self.sites:
                raise UnknownVariable(name, list(self.sites), what=" among those that are aligned with a site")
        if (given.outcome, given.states) != (self.outcome, self.program.states(self.outcome)):
            raise InvalidParameter(f"the pairs are labelled by {given.outcome!r}, the alignment by {self.outcome!r}")
        if not len(given):
            raise InvalidParameter("there are no pairs")

    # --- what the network says ------------------------------------------------------------------------

    def scores(self, output: Any, n: int, finite_only: bool = True) -> Tensor:
        """What the outcome's states score in an output of the network, shape ``(n, k)``.

        Raises:
            InvalidParameter: ``decode`` gives another shape, or numbers that are not finite.
        """
        states = self.program.states(self.outcome)
        found = main_tensor(output, "the network") if self.decode is None else self.decode(output)
        if not isinstance(found, Tensor) or not found.is_floating_point():
            raise InvalidParameter("decode= gives scores of the outcome's states, a tensor of floating-point numbers")
        if found.shape == (n, 1) and len(states) == 2:
            found = torch.cat([torch.zeros_like(found), found], dim=1)
        if found.shape != (n, len(states)):
            raise InvalidParameter(
                f"decode= gives shape {tuple(found.shape)}, and {n} rows with the {len(states)} states of "
                f"{self.outcome!r} have {(n, len(states))}"
            )
        return finite(found, "the scores of the outcome") if finite_only else found

    def read(self, inputs: Any, variables: tuple[str, ...] | None = None) -> dict[str, Tensor]:
        """The values of aligned variables' sites for encoded inputs, variable → ``(n, m)``; see :func:`read`."""
        wanted = tuple(self.sites) if variables is None else variables
        found = read(self.network, {name: self.sites[name] for name in wanted}, inputs)
        return {name: finite(values, f"the values of {self.sites[name]!r}") for name, values in found.items()}

    def interchanged(self, base: Any, sources: Mapping[str, Any]) -> Tensor:
        """The scores ``(n, k)`` of the outcome in the base, with each variable's site as it is in its source.

        Args:
            base: encoded inputs.
            sources: variable → encoded inputs of as many rows.
        """
        new = {self.sites[name]: self.read(inputs, (name,))[name] for name, inputs in sources.items()}
        n = len(next(iter(new.values())))
        with written(self.network, new):
            return self.scores(called(self.network, base), n)

    def predicted(self, given: Pairs) -> NDArray[np.int64]:
        """The number of the state that the network gives after each interchange, shape ``(n,)``.

        Raises:
            InvalidParameter: see :meth:`check` and :meth:`scores`; a network in training mode.
        """
        self.check(given)
        check_evaluating(self.network)
        base = self.encode(given.base)
        sources = {name: self.encode(given.sources[name]) for name in given.variables}
        out = []
        with torch.no_grad():
            for rows in batches(len(given), self.batch):
                some = {name: part_of(inputs, rows) for name, inputs in sources.items()}
                out.append(self.interchanged(part_of(base, rows), some).argmax(1).cpu().numpy())
        return np.concatenate(out).astype(np.int64)

    def accuracy(
        self,
        pairs: Pairs | None = None,
        *,
        control: int = 3,
        faithfulness: bool = True,
        idle: Mapping[str, Place] | None = None,
        seed: int = 0,
    ) -> Interchange:
        """Interchange accuracy with what could explain it away; see :class:`Interchange`.

        Args:
            pairs: those to run; 1,000 of :meth:`pairs`, with all variables at once, if left out.
            control: how many times the weights are drawn anew; see :func:`random_weights`.
            faithfulness: whether to look at what the program does not name; see :class:`Faithfulness`.
            idle: a name → a site that is claimed to keep nothing, whose interchange should change nothing.
            seed: of the random weights, and of what is resampled.

        Raises:
            UnknownVariable: a variable of the pairs has no site.
            InvalidParameter: pairs that never change the label; a network in training mode; activations or scores that
                are not finite; shapes that do not fit.
        """
        given = self.pairs(seed=seed) if pairs is None else pairs
        return measured(self, given, control, faithfulness, idle or {}, seed)

    def answered(self, rows: pd.DataFrame) -> NDArray[np.int64]:
        """The number of the state that the network gives for each row of inputs, shape ``(n,)``."""
        check_evaluating(self.network)
        inputs = self.encode(rows)
        out = []
        with torch.no_grad():
            for some in batches(len(rows), self.batch):
                output = called(self.network, part_of(inputs, some))
                out.append(self.scores(output, some.stop - some.start).argmax(1).cpu().numpy())
        return np.concatenate(out).astype(np.int64)


def _check_apart(sites: Mapping[str, Place]) -> None:
    """Refuse plain sites of one module that have units in common, whatever its width."""
    for (one, a), (other, b) in combinations(sites.items(), 2):
        same = [(p.site.module, p.site.position, p.site.head, p.site.input) for p in (a, b)]
        if a is not a.site or b is not b.site or same[0] != same[1]:
            continue
        # Slices may count from the end; those can only be compared where the width is known.
        units = [_listed(place.site.units) for place in (a, b)]
        if any(listed is None for listed in units) or set(units[0] or ()) & set(units[1] or ()):
            if None in units and any(isinstance(p.site.units, slice) for p in (a, b)):
                continue
            raise InvalidParameter(f"the sites of {one!r} and {other!r} overlap: {a!r} and {b!r}")


def _listed(units: Any) -> list[int] | None:
    if isinstance(units, slice):
        if units.stop is None or min(units.start or 0, units.stop, units.step or 1) < 0:
            return None
        return list(range(units.stop)[units])
    return None if units is None else list(units)
