"""Sums over all Dags at once, by dynamic programming over sets of variables.

The weight of a Dag is a product over its variables, each with a weight for each set of parents; in what follows
α_v(U) is the sum of v's weights over the parents within U.  Z(S) is the sum over all Dags of the variables S, and
H(S) the sum over all ways to go on from S: over the families of the others, which may have parents in S.  Both follow
by inclusion and exclusion, over the variables T that have no children among S, or no parents beside those in S
(Robinson, in *New Directions in the Theory of Graphs*, 1973; Tian & He, UAI 2009):

    Z(S) = Σ (−1)^(|T|+1) Z(S∖T) Π α_v(S∖T)  over T ⊆ S,        H(S) = Σ (−1)^(|T|+1) H(S∪T) Π α_v(S)  over T ⊆ V∖S,

T never empty and v running over T: 3^d terms each.  Each term is the weight of some Dags of S (or ways to go on) and so
no larger than the whole, and each value is kept as a multiple of that of the best order of its variables, which is
within d! of it: so nothing overflows, and only digits of numbers of like size cancel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Sums", "Watch", "within"]

Floats = NDArray[np.float64]
Masks = NDArray[np.int64]
#: Told what is done, how much of it, and how much there is.
Watch = Callable[[str, int, int], None]

_NEVER = -1e300  # the logarithm of zero where differences are taken
_AT_ONCE = 1 << 20  # terms that are held at once


def within(values: Floats, combine: Callable[..., Floats] = np.logaddexp) -> Floats:
    """For every set, what ``combine`` makes of the values of all its subsets; sets are masks, the last axis.

    Args:
        values: shape ``(…, 2^d)``, which is overwritten.
        combine: an associative, commutative ``numpy`` function of two arrays that takes ``out``.

    Example:
        >>> within(np.array([1.0, 2.0, 3.0, 4.0]), np.add)
        array([ 1.,  3.,  4., 10.])
    """
    size = values.shape[-1]
    for k in range(size.bit_length() - 1):
        half = values.reshape(*values.shape[:-1], -1, 2, 1 << k)
        combine(half[..., 1, :], half[..., 0, :], out=half[..., 1, :])
    return values


@dataclass(frozen=True)
class Sums:
    """The sums over all Dags of d variables.

    Attributes:
        weights: the logarithm of the weight of each family, −inf for those that cannot be: variable, and parents as a
            mask, shape ``(d, 2^d)``.  What stands where a variable would be its own parent is not looked at.
        watch: told how far it is.
    """

    weights: Floats
    watch: Watch = lambda *_: None

    def __getstate__(self) -> dict[str, Floats]:
        """What is written: whoever watches is not, nor what can be summed again."""
        return {"weights": self.weights}

    def parts(self) -> dict[str, Floats]:
        """The weights, and what took long to sum: of what is looked at, as arrays."""
        scale, onwards, law = self._onwards
        kept = self._possible
        return {
            "weights": self.weights[kept].reshape(self.d, -1),
            "up_to": np.array(self.up_to),
            "onwards": np.array([scale, onwards]),
            "law": law[kept].reshape(self.d, -1),
        }

    @classmethod
    def of_parts(cls, parts: Mapping[str, Floats]) -> Sums:
        """The inverse of :meth:`parts`.

        Raises:
            ValueError: the arrays do not belong together, or a number in them is none that sums have.
        """
        weights, up_to, onwards, law = (parts[name] for name in ("weights", "up_to", "onwards", "law"))
        d = len(weights)
        shapes = [(d, 1 << d - 1), (2, 1 << d), (2, 1 << d), (d, 1 << d - 1)]
        if [part.shape for part in (weights, up_to, onwards, law)] != shapes:
            raise ValueError("arrays of other shapes than those of sums")
        if not (weights < np.inf).all() or not all(np.isfinite(part).all() for part in (up_to, onwards, law)):
            raise ValueError("numbers that are not finite")
        out = cls(np.full((d, 1 << d), -np.inf))
        out.weights[out._possible] = weights.ravel()
        whole = np.zeros_like(out.weights)
        whole[out._possible] = law.ravel()
        out.__dict__.update(up_to=(up_to[0], up_to[1]), _onwards=(onwards[0], onwards[1], whole))
        return out

    @property
    def _possible(self) -> NDArray[np.bool_]:
        """Where a variable is not its own parent, shape ``(d, 2^d)``."""
        return np.asarray((self.sets >> np.arange(self.d)[:, None] & 1) == 0)

    @property
    def d(self) -> int:
        """How many variables there are."""
        return len(self.weights)

    @cached_property
    def sets(self) -> Masks:
        """All sets as masks."""
        return np.arange(1 << self.d)

    @cached_property
    def by_size(self) -> list[Masks]:
        """The sets of 0, 1, …, d variables."""
        size = np.bitwise_count(self.sets)
        return [np.flatnonzero(size == k) for k in range(self.d + 1)]

    @cached_property
    def within(self) -> Floats:
        """The logarithm of α_v(U), shape ``(d, 2^d)``."""
        out = self.weights.copy()
        for v in range(self.d):
            out[v, self.sets >> v & 1 == 1] = -np.inf
            within(out[v])
        return out

    @cached_property
    def up_to(self) -> tuple[Floats, Floats]:
        """Of each set S the logarithm of the best order of it, and Z(S) as a multiple of that, ``(2^d,)`` each."""
        scale = self._best_orders(first=True)
        out = np.zeros(1 << self.d)
        out[0] = 1.0
        for k, sets in enumerate(self.by_size[:-1]):
            self.watch("sets of variables summed", k, 2 * self.d)
            for some, reached, log_term, sign in self._terms(sets):
                log_term += scale[some, None]
                log_term -= scale[reached]
                terms = sign * np.exp(log_term, out=log_term) * out[some, None]
                terms[:, 0] = 0.0
                out += np.bincount(reached.ravel(), terms.ravel(), minlength=len(out))
        return scale, out

    @cached_property
    def _onwards(self) -> tuple[Floats, Floats, Floats]:
        """As :attr:`up_to` of H(S), and P(the non-descendants of v are U), shape ``(d, 2^d)``."""
        (scale_z, z), scale = self.up_to, self._best_orders(first=False)
        out = np.zeros(1 << self.d)
        out[-1] = 1.0
        law = np.zeros_like(self.weights)
        for k in range(self.d - 1, -1, -1):
            self.watch("sets of variables summed", 2 * self.d - k, 2 * self.d)
            for some, reached, log_term, sign in self._terms(self.by_size[k]):
                log_term += scale[reached]
                log_term -= scale[some, None]
                terms = sign * np.exp(log_term, out=log_term) * out[reached]
                terms[:, 0] = 0.0
                out[some] = terms.sum(1)
                share = z[some] * np.exp(scale_z[some] + scale[some] - self.log_total)
                free = self._free(some)
                for place in range(free.shape[1]):  # the terms in which the variable at this place takes part
                    law[free[:, place], some] = share * terms[:, 1::2].sum(1)
                    terms = terms[:, ::2] + terms[:, 1::2]
        return scale, out, law.clip(min=0.0)

    @property
    def onwards(self) -> tuple[Floats, Floats]:
        """Of each set S the logarithm of the best way to go on, and H(S) as a multiple of that, ``(2^d,)`` each."""
        return self._onwards[:2]

    @property
    def log_total(self) -> float:
        """The logarithm of the sum over all Dags; −inf if there is none."""
        scale, z = self.up_to
        return float(scale[-1] + np.log(z[-1])) if z[-1] > 0 else -np.inf

    @property
    def non_descendants(self) -> Floats:
        """P(all of U, and no others, are neither v nor descend from it), shape ``(d, 2^d)``: the sum over U is one.

        It is Z(U) α_v(U) / Z(V) times the ways to go on from U and v in which whatever comes next has v as a parent.
        Given U, the parents of v are distributed as their weights, within U.
        """
        return self._onwards[2]

    @cached_property
    def families(self) -> Floats:
        """P(the parents of v are P), shape ``(d, 2^d)``."""
        out = self.non_descendants.copy()
        inner = np.maximum(self.within, _NEVER)
        for v in range(self.d):
            for k in range(self.d):
                if k == v:
                    continue
                part = out[v].reshape(-1, 2, 1 << k)
                above = inner[v].reshape(-1, 2, 1 << k)
                part[:, 0] += part[:, 1] * np.exp(above[:, 0] - above[:, 1])
        return out * np.exp(self.weights - inner, where=self.weights > -np.inf, out=np.zeros_like(out))

    @cached_property
    def edges(self) -> Floats:
        """P(u is a parent of v), shape ``(d, d)``: row u, column v."""
        return np.array(
            [[self.families[v, self.sets >> u & 1 == 1].sum() for v in range(self.d)] for u in range(self.d)]
        )

    @cached_property
    def paths(self) -> Floats:
        """P(v descends from u), shape ``(d, d)``: row u, column v; zero for u itself."""
        out = np.array(
            [[self.non_descendants[u, self.sets >> v & 1 == 0].sum() for v in range(self.d)] for u in range(self.d)]
        )
        np.fill_diagonal(out, 0.0)
        return out

    def going_on(self, sets: Masks) -> tuple[Masks, Floats]:
        """For C sets U of one size: the m variables outside each, and H(U ∪ T) Π α_v(U) for every T outside.

        Shapes ``(C, m)`` and ``(C, 2^m)``, each row as a multiple of something of its own; bit i of the column's number
        says whether the i-th variable outside is in T.
        """
        scale, h = self.onwards
        parts = [
            np.exp(log_term + scale[reached] - scale[some, None]) * h[reached]
            for some, reached, log_term, _ in self._terms(sets)
        ]
        return self._free(sets), np.concatenate(parts)

    # --- in batches of sets ------------------------------------------------------------------------------

    def _free(self, sets: Masks) -> Masks:
        """The variables outside of each of some sets of one size, shape ``(C, m)``."""
        outside = (sets[:, None] >> np.arange(self.d) & 1) == 0
        return np.nonzero(outside)[1].reshape(len(sets), -1)

    def _terms(self, sets: Masks) -> Iterator[tuple[Masks, Masks, Floats, Floats]]:
        """For sets U of one size and all T outside: U, shape ``(C,)``; U ∪ T and log Π α_v(U), ``(C, 2^m)``; the sign.

        Of each row, bit i of the column's number says whether the i-th of the variables outside is in T.
        """
        m = self.d - int(sets[0]).bit_count()
        sign = np.where(np.bitwise_count(np.arange(1 << m)) & 1, 1.0, -1.0)
        for some in np.array_split(sets, -(-(len(sets) << m) // _AT_ONCE)):
            free = self._free(some)
            reached, log_term = some[:, None], np.asarray(np.zeros((len(some), 1)))
            for i in range(m):
                v = free[:, i]
                reached = np.concatenate([reached, reached | (1 << v)[:, None]], 1)
                log_term = np.concatenate([log_term, log_term + self.within[v, some][:, None]], 1)
            yield some, reached, log_term, sign

    def _best_orders(self, *, first: bool) -> Floats:
        """The logarithm of the largest product of α over the orders of a set (or of its complement, after it)."""
        out = np.full(1 << self.d, -np.inf)
        out[0 if first else -1] = 0.0
        for sets in self.by_size[1:] if first else self.by_size[-2::-1]:
            for v in range(self.d):
                some = sets[(sets >> v & 1 == 1) == first]
                rest, here = (some ^ 1 << v, some) if first else (some, some ^ 1 << v)
                known = out[rest] if first else out[here]
                out[some] = np.maximum(out[some], known + self.within[v, rest])
        return np.asarray(np.maximum(out, _NEVER))
