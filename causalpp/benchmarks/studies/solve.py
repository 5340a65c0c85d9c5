"""Every item of a benchmark put to every solver."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np

from causalpp._plain import plain
from causalpp.benchmarks.keys import seed_of
from causalpp.benchmarks.rows import AnswerRow, SolveRow
from causalpp.benchmarks.runs.units import Outcome, Study, register
from causalpp.benchmarks.solvers import Solution, Solver, make_solver
from causalpp.benchmarks.solvers.symbolic import class_of, meaning_of, standing
from causalpp.errors import CausalppError, InvalidParameter
from causalpp.oracles.language_model import Estimate
from causalpp.tasks import (
    RULES,
    Corr2CauseItem,
    Item,
    YesNo,
    caugym,
    generate,
    load_benchmark,
    perturb,
    read_items,
    rule_answers,
    score,
)
from causalpp.tasks.corr2cause import corr2cause_item

__all__ = ["SOLVE", "GeneratedItems", "GeneratedProblems", "ItemsSettings", "SolveSettings", "chosen_items", "judged"]


@dataclass(frozen=True)
class GeneratedItems:
    """Items made for the run by :func:`causalpp.tasks.corr2cause.generate`, whose arguments these are.

    Attributes:
        sizes: numbers of variables.
        rows: items of each size.
        seed: of the graphs; by default the seed of the run.
        semantics: what the labels mean.
        expected_degree: of the variables.
        positive: the share of items whose hypothesis follows.
    """

    sizes: tuple[int, ...]
    rows: int = 100
    seed: int | None = None
    semantics: Literal["path", "published", "direct"] = "path"
    expected_degree: float = 2.5
    positive: float = 0.5


@dataclass(frozen=True)
class GeneratedProblems:
    """Items made for the run by :func:`causalpp.tasks.caugym.generate`, whose arguments these are.

    Attributes:
        task: ``"caugym"``.
        rows: problems of each set.
        sets, quantities, sizes, stories, twins: see there.
        seed: of everything; by default the seed of the run.
    """

    task: Literal["caugym"]
    rows: int = 70
    sets: tuple[str, ...] = caugym.SETS
    quantities: tuple[str, ...] = caugym.QUANTITIES
    sizes: tuple[int, ...] = (3, 4, 5, 6, 7, 8)
    stories: tuple[str, ...] = tuple(caugym.STORIES)
    twins: bool = True
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class ItemsSettings:
    """What a section of a configuration says of its items.

    Attributes:
        items: a file of items, the name of a benchmark that ships, the items themselves, or how to generate them.
        split: only the items of this split.
        variables: only items with so many variables.
        limit: only so many items, drawn by the seed of the run, each label with the share that it has of all; they stay
            in their order.

    Raises:
        InvalidParameter: a limit that leaves no item.
    """

    items: str | GeneratedItems | GeneratedProblems | tuple[Mapping[str, Any], ...]
    split: str = ""
    variables: tuple[int, ...] | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise InvalidParameter(f"'limit' is a whole number from 1 on, got {self.limit}")


@dataclass(frozen=True, kw_only=True)
class SolveSettings(ItemsSettings):
    """A section of a configuration that puts items to solvers.

    Attributes:
        items, split, variables, limit: as for :class:`ItemsSettings`.
        solvers: names, or mappings with a name under ``solver``, its settings and, if wanted, a ``label``.
        perturb: change names or wording first, which leaves the labels as they are.

    Raises:
        InvalidParameter: no solver, two with the same label, or one with settings that it does not have.
    """

    solvers: tuple[str | Mapping[str, Any], ...]
    perturb: Literal["", "names", "paraphrase"] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.solvers:
            raise InvalidParameter("no solver is named under 'solvers'")
        labels = [label_of(spec) for spec in self.solvers]
        for spec, label in zip(self.solvers, labels):
            make_solver(spec)
            if labels.count(label) > 1:
                raise InvalidParameter(f"two solvers are called {label!r}: give each a 'label' of its own")


def label_of(spec: str | Mapping[str, Any]) -> str:
    """What reports call a solver: its label, or else its name."""
    return spec if isinstance(spec, str) else str(spec.get("label") or spec.get("solver"))


def _source(settings: ItemsSettings, seed: int) -> Iterable[Item]:
    source = settings.items
    if isinstance(source, GeneratedItems):
        chosen = {name: getattr(source, name) for name in ("semantics", "expected_degree", "positive")}
        return generate(source.sizes, source.rows, seed=seed if source.seed is None else source.seed, **chosen)
    if isinstance(source, GeneratedProblems):
        chosen = {name: getattr(source, name) for name in ("sets", "quantities", "sizes", "stories", "twins")}
        return caugym.generate(source.rows, seed=seed if source.seed is None else source.seed, **chosen)
    if not isinstance(source, str):
        return map(Item.from_dict, source)
    if Path(source).exists() or Path(source).suffix:
        return read_items(source)
    return load_benchmark(source)


def chosen_items(settings: ItemsSettings, seed: int) -> Iterator[Item]:
    """The items that a section is about.

    Raises:
        InvalidParameter: there is none.
    """
    fitting = (
        item
        for item in _source(settings, seed)
        if (not settings.split or item.split == settings.split)
        and (settings.variables is None or item.size in settings.variables)
    )
    found = False
    for item in fitting if settings.limit is None else _drawn(list(fitting), settings.limit, seed):
        found = True
        yield item
    if not found:
        raise InvalidParameter(
            f"there is nothing to do: {_told(settings)} has no item"
            + (f" of the split {settings.split!r}" if settings.split else "")
            + (f" with {' or '.join(map(str, settings.variables))} variables" if settings.variables else "")
        )


def _drawn(items: Sequence[Item], limit: int, seed: int) -> list[Item]:
    """So many items at random, of every label its share: the largest remainders get what is left over."""
    if len(items) <= limit:
        return list(items)
    by_label: dict[str, list[int]] = {}
    for number, item in enumerate(items):
        label = item.target.value
        by_label.setdefault(str(label) if isinstance(label, bool) else "", []).append(number)
    shares = {label: limit * len(those) / len(items) for label, those in by_label.items()}
    counts = {label: int(share) for label, share in shares.items()}
    for label in sorted(shares, key=lambda label: (counts[label] - shares[label], label))[
        : limit - sum(counts.values())
    ]:
        counts[label] += 1
    draw = np.random.default_rng(seed_of(seed, "limit", limit))
    chosen = [draw.permutation(those)[: counts[label]] for label, those in sorted(by_label.items())]
    return [items[number] for number in np.sort(np.concatenate(chosen)).tolist()]


def _told(settings: ItemsSettings) -> str:
    return repr(settings.items) if isinstance(settings.items, str) else "what is given under 'items'"


def _plan_solving(settings: SolveSettings, seed: int) -> Iterator[Mapping[str, Any]]:
    solvers = [
        (label_of(spec), dict(make_solver(spec).identity), {"solver": spec} if isinstance(spec, str) else dict(spec))
        for spec in settings.solvers
    ]
    for item in chosen_items(settings, seed):
        module = type(item).__module__
        own = {} if module.partition(".")[0] == "causalpp" else {"module": module}
        if settings.perturb:
            (item,) = perturb([corr2cause_item(item)], settings.perturb, seed=seed)
        plain = item.to_dict()
        plain.pop("certificate", None)
        for label, identity, spec in solvers:
            yield {"item": plain, "label": label, "solver": spec, "identity": identity, **own}


def _solver(parameters: Mapping[str, Any]) -> tuple[Solver, Item, Item]:
    """The solver, the item, and the item as the solver may see it."""
    if "module" in parameters:  # of a kind of one's own, which is known once it is imported
        import_module(parameters["module"])
    item = Item.from_dict(parameters["item"])
    return make_solver(parameters["solver"]), item, item.blind()


def _solve(parameters: Mapping[str, Any]) -> Outcome:
    solver, item, blind = _solver(parameters)
    return _solved(item, solver, solver.solve(blind), parameters["label"])


async def _solve_async(parameters: Mapping[str, Any]) -> Outcome:
    solver, item, blind = _solver(parameters)
    return _solved(item, solver, await solver.solve_async(blind), parameters["label"])


def _estimate(parameters: Mapping[str, Any]) -> Estimate | None:
    solver, _, blind = _solver(parameters)
    return solver.estimate(blind)


def _solver_waits(parameters: Mapping[str, Any]) -> bool:
    return make_solver(parameters["solver"]).waits


def _solved(item: Item, solver: Solver, solution: Solution, label: str) -> Outcome:
    row: SolveRow = {
        "item": item.id,
        "group": item.cluster,
        "variables": item.size,
        **item.facts,  # type: ignore[typeddict-item]
        "split": item.split,
        "pair": item.pair,
        "solver": label,
        "oracle_nature": solver.oracle_nature,
        "oracle": solver.oracle,
        **judged(item, solution.answer),
        **_without_asking(item),
        "confidence": solution.confidence,
        "entailed": solution.entailed,
        "holds": solution.holds,
        "questions": solution.questions,
        "bound": solution.bound,
        "tokens_in": solution.tokens_in,
        "tokens_out": solution.tokens_out,
        "cost": solution.cost,
    }
    row["reason"] = solution.reason or row["reason"]
    timings = {} if solution.seconds is None else {"oracle": solution.seconds}
    rules = {rule: solution.about.get(rule, row.get(rule)) for rule in RULES}  # to the prompt, where there was one
    return Outcome(({**solution.about, **row, **rules},), timings)


def _without_asking(item: Item) -> AnswerRow:
    """The columns that say what can be said of an item by whoever asks nobody."""
    row: AnswerRow = {
        "decided": None, "member_share": None, "listed_earlier": None, "longer_name": None, "alphabetical": None,
    }  # fmt: skip
    if not isinstance(item, Corr2CauseItem):
        return row
    try:
        question = meaning_of(item)
        decided, share = standing(item.premise, question)
    except CausalppError:  # what is in the way of an answer is told where one was tried
        return row
    said = rule_answers(question, class_of(item.premise).nodes)
    return {**row, "decided": decided, "member_share": share, **said}  # type: ignore[typeddict-item]


def judged(item: Item, answer: object) -> AnswerRow:
    """The columns that say how right an answer is: label and answer, or target and what was said, score and outcome."""
    found, right = score(item, answer), item.target.value
    said = plain(getattr(found.answer, "tolist", lambda: found.answer)())
    row: AnswerRow = {"label": None, "answer": None}
    if isinstance(right, bool) or (right is None and isinstance(item.target.scorer, YesNo)):
        row |= {"label": right, "answer": bool(said) if isinstance(said, int) and said in (0, 1) else None}
    else:
        row["target"] = json.dumps(right, ensure_ascii=False)
    if row["answer"] is None and ("target" in row or said is not None):
        row["said"] = None if said is None else json.dumps(said, ensure_ascii=False)
    known = found.outcome not in ("no answer", "not known")
    return {
        **row,
        "score": found.value,
        "outcome": found.outcome,
        "right": found.outcome == "right" if known else None,
        "reason": found.reason or None if "said" in row else None,
    }


def _count_solving(settings: SolveSettings) -> int | None:
    if not isinstance(settings.items, tuple) or settings.split or settings.variables is not None:
        return None
    number = len(settings.items) if settings.limit is None else min(settings.limit, len(settings.items))
    return number * len(settings.solvers)


#: Puts every item to every solver.
SOLVE = register(
    Study(
        "solve",
        1,
        SolveSettings,
        _plan_solving,
        _solve,
        _solve_async,
        waits=_solver_waits,
        count=_count_solving,
        estimate=_estimate,
    )
)
