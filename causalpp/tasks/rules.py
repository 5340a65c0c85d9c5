"""Rules that know nothing: what the names of the variables and their order in a prompt say about causes.

A model's accuracy says something only where these score less on the same questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from causalpp.propositions import Causes, Changes, Direction, DirectlyCauses, IndirectlyCauses, Not, Proposition

__all__ = ["RULES", "rule_answers"]

#: The rules, each a column of results that holds the probability with which it says yes.
RULES: Mapping[str, str] = {
    "listed_earlier": "what the prompt lists earlier causes what it lists later",
    "longer_name": "what has the longer name causes what has the shorter one; a coin where they are equally long",
    "alphabetical": "what comes first in the alphabet causes what comes later",
}

_DIRECTED = (Causes, DirectlyCauses, IndirectlyCauses, Changes, Direction)


def rule_answers(question: Proposition, order: Sequence[str] = ()) -> dict[str, float | None]:
    """The probability with which each rule of :data:`RULES` says yes to a question.

    Args:
        question: what is asked, in the names that stand in the prompt.
        order: the names in the order in which the prompt lists them; empty where it lists none.

    Returns:
        By rule 1 for yes, 0 for no and ½ for a coin; None where it has nothing to say: of questions without a
        direction, such as common causes, or of variables that are not listed.

    Example:
        >>> rule_answers(Causes("smoke", "tar"), ["tar", "smoke"])
        {'listed_earlier': 0.0, 'longer_name': 1.0, 'alphabetical': 1.0}
        >>> rule_answers(~Causes("smoke", "tar"))
        {'listed_earlier': None, 'longer_name': 0.0, 'alphabetical': 0.0}
    """
    turned = isinstance(question, Not)
    inner = question.of if isinstance(question, Not) else question
    said: dict[str, float | None] = dict.fromkeys(RULES)
    if isinstance(inner, _DIRECTED):
        cause, effect = (inner.do, inner.outcome) if isinstance(inner, Changes) else inner.variables[:2]
        if cause in order and effect in order:
            said["listed_earlier"] = float(order.index(cause) < order.index(effect))
        said["longer_name"] = _before(len(effect), len(cause))
        said["alphabetical"] = _before((cause.casefold(), cause), (effect.casefold(), effect))
        if turned:
            said = {rule: None if value is None else 1 - value for rule, value in said.items()}
    return said


def _before(first: int | tuple[str, str], second: int | tuple[str, str]) -> float:
    return 0.5 if first == second else float(first < second)  # type: ignore[operator]
