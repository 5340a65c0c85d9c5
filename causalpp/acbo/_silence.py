"""An oracle that says nothing: when to stop asking it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from causalpp.belief import Abstaining, Channel, Pooled, SharedErrors
from causalpp.oracles import Answer

__all__ = ["Silence"]

_PATIENCE = 10  # questions without a yes or no, one after the other
_SHOWN = 160  # characters of a reply


class Silence:
    """Counts the answers in a row that are neither yes nor no, and says when there were enough of them.

    Ten are enough of an oracle that has never answered, twice as many as it has answered of one that has.  Where
    silence is evidence (:class:`~causalpp.belief.Abstaining`) it is never enough.

    Args:
        channel: the noise model of the run.

    Example:
        >>> from causalpp import Causes
        >>> from causalpp.belief import Agnostic
        >>> silence = Silence(Agnostic())
        >>> for k in range(10):
        ...     silence.hear([Answer(Causes("a", "b"), None, k, text=f"Well, {k}.", reason="unreadable")])
        >>> print(silence.verdict())
        the oracle gave neither yes nor no 10 times in a row (unreadable 10), such as 'Well, 0.' and 'Well, 9.'
    """

    def __init__(self, channel: Channel) -> None:
        while isinstance(channel, (Pooled, SharedErrors)):
            channel = channel.base
        self.tells = isinstance(channel, Abstaining)
        self.answered = 0
        self.silent: list[Answer] = []

    def hear(self, answers: Sequence[Answer]) -> None:
        """Take note of some answers, in the order in which they came."""
        for answer in answers:
            if answer.value is not None:
                self.answered += 1
                self.silent.clear()
            else:
                self.silent.append(answer)

    def verdict(self, most: int = 0) -> str | None:
        """Why to stop, with the reasons and two of the replies as they came; None while there is hope.

        Args:
            most: be patient with so many at least.
        """
        if self.tells or len(self.silent) < max(_PATIENCE, 2 * self.answered, most):
            return None
        reasons = Counter(answer.reason or "no reason given" for answer in self.silent)
        told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
        replies = list(dict.fromkeys(_plain(answer.text) for answer in self.silent if answer.text))
        some = replies if len(replies) < 3 else [replies[0], replies[-1]]
        shown = f", such as {' and '.join(map(repr, some))}" if some else ""
        return f"the oracle gave neither yes nor no {len(self.silent)} times in a row ({told}){shown}"


def _plain(text: str) -> str:
    """A reply in one line, without what would move a cursor, and not too long."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(line.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
