"""Mechanisms whose parameters are not known yet, with the law they have before any data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import Dag
from causalpp.programs.fitting.families.conjugate import flat, point_gaussian
from causalpp.programs.mechanisms import (
    AdditiveNoise,
    Gamma,
    LinearGaussian,
    Logistic,
    Mechanism,
    NegativeBinomial,
    NormalInverseGamma,
    Poisson,
    State,
    Table,
)
from causalpp.programs.mechanisms.laws import Normals

__all__ = ["COUNTS", "KINDS", "REAL", "default_kind", "kind_of", "ordered", "template"]

KINDS: dict[str, type[Mechanism]] = {
    "table": Table,
    "linear": LinearGaussian,
    "logistic": Logistic,
    "poisson": Poisson,
    "negative_binomial": NegativeBinomial,
    "gamma": Gamma,
    "network": AdditiveNoise,
}
#: The kinds whose variable is a real number.
REAL = frozenset({"linear", "poisson", "negative_binomial", "gamma", "network"})
#: Those of them whose variable is a count.
COUNTS = frozenset({"poisson", "negative_binomial"})

_MOST_CELLS = 10_000_000
_UNITS = 6  # hidden units of a network that is fitted
_WIDE, _USUAL = 5.0, 2.5  # standard deviations of intercepts and slopes before data, for standardised parents


def kind_of(variable: str, given: Any) -> str | None:
    """The kind a name or class stands for; None if a mechanism itself was given.

    Raises:
        InvalidParameter: none of these.
    """
    if isinstance(given, Mechanism):
        return None
    for name, kind in KINDS.items():
        if given == name or given is kind:
            return name
    raise InvalidParameter(
        f"the mechanism of {variable!r} must be a Mechanism such as Table, or the kind to fit, one of "
        f"{', '.join(KINDS)}; got {given!r}"
    )


def default_kind(own: str, parents: Iterable[tuple[State, ...] | None]) -> str:
    """The kind of mechanism a variable gets if nothing was said.

    Args:
        own: what its column is: see :attr:`causalpp.columns.Column.kind`.
        parents: the states of each parent, None where it holds numbers.

    Returns:
        One of :data:`KINDS`; or ``"count"``, for ``"poisson"`` or ``"negative_binomial"`` as the data have it.
    """
    if own == "real":
        return "linear"
    if own == "count":
        return "count"
    return "logistic" if None in tuple(parents) else "table"


def ordered(dag: Dag, variable: str, states: Mapping[str, tuple[State, ...] | None]) -> tuple[str, ...]:
    """The parents, discrete ones first."""
    return tuple(sorted(dag.parents(variable), key=lambda v: states[v] is None))


def template(
    kind: str,
    variable: str,
    parents: Sequence[str],
    states: Mapping[str, tuple[State, ...] | None],
    concentration: float,
    *,
    proper: bool,
) -> Mechanism:
    """A mechanism of a kind, before data.

    Args:
        kind: one of :data:`KINDS`.
        variable: whose it is.
        parents: discrete ones first.
        states: of every variable; None where it is real.
        concentration: of the Dirichlet prior of tables.
        proper: whether regressions need a prior that is a distribution (for standardised columns), or are to be
            determined by the data alone.

    Raises:
        InvalidParameter: a table with a real parent.
        TooLarge: a table of more than ten million cells.
    """
    own = states[variable]
    sizes = tuple(len(states[v] or ()) for v in parents if states[v] is not None)
    reals = len(parents) - len(sizes)
    names = tuple(parents)
    if kind == "table":
        assert own is not None  # the callers see to it
        if reals:
            raise InvalidParameter(
                f"the table of {variable!r} has the parent {names[-1]!r}, which is a real number: use 'logistic'"
            )
        cells = float(np.prod((*sizes, len(own)), dtype=float))
        if cells > _MOST_CELLS:
            raise TooLarge(f"the table of {variable!r} with {len(names)} parents would have {cells:.2g} cells")
        return Table.from_concentration(own, names, np.full((*sizes, len(own)), concentration))
    if kind == "linear":
        if not proper:
            slopes = np.zeros((*sizes, reals))
            return LinearGaussian(names, slopes, np.zeros(sizes), np.ones(sizes), flat(sizes, reals))
        conjugate = NormalInverseGamma(
            np.zeros((*sizes, 1 + reals)),
            np.broadcast_to(np.eye(1 + reals) / _USUAL**2, (*sizes, 1 + reals, 1 + reals)).copy(),
            np.full(sizes, 2.0),
            np.full(sizes, 1.0),
        )
        return point_gaussian(names, conjugate)
    columns = sum(size - 1 for size in sizes) + reals
    if kind == "network":
        shapes = {"hidden": (_UNITS, columns), "hidden_bias": (_UNITS,), "output": (_UNITS,), "output_bias": (),
                  "scale": ()}  # fmt: skip
        zero = {name: np.zeros(shape) for name, shape in shapes.items()}
        law_n = Normals({**zero, "scale": np.array(-1.0)}, {name: np.ones(shape) for name, shape in shapes.items()})
        return AdditiveNoise(
            names, zero["hidden"], zero["hidden_bias"], zero["output"], 0.0, np.exp(-1.0), sizes, law_n
        )
    width = (len(own or ()) - 1,) if kind == "logistic" else ()
    slopes, intercept = np.zeros((*width, columns)), np.zeros(width)
    mean = {"coefficients": slopes, "intercept": intercept}
    deviation = {"coefficients": slopes + _USUAL, "intercept": intercept + _WIDE}
    if kind == "logistic":
        return Logistic(own or (), names, slopes, intercept, sizes, Normals(mean, deviation))
    if kind == "poisson":
        return Poisson(names, slopes, intercept, sizes, Normals(mean, deviation))
    made, shape = (NegativeBinomial, 1.0) if kind == "negative_binomial" else (Gamma, 0.0)
    law = Normals({**mean, "shape": np.array(shape)}, {**deviation, "shape": np.array(2.0)})
    return made(names, slopes, intercept, np.exp(shape), sizes, law)
