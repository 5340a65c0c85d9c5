"""From a question to a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from causalpp.equivalence import premise_in_order
from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.language import Prompt
from causalpp.language.quoting import DESCRIPTION, display_names, letters, quoted, quoted_lines, replace_names
from causalpp.oracles.panel import outcome
from causalpp.oracles.prompts.listing import about, checked_listing, drawn_order, sorted_by
from causalpp.oracles.prompts.templates import Prompts
from causalpp.programs import Card, CausalProgram
from causalpp.propositions import Causes, Direction, Proposition, parse

__all__ = ["Writer"]


_BLANK = "___"
_LETTERS = ("A", "B", "C")
_LONGEST = 20_000
_STAND_IN = re.compile(r"zq\d{4}")


class Writer:
    """Writes prompts about certain variables.

    Args:
        variables: what questions may speak of; by default those of the context or the premise, or else any.
        context: what is known about them: a text, a description for each, or a program or card that has them.
        premise: statements of independence, or a text with such statements.  Variables of a list of statements
            become letters, so that nothing but the statements can be used.
        anonymize: whether names become letters everywhere, in an order that has nothing to do with the names, to
            see what a model knows from having read the graph.  Descriptions stay, with the names in them
            replaced; the title and the summary of a network are left out.
        prompts: the templates.
        system: a system prompt in place of the template; an empty one for none.
        labels: what can be answered.
        reason: whether a chain of thought comes before the answer.
        listing: ``"drawn"`` lists the variables, the sentences of a premise and the outcomes of a panel in an order
            that is drawn for each prompt, so that it says nothing about the graph; see
            :func:`~causalpp.oracles.prompts.drawn_order`.  ``"given"`` lists them as they are given, as 0.2 did.
        seed: of the orders.

    Raises:
        InvalidParameter: names to be replaced, and none known; a context that is too long or of another kind.

    Example:
        >>> from causalpp import Causes, Independent
        >>> writer = Writer(premise=[~Independent("tar", "cough"), Independent("tar", "cough", given={"smoke"})])
        >>> print(writer.prompt(Causes("smoke", "tar"), "plain", negated=True).user)
        Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among these 3
        variables are as follows: B correlates with C. B is independent of C given A.
        <BLANKLINE>
        Question: Is it false that A causes B?
        <BLANKLINE>
        Reply with one word: yes, no or unsure.
    """

    def __init__(
        self,
        variables: Iterable[str] | None = None,
        *,
        context: str | Mapping[str, str] | CausalProgram | Card | None = None,
        premise: str | Iterable[Proposition | str] | None = None,
        anonymize: bool = False,
        prompts: Prompts | None = None,
        system: str | None = None,
        labels: Sequence[str] = ("yes", "no", "unsure"),
        reason: bool = False,
        listing: str = "drawn",
        seed: int | None = 0,
    ) -> None:
        self.prompts = prompts or Prompts()
        self.system = self.prompts.texts["system"] if system is None else system
        self.labels = tuple(labels)
        self.reason = reason
        self.listing, self.seed = checked_listing(listing), seed
        text, descriptions = _described(context, anonymize)
        texts, statements = [text], []
        if isinstance(premise, str):
            texts.append(premise)
        elif premise is not None:
            statements = [parse(item) if isinstance(item, str) else item for item in premise]
        if (length := sum(map(len, texts))) > _LONGEST:
            raise InvalidParameter(f"the context has {length} characters; shorten it to {_LONGEST}")
        known = tuple(variables) if variables is not None else tuple(descriptions) or None
        if known is None and statements:
            known = tuple(sorted({name for statement in statements for name in statement.variables}))
        if anonymize and known is None:
            raise InvalidParameter("to replace the names, pass variables=, or a description of each as context=")
        self.variables = known
        self.anonymous = anonymize or (bool(statements) and any(len(name) > 1 for name in known or ()))
        self.codes = letters(known or ()) if self.anonymous else {}
        self.shown = self.codes or (display_names(self.unordered(known)) if known is not None else None)
        self._texts, self._descriptions, self._statements = texts, descriptions, statements
        self._backgrounds: dict[tuple[str, ...], str] = {}
        self.background = self._written(self._in_order())

    @property
    def listed(self) -> bool:
        """Whether prompts name all variables, in an order that says something unless it is drawn.

        >>> Writer().listed, Writer(["a", "b"]).listed
        (False, True)
        """
        order = self._in_order()
        return len(order) > 1 and self._written(order) != self._written(order[::-1])

    def __repr__(self) -> str:
        about = "any variables" if self.variables is None else f"{len(self.variables)} variables"
        return f"Writer({about}{', anonymous' if self.anonymous else ''})"

    @property
    def panels(self) -> str:
        """Text that is the same where panels are put alike, beside what questions share."""
        return self.prompts.panels + ("drawn" if self.listing == "drawn" else "")

    def about(self, variables: Iterable[str], context: str | Card | None = None, *, anonymize: bool = False) -> Writer:
        """A writer of the same prompts about other variables, without a premise."""
        return Writer(
            variables,
            context=context,
            anonymize=anonymize,
            prompts=self.prompts,
            system=self.system,
            labels=self.labels,
            reason=self.reason,
            listing=self.listing,
            seed=self.seed,
        )

    def order(self, question: Proposition, turn: int = 0) -> tuple[str, ...]:
        """The variables in the order in which the prompt of a question lists them.

        Args:
            question: what is asked; the two directions of a pair list in opposite orders.
            turn: how often it was put before, in whatever wording; every second time lists in the opposite order.

        Example:
            >>> from causalpp import Causes
            >>> writer = Writer(["smoke", "tar", "cancer"])
            >>> writer.order(Causes("smoke", "tar")), writer.order(Causes("tar", "smoke"))
            (('cancer', 'smoke', 'tar'), ('tar', 'smoke', 'cancer'))
        """
        return self._in_order(*about(question), turn)

    def prompt(self, question: Proposition, style: str = "plain", *, negated: bool = False, turn: int = 0) -> Prompt:
        """The prompt that puts a question in one wording and polarity.

        Args:
            question: what is asked.
            style: the wording.
            negated: whether it is asked the other way round.
            turn: how often it was put before; see :meth:`order`.

        Raises:
            UnknownVariable: the question speaks of other variables.
            InvalidParameter: no such wording.
        """
        order = self.order(question, turn)
        asked, statement = self._said(question, style)
        if negated:
            asked = self.prompts.fill("negated", statement=statement)
        shape, background = self.shape(), self._background(order)
        whole = self.prompts.fill("question", background=background, question=asked, format=shape)
        return Prompt(whole.strip(), self.system or None, () if self.reason else self.labels)

    def statements(self, pair: Sequence[str], style: str = "plain") -> tuple[str, str]:
        """That the first of two variables causes the second, and the other way round, as prompts say it."""
        a, b = pair
        return self._said(Causes(a, b), style)[1], self._said(Causes(b, a), style)[1]

    def choice(self, question: Direction, style: str = "plain", *, turn: int = 0) -> Prompt:
        """The prompt that lets a model choose between the two directions of a pair, or neither, by a letter.

        Raises:
            UnknownVariable, InvalidParameter: as for :meth:`prompt`.

        Example:
            >>> from causalpp import Direction
            >>> print(Writer().choice(Direction("S", "T"), "intervention").user)
            Question: Which of these is the most likely?
            A: intervening on S changes T
            B: intervening on T changes S
            C: neither of the two
            <BLANKLINE>
            Reply with one letter: A, B or C.
        """
        background = self._background(self.order(question, turn))
        forth, back = self.statements((question.a, question.b), style)
        asked = self.prompts.fill("choice", forth=forth, back=back)
        shape = (
            self.shape(labels=_LETTERS).replace("one word:", "one letter:").replace("these words:", "these letters:")
        )
        whole = self.prompts.fill("question", background=background, question=asked, format=shape)
        labels = () if self.reason else tuple(map(str.lower, _LETTERS))
        return Prompt(whole.strip(), self.system or None, labels)

    def likelihood(self, question: Direction, style: str = "plain", *, turn: int = 0) -> Prompt:
        """The prompt after which a sentence about one direction of a pair is compared with one about the other.

        The two are its labels.

        Raises:
            UnknownVariable, InvalidParameter: as for :meth:`prompt`.
        """
        background = self._background(self.order(question, turn))
        whole = self.prompts.fill("likelihood", background=background)
        return Prompt(whole.strip(), self.system or None, self.statements((question.a, question.b), style))

    def in_panel(self, questions: Sequence[Proposition], turn: int = 0) -> list[Proposition]:
        """The questions of a panel in the order in which its prompt numbers their outcomes."""
        if self.listing == "given":
            return list(questions)
        order = drawn_order(map(outcome, questions), self._panel_about(questions), seed=self.seed, turn=turn)
        place = {name: k for k, name in enumerate(order)}
        return sorted(questions, key=lambda question: place[outcome(question)])

    def panel(
        self, questions: Sequence[Proposition], style: str = "plain", *, negated: bool = False, turn: int = 0
    ) -> Prompt:
        """The prompt that puts the questions of a :class:`~causalpp.oracles.Panel` in one wording and polarity.

        The outcomes are numbered from 1, in the order of :meth:`in_panel`.

        Raises:
            UnknownVariable: a question speaks of other variables.
            InvalidParameter: no such wording.

        Example:
            >>> from causalpp import Causes
            >>> print(Writer().panel([Causes("S", "T"), Causes("S", "C")], "intervention").user)
            Question: Does intervening on S change ___? Answer this for each of the following in place of ___, each by
            itself:
            1. T
            2. C
            <BLANKLINE>
            Reply with one line for each of them and nothing else: its number, a colon, and one word: yes, no or unsure.
        """
        questions = self.in_panel(questions, turn)
        outcomes = [outcome(question) for question in questions]
        shown = self.names([*(name for name in questions[0].variables), *outcomes[1:]])
        asked, statement = self._said(questions[0], style, shown, blank=outcomes[0])
        if negated:
            asked = self.prompts.fill("negated", statement=statement)
        listed = "\n".join(f"{number}. {shown[name]}" for number, name in enumerate(outcomes, 1))
        asked = self.prompts.fill("panel", question=asked, outcomes=listed)
        shape = self.shape("panel_")
        background = self._background(self._in_order(self._panel_about(questions), turn=turn))
        whole = self.prompts.fill("question", background=background, question=asked, format=shape)
        return Prompt(whole.strip(), self.system or None)

    def shape(self, of: str = "", labels: Sequence[str] = ()) -> str:
        """What a reply has to look like, to a question or to a ``"panel_"``."""
        listed = _listing(labels or self.labels, "or")
        return self.prompts.fill(f"{of}{'reason' if self.reason else 'answer'}", labels=listed)

    def names(self, names: Sequence[str]) -> Mapping[str, str]:
        """Variables → how they stand in a prompt.

        Raises:
            UnknownVariable: a variable that questions may not speak of.
        """
        for name in names:
            if self.variables is not None and name not in self.variables:
                raise UnknownVariable(name, self.variables)
        return self.shown if self.shown is not None else display_names(names)

    def _said(
        self,
        statement: Proposition,
        style: str,
        shown: Mapping[str, str] | None = None,
        *,
        blank: str | None = None,
        order: Sequence[str] = (),
    ) -> tuple[str, str]:
        """A statement as a question and as a statement, its names as they may stand in a prompt; one left blank."""
        names = list(dict.fromkeys(statement.variables))
        shown = shown or self.names(names)
        # what has no order is said in the one that is given, or else in alphabetical order
        ordered = sorted_by(names, order) if order else sorted(names, key=lambda name: (shown[name], name))
        stand_ins = {name: f"zq{number:04d}" for number, name in enumerate(ordered)}
        back = {stand_in: _BLANK if name == blank else shown[name] for name, stand_in in stand_ins.items()}
        renamed = statement.rename(stand_ins)
        asked, said = (
            _STAND_IN.sub(lambda found: back[found[0]], text)
            for text in (renamed.question(style), renamed.sentence(style))
        )
        return asked, said

    def unordered(self, names: Iterable[str]) -> Iterable[str]:
        """Names without the order in which they were given, if that is to say nothing."""
        return sorted(names) if self.listing == "drawn" else names

    def _in_order(self, about: str | None = None, swapped: bool = False, turn: int = 0) -> tuple[str, ...]:
        """The variables in the order in which a prompt lists them; in a neutral one if what it is about is not said."""
        if self.variables is None or self.shown is None:
            return ()
        if self.anonymous and (self.listing == "given" or about is None):
            return tuple(sorted(self.variables, key=self.shown.__getitem__))
        if self.listing == "given" or about is None:
            return tuple(self.unordered(self.variables))
        return drawn_order(self.variables, about, seed=self.seed, turn=turn, swapped=swapped)

    @staticmethod
    def _panel_about(questions: Sequence[Proposition]) -> str:
        """What a panel is about, whatever the order of its outcomes."""
        return "\0".join(sorted("\1".join((about(question)[0], *question.variables)) for question in questions))

    def _background(self, order: tuple[str, ...]) -> str:
        """What stands before a question whose prompt lists the variables in some order."""
        if self.listing == "given" or not order:
            return self.background
        if order not in self._backgrounds:
            self._backgrounds[order] = self._written(order)
        return self._backgrounds[order]

    def _written(self, order: tuple[str, ...]) -> str:
        drawn = self.listing == "drawn"
        text = "\n".join(premise_in_order(text, order) if drawn else text for text in self._texts if text)
        listed, rest = self._listed(order), [self._text(text), self._premise(order)]
        # prompts begin alike for as long as they can: what depends on the order comes last
        return "\n\n".join(filter(None, [*rest, listed] if drawn else [listed, *rest]))

    def _listed(self, order: Sequence[str]) -> str:
        if not order or self.shown is None:
            return ""
        if not any(name in self._descriptions for name in order):
            names = ", ".join(self.shown[name] for name in order)
            return "" if self._statements else self.prompts.fill("names", list=names)
        lines = []
        for name in order:
            about = replace_names(self._descriptions.get(name, ""), self.codes)
            lines.append(f"- {self.shown[name]}" + (f": {quoted(about, DESCRIPTION)}" if about.strip() else ""))
        return self.prompts.fill("variables", list="\n".join(lines))

    def _text(self, text: str) -> str:
        lines = quoted_lines(replace_names(text, self.codes))
        return self.prompts.fill("context", lines=lines) if lines else ""

    def _premise(self, order: Sequence[str]) -> str:
        statements = self._statements
        if not statements or self.variables is None or self.shown is None:
            return ""
        if self.listing == "given":
            names, order = sorted(self.shown[name] for name in self.variables), ()
        else:
            names, place = [self.shown[name] for name in order], {name: k for k, name in enumerate(order)}
            kinds = list(dict.fromkeys(map(type, statements)))
            statements = sorted(
                statements, key=lambda p: (kinds.index(type(p)), sorted(place.get(name, -1) for name in p.variables))
            )
        said = " ".join(self._said(statement, "corr2cause", order=order)[1] + "." for statement in statements)
        return self.prompts.fill("premise", number=str(len(names)), names=_listing(names, "and"), statements=said)


def _listing(items: Sequence[str], word: str) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + f" {word} {items[-1]}"


def _described(context: Any, anonymize: bool) -> tuple[str, dict[str, str]]:
    """What a context says in general, and what it says about each variable."""
    if context is None:
        return "", {}
    if isinstance(context, str):
        return context, {}
    if isinstance(context, Mapping):
        for name, about in context.items():
            if not isinstance(name, str) or not isinstance(about, str):
                raise InvalidParameter(f"a context maps names to descriptions, both text; got {name!r}: {about!r}")
        return "", dict(context)
    card = getattr(context, "card", context)
    if card is None:
        return "", dict.fromkeys(context.variables, "")
    if not isinstance(getattr(card, "variables", None), Mapping):
        raise InvalidParameter(f"a context is a text, a mapping or a program with a card, not {type(context).__name__}")
    descriptions = {}
    for name, about in card.variables.items():
        states = "; ".join(f"{state}: {phrase}" for state, phrase in about.states.items())
        label = "" if anonymize else f"{about.label}. "
        descriptions[name] = f"{label}{about.description} States: {states}."
    return "" if anonymize else f"{card.title}. {card.summary}", descriptions
