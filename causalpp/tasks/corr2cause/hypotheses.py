"""The six relations of Corr2Cause: what each means, and the sentences that say it.

The sentences of the data set (Jin et al., *Can large language models infer causation from correlation?*, ICLR 2024,
arXiv 2306.05836, table 2) and its paraphrases are those of the propositions, in the styles ``corr2cause`` and
``paraphrase``.  The sentence for the *ancestor* relation is "A causes something else which causes B": a directed path
of length two or more, whether or not there is an edge as well.  That is what ``path`` semantics takes it to mean, and
what the published labels count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations

from causalpp.errors import FormatError, InvalidParameter
from causalpp.propositions import (
    Causes,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    IndirectlyCauses,
    Or,
    Proposition,
    parse,
    quote,
    sentences,
)
from causalpp.tasks.corr2cause.item import RELATIONS

__all__ = ["SEMANTICS", "hypothesis", "original_wordings", "read_hypothesis", "sentence_of", "wordings"]

#: What a relation may be taken to mean; see :func:`hypothesis`.
SEMANTICS = ("path", "published", "direct")

_PATH: dict[str, type[DirectlyCauses | IndirectlyCauses | HaveCommonCause | HaveCommonEffect]] = {
    "parent": DirectlyCauses,
    "child": DirectlyCauses,
    "ancestor": IndirectlyCauses,
    "descendant": IndirectlyCauses,
    "collider": HaveCommonEffect,
    "confounder": HaveCommonCause,
}
_REVERSED = ("child", "descendant")  # b comes first in these


def check_relation(relation: str) -> str:
    """The relation itself.

    Raises:
        InvalidParameter: it is not one of :data:`RELATIONS`.
    """
    if relation not in RELATIONS:
        raise InvalidParameter(f"unknown relation {relation!r}: use one of {', '.join(RELATIONS)}")
    return relation


def hypothesis(relation: str, a: str, b: str, semantics: str = "path", *, variables: Iterable[str] = ()) -> Proposition:
    """The statement that a relation makes about two variables.

    ====================  ===================================  ===========================================
    relation              ``path``                             ``direct``
    ====================  ===================================  ===========================================
    parent, child         an edge                              an edge
    ancestor, descendant  a directed path of length ≥ 2        a directed path, and no edge
    collider, confounder  a common effect, cause by paths      a common child, parent
    ====================  ===================================  ===========================================

    ``published`` labels are no statement about a graph (see :mod:`causalpp.tasks.corr2cause.published`); what their
    sentences say is the ``path`` column.

    Args:
        relation: one of :data:`causalpp.benchmarks.RELATIONS`.
        a, b: the two variables.
        semantics: ``"path"`` or ``"direct"``.
        variables: all variables; needed for ``direct`` common causes and effects.

    Raises:
        InvalidParameter: an unknown relation, unknown semantics, or no ``variables`` where they are needed.

    Example:
        >>> hypothesis("descendant", "A", "B")
        IndirectlyCauses(a='B', b='A')
        >>> hypothesis("ancestor", "A", "B", "direct").sentence()
        '(A causes B) and (A does not directly cause B)'
    """
    check_relation(relation)
    if semantics not in ("path", "direct"):
        raise InvalidParameter(f"relations mean something under 'path' or 'direct' semantics, not {semantics!r}")
    first, second = (b, a) if relation in _REVERSED else (a, b)
    if semantics == "path" or relation in ("parent", "child"):
        return _PATH[relation](first, second)
    if relation in ("ancestor", "descendant"):
        return Causes(first, second) & ~DirectlyCauses(first, second)
    names = tuple(variables)
    if not names:
        raise InvalidParameter(f"a direct {relation} is one of the other variables: name them all with variables=")
    others = [name for name in names if name not in (a, b)]
    if not others:  # nothing can be common: a statement that never holds
        return DirectlyCauses(a, b) & ~DirectlyCauses(a, b)
    if relation == "collider":
        return Or(*(DirectlyCauses(a, k) & DirectlyCauses(b, k) for k in others))
    return Or(*(DirectlyCauses(k, a) & DirectlyCauses(k, b) for k in others))


def wordings(relation: str) -> int:
    """How many ways there are to say a relation, the original ones first; see :func:`sentence_of`.

    >>> wordings("parent"), wordings("ancestor")
    (2, 3)
    """
    return len(_said(relation, "A", "B"))


def original_wordings(relation: str) -> int:
    """How many of the wordings are those of the data set; the others are its paraphrases.

    >>> original_wordings("parent"), original_wordings("ancestor")
    (1, 2)
    """
    return len(sentences(hypothesis(relation, "A", "B"), "corr2cause"))


def _said(relation: str, a: str, b: str) -> tuple[str, ...]:
    p = hypothesis(relation, a, b)
    return sentences(p, "corr2cause") + sentences(p, "paraphrase")


def sentence_of(relation: str, a: str, b: str, wording: int = 0) -> str:
    """A relation between two variables as a sentence.

    Args:
        relation: one of :data:`causalpp.benchmarks.RELATIONS`.
        a, b: the two variables.
        wording: which one; from 0 those of the data set, and behind them its paraphrases.

    Raises:
        InvalidParameter: an unknown relation, or no such wording.

    Example:
        >>> [sentence_of("ancestor", "A", "B", k) for k in range(3)]
        ['A causes something else which causes B.', 'A is a cause for B, but not a direct one.',
         'A influences B through some mediator(s).']
        >>> sentence_of("confounder", "A", "B")
        'There exists at least one confounder (i.e., common cause) of A and B.'
    """
    said = _said(relation, a, b)
    if not 0 <= wording < len(said):
        raise InvalidParameter(f"{relation} has the wordings 0 to {len(said) - 1}, not {wording!r}")
    text = said[wording]
    if not text.startswith((quote(a), quote(b))):
        text = text[0].upper() + text[1:]
    return text + "."


def read_hypothesis(text: str, variables: Sequence[str] | None = None) -> tuple[str, str, str, int]:
    """The relation that a sentence states, the two variables and the wording: the inverse of :func:`sentence_of`.

    A reversed relation is read as its mirror image: "B directly causes A" says that B is a parent.  The wording is −1
    for a sentence that is understood and is none of ours.

    Raises:
        FormatError: the sentence cannot be read, or states none of the relations.
        UnknownVariable: it names a variable that is not among ``variables``.

    Example:
        >>> read_hypothesis("Some variable(s) cause(s) both A and B.")
        ('confounder', 'A', 'B', 1)
    """
    p = parse(text, variables)
    for relation in ("parent", "ancestor", "collider", "confounder"):
        if type(p) is _PATH[relation]:
            a, b = p.variables
            said = " ".join(text.split()).rstrip(".").casefold()
            ours = [sentence.casefold() for sentence in _said(relation, a, b)]
            return relation, a, b, ours.index(said) if said in ours else -1
    for relation in ("ancestor", "collider", "confounder"):  # a sentence that means it directly
        for a, b in permutations(p.variables, 2):
            if p == hypothesis(relation, a, b, "direct", variables=variables or p.variables):
                return relation, a, b, -1
    raise FormatError(f"{text[:200]!r} states none of the relations {', '.join(RELATIONS)}")
