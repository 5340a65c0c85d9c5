"""Distributed alignment search: directions of a site that keep the variables of a program.

Geiger et al. 2024, "Finding alignments between interpretable causal variables and distributed neural representations":
a rotation of the site is learned by gradient descent, so that interchanges along some of its directions give the labels
of the program.  The boundless form is that of Wu et al. 2023, "Interpretability at scale: identifying causal mechanisms
in Alpaca".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from causalpp._plain import check_seed, plain
from causalpp.abstraction.alignment import Alignment
from causalpp.abstraction.hooks import read
from causalpp.abstraction.interchange import Interchange, Share
from causalpp.abstraction.networks import random_weights
from causalpp.abstraction.pairs import Pairs
from causalpp.abstraction.searching.budget import Budget
from causalpp.abstraction.searching.prepared import Kinds, drawn, kinds_of, prepare
from causalpp.abstraction.searching.rotations import Learned, learn
from causalpp.abstraction.sites import Rotated, Site
from causalpp.errors import InvalidParameter, UnknownName
from causalpp.programs import CausalProgram

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from causalpp.abstraction.pairs import Inputs

__all__ = ["Found", "Material", "chosen", "search"]


@dataclass(frozen=True, eq=False, repr=False)
class Found:
    """What a search found.

    Attributes:
        alignment: each variable with the directions found for it, to be used as any other.
        interchanges: variables that are interchanged at once → how often that succeeds, on pairs that nothing was
            learned from or chosen by.
        runs: one mapping a seed: ``held_out`` (the accuracy on label-changing held-out pairs when it was best),
            ``score`` (the mean of that and the accuracy on pairs that keep the label, by which the best seed is
            chosen), ``step`` (when), ``losses`` and ``looked`` (both at each look).
        best: the number of the seed that was chosen.
        control: the accuracy that the same search reaches with random weights; None if it was left out.
        budget: of the search.
        seed: of the search.
    """

    alignment: Alignment
    interchanges: Mapping[tuple[str, ...], Interchange]
    runs: tuple[Mapping[str, Any], ...]
    best: int
    control: Share | None
    budget: Budget
    seed: int

    def __float__(self) -> float:
        return float(self.accuracy)

    @property
    def accuracy(self) -> Share:
        """On label-changing pairs of all kinds, which nothing was learned from or chosen by."""
        return _together(self.interchanges.values())

    @property
    def held_out(self) -> float:
        """What the chosen run reached on the pairs it was chosen by: an optimistic figure."""
        return float(self.runs[self.best]["held_out"])

    @property
    def sites(self) -> dict[str, Rotated]:
        """Variable → where it is."""
        return dict(self.alignment.sites)  # type: ignore[arg-type]  # a search makes no others

    @property
    def dimensions(self) -> dict[str, int]:
        """Variable → how many directions it has."""
        return {name: place.directions.shape[1] for name, place in self.sites.items()}

    def __repr__(self) -> str:
        site = next(iter(self.sites.values()))
        named = ", ".join(f"{name} {k}" for name, k in self.dimensions.items())
        parts = [
            f"{named} of {site.directions.shape[0]} directions of {site.site!r}",
            f"{self.accuracy!r} label-changing pairs",
            *(f"{', '.join(kind)} {float(found):.3f}" for kind, found in self.interchanges.items()),
            f"best of {len(self.runs)} by {self.held_out:.3f} held out",
        ]
        parts += [f"random weights {float(self.control):.3f}"] if self.control is not None else []
        return f"Found({'; '.join(parts)})"

    def to_dict(self) -> dict[str, Any]:
        """All of it but the pairs as plain values; the directions as lists of columns."""
        return {
            "site": repr(next(iter(self.sites.values())).site),
            "dimensions": self.dimensions,
            "directions": {name: place.directions.T.tolist() for name, place in self.sites.items()},
            "accuracy": self.accuracy.to_dict(),
            "interchanges": [
                {"variables": list(kind), "changing": found.changing.to_dict(), "all": found.all.to_dict()}
                for kind, found in self.interchanges.items()
            ],
            "held_out": self.held_out,
            "control": None if self.control is None else self.control.to_dict(),
            "runs": [dict(run) for run in self.runs],
            "best": self.best,
            "budget": self.budget.to_dict(),
            "seed": self.seed,
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)

    def plot(self) -> Figure:
        """How the runs went, and what the best of them reaches."""
        from causalpp.abstraction.searching.drawing import found_figure

        return found_figure(self)


def search(
    program: CausalProgram,
    network: nn.Module,
    *,
    site: Site,
    dimensions: Mapping[str, int] | int | str,
    encode: Callable[[pd.DataFrame], Any],
    variables: Sequence[str] | None = None,
    decode: Callable[[Any], Tensor] | None = None,
    outcome: str = "",
    inputs: Inputs = None,
    budget: Budget | None = None,
    control: bool = True,
    seed: int = 0,
) -> Found:
    """Look for directions of a site that keep variables of a program: distributed alignment search.

    Each variable alone and all of them at once are interchanged, and the loss is the cross-entropy of the labels that
    the program gives then.  The runs differ in the rotation they begin with, and are learned in one batch.  The network
    is not changed.

    Args:
        program: the high-level model.
        network: in evaluation mode.
        site: whose activations are rotated, with d values.
        dimensions: variable → number of its directions; one number for each of ``variables``; or ``"learned"``, the
            boundless form, in which ``variables`` share all d directions and learn how many each needs.
        encode, decode, outcome, inputs: see :class:`Alignment`.
        variables: which, if ``dimensions`` does not say it.
        budget: how much and how long; ``Budget()`` if left out.
        control: whether the same search is done in the network with random weights.
        seed: of pairs and rotations, and of the random weights.

    Raises:
        UnknownVariable, UnknownName: see :class:`Alignment`.
        InvalidParameter: more directions than the site has values; interchanges that never change the label; values or
            losses that are not finite; a network in training mode.

    Example:
        Which direction keeps s = a AND b in a network that computes it and turns its layer afterwards?

        >>> import torch
        >>> from causalpp import Dag, Function, Table, compile
        >>> from causalpp.abstraction import Budget, Site, search
        >>> coin = Table((0, 1), (), [0.5, 0.5])
        >>> program = compile(
        ...     Dag.from_edges([("a", "s"), ("b", "s"), ("s", "y"), ("c", "y")]),
        ...     mechanisms={
        ...         "a": coin, "b": coin, "c": coin,
        ...         "s": Function(lambda a, b: a & b, ("a", "b"), (0, 1), noise=None),
        ...         "y": Function(lambda s, c: s | c, ("s", "c"), (0, 1), noise=None),
        ...     },
        ... )
        >>> first, turn, last = (torch.nn.Linear(i, o) for i, o in ((3, 2), (2, 2), (2, 1)))
        >>> with torch.no_grad():
        ...     _ = first.weight.copy_(torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
        ...     _ = first.bias.copy_(torch.tensor([-1.0, 0.0]))
        ...     _ = turn.weight.copy_(torch.tensor([[0.6, -0.8], [0.8, 0.6]]))
        ...     _ = turn.bias.zero_()
        ...     _ = last.weight.copy_(torch.tensor([[-0.2, 1.4]]))
        ...     _ = last.bias.fill_(-0.5)
        >>> network = torch.nn.Sequential(first, torch.nn.ReLU(), turn, last).eval()
        >>> encode = lambda rows: torch.tensor(rows[["a", "b", "c"]].to_numpy("float32"))
        >>> budget = Budget(seeds=2, pairs=2000, held_out=500, further=500, steps=200)
        >>> found = search(
        ...     program, network, site=Site("2"), dimensions={"s": 1}, encode=encode, budget=budget, control=False
        ... )
        >>> float(found), found.sites["s"]
        (1.0, Rotated(Site('2'), 1 of 2 directions))
    """
    budget = budget or Budget()
    names, sizes = _wanted(dimensions, variables)
    material = Material.draw(program, network, site, names, encode, decode, outcome, inputs, budget, seed)
    runs = material.runs(site, [sizes], budget)
    alignment, best = chosen(material, site, runs)
    interchanges = {
        kind: alignment.accuracy(some, control=0, seed=seed)
        for kind, some in zip(material.kinds, material.further, strict=True)
    }
    randomly = None
    if control:
        with random_weights(network, seed):
            randomly = material.reached(site, material.runs(site, [sizes], budget, "random weights"))
    return Found(alignment, interchanges, tuple(_told(run) for run in runs), best, randomly, budget, seed)


@dataclass(frozen=True, eq=False)
class Material:
    """What all searches in one network have in common: the three sets of pairs.

    Attributes:
        alignment: says how the network is called; its sites do not count.
        variables: that are looked for.
        kinds: of interchanges.
        learned, held, further: pairs of each kind: to learn from, to choose by, and to be told.
        seed: of the rotations.
    """

    alignment: Alignment
    variables: tuple[str, ...]
    kinds: Kinds
    learned: tuple[Pairs, ...]
    held: tuple[Pairs, ...]
    further: tuple[Pairs, ...]
    seed: int

    @classmethod
    def draw(
        cls,
        program: CausalProgram,
        network: nn.Module,
        site: Site,
        variables: tuple[str, ...],
        encode: Callable[[pd.DataFrame], Any],
        decode: Callable[[Any], Tensor] | None,
        outcome: str,
        inputs: Inputs,
        budget: Budget,
        seed: int,
    ) -> Material:
        """Draw the pairs."""
        check_seed(seed)
        if not isinstance(site, Site):
            raise InvalidParameter(f"site= is a Site, whose activations are looked at, got {site!r}")
        alignment = Alignment(program, network, {variables[0]: site}, encode, decode, outcome, inputs)
        kinds = kinds_of(variables)
        # Seeds far apart: no set of pairs has a row of another's stream.
        learned, held, further = (
            drawn(alignment, kinds, n, seed + 104_729 * k)
            for k, n in enumerate((budget.pairs, budget.held_out, budget.further))
        )
        return cls(alignment, variables, kinds, learned, held, further, seed)

    def runs(
        self, site: Site, sizes: Sequence[Sequence[int] | None], budget: Budget, name: str = "search"
    ) -> list[Learned]:
        """Learn rotations: ``budget.seeds`` for each of the sizes, one after the other.

        Raises:
            InvalidParameter: more directions than the site has values.
        """
        ready, held = (prepare(self.alignment, site, self.variables, some) for some in (self.learned, self.held))
        d = ready.base.shape[1]
        blocks = []
        for each in sizes:
            if each is not None:
                blocks += [each] * budget.seeds
                if sum(each) > d:
                    named = ", ".join(f"{v}: {k}" for v, k in zip(self.variables, each, strict=True))
                    raise InvalidParameter(f"{named} are {sum(each)} directions, and {site!r} has {d} values")
        return learn(ready, held, blocks or None, budget, self.seed, budget.seeds, name)

    def width(self, site: Site) -> int:
        """How many values the site has."""
        first = self.alignment.encode(self.held[0].base.iloc[:1])
        with torch.no_grad():
            return int(read(self.alignment.network, site, first).shape[1])

    def reached(self, site: Site, runs: Sequence[Learned]) -> Share:
        """The accuracy of the best run on further label-changing pairs."""
        alignment, _ = chosen(self, site, runs)
        hits = [(alignment.predicted(some) == some.after)[some.changes] for some in self.further]
        return Share.of(np.concatenate(hits))


def chosen(material: Material, site: Site, runs: Sequence[Learned]) -> tuple[Alignment, int]:
    """The alignment of the best run by held-out pairs, and its number."""
    best = max(range(len(runs)), key=lambda k: runs[k].score)
    run = runs[best]
    places = {v: Rotated(site, run.directions[:, run.owner == k]) for k, v in enumerate(material.variables)}
    one = material.alignment
    return Alignment(one.program, one.network, places, one.encode, one.decode, one.outcome, one.inputs), best


def _wanted(
    dimensions: Mapping[str, int] | int | str, variables: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[int, ...] | None]:
    """The variables, and how many directions each has; None if that is learned.

    Raises:
        InvalidParameter, UnknownName: numbers below 1; no variables, or said twice.
    """
    if isinstance(dimensions, Mapping):
        if variables is not None and set(variables) != set(dimensions):
            raise InvalidParameter("dimensions= already says which variables are meant: leave out variables=")
        names, sizes = tuple(dimensions), tuple(dimensions.values())
    else:
        names = (variables,) if isinstance(variables, str) else tuple(variables or ())
        if isinstance(dimensions, str):
            if dimensions != "learned":
                raise UnknownName("form of dimensions", dimensions, ["learned"])
            sizes = None
        else:
            sizes = (dimensions,) * len(names)
    if not names:
        raise InvalidParameter("name the variables to look for: variables=('s', 't'), or dimensions={'s': 2, 't': 2}")
    if any(isinstance(k, bool) or not isinstance(k, int) or k < 1 for k in sizes or ()):
        raise InvalidParameter(f"a variable has a whole number of directions, from 1 on, got {dimensions!r}")
    return names, sizes


def _told(run: Learned) -> dict[str, Any]:
    return {
        "held_out": run.accuracy,
        "score": run.score,
        "step": run.step,
        "losses": list(run.losses),
        "looked": list(run.looked),
    }


def _together(found: Any) -> Share:
    parts = [one.changing for one in found]
    return Share(sum(part.hits for part in parts), sum(part.total for part in parts))
