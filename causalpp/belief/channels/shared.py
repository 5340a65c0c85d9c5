"""Errors that several answers have in common: one factor that turns a whole block of answers round."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.belief.channels.agnostic import Agnostic
from causalpp.belief.channels.base import Heard, Predictive, Profile
from causalpp.belief.channels.groups import together
from causalpp.belief.channels.mixture import Mixture, log_urn
from causalpp.belief.record import Label, Source, Tallies
from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.oracles import Answer
from causalpp.propositions import Proposition

__all__ = ["SharedErrors"]

_WORLDS = 50_000  # the most that are summed over


class _Said(NamedTuple):
    """One answer: its question's number, what was said, by which oracle, after how many yes and no of that oracle."""

    question: int
    yes: bool
    oracle: int
    k: int
    n: int


_Blocks: TypeAlias = Mapping[Hashable, Sequence[_Said]]


@dataclass(frozen=True)
class SharedErrors(Mixture):
    """Blocks of answers that share a common factor: with probability c it strikes, and reverses the block's answers.

    A block is one question, whoever answers it how often (models that were trained on the same text err together), or
    one call (several outcomes asked about at once, see :class:`~causalpp.oracles.Panel`).  Given the graph, the world
    of the base and c, blocks are independent, and so are the answers of one block once it is known whether it was
    struck.  c has a prior on a grid; the sum over worlds, c and blocks is exact.

    In worlds where repeats are alike, the answer to a question repeats an earlier one of the same oracle, whatever it
    was, or is drawn anew; what is drawn anew is what the factor reverses.  So with k yes among m answers so far the
    next one is yes with probability (μ (1 − ρ) + k ρ) / (1 − ρ + m ρ), with 1 − μ for μ in a block that is struck.  If
    the same questions come in several calls, their order then counts.

    Attributes:
        base: the worlds and their prior.
        within: what makes a block, ``"question"`` or ``"call"``; answers without a call are blocks of their own.
        share: pairs (c, prior probability), 0 ≤ c < 1/2.
        oracles: fingerprints of oracles that differ in reliability.  Each then has a world of its own, independent a
            priori, and the worlds are all combinations: for two or three oracles and a base of few worlds.  By default
            all oracles are equally reliable.

    Raises:
        InvalidParameter: another kind of block, a c out of range, weights that do not sum to one, oracles named twice;
            later, an answer of an oracle that is not named, where some are.
        TooLarge: more than 50,000 combinations of worlds.

    Example:
        >>> from causalpp import Answer, Belief, Causes, Dag, DagBatch
        >>> from causalpp.belief import Worlds
        >>> pair = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
        >>> models = [Answer(Causes("a", "b"), True, oracle=name) for name in ("ann", "bob", "cleo")]
        >>> for c in (0.0, 0.05, 0.2):  # all three together are never surer than that nothing struck
        ...     channel = SharedErrors(Worlds(((0.9, 0.1, 0.0, 1.0),)), "question", ((c, 1.0),))
        ...     print(round(Belief.uniform(pair, channel).update(models).confidence, 3))
        0.999
        0.949
        0.799
    """

    base: Mixture = field(default_factory=Agnostic)
    within: str = "question"
    share: tuple[tuple[float, float], ...] = ((0.0, 0.4), (0.05, 0.2), (0.1, 0.2), (0.2, 0.2))
    oracles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.base, Mixture) or isinstance(self.base, SharedErrors):
            raise InvalidParameter(f"the base of shared errors is a finite mixture of worlds, not {self.base!r}")
        if self.within not in ("question", "call"):
            raise InvalidParameter(f"errors are shared within a 'question' or within a 'call', not {self.within!r}")
        if not self.share or not all(0 <= c < 0.5 and weight > 0 for c, weight in self.share):
            raise InvalidParameter(f"shares are pairs of a probability in [0, 1/2) and a weight, got {self.share}")
        if not math.isclose(sum(weight for _, weight in self.share), 1):
            raise InvalidParameter(f"the weights of the shares sum to one, got {self.share}")
        if len(set(self.oracles)) < len(self.oracles):
            raise InvalidParameter(f"each oracle is named once, got {self.oracles}")
        worlds = len(self.base.grid) ** self._many * len(self.share)
        if worlds > _WORLDS:
            raise TooLarge(
                f"{len(self.base.grid):,} worlds for each of {self._many} oracles are {worlds:,} combinations, more "
                f"than {_WORLDS:,}: take a base of fewer worlds, such as Worlds(…), or Pooled(by=('oracle',))"
            )
        by = ("oracle",) if self.oracles else ()
        object.__setattr__(self, "sees", (*by, "call") if self.within == "call" else by)

    # --- the worlds -------------------------------------------------------------------------------------------

    @property
    def _many(self) -> int:
        return max(1, len(self.oracles))

    @cached_property
    def _table(self) -> NDArray[np.float64]:
        """For each combination: s, f, ρ of every oracle, then c and the prior probability. Shape ``(G, 3 m + 2)``."""
        chosen = itertools.product(self.base.grid, repeat=self._many)
        rows = [
            (*(value for world in worlds for value in world[:3]), c, weight * math.prod(world[3] for world in worlds))
            for worlds in chosen
            for c, weight in self.share
        ]
        return np.array(rows)

    @cached_property
    def _effective(self) -> NDArray[np.float64]:
        """Both rates of every oracle for an answer in a block of its own, the factor summed out: ``(m, G, 2)``."""
        c = self._table[:, [-2]]
        raw = np.stack([self._table[:, 3 * o : 3 * o + 2] for o in range(self._many)])
        out: NDArray[np.float64] = (1 - c) * raw + c * (1 - raw)
        return out

    @cached_property
    def grid(self) -> NDArray[np.float64]:
        """For an answer in a block of its own, of any of the oracles: s, f, ρ, prior probability. Shape ``(G, 4)``."""
        rho = self._table[:, 2 : 3 * self._many : 3].mean(1)
        return np.column_stack([self._effective.mean(0), rho, self._table[:, -1]])

    @cached_property
    def kinds(self) -> NDArray[np.int64]:
        signs = np.sign(np.round(self._effective[..., 0] - self._effective[..., 1], 9)).astype(np.int64)
        out: NDArray[np.int64] = np.where((signs == 1).any(0), 1, np.where((signs == -1).any(0), -1, 0))
        return out

    def _raw(self, like: Tensor, oracle: int) -> tuple[Tensor, Tensor, Tensor]:
        table = torch.as_tensor(self._table, device=like.device)
        return table[:, 3 * oracle], table[:, 3 * oracle + 1], table[:, 3 * oracle + 2]

    def _struck(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """The log of 1 − c and of c, each ``(G,)``."""
        c = torch.as_tensor(self._table[:, -2], device=like.device)
        return torch.log1p(-c), c.log()

    # --- the answers, block by block ----------------------------------------------------------------------------

    def _oracle(self, answer: Answer) -> int:
        if not self.oracles:
            return 0
        if answer.oracle not in self.oracles:
            raise InvalidParameter(
                f"an answer of the oracle {answer.oracle!r}: name it among oracles={self.oracles!r}, or name none"
            )
        return self.oracles.index(answer.oracle)

    def _blocks(self, tallies: Tallies) -> dict[Hashable, list[_Said]]:
        said: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
        blocks: dict[Hashable, list[_Said]] = {}
        for place, (number, answer) in enumerate(tallies.answers):
            if answer.value is None:
                continue
            oracle = self._oracle(answer)
            counts = said[number, oracle]
            alone = number if self.within == "question" else place
            key: Hashable = answer.call if self.within == "call" and answer.call is not None else alone
            blocks.setdefault(key, []).append(_Said(number, answer.value, oracle, *counts))
            counts[0 if answer.value else 1] += 1
        return blocks

    def _sequence(self, said: Iterable[_Said], like: Tensor) -> Tensor:
        """The log of P(answers to one question | world): true, true and struck, false, false and struck; ``(4, G)``."""
        out = torch.zeros((4, len(self._table)), dtype=torch.float64, device=like.device)
        for one in said:
            s, f, rho = self._raw(like, one.oracle)
            anew = torch.stack([s, 1 - s, f, 1 - f])
            there = one.k if one.yes else one.n
            rate = anew if one.yes else 1 - anew
            out = out + ((rate * (1 - rho) + there * rho) / (1 - rho + (one.k + one.n) * rho)).log()
        return out

    def _log_blocks(self, rows: Tensor, blocks: _Blocks) -> Tensor:
        """The log of P(answers of all these blocks | row, world), shape ``(R, G)``."""
        spared, struck = self._struck(rows)
        out = torch.zeros((len(rows), len(self._table)), dtype=torch.float64, device=rows.device)
        single: dict[int, Tensor] = {}  # question → the log of P where it is true, and where it is false, (2, G)
        for block in blocks.values():
            law = self._questions(block, rows)
            if len(law) == 1:
                ((number, found),) = law.items()
                both = torch.logaddexp(spared + found[[0, 2]], struck + found[[1, 3]])
                single[number] = single.get(number, 0) + both
                continue
            for_row, parts = self._patterns(law, rows)
            out += torch.logaddexp(spared + parts[0], struck + parts[1])[for_row]
        if single:
            laws = torch.stack(list(single.values()))
            out += rows[:, list(single)].to(out.dtype) @ (laws[:, 0] - laws[:, 1]) + laws[:, 1].sum(0)
        return out

    def _questions(self, block: Sequence[_Said], like: Tensor) -> dict[int, Tensor]:
        """For each question of a block the law of its answers; see :meth:`_sequence`."""
        asked: dict[int, list[_Said]] = {}
        for one in block:
            asked.setdefault(one.question, []).append(one)
        return {number: self._sequence(said, like) for number, said in asked.items()}

    @staticmethod
    def _patterns(law: dict[int, Tensor], rows: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The pattern of truth of each row, and the log of P(answers | pattern) if spared and if struck, ``(P, G)``."""
        asked = rows[:, list(law)]
        for_row = together(list(asked.T))
        patterns = asked.new_zeros((int(for_row.max()) + 1, len(law)))
        patterns[for_row] = asked
        laws = torch.stack(list(law.values()))
        true = patterns.to(laws.dtype)
        return for_row, [true @ (laws[:, k] - laws[:, 2 + k]) + laws[:, 2 + k].sum(0) for k in (0, 1)]

    def init(self, rows: Tensor, tallies: Tallies) -> Tensor:
        return self._log_blocks(rows, self._blocks(tallies)) + self._columns(rows)[3].log()

    def step(self, state: Tensor, rows: Tensor, before: Tallies, after: Tallies) -> Tensor:
        old, new = self._blocks(before), self._blocks(after)
        changed = {key: said for key, said in new.items() if len(said) > len(old.get(key, ()))}
        if not changed:
            return state
        there = {key: old[key] for key in changed if key in old}
        return state + self._log_blocks(rows, changed) - self._log_blocks(rows, there)

    # --- the next answer ------------------------------------------------------------------------------------------

    def predictive(self, heard: Heard, questions: Sequence[Proposition], source: Source, *, apart: bool) -> Predictive:
        """As for every channel; the next answer belongs to the block of its question, or to the source's ``call``."""
        record = heard.record
        blocks = self._blocks(record.tallies)
        said: dict[int, list[int]] = defaultdict(lambda: [0] * (2 * self._many))
        for one in itertools.chain.from_iterable(blocks.values()):
            said[one.question][2 * one.oracle + (0 if one.yes else 1)] += 1
        oracles = [self._oracle(source.answer(question, record.tallies)) for question in questions]
        found = [(o, *said[c]) for o, c in zip(oracles, record.columns(questions).tolist(), strict=True)]
        place = {one: k for k, one in enumerate(dict.fromkeys(found))}
        state = torch.tensor([place[one] for one in found], dtype=torch.int64, device=heard.state.device)
        terms: list[tuple[Tensor | None, Tensor, Tensor]]
        block = blocks.get(source.call) if source.call is not None and self.within == "call" else None
        if block is not None:
            laws = self._stacked([self._anew(one, heard.state) for one in place], 4, heard.state)
            for_row, parts = self._patterns(self._questions(block, heard.state), record.rows)
            struck = self._share_struck(parts[0], parts[1])[for_row]
            terms = [(1 - struck, laws[:, 0], laws[:, 2]), (struck, laws[:, 1], laws[:, 3])]
        else:
            terms = [(None, *self._alone(place, heard.state))]
        return self._law(heard, terms, state, apart=apart)

    def _stacked(self, laws: list[Tensor], size: int, like: Tensor) -> Tensor:
        """Shape ``(S, size, G)``, S from 0 on."""
        if laws:
            return torch.stack(laws)
        return torch.zeros((0, size, len(self._table)), dtype=torch.float64, device=like.device)

    def _anew(self, state: tuple[int, ...], like: Tensor) -> Tensor:
        """P(yes | world) where it is true, true and struck, false, false and struck; ``(4, G)``."""
        oracle = state[0]
        k, n = state[1 + 2 * oracle : 3 + 2 * oracle]
        s, f, rho = self._raw(like, oracle)
        return (torch.stack([s, 1 - s, f, 1 - f]) * (1 - rho) + k * rho) / (1 - rho + (k + n) * rho)

    def _struck_if(self, state: tuple[int, ...], like: Tensor) -> Tensor:
        """P(the next answer's block is struck | world) where the question is true, and where not; ``(2, G)``."""
        logs = torch.zeros((4, len(self._table)), dtype=torch.float64, device=like.device)
        if self.within == "question":
            for oracle in range(self._many):
                k, n = (torch.tensor(count, dtype=torch.float64) for count in state[1 + 2 * oracle : 3 + 2 * oracle])
                s, f, rho = self._raw(like, oracle)
                logs += log_urn(torch.stack([s, 1 - s, f, 1 - f]), rho, k, n)
        return self._share_struck(logs[::2], logs[1::2])

    def _share_struck(self, if_spared: Tensor, if_struck: Tensor) -> Tensor:
        """P(struck | a block's answers, world), from the log of their probabilities either way."""
        spared, struck = self._struck(if_spared)
        return torch.sigmoid(struck + if_struck - spared - if_spared)

    def _alone(self, states: Iterable[tuple[int, ...]], like: Tensor) -> tuple[Tensor, Tensor]:
        """P(yes | world) in a block of its own, where it is true and where it is false, ``(S, G)`` each."""
        states = list(states)
        laws = self._stacked([self._anew(state, like) for state in states], 4, like)
        shares = self._stacked([self._struck_if(state, like) for state in states], 2, like)
        mixed = (1 - shares) * laws[:, ::2] + shares * laws[:, 1::2]
        return mixed[:, 0], mixed[:, 1]

    def _next(self, yes: Tensor, no: Tensor) -> tuple[Tensor, Tensor]:
        """For answers of the first oracle alone."""
        states = ((0, k, n) + (0, 0) * (self._many - 1) for k, n in zip(yes.tolist(), no.tolist(), strict=True))
        return self._alone(states, yes)

    def _urns(self, yes: Tensor, no: Tensor) -> tuple[Tensor, Tensor]:
        """For answers of the first oracle alone, each in a call of its own."""
        s, f, rho = self._raw(yes, 0)
        k, n = yes.to(s.dtype)[:, None], no.to(s.dtype)[:, None]
        if self.within == "call":
            s, f = torch.as_tensor(self._effective[0], device=yes.device).unbind(1)
            return log_urn(s, rho, k, n), log_urn(f, rho, k, n)
        spared, struck = self._struck(yes)
        if_true, if_false = (
            torch.logaddexp(spared + log_urn(rate, rho, k, n), struck + log_urn(1 - rate, rho, k, n)) for rate in (s, f)
        )
        return if_true, if_false

    # --- the oracles ------------------------------------------------------------------------------------------------

    def reliabilities(self, heard: Heard) -> dict[Label | None, Reliability]:
        """Of each oracle that is named, or of all: how often it is right, the common factor included."""
        world = self._worlds(heard)
        names: Sequence[str | None] = self.oracles or (None,)
        return {name: self._reliability(world, rates) for name, rates in zip(names, self._effective, strict=True)}

    def profile(self, heard: Heard) -> Profile:
        """The shares are those of c, with which a block's answers are reversed."""
        world = self._worlds(heard)
        shares = {c: float(world[self._table[:, -2] == c].sum()) for c, _ in self.share}
        strikes = sum(c * p for c, p in shares.items()) if self.within == "call" else 0.0
        return self._profile(world)._replace(shares=shares, strikes=strikes)
