"""The causal program: statements in topological order, with two faces, a Pyro model and its source."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp.errors import CyclicGraph, ImpossibleEvidence, ImpreciseWarning, InvalidParameter, UnknownVariable
from causalpp.graphs import Dag
from causalpp.graphs.dag import Names, as_names
from causalpp.programs.answering import exact as _exact
from causalpp.programs.answering import mixture as _mixture
from causalpp.programs.answering import sampling as _sampling
from causalpp.programs.answering.plan import Plan, Statement, in_order, plan
from causalpp.programs.answering.undefined import check_defined
from causalpp.programs.interventions import intervened
from causalpp.programs.mechanisms import Assign, Mechanism, State, Value

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from torch import Tensor

    from causalpp.programs.fitting import Fit
    from causalpp.programs.networks import Card
    from causalpp.programs.worlds import Worlds

__all__ = ["CausalProgram", "Statement"]

_SMALL = 1_000_000  # cells of a joint distribution that is cheap to list
_FEW = 100  # effective draws below which a weighted sample deserves a warning


@dataclass(frozen=True, eq=False, repr=False)
class CausalProgram:
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

    statements: tuple[Statement, ...]
    latent: frozenset[str] = frozenset()
    card: Card | None = field(default=None)
    order: tuple[str, ...] = ()
    past: tuple[tuple[Statement, ...], ...] = ()
    fit: Fit | None = field(default=None)

    @cached_property
    def _mechanisms(self) -> dict[str, Mechanism]:
        return {s.variable: s.mechanism for s in self.statements}

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables in the order of the graph the program was made from."""
        return self.order or tuple(s.variable for s in self.statements)

    @cached_property
    def dag(self) -> Dag:
        """The graph the program runs on; after ``do``, the mutilated one."""
        edges = [(parent, s.variable) for s in self.statements for parent in s.mechanism.parents]
        return Dag(self.variables, edges, latent=self.latent)

    def mechanism(self, variable: str) -> Mechanism:
        """The mechanism of a variable.

        Raises:
            UnknownVariable: the program has no such variable.
        """
        if variable not in self._mechanisms:
            raise UnknownVariable(variable, self.variables)
        return self._mechanisms[variable]

    def states(self, variable: str) -> tuple[State, ...]:
        """The states of a variable, in the order of their numbers.

        Raises:
            UnknownVariable: no such variable.
            InvalidParameter: it is a real number and has none.
        """
        found = self.mechanism(variable).states
        if found is None:
            raise InvalidParameter(f"{variable!r} is a real number and has no states")
        return found

    def is_discrete(self, variable: str) -> bool:
        """Whether the variable has states; otherwise it is a real number."""
        return self.mechanism(variable).states is not None

    def table(self, variable: str) -> NDArray[np.float64]:
        """P(variable | parents), an axis for each parent in the order of the mechanism, then one for the variable."""
        mechanism = self.mechanism(variable)
        return mechanism.table(tuple(len(self.states(p)) for p in mechanism.parents))

    @property
    def evidence(self) -> dict[str, Value]:
        """What was observed in this world: variable → value; the first one of a variable that was set later."""
        seen = {}
        for s in self.statements:
            where = (*s.naturals, s)[0]
            if where.observed is not None:
                seen[s.variable] = where.mechanism.decode(where.observed)
        return seen

    @property
    def description(self) -> str:
        """What the variables mean, in plain English, without a word about the graph; names alone if unknown."""
        if self.card is not None:
            return self.card.description
        return "Variables: " + ", ".join(self.variables) + "."

    def __repr__(self) -> str:
        names = ", ".join(s.variable for s in self.statements[:12]) + (", …" if len(self.statements) > 12 else "")
        parts = [f"{len(self.statements)} variables: {names}"]
        for past in self.past:
            seen = replace(self, statements=past, past=()).evidence
            parts += ["after seeing " + ", ".join(f"{v}={value}" for v, value in seen.items())] if seen else []
        set_ = [
            f"{s.variable}={s.mechanism.value if isinstance(s.mechanism, Assign) else '…'}"
            for s in self.statements
            if s.changed
        ]
        parts += ["do " + ", ".join(set_)] if set_ else []
        parts += ["given " + ", ".join(f"{v}={value}" for v, value in self.evidence.items())] if self.evidence else []
        return f"CausalProgram({'; '.join(parts)})"

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
        if self.past or any(s.shares_noise for s in self.statements):
            from causalpp.programs.worlds import run_worlds

            return run_worlds({**{f"past {i}": world for i, world in enumerate(self.past)}, "": self.statements})[""]
        values: dict[str, Tensor] = {}
        counts: dict[str, int] = {}
        for s, natural in in_order(self.statements):
            if natural:
                counts[s.variable] = counts.get(s.variable, 0) + 1
                number = counts[s.variable]
                _site(s, values, f"{s.variable}.natural" + (f" {number}" if number > 1 else ""))
            else:
                values[s.variable] = _site(s, values, s.variable)
        return {s.variable: values[s.variable] for s in self.statements}

    def source(self) -> str:
        """The program as Python that runs on its own; ``do`` changes one line of it."""
        from causalpp.programs.source import source

        return source(self)

    # --- parameters -----------------------------------------------------------------------------------

    def drawn(self, seed: int = 0) -> CausalProgram:
        """The program with parameters drawn from their law: the posterior if it was fitted, else the prior.

        Parameters that are known stay as they are.  All worlds a counterfactual remembers get the same draw.

        >>> from causalpp import Dag, Table, compile
        >>> coin = Table.from_concentration(("tails", "heads"), (), [3.0, 3.0])
        >>> compile(Dag(["coin"]), mechanisms={"coin": coin}).drawn(seed=1).distribution("coin")
        {'tails': 0.68..., 'heads': 0.31...}
        """
        _sampling.check_seed(seed)
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

        See :func:`causalpp.programs.fitting.joint.model`.
        """
        from causalpp.programs.fitting import model

        return model(self, frame, n)

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

    def counterfactual(
        self, evidence: Mapping[str, Any] | None = None, do: Mapping[str, Any] | None = None
    ) -> CausalProgram:
        """What would have been: the program after ``do``, with the noise of the world in which ``evidence`` was seen.

        Abduction, action, prediction (Pearl 2009, *Causality*, theorem 7.1.7): the noise is given what was observed,
        the statements are changed, and everything downstream is computed anew.  Exact for discrete and for
        linear-Gaussian programs, by weighted simulation otherwise.

        Args:
            evidence: what was observed in the factual world: variable → value.
            do: what is set in the counterfactual one; see :meth:`do`.  Left out: nothing, the future of this world.

        Raises:
            UnknownVariable, UnknownState, InvalidParameter: see :meth:`do`.
            ImpossibleEvidence: observations that exclude each other (found when something is asked).

        Example:
            >>> from causalpp import load_network
            >>> asia = load_network("asia")
            >>> smoker = {"smoke": "yes", "dysp": "yes"}
            >>> asia.counterfactual(evidence=smoker, do={"smoke": "no"}).distribution("dysp")["yes"]
            0.57...
        """
        factual = self.condition(evidence) if evidence else self
        bare = tuple(replace(s, observed=None, natural=None) for s in self.statements)
        past = (*self.past, factual.statements) if factual.evidence else self.past
        after = replace(self, statements=bare, past=past)
        return after.do(do) if do else after

    def worlds(self, /, **worlds: Mapping[str, Any]) -> Worlds:
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
        from causalpp.programs.worlds import Worlds

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

    # --- numbers --------------------------------------------------------------------------------------

    def _plan(self, variables: Iterable[str]) -> tuple[Plan, list[int]]:
        names = list(variables)
        for name in names:
            self.mechanism(name)
        here = len(self.past)
        made = plan((*self.past, self.statements), [(here, name) for name in names])
        return made, [made.where[here, name] for name in names]

    def probabilities(self, variables: Names) -> NDArray[np.float64]:
        """The exact joint distribution of some discrete variables, one axis each, given what was observed.

        Computed by contracting the tables; only the ancestors of what is asked and observed take part.

        Raises:
            UnknownVariable: no such variable.
            ImpossibleEvidence: what was observed has probability zero.
            InvalidParameter: a variable is a real number, or depends on one: simulate instead.
            TooLarge: the joint distribution would have more than 100 million cells; 20,000 configurations where
                real variables were observed.
        """
        names = as_names(variables)
        made, wanted = self._plan(names)
        if _exact.is_discrete(made):
            return _exact.joint(made, wanted)[0]
        if _mixture.is_mixture(made) and all(self.is_discrete(name) for name in names):
            return _mixture.mixture(made, wanted).joint
        raise InvalidParameter(f"{', '.join(names)} or their causes are real numbers: ask for mean(), or simulate()")

    def distribution(self, variable: str, samples: int | None = None, seed: int = 0) -> dict[State, float]:
        """The distribution of one discrete variable: state → probability, given what was observed.

        Args:
            variable: a discrete variable.
            samples: estimate it from so many draws instead of exactly; needed if it depends on real variables.
            seed: of the draws.
        """
        states = self.states(variable)
        if samples is None:
            return dict(zip(states, self.probabilities(variable).tolist(), strict=True))
        numbers, weights, _ = self._weighted([variable], samples, seed)
        shares = np.bincount(numbers[0].numpy(), weights, minlength=len(states))
        return dict(zip(states, (shares / shares.sum()).tolist(), strict=True))

    def moments(self, variables: Names) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The exact means ``(k,)`` and covariances ``(k, k)`` of real variables, given what was observed.

        Where discrete variables take part the law is a mixture of normal ones, and these are the mixture's.

        Raises:
            InvalidParameter: some variable is not linear-Gaussian, or a discrete one has a real cause.
            ImpossibleEvidence: what was observed is excluded by the equations.
            TooLarge: more than 20,000 configurations of discrete variables take part.
        """
        names = as_names(variables)
        made, wanted = self._plan(names)
        if not _mixture.is_mixture(made) or any(self.is_discrete(name) for name in names):
            raise InvalidParameter(
                f"{', '.join(names)} or what they depend on are not linear-Gaussian: "
                "ask for mean(…, samples=…), or simulate()"
            )
        return _mixture.mixture(made, wanted).moments

    def mean(self, variable: str, samples: int | None = None, seed: int = 0) -> float:
        """The mean of a variable that is a number, given what was observed: exact unless ``samples`` are drawn.

        Raises:
            InvalidParameter: its states are no numbers, or it cannot be computed exactly.
        """
        score = self.scores(variable)
        if samples is not None:
            numbers, weights, _ = self._weighted([variable], samples, seed)
            values = numbers[0].numpy() if score is None else score[numbers[0].numpy()]
            return _sampling.weighted_mean(weights, values)
        if score is None:
            return float(self.moments(variable)[0][0])
        return float(self.probabilities(variable) @ score)

    def scores(self, variable: str) -> NDArray[np.float64] | None:
        """The states of a variable as numbers; None for a real variable, which is its own number.

        Raises:
            InvalidParameter: its states are no numbers.
        """
        states = self.mechanism(variable).states
        if states is None:
            return None
        if not all(isinstance(state, (int, float)) for state in states):
            raise InvalidParameter(f"the states of {variable!r} are no numbers: {', '.join(map(str, states))}")
        return np.array([float(state) for state in states])

    @property
    def log_evidence(self) -> float:
        """Log P(what was observed), a density where real variables were; exact programs only."""
        made, _ = self._plan([])
        if _exact.is_discrete(made):
            return _exact.joint(made, [])[1]
        if _mixture.is_mixture(made):
            return _mixture.mixture(made, []).log_density
        raise InvalidParameter("the probability of these observations is not known exactly: simulate instead")

    def effective_size(self, n: int, seed: int = 0) -> float:
        """How many independent draws ``n`` weighted ones are worth, given what was observed (Kong 1992)."""
        _sampling.check_count(n, "rows", 1)
        made, _ = self._plan(self.variables)
        return _sampling.effective_size(_sampling.run(made, self.variables, n, seed)[1], n)

    def _weighted(self, variables: Iterable[str], n: int, seed: int) -> tuple[list[Tensor], NDArray[np.float64], float]:
        """``n`` draws of some variables, their weights (which sum to one), and the effective number of draws."""
        _sampling.check_count(n, "rows", 1)
        made, wanted = self._plan(variables)
        values, log_weights = _sampling.run(made, self.variables, n, seed)
        size = _sampling.effective_size(log_weights, n)
        if log_weights is not None and size < 0.99 * min(_FEW, n):
            warnings.warn(
                f"{n:,} draws are worth {size:.0f} independent ones, because what was observed is rare: draw more",
                ImpreciseWarning,
                stacklevel=3,
            )
        weights = np.full(n, 1 / max(n, 1)) if log_weights is None else torch.softmax(log_weights, 0).numpy()
        return [values[w] for w in wanted], weights, size

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

    def frame(self, numbers: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
        """Columns of numbers, as :meth:`draw` gives them, as a frame of states and real numbers."""
        import pandas as pd

        columns: dict[str, Any] = dict(numbers)
        for name, column in numbers.items():
            states = self.mechanism(name).states
            if states is not None:
                columns[name] = pd.Categorical.from_codes(column, dtype=pd.CategoricalDtype(list(states)))
        return pd.DataFrame(columns)

    def draw(self, n: int, seed: int = 0) -> dict[str, NDArray[Any]]:
        """``n`` draws of every variable, latent ones included, shape ``(n,)`` each: numbers of states, or real."""
        _sampling.check_count(n, "rows")
        _sampling.check_seed(seed)
        made, wanted = self._plan(self.variables)
        if not made.observed:
            values, _ = _sampling.run(made, self.variables, n, seed)
            return {v: values[w].numpy() for v, w in zip(self.variables, wanted, strict=True)}
        order = np.random.default_rng([seed, 1])
        cells = math.prod(len(s.mechanism.states or ()) or _SMALL for s in self.statements)
        if _exact.is_discrete(made) and cells <= _SMALL and len(self.variables) <= 25:
            law = _exact.joint(made, wanted)[0]
            rows = order.choice(law.size, size=n, p=law.ravel())
            return dict(zip(self.variables, np.unravel_index(rows, law.shape), strict=True))
        values, weights, _ = self._weighted(self.variables, max(10 * n, 10_000), seed)
        rows = order.choice(len(weights), size=n, p=weights)
        return {v: column.numpy()[rows] for v, column in zip(self.variables, values, strict=True)}


def _site(s: Statement, values: Mapping[str, Tensor], name: str) -> Tensor:
    """A statement as a Pyro site."""
    parents = [values[p] for p in s.mechanism.parents]
    obs = None
    if s.observed is not None and not isinstance(s.mechanism, Assign):
        kind = torch.get_default_dtype() if s.mechanism.states is None else torch.int64
        obs = torch.tensor(s.observed, dtype=kind)
    return s.mechanism.sample(name, parents, obs)


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
