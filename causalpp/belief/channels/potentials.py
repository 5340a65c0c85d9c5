"""A channel for graded answers that share their errors: a noisy causal order, seen through differences of log-odds."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from causalpp.belief.channels.agnostic import Agnostic
from causalpp.belief.channels.base import Channel, Heard, Predictive, Profile
from causalpp.belief.channels.coming import Coming, World
from causalpp.belief.channels.directions import Directions, Sums, is_graded
from causalpp.belief.channels.potentials_prior import PotentialsPrior
from causalpp.belief.record import NEW_QUESTION, Label, Record, Source, Tallies
from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidParameter
from causalpp.propositions import Direction, Proposition

__all__ = ["Potentials"]

_NEVER = 1e-300
_STEPS = ("1 step", "2 steps", "3 or more steps")
_RISES = (0.5, 1.0, 1.5)  # what they show in heights, where no pair of that distance was asked
_QUANTILES = (torch.arange(8, dtype=torch.float64) + 0.5) / 8


class Told(NamedTuple):
    """What a record says, for R rows, in all worlds.

    Attributes:
        directions: the graded answers.
        means: what each row expects of them, by distance and by height, ``(R, 2, P)``.
        sums: of both.
        unrelated: P(row, β = 0, ρ, v | answers), ``(R, shares, variances)``.
        related: the same where β is not 0, by distance and by height, ``(R, 2, shares, variances)``.
    """

    directions: Directions
    means: Tensor
    sums: Sums
    unrelated: Tensor
    related: Tensor


@dataclass(frozen=True)
class Potentials(Channel):
    """A latent position for every variable, of which the graph's order is a noisy cause.

    It reads answers to :class:`~causalpp.Direction`: for the P pairs asked so far, c(a, b) is the log-odds of *a causes
    b* less those of *b causes a*, averaged over wordings, each on its own scale (see :class:`Directions`).  Given the
    graph,

        c(a, b) = β m(a, b) + u(a) − u(b) + e(a, b),   u ~ N(0, v ρ/2),   e ~ N(0, v (1 − ρ)),

    where m is either how much higher b stands than a (a variable's height: how many ancestors it has, less its
    descendants, by half the number of variables), or the slope of the distance from a to b, minus that of the distance
    from b to a, and 0 where neither causes the other.  The positions u are what answers about one variable have in
    common: with ρ near 1 all that n variables can say is n numbers, however many pairs are asked, and with ρ = 0 pairs
    are independent.  Which m it is, slope β, share ρ and variance v are learned with the graph; that β = 0, that the
    model does not know this domain, is a case of its own.  Edges that all candidates have are what tells these cases
    apart; where there are none, the trust is the prior's.

    With positions, errors and β integrated out, c ~ N(β m, v (ρ/2 · B Bᵀ + (1 − ρ) I)), B the incidence matrix of pairs
    and variables: for all rows at once a closed form, summed over a grid of ρ and v.

    Answers that are words alone, to any question, are read by another channel.

    Attributes:
        prior: what is known of β, m, ρ and v before.
        words: the channel of answers without log-odds, independent of the others given the graph.

    Raises:
        InvalidParameter: something else than a prior and a channel for words.

    Example:
        >>> from causalpp import Answer, Belief, Dag, DagBatch
        >>> chains = [Dag("abc", [("a", "b"), ("b", "c")]), Dag("abc", [("c", "b"), ("b", "a")])]
        >>> belief = Belief.uniform(DagBatch.from_dags(chains), Potentials())
        >>> said = {("a", "b"): 2.0, ("b", "c"): 1.5, ("a", "c"): 3.5}
        >>> belief = belief.update([Answer(Direction(*pair), True, log_odds=c) for pair, c in said.items()])
        >>> belief.graph, belief.confidence < 0.9  # nothing says that the model knows this domain
        (Dag('a → b, b → c'), True)
    """

    prior: PotentialsPrior = field(default_factory=PotentialsPrior)
    words: Channel = field(default_factory=Agnostic)
    sees: ClassVar[tuple[str, ...]] = ()
    reads_levels: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.prior, PotentialsPrior):
            raise InvalidParameter(f"the prior is a PotentialsPrior, not {self.prior!r:.100}")
        if not isinstance(self.words, Channel) or self.words.reads_levels:
            raise InvalidParameter(f"words are read by a channel such as Agnostic(), not by {self.words!r:.100}")

    # --- the grid ---------------------------------------------------------------------------------------

    @cached_property
    def shares(self) -> Tensor:
        """The shares ρ of position noise, ``(shares,)``."""
        return self.prior.grid("shares")[0]

    @cached_property
    def variances(self) -> Tensor:
        """The variances v of the noise, ``(variances,)``."""
        return self.prior.grid("variances")[0]

    @cached_property
    def _log_weights(self) -> tuple[Tensor, Tensor]:
        """Of β = 0, ``(shares, variances)``, and of β ≠ 0 by distance and by height, ``(2, shares, variances)``."""
        noise = self.prior.grid("shares")[1][:, None] + self.prior.grid("variances")[1]
        gate, order = self.prior.unrelated, self.prior.order
        some = torch.tensor([(1 - gate) * (1 - order), (1 - gate) * order], dtype=torch.float64).log()
        return torch.tensor(gate, dtype=torch.float64).log() + noise, some[:, None, None] + noise

    # --- what the answers say ---------------------------------------------------------------------------

    def init(self, rows: Tensor, tallies: Tallies) -> Tensor:
        """The log of P(words | row), then of P(graded answers, world | row), β = 0 first: ``(R, 1 + worlds)``."""
        directions = Directions.of(tallies, self.prior.scales)
        sums = directions.sums(directions.means(rows, self.prior.slopes), self.shares.to(rows.device))
        spoken = _spoken(tallies)
        words = self.words.log_likelihood(self.words.init(rows[..., 0] > 0, spoken)) if self._tell(spoken) else None
        start = rows.new_zeros(len(rows), dtype=torch.float64) if words is None else words
        variances = self.variances.to(rows.device)
        none, some = (weight.to(rows.device) for weight in self._log_weights)
        unrelated = (sums.unrelated(variances) + none).flatten().expand(len(rows), -1)
        related = sums.related(self.prior.mean, self.prior.spread, variances) + some
        return torch.cat([start[:, None], unrelated, related.flatten(1)], 1)

    def step(self, state: Tensor, rows: Tensor, before: Tallies, after: Tallies) -> Tensor:
        """Once more from the beginning: with every answer all are scaled anew."""
        del state, before
        return self.init(rows, after)

    def log_likelihood(self, state: Tensor) -> Tensor:
        return state[:, 0] + torch.logsumexp(state[:, 1:], 1)

    def told(self, heard: Heard) -> Told:
        """What the graded answers say of rows and worlds."""
        record = heard.record
        directions = Directions.of(record.tallies, self.prior.scales)
        means = directions.means(record.signals, self.prior.slopes)
        log = heard.state[:, 1:] + (heard.log_prior + heard.state[:, 0])[:, None]
        worlds = torch.softmax(log.flatten(), 0).reshape(len(log), 3, len(self.shares), len(self.variances))
        sums = directions.sums(means, self.shares.to(means.device))
        return Told(directions, means, sums, worlds[:, 0], worlds[:, 1:])

    def slope(self, sums: Sums) -> tuple[Tensor, Tensor]:
        """Mean and variance of β where it is not 0, in each row and world, ``(R, 2, shares, variances)`` each."""
        return sums.slope(self.prior.mean, self.prior.spread, self.variances.to(sums.both.device))

    # --- what comes next --------------------------------------------------------------------------------

    @staticmethod
    def graded(tallies: Tallies) -> bool:
        """Whether the next answer to a direction is taken to be graded: as the last one was, and if it is the first."""
        spoken = [a for _, a in reversed(tallies.answers) if isinstance(a.question, Direction)]
        return not spoken or is_graded(spoken[0])

    def predictive(self, heard: Heard, questions: Sequence[Proposition], source: Source, *, apart: bool) -> Predictive:
        """The law of the sign of the next answer, for two variables that nobody asked about, one the other's parent.

        Where a graded answer is there, another one would be the same.  The information that a graded answer gives is
        more than that of its sign: see :func:`causalpp.design.graded_information`.
        """
        if not self.graded(heard.record.tallies) or not all(
            isinstance(q, Direction) or q is NEW_QUESTION for q in questions
        ):
            return self._spoken_law(heard, questions, source, apart=apart)
        told = self.told(heard)
        right = (told.related * torch.special.ndtr(self._margin(told, heard))).sum((1, 2, 3))
        share, none = told.related.sum((1, 2, 3)), told.unrelated.sum((1, 2))
        unrelated = float(none.sum()) if apart else 0.0
        if not apart:
            share, right = share + none, right + none / 2
        yes = (right / share.clamp(min=_NEVER)).clamp(0, 1)
        said, state = _said(told.directions, heard.record, questions)
        fixed = said.to(yes)[None].expand(len(yes), -1)
        one = torch.where(fixed.isnan(), yes[:, None], fixed)
        other = torch.where(fixed.isnan(), 1 - yes[:, None], fixed)
        either = torch.where(said.isnan(), 0.5, said).to(yes)
        return Predictive(share, one, other, state, unrelated, either)

    def _tell(self, spoken: Tallies) -> bool:
        """Whether words were said at all, or silence is one of them."""
        return any(answer.value is not None or "silence" in self.words.sees for _, answer in spoken.answers)

    def _spoken_law(self, heard: Heard, questions: Sequence[Proposition], source: Source, *, apart: bool) -> Predictive:
        """The law of the next word."""
        return self.words.predictive(self._in_words(heard), questions, source, apart=apart)

    def _in_words(self, heard: Heard) -> Heard:
        """What the channel of words makes of the words, the graded answers being part of its prior."""
        record, spoken = heard.record, _spoken(heard.record.tallies)
        state = self.words.init(record.rows, spoken)
        said = Record(
            record.hypotheses, record.numbers, record.groups, record.rows.to(torch.int8), spoken, record.origin
        )
        return Heard(heard.log_prior + torch.logsumexp(heard.state[:, 1:], 1), state, said)

    def coming(
        self,
        heard: Heard,
        questions: Sequence[Direction],
        signals: Tensor,
        rows: Tensor,
        groups: Tensor,
        weights: Tensor,
        worlds: int,
    ) -> Coming:
        """The law of the next graded answer to each of P pairs that were not asked, in the leading worlds.

        Args:
            heard: what was answered, and what it made of the rows.
            questions: P of them.
            signals: what H hypotheses make of them, ``(H, P, 2)``; see :attr:`Record.signals`.
            rows: the numbers of these hypotheses, ``(H,)``.
            groups: the row of each, ``(H,)``.
            weights: its share of the row, ``(H,)``.
            worlds: how many of those with β ≠ 0 to look at.
        """
        told = self.told(heard)
        related = weights[:, None, None, None] * told.related[groups]
        mass = related.sum(0)
        leading = mass.flatten().argsort(descending=True, stable=True)[:worlds]
        scale = mass.sum() / mass.flatten()[leading].sum().clamp(min=_NEVER)  # of what is left out
        unrelated = weights[:, None, None] * told.unrelated[groups]
        unrelated = unrelated * (told.unrelated.sum() / unrelated.sum().clamp(min=_NEVER))
        found = [
            World(None, share, variance, unrelated[:, share, variance])
            for share, variance in itertools.product(range(len(self.shares)), range(len(self.variances)))
        ]
        for number in leading.tolist():
            kind, share, variance = (int(place) for place in np.unravel_index(number, mass.shape))
            if float(mass[kind, share, variance]) > 0:
                found.append(World(kind, share, variance, related[:, kind, share, variance] * scale))
        return Coming(
            told.directions,
            told.means,
            self.slope(told.sums),
            self.shares,
            self.variances,
            self.prior.slopes,
            questions,
            signals,
            rows,
            groups,
            found,
        )

    # --- the oracle -------------------------------------------------------------------------------------

    def profile(self, heard: Heard) -> Profile:
        """Of the graded answers; of the words, where there is nothing else, and of both together where there are both.

        Unrelated are answers with β = 0, and a liar's with β < 0.  The shares are those of position noise.
        """
        tallies = heard.record.tallies
        told = self.told(heard)
        spoken = self.words.profile(self._in_words(heard)) if self._tell(_spoken(tallies)) else None
        if spoken is not None and not len(told.directions):
            return spoken
        mean, variance = self.slope(told.sums)
        liar = float((told.related * torch.special.ndtr(-mean / variance.sqrt())).sum())
        informative, unrelated = float(told.related.sum()) - liar, float(told.unrelated.sum())
        before = self.prior.unrelated
        if spoken is not None:  # they know nothing of it where both kinds of answer do not
            informative, liar = (
                1 - (1 - graded) * (1 - said)
                for graded, said in ((informative, spoken.informative), (liar, spoken.liar))
            )
            unrelated, before = unrelated * spoken.unrelated, before * spoken.unrelated_before
            scale = (1 - unrelated) / (informative + liar)
            informative, liar = informative * scale, liar * scale
        shares: list[float] = []
        if len(told.directions):
            shares = (told.unrelated.sum((0, 2)) + told.related.sum((0, 1, 3))).tolist()
        return Profile(informative, liar, unrelated, before, dict(zip(self.shares.tolist(), shares, strict=False)))

    def reliabilities(self, heard: Heard) -> dict[Label | None, Reliability]:
        """How often the sign is right, by the distance of the variables; of the words, where there is nothing else."""
        told = self.told(heard)
        spoken = self.words.reliabilities(self._in_words(heard)) if self._tell(_spoken(heard.record.tallies)) else {}
        if spoken and not len(told.directions):
            return spoken
        mean, variance = self.slope(told.sums)
        better = float((told.related * torch.special.ndtr(mean / variance.sqrt())).sum())
        none = told.unrelated.sum()[None]
        mass = told.related.sum(0)
        weights = torch.cat([(mass[..., None] / len(_QUANTILES)).expand(*mass.shape, len(_QUANTILES)).flatten(), none])
        one = (told.related * mean).sum(0) / mass.clamp(min=_NEVER)
        spread = ((told.related * (variance + (mean - one) ** 2)).sum(0) / mass.clamp(min=_NEVER)).sqrt()
        beta = one[..., None] + spread[..., None] * torch.special.ndtri(_QUANTILES).to(one)
        noise = self.variances.to(one)[:, None].sqrt()
        out: dict[Label | None, Reliability] = {}
        for name, step in zip(_STEPS, self._shown(told, heard), strict=True):
            right = torch.special.ndtr(beta * step[:, None, None, None] / noise).flatten()
            rates = torch.cat([right, torch.full_like(none, 0.5)]).cpu().numpy()
            out[name] = Reliability.around(weights.cpu().numpy(), np.column_stack([rates, 1 - rates]), better)
        if spoken:
            out["words"] = Reliability.mean(list(spoken.values()))
        return out

    def _shown(self, told: Told, heard: Heard) -> Tensor:
        """What m is on average at a distance of 1, 2, and 3 or more steps, by distance and by height, ``(3, 2)``."""
        signals = heard.record.signals[:, told.directions.columns.to(heard.record.levels.device)]
        mass = (told.unrelated.sum((1, 2)) + told.related.sum((1, 2, 3)))[:, None]
        rises = []
        for step, usual in enumerate(_RISES, 1):
            here = mass * (signals[..., 0].abs() == step)
            rise = (here * signals[..., 1] * signals[..., 0].sign()).sum() / here.sum().clamp(min=_NEVER)
            rises.append(rise if float(here.sum()) > 0 else torch.full_like(rise, usual))
        return torch.stack([torch.tensor(self.prior.slopes).to(rises[0]), torch.stack(rises)], 1)

    def _margin(self, told: Told, heard: Heard) -> Tensor:
        """What is expected, by its uncertainty, for two variables that nobody asked about, one the other's parent."""
        mean, variance = self.slope(told.sums)
        step = self._shown(told, heard)[0][:, None, None]
        return mean * step / (self.variances.to(mean) + variance * step**2).sqrt()


def _spoken(tallies: Tallies) -> Tallies:
    """The answers that are words alone."""
    said = [(number, answer) for number, answer in tallies.answers if not is_graded(answer)]
    return Tallies.of(said, len(tallies.yes), tallies.yes.device)


def _said(directions: Directions, record: Record, questions: Sequence[Proposition]) -> tuple[Tensor, Tensor]:
    """P(yes) of each state of a question, NaN for one that was not asked, and the state of each: ``(S,)``, ``(P,)``."""
    asked = {}
    for (a, b), value in zip(directions.pairs.tolist(), directions.contrast.tolist(), strict=True):
        one, other = directions.names[a], directions.names[b]
        asked[one, other], asked[other, one] = 1.0 if value > 0 else 0.0, 0.0 if value > 0 else 1.0
    said = [asked.get(q.variables) if q is not NEW_QUESTION else None for q in questions]  # type: ignore[arg-type]
    kinds: list[float | None] = list(dict.fromkeys(said))
    laws = torch.tensor([torch.nan if kind is None else kind for kind in kinds], dtype=torch.float64)
    state = torch.tensor([kinds.index(one) for one in said], dtype=torch.int64)
    return laws.to(record.levels.device), state.to(record.levels.device)
