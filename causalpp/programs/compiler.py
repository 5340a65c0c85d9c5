"""From a graph to a program: mechanisms that are given, random, or fitted to data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.graphs import Dag
from causalpp.graphs.dag import refuse_selected
from causalpp.programs.cards import Card
from causalpp.programs.fitting.fit import Options, fitted
from causalpp.programs.mechanisms import Mechanism
from causalpp.programs.mechanisms.draws import is_random
from causalpp.programs.program import CausalProgram, check_complete

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compile"]


def compile(  # noqa: A001  # the verb of the design; as cpp.compile it shadows nothing
    dag: Dag,
    *,
    mechanisms: Mapping[str, Any] | None = None,
    data: pd.DataFrame | None = None,
    priors: Mapping[str, Any] | None = None,
    states: Mapping[str, Iterable[Any]] | None = None,
    kinds: Mapping[str, str] | None = None,
    prior: float = 1.0,
    card: Card | None = None,
    method: str | None = None,
    steps: int | None = None,
    draws: int = 1000,
    seed: int = 0,
    check: bool = True,
    progress: bool | None = None,
) -> CausalProgram:
    """A graph as a program that runs: a Pyro model with one statement a variable.

    With ``mechanisms`` alone, the parameters are given.  With ``priors``, they are random.  With ``data``, they are
    fitted: the program has their posterior means (or mode), and its mechanisms carry the posterior, from which
    :meth:`~causalpp.CausalProgram.drawn` and ``draws=`` of the estimands draw.  How the fit went is in
    :attr:`~causalpp.CausalProgram.fit`.

    What is observed is fitted variable by variable: tables and linear-Gaussian mechanisms in closed form, others by
    Laplace's approximation.  With latent variables, the whole program is fitted at once: by Gibbs sampling if it is
    made of tables, by variational inference otherwise.  Missing values are treated like latent variables if a
    ``method`` is named; that takes them to be missing at random.

    Args:
        dag: the graph.
        mechanisms: variable → its mechanism.  With data, only for some variables: a mechanism is taken as known, and
            one that carries a law as a prior; or the kind to fit, as a class or as ``"table"``, ``"linear"``,
            ``"logistic"``, ``"poisson"``, ``"negative_binomial"``, ``"gamma"`` or ``"network"``.  Left out, real
            variables get ``"linear"``, counts ``"poisson"``, or ``"negative_binomial"`` if they are spread wider, and
            discrete ones ``"table"``, or ``"logistic"`` if a parent holds numbers.
        data: a frame with a column for every variable that is not latent.  What each column is,
            :func:`causalpp.columns.read_columns` decides; ``fit.columns`` is the table that says how and why.
        priors: variable → mechanism that carries a law, or kind; what is left out gets the default prior.
        states: variable → its states in order, where the data do not show them all, and of latent variables.
        kinds: variable → ``"discrete"``, ``"ordinal"``, ``"count"`` or ``"real"``, where the rule would have it
            otherwise: ``kinds={"age": "real"}``.
        prior: the Dirichlet prior's concentration on each state of each row of the tables, greater than zero.
        card: what the variables mean.
        method: ``"gibbs"``, ``"svi"`` or ``"nuts"``; left out, as said above.
        steps: how many steps of ``"svi"`` (2000), or sweeps of ``"gibbs"`` (4000).
        draws: how many posterior draws ``"gibbs"``, ``"svi"`` and ``"nuts"`` keep.
        seed: of everything random in fitting.
        check: whether to compare the fitted program with the data, and warn where they do not fit; what was found
            is in ``fit.diagnostics``.
        progress: whether to show a progress bar; left out, if standard error is a terminal.

    Raises:
        InvalidParameter: none of ``mechanisms``, ``data`` and ``priors``; mechanisms that do not fit the graph; a
            latent variable without states.
        InvalidData: a column is missing or constant, has missing values (without ``method``) or undeclared states;
            too few rows for a regression.
        UnknownVariable: ``states`` for a variable that the graph does not have, or ``kinds`` for one that is no column
            either.
        TooLarge: a table of more than ten million cells.

    Warns:
        ImpreciseWarning: the fit has not converged; what to do about it.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"x": [0, 0, 1, 1], "y": ["no", "no", "yes", "no"]})
        >>> program = compile(Dag.from_edges([("x", "y")]), data=frame)
        >>> program.do(x=1).distribution("y")
        {'no': 0.5, 'yes': 0.5}
    """
    if not isinstance(dag, Dag):
        raise InvalidParameter(f"compile() needs a Dag, got {dag!r}")
    refuse_selected(dag.selected, "a program is one of everybody, which such data do not show")
    for name in states or {}:
        if name not in dag:
            raise UnknownVariable(name, dag.nodes, what=" among the states")
    if data is None and priors is None:
        if mechanisms is None:
            raise InvalidParameter("compile() needs either mechanisms=, data= or priors=")
        return CausalProgram(check_complete(dag, mechanisms), dag.latent, card, dag.nodes)
    given = {**(mechanisms or {}), **(priors or {})}
    if len(given) < len(mechanisms or {}) + len(priors or {}):
        both = sorted(set(mechanisms or {}) & set(priors or {}))
        raise InvalidParameter(f"{both[0]!r} is among mechanisms= and among priors=: say it once")
    for name, law in (priors or {}).items():
        if isinstance(law, Mechanism) and not is_random(law):
            raise InvalidParameter(
                f"the prior of {name!r} has no law: use Table.from_concentration, a mechanism with posterior= or law=, "
                "or a kind such as 'linear'"
            )
    options = Options(method, steps, draws, seed, progress, check)
    found, fit = fitted(dag, data, given, states or {}, prior, options, kinds or {})
    return CausalProgram(check_complete(dag, found), dag.latent, card, dag.nodes, fit=fit and fit.warn())
