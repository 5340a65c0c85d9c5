"""The program behind an item, by brute force: every value of the noise, and what all variables are under it.

Of each variable there is one noise value for each interval between neighbouring probabilities of its table: the
variable is 1 where its probability is above the interval.  Nothing here knows of the derivations.
"""

from fractions import Fraction
from itertools import pairwise
from math import prod

import numpy as np


class Exogenous:
    def __init__(self, item, number=float):
        self.number = number
        self.tables = {
            n: (tuple(t["parents"]), [Fraction(p) for p in t["p"]]) for n, t in item.program["tables"].items()
        }
        x, y = item.contrast["treatment"], item.contrast["outcome"]
        needed = {x, y}
        for node in reversed(item.program["nodes"]):
            if node in needed:
                needed.update(self.tables[node][0])
        self.nodes = [node for node in item.program["nodes"] if node in needed]
        self.item, self.x, self.y = item, x, y
        cuts = {n: sorted({Fraction(0), *self.tables[n][1], Fraction(1)}) for n in self.nodes}
        self.levels = {n: cuts[n][:-1] for n in self.nodes}  # where the intervals begin
        self.lengths = {n: [b - a for a, b in pairwise(cuts[n])] for n in self.nodes}

    def _noise(self):
        sizes = [len(self.levels[n]) for n in self.nodes]
        assert prod(sizes) < 5e6
        weight = self._numbers([1]).reshape(())
        noise = {}
        for k, n in enumerate(self.nodes):
            shape = [1] * len(sizes)
            shape[k] = sizes[k]
            noise[n] = self._numbers(self.levels[n]).reshape(shape)
            weight = weight * self._numbers(self.lengths[n]).reshape(shape)
        return noise, weight

    def _numbers(self, some):
        return np.array([self.number(one) for one in some], float if self.number is float else object)

    def world(self, noise, do, natural=()):
        """All variables, some of them set, some of them as in other worlds (node → values)."""
        values = dict(natural)
        for n in self.nodes:
            if n in do:
                values[n] = do[n]
            elif n not in values:
                parents, table = self.tables[n]
                place = 0
                for parent in parents:
                    place = place * 2 + values[parent]
                p = self._numbers(table)[place]
                values[n] = (noise[n] < (p - 1e-12 if self.number is float else p)).astype(int)
        return values

    def answer(self):
        """The quantity that is asked, from all values of the noise."""
        noise, weight = self._noise()
        mean = lambda event: self.number((weight * event).sum())  # noqa: E731
        x, y, item = self.x, self.y, self.item
        actual, one, zero = (self.world(noise, do) for do in ({}, {x: 1}, {x: 0}))
        if item.quantity == "ATE":
            return mean(one[y]) - mean(zero[y])
        if item.quantity == "CDE":
            held = item.contrast["fixed"]
            return mean(self.world(noise, {x: 1, **held})[y]) - mean(self.world(noise, {x: 0, **held})[y])
        if item.quantity == "ETT":
            return mean(actual[x] * (one[y] - zero[y])) / mean(actual[x])
        if item.quantity in ("NDE", "NIE"):
            first, second = (1, zero) if item.quantity == "NDE" else (0, one)
            mediators = {m: second[m] for m in self.between()}
            return mean(self.world(noise, {x: first}, mediators)[y]) - mean(zero[y])
        cells = {(a, b): mean((actual[x] == a) * (actual[y] == b)) for a in (0, 1) for b in (0, 1)}
        return causation(item.quantity, item.bound, cells, mean(one[y]), mean(zero[y]))

    def between(self):
        children = {n: [m for m in self.nodes if n in self.tables[m][0]] for n in self.nodes}

        def below(n):
            return {n}.union(*(below(child) for child in children[n]))

        return {m for m in below(self.x) if self.y in below(m)} - {self.x, self.y}

    def chance(self, event, given):
        """P(event | given) in the program as it is, exactly."""
        wanted = [(p, fits(v, event)) for v, p in self._exactly() if fits(v, given)]
        return sum(p for p, holds in wanted if holds) / sum(p for p, _ in wanted)

    def _exactly(self):
        """What all variables are, and how probable that is, for all values of the noise."""
        worlds = [({}, Fraction(1))]
        for n in self.nodes:
            parents, table = self.tables[n]
            more = []
            for values, weight in worlds:
                code = int("".join(str(values[p]) for p in parents) or "0", 2)
                for level, length in zip(self.levels[n], self.lengths[n], strict=True):
                    more.append(({**values, n: int(level < table[code])}, weight * length))
            worlds = more
        return worlds


def fits(values, wanted):
    return all(values[n] == value for n, value in wanted.items())


def causation(quantity, bound, cells, under_one, under_zero):
    """PN or PS of an explicit model: of each group (X, Y), how many would have the other outcome.

    Of the group X = 1, Y = 1 the share asked for would have Y = 0 under X = 0.  All that limits it is that the units
    with X = 1 who would have Y = 1 under X = 0 are as many as the experiment says, and stand in its group or in
    the other one, X = 1, Y = 0.
    """
    if quantity == "PS":  # the same with all values exchanged
        cells = {(1 - a, 1 - b): p for (a, b), p in cells.items()}
        under_one, under_zero = 1 - under_zero, 1 - under_one
    model = response_model(bound, cells, under_one, under_zero)
    return model[1, "helped"] / cells[1, 1]


def response_model(bound, cells, under_one, under_zero):
    """P(X, kind of response) with the given observational and experimental probabilities, at a bound.

    The kinds: "always" and "never" have Y = 1 or 0 in both cases, "helped" has Y = X and "hurt" Y = 1 − X.
    """
    tiny = 0 if isinstance(under_one, Fraction) else 1e-9
    keep = under_zero - cells[0, 1]  # of X = 1 who would have Y = 1 under X = 0
    gain = under_one - cells[1, 1]  # of X = 0 who would have Y = 1 under X = 1
    always = {
        "lower": min(cells[1, 1], keep),  # as many as there can be would have Y = 1 anyway
        "upper": max(0 * keep, keep - cells[1, 0]),
        "monotone": keep,
    }[bound]
    helped = gain - cells[0, 1] if bound == "monotone" else max(0 * gain, gain - cells[0, 1])
    model = {
        (1, "always"): always,
        (1, "helped"): cells[1, 1] - always,
        (1, "hurt"): keep - always,
        (1, "never"): cells[1, 0] - (keep - always),
        (0, "helped"): helped,
        (0, "always"): gain - helped,
        (0, "hurt"): cells[0, 1] - (gain - helped),
        (0, "never"): cells[0, 0] - helped,
    }
    assert min(model.values()) >= -tiny
    assert abs(sum(model.values()) - 1) <= tiny
    assert abs(sum(p for (_, kind), p in model.items() if kind in ("always", "helped")) - under_one) <= tiny
    assert abs(sum(p for (_, kind), p in model.items() if kind in ("always", "hurt")) - under_zero) <= tiny
    return model
