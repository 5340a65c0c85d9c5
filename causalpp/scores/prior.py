"""What is thought of graphs before the data: apart from the scores, which carry none of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from functools import cached_property
from typing import Any

import numpy as np

from causalpp._bits import bits
from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.scores.local import LocalScore
from causalpp.scores.table import Floats

__all__ = ["Objective", "StructurePrior"]


_MOST = 1e9  # of log-odds: what rows say is not lost beside it


@dataclass(frozen=True, init=False)
class StructurePrior:
    """P(graph) ∝ exp(the sum of the log-odds of its edges), over all Dags; as it stands, all are equally probable.

    Attributes:
        edge_log_odds: what each edge adds to the logarithm of a graph's probability: 0 prefers nothing, a negative
            number sparse graphs.  With that alone, members of an equivalence class are equally probable.
        odds: what single edges ``(cause, effect)`` add beside that.

    Raises:
        InvalidParameter: a number that is not finite or beyond ±1e9, or what is no edge.

    Example:
        >>> StructurePrior(-2.0)
        StructurePrior(-2.0)
        >>> StructurePrior(-1.0, {("smoke", "lung"): 3.0}).matrix(["smoke", "lung"]).tolist()
        [[0.0, 2.0], [-1.0, 0.0]]
    """

    edge_log_odds: float
    odds: tuple[tuple[tuple[str, str], float], ...]

    def __init__(self, edge_log_odds: float = 0.0, odds: Mapping[tuple[str, str], float] | None = None) -> None:
        _check(edge_log_odds, "edge_log_odds")
        listed = []
        for edge, value in (odds or {}).items():
            if not (isinstance(edge, tuple) and len(edge) == 2 and edge[0] != edge[1]):
                raise InvalidParameter(f"an edge is a pair (cause, effect) of two variables, got {edge!r}")
            _check(value, f"the log-odds of {edge[0]!r} → {edge[1]!r}")
            listed.append((edge, float(value)))
        object.__setattr__(self, "edge_log_odds", edge_log_odds)
        object.__setattr__(self, "odds", tuple(listed))

    @classmethod
    def from_probabilities(cls, edges: Mapping[tuple[str, str], float], otherwise: float = 0.5) -> StructurePrior:
        """Each edge with a probability of its own, as it would have if cycles were no matter.

        Args:
            edges: of some of them; of a pair, those of both directions sum to less than one, as the pair may be apart.
            otherwise: of every other edge.

        Raises:
            InvalidParameter: a probability outside (0, 1), or two of a pair that sum to 1 or more.

        Example:
            >>> StructurePrior.from_probabilities({("a", "b"): 0.8}, otherwise=0.5).matrix("ab").round(3).tolist()
            [[0.0, 1.386], [0.0, 0.0]]
        """
        base = _logit(otherwise)
        odds = {edge: _logit(p) - base for edge, p in edges.items()}
        for (a, b), p in edges.items() if all(isinstance(edge, tuple) for edge in edges) else ():
            if p + edges.get((b, a), 0.0) >= 1:
                raise InvalidParameter(
                    f"the probabilities of {a!r} → {b!r} and {b!r} → {a!r} sum to {p + edges[b, a]:g}: to less than 1, "
                    "as the pair may be apart"
                )
        return cls(base, odds)

    @classmethod
    def sparse(cls, edges: float, variables: int) -> StructurePrior:
        """All edges alike, and so many of them expected among so many variables, exactly.

        Args:
            edges: the expected number.
            variables: d.

        Raises:
            InvalidParameter: a number of edges that is not between 0 and d(d − 1)/2, exclusive.

        Example:
            >>> round(StructurePrior.sparse(1.44, 3).edge_log_odds + 0.0, 2)  # of 25 Dags, 48/25 edges each: fewer here
            -0.71
        """
        most = variables * (variables - 1) / 2
        if not 0 < edges < most:
            raise InvalidParameter(f"the expected number of edges lies between 0 and {most:g}, got {edges!r}")
        from scipy.optimize import brentq

        def more(odds: float) -> float:
            return _expected(odds, variables) - edges

        low = high = math.log(edges / (2 * most - edges))  # if there were cycles too
        while more(low) > 0:
            low -= 1
        while more(high) < 0:
            high += 1
        return cls(float(brentq(more, low, high, xtol=1e-9)) if low < high else low)

    def __repr__(self) -> str:
        more = f", odds of {len(self.odds)} edges" if self.odds else ""
        return f"StructurePrior({self.edge_log_odds}{more})"

    @property
    def equivalent(self) -> bool:
        """Whether members of an equivalence class are equally probable for certain."""
        return not self.odds

    def matrix(self, names: Iterable[str]) -> Floats:
        """What each edge adds, shape ``(d, d)``: row cause, column effect.

        Raises:
            UnknownVariable: an edge names a variable that is not among these.
        """
        place = {name: k for k, name in enumerate(names)}
        out = np.full((len(place), len(place)), float(self.edge_log_odds))
        np.fill_diagonal(out, 0.0)
        for edge, value in self.odds:
            for name in edge:
                if name not in place:
                    raise UnknownVariable(name, list(place), what=", of whose edges the prior has odds")
            out[place[edge[0]], place[edge[1]]] += value
        return out

    def table(self, names: Sequence[str]) -> Floats:
        """What each family adds: variable, and mask of parents, shape ``(d, 2^d)``."""
        each = self.matrix(names)
        out = np.zeros((len(each), 1))
        for k in range(len(each)):
            out = np.concatenate([out, out + each[k][:, None]], axis=1)
        return out

    def to_dict(self) -> dict[str, Any]:
        """The prior as plain values."""
        out: dict[str, Any] = {"edge_log_odds": float(self.edge_log_odds)}
        if self.odds:
            out["odds"] = [[*edge, value] for edge, value in self.odds]
        return out


def _check(value: Any, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not math.isfinite(value):
        raise InvalidParameter(f"{name} must be a finite number, got {value!r}")
    if abs(float(value)) > _MOST:
        raise InvalidParameter(
            f"{name} lies between −{_MOST:g} and {_MOST:g}, got {value!r}: knowledge rules edges out"
        )


def _logit(p: float) -> float:
    if not 0 < p < 1:
        raise InvalidParameter(f"the probability of an edge lies strictly between 0 and 1, got {p!r}")
    return math.log(p / (1 - p))


def _expected(odds: float, d: int) -> float:
    """How many edges a Dag of d variables has on average, if each adds so much: Robinson's recursion, with a slope.

    Its terms cancel, all the more of them the larger d: they have digits enough.
    """
    digits = 40 + d + math.ceil(d * d / 4 * math.log10(1 + math.exp(odds)))
    with localcontext(Context(prec=digits)):
        weight = Decimal(math.exp(odds))
        each, slope = 1 + weight, weight / (1 + weight)
        power = [each**k for k in range(d * d // 4 + 1)]
        total, change = [Decimal(1)], [Decimal(0)]  # of 0, 1, … variables, and its derivative by the log-odds
        for n in range(1, d + 1):
            terms = [(-1) ** (k + 1) * math.comb(n, k) * power[k * (n - k)] for k in range(1, n + 1)]
            total.append(sum((term * total[n - k] for k, term in enumerate(terms, 1)), Decimal(0)))
            change.append(
                sum(
                    (term * (change[n - k] + k * (n - k) * slope * total[n - k]) for k, term in enumerate(terms, 1)),
                    Decimal(0),
                )
            )
        return float(change[d] / total[d])


class Objective:
    """What a search by score makes as large as it can: a score, and a prior of graphs."""

    def __init__(self, score: LocalScore, prior: StructurePrior | None = None) -> None:
        self.score, self.prior, self.d = score, prior or StructurePrior(), score.d
        if not isinstance(self.prior, StructurePrior):
            raise InvalidParameter(f"a structure prior is a StructurePrior, got {prior!r}")

    @cached_property
    def _each(self) -> Floats:
        """What the prior adds for each edge, row effect, column cause."""
        return np.asarray(self.prior.matrix(self.score.names).T)

    @cached_property
    def _flat(self) -> bool:
        """Whether no edge adds anything."""
        return not self._each.any()

    def _of_prior(self, target: int, parents: int) -> float:
        return float(self._each[target, bits(parents)].sum())

    def of(self, target: int, parents: int) -> float:
        """Of a column given a mask of others."""
        value = self.score.of(target, parents)
        return value if self._flat else value + self._of_prior(target, parents)

    def many(self, target: int, parents: Sequence[int]) -> Floats:
        """Of a column given each of several masks."""
        scores = self.score.local_many([target] * len(parents), parents)
        return np.asarray(scores + [self._of_prior(target, mask) for mask in parents])

    def gains(self, target: int, parents: int) -> Floats:
        """How much it rises with each further parent, shape ``(d,)``; −inf for those a column has."""
        gains = self.score.gains(target, parents)
        return gains if self._flat else np.asarray(gains + self._each[target])

    def total(self, parents: Sequence[int]) -> float:
        """Of a graph, given as each column's mask of parents."""
        return sum(self.of(v, mask) for v, mask in enumerate(parents))
