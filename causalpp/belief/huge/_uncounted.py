"""What the beliefs over classes that are not listed have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence

from causalpp.belief.alternatives import NoneOfThese
from causalpp.belief.belief import Belief
from causalpp.belief.channels.base import Channel
from causalpp.belief.explanation import Explanation
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles import Answer

__all__ = ["explained", "only_related"]

_TINY = 1e-300


def only_related(belief: Belief, kinds: dict[str, float]) -> NoneOfThese:
    """Whether the answers have to do with the graph; there are too many graphs one edge away to compare with.

    Args:
        belief: any one under the same channel.
        kinds: how probable each kind of oracle is.
    """
    before = belief._kinds_before
    if not 0 < before < 1:
        return NoneOfThese(None, None, None, 0)
    odds = math.log(max(1 - kinds["unrelated"], _TINY)) - math.log(max(kinds["unrelated"], _TINY))
    return NoneOfThese(None, None, odds - math.log((1 - before) / before), 0)


def explained(nodes: Sequence[str], channel: Channel, answers: Sequence[Answer], a: Dag, b: Dag) -> Explanation:
    """Which answers speak for one graph against another that was as probable before them."""
    pair = DagBatch.from_dags([a, b], nodes=nodes)
    return Belief.uniform(pair, channel).update(answers).explain(a, b)
