"""A program run once inside Pyro: a sample site for every variable, or for every noise that worlds share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

from causalpp.programs.answering.plan import Statement, in_order, plan
from causalpp.programs.answering.sampling import Source, evaluated
from causalpp.programs.mechanisms import Assign
from causalpp.programs.mechanisms.base import NORMAL, UNIFORM
from causalpp.programs.mechanisms.sites import computed

__all__ = ["run_statements", "run_worlds"]


def run_statements(statements: Sequence[Statement], past: Iterable[tuple[Statement, ...]] = ()) -> dict[str, Tensor]:
    """The statements as sites, one a variable; one for each noise where two statements share it.

    Args:
        statements: causes first.
        past: other worlds on the same noise, in which something was observed.
    """
    if past or any(s.shares_noise for s in statements):
        return run_worlds({**named_past(past), "": tuple(statements)})[""]
    values: dict[str, Tensor] = {}
    counts: dict[str, int] = {}
    for s, natural in in_order(statements):
        if natural:
            counts[s.variable] = number = counts.get(s.variable, 0) + 1
            _site(s, values, f"{s.variable}.natural" + (f" {number}" if number > 1 else ""))
        else:
            values[s.variable] = _site(s, values, s.variable)
    return {s.variable: values[s.variable] for s in statements}


def named_past(past: Iterable[tuple[Statement, ...]]) -> dict[str, tuple[Statement, ...]]:
    """The worlds of the past under the names they have beside others."""
    return {f"past {i}": world for i, world in enumerate(past)}


def _site(s: Statement, values: Mapping[str, Tensor], name: str) -> Tensor:
    """A statement as a Pyro site."""
    parents = [values[p] for p in s.mechanism.parents]
    obs = None
    if s.observed is not None and not isinstance(s.mechanism, Assign):
        kind = torch.get_default_dtype() if s.mechanism.states is None else torch.int64
        obs = torch.tensor(s.observed, dtype=kind)
    return s.mechanism.sample(name, parents, obs)


def run_worlds(
    worlds: Mapping[str, tuple[Statement, ...]], reads: Mapping[tuple[int, str, str], int] | None = None
) -> dict[str, dict[str, Tensor]]:
    """Worlds as one Pyro model: a sample site for every noise, a factor for everything observed.

    Usable with NUTS where all noise is continuous, and with importance sampling always.

    Raises:
        InvalidParameter: a real variable observed twice on one noise, or used before it is observed.
    """
    names = list(worlds)
    # Of the past only what was observed takes part, so that its noise is known before it is used.
    asked = [i for i, name in enumerate(names) if not name.startswith("past ")]
    made = plan(list(worlds.values()), [(i, s.variable) for i in asked for s in worlds[names[i]]], reads)
    shown = {name: {s.variable: f"{name}/{s.variable}" if name else s.variable for s in worlds[name]} for name in names}
    values = evaluated(made, _Sites({site for sites in shown.values() for site in sites.values()}))
    return {
        names[i]: {
            variable: computed(site, values[made.where[i, variable]], may_do=False)
            for variable, site in shown[names[i]].items()
        }
        for i in asked
    }


class _Sites(Source):
    """Noise as sample sites, observations as factors."""

    def __init__(self, taken: set[str]) -> None:
        self.taken, self.kind = taken, torch.get_default_dtype()
        self.laws = {NORMAL: dist.Normal(torch.tensor(0.0), torch.tensor(1.0)), UNIFORM: dist.Uniform(0.0, 1.0)}

    def noise(self, s: Statement) -> Tensor:
        law = self.laws.get(str(s.mechanism.noise), s.mechanism.noise)
        value: Tensor = pyro.sample(self._new(s, "noise"), law)
        return value

    def fresh(self, s: Statement) -> Tensor:
        value: Tensor = pyro.sample(self._new(s, "fresh"), self.laws[UNIFORM])
        return value

    def weigh(self, s: Statement, density: Tensor) -> None:
        pyro.factor(self._new(s, "observed"), density)

    def _new(self, s: Statement, what: str) -> str:
        """A name for a site that no other one has."""
        site = name = f"{s.noise_name}.{what}".replace("\0", ".")
        number = 1
        while name in self.taken:
            number += 1
            name = f"{site} {number}"
        self.taken.add(name)
        return name
