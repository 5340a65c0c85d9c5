"""The belief over a class that is too large to list: members drawn from it, weighted, and moved."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causalpp.belief.alternatives import NoneOfThese
from causalpp.belief.belief import Belief
from causalpp.belief.channels.agnostic import Agnostic
from causalpp.belief.channels.base import Channel
from causalpp.belief.disagreement import Disagreement
from causalpp.belief.huge._batches import Frame, PackedBatch
from causalpp.belief.huge._estimate import Estimate
from causalpp.belief.huge._moves import KEPT, Mixing, move, systematic
from causalpp.belief.huge._reversals import Walkers
from causalpp.belief.huge._space import AnyDag, Members, Space
from causalpp.belief.huge._target import Target, Truths
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import Dag
from causalpp.oracles import Answer
from causalpp.posterior import DagPosterior
from causalpp.propositions import Proposition

__all__ = ["Mixing", "ParticleBelief"]

_MANY = 50  # particles that are equal: enough of them to estimate a probability
_MOST, _FROM_DATA, _FEWEST = 1 << 16, 1 << 14, 1 << 12  # particles, unless said
_COMPARED = 14  # variables up to which data and answers are compared
_WORDS = 1 << 20  # of the particles' sets of parents
_CELLS = 1 << 31  # of the particles' adjacency, which is written out once: two gigabytes
_SURE = 1e-12  # a probability that is 0 or 1 but for rounding
_LOW = 0.25  # of the particles' number: with a smaller effective sample size they are drawn again


@dataclass(frozen=True, eq=False, repr=False)
class ParticleBelief(Estimate):
    """A posterior estimated from members of the class; immutable: :meth:`update` gives a new one.

    Sequential Monte Carlo (Chopin, *A sequential particle filter method for static models*, Biometrika 89, 2002).
    The particles start as uniform members.  Every answer weights them by what the channel makes of it; once the
    effective sample size has fallen below a quarter of their number, an eighth of it is drawn again by weight, and
    moved by Metropolis–Hastings steps whose stationary law is the posterior, reliabilities summed out: reversals of
    covered edges (Chickering, UAI 1995), one drawn uniformly, or several that take one variable up or down.

    The particles live in a few populations that do not mix, each weighted by its own estimate of the evidence.
    What they disagree about is not known as well as the numbers suggest: see :meth:`standard_error`.

    Attributes:
        space: what the particles walk through, with its law before any answer.
        channel: the noise model of the oracle.
        seed: of everything that is drawn.
        belief: over the distinct graphs among the particles, each with the weight its particles have together; what
            an exact belief says, this one says of them.
        answers: the answers so far.
        mixing: how the last moves went; None before any.

    Example:
        >>> from causalpp import Causes
        >>> from causalpp.graphs import Dag
        >>> nodes = [f"x{i}" for i in range(22)]
        >>> dag = Dag(nodes, [(a, b) for i, a in enumerate(nodes) for b in nodes[i + 1 :]])
        >>> mec = MarkovEquivalenceClass.from_dag(dag)
        >>> mec.size
        1124000727777607680000
        >>> from causalpp.belief import Fixed
        >>> belief = ParticleBelief.uniform(mec, Fixed(0.1), particles=1000)
        >>> belief = belief.update([Answer(Causes("x0", "x1"), True), Answer(Causes("x1", "x2"), True)])
        >>> round(belief.probability(Causes("x0", "x2")), 1)  # 0.99 / 1.18
        0.8
    """

    space: Space
    channel: Channel
    seed: int
    belief: Belief
    answers: tuple[Answer, ...]
    mixing: Mixing | None
    _walkers: Walkers  # the distinct graphs
    _mass: Tensor  # what each graph weighed in each population when it was last drawn, (D, populations)
    _particles: int
    _offset: float  # the log of P(answers), less what the belief over the distinct graphs takes for it
    _draws: int = 0

    @classmethod
    def uniform(
        cls,
        mec: MarkovEquivalenceClass,
        channel: Channel | None = None,
        *,
        particles: int | None = None,
        populations: int = 4,
        seed: int = 0,
    ) -> ParticleBelief:
        """Before any answer: members drawn uniformly.

        Args:
            mec: the class, also with background knowledge or narrowed by statements.
            channel: the noise model, by default :class:`Agnostic`.
            particles: how many members; less what is over after the last multiple of eight times the populations.  By
                default 65,536, or as many as keep a step quick where there are many open variables, but at least 4,096.
            populations: into so many groups they are divided, which are drawn again each for itself.
            seed: of all draws.

        Raises:
            InvalidParameter: fewer than two populations, or less than eight particles in each.
            TooLarge: the class cannot be drawn from, see :meth:`MarkovEquivalenceClass.sample`; or so many particles of
                so many variables with open edges would take more than two gigabytes.
        """
        return cls._begun(Members(mec), channel, particles, populations, seed, _MOST)

    @classmethod
    def given(
        cls,
        posterior: DagPosterior,
        channel: Channel | None = None,
        *,
        particles: int | None = None,
        populations: int = 4,
        seed: int = 0,
    ) -> ParticleBelief:
        """Before any answer, given data: graphs drawn from their exact posterior.

        Args:
            posterior: of all Dags, an exact one.
            channel, particles, populations, seed: as of :meth:`uniform`; by default 16,384 particles.

        Raises:
            InvalidParameter: see there.
            TooLarge: the posterior is an estimate itself.
        """
        if posterior.inference.method != "exact":
            raise TooLarge("particles start from an exact posterior, of 20 variables at most; weigh its draws instead")
        return cls._begun(AnyDag(posterior), channel, particles, populations, seed, _FROM_DATA)

    @classmethod
    def _begun(
        cls, space: Space, channel: Channel | None, particles: int | None, populations: int, seed: int, most: int
    ) -> ParticleBelief:
        frame = space.frame
        if particles is None:
            particles = max(_FEWEST, min(most, _WORDS // max(1, frame.bits.numel())))
        if populations < 2 or particles < populations * KEPT:
            raise InvalidParameter(
                f"a particle belief needs at least two populations of {KEPT} particles each, got {particles} particles "
                f"in {populations} populations"
            )
        particles -= particles % (populations * KEPT)
        if particles * len(frame.rows) ** 2 > _CELLS:
            raise TooLarge(
                f"{particles:,} particles of {len(frame.rows):,} variables with open edges do not fit into 2 GB "
                f"(at most {int((_CELLS / particles) ** 0.5):,} variables do): say which directions are known, with "
                "knowledge=, or compare some members drawn from the class, with config=AcboConfig(sample=200)"
            )
        walkers = space.drawn(particles, seed)
        group = torch.arange(particles) % populations
        share = torch.full((populations,), 1 / populations, dtype=torch.float64)
        start = cls(space, channel or Agnostic(), seed, None, (), None, walkers, share, particles, 0.0)  # type: ignore[arg-type]
        return start._gathered(walkers, group, share, (), 0.0)

    def update(self, answers: Iterable[Answer]) -> ParticleBelief:
        """The belief after more answers, taken in one after the other; abstentions change nothing.

        Raises:
            UnknownVariable: an answer is about a variable the class does not have.
        """
        now = self
        for answer in answers:
            now = replace(now, belief=now.belief.update([answer]), answers=(*now.answers, answer))
            if now.effective_sample_size < _LOW * now._particles:
                now = now._drawn_again()
        return now

    # --- how good the estimate is -----------------------------------------------------------------------

    @property
    def particles(self) -> int:
        """How many there are."""
        return self._particles

    @property
    def size(self) -> int | None:
        """How many graphs there are; None where it is not known."""
        return self.space.size

    @property
    def mec(self) -> MarkovEquivalenceClass:  # type: ignore[override]
        """The class, where the graphs are the members of one.

        Raises:
            InvalidParameter: they are not.
        """
        if not isinstance(self.space, Members):
            raise InvalidParameter("a belief that starts from data is about all graphs, not about those of one class")
        return self.space.mec

    @property
    def class_(self) -> MarkovEquivalenceClass | None:  # type: ignore[override]
        """The class whose members are the candidates; None where the particles start from data."""
        return self.space.mec if isinstance(self.space, Members) else None

    @property
    def data(self) -> DagPosterior | None:
        """The posterior that the particles were drawn from, where they start from data."""
        return self.space.posterior if isinstance(self.space, AnyDag) else None

    @property
    def nodes(self) -> tuple[str, ...]:
        """The variables."""
        return self._frame.shared.nodes

    @property
    def _frame(self) -> Frame:
        return self.space.frame

    @property
    def prior_confidence(self) -> float:
        """The probability of the most probable graph before any answer."""
        return self.space.confidence

    @cached_property
    def _shares(self) -> Tensor:
        """P(graph, population), shape ``(D, populations)``."""
        within = self._mass / self._mass.sum(1, keepdim=True)
        return self.belief.probabilities[:, None] * within

    @cached_property
    def effective_sample_size(self) -> float:
        """So many particles of equal weight would be as good: 1 / Σ w².

        It speaks of the weights alone. Particles that were drawn again are alike until they have moved apart: see
        :attr:`mixing`, :attr:`distinct` and :meth:`standard_error`.
        """
        per = self._particles / self._mass.shape[1]  # particles of a population, all of one weight when drawn
        count = self._mass / self._mass.sum(0, keepdim=True).clamp(min=1e-300) * per
        square = torch.where(count > 0.5, self._shares**2 / count.clamp(min=0.5), 0.0)
        return 1 / float(square.sum())

    @property
    def distinct(self) -> int:
        """How many different graphs there are among the particles."""
        return len(self.candidates)

    def standard_error(self, proposition: Proposition) -> float:
        """How far off :meth:`probability` may be: estimated from what the populations disagree about.

        No population counts for less than the others here, whatever it weighs, so the error is rather over- than
        underestimated.
        """
        return self._error(proposition.holds(self.candidates).double())

    @property
    def confidence_error(self) -> float:
        """The same for :attr:`confidence`."""
        return self.confidence * self._relative_error

    def _error(self, values: Tensor) -> float:
        shares = self._shares
        each = (values @ shares) / shares.sum(0).clamp(min=1e-300)
        mean = values @ self.belief.probabilities
        return float(((each - mean) ** 2).mean().sqrt()) / math.sqrt(len(each) - 1)

    @cached_property
    def _relative_error(self) -> float:
        """Of the probability of a graph: what the populations disagree about, the supported graphs or the evidence."""
        shares = self._shares
        if bool(self._supported.any()):
            share = float(self.probabilities[self._supported].sum())
            return self._error(self._supported.double()) / max(share, 1e-300)
        return float(shares.sum(0).std()) * math.sqrt(shares.shape[1])

    # --- what is believed -------------------------------------------------------------------------------

    @property
    def best(self) -> Dag:
        """The most probable graph among the particles; before much is known, others may well be more probable."""
        return self.candidates[int(self._log_probability.argmax())]

    @property
    def confidence(self) -> float:
        """The estimated posterior probability of :attr:`best`.

        What one graph is more probable than another is known exactly: it is so before the answers, and given them.
        That leaves one number to be estimated: from the weight on the graphs that many particles stand for,
        or, while there are none, from the evidence.
        """
        return min(1.0, math.exp(float(self._log_probability.max())))

    def top(self, k: int = 5) -> list[tuple[Dag, float]]:
        """The ``k`` most probable graphs among the particles, with their estimated probabilities."""
        order = torch.argsort(self._log_probability, descending=True, stable=True)[:k]
        found = self._log_probability.clamp(max=0).exp()
        return [(self.candidates[int(n)], float(found[n])) for n in order]

    @cached_property
    def _supported(self) -> Tensor:
        """Which graphs many particles were equal to when they were last drawn, booleans of shape ``(D,)``."""
        return self._mass.sum(1) * self._particles >= _MANY

    @cached_property
    def _log_probability(self) -> Tensor:
        """The log posterior of the distinct graphs, estimated; see :attr:`confidence`."""
        many, before = self._supported, self._log_prior
        if before is None:
            log: Tensor = self.log_likelihood
            if not bool(many.any()):
                return self.probabilities.log()
        else:
            log = self.log_likelihood + before
        if bool(many.any()):
            scale = self.probabilities[many].sum().log() - torch.logsumexp(log[many], 0)
        else:
            scale = torch.tensor(-self.log_marginal_likelihood)
        return log + scale

    @cached_property
    def _log_prior(self) -> Tensor | None:
        """What is known of the distinct graphs before any answer, ``(D,)``."""
        return self.space.log_prior(self._walkers)

    @property
    def entropy(self) -> float:
        """What is still unknown about the graph, in bits.

        Estimated: the mean of −log₂ of prior times P(answers | graph) / P(answers).  Where the prior is not known, the
        entropy of the particles' weights, which is too small.
        """
        before = self._log_prior
        if before is None:
            return self.belief.entropy
        p = self.belief.probabilities
        log = (self.log_likelihood + before)[p > 0]
        return max(0.0, (self.log_marginal_likelihood - float(p[p > 0] @ log)) / math.log(2))

    @property
    def log_marginal_likelihood(self) -> float:
        """An estimate of the natural logarithm of P(answers)."""
        return self._offset + self.belief.log_marginal_likelihood

    def settled(self, statement: Proposition) -> bool | None:
        """Whether a statement is true in all members, or (False) in none; None if they differ, or are too many."""
        if _SURE < self.probability(statement) < 1 - _SURE:
            return None
        return self.space.decide(statement)  # particles are a sample

    @cached_property
    def none_of_these(self) -> NoneOfThese:
        """Whether the answers have to do with the graph, and, from data, whether both speak of the same graph.

        The latter up to 14 variables: it takes a second belief, that starts from all graphs alike.
        """
        related = NoneOfThese.only_related(self.profile)
        if not isinstance(self.space, AnyDag) or len(self.nodes) > _COMPARED:
            return related
        even = ParticleBelief.given(self.space.even, self.channel, particles=_FEWEST, seed=self.seed)
        even = even.update(self.answers)
        factor = self.log_marginal_likelihood - even.log_marginal_likelihood
        edges = self.space.posterior.edges, even.edges, self.edges
        return replace(related, data=Disagreement.between(self.nodes, factor, *edges))

    def thinned(self, count: int) -> Belief:
        """A belief over at most so many graphs, drawn by weight, that stands for this one: for quick looks ahead."""
        if self.distinct <= count:
            return self.belief
        draw = torch.Generator().manual_seed(self.seed)
        kept, times = torch.unique(systematic(self.probabilities, count, draw), return_counts=True)
        prior = times.double().log() - self.log_likelihood[kept]
        start = Belief(PackedBatch(self._frame, self._walkers.take(kept)), self.channel, prior)
        return start.update(self.answers)

    def reader(self, questions: Sequence[Proposition]) -> Callable[[Belief], Tensor]:
        """What reads the true answers, ``(N, Q)``, off the graphs of a belief that :meth:`thinned` gave."""
        truths = Truths(questions, self._frame)

        def read(belief: Belief) -> Tensor:
            assert isinstance(belief.candidates, PackedBatch)
            return truths.of(belief.candidates.walkers)

        return read

    # --- drawing and moving -----------------------------------------------------------------------------

    def _drawn_again(self) -> ParticleBelief:
        draw = torch.Generator().manual_seed((self.seed * 1_000_003 + self._draws + 1) % 2**63)
        shares = self._shares
        populations = shares.shape[1]
        numbers, groups = [], []
        chains = self._particles // (populations * KEPT)
        for k in range(populations):
            numbers.append(systematic(shares[:, k], chains, draw))
            groups.append(torch.full((chains,), k))
        walkers = self._walkers.take(torch.cat(numbers))
        target = Target(self.channel, self.record, self._frame, self.space.conditions)
        walkers, mixing = move(walkers, target, self.space, draw)
        after = replace(self, mixing=mixing, _draws=self._draws + 1)
        group = torch.cat(groups).repeat(KEPT)
        return after._gathered(walkers, group, shares.sum(0), self.answers, self.log_marginal_likelihood)

    def _gathered(
        self, walkers: Walkers, group: Tensor, share: Tensor, answers: tuple[Answer, ...], log_evidence: float
    ) -> ParticleBelief:
        """Equal particles become one graph, with the weight they have together."""
        rows = np.ascontiguousarray(walkers.parents.numpy()).reshape(len(walkers), -1)
        keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
        _, first, found = np.unique(keys, return_index=True, return_inverse=True)
        which = torch.as_tensor(found.ravel())
        mass = torch.zeros((len(first), len(share)), dtype=torch.float64)
        each = share / torch.bincount(group, minlength=len(share))
        mass.index_put_((which, group), each[group], accumulate=True)
        graphs = walkers.take(torch.as_tensor(first))
        start = Belief.uniform(PackedBatch(self._frame, graphs), self.channel).update(answers)
        prior = mass.sum(1).log() - start.log_likelihood  # so that the posterior given these answers is what was drawn
        belief = Belief(start.candidates, self.channel, prior, start.answers, record=start.record)
        offset = log_evidence + float(torch.logsumexp(prior, 0))
        return replace(self, belief=belief, _walkers=graphs, _mass=mass, _offset=offset)

    # --- for people -------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return (
            f"ParticleBelief({self._particles:,} particles for {self.space.named}, {len(self.answers)} answers, "
            f"effective sample size {self.effective_sample_size:,.0f}, {self.distinct:,} distinct, "
            f"confidence {self.confidence:.3f} ± {self.confidence_error:.3f} in {self.graph!r})"
        )

    def to_dict(self, k: int = 10) -> dict[str, Any]:
        """As :meth:`Belief.to_dict`, and how good the estimate is."""
        return {
            **super().to_dict(k),
            "method": "particles",
            "confidence_error": self.confidence_error,
            "particles": self._particles,
            "distinct": self.distinct,
            "effective_sample_size": self.effective_sample_size,
            "mixing": None if self.mixing is None else vars(self.mixing),
        }
