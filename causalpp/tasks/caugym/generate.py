"""CauGym, generated: word problems about seven causal quantities, each with its twin in letters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from causalpp.errors import InvalidParameter
from causalpp.tasks._random import Source
from causalpp.tasks.caugym.drawing import LARGEST, SMALLEST, draw, mediated
from causalpp.tasks.caugym.item import BOUNDS, QUANTITIES, SETS, CauGymItem
from causalpp.tasks.caugym.problem import Problem
from causalpp.tasks.caugym.scorers import CauGym
from causalpp.tasks.caugym.sets import PERTURBATIONS
from causalpp.tasks.caugym.stories import LETTERS, STORIES, Story, letter_phrases, phrases
from causalpp.tasks.caugym.wording import Names, render
from causalpp.tasks.items.benchmark import Benchmark
from causalpp.tasks.items.item import Target
from causalpp.tasks.items.splits import check_shares, with_splits

__all__ = ["SHARES", "generate", "write"]

#: The shares of the splits.
SHARES: Mapping[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}

_SIZES = tuple(range(SMALLEST + 1, LARGEST + 1))
_TRIES = 200  # drawings for one item


def generate(
    rows: int = 700,
    *,
    quantities: Sequence[str] = QUANTITIES,
    sets: Sequence[str] = ("plain",),
    sizes: int | Iterable[int] = _SIZES,
    stories: Sequence[str] = tuple(STORIES),
    twins: bool = True,
    seed: int = 0,
    shares: Mapping[str, float] = SHARES,
    progress: Callable[[int, int], None] | None = None,
) -> Benchmark[CauGymItem]:
    r"""Word problems with exact answers, as many of each quantity.

    A problem depends on the seed, its quantity and its number alone: where a set does not need problems of its own
    kind, items of two sets with the same quantity and number are about the same program.

    Args:
        rows: problems of each set; each makes one item, and its twin.
        quantities: those to ask about, out of :data:`QUANTITIES`.
        sets: those to make, out of :data:`SETS`.
        sizes: numbers of variables, 2 to 8; quantities with a mediator have 3 at least.
        stories: word lists, out of :data:`STORIES`.
        twins: whether every item is followed by its twin, the same problem about letters.
        seed: of everything random.
        shares: of the splits; a program is never divided between two of them.
        progress: called with the problems made so far and those wanted.

    Raises:
        InvalidParameter: an argument out of range.

    Example:
        >>> made = generate(14, seed=1)
        >>> len(made), made.items[0].pair == made.items[1].id, made.items[0].target == made.items[1].target
        (28, True, True)
        >>> print(made.items[1].prompt.split("\n\n")[0])
        Imagine a world in which only what is said here matters. In it, a unit either has ...
    """
    numbers = _check_sizes(sizes)
    _check(rows, seed, quantities, sets, stories, numbers)
    check_shares(shares)
    rows, seed = int(rows), int(seed)
    items: list[CauGymItem] = []
    seen: set[bytes] = set()
    for place, name in enumerate(sets):
        for k in range(rows):
            quantity, number = quantities[k % len(quantities)], k // len(quantities)
            items += _items(name, quantity, number, numbers, stories, seed, seen, twins)
            if progress and (k + 1 == rows or k % 50 == 0):
                progress(place * rows + k + 1, rows * len(sets))
    about = {
        "rows": rows,
        "quantities": list(quantities),
        "sets": list(sets),
        "sizes": list(numbers),
        "stories": list(stories),
        "twins": twins,
        "seed": seed,
        "shares": dict(shares),
    }
    return Benchmark(tuple(with_splits(items, shares, seed)), about)


def _items(
    name: str, quantity: str, number: int, sizes: Sequence[int], stories: Sequence[str], seed: int,
    seen: set[bytes], twins: bool,
) -> list[CauGymItem]:  # fmt: skip
    """The item of one set, quantity and number, and its twin."""
    perturbation = PERTURBATIONS[name]
    bound = BOUNDS[number % len(BOUNDS)] if quantity in ("PN", "PS") else ""
    fitting = [n for n in sizes if n >= _least(quantity, name)]
    for attempt in range(_TRIES):
        key = (seed, QUANTITIES.index(quantity), number, attempt, int(perturbation.confounded))
        random = Source(*key)
        size = fitting[random.below(len(fitting))]
        drawn = draw(quantity, bound, size, random, confounded=perturbation.confounded)
        story = STORIES[stories[random.below(len(stories))]]
        things = [story.things[k] for k in sorted(random.order(len(story.things))[:size])]
        problem = perturbation.change(drawn, Source(*key, 1 + SETS.index(name)))
        if problem is None:
            continue
        names = {node: phrases(thing) for node, thing in zip(drawn.model.nodes, things, strict=True)}
        identity = f"caugym-{seed}-{name}-{quantity}-{number:05d}"
        about = {"seed": seed, "number": number, **problem.about}
        item = write(problem, story, names, identity, name, about)
        out = [item]
        if twins:
            letters = {node: letter_phrases(node) for node in drawn.model.nodes}
            twin = f"{identity}-letters"
            other = replace(item, id=twin, pair=identity, names=letters, prompt=render(problem, LETTERS, letters))
            out = [replace(item, pair=twin), replace(other, about={**item.about, "story": LETTERS.name})]
        texts = {hashlib.blake2b(each.prompt.encode(), digest_size=16).digest() for each in out}
        if seen.isdisjoint(texts):
            seen.update(texts)
            return out
    raise AssertionError(f"no item of the set {name!r} about {quantity} in {_TRIES} tries")


def write(
    problem: Problem, story: Story, names: Names, identity: str, name: str, about: Mapping[str, Any]
) -> CauGymItem:
    """A problem as an item of a set, without its twin."""
    program = problem.model.to_dict()
    group = hashlib.blake2b(json.dumps(program).encode(), digest_size=8).hexdigest()
    target: dict[str, str | None] = {"ANSWER": "insufficient", "PROB": None}
    if problem.determined:
        target = {"ANSWER": problem.answer, "PROB": str(problem.value)}
    return CauGymItem(
        identity,
        render(problem, story, names),
        Target(target, CauGym()),
        quantity=problem.quantity,
        bound=problem.bound,
        set=name,
        program=program,
        contrast=problem.contrast.to_dict(),
        figures=tuple(figure.to_dict() for figure in problem.figures),
        names=names,
        derivation=tuple(problem.solution()) if problem.determined else (),
        group=group,
        about={**about, "story": story.name},
    )


def _least(quantity: str, name: str) -> int:
    """Treatment and outcome, a mediator, a common cause."""
    return SMALLEST + mediated(quantity) + PERTURBATIONS[name].confounded


def _check_sizes(sizes: int | Iterable[int]) -> tuple[int, ...]:
    some = tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)
    for n in some:
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not SMALLEST <= n <= LARGEST:
            raise InvalidParameter(f"items are about {SMALLEST} to {LARGEST} variables, not {n!r}")
    if not some:
        raise InvalidParameter("name one number of variables at least")
    return tuple(dict.fromkeys(int(n) for n in some))


def _check(
    rows: int, seed: int, quantities: Sequence[str], sets: Sequence[str], stories: Sequence[str], sizes: Sequence[int]
) -> None:
    for what, some, known in (
        ("quantity", quantities, QUANTITIES), ("set", sets, tuple(PERTURBATIONS)), ("story", stories, tuple(STORIES)),
    ):  # fmt: skip
        if isinstance(some, str) or not some:
            raise InvalidParameter(f"name one {what} at least, in a list, out of {', '.join(known)}")
        for name in some:
            if name not in known:
                raise InvalidParameter(f"there is no {what} {name!r}: use {', '.join(known)}")
        if len(set(some)) < len(some):
            raise InvalidParameter(f"a {what} is named twice: {', '.join(some)}")
    for quantity in quantities:
        for name in sets:
            if max(sizes) < _least(quantity, name):
                what = f"{quantity} in the set {name!r} needs {_least(quantity, name)} variables at least"
                raise InvalidParameter(f"{what}: add a larger size")
    for what, least, value in (("rows", 1, rows), ("seed", 0, seed)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise InvalidParameter(f"{what} is a whole number from {least} on, got {value!r}")
