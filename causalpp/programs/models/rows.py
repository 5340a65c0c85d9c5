"""A program as a Pyro model of many rows, in which parameters that are not known are sample sites."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

from causalpp.columns import Column, read_columns
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.programs.answering.plan import Statement
from causalpp.programs.base import BaseProgram
from causalpp.programs.mechanisms import Assign, LinearGaussian, Mechanism, NormalInverseGamma, Table
from causalpp.programs.mechanisms.draws import is_random
from causalpp.programs.mechanisms.laws import POSITIVE

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Model", "model", "parameter_names", "rows_model"]

Model = Callable[[], dict[str, Tensor]]


def model(program: BaseProgram, frame: pd.DataFrame | None = None, n: int | None = None) -> Model:
    """A Pyro model of many rows: parameters that are not known are sample sites ``"variable.parameter"``.

    Parameters are not known in mechanisms that carry a law: a :class:`~causalpp.Table` with a concentration, a
    linear-Gaussian mechanism with a posterior, a generalised linear one or a network with a law;
    ``compile(dag, priors=…)`` makes such programs.  (What carries draws instead stays at its point estimate.)

    Rows are in the plate ``"rows"``.  What the frame shows is observed; latent variables and missing values are
    sample sites (those of a variable that is missing in some rows are called ``"variable_unobserved"``).  The model
    works with SVI and the guides of ``pyro.infer.autoguide``, NUTS, ``TraceEnum_ELBO`` (after
    ``config_enumerate``), and ``Predictive``.  Guides that start with all states of a latent variable alike do not
    leave that saddle: pass ``init_loc_fn=init_to_sample``.

    Args:
        program: the program; its own ``do`` and ``condition`` take part.
        frame: the rows, with a column for every variable that is observed; left out, nothing is.
        n: how many rows, without a frame; left out, one row and no plate.

    Raises:
        InvalidParameter: both a frame and ``n``, or a counterfactual program.
        InvalidData: the frame lacks a variable that is not latent, or holds states it does not have.

    Example:
        >>> import pandas as pd, pyro
        >>> from causalpp import Dag, compile
        >>> program = compile(Dag.from_edges([("x", "y")]), priors={}, states={"x": (0, 1), "y": (0, 1)})
        >>> rows = model(program, pd.DataFrame({"x": [0, 1, 1], "y": [0, 1, 0]}))
        >>> list(pyro.poutine.trace(rows).get_trace().stochastic_nodes)
        ['x.probabilities', 'y.probabilities', 'rows']
    """
    if program.past:
        raise InvalidParameter("a counterfactual has two worlds: make a model of the program before it")
    if frame is None:
        if n is not None and n < 1:
            raise InvalidParameter(f"a model needs at least one row, got {n}")
        return rows_model(program.statements, {}, n)
    if n is not None:
        raise InvalidParameter("a frame has its own number of rows: leave out n=")
    if not len(frame):
        raise InvalidData("the data have no rows")
    laws = {name: program.mechanism(name) for name in program.variables if name not in program.latent}
    known = {name: law.states for name, law in laws.items() if not isinstance(law, Assign)}
    columns = read_columns(
        frame,
        kinds={name: "real" for name, states in known.items() if states is None},
        states={name: states for name, states in known.items() if states is not None},
        names=known,
    )
    return rows_model(program.statements, columns, len(frame))


def rows_model(statements: tuple[Statement, ...], columns: Mapping[str, Column], n: int | None) -> Model:
    """See :func:`model`, with columns that are numbers already."""
    kind = torch.get_default_dtype()
    data: dict[str, tuple[Tensor, Tensor | None]] = {}
    for name, found in columns.items():
        missing = found.missing
        if missing.all():
            continue
        values = torch.tensor(found.values).clamp(min=0) if found.states is not None else torch.tensor(found.values)
        values = values if found.states is not None else values.nan_to_num().to(kind)
        data[name] = (values, torch.tensor(~missing) if missing.any() else None)

    def run() -> dict[str, Tensor]:
        mechanisms = {s.variable: with_sites(s.variable, s.mechanism) for s in statements}
        values: dict[str, Tensor] = {}
        if n is None:
            _rows(statements, mechanisms, data, values, n)
        else:
            with pyro.plate("rows", n):
                _rows(statements, mechanisms, data, values, n)
        return values

    return run


def _rows(
    statements: tuple[Statement, ...],
    mechanisms: Mapping[str, Mechanism],
    data: Mapping[str, tuple[Tensor, Tensor | None]],
    values: dict[str, Tensor],
    n: int | None,
) -> None:
    for s in statements:
        name, mechanism = s.variable, mechanisms[s.variable]
        parents = [values[p] for p in mechanism.parents]
        seen, mask = data.get(name, (None, None))
        if s.observed is not None and not isinstance(mechanism, Assign):
            dtype = torch.get_default_dtype() if mechanism.states is None else torch.int64
            seen, mask = torch.full((n,) if n else (), s.observed, dtype=dtype), None
        if mask is not None:
            law = mechanism.distribution(parents)
            values[name] = pyro.sample(name, law, obs=seen, obs_mask=mask)
        else:
            values[name] = mechanism.sample(name, parents, seen)


def with_sites(variable: str, mechanism: Mechanism) -> Mechanism:
    """The mechanism with its unknown parameters as sample sites."""
    if not is_random(mechanism):
        return mechanism
    kind = torch.get_default_dtype()
    if isinstance(mechanism, Table):
        law = dist.Dirichlet(torch.tensor(mechanism.concentration, dtype=kind))
        site = pyro.sample(f"{variable}.probabilities", law.to_event(len(mechanism.parents)))
        return _put(mechanism, "_tensor", site)
    if isinstance(mechanism, LinearGaussian):
        assert mechanism.posterior is not None  # for the type checker
        return _put(mechanism, "_tensors", _regression(variable, mechanism.posterior))
    normals = mechanism.law.normals()  # type: ignore[attr-defined]
    sites = {}
    for name, mean in normals.mean.items():
        if not np.size(mean):
            sites[name] = torch.zeros(np.shape(mean))
            continue
        family = dist.LogNormal if name in POSITIVE else dist.Normal
        law = family(torch.tensor(mean, dtype=kind), torch.tensor(normals.deviation[name], dtype=kind))
        sites[name] = pyro.sample(f"{variable}.{name}", law.to_event(law.loc.dim()))
    return _put(mechanism, "_tensors", sites)


def _put(mechanism: Mechanism, where: str, tensors: object) -> Mechanism:
    """``with_parameters`` without its checks: samplers try numbers that are out of bounds, and reject them."""
    new = copy.copy(mechanism)
    new.__dict__[where] = tensors
    return new


def parameter_names(mechanism: Mechanism) -> tuple[str, ...]:
    """The parameters of which :func:`with_sites` makes sample sites."""
    if not is_random(mechanism):
        return ()
    return tuple(name for name, value in mechanism.parameters.items() if value.numel())


def _regression(variable: str, law: NormalInverseGamma) -> dict[str, Tensor]:
    """Scale, then intercept given it, then slopes given both: the normal-inverse-gamma law in three sites."""
    kind = torch.get_default_dtype()
    mean, precision = (torch.tensor(part, dtype=kind) for part in law.about_zero())
    variance = dist.InverseGamma(torch.tensor(law.shape, dtype=kind), torch.tensor(law.rate, dtype=kind))
    root = dist.transforms.PowerTransform(torch.tensor(0.5))
    cards = mean.dim() - 1
    scale = pyro.sample(f"{variable}.scale", dist.TransformedDistribution(variance, root).to_event(cards))
    spread = torch.linalg.inv(precision)[..., 0, 0].sqrt()
    intercept = pyro.sample(f"{variable}.intercept", dist.Normal(mean[..., 0], scale * spread).to_event(cards))
    slopes = mean[..., 1:]
    if slopes.shape[-1]:
        inner = precision[..., 1:, 1:]
        shift = torch.linalg.solve(inner, precision[..., 1:, :1]).squeeze(-1)
        centre = slopes - shift * (intercept - mean[..., 0]).unsqueeze(-1)
        normal = dist.MultivariateNormal(centre, precision_matrix=inner / scale[..., None, None] ** 2)
        slopes = pyro.sample(f"{variable}.coefficients", normal.to_event(cards))
    return {"coefficients": slopes, "intercept": intercept, "scale": scale}
