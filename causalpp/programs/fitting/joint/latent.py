"""Latent variables and missing values of discrete programs: Gibbs sampling by data augmentation.

In turn, what is not seen is drawn given the tables, and the tables given everything (Tanner & Wong, JASA 82, 1987).
Rows that look alike are one cell with a count, which a multinomial draw splits over the ways to complete it, so the
work does not grow with the number of rows.  Several chains run at once.

Where something is latent, tables may not be determined by any amount of data while an effect is; the draws then
wander along everything the data leave open, and an interval of the effect covers exactly that.  So convergence is
judged by what the data do determine: the likelihood, and the probabilities of the patterns seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalpp._progress import steps
from causalpp.columns import Column
from causalpp.errors import TooLarge
from causalpp.programs.fitting.convergence import LEAST_SIZE, MOST_RHAT, diagnosed
from causalpp.programs.fitting.options import Options
from causalpp.programs.mechanisms import Mechanism, Table
from causalpp.programs.mechanisms.draws import carrying
from causalpp.programs.report import Fit

__all__ = ["CHAINS", "gibbs"]

CHAINS = 4
_MOST_CELLS = 2_000_000  # rows that differ × ways to complete each, over the chains
_PATTERNS = 20  # the most frequent ones, whose probabilities are watched
_POLISH = 200  # steps of expectation–maximisation from the best draw to the point estimate


@dataclass(frozen=True)
class _Group:
    """The rows in which the same variables are missing.

    Attributes:
        counts: how often each different row occurs, shape ``(u,)``.
        cells: variable → the cell of its table in each row and completion, shape ``(u, c)``.
    """

    counts: NDArray[np.int64]
    cells: dict[str, NDArray[np.int64]]


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(weights / weights.sum(-1, keepdims=True))


class _Tables:
    """The tables of all chains, flat: variable → shape ``(chains, cells)``, and what to do with them."""

    def __init__(self, priors: Mapping[str, Table], known: frozenset[str], groups: Sequence[_Group]) -> None:
        self.priors, self.known, self.groups = priors, known, groups
        self.alpha = {
            v: np.asarray(t.concentration if v not in known else t.probabilities).reshape(-1, len(t.states))
            for v, t in priors.items()
        }
        self.free = [v for v in priors if v not in known]

    def laws(self, tables: Mapping[str, NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        """The joint probability of each row and completion, for each group ``(chains, u, c)``."""
        out = []
        for group in self.groups:
            law = np.ones(())
            for v, cells in group.cells.items():
                law = law * tables[v].reshape(len(tables[v]), -1)[:, cells]
            out.append(law)
        return out

    def counted(self, splits: Sequence[NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        """Concentrations after the data, with rows split over their completions: ``(chains, rows, states)``."""
        chains = len(splits[0])
        out = {}
        for v in self.free:
            rows, states = self.alpha[v].shape
            total = np.zeros((chains, rows * states))
            for group, split in zip(self.groups, splits, strict=True):
                place = np.arange(chains)[:, None] * (rows * states) + group.cells[v].ravel()
                flat = np.bincount(place.ravel(), split.reshape(chains, -1).ravel(), chains * rows * states)
                total += flat.reshape(chains, -1)
            out[v] = total.reshape(chains, rows, states) + self.alpha[v]
        return out

    def start(self, draw: np.random.Generator, chains: int) -> dict[str, NDArray[np.float64]]:
        """Tables drawn from the prior, different in every chain."""
        out = {}
        for v, alpha in self.alpha.items():
            wide = np.broadcast_to(alpha, (chains, *alpha.shape))
            out[v] = _shares(wide if v in self.known else draw.standard_gamma(np.maximum(wide, 1.0)) + 1e-300)
        return out


def gibbs(
    priors: Mapping[str, Mechanism],
    columns: Mapping[str, Column],
    rows: int,
    options: Options,
) -> tuple[dict[str, Mechanism], Fit]:
    """Tables fitted to data in which some variables are latent or some values missing.

    The first half of the sweeps is thrown away.  The point estimate is the posterior mode from the best draw on (with
    the prior counted as data, as for the posterior mean where nothing is missing): a mean over draws would mix up
    the names of latent states.

    Args:
        priors: variable → table with concentration, or one that is known.
        columns: the variables that are seen in some rows.
        rows: their number.
        options: how many sweeps of each chain (4000 if that is left open), how many draws to keep, ….

    Raises:
        TooLarge: too many ways to complete the rows.
    """
    sweeps = options.steps or 4000
    tables_of: dict[str, Table] = {v: t if isinstance(t, Table) else _as_table(t, priors) for v, t in priors.items()}
    known = frozenset(v for v, t in tables_of.items() if t.concentration is None)
    model = _Tables(tables_of, known, _grouped(tables_of, columns, rows))
    draw = np.random.default_rng([options.seed, 11])
    tables = model.start(draw, CHAINS)
    likelihoods: list[NDArray[np.float64]] = []
    watched: list[NDArray[np.float64]] = []
    kept: dict[str, list[NDArray[np.float64]]] = {v: [] for v in model.free}
    top = np.sort(np.concatenate([g.counts for g in model.groups]))[::-1][:_PATTERNS][-1]
    every = max(1, (sweeps - sweeps // 2) * CHAINS // max(options.draws, CHAINS))
    interrupted = False
    best, best_score = {v: t[:1] for v, t in tables.items()}, -np.inf
    try:
        for sweep in steps(sweeps, "Gibbs sampling", options.progress):
            splits, score, shown = [], np.zeros(CHAINS), []
            for group, law in zip(model.groups, model.laws(tables), strict=True):
                seen = law.sum(-1)
                score += np.log(np.maximum(seen, 1e-300)) @ group.counts
                shown.append(seen[:, group.counts >= top])
                splits.append(draw.multinomial(group.counts, law / np.maximum(seen, 1e-300)[..., None]).astype(float))
            likelihoods.append(score)
            if sweep >= sweeps // 2:
                watched.append(np.concatenate(shown, axis=1))
                if (sweep - sweeps // 2) % every == 0:
                    for v in model.free:
                        kept[v].append(tables[v])
            if score.max() > best_score:
                chain = int(score.argmax())
                best, best_score = {v: t[chain : chain + 1] for v, t in tables.items()}, float(score.max())
            for v, counts in model.counted(splits).items():
                tables[v] = _shares(draw.standard_gamma(counts) + 1e-300)
    except KeyboardInterrupt:
        interrupted = True
    for _ in range(_POLISH):
        laws = model.laws(best)
        splits = [
            group.counts[:, None] * law / np.maximum(law.sum(-1, keepdims=True), 1e-300)
            for group, law in zip(model.groups, laws, strict=True)
        ]
        best = {**best, **{v: _shares(counts) for v, counts in model.counted(splits).items()}}  # posterior means
    hidden = [v for v in model.free if v not in columns]
    fit = _report(np.array(likelihoods).T, watched, rows, interrupted, hidden)
    out: dict[str, Mechanism] = dict(priors)
    for v in model.free:
        shape = tables_of[v].probabilities.shape
        stored = np.concatenate(kept[v] or [tables[v]])
        out[v] = carrying(
            tables_of[v], {"probabilities": best[v][0].reshape(shape)}, {"probabilities": stored.reshape(-1, *shape)}
        )
    return out, fit


def _as_table(mechanism: Mechanism, all_: Mapping[str, Mechanism]) -> Table:
    """Another discrete mechanism, whose parameters are known, as the table it has."""
    sizes = tuple(len(all_[p].states or ()) for p in mechanism.parents)
    return Table(mechanism.states or (), mechanism.parents, mechanism.table(sizes))


def _grouped(priors: Mapping[str, Table], columns: Mapping[str, Column], rows: int) -> list[_Group]:
    """The different rows with their counts, by which variables are missing in them."""
    order = list(priors)
    sizes = np.array([len(priors[v].states) for v in order])
    table = np.stack([columns[v].values if v in columns else np.full(rows, -1) for v in order], axis=1)
    different, counts = np.unique(table, axis=0, return_counts=True)
    patterns, which = np.unique(different < 0, axis=0, return_inverse=True)
    total = sum(
        int((which == k).sum()) * float(np.prod(sizes[pattern].astype(float))) for k, pattern in enumerate(patterns)
    )
    if total * CHAINS > _MOST_CELLS:
        raise TooLarge(
            f"the {len(different):,} different rows can be completed in {total:.2g} ways, too many for Gibbs sampling: "
            "use method='svi', or leave out variables with many states or missing values"
        )
    out = []
    for k, pattern in enumerate(patterns):
        inside = different[which.ravel() == k]
        ways = int(np.prod(sizes[pattern]))
        fill = np.indices(sizes[pattern]).reshape(int(pattern.sum()), ways)
        full = np.repeat(inside[:, None, :], ways, axis=1)
        full[:, :, pattern] = fill.T
        place = {v: i for i, v in enumerate(order)}
        cells = {}
        for v, t in priors.items():
            index = [full[:, :, place[u]] for u in (*t.parents, v)]
            cells[v] = np.ravel_multi_index(index, t.probabilities.shape)
        out.append(_Group(counts[which.ravel() == k], cells))
    return out


def _report(
    likelihoods: NDArray[np.float64],
    watched: list[NDArray[np.float64]],
    rows: int,
    interrupted: bool,
    hidden: Sequence[str],
) -> Fit:
    quantities: dict[str, NDArray[np.float64]] = {}
    if len(watched) > 8:
        quantities["log likelihood"] = likelihoods[:, -len(watched) :]
        table = np.array(watched)  # sweeps, chains, patterns
        quantities |= {f"pattern {k}": table[:, :, k].T for k in range(table.shape[2])}
    r_hat, effective = diagnosed(quantities)
    advice = ""
    if interrupted:
        advice = "it was interrupted; run it again to the end"
    elif not r_hat or max(r_hat.values()) > MOST_RHAT or min(effective.values()) < LEAST_SIZE:
        advice = (
            f"the chains disagree (R-hat up to {max(r_hat.values(), default=np.nan):.2f}, "
            f"{min(effective.values(), default=0):.0f} effective draws); raise steps=, or give the latent variable "
            "fewer states"
        )
    open_ = ""
    if hidden:
        names = ", ".join(map(repr, hidden))
        open_ = f"that the data determine the tables of {names}: the chains were compared by what is seen"
    losses = -likelihoods.mean(0)
    return Fit("gibbs", rows, likelihoods.shape[-1], not advice, advice, losses, r_hat, effective, open_)
