"""Localist search: which units, as they are, keep a variable?

All sites and many sizes are tried, so the search is what distributed alignments have to be better than.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from causalpp._plain import plain
from causalpp._progress import Progress
from causalpp.abstraction.alignment import Alignment
from causalpp.abstraction.interchange import Share
from causalpp.abstraction.networks import called, main_tensor, part_of
from causalpp.abstraction.searching.budget import Budget
from causalpp.abstraction.searching.distributed import Material
from causalpp.abstraction.searching.prepared import Prepared, balanced, prepare
from causalpp.abstraction.sites import Site
from causalpp.errors import InvalidParameter
from causalpp.programs import CausalProgram

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from causalpp.abstraction.pairs import Inputs

__all__ = ["Localist", "localist"]

_ROWS = 8192  # that are run at once


@dataclass(frozen=True, eq=False, repr=False)
class Localist:
    """What a search among the units of a network found.

    Attributes:
        sites: variable → the best neighbouring units that there are, by held-out pairs.
        accuracies: variable → their accuracy on further label-changing pairs.
        ranked_sites, ranked: the same of sets of units that need not be neighbours.
        table: a row for each variable, site, size and whether the units are ``neighbours``: the best ``units``,
            ``score`` (the mean of the accuracies on held-out pairs that change and that keep the label) and
            ``held_out`` (the accuracy on those that change it).
        tried: how many sets of units were tried for each variable.
        seed: of the pairs.
    """

    sites: Mapping[str, Site]
    accuracies: Mapping[str, Share]
    ranked_sites: Mapping[str, Site]
    ranked: Mapping[str, Share]
    table: pd.DataFrame
    tried: int
    seed: int

    def __float__(self) -> float:
        return float(self.accuracy)

    @property
    def accuracy(self) -> Share:
        """On label-changing pairs of all variables, each interchanged alone, that nothing was chosen by: neighbours."""
        return Share(sum(s.hits for s in self.accuracies.values()), sum(s.total for s in self.accuracies.values()))

    def __repr__(self) -> str:
        named = [
            f"{name} {self.accuracies[name]!r} at {site!r} (not neighbours: {float(self.ranked[name]):.3f})"
            for name, site in self.sites.items()
        ]
        return f"Localist({'; '.join(named)}; best of {self.tried:,} sets of units each)"

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "sites": {name: repr(site) for name, site in self.sites.items()},
            "accuracies": {name: share.to_dict() for name, share in self.accuracies.items()},
            "accuracy": self.accuracy.to_dict(),
            "ranked_sites": {name: repr(site) for name, site in self.ranked_sites.items()},
            "ranked": {name: share.to_dict() for name, share in self.ranked.items()},
            "tried": self.tried,
            "table": self.table.assign(site=self.table["site"].map(repr)).to_dict("records"),
            "seed": self.seed,
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)

    def plot(self) -> Figure:
        """The held-out score of the best units of each site and size."""
        from causalpp.abstraction.searching.drawing import localist_figure

        return localist_figure(self)


def localist(
    program: CausalProgram,
    network: nn.Module,
    *,
    variables: str | Sequence[str],
    encode: Callable[[pd.DataFrame], Any],
    sites: Sequence[Site] | None = None,
    sizes: Sequence[int] | None = None,
    decode: Callable[[Any], Tensor] | None = None,
    outcome: str = "",
    inputs: Inputs = None,
    budget: Budget | None = None,
    seed: int = 0,
) -> Localist:
    """Look for units that keep variables of a program, among all sites and sizes.

    At each site and for each size k the sets tried are k neighbours, begun at every (k // 2)-th unit, which is what
    distributed searches are mostly compared with, and the k units that are best alone: a stronger search.  The best of
    both is chosen by ``budget.held_out`` pairs, and told on ``budget.further`` others.

    Args:
        program: the high-level model.
        network: in evaluation mode.
        variables: which to look for, each by itself.
        encode, decode, outcome, inputs: see :class:`Alignment`.
        sites: where; by default the output of every module that runs once and gives numbers.
        sizes: numbers of units; by default 1, 2, 4, … and all.
        budget: see :class:`Budget`.
        seed: of the pairs.

    Raises:
        UnknownVariable, UnknownName, InvalidParameter: see :class:`Alignment`; also interchanges that never change the
            label, sizes below 1, no sites, values that are not finite.

    Example:
        >>> from causalpp.abstraction import Budget, localist, tasks
        >>> task = tasks.hierarchical_equality()
        >>> budget = Budget(held_out=400, further=400)
        >>> found = localist(
        ...     task.program, task.by_hand(), variables=["left"], encode=task.encode, inputs=task.draw, budget=budget
        ... )
        >>> found
        Localist(left 100.0 % of ... at Site('layers.1...', ...; best of ... sets of units each)
    """
    import pandas as pd

    budget = budget or Budget()
    names = (variables,) if isinstance(variables, str) else tuple(variables)
    if not names:
        raise InvalidParameter("name the variables to look for: variables=('s', 't')")
    for size in sizes or ():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise InvalidParameter(f"sizes are whole numbers from 1 on, got {size!r}")
    first = Site("") if sites is None else next(iter(sites), None)
    if first is None:
        raise InvalidParameter("sites= is empty: name a site, or leave it out for all")
    small = Budget(pairs=1, held_out=budget.held_out, further=budget.further)
    one = Material.draw(program, network, first, names[:1], encode, decode, outcome, inputs, small, seed)
    wanted = _all_sites(one) if sites is None else list(sites)
    rows: list[dict[str, Any]] = []
    found: dict[bool, tuple[dict[str, Site], dict[str, Share]]] = {True: ({}, {}), False: ({}, {})}
    tried = 0
    with Progress("units", len(names) * len(wanted)) as bar:
        for name in names:
            material = one
            if name != names[0]:
                material = Material.draw(program, network, first, (name,), encode, decode, outcome, inputs, small, seed)
            here: list[dict[str, Any]] = []
            tried = 0
            for site in wanted:
                held = prepare(material.alignment, site, (name,), material.held)
                best, count = _tried(held, sizes)
                tried += count
                here += [{"variable": name, "site": site, **row} for row in best]
                bar.advance()
            if not here:
                raise InvalidParameter(f"no site has as many as {min(sizes or (1,))} units")
            for neighbours, (places, shares) in found.items():
                some = [row for row in here if row["neighbours"] == neighbours or row["size"] == 1]
                top = max(some or here, key=lambda row: (row["score"], -row["size"]))
                places[name] = _units(top["site"], top["units"])
                shares[name] = _share(material, places[name], name)
            rows += here
    (sites_of, accuracies), (ranked_of, ranked) = found[True], found[False]
    return Localist(sites_of, accuracies, ranked_of, ranked, pd.DataFrame(rows), tried, seed)


def _share(material: Material, site: Site, name: str) -> Share:
    """The accuracy of a site on further label-changing pairs."""
    one = material.alignment
    alignment = Alignment(one.program, one.network, {name: site}, one.encode, one.decode, one.outcome, one.inputs)
    hits = [(alignment.predicted(some) == some.after)[some.changes] for some in material.further]
    return Share.of(np.concatenate(hits))


def _tried(held: Prepared, sizes: Sequence[int] | None) -> tuple[list[dict[str, Any]], int]:
    """The best units of each size at one site, and how many sets were tried."""
    d = held.base.shape[1]
    alone = _scores(held, [[unit] for unit in range(d)])
    order = sorted(range(d), key=lambda unit: -alone[unit][0])
    wanted = [size for size in sizes if size <= d] if sizes else [*(2**k for k in range(d.bit_length())), d]
    rows, tried = [], d
    for size in dict.fromkeys(wanted):
        starts = dict.fromkeys([*range(0, d - size + 1, max(1, size // 2)), d - size])
        kinds = {True: [tuple(range(start, start + size)) for start in starts], False: [tuple(sorted(order[:size]))]}
        for neighbours, sets in kinds.items():
            if not neighbours and size in (1, d):
                continue  # the same sets again
            scored = [alone[units[0]] for units in sets] if size == 1 else _scores(held, sets)
            tried += len(sets) if size > 1 else 0
            (score, accuracy), units = max(zip(scored, sets, strict=True), key=lambda pair: pair[0][0])
            told = {"units": list(units), "score": score, "held_out": accuracy}
            rows.append({"size": size, "neighbours": neighbours, **told})
    return rows, tried


@torch.no_grad()
def _scores(held: Prepared, sets: Sequence[Sequence[int]]) -> list[tuple[float, float]]:
    """Score and label-changing accuracy of sets of units."""
    d = held.base.shape[1]
    rows = torch.arange(len(held), device=held.base.device)
    out = []
    for start in range(0, len(sets), max(1, _ROWS // len(held))):
        some = sets[start : start + max(1, _ROWS // len(held))]
        masks = held.base.new_zeros(len(some), 1, d)
        for number, units in enumerate(some):
            masks[number, 0, list(units)] = 1.0
        hit = held.scores(rows, held.base + held.change[:, 0] * masks).argmax(2) == held.after
        score, accuracy = balanced(hit, held)
        out += list(zip(score.tolist(), accuracy.tolist(), strict=True))
    return out


def _units(site: Site, units: Sequence[int]) -> Site:
    """Some of a site's values as a site of their own.

    Raises:
        InvalidParameter: the site has several positions, so that its values are no units.
    """
    known = site.units
    if isinstance(known, slice):
        raise InvalidParameter("a localist search takes sites with all units, or with units= as numbers")
    numbers = list(units) if known is None else [known[unit] for unit in units]
    return Site(site.module, numbers, position=site.position, head=site.head, input=site.input)


def _all_sites(material: Material) -> list[Site]:
    """The output of every module that runs once and gives rows of numbers."""
    network = material.alignment.network
    runs: dict[str, int] = {}
    fits: dict[str, bool] = {}

    def seen(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:  # noqa: ARG001
            runs[name] = runs.get(name, 0) + 1
            try:
                found = main_tensor(output, name)
            except InvalidParameter:
                return
            fits[name] = found.ndim == 2 and found.is_floating_point()

        return hook

    handles = [m.register_forward_hook(seen(name)) for name, m in network.named_modules() if name]
    try:
        rows = material.held[0].base.iloc[:2]
        with torch.no_grad():
            called(network, part_of(material.alignment.encode(rows), slice(0, 2)))
    finally:
        for handle in handles:
            handle.remove()
    found = [Site(name) for name, times in runs.items() if times == 1 and fits.get(name)]
    if not found:
        raise InvalidParameter(
            "no module of this network runs once and gives a row of numbers for each input: name sites, with a "
            "position where there are several, such as Site('layers.3', position='last')"
        )
    return found
