"""The sentences that the reader understands.

They are written down here and not taken from what writes the problems, so that a writer that says something else than
it means is found out: the tests compare what is read with what was meant.  In a form, ``<unit>`` and ``<the>`` stand
for "a patient" and "the patient", and the others for

- ``<x:is1>``, ``<x:would0>``, ``<x:make1>``: one variable and its value, as in "smokes", "would not smoke", "to
  smoke"; what is called the same in a form is the same variable;
- ``<e:are>``, ``<h:makes>``: one or several of them, as in "smokes and does not exercise", "to smoke and not to
  exercise";
- ``<m:whether>``: one or several variables, as in "whether the patient smokes", and ``<x:whether1>``: one;
- ``<p:number>``: a probability or a threshold, as a decimal number, a percentage or a fraction;
- ``<b:lower|upper>``: one of these words.

A form begins in lower case; a sentence may begin with a capital.
"""

from __future__ import annotations

__all__ = ["FORMS", "OPENINGS"]

#: How a text may introduce its variables: ``<list>`` is "either smokes or does not smoke, either ... and either ...".
OPENINGS = ("in it, <unit> <list>.",)

#: What a sentence says → the forms of sentences that say it.
FORMS: dict[str, tuple[str, ...]] = {
    "world": ("imagine a world in which only what is said here matters.",),
    "edge": ("whether <unit> <x:is1> has a direct effect on whether <the> <y:is1>.",),
    "closing": ("there are no other direct effects, and there are no common causes that are not mentioned.",),
    "figure": (
        "given that <unit> <g:are>, the probability that <the> <e:are> is <p:number>.",
        "the probability that <unit> <e:are> is <p:number>.",
    ),
    "ATE": (
        "consider the average treatment effect (ATE): the probability that <unit> <y:is1> if <the> is made <x:make1>, "
        "minus this probability if <the> is made <x:make0>.",
    ),
    "CDE": (
        "consider the controlled direct effect (CDE): the probability that <unit> <y:is1> if <the> is made <x:make1> "
        "and, besides, made <h:makes>, minus this probability if <the> is made <x:make0> and, besides, made <h:makes>.",
    ),
    "ETT": (
        "consider the effect of treatment on the treated (ETT): given that <unit> <x:is1>, the probability that <the> "
        "<y:would1> if made <x:make1>, minus the probability that <the> <y:would1> if made <x:make0>.",
    ),
    "NDE": (
        "consider the natural direct effect (NDE) that does not go through <m:whether>: the probability that <unit> "
        "<y:would1> if made <x:make1>, with <m:whether> left as <_:it|they> would be if <the> were made <x:make0>, "
        "minus the probability that <unit> <y:would1> if made <x:make0>.",
    ),
    "NIE": (
        "consider the natural indirect effect (NIE) that goes through <m:whether>: the probability that <unit> "
        "<y:would1> if made <x:make0>, with <m:whether> changed to what <_:it|they> would be if <the> were made "
        "<x:make1>, minus the probability that <unit> <y:would1> if made <x:make0>.",
    ),
    "PN": (
        "consider the probability of necessity (PN): given that <unit> <x:is1> and <y:is1>, the probability that "
        "<the> <y:would0> if made <x:make0>.",
    ),
    "PS": (
        "consider the probability of sufficiency (PS): given that <unit> <x:is0> and <y:is0>, the probability that "
        "<the> <y:would1> if made <x:make1>.",
    ),
    "monotone": (
        "assume monotonicity: there is no case in which <unit> <y:would1> if made <x:make0> but <y:would0> if made "
        "<x:make1>.",
    ),
    "not monotone": ("do not assume monotonicity.",),
    "bound": (
        "what is asked for is the <b:lower|upper> bound of Tian and Pearl, which is all that follows from the "
        "probability that <unit> <y:is1> if made <x:make1>, this probability if made <x:make0>, and the probabilities "
        "of the four combinations of <x:whether1> and <y:whether1>.",
    ),
    "value": ("what is asked for is the value under this assumption.",),
    "question": (
        "is the <q:ATE|CDE|ETT|NDE|NIE|PN|PS> <c:greater|less> than <t:number>, and what is it?",
        "is the <b:lower|upper> bound <c:greater|less> than <t:number>, and what is it?",
    ),
    "reply": (
        'reply with a JSON object: under "ANSWER" "yes" or "no", and under "PROB" the value to four decimal places, '
        'like {"ANSWER": "yes", "PROB": "0.1234"}.',
    ),
    "open": ('if what is said does not determine the value, reply {"ANSWER": "insufficient"}.',),
}
