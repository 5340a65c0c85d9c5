"""The causal program: statements in topological order, with two faces, a Pyro model and its source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from causalpp._renamed import old_attribute, old_keyword
from causalpp.errors import CyclicGraph, ImpossibleEvidence, InvalidParameter, UnknownVariable
from causalpp.graphs import Dag
from causalpp.programs.answering.plan import Statement
from causalpp.programs.answering.undefined import check_defined
from causalpp.programs.base import BaseProgram
from causalpp.programs.checks import whole
from causalpp.programs.interventions import intervened
from causalpp.programs.mechanisms import Assign, Mechanism
from causalpp.programs.models import rows, run
from causalpp.programs.source import source
from causalpp.programs.worlds import Worlds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["CausalProgram", "Statement"]


@dataclass(frozen=True, eq=False, repr=False)
class CausalProgram(BaseProgram):
    """A causal graph with a mechanism for every variable.  It is a Pyro model: call it inside any handler.

    Made by :func:`causalpp.compile` or :func:`causalpp.load_network`.  Inside Pyro the values of discrete variables
    are the numbers of their states (0, 1, …); everywhere else they are the states themselves.  Real variables are
    numbers everywhere.

    Attributes:
        statements: the mechanisms, causes before effects.
        latent: the variables that are not observed.
        card: where a shipped network comes from and what its variables mean; None otherwise.
        order: the order in which frames and graphs list the variables.
        past: the worlds that share this one's noise and in which something was observed; see
            :meth:`counterfactual`.
        fit: how the parameters were fitted; None where they were given.

    Example:
        >>> from causalpp import load_network
        >>> asia = load_network("asia")
        >>> asia
        CausalProgram(8 variables: asia, smoke, tub, lung, bronc, either, xray, dysp)
        >>> asia.distribution("dysp")["yes"], asia.do(smoke="yes").distribution("dysp")["yes"]
        (0.4359..., 0.5528...)
        >>> asia.do(smoke="yes").simulate(3, seed=1)[["smoke", "lung", "dysp"]]
          smoke lung dysp
        0   yes   no   no
        1   yes   no  yes
        2   yes   no   no
    """

    evidence = old_attribute("observations")
    log_evidence = old_attribute("log_likelihood")

    def _repr_html_(self) -> str:
        return self.dag.svg()

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the graph; see :meth:`causalpp.Dag.plot`."""
        return self.dag.plot(ax, **options)

    # --- as a Pyro model ------------------------------------------------------------------------------

    def __call__(self) -> dict[str, Tensor]:
        """Run the statements as Pyro sample sites, one a variable, and return their values.

        What was observed is observed in Pyro too.  Inside a plate every variable that is drawn has one value a row;
        what was set or observed is one number for all.  Where two statements share a noise, as in a counterfactual,
        the noise is the sample site and what follows from it is deterministic.

        >>> import pyro
        >>> from causalpp import load_network
        >>> trace = pyro.poutine.trace(load_network("cancer")).get_trace()
        >>> sorted(trace.stochastic_nodes)
        ['Cancer', 'Dyspnoea', 'Pollution', 'Smoker', 'Xray']
        """
        return run.run_statements(self.statements, self.past)

    def source(self) -> str:
        """The program as Python that runs on its own; ``do`` changes one line of it."""
        if self.past:
            raise InvalidParameter(
                "a counterfactual has two worlds on one noise: print each alone, condition(…).source() and "
                "do(…).source()"
            )
        return source(self.statements)

    # --- parameters -----------------------------------------------------------------------------------

    def drawn(self, seed: int = 0) -> CausalProgram:
        """The program with parameters drawn from their law: the posterior if it was fitted, else the prior.

        Parameters that are known stay as they are.  All worlds a counterfactual remembers get the same draw.

        >>> from causalpp import Dag, Table, compile
        >>> coin = Table.from_concentration(("tails", "heads"), (), [3.0, 3.0])
        >>> compile(Dag(["coin"]), mechanisms={"coin": coin}).drawn(seed=1).distribution("coin")
        {'tails': 0.68..., 'heads': 0.31...}
        """
        whole("a seed", seed, 0)
        return self._drawn(np.random.default_rng([seed, 3, 0]))

    def posterior_draws(self, k: int, seed: int = 0) -> Iterator[CausalProgram]:
        """``k`` programs, each with parameters drawn from their law; the first is :meth:`drawn` of the same seed."""
        return (self._drawn(np.random.default_rng([seed, 3, number])) for number in range(k))

    def _drawn(self, draw: np.random.Generator) -> CausalProgram:
        known: dict[int, Mechanism] = {}

        def again(mechanism: Mechanism) -> Mechanism:
            # What an intervention builds on is drawn once, for all worlds.
            if id(mechanism) not in known:
                base = mechanism.base
                known[id(mechanism)] = mechanism.drawn(draw) if base is None else mechanism.on(again(base))
            return known[id(mechanism)]

        def change(s: Statement) -> Statement:
            natural = None if s.natural is None else change(s.natural)
            return replace(s, mechanism=again(s.mechanism), natural=natural)

        past = tuple(tuple(map(change, world)) for world in self.past)
        return replace(self, statements=tuple(map(change, self.statements)), past=past)

    def model(self, frame: pd.DataFrame | None = None, n: int | None = None) -> Callable[[], dict[str, Tensor]]:
        """A Pyro model of many rows in which parameters that are not known are sample sites ``"variable.parameter"``.

        See :func:`causalpp.programs.fitting.model`.
        """
        return rows.model(self, frame, n)

    # --- transforms -----------------------------------------------------------------------------------

    def do(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> CausalProgram:
        """A new program in which variables are set: their statements are replaced, nothing else changes.

        A variable can be set to a value; pushed by :class:`Shift`; drawn at random from ``{state: probability}``;
        given any mechanism; or made a function of other variables, whose arguments are their names, its own name
        standing for what it would have been: ``do(dose=lambda weight, dose: dose + 0.1 * weight)`` (functions see
        the numbers of states).  Setting a variable again replaces what was set.  A variable that was observed
        before it is set keeps its observation, as its natural value; what was observed of other variables holds
        in the world after ``do``, as with Pyro's handlers.  For what holds before it see :meth:`counterfactual`.

        Args:
            values: variable → what to set it to, for names that are not Python identifiers.
            more: the same as keywords.

        Raises:
            UnknownVariable: no such variable.
            UnknownState: no such state.
            CyclicGraph: a function reads what the variable causes.
            InvalidParameter: nothing to set, one variable set twice in the same call, or a parameter set; or states
                that become possible and for which a table is not defined.

        Example:
            >>> from causalpp import load_network
            >>> cancer = load_network("cancer")
            >>> cancer.do(Smoker=True).do({"Pollution": "low"})
            CausalProgram(5 variables: Pollution, Smoker, Cancer, Xray, Dyspnoea; do Pollution=low, Smoker=True)
        """
        wanted = self._wanted("do", values, more)
        past = {one.noise_name for world in self.past for s in world for one in (*s.naturals, s)}
        changed = []
        for s in self.statements:
            if s.variable in wanted:
                taken = past | {one.noise_name for one in (*s.naturals, s)}
                s = intervened(s, wanted[s.variable], self.variables, taken)
                for parent in s.mechanism.parents:
                    if parent not in self._mechanisms:
                        what = f" among the parents of the mechanism for {s.variable!r}"
                        raise UnknownVariable(parent, self.variables, what=what)
                s.mechanism.check_parents(s.variable, [self.mechanism(p).states for p in s.mechanism.parents])
            changed.append(s)
        after = self._sorted(tuple(changed))
        check_defined(after)
        return replace(self, statements=after)

    def condition(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> CausalProgram:
        """A new program in which variables have been observed; all it says is given that.

        Args:
            values: variable → observed value.
            more: the same as keywords.

        Raises:
            UnknownVariable, UnknownState, InvalidParameter: see :meth:`do`.
            ImpossibleEvidence: the variable is set to, or was observed as, something else.

        Example:
            >>> from causalpp import load_network
            >>> asia = load_network("asia")
            >>> asia.condition(dysp="yes", xray="yes").distribution("lung")["yes"]
            0.6212...
        """
        wanted = self._wanted("condition", values, more)
        out = []
        for s in self.statements:
            if s.variable in wanted:
                value = s.mechanism.encode(s.variable, wanted[s.variable])
                before = s.mechanism.number if isinstance(s.mechanism, Assign) else s.observed
                if before is not None and before != value:
                    how = "set to" if isinstance(s.mechanism, Assign) else "already observed as"
                    raise ImpossibleEvidence(
                        f"{s.variable!r} is {how} {s.mechanism.decode(before)!r} and cannot be "
                        f"{s.mechanism.decode(value)!r}"
                    )
                s = replace(s, observed=value)
            out.append(s)
        return replace(self, statements=tuple(out))

    @old_keyword(evidence="observations")
    def counterfactual(
        self, observations: Mapping[str, Any] | None = None, do: Mapping[str, Any] | None = None
    ) -> CausalProgram:
        """What would have been: the program after ``do``, with the noise of the world that was observed.

        Abduction, action, prediction (Pearl 2009, *Causality*, theorem 7.1.7): the noise is given what was observed,
        the statements are changed, and everything downstream is computed anew.  Exact for discrete and for
        linear-Gaussian programs, by weighted simulation otherwise.

        Args:
            observations: what was observed in the factual world: variable → value.
            do: what is set in the counterfactual one; see :meth:`do`.  Left out: nothing, the future of this world.

        Raises:
            UnknownVariable, UnknownState, InvalidParameter: see :meth:`do`.
            ImpossibleEvidence: observations that exclude each other (found when something is asked).

        Example:
            >>> from causalpp import load_network
            >>> asia = load_network("asia")
            >>> smoker = {"smoke": "yes", "dysp": "yes"}
            >>> asia.counterfactual(observations=smoker, do={"smoke": "no"}).distribution("dysp")["yes"]
            0.57...
        """
        factual = self.condition(observations) if observations else self
        bare = tuple(replace(s, observed=None, natural=None) for s in self.statements)
        past = (*self.past, factual.statements) if factual.observations else self.past
        after = replace(self, statements=bare, past=past)
        return after.do(do) if do else after

    def worlds(self, /, **worlds: Mapping[str, Any]) -> Worlds[CausalProgram]:
        """Named worlds that share their noise and differ in what is set: ``worlds(factual={}, treated={"x": 1})``.

        Work grows linearly with their number, and what they have in common is computed once.

        Raises:
            UnknownVariable, UnknownState, InvalidParameter: see :meth:`do`.

        Example:
            >>> from causalpp import load_network
            >>> asia = load_network("asia")
            >>> both = asia.worlds(smokes={"smoke": "yes"}, abstains={"smoke": "no"})
            >>> float(both.probabilities([("smokes", "dysp"), ("abstains", "dysp")])[0, 1])  # harmed by smoking
            0.2336...
        """
        start = self.counterfactual()
        return Worlds(
            {name: start if isinstance(do, Mapping) and not do else start.do(do) for name, do in worlds.items()}
        )

    def _wanted(self, verb: str, values: Mapping[str, Any] | None, more: Mapping[str, Any]) -> dict[str, Any]:
        if values is not None and not isinstance(values, Mapping):
            raise InvalidParameter(f"{verb}() takes a mapping variable → value, or keywords, not {values!r}")
        both = set(values or ()) & set(more)
        if both:
            raise InvalidParameter(f"{sorted(both)[0]!r} is set twice in one {verb}()")
        wanted = {**(values or {}), **more}
        if not wanted:
            raise InvalidParameter(f"{verb}() needs a variable and its value, such as {verb}(smoke='yes')")
        for name in wanted:
            owner, _, parameter = str(name).rpartition(".")
            if owner in self._mechanisms and parameter in self._mechanisms[owner].parameters:
                raise InvalidParameter(
                    f"{name!r} is a parameter of the mechanism of {owner!r}, not a variable: give that variable "
                    f"another mechanism instead, {verb}({owner}=…)"
                )
            self.mechanism(name)
        return wanted

    def _sorted(self, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
        """The statements with causes first again, changing as little as possible."""
        place = {s.variable: i for i, s in enumerate(statements)}
        edges = [(p, s.variable) for s in statements for p in s.mechanism.parents]
        # What was seen comes before what replaced it, unless that makes its parents.
        seen = [(p, s.variable) for s in statements for one in s.naturals for p in one.mechanism.parents]
        if all(place[a] < place[b] for a, b in (*edges, *seen)):
            return statements
        try:
            order = Dag(tuple(place), dict.fromkeys([*edges, *seen])).topological_order
        except CyclicGraph:
            order = Dag(tuple(place), edges).topological_order
        return tuple(statements[place[v]] for v in order)

    # --- draws ----------------------------------------------------------------------------------------

    def simulate(self, n: int, do: Mapping[str, Any] | None = None, seed: int = 0) -> pd.DataFrame:
        """``n`` rows drawn from the program given what was observed; latent variables are left out.

        Discrete columns are categorical, real ones floats.  Each variable has its own stream of noise, so runs with
        the same seed and different ``do`` differ only downstream of what was set.  With observations, rows are drawn
        from the exact joint distribution where that is small, and by resampling weighted draws otherwise.

        Args:
            n: number of rows.
            do: variable → value, set before simulating.
            seed: of the noise; the same seed gives the same rows on any machine.

        Raises:
            InvalidParameter: ``n`` or ``seed`` is no whole number from 0 on.
            UnknownVariable, UnknownState: see :meth:`do`.
            ImpossibleEvidence: what was observed has probability zero.
        """
        program = self.do(do) if do else self
        numbers = program.draw(n, seed)
        return program.frame({v: numbers[v] for v in program.variables if v not in program.latent})


def check_complete(dag: Dag, mechanisms: Mapping[str, Mechanism]) -> tuple[Statement, ...]:
    """The statements of a program, causes first, if mechanisms and graph speak of the same thing.

    Raises:
        UnknownVariable: a mechanism for a variable the graph does not have.
        InvalidParameter: a variable without mechanism; parents or table sizes that do not fit; a table that is not
            defined for parents that can occur.
    """
    for name in mechanisms:
        if name not in dag:
            raise UnknownVariable(name, dag.nodes, what=" among the mechanisms")
    for name in dag.nodes:
        if name not in mechanisms:
            raise InvalidParameter(f"{name!r} has no mechanism")
        mechanism = mechanisms[name]
        if not isinstance(mechanism, Mechanism):
            raise InvalidParameter(f"the mechanism of {name!r} must be a Mechanism such as Table, got {mechanism!r}")
        if set(mechanism.parents) != set(dag.parents(name)):
            raise InvalidParameter(
                f"the mechanism of {name!r} reads {list(mechanism.parents)}, its parents are {list(dag.parents(name))}"
            )
    mechanisms = {
        name: mechanism.for_parents(name, [mechanisms[p].states for p in mechanism.parents])
        for name, mechanism in mechanisms.items()
    }
    statements = tuple(Statement(name, mechanisms[name]) for name in dag.topological_order)
    check_defined(statements)
    return statements
