"""One question in several wordings and both polarities, kept apart as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from causalpp.errors import InvalidParameter
from causalpp.oracles.answer import Answer
from causalpp.propositions import STYLES, Direction, Proposition

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMS", "POLARITIES", "Way", "by_wording", "numbered", "ways"]

#: How a question can be put: as it stands ("does …?"), and the other way round ("is it false that …?").
POLARITIES = ("positive", "negated")

#: How the direction of a pair can be asked for; wordings are numbered form by form.
FORMS = ("words", "choice", "likelihood")


class Way(NamedTuple):
    """One way to put a question: the number of the wording, and whether it is put the other way round."""

    wording: int
    negated: bool


def ways(wordings: Sequence[str], polarities: Sequence[str] = POLARITIES) -> tuple[Way, ...]:
    """All ways to put a question, both polarities of a wording one after the other.

    Raises:
        InvalidParameter: no wording or polarity, one that is not known, or one twice.

    Example:
        >>> ways(["plain", "intervention"])
        (Way(wording=0, negated=False), Way(wording=0, negated=True), Way(wording=1, negated=False),
         Way(wording=1, negated=True))
    """
    for what, given, known in (("wording", wordings, STYLES), ("polarity", polarities, POLARITIES)):
        if isinstance(given, str) or not given or len(set(given)) < len(given):
            raise InvalidParameter(f"name at least one {what}, each once, as a list; got {given!r}")
        for item in given:
            if item not in known:
                raise InvalidParameter(f"unknown {what} {item!r}: use {', '.join(known)}")
    return tuple(Way(k, polarity == "negated") for k in range(len(wordings)) for polarity in polarities)


def numbered(ways: Sequence[Way], first: int, repeats: int) -> list[tuple[int, Way]]:
    """How a question is put that was put ``first`` times before: the next way each time, and how often it was so put.

    Example:
        >>> numbered(ways(["plain"]), 1, 2)
        [(0, Way(wording=0, negated=True)), (1, Way(wording=0, negated=False))]
    """
    return [(number // len(ways), ways[number % len(ways)]) for number in range(first, first + repeats)]


def by_wording(answers: Iterable[Answer], wordings: Sequence[str]) -> pd.DataFrame:
    """What each wording and polarity got to hear about each question, side by side.

    Args:
        answers: of an oracle that knows the wordings; of graded ones the parts.
        wordings: the oracle's ``wordings``.

    Returns:
        One row for each question, wording and polarity: the counts ``yes``, ``no`` and ``abstain``, all of them
        about the proposition itself, and the mean ``log_odds`` where there are any.

    Example:
        >>> from causalpp import Causes
        >>> from causalpp.language import ScriptedBackend
        >>> from causalpp.oracles import LanguageModelOracle
        >>> contrary = LanguageModelOracle(ScriptedBackend("no"), wordings=["plain", "symbolic"],
        ...                                polarities=["positive", "negated"])
        >>> heard = by_wording(contrary.ask(Causes("A", "B"), repeats=4), contrary.wordings)
        >>> heard[["wording", "polarity", "yes", "no"]]
            wording  polarity  yes  no
        0     plain  positive    0   1
        1     plain   negated    1   0
        2  symbolic  positive    0   1
        3  symbolic   negated    1   0
    """
    import pandas as pd

    rows: dict[tuple[Proposition, int, bool], dict[str, Any]] = {}
    named = [*wordings, *(f"{style}, by {form}" for form in FORMS[1:] for style in wordings)]
    for answer in (part for whole in answers for part in (whole.parts or (whole,))):
        known = len(named) if isinstance(answer.question, Direction) else len(wordings)
        if not 0 <= answer.wording < known:
            raise InvalidParameter(f"an answer was asked in wording {answer.wording}, and there are {len(wordings)}")
        row = rows.setdefault(
            (answer.question, answer.wording, answer.negated),
            {
                "question": answer.question.sentence(),
                "wording": named[answer.wording],
                "polarity": POLARITIES[answer.negated],
                "yes": 0,
                "no": 0,
                "abstain": 0,
                "log_odds": [],
            },
        )
        row[answer.word] += 1
        if answer.log_odds is not None:
            row["log_odds"].append(answer.log_odds)
    for row in rows.values():
        row["log_odds"] = sum(row["log_odds"]) / len(row["log_odds"]) if row["log_odds"] else float("nan")
    columns = ["question", "wording", "polarity", "yes", "no", "abstain", "log_odds"]
    return pd.DataFrame(list(rows.values()), columns=columns)
