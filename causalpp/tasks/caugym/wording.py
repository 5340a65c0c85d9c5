"""From a problem to its text.

A text has four paragraphs: the variables; what affects what; the figures (and remarks); the question with the form of
the reply.  A :class:`Wording` has the sentences of which they are made; everything it says goes through one of its
methods, so that another wording is a subclass that says some of them differently, under a name of its own in
:data:`WORDINGS`.  The phrases of the variables (:func:`~causalpp.tasks.caugym.stories.phrases`) are the same in every
wording, and what follows from a text does not depend on the wording.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from causalpp.tasks.caugym.models import Event, Figure
from causalpp.tasks.caugym.problem import Contrast, Problem
from causalpp.tasks.caugym.stories import Story

__all__ = ["WORDINGS", "Names", "Wording", "listed", "render"]

#: Node → its phrases.
Names = Mapping[str, Mapping[str, str]]

_REFERENCE = re.compile(r"\{(\w+):(\w+)\}")


def listed(parts: Sequence[str], word: str = " and ") -> str:
    """Parts in a row, as in "a, b and c"."""
    return f"{', '.join(parts[:-1])}{word}{parts[-1]}" if len(parts) > 1 else "".join(parts)


class Wording:
    """The sentences of the plain set.

    Args:
        story: of whom it is told.
        names: how the variables are called.
    """

    name = "plain"

    def __init__(self, story: Story, names: Names) -> None:
        self.story, self.names = story, names
        self.unit, self.the = story.one, story.the

    # --- the variables and the graph

    def variables(self, nodes: Sequence[str]) -> str:
        """Which variables there are, and their two values."""
        each = [f"either {self.names[node]['1']} or {self.names[node]['0']}" for node in nodes]
        return f"Imagine a world in which only what is said here matters. In it, {self.unit} {listed(each, ', and ')}."

    def edge(self, cause: str, effect: str) -> str:
        """That one variable directly affects another."""
        return f"W{self.whether(cause, self.unit)[1:]} has a direct effect on {self.whether(effect)}."

    def closing(self) -> str:
        """That there is nothing else."""
        return "There are no other direct effects, and there are no common causes that are not mentioned."

    def whether(self, node: str, who: str = "") -> str:
        """A variable, as in "whether the patient smokes"."""
        return f"whether {who or self.the} {self.names[node]['1']}"

    # --- the figures

    def figure(self, figure: Figure) -> str:
        """One probability."""
        what = self.all_of(figure.variables)
        if figure.given:
            return (
                f"Given that {self.unit} {self.all_of(figure.given)}, the probability that {self.the} {what} is "
                f"{figure.value}."
            )
        return f"The probability that {self.unit} {what} is {figure.value}."

    def all_of(self, event: Event, form: str = "") -> str:
        """Several things at once, as in "smokes and has a cough"."""
        return listed([self.names[node][f"{form}{value}"] for node, value in event])

    def remark(self, template: str) -> str:
        """A sentence that comes with the problem."""
        filled = _REFERENCE.sub(lambda found: self.names[found[1]][found[2]], template)
        text = filled.replace("{unit}", self.unit).replace("{the}", self.the)
        return text[:1].upper() + text[1:]

    # --- the question

    def quantity(self, problem: Problem) -> str:
        """What is asked for, by its name and by what it is."""
        said = {"ATE": self.ate, "CDE": self.cde, "ETT": self.ett, "NDE": self.nde, "NIE": self.nie}
        if problem.quantity in said:
            return said[problem.quantity](problem.contrast)
        return self.causation(problem.quantity, problem.bound, problem.contrast)

    def ate(self, contrast: Contrast) -> str:
        """The average treatment effect."""
        return (
            f"Consider the average treatment effect (ATE): the probability that {self.unit} "
            f"{self.names[contrast.outcome]['1']} if {self.the} is made {self.made(contrast, 1)}, minus this "
            f"probability if {self.the} is made {self.made(contrast, 0)}."
        )

    def cde(self, contrast: Contrast) -> str:
        """The controlled direct effect."""
        held = listed([self.names[node][f"make{value}"] for node, value in contrast.fixed.items()])
        return (
            f"Consider the controlled direct effect (CDE): the probability that {self.unit} "
            f"{self.names[contrast.outcome]['1']} if {self.the} is made {self.made(contrast, 1)} and, besides, made "
            f"{held}, minus this probability if {self.the} is made {self.made(contrast, 0)} and, besides, made {held}."
        )

    def ett(self, contrast: Contrast) -> str:
        """The effect of treatment on the treated."""
        would = self.names[contrast.outcome]["would1"]
        return (
            f"Consider the effect of treatment on the treated (ETT): given that {self.unit} "
            f"{self.names[contrast.treatment]['1']}, the probability that {self.the} {would} if made "
            f"{self.made(contrast, 1)}, minus the probability that {self.the} {would} if made "
            f"{self.made(contrast, 0)}."
        )

    def nde(self, contrast: Contrast) -> str:
        """The natural direct effect."""
        would, control = self.names[contrast.outcome]["would1"], self.made(contrast, 0)
        return (
            f"Consider the natural direct effect (NDE) that does not go through {self.mediators(contrast)}: the "
            f"probability that {self.unit} {would} if made {self.made(contrast, 1)}, with {self.mediators(contrast)} "
            f"left as {self.they(contrast)} would be if {self.the} were made {control}, minus the probability that "
            f"{self.unit} {would} if made {control}."
        )

    def nie(self, contrast: Contrast) -> str:
        """The natural indirect effect."""
        would, control = self.names[contrast.outcome]["would1"], self.made(contrast, 0)
        return (
            f"Consider the natural indirect effect (NIE) that goes through {self.mediators(contrast)}: the "
            f"probability that {self.unit} {would} if made {control}, with {self.mediators(contrast)} changed to what "
            f"{self.they(contrast)} would be if {self.the} were made {self.made(contrast, 1)}, minus the probability "
            f"that {self.unit} {would} if made {control}."
        )

    def causation(self, quantity: str, bound: str, contrast: Contrast) -> str:
        """The probability of necessity or sufficiency: a bound, or the value under monotonicity."""
        x, y = self.names[contrast.treatment], self.names[contrast.outcome]
        if quantity == "PN":
            what, group, would = "necessity (PN)", f"{x['1']} and {y['1']}", f"{y['would0']} if made {x['make0']}"
        else:
            what, group, would = "sufficiency (PS)", f"{x['0']} and {y['0']}", f"{y['would1']} if made {x['make1']}"
        meaning = (
            f"Consider the probability of {what}: given that {self.unit} {group}, the probability that {self.the} "
            f"{would}."
        )
        return f"{meaning} {self.bound(bound, contrast)}"

    def bound(self, bound: str, contrast: Contrast) -> str:
        """Which number is meant."""
        x, y = self.names[contrast.treatment], self.names[contrast.outcome]
        if bound == "monotone":
            return (
                f"Assume monotonicity: there is no case in which {self.unit} {y['would1']} if made {x['make0']} but "
                f"{y['would0']} if made {x['make1']}. What is asked for is the value under this assumption."
            )
        return (
            f"Do not assume monotonicity. What is asked for is the {bound} bound of Tian and Pearl, which is all that "
            f"follows from the probability that {self.unit} {y['1']} if made {x['make1']}, this probability if made "
            f"{x['make0']}, and the probabilities of the four combinations of {self.whether(contrast.treatment)} and "
            f"{self.whether(contrast.outcome)}."
        )

    def made(self, contrast: Contrast, value: int) -> str:
        """What the treatment is set to, as in "to smoke"."""
        return self.names[contrast.treatment][f"make{value}"]

    def mediators(self, contrast: Contrast) -> str:
        """All that lies between treatment and outcome."""
        return listed([self.whether(node) for node in contrast.mediators])

    def they(self, contrast: Contrast) -> str:
        """One mediator or several."""
        return "they" if len(contrast.mediators) > 1 else "it"

    def question(self, problem: Problem) -> str:
        """The question that is answered by yes or no, and the one that is answered by a number."""
        word = {"above": "greater", "below": "less"}[problem.contrast.asked]
        what = f"the {problem.bound} bound" if problem.bound in ("lower", "upper") else f"the {problem.quantity}"
        return f"Is {what} {word} than {problem.contrast.threshold}, and what is it?"

    def reply(self) -> str:
        """The form of the reply."""
        return (
            'Reply with a JSON object: under "ANSWER" "yes" or "no", and under "PROB" the value to four decimal '
            'places, like {"ANSWER": "yes", "PROB": "0.1234"}. If what is said does not determine the value, reply '
            '{"ANSWER": "insufficient"}.'
        )

    def text(self, problem: Problem) -> str:
        """The whole text."""
        effects = [self.edge(*edge) for edge in problem.edges]
        figures = [self.figure(figure) for figure in problem.figures]
        remarks = [self.remark(remark) for remark in problem.remarks]
        paragraphs = [
            self.variables(problem.listed),
            " ".join([*effects, self.closing()]) if effects else "",
            " ".join([*figures, *remarks]),
            f"{self.quantity(problem)} {self.question(problem)} {self.reply()}",
        ]
        return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


#: Name → sentences.
WORDINGS: dict[str, type[Wording]] = {Wording.name: Wording}


def render(problem: Problem, story: Story, names: Names) -> str:
    """The text of a problem, in the wording that it names."""
    return WORDINGS[problem.wording](story, names).text(problem)
