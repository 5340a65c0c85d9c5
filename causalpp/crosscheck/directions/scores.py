"""What one model's answers about directions are worth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from causalpp.crosscheck.directions.clusters import Pairs
from causalpp.crosscheck.directions.measures import BINS, area, brier, calibration_error, slope_of
from causalpp.crosscheck.directions.positions import foretold, share_explained
from causalpp.crosscheck.directions.scaling import Sizes, on_scale
from causalpp.crosscheck.estimates import Estimate
from causalpp.errors import InvalidData
from causalpp.propositions import Direction
from causalpp.tasks import RULES, rule_answers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NETWORKS", "PAIRS", "Calibrated", "DirectionScores", "Positions", "check_enough", "leaks"]

_Floats = NDArray[np.float64]

#: Networks and pairs with a known direction that a calibration needs at least, if it is to hold for another network.
NETWORKS, PAIRS = 4, 40


def check_enough(networks: Iterable[object], what: str, *, spared: int = 0) -> None:
    """Refuse what too little is known for.

    Args:
        networks: the network of each pair with a known direction.
        what: it is for, as the subject of a sentence.
        spared: how many networks are not fitted to, because they are for testing.

    Raises:
        InvalidData: fewer than :data:`NETWORKS` networks, beside those spared, or than :data:`PAIRS` pairs.
    """
    found = list(networks)
    there, wanted = len(set(found)), NETWORKS + spared
    missing = []
    if there < wanted:
        missing.append(f"{wanted - there} network{'s' * (wanted - there > 1)}")
    if len(found) < PAIRS:
        missing.append(f"{PAIRS - len(found)} pair{'s' * (PAIRS - len(found) > 1)}")
    if missing:
        raise InvalidData(
            f"{what} needs {wanted} networks and {PAIRS} answered pairs with a known direction, here are {there} and "
            f"{len(found)}: {' and '.join(missing)} missing; fitted to one or two networks, what a model says of "
            "others comes out several times too sure"
        )


class Calibrated(NamedTuple):
    """The probability of each direction by one slope, fitted to the other networks.

    The direction log-odds are on the scale of the other networks as well, so that answers about a network of which a
    model is unsure stay near one half.

    Attributes:
        slopes: network → the slope fitted without it.
        probability: of the true direction, for each pair that has one, shape ``(n,)``.
        brier: mean square of probability less truth, over both orientations of the pairs; one half for everything has
            .25.
        error: mean distance of probability and share of truth over ten bins (ECE), over both orientations.
        bits: mean of log₂ P(the true direction) over one half, in bits a pair.
        bits_open: the same on open edges, by slopes fitted to the direct edges of the other networks: that there is an
            edge is known of them.
    """

    slopes: dict[str, float]
    probability: _Floats
    brier: float
    error: float
    bits: float
    bits_open: float


class Positions(NamedTuple):
    """How far answers are differences of one number a variable, on pairs left out.

    Attributes:
        answers: R² of what the other pairs foretell; below 0 it is worse than nothing.
        truth: the same of the true direction (1, 0, −1) itself, for comparison.
        errors: the same of what the true directions leave unexplained of the answers: above 0, errors are shared.
        direction: the share of directions that the other pairs foretell rightly.
    """

    answers: float
    truth: float
    errors: float
    direction: float


@dataclass(frozen=True, eq=False, repr=False)
class DirectionScores:
    """What one model's answers about directions are worth, with intervals that let pairs with a common variable err
    together; see :class:`~causalpp.crosscheck.directions.clusters.Pairs`.

    Attributes:
        model: who answered.
        frame: a row for each pair that was answered.
        level: of the intervals.
        asked: a row for each pair that was asked about, for what was said in words; by default those answered.
    """

    model: str
    frame: pd.DataFrame
    level: float
    asked: pd.DataFrame | None = None

    @cached_property
    def _directed(self) -> pd.DataFrame:
        return self.frame[self.frame["level"] != 0]

    @property
    def pairs(self) -> int:
        """Pairs with a known direction."""
        return len(self._directed)

    def _pairs(self, frame: pd.DataFrame) -> Pairs:
        return Pairs.of(frame, self.level)

    def _oriented(self, frame: pd.DataFrame) -> _Floats:
        """Direction log-odds, each turned so that it is for the true direction."""
        found: _Floats = np.asarray(frame["contrast"], dtype=float) * np.sign(np.asarray(frame["level"], dtype=float))
        return found

    def _right(self, frame: pd.DataFrame) -> Estimate:
        oriented = self._oriented(frame)
        right = np.where(oriented == 0, 0.5, oriented > 0)
        return self._pairs(frame).mean(right)

    # --- directions -----------------------------------------------------------------------------------

    @cached_property
    def accuracy(self) -> Estimate:
        """The share of directions that are right, by the sign of the direction log-odds; where it is 0, one half."""
        return self._right(self._directed)

    @cached_property
    def open_edges(self) -> Estimate:
        """The same on the edges that observation leaves open."""
        return self._right(self._directed[self._directed["open"]])

    def at_distance(self, steps: int) -> Estimate:
        """The same where the shortest directed path has so many edges; 3 stands for three and more."""
        return self._right(self._directed[self._directed["level"].abs() == steps])

    def count(self, steps: int | None = None) -> int:
        """Pairs at a distance, or open edges."""
        frame = self._directed
        return int((frame["open"] if steps is None else frame["level"].abs() == steps).sum())

    @cached_property
    def area_with_influence(self) -> tuple[float, _Floats]:
        """:attr:`area` and the influence of each pair on it."""
        oriented = self._oriented(self._directed)
        truth = np.repeat([True, False], len(oriented))
        found, influence = area(np.concatenate([oriented, -oriented]), truth)
        return found, influence[: len(oriented)] + influence[len(oriented) :]

    @cached_property
    def area(self) -> Estimate:
        """The area under the ROC curve of the direction log-odds, over pairs with a direction, both ways round."""
        return self._pairs(self._directed).share(*self.area_with_influence)

    # --- single questions -----------------------------------------------------------------------------

    @cached_property
    def area_causes(self) -> Estimate:
        """The area under the ROC curve of the log-odds of "a causes b", over ordered pairs of which it is known."""
        frame = self.frame
        scores = np.concatenate([frame["log_odds"], frame["log_odds_back"]]).astype(float)
        truth = np.concatenate([frame["level"] > 0, frame["level"] < 0])
        said = np.isfinite(scores)
        found, part = area(scores[said], truth[said])
        influence = np.zeros(len(scores))
        influence[said] = part
        half = len(frame)
        return self._pairs(frame).share(found, influence[:half] + influence[half:])

    def _words(self, right: str, true: bool | None) -> Estimate:
        """The share of right words, a ratio of sums: among all words, or where the truth is one of the two."""
        frame = self.frame if self.asked is None else self.asked
        level = np.asarray(frame["level"])
        hits, asked = np.zeros(len(frame)), np.zeros(len(frame))
        for sign, end in ((1, ""), (-1, "_back")):
            counts = {word: np.asarray(frame[word + end], dtype=float) for word in ("yes", "no", "abstain")}
            holds = level * sign > 0
            here = np.ones(len(frame), dtype=bool) if true is None else holds == true
            word = np.where(holds, counts["yes"], counts["no"]) if right == "truth" else counts[right]
            hits += np.where(here, word, 0.0)
            asked += np.where(here, counts["yes"] + counts["no"] + (counts["abstain"] if true is None else 0.0), 0.0)
        if not asked.sum():
            return Estimate(math.nan, 0.0, 1.0)
        share = float(hits.sum() / asked.sum())
        return self._pairs(frame).share(share, (hits - share * asked) / asked.sum())

    @cached_property
    def words(self) -> Estimate:
        """The share of questions "does a cause b?" answered rightly by word; silence is not right."""
        return self._words("truth", None)

    @cached_property
    def sensitivity(self) -> Estimate:
        """The share of yes among yes and no where yes is true."""
        return self._words("yes", True)

    @cached_property
    def specificity(self) -> Estimate:
        """The share of no among yes and no where no is true."""
        return self._words("no", False)

    # --- what the answers are made of -----------------------------------------------------------------

    @cached_property
    def positions(self) -> Positions:
        """How far the answers are one number a variable; fitted in each network without its truth.

        The answers about each network are divided by their root mean square, so that all pairs count alike.
        """
        if not len(self.frame):
            return Positions(math.nan, math.nan, math.nan, math.nan)
        said: list[tuple[_Floats, _Floats]] = []
        truths: list[tuple[_Floats, _Floats]] = []
        errors: list[tuple[_Floats, _Floats]] = []
        right: list[float] = []
        for _, part in self.frame.groupby("network", sort=False):
            first, second = part["a"].tolist(), part["b"].tolist()
            contrast = np.asarray(part["contrast"], dtype=float)
            contrast = contrast / (np.sqrt((contrast**2).mean()) or 1.0)
            truth = np.sign(np.asarray(part["level"], dtype=float))
            slope = float(contrast @ truth) / max(float(truth @ truth), 1.0)
            for kind, values in ((said, contrast), (truths, truth), (errors, contrast - slope * truth)):
                kind.append((values, foretold(values, first, second)))
            guess = said[-1][1] * truth
            right += [0.5 if abs(g) < 1e-12 else float(g > 0) for g in guess[np.isfinite(guess) & (truth != 0)]]
        answers, true, left = (
            share_explained(*(np.concatenate([one[k] for one in kind]) for k in (0, 1)))
            for kind in (said, truths, errors)
        )
        return Positions(answers, true, left, float(np.mean(right)) if right else math.nan)

    @cached_property
    def calibrated(self) -> Calibrated:
        """The probability of each direction, by a slope fitted to the other networks.

        Raises:
            InvalidData: too little to fit to: see :func:`check_enough`.
        """
        from scipy.special import expit

        frame, sizes = self._directed, Sizes(self.frame)
        network, sign = np.asarray(frame["network"]), np.sign(np.asarray(frame["level"], dtype=float))
        check_enough(network.tolist(), "a calibration tested on networks left out", spared=1)
        edge, open_ = np.abs(np.asarray(frame["level"])) == 1, np.asarray(frame["open"], dtype=bool)
        slopes: dict[str, float] = {}
        p, q = np.zeros(len(frame)), np.zeros(len(frame))
        for name in dict.fromkeys(network.tolist()):
            here, others = network == name, network != name
            oriented = on_scale(frame, sizes.usual(without=name)) * sign
            slopes[str(name)] = slope_of(oriented[others], network[others].tolist())
            p[here] = expit(slopes[str(name)] * oriented[here])
            short = slope_of(oriented[others & edge], network[others & edge].tolist())
            q[here] = expit(short * oriented[here])
        both, truth = np.concatenate([p, 1 - p]), np.repeat([True, False], len(p))
        return Calibrated(
            slopes, p, brier(both, truth), calibration_error(both, truth),
            _bits(p), _bits(q[open_]) if open_.any() else math.nan,
        )  # fmt: skip

    @cached_property
    def slope(self) -> float:
        """Of P(a causes b) = 1/(1 + exp(−slope · direction log-odds)), fitted to all networks."""
        return slope_of(self._oriented(self._directed), self._directed["network"].tolist())

    @cached_property
    def scales(self) -> dict[int, float]:
        """Wording → what its direction log-odds are divided by, before the wordings are averaged."""
        return Sizes(self.frame).usual()

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The reliability curve: how often the direction that was found more probable is right.

        Columns: the mean probability stated, in bins of a tenth from one half on; the share that is right with its
        interval; the number of pairs; and whether the probability was fitted to other networks.
        """
        import pandas as pd
        from scipy.special import expit

        frame, left_out = self._directed, True
        try:
            p = self.calibrated.probability
        except InvalidData:
            p, left_out = expit(self.slope * self._oriented(frame)), False
        stated = np.maximum(p, 1 - p)
        right = np.where(p == 0.5, 0.5, p > 0.5)
        place = np.minimum((stated * BINS).astype(int), BINS - 1)
        rows = []
        for here in (place == k for k in range(BINS // 2, BINS)):
            if here.any():
                found = self._pairs(frame[here]).mean(right[here])
                rows.append((float(stated[here].mean()), *found, int(here.sum()), left_out))
        return pd.DataFrame(rows, columns=["probability", "right", "low", "high", "pairs", "left_out"])

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values; see :meth:`DirectionCalibration.to_dict`."""
        try:
            found: dict[str, Any] = self.calibrated._asdict()
            del found["probability"]
        except InvalidData as error:
            found = {"refused": str(error)}
        names = ("accuracy", "open_edges", "area", "area_causes", "words", "sensitivity", "specificity")
        return {
            "pairs": self.pairs,
            "open": self.count(),
            **{name: getattr(self, name)._asdict() for name in names},
            "distance": {
                steps: {"pairs": self.count(steps), **self.at_distance(steps)._asdict()} for steps in (1, 2, 3)
            },
            "positions": self.positions._asdict(),
            "slope": self.slope,
            "scales": {str(wording): scale for wording, scale in self.scales.items()},
            "calibrated": found,
            "curve": self.curve.to_dict("records"),
        }


def _bits(probability: _Floats) -> float:
    """Mean bits over one half, for probabilities of what is true."""
    return float(np.log2(np.maximum(2 * probability, 1e-300)).mean())


def leaks(frame: pd.DataFrame, order: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """The share of directions that rules have right which know nothing; see :data:`causalpp.tasks.RULES`.

    Args:
        frame: the pairs with a known direction.
        order: network → its variables as its file lists them.
    """
    hits: dict[str, list[float]] = {rule: [] for rule in RULES}
    for network, a, b, level in zip(*(frame[name] for name in ("network", "a", "b", "level")), strict=True):
        cause, effect = (a, b) if level > 0 else (b, a)
        for rule, right in rule_answers(Direction(cause, effect), order[network]).items():
            hits[rule].append(math.nan if right is None else right)
    return {rule.replace("_", " "): float(np.mean(found)) if found else math.nan for rule, found in hits.items()}
