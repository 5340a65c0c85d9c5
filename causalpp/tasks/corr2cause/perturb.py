"""Perturbations that leave the labels as they are: other names, other words.

The published set has both (Jin et al., ICLR 2024, arXiv 2306.05836): variables called Z, Y, X, … instead of A, B, C,
…, and hypotheses in other words.  A model that reasons is not disturbed by either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from zlib import crc32

from causalpp.equivalence import from_premise, parse_premise, premise_in_order
from causalpp.errors import FormatError, InvalidParameter
from causalpp.propositions import Or, Proposition, parse, quote
from causalpp.tasks._random import Source
from causalpp.tasks.corr2cause.hypotheses import original_wordings, read_hypothesis, sentence_of, wordings
from causalpp.tasks.corr2cause.item import Corr2CauseItem
from causalpp.tasks.corr2cause.premises import premise_of

__all__ = ["PERTURBATIONS", "drawn_names", "perturb", "relettered", "renamed_premise"]

#: What :func:`perturb` can do.
PERTURBATIONS = ("names", "paraphrase")


def perturb(items: Iterable[Corr2CauseItem], kind: str, *, seed: int = 0) -> list[Corr2CauseItem]:
    """The items with other names or in other words; labels, classes and splits stay.

    Args:
        items: generated ones, or others whose premises determine a class and whose hypotheses are understood.
        kind: ``"names"`` calls the variables Z, Y, X, … (above 26 W1, W2, …) in the order of the premise;
            ``"paraphrase"`` says premise and hypothesis in other words.
        seed: of the choice among several paraphrases.

    Returns:
        Items with the ids, and the ids of near misses, followed by ``"-names"`` or ``"-paraphrase"``;
        ``about["perturbation"]`` says the kind.

    Raises:
        InvalidParameter: no such kind.
        FormatError: the text of an item cannot be read.
        UndeterminedClass, ContradictoryStatements: a premise does not determine a class.

    Example:
        >>> from causalpp.tasks import generate
        >>> item = generate(7, rows=12, seed=1).items[0]
        >>> renamed, reworded = perturb([item], "names")[0], perturb([item], "paraphrase")[0]
        >>> renamed.variables, renamed.id == item.id + "-names"
        (('Z', 'Y', 'X', 'W', 'V', 'U', 'T'), True)
        >>> "correlates" in item.premise, "correlates" in reworded.premise, reworded.label == item.label
        (True, False, True)
    """
    if kind not in PERTURBATIONS:
        raise InvalidParameter(f"unknown perturbation {kind!r}: use one of {', '.join(PERTURBATIONS)}")
    out = []
    for item in items:
        known = _known(item)
        changed = _renamed(known) if kind == "names" else _paraphrased(known, seed)
        out.append(
            replace(
                changed,
                id=f"{item.id}-{kind}",
                pair=f"{item.pair}-{kind}" if item.pair else "",
                about={**changed.about, "perturbation": kind},
            )
        )
    return out


def drawn_names(premise: str, seed: int = 0) -> dict[str, str]:
    """The variables of a premise, each with the name that it gets if their names are drawn anew among themselves.

    Raises:
        FormatError: the premise cannot be read.
    """
    names = _names_in(premise)
    order = Source(seed, crc32(premise.encode("utf-8", "surrogatepass"))).order(len(names))
    return {name: names[k] for name, k in zip(names, order, strict=True)}


@lru_cache(maxsize=256)
def _names_in(premise: str) -> tuple[str, ...]:
    return parse_premise(premise)[0]


def relettered(item: Corr2CauseItem, seed: int = 0) -> Corr2CauseItem:
    """The item with its names drawn anew among its variables, so that their order tells nothing of causes.

    In the published sets and in :func:`~causalpp.tasks.complete_set` the names follow the causal order of a graph of
    the class: no hypothesis that a later letter causes an earlier one is true.  Items of one premise get the same
    names.  The certificate, which speaks of the old ones, is left out.

    Raises:
        FormatError: premise or hypothesis cannot be read, or would say something else with other names.
        UnknownVariable: the hypothesis speaks of a variable that the premise does not have.

    Example:
        >>> from causalpp.tasks import complete_set
        >>> item = complete_set(3).items[30]
        >>> item.hypothesis, relettered(item).hypothesis
        ('B directly causes C.', 'A directly causes C.')
    """
    names = drawn_names(item.premise, seed)
    return replace(
        item,
        premise=renamed_premise(item.premise, names),
        hypothesis=_renamed_hypothesis(item.hypothesis, names),
        a=names.get(item.a, item.a),
        b=names.get(item.b, item.b),
        certificate={},
    )


@lru_cache(maxsize=256)
def _renamed_text(premise: str, names: tuple[tuple[str, str], ...]) -> str:
    new = dict(names)
    text = _in_other_names(premise, new)
    before, after = parse_premise(premise), parse_premise(text)
    renamed = [_unordered(p.rename(new)) for p in before[1]]
    if [new[name] for name in before[0]] != list(after[0]) or renamed != [_unordered(p) for p in after[1]]:
        raise FormatError("with other names the premise would say something else")
    return premise_in_order(text, before[0])


def renamed_premise(premise: str, names: Mapping[str, str]) -> str:
    """A premise about other names, which it lists in the old order.

    Raises:
        FormatError: it cannot be read, or would say something else.
    """
    return _renamed_text(premise, tuple(names.items()))


def _renamed_hypothesis(text: str, names: Mapping[str, str]) -> str:
    out = _in_other_names(text, names)
    known = tuple(names)  # the new ones are the same
    if parse(out, known) != parse(text, known).rename(names):
        raise FormatError("with other names the hypothesis would say something else")
    return out


def _unordered(statement: Proposition) -> Proposition | frozenset[Proposition]:
    return frozenset(statement.of) if isinstance(statement, Or) else statement


def _in_other_names(text: str, names: Mapping[str, str]) -> str:
    said = {quote(name): quote(new) for name, new in names.items()}
    longest_first = sorted(said, key=len, reverse=True)
    return re.sub("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest_first), lambda m: said[m[0]], text)


def _known(item: Corr2CauseItem) -> Corr2CauseItem:
    """The item with variables and relation, read from its text where it does not say them."""
    if item.variables and item.relation and item.a and item.b:
        return item
    names, _ = parse_premise(item.premise)
    relation, a, b, wording = read_hypothesis(item.hypothesis, names)
    return replace(item, variables=names, relation=relation, a=a, b=b, wording=max(wording, 0))


def _other_names(n: int) -> list[str]:
    return [chr(ord("Z") - k) for k in range(n)] if n <= 26 else [f"W{k}" for k in range(1, n + 1)]


def _renamed(item: Corr2CauseItem) -> Corr2CauseItem:
    new = dict(zip(item.variables, _other_names(len(item.variables))))
    a, b = new[item.a], new[item.b]
    about = {
        key: _in_lists(value, new) if key in ("directed", "undirected") else value for key, value in item.about.items()
    }
    certificate = {
        key: value for key, value in item.certificate.items() if key != "reason"
    }  # which speaks of old names
    for key in ("member", "proof"):
        if key in certificate:
            certificate[key] = _in_lists(certificate[key], new)
    return replace(
        item,
        premise=_premise(item.premise, tuple(new.values()), _style(item.premise)),
        hypothesis=sentence_of(item.relation, a, b, item.wording),
        a=a,
        b=b,
        variables=tuple(new.values()),
        certificate=certificate,
        about=about,
    )


def _in_lists(value: Any, new: Mapping[str, str]) -> Any:
    """Names are changed where they stand in lists; the keys of a proof are no names."""
    if isinstance(value, Mapping):
        return {key: _in_lists(part, new) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [new[part] if isinstance(part, str) else _in_lists(part, new) for part in value]
    return value


def _paraphrased(item: Corr2CauseItem, seed: int) -> Corr2CauseItem:
    first, count = original_wordings(item.relation), wordings(item.relation)
    wording = first + Source(seed, crc32(item.id.encode())).below(count - first)
    return replace(
        item,
        premise=_premise(item.premise, item.variables, "paraphrase"),
        hypothesis=sentence_of(item.relation, item.a, item.b, wording),
        wording=wording,
    )


def _style(text: str) -> str:
    return "corr2cause" if " correlates " in text or " independent " in text else "paraphrase"


@lru_cache(maxsize=256)
def _premise(text: str, names: tuple[str, ...], style: str) -> str:
    """The premise that says the same with other names or in another style."""
    kind = "determining" if "The following determines" in text else "complete"
    graph = from_premise(text)
    new = dict(zip(graph.nodes, names))
    # A premise depends on the class and on the order of the names alone.
    directed = [(new[a], new[b]) for a, b in graph.directed]
    undirected = [(new[a], new[b]) for a, b in graph.undirected]
    return premise_of(type(graph)(names, directed, undirected), kind, style)
