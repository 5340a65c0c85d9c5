"""What is known of a language model's sense of direction before it is asked about a network."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causalpp.belief.channels.directions import Directions, is_graded
from causalpp.belief.record import Record
from causalpp.errors import FormatError, InvalidParameter
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles import Answer, contrasts

__all__ = ["PotentialsPrior"]

_FORMAT, _VERSION = "causalpp.potentials", 1
# the grid on which networks are pooled
_UNRELATED = np.array([0.05, 0.2, 0.5, 0.7, 0.9, 0.98])
_SCEPTICAL = np.array([0.001, 0.009, 0.12, 0.2, 0.25, 0.42])  # that a few networks are known says little of the next
_ORDER = np.array([0.7, 0.9, 0.97])
_SLOPES = np.array([(0.6, 1.0, 1.0), (1.0, 1.0, 1.0), (0.5, 1.0, 1.2)])
_MEANS = np.linspace(0.0, 1.2, 7)
_SPREADS = np.array([0.4])  # a few networks do not tell how much domains differ


@dataclass(frozen=True)
class PotentialsPrior:
    """The prior of :class:`Potentials`: how often a model knows nothing of a domain, and how well if it does.

    Attributes:
        unrelated: probability that the answers have nothing to do with the graph (β = 0).
        mean, spread: of the slope β where they have, normal; below zero the answers are reversed.
        order: probability that what a pair shows depends on how much higher the one variable stands than the other in
            the graph's order; else it depends on their distance.
        slopes: what a distance of one step shows, of two, and of three or more, in units of β.
        shares: pairs of the share ρ of the noise that is a position of a variable, in [0, 1), and its probability.
        variances: pairs of the variance v of the noise of a pair, and its probability.
        scales: the usual root mean square of the contrasts in each wording, by its number, by which they are divided;
            a wording that has none is divided by that of the pairs asked so far.

    Raises:
        InvalidParameter: a probability, share or variance out of range, weights that do not sum to one.

    Example:
        >>> prior = PotentialsPrior(unrelated=0.3, scales=(1.2, 0.4))
        >>> PotentialsPrior.from_json(prior.to_json()) == prior
        True
    """

    unrelated: float = 0.7
    mean: float = 0.6
    spread: float = 0.4
    order: float = 0.7
    slopes: tuple[float, ...] = (0.6, 1.0, 1.0)
    shares: tuple[tuple[float, float], ...] = tuple((rho, 1 / 6) for rho in (0.0, 0.3, 0.6, 0.8, 0.9, 0.97))
    variances: tuple[tuple[float, float], ...] = tuple((v, 1 / 5) for v in (0.2, 0.4, 0.7, 1.1, 1.6))
    scales: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in ("shares", "variances"):
            object.__setattr__(self, name, tuple((float(value), float(w)) for value, w in getattr(self, name)))
        for name in ("slopes", "scales"):
            object.__setattr__(self, name, tuple(map(float, getattr(self, name))))
        if not 0 <= self.unrelated < 1 or not 0 <= self.order <= 1:
            raise InvalidParameter(
                f"'unrelated' is a probability below 1, and 'order' is one, got {self.unrelated} and {self.order}"
            )
        if not (math.isfinite(self.mean) and 0 < self.spread < math.inf):
            raise InvalidParameter(f"the mean is finite and the spread above 0, got {self.mean} and {self.spread}")
        if len(self.slopes) != 3 or not all(0 <= slope < math.inf for slope in self.slopes):
            raise InvalidParameter(
                f"there are three slopes, none negative: 1, 2, and 3 or more steps; got {self.slopes}"
            )
        if not all(0 <= rho < 1 for rho, _ in self.shares):
            raise InvalidParameter(f"a share of position noise lies in [0, 1), got {self.shares}")
        if not all(0 < v < math.inf for v in (*self.scales, *(v for v, _ in self.variances))):
            raise InvalidParameter(f"variances and scales are above 0, got {self.variances} and {self.scales}")
        for name in ("shares", "variances"):
            weights = [w for _, w in getattr(self, name)]
            if min(weights, default=0) <= 0 or not math.isclose(sum(weights), 1, rel_tol=1e-6):
                raise InvalidParameter(f"the weights of the {name} are above 0 and sum to one, got {weights}")

    @classmethod
    def fit(cls, networks: Iterable[tuple[Dag, Iterable[Answer]]]) -> PotentialsPrior:
        """Pooled over networks whose graph is known: how often a model knows a domain, and how well.

        Each network counts once, however many pairs were asked.  How probable it is that a domain is not known, mean
        and spread of the slope over domains, and what a pair shows are averaged over a grid, weighted by how probable
        all networks' answers are given their graphs; the share of position noise and its variance are learned anew for
        each network.  The scale of a wording is the geometric mean over the networks.

        Args:
            networks: pairs of a graph and graded answers to :class:`~causalpp.Direction` questions about it.

        Raises:
            InvalidParameter: no network with a graded answer.
        """
        told = [(dag, [answer for answer in answers if is_graded(answer)]) for dag, answers in networks]
        told = [(dag, answers) for dag, answers in told if answers]
        if not told:
            raise InvalidParameter(
                "a prior is pooled over networks with graded answers to Direction questions: none has any"
            )
        start = cls(scales=_usual([answers for _, answers in told]))
        log = (
            torch.stack([start._evidence(dag, answers) for dag, answers in told]).sum(0)
            + torch.as_tensor(_SCEPTICAL).log()
        )
        weight = torch.softmax(log.flatten(), 0).reshape(log.shape).numpy()  # slopes, means, spreads, order, unrelated
        known = weight * (1 - _UNRELATED)  # a domain that is known is drawn with these
        known /= known.sum()
        mean = float(known.sum((0, 2, 3, 4)) @ _MEANS)
        square = float((known.sum((0, 3, 4)) * (_MEANS[:, None] ** 2 + _SPREADS**2)).sum())
        return replace(
            start,
            unrelated=float(weight.sum((0, 1, 2, 3)) @ _UNRELATED),
            mean=mean,
            spread=math.sqrt(square - mean**2),
            order=float(known.sum((0, 1, 2, 4)) @ _ORDER),
            slopes=tuple((known.sum((1, 2, 3, 4)) @ _SLOPES).tolist()),
        )

    def _evidence(self, dag: Dag, answers: Sequence[Answer]) -> Tensor:
        """The log of P(answers | graph) on the grid, ``(slopes, means, spreads, order, unrelated)``."""
        record = Record.none(DagBatch.from_dags([dag]), graded=True).add(answers)
        told = Directions.of(record.tallies, self.scales)
        shares, log_share = self.grid("shares")
        variances, log_variance = self.grid("variances")
        log_weight = log_share[:, None] + log_variance
        gate, order = torch.as_tensor(_UNRELATED), torch.as_tensor(_ORDER)
        out = []
        for slopes in _SLOPES.tolist():
            sums = told.sums(told.means(record.signals, tuple(slopes)), shares)
            none = torch.logsumexp((sums.unrelated(variances) + log_weight).flatten(), 0)
            some = torch.stack([
                torch.logsumexp((sums.related(mean, spread, variances)[0] + log_weight).flatten(1), 1)
                for mean, spread in itertools.product(_MEANS.tolist(), _SPREADS.tolist())
            ]).reshape(len(_MEANS), len(_SPREADS), 2, 1)  # fmt: skip
            related = torch.logaddexp(torch.log1p(-order) + some[..., 0, :], order.log() + some[..., 1, :])
            out.append(torch.logaddexp(gate.log() + none, torch.log1p(-gate) + related[..., None]))
        return torch.stack(out)

    def grid(self, name: str) -> tuple[Tensor, Tensor]:
        """The values of ``"shares"`` or ``"variances"``, and the logs of their probabilities."""
        values, weights = torch.tensor(getattr(self, name), dtype=torch.float64).unbind(1)
        return values, weights.log()

    def to_dict(self) -> dict[str, Any]:
        """The prior as plain values."""
        return {"format": _FORMAT, "version": _VERSION, **asdict(self)}

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> PotentialsPrior:
        """The inverse of :meth:`to_dict`.

        Raises:
            FormatError: these are no such values.
        """
        try:
            if values["format"] != _FORMAT or values["version"] != _VERSION:
                raise FormatError(f"this is no prior of Potentials of version {_VERSION}: {str(values)[:200]}")
            plain = {item.name: values[item.name] for item in fields(cls)}
            pairs = {name: tuple(map(tuple, plain[name])) for name in ("shares", "variances")}
            return cls(**{**plain, **pairs})
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"this is no prior of Potentials ({error}): {str(values)[:200]}") from None

    @classmethod
    def from_json(cls, text: str) -> PotentialsPrior:
        """The inverse of :meth:`to_json`.

        Raises:
            FormatError: this is no such text.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise FormatError(f"this is no prior of Potentials ({error}): {text[:200]}") from None
        return cls.from_dict(values)


def _usual(networks: Sequence[Sequence[Answer]]) -> tuple[float, ...]:
    """The scale of each wording, the geometric mean over the networks of the root mean square of its contrasts."""
    found: dict[int, list[float]] = {}
    for answers in networks:
        told: dict[int, list[float]] = {}
        for answer in answers:
            for wording, value in contrasts(answer).items():
                told.setdefault(wording, []).append(value)
        for wording, values in told.items():
            size = math.sqrt(math.fsum(value**2 for value in values) / len(values))
            if size > 0:
                found.setdefault(wording, []).append(math.log(size))
    return tuple(
        math.exp(math.fsum(found[wording]) / len(found[wording])) if wording in found else 1.0
        for wording in range(max(found, default=-1) + 1)
    )
