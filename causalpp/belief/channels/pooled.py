"""Several kinds of question, wordings or oracles, each with a reliability of its own, and how alike they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from causalpp.belief.channels.agnostic import Agnostic
from causalpp.belief.channels.base import Channel, Heard, Predictive, Profile
from causalpp.belief.channels.groups import FACETS, label_of, split
from causalpp.belief.channels.mixture import Mixture
from causalpp.belief.channels.shared import SharedErrors
from causalpp.belief.record import Label, Source, Tallies
from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidParameter
from causalpp.propositions import Proposition

__all__ = ["Pooled"]

_NEVER = 1e-300


@dataclass(frozen=True)
class Pooled(Channel):
    """A hierarchical channel: every group of answers has a world of its own, and how alike the worlds are is learned.

    A typical world w₀ is drawn from the base's prior π.  Each group's world is w₀ with probability λ, and drawn anew
    from π otherwise; λ has a prior on a grid.  So with L_g(w) the probability of group g's answers in world w

        P(answers | graph) = Σ_λ P(λ) Σ_w₀ π(w₀) Π_g [ λ L_g(w₀) + (1 − λ) Σ_w π(w) L_g(w) ],

    an exact finite sum.  λ = 0 is the flat model of Dawid & Skene (*Maximum likelihood estimation of observer
    error-rates using the EM algorithm*, Applied Statistics 28, 1979), see :meth:`flat`; λ = 1 is complete pooling;
    between them the groups borrow from each other as much as they turn out to be alike (partial pooling; Gelman & Hill,
    *Data Analysis Using Regression and Multilevel/Hierarchical Models*, 2007, chapter 12).

    Answers to one question are alike within a group, as each world of the base has it, and independent between groups
    given the worlds: where errors come back in other wordings or from other oracles, see :class:`SharedErrors`.

    Attributes:
        base: the worlds and their prior.
        by: what makes a group: some of ``"kind"`` of question, ``"wording"``, ``"negated"`` and ``"oracle"``.
        alike: pairs (λ, prior probability).
        known: what was counted before on questions with known answers: groups, each with the number of yes and no where
            it is true, and of yes and no where it is false; see :meth:`from_counts`.

    Raises:
        InvalidParameter: a facet there is not, a λ outside [0, 1], weights that do not sum to one, counts below zero,
            a group that is known twice.

    Example:
        >>> from causalpp import Answer, Belief, Causes, Dag, DagBatch
        >>> from causalpp.belief import Correlated
        >>> chain = DagBatch.from_dags([Dag("abc", [("a", "b"), ("b", "c")]), Dag("abc", [("c", "b"), ("b", "a")])])
        >>> right, wrong = [("a", "b"), ("b", "c"), ("a", "c")], [("b", "a"), ("c", "b"), ("c", "a")]
        >>> said = [Answer(Causes(*pair), True, oracle="ann") for pair in right]
        >>> said += [Answer(Causes(*pair), False, oracle="ann") for pair in wrong]
        >>> said += [Answer(Causes(*pair), True, oracle="bob") for pair in right + wrong]
        >>> belief = Belief.uniform(chain, Pooled(Correlated(correlation=0.0), by=("oracle",))).update(said)
        >>> [(name, round(r.sensitivity, 2), round(r.specificity, 2)) for name, r in belief.reliabilities.items()]
        [('ann', 0.88, 0.8), ('bob', 0.88, 0.54)]
    """

    base: Mixture = field(default_factory=Agnostic)
    by: tuple[str, ...] = ("kind",)
    alike: tuple[tuple[float, float], ...] = ((0.0, 0.2), (0.5, 0.2), (0.8, 0.2), (0.95, 0.2), (1.0, 0.2))
    known: tuple[tuple[Label, tuple[float, float, float, float]], ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.base, Mixture):
            raise InvalidParameter(
                f"the base of a pooled channel is a finite mixture of worlds, such as Agnostic() or "
                f"Correlated(correlation=0.0) for Learned(), not {self.base!r}"
            )
        if isinstance(self.base, SharedErrors) and self.base.oracles:
            raise InvalidParameter("pooling by oracle tells oracles apart already: leave out oracles= of the base")
        if not self.by or len(set(self.by)) < len(self.by) or not set(self.by) <= set(FACETS):
            raise InvalidParameter(f"answers are grouped by some of {', '.join(FACETS)}, each once, not by {self.by!r}")
        if not self.alike or not all(0 <= share <= 1 and weight >= 0 for share, weight in self.alike):
            raise InvalidParameter(f"'alike' has pairs of a probability and a weight, got {self.alike}")
        if not math.isclose(sum(weight for _, weight in self.alike), 1):
            raise InvalidParameter(f"the weights of 'alike' sum to one, got {self.alike}")
        if not all(len(counts) == 4 and all(0 <= n < math.inf for n in counts) for _, counts in self.known):
            raise InvalidParameter(f"what is known of a group are four counts that are not negative, got {self.known}")
        if len({label for label, _ in self.known}) < len(self.known):
            raise InvalidParameter("a group is known twice: add up its counts")
        object.__setattr__(self, "sees", (*self.by, *self.base.sees))

    @classmethod
    def flat(cls, base: Mixture | None = None, by: tuple[str, ...] = ("oracle",)) -> Pooled:
        """No pooling: each group's reliability is learned from its own answers alone (Dawid & Skene 1979)."""
        return cls(base or Agnostic(), by, ((0.0, 1.0),))

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[Label, tuple[tuple[float, float], tuple[float, float]]],
        base: Mixture | None = None,
        by: tuple[str, ...] = ("kind",),
    ) -> Pooled:
        """The channel that starts from what was counted, group by group, on questions with known answers.

        The groups counted are known from the start, and those that were not are like them as far as they are alike.

        Args:
            counts: for each group, how often yes and no where the true answer is yes, and how often yes and no where it
                is no.  Answers that go together count for less than their number.
            base: the worlds and their prior.
            by: what makes a group.

        Raises:
            InvalidParameter: counts below zero, and as for the channel itself.

        Example:
            >>> channel = Pooled.from_counts({"Causes": ((40, 10), (5, 45)), "DirectlyCauses": ((30, 20), (10, 40))})
            >>> channel.known[0]
            ('Causes', (40, 10, 5, 45))
        """
        known = tuple((label, (*if_true, *if_false)) for label, (if_true, if_false) in counts.items())
        return cls(base or Agnostic(), by, known=known)

    # --- what was answered: P(answers of a group | row, world), one block of G columns a group -------------

    def init(self, rows: Tensor, tallies: Tallies) -> Tensor:
        """Columns: the log of P(answers of group g | row, world), group by group."""
        prior = self._log_prior(rows)
        groups = self._groups(tallies).items()
        parts = [self.base.init(rows, part) - prior + self._before(label, rows) for label, part in groups]
        return torch.cat([torch.zeros((len(rows), 0), dtype=prior.dtype, device=prior.device), *parts], dim=1)

    def _before(self, label: Label, like: Tensor) -> Tensor:
        """The log of P(what was counted of a group before | world), ``(G,)``."""
        known = self._known.get(label)
        return torch.zeros_like(self._log_prior(like)) if known is None else known.to(like.device)

    def step(self, state: Tensor, rows: Tensor, before: Tallies, after: Tallies) -> Tensor:
        old, new = self._groups(before), self._groups(after)
        if all(label in old and len(part.answers) == len(old[label].answers) for label, part in new.items()):
            return state
        prior, size = self._log_prior(rows), len(self.base.grid)
        parts = []
        for number, (label, part) in enumerate(new.items()):
            here = state[:, number * size : (number + 1) * size]
            if label not in old:
                here = self.base.init(rows, part) - prior  # known ones are among the old
            elif len(part.answers) > len(old[label].answers):
                here = self.base.step(here + prior, rows, old[label], part) - prior
            parts.append(here)
        return torch.cat(parts, dim=1)

    def _log_prior(self, like: Tensor) -> Tensor:
        return torch.as_tensor(self.base.grid[:, 3], device=like.device).log()  # of the worlds, (G,)

    def _by_group(self, state: Tensor) -> list[Tensor]:
        """One table ``(R, G)`` a group."""
        size = len(self.base.grid)
        return [state[:, start : start + size] for start in range(0, state.shape[1], size)]

    def _unanswered(self, state: Tensor, groups: int) -> list[Tensor]:
        """The tables of so many groups that have not answered yet."""
        size = (len(state), len(self.base.grid))
        return [torch.zeros(size, dtype=torch.float64, device=state.device)] * groups

    def _groups(self, tallies: Tallies) -> dict[Label, Tallies]:
        """The tallies of each group, those that are known from before first."""
        found = split(tallies, self.by)
        nothing = Tallies.of((), len(tallies.yes), tallies.yes.device)
        known = {label: found.get(label, nothing) for label, _ in self.known}
        return known | found

    @cached_property
    def _known(self) -> dict[Label, Tensor]:
        """The log of P(what was counted before | world), ``(G,)``, for each group that is known from before."""
        log = torch.as_tensor(self.base.grid[:, 3]).log()
        return {
            label: (self.base.counted(torch.tensor([counts], dtype=torch.float64)) - log)[0]
            for label, counts in self.known
        }

    @cached_property
    def _log_known(self) -> float:
        """The log of P(what was counted before)."""
        tables = [table[None] for table in self._known.values()]
        return float(torch.logsumexp(self._by_share(tables), dim=1)) if tables else 0.0

    # --- sums over λ, the typical world and the worlds of the groups -----------------------------------------

    def _joint(self, groups: Sequence[Tensor], number: int) -> Tensor:
        """The log of P(all answers, the world of one group | row), all other worlds summed out: ``(R, G)``."""
        prior, own = self._log_prior(groups[0]), groups[number]
        others = [group for k, group in enumerate(groups) if k != number]
        out = torch.full_like(own, -torch.inf)
        for share, weight in self.alike:
            if weight > 0:
                rest = self._typical(others, share, own).expand_as(own)
                anew = prior + torch.logsumexp(rest, dim=1, keepdim=True)
                mine = torch.logaddexp(_log(share) + rest, _log(1 - share) + anew)
                out = torch.logaddexp(out, math.log(weight) + mine + own)
        return out

    def _typical(self, groups: Sequence[Tensor], share: float, like: Tensor) -> Tensor:
        """The log of P(answers of these groups, the typical world | row, λ), ``(R, G)``, or ``(G,)`` without groups."""
        out = prior = self._log_prior(like)
        for group in groups:
            anew = torch.logsumexp(prior + group, dim=1, keepdim=True).expand_as(group)
            out = out + torch.logaddexp(_log(share) + group, _log(1 - share) + anew)
        return out

    def _by_share(self, groups: Sequence[Tensor]) -> Tensor:
        """The log of P(all answers, λ | row) for each λ of the grid, ``(R, Λ)``."""
        return torch.stack(
            [
                torch.logsumexp(self._typical(groups, share, groups[0]), dim=1) + _log(weight)
                for share, weight in self.alike
            ],
            dim=1,
        )

    def _masked(self, groups: Sequence[Tensor], worlds: Tensor, which: Sequence[int]) -> list[Tensor]:
        """The same tables with P(answers | world) = 0 outside some worlds, for some groups."""
        return [t.masked_fill(~worlds, -torch.inf) if k in set(which) else t for k, t in enumerate(groups)]

    def log_likelihood(self, state: Tensor) -> Tensor:
        groups = self._by_group(state)
        if not groups:
            return torch.zeros(len(state), dtype=torch.float64, device=state.device)
        return torch.logsumexp(self._by_share(groups), dim=1) - self._log_known

    # --- the next answer ------------------------------------------------------------------------------------

    def predictive(self, heard: Heard, questions: Sequence[Proposition], source: Source, *, apart: bool) -> Predictive:
        """As for every channel, for answers in calls of their own.

        *Nothing to do with the graph* is said of all groups together that the questions belong to.
        """
        record, device = heard.record, heard.state.device
        parts = self._groups(record.tallies)
        number = {label: k for k, label in enumerate(parts)}
        labels = (label_of(source.answer(q, record.tallies), self.by) for q in questions)
        mine = [number.setdefault(label, len(number)) for label in labels]
        new = len(number) - len(parts)
        said = [torch.stack([part.yes, part.no]) for part in parts.values()]
        said += [torch.zeros((2, len(record.numbers)), dtype=torch.int64, device=device)] * new
        columns, group = record.columns(questions), torch.tensor(mine, dtype=torch.int64, device=device)
        if said:
            counts = torch.nn.functional.pad(torch.stack(said), (0, 1))[group, :, columns]
        else:
            counts = torch.zeros((0, 2), dtype=torch.int64, device=device)
        states, state = torch.unique(torch.cat([group[:, None], counts], dim=1), dim=0, return_inverse=True)
        return self._law(heard, self._by_group(heard.state) + self._unanswered(heard.state, new), states, state, apart)

    def _law(self, heard: Heard, tables: list[Tensor], states: Tensor, state: Tensor, apart: bool) -> Predictive:
        """The law for states (group, yes, no), shape ``(S, 3)``."""
        log_prior = heard.log_prior
        asked = sorted(set(states[:, 0].tolist()))
        empty = torch.as_tensor(self.base.kinds == 0, device=log_prior.device)
        apart = apart and bool(empty.any()) and bool(asked)
        whole = torch.logsumexp(self._by_share(tables), 1) + log_prior if tables else log_prior
        total = torch.logsumexp(whole, 0)
        mass = (whole - total).exp()
        masked = self._masked(tables, empty, asked)
        gone = torch.zeros_like(mass)
        if apart:
            gone = (torch.logsumexp(self._by_share(masked), 1) + log_prior - total).exp()
        rest = (mass - gone).clamp(min=0)
        laws = [torch.zeros((len(mass), len(states)), dtype=mass.dtype, device=mass.device) for _ in range(2)]
        either = torch.zeros(len(states), dtype=mass.dtype, device=mass.device)
        for number in asked:
            here = states[:, 0] == number
            rates = self.base._next(states[here, 1], states[here, 2])
            world = (self._joint(tables, number) + log_prior[:, None] - total).exp()
            if apart:
                none = (self._joint(masked, number) + log_prior[:, None] - total).exp()
                either[here] = rates[0] @ none.sum(0)
                world = (world - none).clamp(min=0)
            for law, rate in zip(laws, rates, strict=True):
                law[:, here] = world @ rate.T
        scale = rest.clamp(min=_NEVER)[:, None]
        unrelated = float(gone.sum())
        return Predictive(
            rest, (laws[0] / scale).clamp(0, 1), (laws[1] / scale).clamp(0, 1), state, unrelated,
            (either / max(unrelated, _NEVER)).clamp(0, 1),
        )  # fmt: skip

    # --- the oracle -----------------------------------------------------------------------------------------

    def profile(self, heard: Heard) -> Profile:
        """Informative if some group is, a liar if none is but some group lies, unrelated if all groups are.

        The shares are those of λ, with which a group is like the typical one.
        """
        tables = self._by_group(heard.state) or self._unanswered(heard.state, 1)
        shares = torch.softmax(torch.logsumexp(self._by_share(tables) + heard.log_prior[:, None], 0), 0)
        neither, nothing = self._without(tables, heard.log_prior)
        known = [self._before(label, heard.state)[None] for label, _ in self.known]
        before = known + self._unanswered(heard.state[:1], len(tables) - len(known))
        return Profile(
            max(0.0, 1 - neither), max(0.0, neither - nothing), nothing,
            self._without(before, torch.zeros_like(heard.log_prior[:1]))[1],
            {share: p for (share, _), p in zip(self.alike, shares.tolist(), strict=True)},
        )  # fmt: skip

    def _without(self, tables: list[Tensor], log_prior: Tensor) -> tuple[float, float]:
        """P(no group is informative), and P(no group's answers have to do with the graph)."""
        total = torch.logsumexp(self._by_share(tables).logsumexp(1) + log_prior, 0)
        out = []
        for worlds in (self.base.kinds != 1, self.base.kinds == 0):
            some = self._masked(tables, torch.as_tensor(worlds, device=log_prior.device), range(len(tables)))
            log = torch.logsumexp(self._by_share(some), 1) + log_prior
            out.append(float((torch.logsumexp(log, 0) - total).exp()))
        return out[0], out[1]

    def reliabilities(self, heard: Heard) -> dict[Label | None, Reliability]:
        tables = self._by_group(heard.state)
        labels: list[Label | None] = [*self._groups(heard.record.tallies)] if tables else [None]
        tables = tables or self._unanswered(heard.state, 1)
        joint = (heard._replace(state=self._joint(tables, k)) for k in range(len(tables)))
        return {label: self.base.reliabilities(one)[None] for label, one in zip(labels, joint, strict=True)}


def _log(share: float) -> float:
    return math.log(share) if share > 0 else -math.inf
