"""How a text speaks of its variables: the phrases that its first paragraph introduces, and their other forms."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from causalpp.errors import FormatError

__all__ = ["Words"]

#: What stands before the infinitive in each form, for a thing that is so and for one that is not.
_BEFORE = {"would": ("would not ", "would "), "make": ("not to ", "to ")}
_VALUE = re.compile(r"(\w+) = ([01])")


@dataclass
class Words:
    """The variables of a text, and whom it tells of.

    Attributes:
        kind, many: as in "patient" and "patients"; "" if that is not said.
        nodes: the variables, in the order in which they are introduced: by their letters, or by their infinitives.
        forms: form (``"is"``, ``"would"``, ``"make"``) → phrase → variable and value.
    """

    kind: str
    many: str = ""
    nodes: list[str] = field(default_factory=list)
    forms: dict[str, dict[str, tuple[str, int]]] = field(default_factory=lambda: {"is": {}, "would": {}, "make": {}})

    def is_called(self, how: str, phrase: str) -> bool:
        """Whether whom it tells of is called so.

        >>> words = Words("patient")
        >>> words.is_called("unit", "a patient"), words.is_called("the", "the person")
        (True, False)
        """
        known = {"kind": [self.kind], "the": [f"the {self.kind}"], "unit": [f"a {self.kind}", f"an {self.kind}"]}
        return phrase in known.get(how, [self.many])

    def introduce(self, one: str, zero: str) -> None:
        """Take in a variable by what it is when it is 1 and when it is 0.

        Raises:
            FormatError: the second phrase does not deny the first, or one of them is another variable's.

        Example:
            >>> words = Words("patient")
            >>> words.introduce("has a cough", "does not have a cough")
            >>> words.forms["make"]["not to have a cough"]
            ('have a cough', 0)
        """
        first, second = (_VALUE.search(phrase) for phrase in (one, zero))
        if first and second:
            node = first[1]
            verbs = {"is": ("has ", "has "), "would": ("would have ", "would have "), "make": ("to have ", "to have ")}
            fits = one == f"has {node} = 1" and zero == f"has {node} = 0"
            phrases = {form: [f"{verbs[form][k]}{node} = {k}" for k in (0, 1)] for form in verbs}
        else:
            node, phrases, fits = *_phrases(one, zero), True
            fits = bool(node)
        if not fits:
            raise FormatError(
                f"{zero!r} is not the opposite of {one!r}: a variable is introduced as 'smokes or does not smoke'"
            )
        if node in self.nodes or any(set(phrases[form]) & set(self.forms[form]) for form in phrases):
            raise FormatError(f"two variables are called {node!r}")
        if " and " in f" {one} " or ", " in one:
            raise FormatError(f"{one!r} cannot be read in a row of others: say it without 'and' and commas")
        self.nodes.append(node)
        for form, pair in phrases.items():
            self.forms[form] |= {phrase: (node, value) for value, phrase in enumerate(pair)}

    def one(self, phrase: str, form: str) -> tuple[str, int] | None:
        """The variable and the value that a phrase names; None if it names none."""
        return self.forms[form].get(phrase)

    def several(self, phrase: str, form: str) -> tuple[tuple[str, int], ...] | None:
        """The same for "a", "a and b" or "a, b and c"; None if a part names none, or two the same."""
        found = [self.one(part, form) for part in _parts(phrase)]
        named = [pair for pair in found if pair is not None]
        return tuple(named) if len({node for node, _ in named}) == len(found) else None

    def whether(self, phrase: str) -> tuple[str, ...] | None:
        """The variables in "whether the patient smokes and whether the patient has a cough"; None if it is not that."""
        lead = f"whether the {self.kind} "
        parts = [part.removeprefix(lead) for part in _parts(phrase) if part.startswith(lead)]
        found = [self.one(part, "is") for part in parts]
        nodes = tuple(pair[0] for pair in found if pair is not None and pair[1] == 1)
        return nodes if len(nodes) == len(_parts(phrase)) == len(set(nodes)) else None


def _parts(phrase: str) -> list[str]:
    first, found, last = phrase.rpartition(" and ")
    return [*re.split(", ", first), last] if found else [last]


def _phrases(one: str, zero: str) -> tuple[str, dict[str, list[str]]]:
    """Infinitive and forms of "smokes", "does not smoke"; no infinitive if they are not that."""
    verb, _, rest = one.partition(" ")
    tail = f" {rest}" * bool(rest)
    if verb == "is" and zero == f"is not{tail}":
        infinitive = f"be{tail}"
    elif verb == "has" and zero == f"does not have{tail}":
        infinitive = f"have{tail}"
    elif zero.startswith("does not ") and one in _third_person(zero.removeprefix("does not ")):
        infinitive = zero.removeprefix("does not ")
    else:
        return "", {}
    phrases = {form: [before + infinitive for before in pair] for form, pair in _BEFORE.items()}
    return infinitive, {"is": [zero, one], **phrases}


def _third_person(infinitive: str) -> Iterable[str]:
    """The ways in which "she ..." may go on for an infinitive, spelt regularly."""
    verb, _, rest = infinitive.partition(" ")
    tail = f" {rest}" * bool(rest)
    yield f"{verb}s{tail}"
    yield f"{verb}es{tail}"
    if verb.endswith("y"):
        yield f"{verb[:-1]}ies{tail}"
