"""BDeu beside that of another library."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

import causalpp as cpp
from causalpp.scores import BDeu

_WEIGHT = 64.0  # pyagrum's logarithm of Γ(x) is off for x < 0.2, so that no cell of 32 may have a smaller prior
_CLOSE = 1e-4  # nats: it approximates each of up to 2 · 48 logarithms of Γ by some 1e-7 of their size


@pytest.mark.peer
def test_bdeu_of_200_families_is_that_of_pyagrum(tmp_path: Path) -> None:
    gum = pytest.importorskip("pyagrum")
    frame = cpp.load_network("asia").simulate(500, seed=0)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    peer = gum.BNLearner(str(tmp_path / "rows.csv"))
    peer.useScoreBD()
    peer.useBDeuPrior(_WEIGHT)
    ours, draw = BDeu(frame, _WEIGHT), random.Random(0)
    assert set(frame.nunique()) == {2}
    for _ in range(200):
        child, *parents = draw.sample(list(frame.columns), draw.randint(1, 5))
        assert ours.local(child, parents) == pytest.approx(peer.score(child, parents) * math.log(2), abs=_CLOSE)
