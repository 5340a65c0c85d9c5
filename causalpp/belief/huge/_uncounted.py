"""What the beliefs over classes that are not listed have in common."""

from __future__ import annotations

from collections.abc import Sequence

from causalpp.belief.belief import Belief
from causalpp.belief.channels.base import Channel
from causalpp.belief.explanation import Explanation
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles import Answer

__all__ = ["explained"]


def explained(nodes: Sequence[str], channel: Channel, answers: Sequence[Answer], a: Dag, b: Dag) -> Explanation:
    """Which answers speak for one graph against another that was as probable before them."""
    pair = DagBatch.from_dags([a, b], nodes=nodes)
    return Belief.uniform(pair, channel).update(answers).explain(a, b)
