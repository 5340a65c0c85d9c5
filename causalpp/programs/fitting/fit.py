"""Fitting the mechanisms of a graph to a frame: which law each gets, and which method finds its posterior."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp.columns import Column, Columns
from causalpp.errors import InvalidData, InvalidParameter, UnknownVariable
from causalpp.graphs import Dag
from causalpp.programs.answering.plan import Statement
from causalpp.programs.fitting.diagnostics import diagnose
from causalpp.programs.fitting.families import laplace
from causalpp.programs.fitting.families.conjugate import fitted_gaussian, fitted_table
from causalpp.programs.fitting.families.counts import fitted_count, spread_wide
from causalpp.programs.fitting.families.scaling import Scale, unscaled
from causalpp.programs.fitting.families.templates import REAL, default_kind, kind_of, ordered, template
from causalpp.programs.fitting.joint.latent import gibbs
from causalpp.programs.fitting.joint.mcmc import nuts
from causalpp.programs.fitting.joint.modes import SAY_THE_SAME, STARTS, apart, collapsed
from causalpp.programs.fitting.joint.variational import svi
from causalpp.programs.fitting.options import Options
from causalpp.programs.fitting.reading import read_observed
from causalpp.programs.mechanisms import LinearGaussian, Mechanism, State, Table, check_states
from causalpp.programs.mechanisms.draws import carrying, is_random
from causalpp.programs.models.rows import parameter_names, rows_model
from causalpp.programs.program import CausalProgram, check_complete
from causalpp.programs.report import Fit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Options", "fitted"]


def fitted(
    dag: Dag,
    data: pd.DataFrame | None,
    given: Mapping[str, Any],
    declared: Mapping[str, Iterable[Any]],
    concentration: float,
    options: Options,
    said: Mapping[str, str],
) -> tuple[dict[str, Mechanism], Fit | None]:
    """A mechanism for every variable, and how the fit went; without data, mechanisms with their priors.

    Args:
        dag: the graph.
        data: the frame, or None.
        given: variable → mechanism (known, or a prior if it carries a law) or kind.
        declared: variable → states.
        concentration: of the Dirichlet prior of tables.
        options: how to fit.
        said: variable → what its column is: see :func:`causalpp.columns.read_columns`.
    """
    options.check()
    there = () if data is None else set(map(str, data.columns))
    for what, names in (("mechanisms", given), ("states", declared), ("kinds", said)):
        for name in names:
            if name not in dag and not (
                what == "kinds" and name in there
            ):  # one dictionary for all that is done with data
                raise UnknownVariable(name, dag.nodes, what=f" among the {what}")
    if not concentration > 0 or not np.isfinite(concentration):
        raise InvalidParameter(f"the prior's concentration must be greater than zero, got {concentration}")
    if data is not None and not len(data):
        raise InvalidData("the data have no rows")
    kinds = {v: kind_of(v, given[v]) for v in given}
    columns = Columns([])
    if data is not None:
        columns = read_observed(
            data,
            [v for v in dag.nodes if v not in dag.latent],
            given,
            kinds,
            declared,
            said,
            missing=options.method is not None,
        )
    states: dict[str, tuple[State, ...] | None] = {}
    for v in dag.nodes:
        known = given[v].states if v in given and kinds[v] is None else declared.get(v)
        real = kinds.get(v) in REAL or (v in given and kinds[v] is None and given[v].states is None)
        if v in columns:
            states[v] = columns[v].states
        else:
            if v in dag.latent and known is None and not real:
                raise InvalidParameter(
                    f"{v!r} is latent, so the data do not say what it is: declare its states, such as "
                    f"states={{{v!r}: (0, 1)}}, or make it a real number, mechanisms={{{v!r}: LinearGaussian()}}"
                )
            states[v] = None if real or known is None else check_states(v, known)
    joint = bool(dag.latent) or any(c.missing.any() for c in columns.values()) or options.method in ("svi", "nuts")
    mechanisms: dict[str, Mechanism] = {}
    counts: set[str] = set()  # those whose law the data are to choose
    for v in dag.nodes:
        if v in given and kinds[v] is None:
            mechanisms[v] = given[v]
            continue
        parents = ordered(dag, v, states)
        own_kind = columns[v].kind if v in columns else "real" if states[v] is None else "discrete"
        kind = kinds.get(v) or default_kind(own_kind, [states[p] for p in parents])
        if kind == "count":
            counts.add(v)
            kind = "negative_binomial" if joint and spread_wide(columns[v].values) else "poisson"
        if states[v] is None and kind not in REAL:
            raise InvalidData(
                f"{v!r} has real numbers, and {kind!r} is for states: cut it into a few intervals (pandas.cut), or "
                "declare states="
            )
        if v in dag.latent and not parents and kind == "linear":
            mechanisms[v] = LinearGaussian()  # the unit of a real latent variable is anybody's choice
        else:
            mechanisms[v] = template(kind, v, parents, states, concentration, proper=joint or data is None)
    if data is None:
        return mechanisms, None
    mechanisms = {v: m.for_parents(v, [mechanisms[p].states for p in m.parents]) for v, m in mechanisms.items()}
    own = {v for v in given if kinds[v] is None}
    if joint:
        out, fit = _jointly(dag, mechanisms, columns, len(data), own, options)
    else:
        out, fit = _one_by_one(mechanisms, columns, len(data), own, options, counts)
    fit = replace(fit, columns=columns.table)
    if options.compare and fit.converged:
        program = CausalProgram(check_complete(dag, out), dag.latent, None, dag.nodes)
        fit = replace(
            fit, diagnostics=diagnose(program, out, columns, [v for v in own if not is_random(given[v])], options.seed)
        )
    return out, fit


def _one_by_one(
    priors: Mapping[str, Mechanism],
    columns: Mapping[str, Column],
    rows: int,
    own: set[str],
    options: Options,
    counts: set[str],
) -> tuple[dict[str, Mechanism], Fit]:
    """Where everything is observed, the posterior is a product over variables."""
    out: dict[str, Mechanism] = {}
    failed, methods = [], set()
    for v, prior in priors.items():
        if not is_random(prior):
            out[v] = prior
        elif isinstance(prior, Table):
            out[v] = fitted_table(v, prior, columns)
            methods.add("conjugate")
        elif isinstance(prior, LinearGaussian):
            if v not in own:
                laplace.own_scale(v, prior, columns[v].values)
            out[v] = fitted_gaussian(v, prior, columns)
            methods.add("conjugate")
        elif v in counts:
            out[v], converged = fitted_count(v, prior, columns, options.seed)  # type: ignore[arg-type]
            failed += [] if converged else [v]
            methods.add("laplace")
        else:
            out[v], converged = laplace.fitted(v, prior, columns, v not in own, options.seed)  # type: ignore[arg-type]
            failed += [] if converged else [v]
            methods.add("laplace")
    advice = ""
    if failed:
        advice = f"the optimiser did not reach the mode of {', '.join(map(repr, failed))}; try method='nuts' or 'svi'"
    return out, Fit(", ".join(sorted(methods)) or "given", rows, 0, not failed, advice)


def _jointly(
    dag: Dag,
    priors: Mapping[str, Mechanism],
    columns: Mapping[str, Column],
    rows: int,
    own: set[str],
    options: Options,
) -> tuple[dict[str, Mechanism], Fit]:
    """Where something is latent or missing, mechanisms depend on each other in the posterior."""
    discrete = all(m.states is not None for m in priors.values())
    finite = discrete and all(isinstance(m, Table) or not is_random(m) for m in priors.values())
    method = options.method or ("gibbs" if finite else "svi")
    if method == "gibbs":
        if not finite:
            raise InvalidParameter("Gibbs sampling is for programs of tables: use method='svi' or 'nuts'")
        return gibbs(priors, columns, rows, options)
    # The laws of a user's own parameters speak of the columns in their own units; all others are fitted standardised.
    raw = {v for v in own if v in columns and (priors[v].states is None or _reads_real(priors[v], columns))}
    as_given = {u for v in raw for u in (v, *priors[v].parents)}
    scales = dict.fromkeys(priors, (0.0, 1.0))
    for v, found in columns.items():
        scale = laplace.own_scale(v, priors[v], np.asarray(found.values, dtype=float))
        scales[v] = (0.0, 1.0) if v in as_given else scale
    standard = {v: _standardised(found, scales[v]) for v, found in columns.items()}
    statements = tuple(Statement(v, priors[v]) for v in dag.topological_order)
    model = rows_model(statements, standard, rows)
    names = frozenset(f"{v}.{name}" for v, m in priors.items() for name in parameter_names(m))
    if not names:
        return dict(priors), Fit("given", rows)
    latent = bool(dag.latent)
    if method == "svi":
        point, draws, fit, solutions = svi(model, names, rows, options)
    else:
        point, draws, fit, solutions = nuts(model, names, rows, latent, options)

    def in_units(point: Mapping[str, Any], draws: Mapping[str, Any]) -> dict[str, Mechanism]:
        out = dict(priors)
        for v, prior in priors.items():
            if is_random(prior):
                inputs = [scales[p] for p in prior.parents if priors[p].states is None]
                values = [unscaled(prior, _filled(prior, v, found), inputs, scales[v]) for found in (point, draws)]
                out[v] = carrying(prior, *values)
        return out

    out = in_units(point, draws)
    if not latent:
        return out, fit
    open_ = f"that nothing but what {STARTS} starts found explains the data as well"
    if len(solutions) > 1 and fit.converged:
        one = [in_units(mode, {name: value[None] for name, value in mode.items()}) for mode in solutions]
        gap, where = apart(one, dag, columns)
        if gap > SAY_THE_SAME:
            advice = (
                f"{len(one)} solutions explain the data about as well, and differ by {where}: which one holds was not "
                "established, and the draws hold all of them in proportion; observe more variables, or give narrower "
                "priors"
            )
            return out, replace(fit, converged=False, advice=advice)
        open_ = (
            f"which of {len(one)} solutions holds, which differ in what is latent and hardly in what they say of the "
            f"observed variables when one of them is set; and {open_}"
        )
    fault = collapsed(out, dag, rows) if fit.converged else ""
    if fault:
        return out, replace(fit, converged=False, advice=f"{fault}; give it fewer states, or narrower priors")
    return out, replace(fit, unestablished=open_)


def _reads_real(mechanism: Mechanism, columns: Mapping[str, Column]) -> bool:
    return any(p in columns and columns[p].states is None for p in mechanism.parents)


def _filled(mechanism: Mechanism, variable: str, sites: Mapping[str, Any]) -> dict[str, Any]:
    """A mechanism's parameters out of all sites, with empty ones where it has no number."""
    out: dict[str, Any] = {}
    for name, value in mechanism.parameters.items():
        out[name] = sites.get(f"{variable}.{name}")
        if out[name] is None:
            first = np.shape(next(v for k, v in sites.items() if k.startswith(f"{variable}.")))
            other = next(m for k, m in mechanism.parameters.items() if f"{variable}.{k}" in sites)
            out[name] = np.zeros((*first[: len(first) - other.dim()], *value.shape))
    return out


def _standardised(found: Column, scale: Scale) -> Column:
    return found if found.states is not None else replace(found, values=(found.values - scale[0]) / scale[1])
