"""Measuring an alignment: the accuracy of interchanges, the control, and what the program does not name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp._plain import check_seed
from causalpp._progress import Progress
from causalpp.abstraction.hooks import module_of, read, written
from causalpp.abstraction.interchange import Faithfulness, Interchange, Share, check_changing
from causalpp.abstraction.networks import batches, called, check_evaluating, part_of, random_weights
from causalpp.abstraction.pairs import Pairs, pairs, roots
from causalpp.abstraction.sites import Place, Site
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    import pandas as pd

    from causalpp.abstraction.alignment import Alignment

__all__ = ["measured"]


def measured(
    alignment: Alignment,
    given: Pairs,
    control: int,
    faithfulness: bool,
    idle: Mapping[str, Place],
    seed: int,
) -> Interchange:
    """See :meth:`causalpp.abstraction.Alignment.accuracy`."""
    check_seed(seed)
    if isinstance(control, bool) or not isinstance(control, int) or control < 0:
        raise InvalidParameter(f"control= is a number of random networks, from 0 on, got {control!r}")
    alignment.check(given)
    check_evaluating(alignment.network)
    check_changing(given)
    for place in idle.values():
        module_of(alignment.network, place.site)
    hits = alignment.predicted(given) == given.after
    base = alignment.answered(given.base)
    randomly: list[NDArray[np.bool_]] = []
    with Progress("random weights", control, after=2.0) as bar:
        for number in range(control):
            with random_weights(alignment.network, seed + number):
                randomly.append(alignment.predicted(given) == given.after)
            bar.advance()
    faith = None
    if faithfulness or idle:
        faith = _faithfulness(alignment, given, base, idle if idle else {}, seed)
    return Interchange(
        given,
        hits,
        Share.of(base == given.before),
        tuple(Share.of(found[given.changes]) for found in randomly),
        tuple(Share.of(found) for found in randomly),
        faith,
    )


def _faithfulness(
    alignment: Alignment, given: Pairs, answers: NDArray[np.int64], idle: Mapping[str, Place], seed: int
) -> Faithfulness:
    draw = np.random.default_rng([seed, 5])
    found = {}
    for name, place in idle.items():
        others = given.sources[given.variables[0]]
        one = replace(alignment, sites={given.variables[0]: place})
        changed = one.predicted(replace(given, variables=given.variables[:1]))
        differ = _differ(alignment, given.base, others)
        found[name] = Share.of((changed == answers)[differ])
    return Faithfulness(_same(alignment, given, answers, draw), _complement(alignment, given, answers), found)


def _differ(alignment: Alignment, one: pd.DataFrame, other: pd.DataFrame) -> NDArray[np.bool_]:
    """Where two frames differ in an input of the program."""
    names = list(roots(alignment.program))
    left, right = (frame[names].astype(object).to_numpy() for frame in (one, other))
    return np.asarray((left != right).any(axis=1))


def _same(alignment: Alignment, given: Pairs, answers: NDArray[np.int64], draw: np.random.Generator) -> Share:
    """Interchanges with sources in which each variable has its value in the base."""
    sources, usable = {}, np.ones(len(given), dtype=bool)
    moved = np.zeros(len(given), dtype=bool)
    for name in given.variables:
        # Bases and sources are one pool: what their variable is, is known.
        pool = _stacked(given.base, given.sources[name])
        values = given.values[name].T.reshape(-1)
        order = draw.permutation(len(values))
        rows = np.full(len(given), -1)
        for value in np.unique(given.values[name][:, 0]):
            here = np.flatnonzero(given.values[name][:, 0] == value)
            there = order[values[order] == value]
            rows[here] = there[np.arange(len(here)) % len(there)]
            rows[here] = np.where(rows[here] == here, there[(np.arange(len(here)) + 1) % len(there)], rows[here])
        sources[name] = pool.iloc[rows].reset_index(drop=True)
        moved |= _differ(alignment, given.base, sources[name])
    usable &= moved
    if not usable.any():
        return Share(0, 0)
    again = replace(given, sources=sources).take(usable)
    return Share.of(alignment.predicted(again) == answers[usable])


def _stacked(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([one, other], ignore_index=True)


def _complement(alignment: Alignment, given: Pairs, answers: NDArray[np.int64]) -> Share:
    """The rest of the sites' modules from another input, with which the program's label stays the base's."""
    wholes = _wholes(alignment, given)
    if not wholes:
        return Share(0, 0)
    other = given.sources[given.variables[0]]
    reverse = pairs(
        alignment.program,
        given.variables,
        seed=given.seed,
        outcome=given.outcome,
        base=other,
        sources=dict.fromkeys(given.variables, given.base),
    )
    rows = (reverse.after == given.before) & _differ(alignment, given.base, other)
    if not rows.any():
        return Share(0, 0)
    some = given.take(rows)
    inputs = alignment.encode(some.base), alignment.encode(some.sources[given.variables[0]])
    out = []
    with torch.no_grad():
        for part in batches(len(some), alignment.batch):
            base, rest = (part_of(one, part) for one in inputs)
            whole = read(alignment.network, _named(wholes), rest)
            new: dict[Place, Tensor] = {wholes[int(number)]: values for number, values in whole.items()}
            # The sites come after the wholes that contain them, and so have the last word.
            for name, values in alignment.read(base, given.variables).items():
                new[alignment.sites[name]] = values
            with written(alignment.network, new):
                output: Any = called(alignment.network, base)
            out.append(alignment.scores(output, part.stop - part.start).argmax(1).cpu().numpy())
    return Share.of(np.concatenate(out) == answers[rows])


def _named(wholes: list[Site]) -> dict[str, Site]:
    return {str(number): whole for number, whole in enumerate(wholes)}


def _wholes(alignment: Alignment, given: Pairs) -> list[Site]:
    """The whole outputs of which the sites are a part, each once; none where a site is all of its module's."""
    found: dict[tuple[Any, ...], Site] = {}
    for name in given.variables:
        place = alignment.sites[name]
        site = place.site
        key = (site.module, site.head, site.input, site.position)
        if site.units is not None or place is not site:
            found[key] = Site(site.module, position=site.position, head=site.head, input=site.input)
    return list(found.values())
