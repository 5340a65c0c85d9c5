"""Corr2Cause and its extension to more variables, generated with labels that are true.

Up to six variables the classes are taken from the list of all classes, in a random order and with random names;
above, graphs are drawn at random.  The names never follow the causal order.  Every premise is read back and has
to give its class; every label is decided exactly and carries a certificate
(:func:`causalpp.benchmarks.check_certificate`).  Draws depend on the seed, the size and their number alone, so the same
arguments give the same items, whatever the number of processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import combinations
from typing import Any

import numpy as np

from causalpp.equivalence import Cpdag
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import Dag
from causalpp.tasks._random import Source
from causalpp.tasks.corr2cause.candidates import Drawn, Recipe, Row, draw, names_of
from causalpp.tasks.corr2cause.classes import classes
from causalpp.tasks.corr2cause.hypotheses import SEMANTICS, check_relation
from causalpp.tasks.corr2cause.item import RELATIONS, Corr2CauseItem
from causalpp.tasks.corr2cause.labelling import ClassWriter, random_wording
from causalpp.tasks.corr2cause.premises import PREMISES, STATED
from causalpp.tasks.items.benchmark import Benchmark
from causalpp.tasks.items.splits import check_shares, with_splits

__all__ = ["SHARES", "complete_set", "generate"]

#: The shares of the splits.
SHARES: Mapping[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}

_SMALLEST, _LARGEST, _STATED_AT_MOST = 2, 50, 10
_ROUND = 32  # draws made at a time
_IN_VAIN = 10  # rounds without a new item after which the rest is given up,
_IN_VAIN_OF_FEW = 3  # and where there are fewer than 200 classes, whatever the names
_FEW = 4  # variables


def generate(
    sizes: int | Iterable[int],
    rows: int = 1000,
    *,
    seed: int = 0,
    semantics: str = "path",
    expected_degree: float = 2.5,
    positive: float = 0.5,
    relations: Sequence[str] = RELATIONS,
    per_class: int = 12,
    near_misses: float = 0.5,
    premises: str = "auto",
    shares: Mapping[str, float] = SHARES,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Benchmark[Corr2CauseItem]:
    """Items of the sizes asked for, with as many of each relation and label as asked.

    Where there are not enough different items of some relation and label (over two variables nothing is entailed),
    there are fewer rows, and ``.about["short"]`` says which are missing.

    Args:
        sizes: numbers of variables, 2 to 50.
        rows: items of each size.
        seed: of everything random.
        semantics: ``"path"``, ``"direct"`` (see :func:`causalpp.tasks.hypothesis`) or ``"published"``, the labels
            of the published set with their faults, for up to six variables, in its order of the names.
        expected_degree: how many neighbours a variable of a random graph has on average; graphs up to six
            variables are not random.
        positive: the share of items that are entailed, within each relation.
        relations: those to ask about, in equal numbers.
        per_class: the most items about one class and its near miss.
        near_misses: the largest share of items that come in pairs with different labels: about two classes one edge
            apart with equally long premises, or about the same two variables of one class.
        premises: see :func:`causalpp.tasks.premise_of`.
        shares: of the splits; classes are never divided between two of them.
        jobs: processes, through joblib.
        progress: called with the items chosen so far and those wanted.

    Raises:
        InvalidParameter: an argument out of range.

    Example:
        >>> made = generate([4, 7], rows=24, seed=1)
        >>> len(made), sum(item.label for item in made)
        (48, 24)
        >>> item = made.items[30]
        >>> len(item.variables), item.hypothesis, item.label, item.certificate["kind"]
        (7, ..., ..., ...)
    """
    wanted = _check_sizes(sizes)
    _check(rows, seed, semantics, expected_degree, positive, per_class, near_misses, premises, jobs, wanted)
    asked = tuple(dict.fromkeys(check_relation(relation) for relation in relations))
    if not asked:
        raise InvalidParameter("name one relation at least")
    check_shares(shares)
    items: list[Corr2CauseItem] = []
    short: dict[str, int] = {}
    for number, n in enumerate(wanted):
        recipe = Recipe(n, seed, semantics, expected_degree, premises, asked, near_misses > 0)

        def report(done: int, before: int = number * rows) -> None:
            if progress:
                progress(before + done, len(wanted) * rows)

        quota = _Quota(rows, positive, asked, near_misses, per_class)
        chosen = _choose(recipe, quota, jobs, report)
        made = [item for some in _each(_Writing(recipe), chosen, jobs) for item in some]
        items += with_splits(_numbered(made, n), shares, seed)
        short |= {f"n={n} {relation} {label}": left for (relation, label), left in quota.left.items() if left}
        report(rows)
    about = {
        "sizes": list(wanted),
        "rows": rows,
        "seed": seed,
        "semantics": semantics,
        "expected_degree": expected_degree,
        "positive": positive,
        "relations": list(asked),
        "per_class": per_class,
        "near_misses": near_misses,
        "premises": premises,
        "shares": dict(shares),
        "short": short,
    }
    return Benchmark(tuple(items), about)


def complete_set(
    n: int, semantics: str = "path", *, shares: Mapping[str, float] | None = None, seed: int = 0
) -> Benchmark[Corr2CauseItem]:
    """Every class of n variables once, with every pair and relation: Corr2Cause as it was drawn.

    There are 12, 90, 720, 8,520 and 198,090 items for n = 2…6.  The names follow the causal order of each class's
    representative, and only pairs in that order are asked about, as in the published set; so a child or a descendant is
    never entailed.  :func:`generate` has no such flaw.

    Args:
        n: 2 to 6.
        semantics: ``"path"``, ``"direct"`` or ``"published"``.
        shares: of the splits, if any.
        seed: of the splits.

    Raises:
        TooLarge: more than six variables.
        InvalidParameter: less than two, or unknown semantics.

    Example:
        >>> [len(complete_set(n, "published")) for n in (2, 3, 4)]
        [12, 90, 720]
    """
    if semantics not in SEMANTICS:
        raise InvalidParameter(f"unknown semantics {semantics!r}: use one of {', '.join(SEMANTICS)}")
    _check_sizes(n)
    if n > STATED:
        raise TooLarge(f"all classes are listed for at most {STATED} variables, not {n}: use generate")
    if shares is not None:
        check_shares(shares)
    recipe = Recipe(n, seed, semantics, 0.0, "complete")
    names = names_of(n)
    asked = [(relation, a, b) for a, b in combinations(names, 2) for relation in RELATIONS]
    items: list[Corr2CauseItem] = []
    for number, graph in enumerate(classes(n)):
        writer = ClassWriter(Dag.from_adjacency(graph, names), recipe, number)
        items += [writer.item(Row(0, relation, a, b, None)) for relation, a, b in asked]
    made = [replace(item, id=f"n{n}-{k:06d}") for k, item in enumerate(items)]
    about = {"sizes": [n], "complete": True, "semantics": semantics, "seed": seed, "shares": dict(shares or {})}
    return Benchmark(tuple(with_splits(made, shares, seed) if shares else made), about)


# --- choosing -----------------------------------------------------------------------------------------


class _Quota:
    """How many items of each relation and label are still wanted."""

    def __init__(
        self, rows: int, positive: float, relations: Sequence[str], near_misses: float, per_class: int
    ) -> None:
        entailed = round(rows * positive)
        self.left: dict[tuple[str, bool | None], int] = {}
        for label, count, first in ((True, entailed, 0), (False, rows - entailed, entailed)):
            # Those of the one label that are left over go to other relations than those of the other.
            for k, relation in enumerate(relations):
                more = (k - first) % len(relations) < count % len(relations)
                self.left[relation, label] = count // len(relations) + more
        self._coupled = int(near_misses * rows)
        self._per_class = per_class
        self._seen: set[tuple[Any, ...]] = set()

    @property
    def open(self) -> int:
        """How many items are still wanted."""
        return sum(self.left.values())

    def take(self, drawn: Drawn) -> list[Row]:
        """The questions of a draw that are wanted, couples one after the other."""
        out: list[Row] = []
        graphs = [Cpdag.from_dag(dag) for dag in drawn.graphs]
        for bundle in drawn.bundles:
            needed = Counter((row.relation, row.label) for row in bundle)
            if len(out) + len(bundle) > self._per_class or any(self.left[c] < m for c, m in needed.items()):
                continue
            if len(bundle) > 1 and self._coupled < len(bundle):
                continue
            keys = [self._key(graphs[row.graph], row) for row in bundle]
            if self._seen.intersection(keys):
                continue
            self._seen.update(keys)
            self._coupled -= len(bundle) if len(bundle) > 1 else 0
            for cell, count in needed.items():
                self.left[cell] -= count
            out += bundle
        return out

    @staticmethod
    def _key(graph: Cpdag, row: Row) -> tuple[Any, ...]:
        """The same for two questions in the same words, and for those that say the same of mirrored relations."""
        a, b, relation = row.a, row.b, row.relation
        if relation in ("child", "descendant"):
            a, b, relation = b, a, "parent" if relation == "child" else "ancestor"
        if relation in ("collider", "confounder"):
            a, b = sorted((a, b))
        return graph, relation, a, b


def _choose(recipe: Recipe, quota: _Quota, jobs: int, report: Callable[[int], None]) -> list[tuple[Drawn, list[Row]]]:
    out: list[tuple[Drawn, list[Row]]] = []
    rows, start, in_vain = quota.open, 0, 0
    patience = _IN_VAIN_OF_FEW if recipe.n <= _FEW else _IN_VAIN
    while quota.open and in_vain < patience:
        before = quota.open
        for drawn in _each(_Drawing(recipe), range(start, start + _ROUND), jobs):
            taken = quota.take(drawn)
            if taken:
                out.append((drawn, taken))
        start += _ROUND
        in_vain = 0 if quota.open < before else in_vain + 1
        report((rows - quota.open) // 2)  # the other half of the work is writing
    return out


@dataclass(frozen=True)
class _Drawing:
    recipe: Recipe

    def __call__(self, number: int) -> Drawn:
        return draw(self.recipe, number)


@dataclass(frozen=True)
class _Writing:
    recipe: Recipe

    def __call__(self, chosen: tuple[Drawn, list[Row]]) -> list[Corr2CauseItem]:
        drawn, rows = chosen
        random = Source(self.recipe.seed, self.recipe.n, drawn.number, 1)
        writers: dict[int, ClassWriter] = {}
        out: list[Corr2CauseItem] = []
        for row in rows:
            if row.graph not in writers:
                writers[row.graph] = ClassWriter(drawn.graphs[row.graph], self.recipe, drawn.number)
            out.append(writers[row.graph].item(row, random_wording(random)))
        return out


def _each(work: Callable[[Any], Any], parts: Iterable[Any], jobs: int) -> Iterator[Any]:
    """The results in the order of the parts, from several processes if asked."""
    if jobs == 1:
        return map(work, parts)
    joblib = import_module("joblib")
    return iter(joblib.Parallel(n_jobs=jobs, return_as="generator")(joblib.delayed(work)(part) for part in parts))


def _numbered(items: Sequence[Corr2CauseItem], n: int) -> list[Corr2CauseItem]:
    """Items with ids; of a couple, each names the other."""
    out: list[Corr2CauseItem] = []
    waiting: Corr2CauseItem | None = None
    for k, item in enumerate(items):
        named = replace(item, id=f"n{n}-{k:06d}")
        if "near_miss" in named.about and waiting is None:
            waiting = named
            continue
        if waiting is not None:
            out += [replace(waiting, pair=named.id), replace(named, pair=waiting.id)]
            waiting = None
        else:
            out.append(named)
    return out


# --- checks -------------------------------------------------------------------------------------------


def _check_sizes(sizes: int | Iterable[int]) -> tuple[int, ...]:
    some = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    for n in some:
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not _SMALLEST <= n <= _LARGEST:
            raise InvalidParameter(f"items are about {_SMALLEST} to {_LARGEST} variables, not {n!r}")
    if not some:
        raise InvalidParameter("name one number of variables at least")
    return tuple(dict.fromkeys(int(n) for n in some))


def _check(
    rows: int, seed: int, semantics: str, expected_degree: float, positive: float, per_class: int,
    near_misses: float, premises: str, jobs: int, sizes: Sequence[int],
) -> None:  # fmt: skip
    if semantics not in SEMANTICS:
        raise InvalidParameter(f"unknown semantics {semantics!r}: use one of {', '.join(SEMANTICS)}")
    if premises not in PREMISES:
        raise InvalidParameter(f"unknown kind of premise {premises!r}: use one of {', '.join(PREMISES)}")
    if semantics == "published" and max(sizes) > STATED:
        raise InvalidParameter(f"published labels exist for 2 to {STATED} variables, not {max(sizes)}")
    if premises == "complete" and max(sizes) > _STATED_AT_MOST:
        raise InvalidParameter(
            f"complete premises are for at most {_STATED_AT_MOST} variables, not {max(sizes)}: use 'determining'"
        )
    for what, share in (("positive", positive), ("near_misses", near_misses)):
        if not 0 <= share <= 1:
            raise InvalidParameter(f"{what} is a share between 0 and 1, got {share!r}")
    if not expected_degree > 0:
        raise InvalidParameter(f"expected_degree is above 0, got {expected_degree!r}")
    for what, least, value in (("rows", 1, rows), ("per_class", 1, per_class), ("seed", 0, seed)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise InvalidParameter(f"{what} is a whole number from {least} on, got {value!r}")
    if jobs == 0:
        raise InvalidParameter("jobs is a number of processes, or -1 for one a core")
