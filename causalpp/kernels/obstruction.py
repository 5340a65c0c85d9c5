"""The obstruction, as it was measured: distances of pairs in a model's features, and what they come of."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp._plain import check_seed, plain
from causalpp.errors import InvalidData, UnknownName
from causalpp.kernels._shares import bootstrap, shares
from causalpp.kernels.bound import bound, published_bound

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["COVARIATES", "Obstruction"]

#: What a distance may come of, with what it is called in tables.
COVARIATES = {"tokens": "tokens shared", "edits": "edit distance", "graph": "graph distance"}


@dataclass(frozen=True, eq=False, repr=False)
class Obstruction:
    """How far apart pairs lie, beside how much they look alike.

    Attributes:
        pairs: one row a pair: ``group``, ``n``, ``tokens`` (the share of tokens in common), ``edits`` (tokens that
            differ), ``graph`` (distance of the graphs), ``norm_first``, ``norm_second``, ``cosine``, ``distance``
            (‖φ₊ − φ₋‖), ``relative`` (the distance by the mean length), ``output_first``, ``output_second``, ``gap``
            (of what the model says), ``base`` (the number of the first prompt), and what the pairs had ``about`` them.
        kernel: whose features they are.
        model: its name.
        about: how it was measured.
    """

    pairs: pd.DataFrame
    kernel: str
    model: str
    about: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Obstruction({self.kernel} of {self.model}, {len(self.pairs):,} pairs)\n{self.table()}"

    def groups(self, *, level: float = 0.95) -> pd.DataFrame:
        """One row a group: ``pairs``, and means of the columns; ``low`` and ``high`` are of the mean distance.

        The interval is Student's, for the mean; NaN for a single pair.
        """
        import pandas as pd
        from scipy.stats import t

        rows = []
        for group, part in self.pairs.groupby("group", sort=False):
            distance = part["distance"].to_numpy(float)
            m = len(distance)
            wide = t.ppf((1 + level) / 2, m - 1) * distance.std(ddof=1) / math.sqrt(m) if m > 1 else math.nan
            mean = distance.mean()
            means = {name: part[name].astype(float).mean() for name in ("relative", "cosine", *COVARIATES, "gap")}
            rows.append(
                {"group": group, "pairs": m, "distance": mean, "low": mean - wide, "high": mean + wide, **means}
            )
        return pd.DataFrame(rows)

    def explained(
        self,
        groups: Sequence[str] | None = None,
        *,
        of: str = "distance",
        draws: int = 1000,
        level: float = 0.95,
        seed: int = 0,
    ) -> pd.DataFrame:
        """The share of the variance of the distance that tokens, edits and graph distance explain, with intervals.

        Linear regression: ``alone`` is the R² of one covariate, ``share`` its part of the R² of all together, averaged
        over the orders in which they may enter (Lindeman, Merenda & Gold 1980), and a last row has ``all``.  Intervals
        are percentiles of a bootstrap that draws all pairs of one first prompt together.  R² is above 0 by chance
        alone: ``chance`` is its mean where the distance has nothing to do with the covariates.  A covariate that does
        not vary, or is not known of all pairs, explains nothing that could be seen and has NaN.

        Args:
            groups: pairs of these alone; all by default.
            of: the column to be explained, such as ``"distance"`` or ``"relative"``.
            draws: of the bootstrap.
            level: of the intervals.
            seed: of the draws.

        Raises:
            UnknownName: no such group or column.
            InvalidData: fewer pairs than covariates allow, or all at one distance.
        """
        import pandas as pd

        part = self._part(groups)
        if of not in part:
            raise UnknownName("column", of, part.columns)
        distance = part[of].to_numpy(float)
        columns = {name: part[name].astype(float).to_numpy() for name in COVARIATES}
        used = [name for name, values in columns.items() if np.isfinite(values).all() and np.ptp(values) > 0]
        if len(part) < len(used) + 3:
            raise InvalidData(
                f"{len(part)} pairs are too few for {len(used)} covariates: give at least {len(used) + 3}"
            )
        if not np.isfinite(distance).all() or not np.ptp(distance) > 0:
            raise InvalidData(f"the {of} is the same for all pairs: there is no variance to explain")
        found: dict[str, list[float]] = {}
        if used:
            matrix: NDArray[np.float64] = np.stack([columns[name] for name in used], axis=1)
            alone, share, total = shares(distance, matrix)
            low, high = bootstrap(distance, matrix, part["base"].to_numpy(), draws, level, check_seed(seed))
            k, chance = len(used), 1 / (len(part) - 1)
            for j, name in enumerate(used):
                found[name] = [alone[j], low[j], high[j], share[j], low[k + j], high[k + j], chance]
            found["all"] = [total, low[-1], high[-1], total, low[-1], high[-1], k * chance]
        head = ["alone", "alone_low", "alone_high", "share", "low", "high", "chance"]
        rows = [[name, *found.get(name, [math.nan] * len(head))] for name in (*COVARIATES, "all")]
        return pd.DataFrame(rows, columns=["covariate", *head])

    def bounds(self, norm: float | Sequence[float]) -> pd.DataFrame:
        """What predictors of norm B can tell apart at most, pair by pair: ``bound``, and ``published``.

        For a trained network B is how far its weights have moved, ‖θ − θ₀‖, as far as training was lazy; for kernel
        ridge regression it is :attr:`causalpp.kernels.Ridge.norms`.

        Args:
            norm: B, one for all pairs or one each.
        """
        a, b, cosine = (self.pairs[name].to_numpy(float) for name in ("norm_first", "norm_second", "cosine"))
        norms = np.broadcast_to(np.asarray(norm, dtype=float), a.shape)
        more = {"norm": norms, "bound": bound(a, b, cosine, norms), "published": published_bound(cosine, norms)}
        return self.pairs[["group", "distance", "cosine", "gap"]].assign(**more)

    def table(self) -> str:
        """The groups, and the shares where there are enough pairs, as text."""
        groups = self.groups()
        shown = groups.assign(
            distance=[f"{row.distance:.4g} [{row.low:.4g}, {row.high:.4g}]" for row in groups.itertuples()]
        ).drop(columns=["low", "high"])
        text = str(shown.to_string(index=False, float_format=lambda x: f"{x:.3g}", na_rep=""))
        try:
            found = self.explained(draws=200)
        except InvalidData:
            return text
        lines = [
            f"  {COVARIATES.get(row['covariate'], 'all together')}: {row['share']:.2f} [{row['low']:.2f}, "
            f"{row['high']:.2f}] (by chance {row['chance']:.2f})"
            for row in found.to_dict("records")
            if np.isfinite(row["share"])
        ]
        return "\n".join([text, "share of the variance of the distance", *lines])

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        rows = self.pairs.to_dict("records")
        return {"kernel": self.kernel, "model": self.model, "about": dict(self.about), "pairs": rows}

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text; null for what is not known."""
        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)

    def plot(self) -> Figure:
        """The distances of each group, and the distances against each covariate."""
        from causalpp.kernels.drawing import obstruction_figure

        return obstruction_figure(self)

    def _part(self, groups: Sequence[str] | None) -> pd.DataFrame:
        if groups is None:
            return self.pairs
        known = list(dict.fromkeys(self.pairs["group"]))
        wanted = [groups] if isinstance(groups, str) else list(groups)
        for name in wanted:
            if name not in known:
                raise UnknownName("group", name, known)
        return self.pairs[self.pairs["group"].isin(wanted)]
