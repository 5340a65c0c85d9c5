"""A channel that does not know which world its oracle lives in: reliabilities, repeats and good faith on one grid.

A *world* is a point (s, f, ρ): how often the oracle says yes where the truth is yes, and where it is no, and how
alike it answers when the same question is put again.  The posterior over graph and world is an exact finite sum.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from causalpp.belief.channels.mixture import Mixture
from causalpp.errors import InvalidParameter

__all__ = ["Agnostic"]


@dataclass(frozen=True)
class Agnostic(Mixture):
    """A finite mixture of worlds, each with its own sensitivity, false-yes rate and likeness of repeats.

    What repeated answers say in a world is told by :class:`Mixture`.  The worlds are of three kinds:

    - *informative*, s > f: errors symmetric (s = 1 − ε, f = ε) or, with equal weight, different for yes and no;
    - *liar*, the symmetric ones mirrored, s = ε, f = 1 − ε;
    - *unrelated*, s = f: whatever the graph, yes with the same probability.

    All error rates are equally probable at first; a ``tilt`` above 0 leans towards more error.

    Attributes:
        unrelated: prior probability that the answers have nothing to do with the graph.
        liar: prior probability that they are consistently reversed.
        repeats: pairs (ρ, prior probability).
        errors: the symmetric error rates of the grid.
        uneven: the error rates combined freely over true and false propositions.
        least: the smallest s − f of the uneven worlds.
        rates: the yes-rates u of unrelated answers, weighted by u (1 − u).
        tilt: exponent of the prior over errors, whose weight is ∝ ε^tilt.

    Raises:
        InvalidParameter: a probability or rate out of range, weights that do not sum to one, an empty grid.

    Example:
        >>> import torch
        >>> channel = Agnostic()
        >>> truth = torch.tensor([[True, True], [False, True]])  # two graphs, two questions
        >>> once = channel.log_likelihood_of(truth, torch.tensor([1, 0]), torch.tensor([0, 0]))
        >>> often = channel.log_likelihood_of(truth, torch.tensor([9, 0]), torch.tensor([0, 0]))
        >>> [round(float(torch.softmax(log, 0)[0]), 2) for log in (once, often)]  # nine times says little more
        [0.59, 0.62]
    """

    unrelated: float = 0.5
    liar: float = 0.1
    repeats: tuple[tuple[float, float], ...] = ((0.0, 0.3), (0.3, 0.2), (0.98, 0.5))
    errors: tuple[float, ...] = (0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.34)
    uneven: tuple[float, ...] = (0.02, 0.1, 0.2, 0.3, 0.4)
    least: float = 0.3
    rates: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9)
    tilt: float = 0.0

    def __post_init__(self) -> None:
        if min(self.unrelated, self.liar) < 0 or not self.unrelated + self.liar < 1:
            raise InvalidParameter(
                f"the worlds 'unrelated' and 'liar' have probabilities that sum to less than one, "
                f"got {self.unrelated} and {self.liar}"
            )
        if not self.repeats or not all(0 <= rho < 1 and weight >= 0 for rho, weight in self.repeats):
            raise InvalidParameter(f"repeats are pairs of a correlation in [0, 1) and a weight, got {self.repeats}")
        if not math.isclose(sum(weight for _, weight in self.repeats), 1):
            raise InvalidParameter(f"the weights of the correlations sum to one, got {self.repeats}")
        if not self.errors or not all(0 < error < 0.5 for error in (*self.errors, *self.uneven)):
            raise InvalidParameter("error rates of the grid lie strictly between 0 and one half, and there is one")
        if self.unrelated > 0 and not (self.rates and all(0 < rate < 1 for rate in self.rates)):
            raise InvalidParameter("the yes-rates of unrelated answers lie strictly between 0 and 1, and there is one")

    # --- the grid -------------------------------------------------------------------------------------

    @cached_property
    def grid(self) -> NDArray[np.float64]:
        """The worlds, one a row: s, f, ρ, prior probability. Shape ``(G, 4)``."""
        informative = 1 - self.unrelated - self.liar
        even = dict(zip(self.errors, self._tilted(self.errors), strict=True))
        one = dict(zip(self.uneven, self._tilted(self.uneven), strict=True))
        pairs = {(a, b): one[a] * one[b] for a, b in itertools.product(one, one) if 1 - a - b >= self.least - 1e-9}
        half = informative / 2 if pairs else informative
        rows = [(1 - e, e, half * w) for e, w in even.items()]
        total = sum(pairs.values())
        rows += [(1 - a, b, half * w / total) for (a, b), w in pairs.items()]
        rows += [(e, 1 - e, self.liar * w) for e, w in even.items() if self.liar > 0]
        spread = sum(u * (1 - u) for u in self.rates)
        rows += [(u, u, self.unrelated * u * (1 - u) / spread) for u in self.rates if self.unrelated > 0]
        return np.array([(s, f, rho, w * share) for rho, share in self.repeats for s, f, w in rows if share > 0])

    def _tilted(self, errors: tuple[float, ...]) -> NDArray[np.float64]:
        weights: NDArray[np.float64] = np.array(errors, dtype=float) ** self.tilt
        return weights / weights.sum() if len(weights) else weights
