"""The plain set in other words: four wordings that say the same, and one that does not say which quantity is meant.

Every wording has one sentence for each thing there is to say (the variables, an edge, that there is no more, a figure,
a quantity), built from the same phrases; the form of the reply and remarks are those of the plain set.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from causalpp.tasks.caugym.models import Figure
from causalpp.tasks.caugym.problem import Contrast, Problem
from causalpp.tasks.caugym.wording import WORDINGS, Wording, listed

__all__ = ["REWORDINGS", "Unnamed"]


class _Reworded(Wording):
    """Effects as what is asked for, two cases and, at times, a group; all of it said by the subclass."""

    @abstractmethod
    def effect(self, label: str, y: str, first: str, second: str, group: str = "") -> str:
        """The probability of an outcome in a first case less that in a second, in a group or for all."""

    @abstractmethod
    def probability_of(self, label: str, group: str, would: str, made: str) -> str:
        """The probability that somebody of a group would be otherwise in a case."""

    @property
    def kind(self) -> str:
        """Of whom it is told, without an article."""
        return self.story.one.split(" ", 1)[1]

    def asked(self, problem: Problem) -> str:
        """The number that is asked for, by its name."""
        return f"the {problem.bound} bound" if problem.bound in ("lower", "upper") else f"the {problem.quantity}"

    def case(self, contrast: Contrast, value: int, *, held: bool = False, natural: int | None = None) -> str:
        """What is done, as in "if made to smoke"; what else is held, or how the mediators are."""
        said = f"if made {self.made(contrast, value)}"
        if held:
            said += f" and also {listed([self.names[m][f'make{v}'] for m, v in contrast.fixed.items()])}"
        if natural is not None:
            said += (
                f" and with {self.mediators(contrast)} just as {self.they(contrast)} would be if made "
                f"{self.made(contrast, natural)}"
            )
        return said

    def _effect(self, label: str, contrast: Contrast, first: str, second: str, group: str = "") -> str:
        return self.effect(label, self.names[contrast.outcome]["would1"], first, second, group)

    def ate(self, contrast: Contrast) -> str:
        cases = self.case(contrast, 1), self.case(contrast, 0)
        return self._effect("average treatment effect (ATE)", contrast, *cases)

    def cde(self, contrast: Contrast) -> str:
        cases = self.case(contrast, 1, held=True), self.case(contrast, 0, held=True)
        return self._effect("controlled direct effect (CDE)", contrast, *cases)

    def ett(self, contrast: Contrast) -> str:
        cases, group = (self.case(contrast, 1), self.case(contrast, 0)), self.names[contrast.treatment]["1"]
        return self._effect("effect of treatment on the treated (ETT)", contrast, *cases, group)

    def nde(self, contrast: Contrast) -> str:
        cases = self.case(contrast, 1, natural=0), self.case(contrast, 0)
        return self._effect("natural direct effect (NDE)", contrast, *cases)

    def nie(self, contrast: Contrast) -> str:
        cases = self.case(contrast, 0, natural=1), self.case(contrast, 0)
        return self._effect("natural indirect effect (NIE)", contrast, *cases)

    def causation(self, quantity: str, bound: str, contrast: Contrast) -> str:
        x, y = self.names[contrast.treatment], self.names[contrast.outcome]
        value, label = (
            (1, "probability of necessity (PN)") if quantity == "PN" else (0, "probability of sufficiency (PS)")
        )
        group, would = f"{x[str(value)]} and {y[str(value)]}", y[f"would{1 - value}"]
        meaning = self.probability_of(label, group, would, f"if made {x[f'make{1 - value}']}")
        return f"{meaning} {self.bound(bound, contrast)}"


class Closed(_Reworded):
    """Effects before causes, and probabilities at the end."""

    name = "closed"

    def variables(self, nodes: Sequence[str]) -> str:
        each = [f"{self.names[node]['1']} or {self.names[node]['0']}" for node in nodes]
        return (
            f"Picture a closed world, in which nothing from outside plays a part. There, {self.unit} {'; '.join(each)}."
        )

    def edge(self, cause: str, effect: str) -> str:
        return f"W{self.whether(effect, self.unit)[1:]} depends directly on {self.whether(cause)}."

    def closing(self) -> str:
        return "Nothing depends directly on anything else, and nothing unmentioned acts on two of these at once."

    def figure(self, figure: Figure) -> str:
        what = self.all_of(figure.variables)
        if figure.given:
            return (
                f"Once it is known that {self.unit} {self.all_of(figure.given)}, {self.the} {what} with probability "
                f"{figure.value}."
            )
        return f"Before anything is known, {self.unit} {what} with probability {figure.value}."

    def effect(self, label: str, y: str, first: str, second: str, group: str = "") -> str:
        who = f"{self.unit} that {group}" if group else self.unit
        return (
            f"The {label} is to be found: how much more probable it is that {who} {y} {first} than {second}, which is "
            "negative where it is less probable."
        )

    def probability_of(self, label: str, group: str, would: str, made: str) -> str:
        return f"The {label} is to be found: how probable it is that {self.unit} that {group} {would} {made}."

    def bound(self, bound: str, contrast: Contrast) -> str:
        x, y = self.names[contrast.treatment], self.names[contrast.outcome]
        if bound == "monotone":
            return (
                f"It may be taken as given that no {self.kind} {y['would1']} if made {x['make0']} and {y['would0']} if "
                f"made {x['make1']}; its value is wanted under this monotonicity."
            )
        return (
            f"Monotonicity may not be taken as given; wanted is Tian and Pearl's {bound} bound, made of the "
            f"probabilities that {self.unit} {y['1']} if made {x['make1']} and if made {x['make0']} and those of the "
            f"four combinations of {self.whether(contrast.treatment)} and {self.whether(contrast.outcome)}."
        )

    def question(self, problem: Problem) -> str:
        side = {"above": "over", "below": "under"}[problem.contrast.asked]
        return f"How large is {self.asked(problem)}, and is it {side} {problem.contrast.threshold}?"


class Causes(_Reworded):
    """In terms of direct causes; figures begin with their number."""

    name = "causes"

    def variables(self, nodes: Sequence[str]) -> str:
        each = [f"that {self.the} {self.names[node]['1']} (or else {self.names[node]['0']})" for node in nodes]
        return f"Here is a small world, complete as it is told. Of {self.unit} it may be true {listed(each)}."

    def edge(self, cause: str, effect: str) -> str:
        return f"Among the direct causes of {self.whether(effect)} is {self.whether(cause)}."

    def closing(self) -> str:
        return "These are all the direct causes there are, and no common cause is hidden."

    def figure(self, figure: Figure) -> str:
        what = self.all_of(figure.variables)
        if figure.given:
            return (
                f"{figure.value} is the probability that {self.the} {what} where it is found that {self.the} "
                f"{self.all_of(figure.given)}."
            )
        return f"{figure.value} is the probability that {self.the} {what}."

    def effect(self, label: str, y: str, first: str, second: str, group: str = "") -> str:
        who = f"{self.unit} that {group}" if group else self.unit
        return (
            f"Let the {label} be the difference between two probabilities that {who} {y}: the probability of this "
            f"{first}, less the probability of this {second}."
        )

    def probability_of(self, label: str, group: str, would: str, made: str) -> str:
        return f"Let the {label} be the probability that {self.unit} that {group} {would} {made}."

    def bound(self, bound: str, contrast: Contrast) -> str:
        x, y = self.names[contrast.treatment], self.names[contrast.outcome]
        if bound == "monotone":
            return (
                f"Let it be monotone, so that there is never {self.unit} that {y['would1']} if made {x['make0']} but "
                f"{y['would0']} if made {x['make1']}; its value is then a single number."
            )
        return (
            f"Without monotonicity, let its {bound} bound be that of Tian and Pearl, from the probability that "
            f"{self.unit} {y['1']} if made {x['make1']}, the same if made {x['make0']}, and the joint probabilities of "
            f"{self.whether(contrast.treatment)} and {self.whether(contrast.outcome)}."
        )

    def question(self, problem: Problem) -> str:
        side = {"above": "larger", "below": "smaller"}[problem.contrast.asked]
        return f"Decide whether {self.asked(problem)} is {side} than {problem.contrast.threshold}, and state its value."


class Notes(_Reworded):
    """As notes are taken."""

    name = "notes"

    def variables(self, nodes: Sequence[str]) -> str:
        each = [f"{self.names[node]['1']} / {self.names[node]['0']}" for node in nodes]
        return f"Notes on a world of its own, with nothing beyond them. {self.unit.capitalize()}: {', '.join(each)}."

    def edge(self, cause: str, effect: str) -> str:
        return f"Direct effect: {self.whether(cause)} -> {self.whether(effect)}."

    def closing(self) -> str:
        return "Further direct effects: none; unmentioned common causes: none."

    def figure(self, figure: Figure) -> str:
        what = f"{self.the} {self.all_of(figure.variables)}"
        given = f", given that {self.the} {self.all_of(figure.given)}" if figure.given else ""
        return f"Probability {figure.value}: {what}{given}."

    def effect(self, label: str, y: str, first: str, second: str, group: str = "") -> str:
        only = f", only for {self.unit} that {group}" if group else ""
        return (
            f"Wanted: the {label}{only}, that is, the probability ({self.the} {y} {first}) minus the probability "
            f"({self.the} {y} {second})."
        )

    def probability_of(self, label: str, group: str, would: str, made: str) -> str:
        return (
            f"Wanted: the {label}, that is, the probability ({self.the} {would} {made}), only for {self.unit} that "
            f"{group}."
        )

    def bound(self, bound: str, contrast: Contrast) -> str:
        x, y = self.names[contrast.treatment], self.names[contrast.outcome]
        if bound == "monotone":
            return (
                f"Assumption: monotonicity (never both: {self.the} {y['would1']} if made {x['make0']}, {self.the} "
                f"{y['would0']} if made {x['make1']}); the value under it."
            )
        return (
            f"Assumption: none (no monotonicity); the {bound} bound after Tian and Pearl from the probabilities "
            f"({self.the} {y['1']} if made {x['make1']}), ({self.the} {y['1']} if made {x['make0']}) and from the "
            f"joint probabilities of {self.whether(contrast.treatment)} and {self.whether(contrast.outcome)}."
        )

    def question(self, problem: Problem) -> str:
        side = {"above": ">", "below": "<"}[problem.contrast.asked]
        return f"To answer: {self.asked(problem)} {side} {problem.contrast.threshold}? Its value?"


class Survey(_Reworded):
    """Told by somebody who has kept records."""

    name = "survey"

    def variables(self, nodes: Sequence[str]) -> str:
        each = [f"whether {self.the} {self.names[node]['1']} or {self.names[node]['0']}" for node in nodes]
        return (
            f"Somebody has long watched {self.story.many} in a world where only the following counts, and has written "
            f"down of each {listed(each)}."
        )

    def edge(self, cause: str, effect: str) -> str:
        return f"It was found that {self.whether(cause)} acts directly on {self.whether(effect)}."

    def closing(self) -> str:
        return "It was also found that nothing else acts directly on anything and that no common cause was overlooked."

    def figure(self, figure: Figure) -> str:
        what = f"{self.the} {self.all_of(figure.variables)}"
        when = f", when {self.the} {self.all_of(figure.given)}" if figure.given else ""
        return f"By the records{when}, the chance that {what} is {figure.value}."

    def effect(self, label: str, y: str, first: str, second: str, group: str = "") -> str:
        who = f"of those {self.story.many} of which each {group}" if group else f"of all {self.story.many}"
        return (
            f"What the records do not show directly is the {label}: {who}, one {y} with some chance {first}, and with "
            f"another chance {second}; the effect is the first chance less the second."
        )

    def probability_of(self, label: str, group: str, would: str, made: str) -> str:
        return (
            f"What the records do not show directly is the {label}: of those {self.story.many} of which each {group}, "
            f"the chance that one {would} {made}."
        )

    def bound(self, bound: str, contrast: Contrast) -> str:
        x, y = self.names[contrast.treatment], self.names[contrast.outcome]
        if bound == "monotone":
            return (
                f"Those who know say that it is monotone: not one of the {self.story.many} {y['would1']} if made "
                f"{x['make0']} yet {y['would0']} if made {x['make1']}. Take this as true and find its value."
            )
        return (
            f"Nobody says that it is monotone. Find the {bound} bound that Tian and Pearl give, which takes the chance "
            f"that {self.unit} {y['1']} if made {x['make1']}, the chance of it if made {x['make0']}, and how often "
            f"each combination of {self.whether(contrast.treatment)} and {self.whether(contrast.outcome)} occurs."
        )

    def question(self, problem: Problem) -> str:
        side = {"above": "more", "below": "less"}[problem.contrast.asked]
        return f"What is {self.asked(problem)}, and is that {side} than {problem.contrast.threshold}?"


class Unnamed(Wording):
    """The plain set without the instruction: no quantity is named or defined, the question alone tells it."""

    name = "unnamed"

    def ate(self, contrast: Contrast) -> str:
        return self._rise(
            contrast, f"if {self.the} is made {self.made(contrast, 1)} instead of {self.made(contrast, 0)}"
        )

    def cde(self, contrast: Contrast) -> str:
        held = listed([self.names[node][f"make{value}"] for node, value in contrast.fixed.items()])
        return self._rise(
            contrast,
            f"{self.changed(contrast)}, and is made {held} in either case",
        )

    def ett(self, contrast: Contrast) -> str:
        return (
            f"Think of {self.unit} that {self.names[contrast.treatment]['1']}. How much more probable is it now that "
            f"{self.the} {self.names[contrast.outcome]['1']} than it would be if {self.the} had been made "
            f"{self.made(contrast, 0)}?"
        )

    def nde(self, contrast: Contrast) -> str:
        return self._rise(
            contrast,
            f"{self.changed(contrast)}, but {self.mediators(contrast)} {self.they_do(contrast, 'stay')} as without "
            "this change",
        )

    def nie(self, contrast: Contrast) -> str:
        return self._rise(
            contrast,
            f"if {self.the} is made {self.made(contrast, 0)} all the same, but {self.mediators(contrast)} "
            f"{self.they_do(contrast, 'become')} what {self.they(contrast)} would be if {self.the} were made "
            f"{self.made(contrast, 1)}",
        )

    def they_do(self, contrast: Contrast, verb: str) -> str:
        """What one mediator or several do."""
        return verb if len(contrast.mediators) > 1 else f"{verb}s"

    def changed(self, contrast: Contrast) -> str:
        """What is done instead of what."""
        return f"if {self.the} is made {self.made(contrast, 1)} instead of {self.made(contrast, 0)}"

    def _rise(self, contrast: Contrast, when: str) -> str:
        return f"How much more probable does it become that {self.unit} {self.names[contrast.outcome]['1']} {when}?"

    def causation(self, quantity: str, bound: str, contrast: Contrast) -> str:
        x, y = self.names[contrast.treatment], self.names[contrast.outcome]
        value = 1 if quantity == "PN" else 0
        who = f"Think of {self.unit} that {x[str(value)]} and {y[str(value)]}."
        what = f"that {self.the} {y[f'would{1 - value}']} if {self.the} had been made {x[f'make{1 - value}']}"
        return f"{who} {self.possible(bound, what, contrast)}"

    def possible(self, bound: str, what: str, contrast: Contrast) -> str:
        """How probable something is, or can be at least or at most."""
        x, y = self.names[contrast.treatment], self.names[contrast.outcome]
        if bound == "monotone":
            return (
                f"How probable is it {what}, where there is never {self.unit} that {y['would1']} if made {x['make0']} "
                f"but {y['would0']} if made {x['make1']}?"
            )
        least = {"lower": "least", "upper": "most"}[bound]
        return (
            f"How probable is it at {least} {what}, as far as it follows from how probable it is that {self.unit} "
            f"{y['1']} if made {x['make1']} and if made {x['make0']}, and from how probable each combination of "
            f"{self.whether(contrast.treatment)} and {self.whether(contrast.outcome)} is, and from nothing else?"
        )

    def question(self, problem: Problem) -> str:
        word = {"above": "greater", "below": "less"}[problem.contrast.asked]
        return f"Is this number {word} than {problem.contrast.threshold}, and what is it?"


#: The wordings of the set *rephrased*.
REWORDINGS = tuple(kind.name for kind in (Closed, Causes, Notes, Survey))
WORDINGS.update({kind.name: kind for kind in (Closed, Causes, Notes, Survey, Unnamed)})
