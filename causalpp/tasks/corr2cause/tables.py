"""Which relations hold between all pairs of variables, in many graphs at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidParameter
from causalpp.tasks.corr2cause.hypotheses import SEMANTICS

__all__ = ["relation_tables"]

_Bools = NDArray[np.bool_]


def relation_tables(adjacency: _Bools, semantics: str = "path") -> _Bools:
    """Which relations hold between all pairs of variables.

    Args:
        adjacency: Dags of shape ``(N, n, n)``.
        semantics: ``"path"`` or ``"direct"`` (see :func:`causalpp.tasks.hypothesis`), or ``"published"``, which is
            ``"path"`` but for common causes, of which only parents of the second variable count.

    Returns:
        Booleans of shape ``(6, N, n, n)``, by relation, graph, a and b; nothing holds of a variable and itself.

    Raises:
        InvalidParameter: unknown semantics.

    Example:
        >>> fork = np.array([[[0, 1, 1], [0, 0, 0], [0, 0, 0]]], dtype=bool)
        >>> relation_tables(fork)[5, 0].astype(int).tolist()  # a common cause
        [[0, 0, 0], [0, 0, 1], [0, 1, 0]]
    """
    if semantics not in SEMANTICS:
        raise InvalidParameter(f"unknown semantics {semantics!r}: use one of {', '.join(SEMANTICS)}")
    step = adjacency.astype(np.float32)
    reach = _closure(step)
    long = step @ reach > 0
    if semantics == "direct":
        ancestor = (reach > 0) & ~(adjacency | adjacency.transpose(0, 2, 1))
        collider = np.asarray(step @ step.transpose(0, 2, 1) > 0)
        confounder = np.asarray(step.transpose(0, 2, 1) @ step > 0)
    else:
        ancestor = long
        n = adjacency.shape[-1]
        # around[:, b]: reach in the graph without b, of shape (N, n, n, n).
        kept = ~np.eye(n, dtype=bool)
        around = _closure(step[:, None] * (kept[:, :, None] & kept[:, None, :])) > 0
        to, back = around.transpose(0, 2, 3, 1), around.transpose(0, 3, 2, 1)  # [k, a, b] and [k, a, b] of the mirror
        collider = np.asarray((back & back.transpose(0, 1, 3, 2)).any(1))
        if semantics == "path":
            confounder = np.asarray((to & to.transpose(0, 1, 3, 2)).any(1))
        else:
            confounder = np.asarray((to & adjacency[:, :, None, :]).any(1))
    out = np.stack(
        [adjacency, adjacency.transpose(0, 2, 1), ancestor, ancestor.transpose(0, 2, 1), collider, confounder]
    )
    diagonal = np.arange(adjacency.shape[-1])
    out[:, :, diagonal, diagonal] = False
    return out


def _closure(step: NDArray[np.float32]) -> NDArray[np.float32]:
    """One where a directed path of length ≥ 1 leads."""
    reach, length = step, 1
    while length < step.shape[-1]:
        reach = ((reach + reach @ reach) > 0).astype(np.float32)
        length *= 2
    return reach
