"""Axiomatic training: chains of three to six variables are learned, and longer and branching graphs asked about.

The claim (Vashishtha et al. 2025, arXiv 2407.07612): a model trained from scratch on demonstrations of the axiom of
transitivity, linear chains with some links turned about, carries it to longer chains, other orders, longer names and
branching graphs.  Theirs writes and has 67 million parameters; here it is a small encoder whose attention goes over
sentences, whatever their order, and, where asked for, a small decoder.
"""

from __future__ import annotations

import json
import os
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp import training
from causalpp._files import write_text
from causalpp.benchmarks.studies.claims.answers import Claim, claimed, shuffled
from causalpp.errors import InvalidParameter
from causalpp.tasks import Item, transitivity

__all__ = ["AXIOM_LEARNERS", "axiom_study", "axiom_tests"]

#: Who is asked; a decoder takes longer, and is left out unless it is named.
AXIOM_LEARNERS = ("encoder", "shuffled labels", "random weights", "first mentioned", "more effects", "always no")
_ALSO = ("decoder",)
_TEST_SEED = 1_000  # items that are learned from have seeds from 0 on


def axiom_study(
    folder: str | os.PathLike[str],
    learners: Sequence[str] = AXIOM_LEARNERS,
    *,
    items: int = 60_000,
    steps: int = 2500,
    parameters: float = 2e5,
    symbols: tuple[int, int] = (1, 1),
    per_test: int = 300,
    seeds: int = 3,
    progress: bool | None = None,
) -> Claim:
    """Train on short chains, and ask about graphs of other kinds.

    Args:
        folder: for checkpoints and answers: the same call goes on from what is there.
        learners: of :data:`AXIOM_LEARNERS`, or ``"decoder"``.
        items: to learn from, of chains of 3 to 6 variables.
        steps: of the optimiser, of 64 items.
        parameters: of a model.
        symbols: of a name, at least and at most, in what is learned; longer names have eight to ten.
        per_test: items of each test.
        seeds: trainings of each learner that learns; of controls there is one, of a quarter of the steps.  More can be
            added later.
        progress: False shows no bar.

    Raises:
        InvalidParameter: an unknown learner; the folder holds another study.
    """
    for name in learners:
        if name not in (*AXIOM_LEARNERS, *_ALSO):
            raise InvalidParameter(f"unknown learner {name!r}: use {', '.join((*AXIOM_LEARNERS, *_ALSO))}")
    settings = {
        "name": "axiom", "items": items, "steps": steps, "parameters": parameters, "symbols": list(symbols),
        "per_test": per_test,
    }  # fmt: skip
    place = Path(folder).expanduser()
    claimed(place, settings)
    learn, tests = transitivity(items, symbols=symbols, seed=0).items, axiom_tests(per_test, symbols)
    rows: list[dict[str, Any]] = []
    for seed in range(seeds):
        for name in learners:
            if seed and name not in ("encoder", "decoder"):
                continue
            kept = place / "answers" / f"{name.replace(' ', '-')}-{seed}.json"
            if not kept.is_file():
                taught = _taught(name, learn, steps, parameters, seed, place, progress)
                found = [
                    {
                        "solver": name, "test": test, "item": item.id, "group": item.id, "seed": seed,
                        "variables": item.size, "right": float(yes == item.target.value),
                    }
                    for test, asked in tests.items()
                    for item, yes in zip(asked, _said(name, taught, asked), strict=True)
                ]  # fmt: skip
                kept.parent.mkdir(exist_ok=True)
                write_text(kept, json.dumps(found))
            rows += json.loads(kept.read_text(encoding="utf-8"))
    return Claim(tuple(rows), settings)


def axiom_tests(rows: int = 300, symbols: tuple[int, int] = (1, 1)) -> dict[str, tuple[Item, ...]]:
    """The tests: each changes one thing of what is learned.

    Example:
        >>> list(axiom_tests(4))[:2], axiom_tests(4)["shuffled"][0].prompt.startswith("Known. ")
        (['as learned', '7–9'], True)
    """

    def made(**changed: Any) -> tuple[Item, ...]:
        return transitivity(rows, **{"symbols": symbols, "seed": _TEST_SEED, **changed}).items

    return {
        "as learned": made(),
        "7–9": made(variables=range(7, 10)),
        "10–12": made(variables=range(10, 13)),
        "13–15": made(variables=range(13, 16)),
        "turned links, 7–15": _turned(made(variables=range(7, 16), flips=0.5)),
        "told from the end": made(order="reversed"),
        "shuffled": made(order="shuffled"),
        "branching 1.4": made(shape="branching", variables=range(5, 13), density=1.4),
        "branching 2.0": made(shape="branching", variables=range(5, 13), density=2.0),
        "longer names": made(symbols=(8, 10)),
    }


def _turned(items: Sequence[Item]) -> tuple[Item, ...]:
    """Those of the chains of which some links are turned about: who was mentioned first says little there."""
    return tuple(item for k, item in enumerate(items) if k % 4 > 1)


def _taught(
    name: str, items: Sequence[Item], steps: int, parameters: float, seed: int, place: Path, progress: bool | None
) -> Any:
    """The model of a learner; None for a rule."""
    if name not in ("encoder", "decoder", "shuffled labels", "random weights"):
        return None
    tokenizer = training.word_tokenizer(
        training.texts_of(items[:500]), also=[*string.ascii_lowercase, "0"], blanks=name == "decoder"
    )
    how: dict[str, Any] = {"steps": steps, "batch_size": 64, "seed": seed, "progress": progress, "save_every": 250}
    if name == "decoder":
        begin = training.small_decoder(tokenizer, parameters=parameters, seed=seed)
        return training.sft(begin, items, place / f"decoder-{seed}", learning_rate=1e-3, **how)
    begin = training.small_encoder(tokenizer, parameters=parameters, layers=4, seed=seed)
    if name == "random weights":
        return begin
    learn = list(items)
    if name == "shuffled labels":
        learn, how["steps"] = shuffled(items, seed), max(1, steps // 4)
    return training.classify(begin, learn, place / f"{name.replace(' ', '-')}-{seed}", learning_rate=2e-3, **how)


def _said(name: str, taught: Any, items: Sequence[Item]) -> NDArray[np.bool_]:
    if taught is not None:
        return np.asarray(training.probabilities(taught, items) > 0.5)
    rule = {"first mentioned": "first_mentioned_first", "more effects": "more_effects"}.get(name)
    return np.array([rule is not None and bool(item.about[rule]) for item in items])
