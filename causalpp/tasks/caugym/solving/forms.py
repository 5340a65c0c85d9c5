"""The sentences that the reader understands.

They are written down here and not taken from what writes the problems, so that a writer that says something else than
it means is found out: the tests compare what is read with what was meant.  In a form, ``<unit>``, ``<the>``, ``<kind>``
and ``<many>`` stand for "a patient", "the patient", "patient" and "patients", and the others for

- ``<x:is1>``, ``<x:would0>``, ``<x:make1>``: one variable and its value, as in "smokes", "would not smoke", "to
  smoke"; what is called the same in a form is the same variable;
- ``<e:are>``, ``<h:makes>``: one or several of them, as in "smokes and does not exercise", "to smoke and not to
  exercise";
- ``<m:whether>``: one or several variables, as in "whether the patient smokes", and ``<x:whether1>``: one;
- ``<p:number>``: a probability or a threshold, as a decimal number, a percentage or a fraction;
- ``<b:lower|upper>``: one of these words; ``<c:sign>``: ``>`` or ``<``.

A form begins in lower case; a sentence may begin with a capital.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["FORMS", "OPENINGS"]

#: How a text may introduce its variables: a sentence, and how each variable in its list is said.
OPENINGS = (
    ("in it, <unit> <list>.", "either <1> or <0>"),
    ("there, <unit> <list>.", "<1> or <0>"),
    ("of <unit> it may be true <list>.", "that <the> <1> (or else <0>)"),
    ("<unit>: <list>.", "<1> / <0>"),
    (
        "somebody has long watched <many> in a world where only the following counts, and has written down of each "
        "<list>.",
        "whether <the> <1> or <0>",
    ),
)

_LABELS = {
    "ATE": "average treatment effect (ATE)",
    "CDE": "controlled direct effect (CDE)",
    "ETT": "effect of treatment on the treated (ETT)",
    "NDE": "natural direct effect (NDE)",
    "NIE": "natural indirect effect (NIE)",
    "PN": "probability of necessity (PN)",
    "PS": "probability of sufficiency (PS)",
}
_SET, _UNSET = "if made <x:make1>", "if made <x:make0>"
#: The two cases that an effect compares.
_CASES = {
    "ATE": (_SET, _UNSET),
    "CDE": (f"{_SET} and also <h:makes>", f"{_UNSET} and also <h:makes>"),
    "ETT": (_SET, _UNSET),
    "NDE": (f"{_SET} and with <m:whether> just as <_:it|they> would be {_UNSET}", _UNSET),
    "NIE": (f"{_UNSET} and with <m:whether> just as <_:it|they> would be {_SET}", _UNSET),
}
#: Of whom a probability of causation is, and what would be the case.
_GROUPS = {
    "PN": ("<x:is1> and <y:is1>", f"<y:would0> {_UNSET}"),
    "PS": ("<x:is0> and <y:is0>", f"<y:would1> {_SET}"),
}

#: How further wordings say an effect, for all and for the treated, and a probability of causation.
_FRAMES = (
    (
        "the {label} is to be found: how much more probable it is that <unit>{group} <y:would1> {first} than {second}, "
        "which is negative where it is less probable.",
        " that <x:is1>",
        "the {label} is to be found: how probable it is that <unit> that {group} {would}.",
    ),
    (
        "let the {label} be the difference between two probabilities that <unit>{group} <y:would1>: the probability of "
        "this {first}, less the probability of this {second}.",
        " that <x:is1>",
        "let the {label} be the probability that <unit> that {group} {would}.",
    ),
    (
        "wanted: the {label}{group}, that is, the probability (<the> <y:would1> {first}) minus the probability (<the> "
        "<y:would1> {second}).",
        ", only for <unit> that <x:is1>",
        "wanted: the {label}, that is, the probability (<the> {would}), only for <unit> that {group}.",
    ),
    (
        "what the records do not show directly is the {label}: of {group}, one <y:would1> with some chance {first}, "
        "and with another chance {second}; the effect is the first chance less the second.",
        "those <many> of which each <x:is1>",
        "what the records do not show directly is the {label}: of those <many> of which each {group}, the chance that "
        "one {would}.",
    ),
)


def _reworded(quantity: str) -> Iterator[str]:
    for effect, treated, causation in _FRAMES:
        if quantity in _GROUPS:
            group, would = _GROUPS[quantity]
            yield causation.format(label=_LABELS[quantity], group=group, would=would)
        else:
            first, second = _CASES[quantity]
            group = treated if quantity == "ETT" else "all <many>" if treated.startswith("those") else ""
            yield effect.format(label=_LABELS[quantity], group=group, first=first, second=second)


_RISE = "how much more probable does it become that <unit> <y:is1> if <the> is made"
_NEVER = "<y:would1> if made <x:make0> but <y:would0> if made <x:make1>"
_POSSIBLE = (
    "how probable is it at <b:least|most> that <the> <y:{would}> if <the> had been made <x:{made}>, as far as it "
    "follows from how probable it is that <unit> <y:is1> if made <x:make1> and if made <x:make0>, and from how "
    "probable each combination of <x:whether1> and <y:whether1> is, and from nothing else?"
)
_ONLY = (
    "how probable is it that <the> <y:{would}> if <the> had been made <x:{made}>, where there is never <unit> that "
    f"{_NEVER}?"
)

#: What a sentence says → the forms of sentences that say it.  After a slash stands what else it says of a
#: quantity: that its group is said in a sentence of its own, and that the effect is monotonic.
FORMS: dict[str, tuple[str, ...]] = {
    "world": (
        "imagine a world in which only what is said here matters.",
        "picture a closed world, in which nothing from outside plays a part.",
        "here is a small world, complete as it is told.",
        "notes on a world of its own, with nothing beyond them.",
    ),
    "edge": (
        "whether <unit> <x:is1> has a direct effect on whether <the> <y:is1>.",
        "whether <unit> <y:is1> depends directly on whether <the> <x:is1>.",
        "among the direct causes of whether <the> <y:is1> is whether <the> <x:is1>.",
        "direct effect: whether <the> <x:is1> -> whether <the> <y:is1>.",
        "it was found that whether <the> <x:is1> acts directly on whether <the> <y:is1>.",
    ),
    "closing": (
        "there are no other direct effects, and there are no common causes that are not mentioned.",
        "nothing depends directly on anything else, and nothing unmentioned acts on two of these at once.",
        "these are all the direct causes there are, and no common cause is hidden.",
        "further direct effects: none; unmentioned common causes: none.",
        "it was also found that nothing else acts directly on anything and that no common cause was overlooked.",
    ),
    "figure": (
        "given that <unit> <g:are>, the probability that <the> <e:are> is <p:number>.",
        "the probability that <unit> <e:are> is <p:number>.",
        "once it is known that <unit> <g:are>, <the> <e:are> with probability <p:number>.",
        "before anything is known, <unit> <e:are> with probability <p:number>.",
        "<p:number> is the probability that <the> <e:are> where it is found that <the> <g:are>.",
        "<p:number> is the probability that <the> <e:are>.",
        "probability <p:number>: <the> <e:are>, given that <the> <g:are>.",
        "probability <p:number>: <the> <e:are>.",
        "by the records, when <the> <g:are>, the chance that <the> <e:are> is <p:number>.",
        "by the records, the chance that <the> <e:are> is <p:number>.",
    ),
    "remark": (
        "the figures were taken down over <n:number> years.",
        "it takes <n:number> minutes to find out whether <unit> <e:are>.",
        "whether <the> <e:are> was noted down by <n:number> people who did not know of each other.",
        "in another world, which has nothing to do with this one, the probability that <unit> <e:are> is <n:number>.",
        "a newspaper once wrote about <unit> that <e:are>.",
        "on <n:number> of the days on which the figures were taken down it rained.",
    ),
    "ATE": (
        "consider the average treatment effect (ATE): the probability that <unit> <y:is1> if <the> is made <x:make1>, "
        "minus this probability if <the> is made <x:make0>.",
        *_reworded("ATE"),
        f"{_RISE} <x:make1> instead of <x:make0>?",
    ),
    "CDE": (
        "consider the controlled direct effect (CDE): the probability that <unit> <y:is1> if <the> is made <x:make1> "
        "and, besides, made <h:makes>, minus this probability if <the> is made <x:make0> and, besides, made <h:makes>.",
        *_reworded("CDE"),
        f"{_RISE} <x:make1> instead of <x:make0>, and is made <h:makes> in either case?",
    ),
    "ETT": (
        "consider the effect of treatment on the treated (ETT): given that <unit> <x:is1>, the probability that <the> "
        "<y:would1> if made <x:make1>, minus the probability that <the> <y:would1> if made <x:make0>.",
        *_reworded("ETT"),
    ),
    "ETT/group": (
        "how much more probable is it now that <the> <y:is1> than it would be if <the> had been made <x:make0>?",
    ),
    "NDE": (
        "consider the natural direct effect (NDE) that does not go through <m:whether>: the probability that <unit> "
        "<y:would1> if made <x:make1>, with <m:whether> left as <_:it|they> would be if <the> were made <x:make0>, "
        "minus the probability that <unit> <y:would1> if made <x:make0>.",
        *_reworded("NDE"),
        f"{_RISE} <x:make1> instead of <x:make0>, but <m:whether> <_:stays|stay> as without this change?",
    ),
    "NIE": (
        "consider the natural indirect effect (NIE) that goes through <m:whether>: the probability that <unit> "
        "<y:would1> if made <x:make0>, with <m:whether> changed to what <_:it|they> would be if <the> were made "
        "<x:make1>, minus the probability that <unit> <y:would1> if made <x:make0>.",
        *_reworded("NIE"),
        f"{_RISE} <x:make0> all the same, but <m:whether> <s:becomes|become> what <_:it|they> would be if <the> were "
        "made <x:make1>?",
    ),
    "PN": (
        "consider the probability of necessity (PN): given that <unit> <x:is1> and <y:is1>, the probability that "
        "<the> <y:would0> if made <x:make0>.",
        *_reworded("PN"),
    ),
    "PS": (
        "consider the probability of sufficiency (PS): given that <unit> <x:is0> and <y:is0>, the probability that "
        "<the> <y:would1> if made <x:make1>.",
        *_reworded("PS"),
    ),
    "PN/group": (_POSSIBLE.format(would="would0", made="make0"),),
    "PS/group": (_POSSIBLE.format(would="would1", made="make1"),),
    "PN/group/monotone": (_ONLY.format(would="would0", made="make0"),),
    "PS/group/monotone": (_ONLY.format(would="would1", made="make1"),),
    "group": ("think of <unit> that <g:are>.",),
    "monotone": (
        f"assume monotonicity: there is no case in which <unit> {_NEVER}.",
        "it may be taken as given that no <kind> <y:would1> if made <x:make0> and <y:would0> if made <x:make1>; its "
        "value is wanted under this monotonicity.",
        f"let it be monotone, so that there is never <unit> that {_NEVER}; its value is then a single number.",
        "assumption: monotonicity (never both: <the> <y:would1> if made <x:make0>, <the> <y:would0> if made "
        "<x:make1>); the value under it.",
        "those who know say that it is monotone: not one of the <many> <y:would1> if made <x:make0> yet <y:would0> if "
        "made <x:make1>.",
    ),
    "value": ("what is asked for is the value under this assumption.", "take this as true and find its value."),
    "not monotone": ("do not assume monotonicity.", "nobody says that it is monotone."),
    "bound": (
        "what is asked for is the <b:lower|upper> bound of Tian and Pearl, which is all that follows from the "
        "probability that <unit> <y:is1> if made <x:make1>, this probability if made <x:make0>, and the probabilities "
        "of the four combinations of <x:whether1> and <y:whether1>.",
        "monotonicity may not be taken as given; wanted is Tian and Pearl's <b:lower|upper> bound, made of the "
        "probabilities that <unit> <y:is1> if made <x:make1> and if made <x:make0> and those of the four combinations "
        "of <x:whether1> and <y:whether1>.",
        "without monotonicity, let its <b:lower|upper> bound be that of Tian and Pearl, from the probability that "
        "<unit> <y:is1> if made <x:make1>, the same if made <x:make0>, and the joint probabilities of <x:whether1> and "
        "<y:whether1>.",
        "assumption: none (no monotonicity); the <b:lower|upper> bound after Tian and Pearl from the probabilities "
        "(<the> <y:is1> if made <x:make1>), (<the> <y:is1> if made <x:make0>) and from the joint probabilities of "
        "<x:whether1> and <y:whether1>.",
        "find the <b:lower|upper> bound that Tian and Pearl give, which takes the chance that <unit> <y:is1> if made "
        "<x:make1>, the chance of it if made <x:make0>, and how often each combination of <x:whether1> and "
        "<y:whether1> occurs.",
    ),
    "question": (
        "is this number <c:greater|less> than <t:number>, and what is it?",
        *(
            form.replace("<what>", what)
            for what in (f"the <q:{'|'.join(_LABELS)}>", "the <b:lower|upper> bound")
            for form in (
                "is <what> <c:greater|less> than <t:number>, and what is it?",
                "how large is <what>, and is it <c:over|under> <t:number>?",
                "decide whether <what> is <c:larger|smaller> than <t:number>, and state its value.",
                "to answer: <what> <c:sign> <t:number>?",
                "what is <what>, and is that <c:more|less> than <t:number>?",
            )
        ),
    ),
    "number": ("its value?",),
    "reply": (
        'reply with a JSON object: under "ANSWER" "yes" or "no", and under "PROB" the value to four decimal places, '
        'like {"ANSWER": "yes", "PROB": "0.1234"}.',
    ),
    "open": ('if what is said does not determine the value, reply {"ANSWER": "insufficient"}.',),
}
