"""Direction log-odds on one scale for several networks, so that indifference about one of them stays what it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Sizes", "on_scale"]

_Floats = NDArray[np.float64]


class Sizes:
    """How large the direction log-odds of each wording are in each network.

    Args:
        frame: a row a pair, with ``network`` and ``by_wording``; see
            :attr:`~causalpp.crosscheck.DirectionCalibration.frame`.

    Example:
        >>> import pandas as pd
        >>> sizes = Sizes(pd.DataFrame({"network": ["x", "x", "y"], "by_wording": [{0: 3.0}, {0: -3.0}, {0: 12.0}]}))
        >>> sizes.usual(), sizes.usual(without="x")
        ({0: 6.0}, {0: 12.0})
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        squares: dict[str, dict[int, list[float]]] = {}
        for network, said in zip(frame["network"], frame["by_wording"], strict=True):
            for wording, value in said.items():
                squares.setdefault(str(network), {}).setdefault(wording, []).append(value * value)
        self._sizes = {
            network: {wording: math.sqrt(sum(found) / len(found)) for wording, found in own.items()}
            for network, own in squares.items()
        }

    def usual(self, without: str | None = None) -> dict[int, float]:
        """The usual size of each wording: the geometric mean of its root mean square over the networks, but for one.

        A network of which a wording says nothing for either direction does not count; a wording that has no other is
        left out.
        """
        found: dict[int, list[float]] = {}
        for network, own in self._sizes.items():
            for wording, size in own.items():
                if size > 0 and network != without:
                    found.setdefault(wording, []).append(math.log(size))
        return {wording: math.exp(math.fsum(logs) / len(logs)) for wording, logs in found.items()}


def on_scale(frame: pd.DataFrame, scales: Mapping[int, float]) -> _Floats:
    """The direction log-odds of each pair: those of every wording over its scale, averaged over the wordings.

    Args:
        frame: as :class:`Sizes` takes it.
        scales: wording → scale; others count as they are.

    Returns:
        One number a pair, nan where nothing was said.

    Example:
        >>> import pandas as pd
        >>> on_scale(pd.DataFrame({"by_wording": [{0: 3.0, 1: 1.0}, {0: -3.0}, {}]}), {0: 3.0, 1: 2.0}).tolist()
        [0.75, -1.0, nan]
    """
    found = [[value / scales.get(wording, 1.0) for wording, value in said.items()] for said in frame["by_wording"]]
    return np.array([math.fsum(values) / len(values) if values else math.nan for values in found], dtype=np.float64)
