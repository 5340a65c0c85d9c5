"""What is wrong with a language model whose answers come from something else than the graph, in words.

A model may say yes to whatever it is asked, the same in both directions of a pair, yes to what its prompt lists first,
or the same to a statement and to its opposite.  Each of these is a game of heads or tails that an honest model seldom
wins for long: it answers rightly at least seven times in ten, whatever is true.  A bet on the flaw is doubled and lost
accordingly, and once it has grown by 1 / level, whichever candidate is true, the run ends (Ville 1939; Shafer, *Testing
by betting*, JRSS A 184, 2021): an honest model is taken for a flawed one with probability ``level`` at most, however
often one looks.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from causalpp.acbo.hearing.replies import parts_of, told, word_of
from causalpp.belief import AnyBelief
from causalpp.oracles import Answer, Request
from causalpp.propositions import Causes, Direction

__all__ = ["Diagnosis", "Listed"]

#: The variables in the order in which the prompt of a request lists them; none where that was not drawn by chance.
Listed = Callable[[Request], Sequence[str]]

_ERROR = 0.3  # an honest model errs so often at most, one answer like the other
_FLAWED = 0.95  # a flawed one behaves like its flaw so often
_ALIKE = 1e-6  # log-odds that differ by no more are the same
_PAIRS = 12  # after so many no more are asked about for the sake of a diagnosis
_MOST = 1000  # candidates that are looked at one by one
_NEARLY = 0.05  # a flaw established at this level is worth a remark
_SETTLED = 0.9  # so probable before the first answer is what all candidates agree on, whatever else takes part


class _Bet(NamedTuple):
    """One round of a bet on a flaw.

    Attributes:
        showed: whether the flaw showed.
        path: how often it does in an honest model at most, about two variables of which one causes the other.
        apart: the same where neither does; None where it may well be right, and nothing is at stake.
        answers: in which it showed or not.
    """

    showed: bool
    path: float
    apart: float | None
    answers: tuple[Answer, ...]

    def gains(self, paths: Tensor) -> Tensor:
        """The log of what is left of a stake of 1, by whether there is a path, ``(M,)``."""
        path, apart = (
            0.0 if honest is None else math.log(_FLAWED / honest if self.showed else (1 - _FLAWED) / (1 - honest))
            for honest in (self.path, self.apart)
        )
        return torch.where(paths, path, apart)


class Diagnosis:
    """Listens to a language model, and says what is wrong with it once that is established.

    Args:
        start: the belief before the first answer: what is settled, and which variables have a path between them.
        level: with which probability an honest model may be taken for a flawed one, for each of the flaws; zero never
            finds any.

    Example:
        >>> from causalpp import Belief, Dag, MarkovEquivalenceClass
        >>> mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")]))
        >>> diagnosis = Diagnosis(Belief.uniform(mec.batch()))
        >>> for a, b in ["ab", "bc", "cd", "de"]:
        ...     both = [Answer(Causes(*pair), True, text="Yes.", nature="language model") for pair in [(a, b), (b, a)]]
        ...     diagnosis.hear(both)
        >>> print(diagnosis.verdict())
        the oracle says yes to everything: in both directions of 4 of 4 pairs (8 prompts), such as
        'Does a cause b?' – 'Yes.' and 'Does b cause a?' – 'Yes.'
    """

    def __init__(self, start: AnyBelief, level: float = 0.005) -> None:
        self.start, self.level = start, level
        self.listed: Listed | None = None
        self._pairs: dict[frozenset[str], tuple[Answer, ...]] = {}  # in the order in which they came
        self._bets: dict[frozenset[str], tuple[tuple[_Bet, ...], ...]] = {}  # by flaw, of pairs answered both ways
        self._stakes: tuple[Tensor, ...] = (torch.zeros(1, dtype=torch.float64),) * len(_FLAWS)  # logs, by graph
        self._paths: dict[frozenset[str], Tensor] = {}

    def copy(self) -> Diagnosis:
        """The same, which what is heard later leaves alone."""
        other = copy.copy(self)
        other._pairs, other._bets = dict(self._pairs), dict(self._bets)
        return other

    def hear(self, answers: Sequence[Answer]) -> None:
        """Take note of some answers; those of other oracles than language models say nothing of prompts."""
        if self.level <= 0:
            return
        changed: dict[frozenset[str], None] = {}
        for part in (part for answer in answers for part in parts_of(answer)):
            if type(part.question) is Causes and part.nature == "language model" and part.value is not None:
                names = frozenset(part.question.variables)
                self._pairs[names] = (*self._pairs.get(names, ()), part)
                changed[names] = None
        for names in changed:
            pair = self._pairs[names]
            if len({one.question for one in pair}) == 2:
                self._bet(names, self._on(pair))

    def _bet(self, names: frozenset[str], bets: tuple[tuple[_Bet, ...], ...]) -> None:
        """Bet on each flaw by what was said of a pair; what was said of it before is a part of that."""
        before = self._bets.get(names, ((),) * len(_FLAWS))
        paths = self._path(names)
        self._stakes = tuple(
            stake + sum(bet.gains(paths) for bet in now) - sum(bet.gains(paths) for bet in old)
            for stake, now, old in zip(self._stakes, bets, before, strict=True)
        )
        self._bets[names] = bets

    def verdict(self) -> str | None:
        """What is wrong, with two of the replies as they came; None while nothing is established."""
        return self._found(self.level) if self.level > 0 else None

    def remark(self) -> str:
        """What to add to the verdict of a run that ends without having found anything: what nearly is established."""
        found = self._found(_NEARLY) if self.level > 0 else None
        return "" if found is None else f"; {found}"

    def _found(self, level: float) -> str | None:
        bets = [[bet for pair in self._bets.values() for bet in pair[flaw]] for flaw in range(len(_FLAWS))]
        said = {word_of(one) for bet in bets[_LISTING] for one in bet.answers}
        for flaw, words in enumerate(_FLAWS):
            if float(self._stakes[flaw].min()) < -math.log(level):
                continue
            if flaw < _LISTING and self._as_listed():
                continue
            if flaw == _LISTING and len(said) == 1:
                continue
            at_stake = [bet for bet in bets[flaw] if bet.showed or bet.apart is not None]
            showed = [bet for bet in at_stake if bet.showed]
            prompts = sum(len(bet.answers) for bet in at_stake)
            count = f"{len(showed)} of {len(at_stake)}"
            return f"{words.format(count=count, prompts=prompts)}, such as {_shown(showed[0], showed[-1])}"
        return None

    @property
    def pending(self) -> bool:
        """Whether all that was said shows one flaw, and more pairs would tell whether it is one."""
        if self.level <= 0 or not 1 < len(self._bets) < _PAIRS:
            return False
        for flaw, stake in enumerate(self._stakes):
            bets = [bet for pair in self._bets.values() for bet in pair[flaw] if bet.showed or bet.apart is not None]
            if len(bets) > 1 and all(bet.showed for bet in bets) and float(stake.min()) < -math.log(self.level):
                return True
        return False

    def at_stake(self, question: Direction) -> float:
        """The share of candidates in which the one variable of a pair causes the other: where flaws show best."""
        return float(self._path(frozenset(question.variables)).double().mean())

    def in_doubt(self) -> frozenset[str] | None:
        """A pair to ask about once more, with its list turned about.

        That is where the same word was said each time, and it was each time what the listing order says as well.
        """
        established = any(float(stake.min()) >= -math.log(self.level or 1.0) for stake in self._stakes[:_LISTING])
        if self.level <= 0 or not established or not self._as_listed():
            return None
        once = (names for names in self._bets if not any(one.replicate for one in self._pairs[names]))
        return next(once, None)

    def _as_listed(self) -> bool:
        """Whether all that was said is what the listing order says."""
        bets = [bet for pair in self._bets.values() for bet in pair[_LISTING]]
        return bool(bets) and all(bet.showed for bet in bets)

    def _path(self, names: frozenset[str]) -> Tensor:
        """Whether one of two variables causes the other, in every candidate or in all of them together: ``(M,)``."""
        if names not in self._paths:
            a, b = names
            ways = Causes(a, b), Causes(b, a)
            if self.start.listed and (self.start.size or 0) <= _MOST:
                self._paths[names] = ways[0].holds(self.start.candidates) | ways[1].holds(self.start.candidates)
            else:
                self._paths[names] = torch.tensor([sum(map(self.start.probability, ways)) >= _SETTLED])
        return self._paths[names]

    # --- flaws -------------------------------------------------------------------------------------------

    def _on(self, pair: Sequence[Answer]) -> tuple[tuple[_Bet, ...], ...]:
        """What is bet on each flaw, in the order of :data:`_FLAWS`."""
        same = [_same(pair, word) for word in (True, False, None)]
        return (same[0],), (same[1],), self._listing(pair), (same[2],), tuple(_negation(pair))

    def _listing(self, pair: Sequence[Answer]) -> tuple[_Bet, ...]:
        """Whether it said yes exactly where the cause was listed before its effect."""
        if self.listed is None:
            return ()
        follows = []
        for one in pair:
            order = list(self.listed(one.request))
            if not set(one.question.variables) <= set(order):
                return ()
            first, second = (order.index(name) for name in one.question.variables)
            follows.append(word_of(one) == (first < second))
        return (_Bet(all(follows) and _blank(pair), _ERROR * (1 - _ERROR), 0.5, tuple(pair)),)


def _same(pair: Sequence[Answer], word: bool | None) -> _Bet:
    """Whether both directions got the same word, and log-odds, if there are any, do not tell them apart."""
    told = _positive(pair)
    words = {word_of(one) for one in told}
    honest = _ERROR * (1 - _ERROR) if word is not None else 2 * _ERROR * (1 - _ERROR)
    wrong = word is True and not told[0].negated  # where there is no path; to deny both directions is right there
    showed = len(words) == 1 and word in (None, *words) and _blank(pair)
    return _Bet(showed, honest, honest if wrong else None, tuple(told))


# In the order in which they are looked at.
_FLAWS = (
    "the oracle says yes to everything: in both directions of {count} pairs ({prompts} prompts)",
    "the oracle says no to everything: in both directions of {count} pairs ({prompts} prompts)",
    "the oracle follows the order in which its prompts list the variables: it says yes where the cause is listed "
    "first, and no where it is not, in {count} pairs ({prompts} prompts)",
    "the oracle says the same in both directions of a pair: in {count} pairs ({prompts} prompts)",
    "the oracle ignores negation: it says the same to a statement and to its opposite in {count} cases ({prompts} "
    "prompts); ask it in positive words alone",
)
_LISTING = 2  # among them


def _positive(pair: Sequence[Answer]) -> list[Answer]:
    """Those that were not put the other way round; all of them where there are no others."""
    return [one for one in pair if not one.negated] or list(pair)


def _direction(pair: Sequence[Answer]) -> float:
    """How much more is said for the pair in the order of its first question than for the other; 0 if nothing is."""
    ahead = pair[0].question
    sides: dict[bool, list[float]] = {True: [], False: []}
    for one in pair:
        odds = one.log_odds if one.log_odds is not None else 1.0 if one.value else -1.0
        sides[one.question == ahead].append(max(-50.0, min(50.0, odds)))
    forth, back = (sum(side) / len(side) for side in (sides[True], sides[False]))
    return forth - back if abs(forth - back) > _ALIKE else 0.0


def _blank(pair: Sequence[Answer]) -> bool:
    """Whether nothing tells the two directions apart, in whatever wording and polarity."""
    ways: dict[tuple[int, bool, int], list[Answer]] = {}
    for one in pair:
        ways.setdefault((one.wording, one.negated, one.replicate), []).append(one)
    return not any(len({one.question for one in way}) == 2 and _direction(way) for way in ways.values())


def _negation(pair: Sequence[Answer]) -> Iterator[_Bet]:
    """Whether a statement and its opposite got the same word, for each direction and wording that was put both ways."""
    ways: dict[tuple[Causes, int], dict[bool, Answer]] = {}
    for one in pair:
        if isinstance(one.question, Causes):
            ways.setdefault((one.question, one.wording), {}).setdefault(one.negated, one)
    for both in ways.values():
        if len(both) == 2:
            same = word_of(both[True]) == word_of(both[False])
            honest = 2 * _ERROR * (1 - _ERROR)
            yield _Bet(same, honest, honest, (both[False], both[True]))


def _shown(first: _Bet, last: _Bet) -> str:
    """Two replies as they came, with what they are to: both of one round, or of two."""
    one, other = first.answers[0], (first.answers[-1] if len(first.answers) > 1 else last.answers[0])
    return f"{told(one)} and {told(other)}"
