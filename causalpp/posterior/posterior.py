"""P(graph | data): what the rows say of every graph at once."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from causalpp._plain import plain
from causalpp._progress import Progress
from causalpp.errors import ImpreciseWarning, InvalidParameter, TooLarge
from causalpp.graphs import Knowledge
from causalpp.posterior.before import Before
from causalpp.posterior.exact import Exact
from causalpp.posterior.kept import Rows, files
from causalpp.posterior.learning import by_chains, check_seconds, doubt, exact_sums, scored, seconds_of
from causalpp.posterior.sampled import Sampled
from causalpp.posterior.shown import posterior_figure, posterior_table
from causalpp.posterior.told import Told
from causalpp.scores import BDeu, LocalScore, Objective, StructurePrior, check_missing

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["DagPosterior"]

_MOST = 20  # variables of the exact posterior: it sums 3^d terms
_SHOWN = 1.0  # seconds after which a bar appears


@dataclass(frozen=True, eq=False, repr=False)
class DagPosterior(Told):
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
        DagPosterior(5 variables, 500 rows, BDeu, exact, no hidden common causes)
    """

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
            ImpreciseWarning: the chains do not agree yet: the posterior tells nothing until they do; or families that
                were not looked at hold more than a hundredth of an edge a variable, see ``learned["left_out"]``.
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
        before = Before(structure_prior, knowledge, max_parents)
        chosen, table, rows = scored(frame, score, interventions, kinds, hyperparameters, missing, seed, before)
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
                inference = exact_sums(chosen, before, processes, bar)
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
            DagPosterior(5 variables, 550 rows, BDeu, exact, no hidden common causes)
        """
        if self.rows is None:
            raise InvalidParameter("this posterior has not kept its rows: make one of all of them, by from_data")
        rows = self.rows.joined(frame, interventions)
        return type(self).from_data(rows.frame, interventions=rows.interventions, progress=progress, **rows.asked)

    # --- chains -------------------------------------------------------------------------------------------

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

    # --- in a file ------------------------------------------------------------------------------------------

    def save(self, target: files.Target) -> None:
        """Write the posterior to a file, whole: its rows, and the sums or the chains, which can go on.

        An exact one of d variables takes about 8·d·2^d bytes (8 MB at 16, 38 at 18, 170 at 20), and 32·2^d beside;
        chains up to 4·d² bytes a graph, less what packing saves, and the weights of their families (some MB).

        Args:
            target: a path (``.npz`` is its usual ending), or a file that is open for bytes.

        Raises:
            FormatError: it cannot be written.
            InvalidParameter: the rows hold what is neither text nor number.

        Example:
            >>> import io
            >>> from causalpp import load_network
            >>> posterior = DagPosterior.from_data(load_network("cancer").simulate(500, seed=0))
            >>> posterior.save(file := io.BytesIO())
            >>> DagPosterior.load(io.BytesIO(file.getvalue())).edges.equal(posterior.edges)
            True
        """
        files.write(target, files.Kept(self.nodes, self.inference, self.learned, self.rows))

    @classmethod
    def load(cls, source: files.Target) -> DagPosterior:
        """What :meth:`save` wrote: it tells the same, to the last digit.

        Raises:
            FormatError: there is no such file, it holds no posterior, was cut off or changed, or another version wrote
                it.
        """
        return cls(*files.read(source))

    def _warned(self) -> DagPosterior:
        for trouble in (self.inference.trouble, doubt(self.learned, len(self.nodes))):
            if trouble:
                warnings.warn(trouble, ImpreciseWarning, stacklevel=3)
        return self

    @property
    def given(self) -> str:
        """What every probability takes for granted, in words."""
        found = self.learned
        rows = f" ({found['score']}, {found['rows']:,} rows)" if "rows" in found else ""
        return f"data{rows} under no hidden common causes"

    # --- shown ----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        rows = f"{self.learned['rows']:,} rows, {self.learned['score']}, " if "rows" in self.learned else ""
        how = "" if self.mixed else ", not mixed"
        return f"DagPosterior({len(self.nodes)} variables, {rows}{self.inference.method}{how}, no hidden common causes)"

    def _repr_html_(self) -> str:
        return posterior_table(self)

    def to_dict(self, k: int = 5) -> dict[str, Any]:
        """What is probable, as plain values."""
        return {
            "nodes": list(self.nodes),
            "assumes": self.assumes,
            "check": "rows can speak against it, and never for it: causalpp.check_data(posterior.best, rows)",
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
        """:meth:`to_dict` as JSON text, for others to read: a posterior is more than that, which :meth:`save` keeps."""
        return json.dumps(plain(self.to_dict(k), finite=True), ensure_ascii=False)

    def plot(self, threshold: float = 0.5) -> Figure:
        """The probabilities of all edges, and the graph of those above a threshold."""
        return posterior_figure(self, threshold)
