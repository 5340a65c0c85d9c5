"""A causal quantity averaged over what is open: which graph is true, and the parameters of each.

With posterior weights wᵍ of the graphs g, and under each graph a posterior of its parameters given the data, the
quantity has the mixture Σ wᵍ P(τ | g, data) for its law (Hoeting, Madigan, Raftery & Volinsky, *Bayesian model
averaging*, Statistical Science 14, 1999).  Its variance is the sum of two parts: the mean of the variances within the
graphs, which more rows would shrink, and the variance of the means between them, which only answers would.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp._plain import Plain
from causalpp.effects._graphwise import Graphwise
from causalpp.effects._weighted import Graphs, distinct, weighted
from causalpp.errors import ImpreciseWarning, InvalidParameter, NotIdentified
from causalpp.graphs import Dag, DagBatch
from causalpp.posterior import DagPosterior
from causalpp.programs import Contrast, ate
from causalpp.propositions import Causes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["AveragedEffect", "average"]

_ENOUGH = 0.9  # of the posterior; below, an average over the candidates deserves a warning
_Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class AveragedEffect(Plain):
    """A causal quantity under every surviving graph, weighted.

    Attributes:
        what, detail: the quantity in words, and of whom, past or through what.
        treatment, treated, control: the variable set, and the values compared.
        outcome, state: the variable looked at, and the state whose probability is compared (None: its mean is).
        graphs: the G graphs that take part.
        weights: their probabilities among themselves, shape ``(G,)``, largest first.
        values: the quantity in each graph at the posterior means of its parameters, shape ``(G,)``.
        draws: the quantity under posterior draws of the parameters, shape ``(K, G)``.
        covered: the probability that the true graph is among them; what is left to one is graphs of
            negligible probability, and graphs that were no candidates.
        mass: of the interval that is printed.
        rows: of the data.
        absent: the probability that the treatment does not cause the outcome at all.
        drawn: whether the graphs are draws from the posterior: of a class too large to list, or of too many to compute
            each by itself.
        given: what every probability takes for granted, in words, where a run says so; see :class:`Result`.
        over: what the graphs carry: the ``"posterior"``, the ``"class"`` or the ``"weight"``.
    """

    what: str
    detail: str
    treatment: str
    treated: Any
    control: Any
    outcome: str
    state: Any
    graphs: DagBatch
    weights: _Floats
    values: _Floats
    draws: _Floats
    covered: float
    mass: float
    rows: int
    absent: float
    drawn: bool = False
    given: str = ""
    over: str = "posterior"

    @property
    def contrast(self) -> Contrast:
        """What is compared."""
        return Contrast(self.treatment, self.outcome, treated=self.treated, control=self.control, state=self.state)

    @property
    def mean(self) -> float:
        """The posterior mean: the graphs' values, weighted."""
        return float(self.weights @ self.values)

    def __float__(self) -> float:
        return self.mean

    @cached_property
    def _parts(self) -> tuple[float, float]:
        """The variance between the graphs, and the mean variance within them."""
        between = float(self.weights @ (self.values - self.mean) ** 2)
        return between, float(self.weights @ self.draws.var(axis=0, ddof=1))

    @property
    def sd(self) -> float:
        """The posterior standard deviation, from both sources of uncertainty."""
        return math.sqrt(sum(self._parts))

    @property
    def graph_share(self) -> float:
        """The share of the variance that comes from not knowing the graph; the rest comes from finitely many rows."""
        total = sum(self._parts)
        return self._parts[0] / total if total > 0 else 0.0

    @property
    def sampling_share(self) -> float:
        """The share of the variance that more rows would shrink."""
        return 1 - self.graph_share

    @property
    def sign_flip(self) -> float:
        """The probability that the quantity has the other sign than :attr:`mean`, over graphs and parameters.

        Graphs in which the treatment does nothing count for neither sign; see :attr:`absent`.
        """
        other = np.sign(self.draws) == -np.sign(self.mean)
        return float(self.weights @ other.mean(0)) if self.mean else 0.0

    def interval(self, mass: float | None = None) -> tuple[float, float]:
        """The central interval of the mixture that holds so much probability.

        Args:
            mass: by default the one the quantity was asked with.

        Raises:
            InvalidParameter: a mass outside (0, 1).
        """
        share = _proper(self.mass if mass is None else mass)
        values = self.draws.ravel()
        order = np.argsort(values, kind="stable")
        cumulative = np.cumsum(np.broadcast_to(self.weights / len(self.draws), self.draws.shape).ravel()[order])
        ends = np.searchsorted(cumulative, [(1 - share) / 2, (1 + share) / 2])
        low, high = values[order[np.minimum(ends, len(values) - 1)]]
        return float(low), float(high)

    @property
    def by_graph(self) -> list[tuple[Dag, float, float]]:
        """Every graph with its weight and the quantity in it, the most probable first."""
        return [(g, float(w), float(v)) for g, w, v in zip(self.graphs, self.weights, self.values, strict=True)]

    # --- for people -----------------------------------------------------------------------------------

    @property
    def heading(self) -> str:
        """Of its section on a page."""
        return f"The effect, averaged over {'weighted graphs' if self.over == 'weight' else f'the {self.over}'}"

    @property
    def title(self) -> str:
        """What was averaged, as a heading."""
        return f"{self.what} of {self.contrast}{f' {self.detail}' if self.detail else ''}"

    @property
    def sentences(self) -> list[str]:
        """What was found, a sentence each."""
        low, high = self.interval()
        many = f"{len(self.graphs):,} graph{'s' if len(self.graphs) > 1 else ''}"
        which = "drawn from" if self.drawn else f"with {self.covered:.1%} of"
        given = f", given {'' if self.given.startswith('data') else 'that the truth is in '}{self.given}"
        given = given if self.given else ""
        out = [
            f"{self.mean:+.4f}, {self.mass:.0%} interval [{low:+.4f}, {high:+.4f}]",
            f"averaged over {many} {which} the {self.over}{given}, fitted to {self.rows:,} rows",
            f"standard deviation {self.sd:.4f}, of whose square {self.graph_share:.0%} comes from not knowing the "
            f"graph and {self.sampling_share:.0%} from finitely many rows",
        ]
        out.append(f"the sign is the other one with probability {self.sign_flip:.3f}")
        if self.absent > 0:
            out.append(f"{self.treatment} does not cause {self.outcome} with probability {self.absent:.3f}")
        if self.covered < _ENOUGH:
            out.append("all this holds if one of these graphs is true, which is not established")
        return out

    def __repr__(self) -> str:
        first, *rest = self.sentences
        return f"{self.title}: {first};\n  " + ";\n  ".join(rest)

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{escape(_edges(dag))}</td><td>{weight:.3f}</td><td>{value:+.4f}</td></tr>"
            for dag, weight, value in self.by_graph[:10]
        )
        said = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.sentences)
        return (
            f"<div><p><strong>{escape(self.title)}</strong></p><ul>{said}</ul><table><thead><tr>"
            '<th scope="col">graph</th><th scope="col">probability</th><th scope="col">effect</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )

    def to_dict(self) -> dict[str, Any]:
        """The whole average as plain values, its draws left out."""
        low, high = self.interval()
        return {
            "what": self.what,
            "detail": self.detail,
            **self.contrast.to_dict(),
            "mean": self.mean,
            "sd": self.sd,
            "interval": [low, high],
            "mass": self.mass,
            "share_of_variance_from_graph": self.graph_share,
            "share_of_variance_from_sampling": self.sampling_share,
            "probability_absent": self.absent,
            "probability_of_other_sign": self.sign_flip,
            "covered": self.covered,
            "drawn": self.drawn,
            "given": self.given or None,
            "rows": self.rows,
            "graphs": [
                {"edges": [list(edge) for edge in dag.edges], "probability": weight, "effect": value}
                for dag, weight, value in self.by_graph
            ],
        }

    def plot(self) -> Figure:
        """The law of the quantity, and the quantity in each of the most probable graphs."""
        from causalpp.effects.drawing import average_figure

        return average_figure(self)


def average(
    graphs: Graphs,
    estimand: Callable[..., Any] = ate,
    contrast: Contrast | None = None,
    *,
    data: pd.DataFrame,
    treatment: str | None = None,
    outcome: str | None = None,
    treated: Any = None,
    control: Any = None,
    state: Any = None,
    kinds: Mapping[str, str] | None = None,
    mass: float = 0.9,
    draws: int = 400,
    negligible: float = 1e-3,
    seed: int = 0,
    **options: Any,
) -> AveragedEffect:
    """A causal quantity under every one of some weighted graphs, averaged.

    The most probable graphs take part, until what is left of the candidates is negligible.  Each is fitted to the
    data as :func:`causalpp.compile` fits it, and the quantity in it is what that program says.  The average effect and
    the controlled direct effect are computed for all graphs at once (:func:`causalpp.compile_batch`), and so are all
    effects in linear-Gaussian programs; the rest graph by graph, and of more than a thousand graphs that differ in what
    the quantity depends on, so many are drawn by weight.

    The weights of a belief are those of the answers: members of one equivalence class explain data equally well, so
    that the data have nothing to add there.  Those of a :class:`~causalpp.DagPosterior`, and of a belief
    that starts from one, are the data's as well.

    Args:
        graphs: a belief, whose posterior weighs them; a :class:`~causalpp.MarkovEquivalenceClass`, a batch or graphs,
            all equally likely (of a class of more than 10,000 so many members are drawn); or pairs of a graph and its
            weight, which need not sum to one.
        estimand: :func:`causalpp.ate`, ``cde``, ``att``, ``nde``, ``nie``, or any function of a program, a treatment
            and an outcome that takes ``treated``, ``control``, ``state``, ``draws`` and ``seed`` as they do and
            returns a number with its posterior ``draws``.
        contrast: what is compared; or its words, ``treatment`` and ``outcome`` at least.
        data: a frame with a column for every variable, of rows in which nobody was set.
        treatment, outcome, treated, control, state: see :class:`causalpp.Contrast`.
        kinds: what a column is, where the rule is wrong; see :func:`causalpp.columns.read_columns`.
        mass: of the interval.
        draws: of the parameters from their posterior, in each graph.
        negligible: the share of the candidates' probability that may be left out.
        seed: of the draws.
        options: what else the estimand takes, such as ``fixing=`` or ``mediator=``.

    Raises:
        NotIdentified: the graphs have latent variables.
        UnknownVariable: treatment or outcome is no variable of the graphs.
        InvalidData: the frame lacks a column, or has missing values or one constant column; a graph has too few rows
            for one of its regressions.
        InvalidGraph: graphs over different variables.
        InvalidParameter: no graphs, or weights that are none; data that are no frame, a number out of range, or values
            to compare that are not evident; a contrast and its words.
        TooLarge: so many draws in so many graphs that they do not fit into memory.

    Warns:
        ImpreciseWarning: the rows hardly cover the tables of the most probable graph; which, and what to do. Or they
            are those of a posterior, with those in which a variable was set.

    Example:
        >>> import causalpp as cpp
        >>> asia = cpp.load_network("asia")
        >>> mec = cpp.MarkovEquivalenceClass.from_dag(asia.dag)
        >>> contrast = cpp.Contrast("smoke", "lung")
        >>> effect = average(mec, cpp.ate, contrast, data=asia.simulate(2000, seed=1))
        >>> round(effect.mean, 3), round(effect.absent, 3)
        (0.055, 0.333)
        >>> effect.graph_share > 0.9
        True
    """
    _proper(mass)
    if not 0 <= negligible < 1:
        raise InvalidParameter(f"the share that is negligible lies between 0 and 1, got {negligible}")
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < 2:
        raise InvalidParameter(f"an interval needs at least 2 posterior draws, got {draws!r}")
    import pandas as pd

    if not isinstance(data, pd.DataFrame):
        raise InvalidParameter(
            f"average() needs a data frame, got {type(data).__name__}: pandas.DataFrame(array, columns=…)"
        )
    asked = Contrast.of(contrast, outcome, treatment=treatment, treated=treated, control=control, state=state)
    candidates, p, over, drawn = weighted(graphs, seed)
    if candidates.latent:
        raise NotIdentified(
            f"the graphs have latent variables, {', '.join(sorted(candidates.latent))}, and effects are averaged over "
            "graphs whose variables are all in the data: compile() each graph by itself, or identify() its effect",
            treatment=(asked.treatment,),
            outcome=(asked.outcome,),
        )
    for name in (asked.treatment, asked.outcome):
        candidates.position(name)
    _warn_of_set(graphs, data)
    kept, weights = _surviving(candidates, p, negligible)
    found = Graphwise(estimand, asked, data, kept[0], kinds=kinds, seed=seed, options=options)
    covered = float(weights.sum())
    share = weights / covered
    values, drawn_values, after = found.every(kept, share, int(draws))
    if not (after > 0).all():  # as many as can be computed were drawn
        order = np.argsort(-after, kind="stable")[: int((after > 0).sum())]
        kept, share, values, drawn_values, drawn = (
            kept[order],
            after[order],
            values[order],
            drawn_values[:, order],
            True,
        )
    reached = Causes(asked.treatment, asked.outcome).holds(kept).cpu().numpy()
    return AveragedEffect(
        found.kind,
        found.detail,
        **found.contrast.words,
        graphs=kept,
        weights=share,
        values=values,
        draws=drawn_values,
        covered=min(1.0, covered),
        mass=mass,
        rows=len(data),
        absent=float(share[~reached].sum()),
        drawn=drawn,
        given=graphs.given if isinstance(graphs, DagPosterior) else "",
        over=over,
    )


def _warn_of_set(graphs: Graphs, data: pd.DataFrame) -> None:
    """Warn if the data are all rows of a posterior, those of experiments with them."""
    posterior = graphs if isinstance(graphs, DagPosterior) else getattr(graphs, "data", None)
    rows = posterior.rows if isinstance(posterior, DagPosterior) else None
    if rows is None or rows.interventions is None or len(data) != len(rows.targets):
        return
    names = list(rows.frame.columns)
    if not set(names) <= set(data.columns) or not (data[names].astype(object).values == rows.frame.values).all():
        return
    done = sum(map(bool, rows.targets))
    some = ", ".join(dict.fromkeys(name for row in rows.targets for name in row))
    warnings.warn(
        f"in {done:,} of these {len(data):,} rows a variable was set, {some}, and effects are fitted as if it had come "
        "about by itself: give as data the rows in which nobody was set",
        ImpreciseWarning,
        stacklevel=3,
    )


def _surviving(batch: DagBatch, p: _Floats, negligible: float) -> tuple[DagBatch, _Floats]:
    """The distinct graphs that carry the candidates' probability but for a negligible share, most probable first."""
    first, which = distinct(batch)
    mass = np.bincount(which, weights=p, minlength=len(first))
    order = np.lexsort((first, -mass))
    before = np.cumsum(mass[order]) - mass[order]
    kept = order[(before < mass.sum() * (1 - negligible)) & (mass[order] > 0)]
    return batch[first[kept]], mass[kept]


def _proper(mass: float) -> float:
    if not 0 < mass < 1:
        raise InvalidParameter(f"the mass of an interval lies between 0 and 1, got {mass}")
    return mass


def _edges(dag: Dag) -> str:
    return ", ".join(f"{a} → {b}" for a, b in dag.edges) or "(no edges)"
