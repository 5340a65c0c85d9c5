"""P(graph | data): what the rows say of every graph at once."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp._bits import mask_of
from causalpp._plain import plain
from causalpp._progress import Progress
from causalpp.equivalence import Cpdag, MarkovEquivalenceClass
from causalpp.errors import IncompleteDataWarning, InvalidData, InvalidParameter, TooLarge, UnknownVariable
from causalpp.graphs import Dag, DagBatch, Knowledge
from causalpp.posterior.exact import Exact
from causalpp.posterior.grouping import class_numbers
from causalpp.posterior.sums import Sums
from causalpp.propositions import Causes, DirectlyCauses, Proposition
from causalpp.propositions.statements import Not
from causalpp.scores import Data, LocalScore, StructurePrior, Table, family_scores, local_score, read_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Consensus", "DagPosterior"]

_MOST = 20  # variables of the exact posterior: it sums 3^d terms
_DRAWS = 10_000  # graphs by which it is asked what has no closed form
_MEMBERS = 1 << 16  # of a class that are weighed one by one
_SHOWN = 1.0  # seconds after which a bar appears


@dataclass(frozen=True)
class Consensus:
    """The edges that are more probable than a threshold.

    Attributes:
        nodes: the variables.
        threshold: of the probability.
        directed: edges ``(cause, effect)`` with their probabilities.
        undirected: pairs that are joined with at least that probability, in neither direction, likewise.
    """

    nodes: tuple[str, ...]
    threshold: float
    directed: dict[tuple[str, str], float]
    undirected: dict[tuple[str, str], float]

    def __str__(self) -> str:
        shown = [f"{a} → {b}" for a, b in self.directed] + [f"{a} – {b}" for a, b in self.undirected]
        return ", ".join(shown) or "no edges"


@dataclass(frozen=True, eq=False, repr=False)
class DagPosterior:
    """The posterior over all Dags, given data; it assumes that there are no hidden common causes.

    :meth:`from_data` makes one.  It can be the prior of a loop (:func:`causalpp.discover`) and whatever effects are
    averaged over.

    Attributes:
        nodes: the d variables.
        inference: how it was found, and all that was.
        learned: how, as plain values: method, score, rows, prior, knowledge.

    Example:
        >>> import causalpp as cpp
        >>> rows = cpp.load_network("cancer").simulate(500, seed=0)
        >>> posterior = DagPosterior.from_data(rows)
        >>> posterior
        DagPosterior(5 variables, 500 rows, BDeu, exact)
        >>> round(posterior.probability(cpp.Causes("Smoker", "Cancer")), 2) <= 1
        True
    """

    nodes: tuple[str, ...]
    inference: Exact
    learned: Mapping[str, Any] = field(default_factory=dict)
    assumes: ClassVar[str] = "there are no hidden common causes"

    @classmethod
    def from_data(
        cls,
        frame: pd.DataFrame,
        score: str | LocalScore = "auto",
        *,
        structure_prior: StructurePrior | None = None,
        knowledge: Knowledge | None = None,
        interventions: Iterable[str | Iterable[str] | None] | None = None,
        max_parents: int | None = None,
        kinds: Mapping[str, str] | None = None,
        processes: int = 1,
        progress: bool | None = None,
    ) -> DagPosterior:
        """The posterior from rows, all parameters integrated out.

        All Dags are summed over, not some: 3^d terms, which takes a second at 14 variables and a minute at 18.

        Args:
            frame: one column a variable, one row an observation.
            score: ``"bdeu"``, ``"bge"``, ``"bic"`` or a score of one's own; ``"auto"`` is BDeu for discrete columns,
                BGe for continuous ones and the degenerate Gaussian BIC for both.
            structure_prior: of the graphs before the data; left out, all are equally probable.
            knowledge: of the edges; graphs that it rules out have no probability.
            interventions: for each row who was set in it (None, a variable or several), or the name of the column that
                says so: empty where nobody was, several variables with commas between them.
            max_parents: graphs in which a variable has more have no probability.
            kinds: what a column is, where the rule is wrong; see :func:`causalpp.columns.read_columns`.
            processes: that score families at once.
            progress: False shows no bar.

        Raises:
            InvalidData: see :func:`causalpp.scores.read_table`; continuous columns that determine each other.
            InvalidGraph: no graph agrees with the knowledge and ``max_parents``.
            InvalidParameter: a negative ``max_parents``, an unknown score.
            TooLarge: more than 20 variables.
            UnknownVariable: knowledge or interventions name what is no column.

        Warns:
            IncompleteDataWarning: values are missing; rows without any are used.
        """
        if max_parents is not None and not (isinstance(max_parents, int) and max_parents >= 0):
            raise InvalidParameter(f"max_parents counts variables and cannot be {max_parents!r}")
        chosen, table, rows = _score(frame, score, interventions, kinds)
        d = len(chosen.names)
        if d > _MOST:
            raise TooLarge(f"the posterior over all graphs is exact up to {_MOST} variables, and these are {d}")
        prior = (structure_prior or StructurePrior()).table(chosen.names)
        prior = np.where(_allowed(chosen.names, knowledge, max_parents), prior, -np.inf)
        with Progress("posterior", wanted=progress, after=_SHOWN) as bar:
            scores = family_scores(
                chosen, max_parents, processes=processes, progress=lambda done, total: bar.reach(done, total, "scores")
            )

            def watch(what: str, done: int, total: int) -> None:
                bar.reach(done, total, what)

            inference = Exact(
                chosen.names,
                Sums(np.where(prior > -np.inf, scores + prior, -np.inf), watch),
                Sums(prior).log_total,
            )
            inference.sums.onwards  # noqa: B018 – what takes time is done while the bar is there
        learned: dict[str, Any] = {"method": inference.method, "score": chosen.name, "rows": len(table.values)}
        if rows != len(table.values):
            learned["rows_used"] = rows
        if structure_prior is not None:
            learned["structure_prior"] = structure_prior.to_dict()
        if knowledge:
            learned["knowledge"] = knowledge.to_dict()
        if max_parents is not None:
            learned["max_parents"] = max_parents
        return cls(chosen.names, inference, learned)

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
        return torch.from_numpy(self.inference.edges)

    @property
    def paths(self) -> Tensor:
        """The probability that the one causes the other, directly or not, shape ``(d, d)``."""
        return torch.from_numpy(self.inference.paths)

    @property
    def log_marginal_likelihood(self) -> float:
        """The natural logarithm of P(data), averaged over graphs and parameters (a density for real columns)."""
        return self.inference.log_marginal_likelihood

    def family(self, variable: str, parents: Iterable[str]) -> float:
        """The probability that a variable has exactly these parents.

        Raises:
            UnknownVariable: a name that is no variable.
        """
        v = self._place(variable)
        return float(self.inference.parents(v)[mask_of(map(self._place, parents))])

    def non_descendants(self, variable: str, others: Iterable[str]) -> float:
        """The probability that the variables that do not descend from one are exactly these others."""
        v = self._place(variable)
        return float(self.inference.sums.non_descendants[v, mask_of(map(self._place, others))])

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
            return float((self.edges if type(proposition) is DirectlyCauses else self.paths)[a, b]), 0.0
        p = float(self.probabilities @ proposition.holds(self.candidates).to(torch.float64))
        return p, float(np.sqrt(p * (1 - p) / _DRAWS))

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
        return self.inference.sample(n, seed)

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
        return self.inference.most_probable(k)

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
                log_p = self.inference.log_probability(mec.batch(limit=_MEMBERS))
                total[cpdag] = float(np.exp(log_p).sum())
        found = sorted(total.items(), key=lambda item: -item[1])[:k]
        return [(MarkovEquivalenceClass(cpdag), p) for cpdag, p in found]

    def consensus(self, threshold: float = 0.5) -> Consensus:
        """The edges whose probability is at least a threshold, and pairs that are joined with it, either way.

        Raises:
            InvalidParameter: a threshold outside [0.5, 1], below which an edge could stand both ways.
        """
        if not 0.5 <= threshold <= 1:
            raise InvalidParameter(f"a threshold lies between 0.5 and 1, got {threshold}")
        p = self.inference.edges
        pairs = [(i, j) for i in range(len(p)) for j in range(i)]
        joined = [(i, j) for i, j in pairs if p[i, j] + p[j, i] >= threshold]
        way = [(i, j) if p[i, j] >= p[j, i] else (j, i) for i, j in joined]
        certain = {(i, j): float(p[i, j]) for i, j in way if p[i, j] >= threshold and p[i, j] > p[j, i]}
        name = self.nodes
        return Consensus(
            self.nodes,
            threshold,
            {(name[i], name[j]): q for (i, j), q in certain.items()},
            {(name[i], name[j]): float(p[i, j] + p[j, i]) for i, j in way if (i, j) not in certain},
        )

    @cached_property
    def entropy(self) -> float:
        """What is unknown of the graph, in bits: estimated from the probabilities of the draws."""
        log_p = self.inference.log_probability(self.candidates)
        return max(0.0, float(-(self.probabilities.numpy() * log_p).sum() / np.log(2)))

    # --- shown ----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        rows = f"{self.learned['rows']:,} rows, {self.learned['score']}, " if "rows" in self.learned else ""
        return f"DagPosterior({len(self.nodes)} variables, {rows}{self.inference.method})"

    def to_dict(self, k: int = 5) -> dict[str, Any]:
        """What is probable, as plain values."""
        return {
            "nodes": list(self.nodes),
            "assumes": self.assumes,
            "learned": dict(self.learned),
            "log_marginal_likelihood": self.log_marginal_likelihood,
            "entropy_bits": self.entropy,
            "graphs": [{"edges": [list(edge) for edge in dag.edges], "probability": p} for dag, p in self.top(k)],
            "edges": self.inference.edges.tolist(),
            "paths": self.inference.paths.tolist(),
        }

    def to_json(self, k: int = 5) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(plain(self.to_dict(k), finite=True), ensure_ascii=False)

    def plot(self, threshold: float = 0.5) -> Figure:
        """The probabilities of all edges, and the graph of those above a threshold."""
        from causalpp.posterior.drawing import posterior_figure

        return posterior_figure(self, threshold)


def _score(
    frame: pd.DataFrame, score: str | LocalScore, interventions: Any, kinds: Mapping[str, str] | None
) -> tuple[LocalScore, Table, int]:
    """The score, the table it is of, and how many rows it uses."""
    if isinstance(score, LocalScore):
        return score, score.table, len(score.table.values)
    data: Data = frame
    if isinstance(interventions, str):
        if interventions not in frame.columns:
            raise UnknownVariable(interventions, list(map(str, frame.columns)), what=", which says who was set")
        data = frame.drop(columns=interventions)
        interventions = [_named(value, data) for value in frame[interventions]]
    table = read_table(data, kinds)  # type: ignore[arg-type]
    table.check_collinear()
    complete = table.complete
    if complete is not table:
        if interventions is not None:
            kept = np.flatnonzero(~table.missing.any(1))
            told = list(interventions)
            if len(told) != len(table.values):
                raise InvalidData(f"there are {len(table.values):,} rows, and interventions for {len(told):,}")
            interventions = [told[row] for row in kept]
        if not len(complete.values):
            raise InvalidData("every row has a missing value: a score needs complete rows, so leave a column out")
        warnings.warn(
            f"values are missing: the score used the complete rows, {len(complete.values):,} of {len(table.values):,}",
            IncompleteDataWarning,
            stacklevel=3,
        )
    name = "bge" if score == "auto" and table.kind == "continuous" else score
    return local_score(complete, name, interventions=interventions), table, len(complete.values)


def _named(cell: Any, frame: pd.DataFrame) -> str | tuple[str, ...] | None:
    """Who was set, as a cell says it: nobody, a variable, or several with commas or semicolons between them."""
    if cell is None or cell != cell:
        return None
    if not isinstance(cell, str) or cell in frame.columns:
        return cell  # type: ignore[no-any-return]
    return tuple(name for part in cell.replace(";", ",").split(",") if (name := part.strip())) or None


def _allowed(names: tuple[str, ...], knowledge: Knowledge | None, max_parents: int | None) -> NDArray[np.bool_]:
    """Which families may be, shape ``(d, 2^d)``."""
    d = len(names)
    sets = np.arange(1 << d)
    out = (sets[None] >> np.arange(d)[:, None] & 1) == 0
    if knowledge:
        required, forbidden = knowledge.matrices(names)
        needed, ruled_out = (
            np.array([mask_of(np.flatnonzero(column)) for column in m.T]) for m in (required, forbidden)
        )
        out &= ((sets & needed[:, None]) == needed[:, None]) & ((sets & ruled_out[:, None]) == 0)
    if max_parents is not None:
        out &= np.bitwise_count(sets) <= max_parents
    return np.asarray(out)
