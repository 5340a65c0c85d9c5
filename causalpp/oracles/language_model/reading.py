"""Reading the reply to a question: an explanation may say again what was asked, in one of our wordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from causalpp.errors import InvalidParameter
from causalpp.language import Reply
from causalpp.language.reading import LABELS, Agreement, Reading, read_label
from causalpp.language.reading.labels import bare, plain
from causalpp.propositions import And, Independent, Not, Or, Proposition
from causalpp.propositions.wording import STYLES, sentences

__all__ = ["read_reply"]

_LONGEST_NAMES = 500  # characters


def read_reply(
    reply: Reply | str,
    labels: Sequence[str] = LABELS,
    *,
    strict: bool = False,
    question: Proposition | None = None,
    negated: bool = False,
) -> Reading:
    """What the reply to a question says: True for yes, False for no, None for neither, and in that case why.

    What is read is said at :func:`causalpp.language.reading.read_label`; beside a label, also the proposition itself as
    we say it is known to agree.

    Args:
        reply, labels, strict: as there.
        question: the proposition asked about, its variables named as in the prompt; without it no explanation that
            names variables is read.
        negated: whether it was put as "is it false that …?".  The reading is then still that of the label, so that
            "yes" means that it is false.

    Example:
        >>> from causalpp import Causes
        >>> reply, question = "No, smoking does not cause cancer.", Causes("smoking", "cancer")
        >>> read_reply(reply, question=question)
        (False, None)
        >>> read_reply(reply, question=question, negated=True)
        (None, 'unreadable: the explanation is not known to agree')
    """
    agreement = (
        Agreement(negated)
        if question is None
        else _SaysAgain(
            negated,
            short=not isinstance(question, (Not, And, Or)),
            does=not isinstance(question, Independent),  # which is also asked as "does … tell nothing about …?"
            question=question,
        )
    )
    return read_label(reply, labels, strict=strict, agreement=agreement)


_DOES_NOT = " does not "


def _emphatic(right: set[str], wrong: set[str]) -> set[str]:
    """What is right, said with "does", "can" or "cannot": turned about from what is wrong, or from itself."""
    out: set[str] = set()
    for text in wrong:
        if text.count(_DOES_NOT) == 1:
            out |= {text.replace(_DOES_NOT, verb) for verb in (" does ", " does indeed ", " does in fact ", " can ")}
    for text in right:
        if text.count(_DOES_NOT) == 1:
            out |= {text.replace(_DOES_NOT, verb) for verb in (" cannot ", " can not ", " can't ")}
    return out


@dataclass(frozen=True, kw_only=True)
class _SaysAgain(Agreement):
    question: Proposition

    def restatements(self, true: bool) -> set[str]:
        names = [bare(plain(name)) for name in self.question.variables]
        if len(set(names)) < len(names) or sum(map(len, names)) > _LONGEST_NAMES:
            return set()  # names that look alike here: who causes whom could not be told
        try:
            said = {bare(plain(text)) for text in sentences(self.question)}
            denied = {bare(plain(Not(self.question).sentence(style))) for style in STYLES}
            if isinstance(self.question, Not):
                denied = {bare(plain(text)) for text in sentences(self.question.of)}
        except InvalidParameter:
            return set()
        right, wrong = (said, denied) if true else (denied, said)
        if not isinstance(self.question, (And, Or)) and not any(_DOES_NOT in name for name in names):
            right = right | _emphatic(right, wrong)
        right = right | {text.replace(f"{verb} not", f"{verb}n't") for text in right for verb in ("does", "is")}
        framed = {f"it is true that {text}" for text in right} | {f"it is false that {text}" for text in wrong}
        return right | framed | {f"it is not true that {text}" for text in wrong}
