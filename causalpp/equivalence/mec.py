"""The Markov equivalence class: every graph that observation alone cannot tell apart."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from causalpp.equivalence._knowledge import gathered, together
from causalpp.equivalence._sampling import Known, count, direct, free_count
from causalpp.equivalence.chordal import all_orientations, orientations
from causalpp.equivalence.learning.discovery import learn
from causalpp.equivalence.learning.watch import SearchStep
from causalpp.equivalence.statements.entailment import Entailment, Verdict
from causalpp.equivalence.statements.independence import from_independencies
from causalpp.equivalence.statements.premise import from_premise
from causalpp.errors import InvalidGraph, InvalidParameter, TooLarge
from causalpp.graphs import Dag, DagBatch, Edge, Knowledge, Names
from causalpp.graphs.cpdag import Cpdag, Matrix, Mpdag
from causalpp.graphs.dag import as_names
from causalpp.propositions import Proposition
from causalpp.scores import StructurePrior

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalpp.equivalence.restricted import RestrictedClass

__all__ = ["MarkovEquivalenceClass"]

_LIMIT = 100_000  # members that batch() lists
_CELLS = 1 << 32  # of all members that are held in memory


@dataclass(frozen=True)
class MarkovEquivalenceClass:
    """The set of all Dags with the same independencies: same skeleton, same unshielded colliders.

    Attributes:
        cpdag: the graph that stands for the class; with background knowledge or interventions, an Mpdag.
        learned: how the class was obtained from data (method, rows, test, …), and what was known of its edges
            beforehand (``knowledge``); empty otherwise.

    Example:
        >>> mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([("smoke", "tar"), ("tar", "cancer")]))
        >>> mec.size, [repr(dag) for dag in mec.members(limit=1)]
        (3, ["Dag('tar → smoke, cancer → tar')"])
        >>> from causalpp import Causes
        >>> mec.entails(Causes("smoke", "cancer")), mec.probability(Causes("smoke", "cancer"))
        (False, 0.333...)
    """

    cpdag: Mpdag
    learned: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_dag(cls, dag: Dag, interventions: Iterable[Names] = ()) -> MarkovEquivalenceClass:
        """The class of a Dag without latent variables.

        Args:
            dag: the graph.
            interventions: targets of hard interventions, such as ``["smoke", {"tub", "lung"}]``; then the
                interventional class (Hauser & Bühlmann, JMLR 13, 2012): each edge between a target and a variable
                outside it is directed as in ``dag``.

        Raises:
            InvalidGraph: the Dag has latent variables.
            UnknownVariable: a target is not in the Dag.

        Example:
            >>> chain = Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")])
            >>> [MarkovEquivalenceClass.from_dag(chain, given).size for given in ([], ["d"], ["b"])]
            [4, 3, 1]
        """
        graph: Mpdag = Cpdag.from_dag(dag)
        for names in interventions:
            target = set(as_names(names))
            for name in target:
                dag.parents(name)  # an unknown name is refused here
            graph = graph.orient(edge for edge in dag.edges if len(target.intersection(edge)) == 1)
        return cls(graph)

    @classmethod
    def from_cpdag(cls, graph: Mpdag) -> MarkovEquivalenceClass:
        """The class that a CPDAG stands for, or what background knowledge leaves of one."""
        return cls(graph)

    def with_knowledge(
        self,
        required: Knowledge | Iterable[Edge] = (),
        forbidden: Iterable[Edge] = (),
        tiers: Iterable[Names] = (),
        roots: Names = (),
        search_space: Iterable[Edge] | None = None,
    ) -> MarkovEquivalenceClass:
        """The members that agree with background knowledge about edges (Meek, UAI 1995).

        Args:
            required: edges that must point this way; or all that is known, as one :class:`~causalpp.Knowledge`.
            forbidden: edges that must not.
            tiers: groups of variables in order of time: no edge leads from a later group to an earlier one.
            roots: variables that nothing causes.
            search_space: the only edges there may be, each way by itself.

        Raises:
            InvalidGraph: no member agrees, or the knowledge contradicts itself.
            UnknownVariable: a name the class does not have.

        Example:
            >>> mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")]))
            >>> mec.with_knowledge(tiers=["b", "acd"]).size, mec.with_knowledge(forbidden=[("b", "c")]).size
            (1, 2)
            >>> mec.with_knowledge(Knowledge(roots=["c"])).size
            1
        """
        new = gathered(self.nodes, required, forbidden, tiers, roots, search_space)
        must, no = new.matrices(self.nodes)
        matrix = self.cpdag.matrix
        for i, j in np.argwhere(must & ~matrix):
            a, b = self.nodes[i], self.nodes[j]
            known = f"{b!r} → {a!r} is known" if matrix[j, i] else "the two are not joined"
            raise InvalidGraph(f"{a!r} → {b!r} is not possible: {known}")
        forced = must | ((matrix | matrix.T) & no.T)
        named = [(self.nodes[i], self.nodes[j]) for i, j in np.argwhere(forced)]
        learned = self.learned
        if new:
            before = Knowledge.from_dict(learned.get("knowledge", {}))
            learned = learned | {"knowledge": together(self.nodes, before, new).to_dict()}
        return replace(self, cpdag=self.cpdag.orient(named), learned=learned)

    @classmethod
    def from_independencies(
        cls, variables: Iterable[str], statements: Iterable[Proposition | str], *, complete: bool = False
    ) -> MarkovEquivalenceClass:
        """The class that statements of independence and dependence determine, if they determine one.

        Args:
            variables: all variables of the system.
            statements: ``Independent(a, b, given)`` and ``~Independent(a, b, given)``, or sentences that say so.
            complete: whether everything that is not listed is the opposite: dependence.

        Raises:
            UndeterminedClass: several classes agree with the statements; the error carries them.
            ContradictoryStatements: no graph agrees with all of them; the error names a minimal conflict.

        See :func:`causalpp.equivalence.from_independencies` for what is decided exactly when.

        Example:
            >>> MarkovEquivalenceClass.from_independencies("abc", ["a and c are independent"], complete=True)
            MarkovEquivalenceClass(1 graph: 'a → b, c → b')
        """
        return cls(from_independencies(variables, statements, complete=complete))

    @classmethod
    def from_premise(cls, text: str) -> MarkovEquivalenceClass:
        """The class that a premise in English describes, in the manner of Corr2Cause (arXiv 2306.05836).

        Raises:
            FormatError: a sentence cannot be read; the message says which, with line and column.
            UndeterminedClass, ContradictoryStatements: see :meth:`from_independencies`.

        Example:
            >>> MarkovEquivalenceClass.from_premise(
            ...     "Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among "
            ...     "these 3 variables are as follows: A correlates with B. B correlates with C. However, A is "
            ...     "independent of C."
            ... )
            MarkovEquivalenceClass(1 graph: 'A → B, C → B')
        """
        return cls(from_premise(text))

    @classmethod
    def from_data(
        cls,
        frame: pd.DataFrame,
        method: str = "pc",
        *,
        alpha: float = 0.01,
        knowledge: Knowledge | None = None,
        required: Iterable[Edge] = (),
        forbidden: Iterable[Edge] = (),
        tiers: Iterable[Names] = (),
        roots: Names = (),
        search_space: Iterable[Edge] | None = None,
        kinds: Mapping[str, str] | None = None,
        max_conditioning: int | None = None,
        score: str = "auto",
        hyperparameters: Mapping[str, float] | None = None,
        missing: str = "complete",
        structure_prior: StructurePrior | None = None,
        max_seconds: float | None = None,
        bootstrap: int = 0,
        seed: int = 0,
        progress: Callable[[int, int], object] | bool | None = None,
        on_step: Callable[[SearchStep], object] | None = None,
    ) -> MarkovEquivalenceClass:
        """The class learned from a data frame; see :func:`causalpp.equivalence.learn` for the methods.

        Args:
            frame: one column a variable, one row an observation.
            method: ``"pc"`` (independence tests, needs faithfulness), ``"ges"``, ``"grasp"``, ``"boss"`` (searches by
                score) or ``"exact"`` (the best score of all, for at most twelve variables).
            alpha: significance level of PC's tests.
            knowledge: what is known of the edges; the search is made under it.
            required, forbidden, tiers, roots, search_space: the same in parts; see :class:`~causalpp.Knowledge`.
            kinds: column → ``"discrete"``, ``"ordinal"``, ``"count"`` or ``"real"``, where it would be read otherwise.
            max_conditioning: how many variables a test of PC may condition on, at most.
            score, hyperparameters, missing: of the searches by score, see :func:`causalpp.scores.local_score`.
            structure_prior: of graphs before the data, see :class:`causalpp.scores.StructurePrior`; left out, uniform.
            max_seconds: after so long the search ends with what it has; ``.learned["stopped"]`` then says so.
            bootstrap: learn again from so many resamples, for the stability of every edge in ``.learned``.
            seed: of the resamples, and of the searches that draw.
            progress: called with what is done and what there is to do; False for no bar on a terminal.
            on_step: called with a :class:`~causalpp.equivalence.SearchStep` as the search goes on; returning False
                ends it with what it has, as Ctrl-C does.

        Raises:
            InvalidData: the frame cannot be used.
            InvalidGraph: the background knowledge contradicts itself.
            InvalidParameter: an unknown method, or alpha outside (0, 1).
            TooLarge: exact search over too many variables.
            UnknownVariable: something is known of a variable that is no column.

        Warns:
            IncompleteDataWarning, RepairWarning, StoppedWarning: see :func:`causalpp.equivalence.learn`.

        Example:
            >>> import numpy as np, pandas as pd
            >>> rng = np.random.default_rng(0)
            >>> age = rng.normal(size=500)
            >>> dose = age + rng.normal(size=500)
            >>> frame = pd.DataFrame({"age": age, "dose": dose, "pain": age - dose + rng.normal(size=500)})
            >>> known = Knowledge(roots=["age"], forbidden=[("pain", "dose")])
            >>> MarkovEquivalenceClass.from_data(frame, "ges", knowledge=known)
            MarkovEquivalenceClass(1 graph: 'age → dose, age → pain, dose → pain')
        """
        graph, how = learn(
            frame, method, alpha=alpha, knowledge=knowledge, required=required, forbidden=forbidden, tiers=tiers,
            roots=roots, search_space=search_space, kinds=kinds, max_conditioning=max_conditioning,
            score=score, hyperparameters=hyperparameters, missing=missing, structure_prior=structure_prior,
            max_seconds=max_seconds, bootstrap=bootstrap, seed=seed, progress=progress, on_step=on_step,
        )  # fmt: skip
        return cls(graph, how)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The variables."""
        return self.cpdag.nodes

    def __repr__(self) -> str:
        edges = repr(self.cpdag).partition("'")[2][:-2]
        return f"MarkovEquivalenceClass({self.size:,} {'graph' if self.size == 1 else 'graphs'}: {edges!r})"

    def _repr_html_(self) -> str:
        return self.cpdag._repr_html_()

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the CPDAG; see :meth:`Cpdag.plot`."""
        return self.cpdag.plot(ax, **options)

    @cached_property
    def size(self) -> int:
        """The exact number of members (Wienöbst, Bannach & Liśkiewicz, JMLR 24, 2023), without listing them.

        Background knowledge makes counting #P-hard; the chain components it touches are then gone through.
        """
        if isinstance(self.cpdag, Cpdag):
            return free_count(self.cpdag.matrix & self.cpdag.matrix.T)
        return math.prod(count(*self._local(rows)) for rows in self.cpdag.chain_components)

    def _local(self, rows: Sequence[int]) -> tuple[Matrix, Matrix]:
        """The skeleton within one chain component, and the edges of it whose direction is known."""
        part = self.cpdag.matrix[np.ix_(rows, rows)]
        return part | part.T, part & ~part.T

    # --- members --------------------------------------------------------------------------------------

    def members(self, limit: int | None = None) -> Iterator[Dag]:
        """The members one by one, at most ``limit`` of them; the order is fixed."""
        if limit is not None and limit < 0:
            raise InvalidParameter(f"a limit of {limit} members")
        return (Dag.from_adjacency(matrix, self.nodes) for matrix in itertools.islice(self._matrices(), limit))

    def _matrices(self) -> Iterator[Matrix]:
        """The members' adjacency, the first component varying slowest; nothing is listed ahead of need."""
        parts = self.cpdag.chain_components
        blocks = [np.ix_(rows, rows) for rows in parts]
        matrix = self.cpdag.matrix.copy()
        if not parts:
            yield matrix
        running = [orientations(*self._local(rows)) for rows in parts[:1]]
        while running:  # the last iterator belongs to the component that varies fastest
            local = next(running[-1], None)
            if local is None:
                running.pop()
                continue
            matrix[blocks[len(running) - 1]] = local
            if len(running) == len(parts):
                yield matrix
            else:
                running.append(orientations(*self._local(parts[len(running)])))

    def batch(self, limit: int = _LIMIT, *, sample: bool = False, seed: int = 0) -> DagBatch:
        """All members as one batch.

        Args:
            limit: the largest class to list.
            sample: for a larger class, draw ``limit`` members uniformly instead of refusing.
            seed: of that draw.

        Raises:
            TooLarge: the class has more than ``limit`` members, or its members would take more than four gigabytes, and
                ``sample`` is False.
        """
        fitting = _CELLS // max(1, len(self.nodes) ** 2)
        wanted, limit = limit, min(limit, fitting)
        if self.size > limit:
            if sample:
                return self.sample(limit, seed=seed)
            raise TooLarge(
                f"the class has {self.size:,} members, more than the limit of {limit:,}"
                + (f" that {len(self.nodes)} variables leave: " if limit < wanted else ": raise limit=, or ")
                + "pass sample=True for a uniform sample"
            )
        stack = self.cpdag.matrix[None].copy()
        for rows in self.cpdag.chain_components:  # the product over components, the first one varying slowest
            local, place = all_orientations(*self._local(rows)), np.array(rows)
            before = len(stack)
            stack = np.repeat(stack, len(local), axis=0)
            stack[:, place[:, None], place] = np.tile(local, (before, 1, 1))
        return DagBatch.trusted(self.nodes, torch.from_numpy(stack))

    def sample(self, n: int, seed: int = 0) -> DagBatch:
        """``n`` members drawn uniformly and independently; the same seed gives the same members on any machine.

        Each chain component's orientations are numbered by their roots (He, Jia & Yu, JMLR 16, 2015) and exact
        counts (Wienöbst, Bannach & Liśkiewicz, JMLR 24, 2023), and an integer is drawn.

        Raises:
            TooLarge: background knowledge leaves too small a share of a huge class to draw from it.
        """
        if n < 0 or seed < 0:
            raise InvalidParameter(f"a sample of {n} graphs with the seed {seed}: neither can be negative")
        draw = random.Random(seed)
        known: Known = {}
        stack = np.repeat(self.cpdag.matrix[None], n, axis=0)
        for rows in self.cpdag.chain_components:
            direct(stack, rows, draw, known)
        return DagBatch.trusted(self.nodes, torch.from_numpy(stack))

    # --- what the class says --------------------------------------------------------------------------

    def decide(self, proposition: Proposition) -> Verdict:
        """Whether every, no or only some member satisfies a proposition: exactly, without listing the members.

        The verdict gives the reason, a member for which the proposition holds and one for which it fails, where
        there are such; see :class:`causalpp.equivalence.Entailment`.

        Raises:
            UnknownVariable: the proposition names a variable the class does not have.

        Example:
            >>> from causalpp import Causes
            >>> mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c")]))
            >>> verdict = mec.decide(Causes("a", "c"))
            >>> verdict.kind, verdict.fails_in
            ('open', Dag('b → a, c → b'))
        """
        return self._entailment.decide(proposition)

    def entails(self, proposition: Proposition) -> bool:
        """Whether a proposition holds in every member; see :meth:`decide`."""
        return self.decide(proposition).kind == "entailed"

    def excludes(self, proposition: Proposition) -> bool:
        """Whether a proposition holds in no member."""
        return self.decide(proposition).kind == "excluded"

    def possible(self, proposition: Proposition) -> bool:
        """Whether a proposition holds in some member."""
        return not self.excludes(proposition)

    def probability(self, proposition: Proposition) -> float:
        """The share of members in which a proposition holds, exactly.

        Raises:
            TooLarge: the class has more than 100,000 members; ``proposition.holds(mec.sample(n))`` estimates
                the share, with a standard error of at most ``0.5 / n ** 0.5``.
            UnknownVariable: the proposition names a variable the class does not have.
        """
        if self.size > _LIMIT:
            raise TooLarge(
                f"the class has {self.size:,} members, more than the {_LIMIT:,} that are gone through for an exact "
                "share: use decide(), or the share of a uniform sample()"
            )
        return int(proposition.holds(self._all).sum()) / self.size

    def given(self, proposition: Proposition, value: bool = True) -> RestrictedClass:
        """The members in which a proposition is true, or false: what an answer that is certain leaves.

        Raises:
            InvalidProposition: no member is left.
            UnknownVariable: the proposition names a variable the class does not have.
        """
        from causalpp.equivalence.restricted import RestrictedClass

        return RestrictedClass(self.cpdag, self.learned, (proposition if value else ~proposition,))

    @cached_property
    def _all(self) -> DagBatch:
        return self.batch()

    @cached_property
    def _entailment(self) -> Entailment:
        return Entailment(self.cpdag)

    def __getstate__(self) -> dict[str, Any]:
        return {"cpdag": self.cpdag, "learned": self.learned}  # a solver cannot be pickled, and is soon made again
