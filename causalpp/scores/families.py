"""The scores of all families there are: one table, made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from causalpp.errors import InvalidParameter
from causalpp.scores.local import EquivalentScore, LocalScore
from causalpp.scores.table import Floats

__all__ = ["family_scores", "pruned"]

_AT_ONCE = 2048  # sets that one process scores before it comes back
_WORTH = 8 * _AT_ONCE  # sets for which further processes are started


def family_scores(
    score: LocalScore,
    most_parents: int | None = None,
    *,
    processes: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> Floats:
    """The score of every variable given every set of others, shape ``(d, 2^d)``: sets are masks, bit k for column k.

    Args:
        score: of d columns.
        most_parents: larger sets get −inf, and are not scored.
        processes: that score at once, where there is enough to do.
        progress: called with how many sets are scored, and how many there are.

    Returns:
        −inf also where a variable would be among its own parents.

    Raises:
        InvalidParameter: a negative number of parents, or no process.

    Example:
        >>> import pandas as pd
        >>> from causalpp.scores import BDeu
        >>> score = BDeu(pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 1, 1]}))
        >>> table = family_scores(score)
        >>> table.shape, bool(table[1, 0b01] == score.local("b", "a"))
        ((2, 4), True)
    """
    d = score.d
    if not isinstance(processes, int) or processes < 1:
        raise InvalidParameter(f"processes are one or more, got {processes!r}")
    if most_parents is not None and (not isinstance(most_parents, (int, np.integer)) or most_parents < 0):
        raise InvalidParameter(f"most_parents counts variables and cannot be {most_parents!r}")
    most = d if most_parents is None else most_parents
    sets = np.arange(1 << d)
    size = np.bitwise_count(sets)
    out = np.full((d, 1 << d), -np.inf)
    same = [v for v in range(d) if v not in score.set_somewhere]
    parts: list[tuple[LocalScore, list[int]]] = [(score.part(v), [v]) for v in score.set_somewhere]
    parts += [(score, same)] if same else []
    wanted = [
        sets[1:][size[1:] <= most + 1] if isinstance(part, EquivalentScore) else sets[size <= most] for part, _ in parts
    ]
    done, total = 0, sum(map(len, wanted))

    def told(number: int) -> None:
        nonlocal done
        done += number
        if progress is not None:
            progress(done, total)

    for (part, targets), masks in zip(parts, wanted, strict=True):
        if not part.rows:  # in every row it was set: all parents explain it alike
            for v in targets:
                out[v, (size <= most) & (sets >> v & 1 == 0)] = 0.0
        elif isinstance(part, EquivalentScore):
            value = np.zeros(1 << d)
            value[masks] = np.concatenate(list(_chunks(part, masks.tolist(), processes, told)))
            for v in targets:
                parents = sets[(size <= most) & (sets >> v & 1 == 0)]
                out[v, parents] = value[parents | 1 << v] - value[parents]
        else:
            for v in targets:
                parents = masks[masks >> v & 1 == 0]
                out[v, parents] = part.local_many([v] * len(parents), parents.tolist())
                told(len(masks) // max(1, len(targets)))
    return out


def pruned(table: Floats, nats: float = 0.0) -> tuple[Floats, float]:
    """A table without families that are worse than one with some of their parents by more than so many nats.

    Any Dag in which v has the parents P stays one with a part Q of them, and is as much more probable as Q is better:
    so P is in no most probable Dag, and P(v has the parents P | data) ≤ exp(score of P − score of Q).

    Args:
        table: of :func:`family_scores`, with what the prior adds (−inf for what it rules out), shape ``(d, 2^d)``.
        nats: 0 leaves what a search for the best graph needs; more, what a posterior needs up to the bound.

    Returns:
        The table, −inf for what is left out; and a bound of the probability of all Dags that have such a family.

    Raises:
        InvalidParameter: a negative number.

    Example:
        >>> import pandas as pd
        >>> from causalpp.scores import BIC
        >>> draw = np.random.default_rng(0)
        >>> table = family_scores(BIC(pd.DataFrame(draw.normal(size=(500, 4)), columns=list("abcd"))))
        >>> small, left_out = pruned(table, 8.0)
        >>> int((table > -np.inf).sum()), int((small > -np.inf).sum()), round(left_out, 4)
        (32, 28, 0.0008)
    """
    if not nats >= 0:
        raise InvalidParameter(f"the nats by which a family is worse are a number from 0 on, got {nats!r}")
    best = table.copy()
    for k in range(len(table)):
        half = best.reshape(len(table), -1, 2, 1 << k)
        np.maximum(half[:, :, 1], half[:, :, 0], out=half[:, :, 1])
    there = table > -np.inf
    worse = np.where(there, best - np.where(there, table, 0.0), 0.0)
    gone = worse > nats
    return np.where(gone, -np.inf, table), float(min(1.0, np.exp(-worse[gone]).sum()))


def _chunks(
    score: EquivalentScore, sets: Sequence[int], processes: int, told: Callable[[int], None]
) -> Iterator[Floats]:
    """The values of some sets, chunk by chunk."""
    chunks = [sets[k : k + _AT_ONCE] for k in range(0, len(sets), _AT_ONCE)]
    if processes == 1 or len(sets) < _WORTH:
        found = map(score.values, chunks)
    else:
        from joblib import Parallel, delayed

        found = Parallel(n_jobs=processes, return_as="generator")(delayed(score.values)(chunk) for chunk in chunks)
    for values in found:
        told(len(values))
        yield values
