"""P(graph | data): what the rows say of every graph at once."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from causalpp._bits import mask_of
from causalpp._plain import plain
from causalpp._progress import Progress
from causalpp.equivalence import Cpdag, MarkovEquivalenceClass
from causalpp.errors import ImpreciseWarning, InvalidParameter, NotMixed, TooLarge, UnknownVariable
from causalpp.graphs import Dag, DagBatch, Knowledge
from causalpp.posterior.consensus import Consensus
from causalpp.posterior.exact import Exact
from causalpp.posterior.grouping import class_numbers
from causalpp.posterior.learning import by_chains, check_seconds, exact_sums, scored, seconds_of
from causalpp.posterior.rows import Rows
from causalpp.posterior.sampled import Sampled
from causalpp.propositions import Causes, DirectlyCauses, Proposition
from causalpp.propositions.statements import Not
from causalpp.scores import BDeu, LocalScore, Objective, StructurePrior, check_missing

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["DagPosterior"]

_MOST = 20  # variables of the exact posterior: it sums 3^d terms
_ALIKE = 0.01  # two directions whose exact probabilities differ by less are as probable, for who reads them
_TOLD_APART = 0.06  # and two that chains estimate: four times the error of their difference
_DRAWS = 10_000  # graphs by which it is asked what has no closed form
_MEMBERS = 1 << 16  # of a class that are weighed one by one
_SHOWN = 1.0  # seconds after which a bar appears


@dataclass(frozen=True, eq=False, repr=False)
class DagPosterior:
    """The posterior over all Dags, given data; it assumes that there are no hidden common causes.

    :meth:`from_data` makes one.  It can be the prior of a loop (:func:`causalpp.discover`) and whatever effects are
    averaged over.

    Attributes:
        nodes: the d variables.
        inference: how it was found, and all that was.
        learned: how, as plain values: method, score, rows, prior, knowledge.
        rows: that it was made of, so that more can be added; None with a score of one's own, or if they are not kept.

    Example:
        >>> import causalpp as cpp
        >>> rows = cpp.load_network("cancer").simulate(500, seed=0)
        >>> DagPosterior.from_data(rows)
        DagPosterior(5 variables, 500 rows, BDeu, exact)
    """

    nodes: tuple[str, ...]
    inference: Exact | Sampled
    learned: Mapping[str, Any] = field(default_factory=dict)
    rows: Rows | None = None
    assumes: ClassVar[str] = "there are no hidden common causes"

    @classmethod
    def from_data(
        cls,
        frame: pd.DataFrame,
        score: str | LocalScore = "auto",
        *,
        hyperparameters: Mapping[str, float] | None = None,
        structure_prior: StructurePrior | None = None,
        knowledge: Knowledge | None = None,
        interventions: Iterable[str | Iterable[str] | None] | None = None,
        max_parents: int | None = None,
        kinds: Mapping[str, str] | None = None,
        processes: int = 1,
        progress: bool | None = None,
        method: str = "auto",
        max_seconds: float = 300.0,
        seed: int = 0,
        missing: str = "complete",
    ) -> DagPosterior:
        """The posterior from rows, all parameters integrated out.

        Exactly, all Dags are summed over, not some: 3^d terms, which takes a second at 14 variables and a minute at 18.
        Of more than 20 variables, chains draw graphs until they agree; see :meth:`further`.

        Args:
            frame: one column a variable, one row an observation.
            score: ``"bdeu"``, ``"bge"``, ``"bic"``, ``"cg"`` (conditional Gaussian, for columns of both kinds) or a
                score of one's own; ``"auto"`` is BDeu for discrete columns, BGe for continuous ones and the degenerate
                Gaussian BIC for both.
            hyperparameters: of the score, see :func:`causalpp.scores.local_score`.  Left out, BDeu's equivalent sample
                size is the one of 1, 2, 4, 8 and 16 rows under which the data are most probable.
            structure_prior: of the graphs before the data; left out, all are equally probable.
            knowledge: of the edges; graphs that it rules out have no probability.
            interventions: for each row who was set in it (None, a variable or several), or the name of the column that
                says so: empty where nobody was, several variables with commas between them.
            max_parents: graphs in which a variable has more have no probability.
            kinds: what a column is, where the rule is wrong; see :func:`causalpp.columns.read_columns`.
            processes: that score families at once.
            progress: False shows no bar.
            method: ``"exact"``, ``"mcmc"``, or ``"auto"``: exact for up to 20 variables, chains for more.
            max_seconds: that chains take at most; Ctrl-C ends them before, and keeps what is there.
            seed: of the chains, and of what is drawn in place of missing values.
            missing: ``"complete"`` takes the rows in which nothing is missing; ``"impute"`` all of them, and draws what
                is missing twelve times given what is there, the score being the mean (of columns of one kind).

        Raises:
            InvalidData: see :func:`causalpp.scores.read_table`; continuous columns that determine each other.
            InvalidGraph: no graph agrees with the knowledge and ``max_parents``.
            InvalidParameter: a negative ``max_parents``, an unknown score, method or hyperparameter.
            TooLarge: more than 20 variables, and ``method="exact"``.
            UnknownVariable: knowledge or interventions name what is no column.

        Warns:
            ImpreciseWarning: the chains do not agree yet: the posterior tells nothing until they do.
            IncompleteDataWarning: values are missing; says what was done about it.
        """
        import pandas as pd

        if max_parents is not None and not (isinstance(max_parents, int) and max_parents >= 0):
            raise InvalidParameter(f"max_parents counts variables and cannot be {max_parents!r}")
        if method not in ("auto", "exact", "mcmc"):
            raise InvalidParameter(f"method is 'auto', 'exact' or 'mcmc', got {method!r}")
        check_missing(missing)
        check_seconds(max_seconds, seed)
        if structure_prior is not None and not isinstance(structure_prior, StructurePrior):
            raise InvalidParameter(f"a structure prior is a StructurePrior, got {structure_prior!r}")
        kept: Rows | None = None
        if isinstance(score, str) and isinstance(frame, pd.DataFrame):
            asked: dict[str, Any] = {"score": score, "hyperparameters": hyperparameters, "kinds": kinds}
            asked |= {"structure_prior": structure_prior, "knowledge": knowledge, "max_parents": max_parents}
            asked |= {"missing": missing}
            kept = Rows.of(frame, interventions, asked | {"method": method, "seed": seed})
            frame, interventions = kept.frame, kept.interventions
        chosen, table, rows = scored(frame, score, interventions, kinds, hyperparameters, missing, seed)
        d = len(chosen.names)
        if method == "exact" and d > _MOST:
            raise TooLarge(
                f"the posterior over all graphs is exact up to {_MOST} variables, and these are {d}: method='mcmc'"
            )
        exact = method == "exact" or (method == "auto" and d <= _MOST)
        more: dict[str, Any] = {}
        with Progress("posterior", wanted=progress, after=_SHOWN) as bar:
            inference: Exact | Sampled
            if exact:
                inference = exact_sums(chosen, structure_prior, knowledge, max_parents, processes, bar)
            else:
                objective = Objective(chosen, structure_prior)
                inference, more = by_chains(objective, knowledge, max_parents, max_seconds, seed, bar)
        learned: dict[str, Any] = {"method": inference.method, "score": chosen.name, "rows": len(table.values), **more}
        if rows != len(table.values):
            learned["rows_used"] = rows
        if isinstance(chosen, BDeu):
            learned["hyperparameters"] = {"equivalent_sample_size": chosen.weight}
        elif hyperparameters:
            learned["hyperparameters"] = dict(hyperparameters)
        if missing != "complete" and table.missing.any():
            learned["missing"] = missing
        if structure_prior is not None:
            learned["structure_prior"] = structure_prior.to_dict()
        if knowledge:
            learned["knowledge"] = knowledge.to_dict()
        if max_parents is not None:
            learned["max_parents"] = max_parents
        return cls(chosen.names, inference, learned, kept)._warned()

    def with_rows(
        self, frame: pd.DataFrame, interventions: str | Iterable[Any] | None = None, *, progress: bool | None = None
    ) -> DagPosterior:
        """The posterior after more rows, such as those of an experiment; the same as from all rows at once.

        Args:
            frame: a column for every variable.
            interventions: a variable that was set in all of them; or as of :meth:`from_data`.
            progress: False shows no bar.

        Raises:
            InvalidParameter, InvalidData, UnknownVariable: it has not kept its rows, or see :meth:`from_data`.

        Example:
            >>> from causalpp import load_network
            >>> net = load_network("cancer")
            >>> DagPosterior.from_data(net.simulate(500)).with_rows(net.do(Cancer="True").simulate(50), "Cancer")
            DagPosterior(5 variables, 550 rows, BDeu, exact)
        """
        if self.rows is None:
            raise InvalidParameter("this posterior has not kept its rows: make one of all of them, by from_data")
        rows = self.rows.joined(frame, interventions)
        return type(self).from_data(rows.frame, interventions=rows.interventions, progress=progress, **rows.asked)

    # --- chains -------------------------------------------------------------------------------------------

    @property
    def exact(self) -> bool:
        """Whether all Dags were summed over, and not some drawn."""
        return isinstance(self.inference, Exact)

    @property
    def mixed(self) -> bool:
        """Whether it may be believed: always if it is exact, else whether the chains agree.

        Until they do, everything that tells something of graphs raises :class:`~causalpp.errors.NotMixed`; what the
        chains have so far stands in :attr:`inference`.
        """
        return self.inference.trouble is None

    def further(self, max_seconds: float = 300.0, progress: bool | None = None) -> DagPosterior:
        """The posterior after the chains went on, until they agree; itself if it is exact.

        Args:
            max_seconds, progress: as of :meth:`from_data`.

        Raises:
            InvalidParameter: no time.

        Warns:
            ImpreciseWarning: the chains do not agree yet.
        """
        check_seconds(max_seconds)
        if isinstance(self.inference, Exact):
            return self
        with Progress("posterior", wanted=progress, after=_SHOWN) as bar:
            inference = self.inference.go_on(max_seconds, seconds_of(bar, max_seconds))
        return type(self)(self.nodes, inference, self.learned, self.rows)._warned()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the chains to a file, from which they can go on; an exact posterior is found anew instead.

        Raises:
            InvalidParameter: the posterior is exact.
        """
        if isinstance(self.inference, Exact):
            raise InvalidParameter("an exact posterior is not saved but found anew from its data; chains are")
        self.inference.save(path, dict(self.learned))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> DagPosterior:
        """What :meth:`save` wrote.

        Raises:
            FormatError: the file is none of these.
        """
        inference, learned = Sampled.load(path)
        return cls(inference.nodes, inference, learned)

    def _warned(self) -> DagPosterior:
        if self.inference.trouble:
            warnings.warn(self.inference.trouble, ImpreciseWarning, stacklevel=3)
        return self

    @property
    def _told(self) -> Exact | Sampled:
        """What may be believed.

        Raises:
            NotMixed: it may not.
        """
        if self.inference.trouble:
            raise NotMixed(self.inference.trouble)
        return self.inference

    @property
    def given(self) -> str:
        """What every probability takes for granted, in words."""
        found = self.learned
        rows = f" ({found['score']}, {found['rows']:,} rows)" if "rows" in found else ""
        return f"data{rows} under no hidden common causes"

    # --- what is probable ---------------------------------------------------------------------------------

    @property
    def edges(self) -> Tensor:
        """The probability of every directed edge, shape ``(d, d)``: row cause, column effect."""
        return torch.from_numpy(self._told.edges)

    @property
    def paths(self) -> Tensor:
        """The probability that the one causes the other, directly or not, shape ``(d, d)``."""
        return torch.from_numpy(self._told.paths)

    @property
    def log_marginal_likelihood(self) -> float:
        """The natural logarithm of P(data), averaged over graphs and parameters (a density for real columns).

        Raises:
            InvalidParameter: the posterior is by chains, which do not tell it, or missing values were drawn, which
                gives a bound up to a constant that is not known.
        """
        found = self._told
        if "missing" in self.learned:
            raise InvalidParameter("with missing values drawn there is no marginal likelihood, but a bound of it")
        if isinstance(found, Sampled):
            raise InvalidParameter("chains tell no marginal likelihood: method='exact' does, for up to 20 variables")
        return found.log_marginal_likelihood

    def family(self, variable: str, parents: Iterable[str]) -> float:
        """The probability that a variable has exactly these parents.

        Raises:
            UnknownVariable: a name that is no variable.
        """
        v = self._place(variable)
        return self._told.family(v, mask_of(map(self._place, parents)))

    def non_descendants(self, variable: str, others: Iterable[str]) -> float:
        """The probability that the variables that do not descend from one are exactly these others."""
        v = self._place(variable)
        return self._told.non_descendants(v, mask_of(map(self._place, others)))

    def probability(self, proposition: Proposition) -> float:
        """The probability that a statement is true: exact for edges and paths, else the share among draws.

        Raises:
            UnknownVariable: the statement names a variable that is not there.
        """
        return self._probability(proposition)[0]

    def standard_error(self, proposition: Proposition) -> float:
        """How far off :meth:`probability` may be; 0 where it is exact."""
        return self._probability(proposition)[1]

    def _probability(self, proposition: Proposition) -> tuple[float, float]:
        if isinstance(proposition, Not):
            p, error = self._probability(proposition.of)
            return 1 - p, error
        if type(proposition) in (Causes, DirectlyCauses):
            a, b = map(self._place, proposition.variables)
            p = float((self.edges if type(proposition) is DirectlyCauses else self.paths)[a, b])
            if isinstance(self.inference, Exact):
                return p, 0.0
            if type(proposition) is DirectlyCauses:
                return p, float(self.inference.standard_error[a, b])
            return p, float(np.sqrt(p * (1 - p) / min(_DRAWS, self.inference.effective)))
        p = float(self.probabilities @ proposition.holds(self.candidates).to(torch.float64))
        draws = _DRAWS if isinstance(self.inference, Exact) else min(_DRAWS, self.inference.effective)
        return p, float(np.sqrt(p * (1 - p) / draws))

    def _place(self, name: str) -> int:
        if name not in self.nodes:
            raise UnknownVariable(name, self.nodes)
        return self.nodes.index(name)

    # --- graphs --------------------------------------------------------------------------------------------

    def sample(self, n: int, seed: int = 0) -> DagBatch:
        """``n`` graphs drawn independently from the posterior, exactly.

        Raises:
            InvalidParameter: a negative number or seed.
        """
        if n < 0 or seed < 0:
            raise InvalidParameter(f"a sample of {n} graphs with the seed {seed}: neither can be negative")
        return self._told.sample(n, seed)

    @cached_property
    def _drawn(self) -> tuple[DagBatch, Tensor]:
        batch = self.sample(_DRAWS)
        distinct, counts = batch.unique()
        return distinct, counts.to(torch.float64) / len(batch)

    @property
    def candidates(self) -> DagBatch:
        """The distinct ones of 10,000 drawn graphs, by which effects and statements without a formula are averaged."""
        return self._drawn[0]

    @property
    def probabilities(self) -> Tensor:
        """The share of each of the :attr:`candidates` among the draws, shape ``(N,)``."""
        return self._drawn[1]

    listed: ClassVar[bool] = False

    @property
    def best(self) -> Dag:
        """The most probable graph; all members of its class may be as probable."""
        return self.top(1)[0][0]

    def top(self, k: int = 5) -> list[tuple[Dag, float]]:
        """The ``k`` most probable graphs with their probabilities, exactly.

        Raises:
            InvalidParameter: a negative number.
        """
        if k < 0:
            raise InvalidParameter(f"the number of graphs cannot be negative, got {k}")
        return self._told.most_probable(k)

    def classes(self, k: int = 5, among: int = 100) -> list[tuple[MarkovEquivalenceClass, float]]:
        """The most probable equivalence classes with their probabilities, the most probable first.

        Looked at are the classes of the ``among`` most probable graphs, and as many that have most of the drawn graphs:
        many graphs of little weight can make a class that is more probable than that of the best graph.  The
        probability of a class is that of all its members, exactly; of more than 65,536, its share of the draws.
        """
        number = torch.from_numpy(class_numbers(self.candidates))
        share = torch.zeros(len(self.candidates), dtype=torch.float64).index_add_(0, number, self.probabilities)
        total: dict[Cpdag, float] = {Cpdag.from_dag(dag): 0.0 for dag, _ in self.top(among)}
        first = {int(group): k for k, group in reversed(list(enumerate(number.tolist())))}
        for group in share.argsort(descending=True)[:among].tolist():
            if group in first:
                total[Cpdag.from_dag(self.candidates[first[group]])] = float(share[group])
        for cpdag in total:
            mec = MarkovEquivalenceClass(cpdag)
            if mec.size <= _MEMBERS:
                log_p = self._told.log_probability(mec.batch(limit=_MEMBERS))
                total[cpdag] = float(np.exp(log_p).sum())
        found = sorted(total.items(), key=lambda item: -item[1])[:k]
        return [(MarkovEquivalenceClass(cpdag), p) for cpdag, p in found]

    def consensus(self, threshold: float = 0.5) -> Consensus:
        """The edges whose probability is at least a threshold, and pairs that are joined with it, either way.

        Where both directions are as probable, to a hundredth or to what chains tell apart, neither is said.

        Raises:
            InvalidParameter: a threshold outside [0.5, 1].
        """
        return Consensus.of(self.nodes, self._told.edges, threshold, _ALIKE if self.exact else _TOLD_APART)

    @property
    def entropy(self) -> float:
        """What is unknown of the graph, in bits: exact, or from the probabilities of what chains draw."""
        return max(0.0, self._told.entropy / float(np.log(2)))

    # --- shown ----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        rows = f"{self.learned['rows']:,} rows, {self.learned['score']}, " if "rows" in self.learned else ""
        how = "" if self.mixed else ", not mixed"
        return f"DagPosterior({len(self.nodes)} variables, {rows}{self.inference.method}{how})"

    def to_dict(self, k: int = 5) -> dict[str, Any]:
        """What is probable, as plain values."""
        return {
            "nodes": list(self.nodes),
            "assumes": self.assumes,
            "learned": dict(self.learned),
            "log_marginal_likelihood": self.log_marginal_likelihood
            if self.exact and "missing" not in self.learned
            else None,
            "entropy_bits": self.entropy,
            "graphs": [{"edges": [list(edge) for edge in dag.edges], "probability": p} for dag, p in self.top(k)],
            "edges": self.edges.tolist(),
            "paths": self.paths.tolist(),
        }

    def to_json(self, k: int = 5) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(plain(self.to_dict(k), finite=True), ensure_ascii=False)

    def plot(self, threshold: float = 0.5) -> Figure:
        """The probabilities of all edges, and the graph of those above a threshold."""
        from causalpp.posterior.drawing import posterior_figure

        return posterior_figure(self, threshold)
