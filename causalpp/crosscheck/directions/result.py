"""Graded answers of one or several models to the same pairs, held against the truth and against each other."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp._plain import plain
from causalpp.belief.channels import PotentialsPrior
from causalpp.crosscheck.directions.carried import HeldOut, Told, held_out, write_priors
from causalpp.crosscheck.directions.clusters import Difference, Pairs
from causalpp.crosscheck.directions.scores import DirectionScores, check_enough, leaks
from causalpp.crosscheck.worlds import World
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.oracles import Answer

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["DirectionCalibration"]


@dataclass(frozen=True, eq=False, repr=False)
class DirectionCalibration:
    """What several models said of the same pairs of variables, and what is true; see
    :func:`~causalpp.crosscheck.calibrate_directions`.

    Attributes:
        frame: a row for each model and pair: network, a, b, level (the signed distance, +2 where the shortest directed
            path leads from a to b by two steps, 3 for three and more, 0 for none), whether observation leaves the edge
            open, contrast (the direction log-odds of all wordings together: of each wording over its usual root mean
            square, the geometric mean over the networks, averaged over the wordings), by_wording (wording → its
            direction log-odds as they came), log-odds both ways, what was said in words, and prompts.
        level: of the intervals.
        worlds: that were asked about.
        networks: their names.
        answers: model → network by network, the answers with their parts.
        about: model → who it is, what failed, and what stopped it, if anything did.
    """

    frame: pd.DataFrame
    level: float
    worlds: tuple[World, ...]
    networks: tuple[str, ...]
    answers: Mapping[str, Sequence[Sequence[Answer]]]
    about: Mapping[str, Mapping[str, Any]]

    @property
    def models(self) -> tuple[str, ...]:
        """Who was asked."""
        return tuple(self.about)

    def __repr__(self) -> str:
        first = self.frame[self.frame["model"] == self.models[0]]
        return (
            f"DirectionCalibration({', '.join(self.models)}: {len(first):,} pairs of variables in "
            f"{len(self.networks)} network{'s' * (len(self.networks) > 1)})"
        )

    def __str__(self) -> str:
        from causalpp.crosscheck.directions.tables import text

        return text(self)

    def of(self, model: str) -> DirectionScores:
        """What one model's answers are worth.

        Raises:
            InvalidParameter: a model that was not asked.
        """
        if model not in self._scores:
            raise InvalidParameter(f"{model!r} was not asked, but {', '.join(self.models)}")
        return self._scores[model]

    @cached_property
    def _scores(self) -> dict[str, DirectionScores]:
        out = {}
        for model in self.models:
            asked = self.frame[self.frame["model"] == model]
            out[model] = DirectionScores(model, asked[asked["contrast"].notna()], self.level, asked)
        return out

    @cached_property
    def leaks(self) -> dict[str, float]:
        """The share of these directions that somebody has right who goes by the list of names alone."""
        first = self.frame[(self.frame["model"] == self.models[0]) & (self.frame["level"] != 0)]
        order = {name: world.dag.nodes for name, world in zip(self.networks, self.worlds, strict=True)}
        return leaks(first, order)

    # --- differences ----------------------------------------------------------------------------------

    def difference(self, first: str, second: str) -> dict[str, Difference]:
        """The paired differences of two models, over pairs that both answered: of accuracy and of the area.

        Raises:
            InvalidParameter: a model that was not asked.
        """
        from scipy.stats import binomtest

        for model in (first, second):
            self.of(model)
        said = self.frame[self.frame["contrast"].notna() & (self.frame["level"] != 0)]
        keys = ["network", "a", "b"]
        one, two = (said[said["model"] == model].set_index(keys) for model in (first, second))
        both = [key for key in one.index if key in two.index]
        scores = [DirectionScores(m, f.loc[both].reset_index(), self.level) for m, f in ((first, one), (second, two))]
        frame = scores[0].frame
        pairs = Pairs.of(frame, self.level)
        signs = np.sign(np.asarray(frame["level"], dtype=float))
        right = [
            np.sign(np.asarray(score.frame["contrast"], dtype=float) * signs) / 2 + 0.5 if both else np.zeros(0)
            for score in scores
        ]
        gap = right[0] - right[1]
        mean = float(gap.mean()) if both else float("nan")
        accuracy = pairs.difference(mean, (gap - mean) / max(len(both), 1))
        only = [int((gap > 0).sum()), int((gap < 0).sum())]
        exact = float(binomtest(only[0], sum(only), 0.5).pvalue) if sum(only) else 1.0
        (a, influence_a), (b, influence_b) = (score.area_with_influence for score in scores)
        return {
            "accuracy": Difference(
                accuracy.value, accuracy.low, accuracy.high, accuracy.p_value, only[0], only[1], exact
            ),
            "area": pairs.difference(a - b, influence_a - influence_b),
        }

    @cached_property
    def differences(self) -> dict[tuple[str, str], dict[str, Difference]]:
        """:meth:`difference` of every two models."""
        return {two: self.difference(*two) for two in combinations(self.models, 2)}

    # --- carried over -----------------------------------------------------------------------------------

    def told(self, model: str) -> dict[str, Told]:
        """Network → its graph and the model's answers, as :func:`~causalpp.crosscheck.held_out` takes them.

        Raises:
            InvalidParameter: a model that was not asked.
        """
        self.of(model)
        own = zip(self.networks, self.worlds, self.answers[model], strict=True)
        return {name: (world.dag, answers) for name, world, answers in own}

    def held_out(self, model: str) -> list[HeldOut]:
        """What the model's answers tell about each whole graph, by a prior fitted to the other networks.

        Raises:
            InvalidData: fewer than five networks, or too few pairs.
            InvalidParameter: a model that was not asked.
        """
        if model not in self._held_out:
            check_enough(self._known(model), "a prior tested on networks left out", spared=1)
            among = [name for name, world in zip(self.networks, self.worlds, strict=True) if world.complete]
            told = self.told(model)
            self._held_out[model] = held_out(told, among=[name for name in among if not told[name][0].latent])
        return self._held_out[model]

    @cached_property
    def _held_out(self) -> dict[str, list[HeldOut]]:
        return {}

    def _known(self, model: str) -> list[str]:
        """The network of each answered pair with a known direction."""
        frame = self.of(model).frame
        return [str(name) for name in frame.loc[frame["level"] != 0, "network"]]

    def prior(self, model: str | None = None) -> PotentialsPrior:
        """What these networks teach of the model, for :class:`~causalpp.belief.Potentials` on another network.

        Args:
            model: whose; needed where several were asked.

        Raises:
            InvalidData: fewer than four networks, or too few pairs: what it would say of another network is not to be
                trusted.
            InvalidParameter: a model that was not asked, or several and none named.
        """
        if model is None:
            if len(self.models) > 1:
                raise InvalidParameter(f"say whose prior: {', '.join(self.models)}")
            model = self.models[0]
        check_enough(self._known(model), "a prior")
        return PotentialsPrior.fit(list(self.told(model).values()))

    def save(self, path: str | os.PathLike[str]) -> dict[str, str]:
        """Keep the prior of every model in a file, with what it was fitted to; :func:`~causalpp.read_prior` reads it.

        Returns:
            Model → why it has none, such as one that answered too little.

        Raises:
            InvalidData: none has one; see :meth:`prior`.
            FormatError: the file cannot be written.
        """
        priors: dict[str, tuple[PotentialsPrior, Mapping[str, Any]]] = {}
        refused: dict[str, str] = {}
        for model in self.models:
            known = self._known(model)
            try:
                prior = self.prior(model)
            except InvalidData as error:
                refused[model] = str(error)
                continue
            fitted = {
                "about": {
                    name: value for name, value in self.about[model].items() if name not in ("failures", "stopped")
                },
                "networks": list(dict.fromkeys(known)),
                "pairs": len(self.of(model).frame),
                "directed": len(known),
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
                "causalpp": version("causalpp"),
            }
            priors[model] = prior, fitted
        if not priors:
            raise InvalidData("; ".join(f"{model}: {said}" for model, said in refused.items()))
        write_priors(path, priors)
        return refused

    # --- out ------------------------------------------------------------------------------------------

    def plot(self) -> Figure:
        """A reliability curve for each model, accuracy by distance, and the paired differences."""
        from causalpp.crosscheck.directions.drawing import directions_figure

        return directions_figure(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the single answers, as plain values; None for what is not determined."""
        out: dict[str, Any] = {
            "format": "causalpp.direction-calibration",
            "version": 1,
            "level": self.level,
            "networks": list(self.networks),
            "models": {model: {"about": dict(self.about[model]), **self.of(model).to_dict()} for model in self.models},
            "differences": [
                {"first": two[0], "second": two[1], **{name: asdict(one) for name, one in found.items()}}
                for two, found in self.differences.items()
            ],
            "leaks": self.leaks,
        }
        for model in self.models:
            try:
                out["models"][model]["held_out"] = [one.to_dict() for one in self.held_out(model)]
            except InvalidData as error:
                out["models"][model]["held_out"] = {"refused": str(error)}
        found: dict[str, Any] = plain(out, finite=True)
        return found

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)
