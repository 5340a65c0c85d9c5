"""A sweep: the distributed search at many sites and sizes, beside random weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from causalpp._plain import plain
from causalpp._progress import Progress
from causalpp.abstraction.networks import random_weights
from causalpp.abstraction.searching.budget import Budget
from causalpp.abstraction.searching.distributed import Material
from causalpp.abstraction.searching.rotations import Learned
from causalpp.abstraction.sites import Site
from causalpp.errors import InvalidParameter
from causalpp.programs import CausalProgram

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from causalpp.abstraction.pairs import Inputs

__all__ = ["Sweep", "sweep"]


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """The distributed search at many sites and sizes.

    Attributes:
        variables: that were looked for.
        table: a row for each site and size: ``site``, ``module``, ``position``, ``size`` (directions of each variable),
            ``held_out`` (by which the best seed was chosen), ``accuracy``, ``low``, ``high`` (on further label-changing
            pairs, with its 95 % interval), ``control`` (with random weights) and its interval.  A site without so many
            values has no row.
        budget: of each search.
        seed: of the pairs and rotations.
    """

    variables: tuple[str, ...]
    table: pd.DataFrame
    budget: Budget
    seed: int

    @property
    def best(self) -> dict[str, Any]:
        """The row with the highest held-out accuracy."""
        rows: list[Any] = self.table.to_dict("records")
        return dict(max(rows, key=lambda row: float(row["held_out"])))

    def __repr__(self) -> str:
        best = self.best
        parts = [
            f"{', '.join(self.variables)}: {len(self.table)} searches",
            f"best {best['accuracy']:.3f} with {best['size']} directions each at {best['site']!r}",
        ]
        if "control" in best:
            parts.append(f"random weights there {best['control']:.3f}, at most {self.table['control'].max():.3f}")
        return f"Sweep({'; '.join(parts)})"

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "variables": list(self.variables),
            "table": self.table.assign(site=self.table["site"].map(repr)).to_dict("records"),
            "budget": self.budget.to_dict(),
            "seed": self.seed,
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)

    def plot(self) -> Figure:
        """The accuracy by layer, position and size, beside random weights."""
        from causalpp.abstraction.searching.drawing import sweep_figure

        return sweep_figure(self)


def sweep(
    program: CausalProgram,
    network: nn.Module,
    *,
    sites: Sequence[Site],
    sizes: Sequence[int],
    variables: str | Sequence[str],
    encode: Callable[[pd.DataFrame], Any],
    decode: Callable[[Any], Tensor] | None = None,
    outcome: str = "",
    inputs: Inputs = None,
    budget: Budget | None = None,
    control: bool = True,
    seed: int = 0,
) -> Sweep:
    """Do :func:`search` at many sites and sizes, on the same pairs; all sizes and seeds of a site in one batch.

    Args:
        program: the high-level model.
        network: in evaluation mode.
        sites: such as every layer at every position.
        sizes: numbers of directions that each variable has; those that a site has no room for are left out there.
        variables: which.
        encode, decode, outcome, inputs: see :class:`Alignment`.
        budget: of each search.
        control: whether all of it is done with random weights as well.
        seed: of pairs and rotations, and of the random weights.

    Raises:
        UnknownVariable, UnknownName, InvalidParameter: see :func:`search`; also no sites, or no size that fits.

    Example:
        >>> from causalpp.abstraction import Budget, Site, sweep, tasks
        >>> task = tasks.addition()
        >>> budget = Budget(seeds=1, pairs=500, held_out=100, further=100, steps=10)
        >>> found = sweep(
        ...     task.program, task.fresh(0).eval(), sites=[Site("layers.0"), Site("layers.1")], sizes=[1, 8],
        ...     variables="first", encode=task.encode, inputs=task.draw, budget=budget, control=False,
        ... )
        >>> found.table[["module", "size"]].to_numpy().tolist()
        [['layers.0', 1], ['layers.0', 8], ['layers.1', 1], ['layers.1', 8]]
    """
    import pandas as pd

    budget = budget or Budget()
    names = (variables,) if isinstance(variables, str) else tuple(variables)
    if not names or not sites or not sizes:
        raise InvalidParameter("a sweep needs variables, sites and sizes")
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise InvalidParameter(f"sizes are whole numbers from 1 on, got {size!r}")
    for site in sites:
        if not isinstance(site, Site):
            raise InvalidParameter(f"sites= are Sites, got {site!r}")
    material = Material.draw(program, network, sites[0], names, encode, decode, outcome, inputs, budget, seed)
    rows: list[dict[str, Any]] = []
    with Progress("sites", len(sites) * (2 if control else 1)) as bar:
        for site in sites:
            fit = [size for size in sizes if size * len(names) <= material.width(site)]
            if fit:
                rows += _rows(material, site, fit, budget, control)
            bar.advance(2 if control else 1)
    if not rows:
        raise InvalidParameter(
            f"{min(sizes)} directions for each of {len(names)} variables are too many for every site"
        )
    return Sweep(names, pd.DataFrame(rows), budget, seed)


def _rows(material: Material, site: Site, sizes: Sequence[int], budget: Budget, control: bool) -> list[dict[str, Any]]:
    wanted = [(size,) * len(material.variables) for size in sizes]
    rows: list[dict[str, Any]] = []
    for size, runs in zip(sizes, _cut(material.runs(site, wanted, budget), budget.seeds), strict=True):
        share = material.reached(site, runs)
        low, high = share.interval
        position = site.position
        rows.append(
            {
                "site": site,
                "module": site.module,
                "position": getattr(position, "__name__", "a function") if callable(position) else position,
                "size": size,
                "held_out": max(runs, key=lambda run: run.score).accuracy,
                "accuracy": float(share),
                "low": low,
                "high": high,
            }
        )
    if control:
        with random_weights(material.alignment.network, material.seed):
            for row, runs in zip(rows, _cut(material.runs(site, wanted, budget), budget.seeds), strict=True):
                share = material.reached(site, runs)
                row |= {"control": float(share), "control_low": share.interval[0], "control_high": share.interval[1]}
    return rows


def _cut(runs: list[Learned], size: int) -> list[list[Learned]]:
    return [runs[k : k + size] for k in range(0, len(runs), size)]
