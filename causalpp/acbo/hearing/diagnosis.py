"""What is wrong with a language model whose answers come from something else than the graph, in words.

A model may say yes to whatever it is asked, the same in both directions of a pair, yes to what its prompt lists first,
or the same to a statement and to its opposite.  Each of these is a game of heads or tails that an honest model seldom
wins for long: it answers rightly at least seven times in ten, whatever is true.  A bet on the flaw is doubled and lost
accordingly, and once it has grown by 1 / level the run ends (Ville 1939; Shafer, *Testing by betting*, JRSS A 184,
2021): an honest model is taken for a flawed one with probability ``level`` at most, however often one looks.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from causalpp.acbo.hearing.replies import in_a_line, parts_of, word_of
from causalpp.belief import AnyBelief
from causalpp.oracles import Answer, Request
from causalpp.propositions import Causes

__all__ = ["Diagnosis", "Listed"]

#: The variables in the order in which the prompt of a request lists them; none where that was not drawn by chance.
Listed = Callable[[Request], Sequence[str]]

_ERROR = 0.3  # an honest model errs so often at most, one answer like the other
_FLAWED = 0.95  # a flawed one behaves like its flaw so often
_ALIKE = 1e-6  # log-odds that differ by no more are the same
_SETTLED = 0.9  # so probable before the first answer is what all candidates agree on, whatever else takes part


@dataclass(frozen=True)
class _Bet:
    """One round of a bet: whether the flaw showed, how often it does in an honest model, and in which answers."""

    showed: bool
    honest: float
    answers: tuple[Answer, ...]

    @property
    def factor(self) -> float:
        """What is left of a stake of 1."""
        return _FLAWED / self.honest if self.showed else (1 - _FLAWED) / (1 - self.honest)


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
        self._bets: dict[frozenset[str], tuple[tuple[_Bet, ...], ...]] = {}  # of pairs that nothing was added to
        self._paths: dict[frozenset[str], bool] = {}

    def copy(self) -> Diagnosis:
        """The same, which what is heard later leaves alone."""
        other = copy.copy(self)
        other._pairs, other._bets = dict(self._pairs), dict(self._bets)
        return other

    def hear(self, answers: Sequence[Answer]) -> None:
        """Take note of some answers; those of other oracles than language models say nothing of prompts."""
        for part in (part for answer in answers for part in parts_of(answer)):
            if type(part.question) is Causes and part.nature == "language model" and part.value is not None:
                names = frozenset(part.question.variables)
                self._pairs[names] = (*self._pairs.get(names, ()), part)
                self._bets.pop(names, None)

    def verdict(self) -> str | None:
        """What is wrong, with two of the replies as they came; None while nothing is established."""
        if self.level <= 0:
            return None
        for names, pair in self._pairs.items():
            if names not in self._bets and len({one.question for one in pair}) == 2:  # both directions are answered
                bets = self._same(pair, True), self._same(pair, False), self._listing(pair), self._same(pair, None)
                rounds = [(bet,) if bet is not None else () for bet in bets]
                self._bets[names] = (*rounds, tuple(_negation(pair)))
        known = [self._bets[names] for names in self._pairs if names in self._bets]
        for number, words in enumerate(_FLAWS):
            if (found := self._won([bet for bets in known for bet in bets[number]], words)) is not None:
                return found
        return None

    def _won(self, bets: Sequence[_Bet], words: str) -> str | None:
        stake = 1.0
        for number, bet in enumerate(bets, 1):
            stake *= bet.factor
            if stake >= 1 / self.level:
                showed = [one for one in bets[:number] if one.showed]
                count = f"{len(showed)} of {number}"
                prompts = sum(len(one.answers) for one in bets[:number])
                return f"{words.format(count=count, prompts=prompts)}, such as {_shown(showed[0], showed[-1])}"
        return None

    def _path(self, pair: Sequence[Answer]) -> bool:
        """Whether one variable causes the other in every candidate, in whatever direction."""
        names = frozenset(pair[0].question.variables)
        if names not in self._paths:
            a, b = names
            self._paths[names] = sum(map(self.start.probability, (Causes(a, b), Causes(b, a)))) >= _SETTLED
        return self._paths[names]

    # --- flaws -------------------------------------------------------------------------------------------

    def _same(self, pair: Sequence[Answer], word: bool | None) -> _Bet | None:
        """Whether both directions got the same word, and log-odds, if there are any, do not tell them apart."""
        told = _positive(pair)
        if not (self._path(pair) or (word and not told[0].negated)):  # to deny both directions may well be right
            return None
        words = {word_of(one) for one in told}
        honest = _ERROR * (1 - _ERROR) if word is not None else 2 * _ERROR * (1 - _ERROR)
        return _Bet(len(words) == 1 and word in (None, *words) and _blank(pair), honest, tuple(told))

    def _listing(self, pair: Sequence[Answer]) -> _Bet | None:
        """Whether it said yes exactly where the cause was listed before its effect."""
        if self.listed is None:
            return None
        follows = []
        for one in pair:
            order = list(self.listed(one.request))
            if not set(one.question.variables) <= set(order):
                return None
            first, second = (order.index(name) for name in one.question.variables)
            follows.append(word_of(one) == (first < second))
        honest = _ERROR * (1 - _ERROR) if self._path(pair) else 0.5
        return _Bet(all(follows) and _blank(pair), honest, tuple(pair))


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
            yield _Bet(same, 2 * _ERROR * (1 - _ERROR), (both[False], both[True]))


def _shown(first: _Bet, last: _Bet) -> str:
    """Two replies as they came, with what they are to: both of one round, or of two."""
    one, other = first.answers[0], (first.answers[-1] if len(first.answers) > 1 else last.answers[0])
    return f"{_told(one)} and {_told(other)}"


def _told(answer: Answer) -> str:
    asked = answer.question.question() if not answer.negated else f"Is it false that {answer.question.sentence()}?"
    reply = in_a_line(answer.text) if answer.text else ("yes" if word_of(answer) else "no")
    return f"{asked!r} – {reply!r}"
