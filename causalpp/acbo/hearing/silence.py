"""When an oracle that says neither yes nor no is asked no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from causalpp.acbo.hearing.replies import in_a_line, parts_of
from causalpp.belief import Channel
from causalpp.oracles import Answer

__all__ = ["Silence", "unanswered"]

_PATIENCE = 10  # prompts without a yes or no, one after the other


class Silence:
    """Counts the prompts in a row that found neither yes nor no, and says when there were enough of them.

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
        self.tells = "silence" in channel.sees
        self.answered = 0
        self.silent: tuple[Answer, ...] = ()

    def hear(self, answers: Sequence[Answer]) -> None:
        """Take note of some answers, in the order in which they came."""
        for answer in (part for one in answers for part in parts_of(one)):
            if answer.value is not None:
                self.answered += 1
                self.silent = ()
            else:
                self.silent += (answer,)

    def verdict(self, most: int = 0) -> str | None:
        """Why to stop, with the reasons and two of the replies as they came; None while there is hope.

        Args:
            most: be patient with so many at least.
        """
        if self.tells or len(self.silent) < max(_PATIENCE, 2 * self.answered, most):
            return None
        cut = sum((answer.reason or "").startswith("cut off") for answer in self.silent)
        why = " because its replies were cut off before they came to it" if 2 * cut > len(self.silent) else ""
        return f"the oracle gave neither yes nor no {len(self.silent)} times in a row{why}{_why(self.silent)}"


def unanswered(answers: Sequence[Answer]) -> str:
    """What to add to :data:`NOTHING_LEFT` where questions that would tell something found no yes or no each time.

    Args:
        answers: to these questions.

    Example:
        >>> from causalpp import Causes
        >>> unanswered([Answer(Causes("a", "b"), None, k, text="Hm.", reason="unreadable") for k in range(3)])
        ", but for 'Does a cause b?', put 3 times and answered neither yes nor no (unreadable 3), such as 'Hm.' and
        'Hm.'"
    """
    questions = list(dict.fromkeys(answer.question.question() for answer in answers))
    more = f" and {len(questions) - 1} others" if len(questions) > 1 else ""
    often = f"put {len(answers)} times and answered neither yes nor no"
    return f", but for {questions[0]!r}{more}, {often}{_why(answers)}"


def _why(silent: Sequence[Answer]) -> str:
    """The reasons of some answers, and two of the replies as they came."""
    silent = [part for answer in silent for part in (parts_of(answer) if answer.value is None else (answer,))]
    divided = sum(answer.value is not None for answer in silent)
    reasons = Counter(answer.reason or "no reason given" for answer in silent if answer.value is None)
    told = [f"{reason} {count}" for reason, count in reasons.most_common()]
    told += [f"divided votes {divided}"] if divided else []
    replies = [in_a_line(answer.text) for answer in silent if answer.text]
    different = list(dict.fromkeys(replies)) if len(set(replies)) > 1 else replies
    some = different if len(different) < 3 else [different[0], different[-1]]
    shown = f", such as {' and '.join(map(repr, some))}" if some else ""
    return f" ({', '.join(told)}){shown}"
