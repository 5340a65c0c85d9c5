"""The texts of which prompts are made: plain files that a user can replace, one by one."""

from __future__ import annotations

import os
from pathlib import Path

from causalpp.language.templates import Templates

__all__ = ["Prompts"]

_PLACEHOLDERS: dict[str, tuple[str, ...]] = {
    "system": (),
    "variables": ("LIST",),
    "names": ("LIST",),
    "context": ("LINES",),
    "premise": ("number", "names", "STATEMENTS"),
    "negated": ("STATEMENT",),
    "question": ("background", "QUESTION", "FORMAT"),
    "answer": ("labels",),
    "reason": ("labels",),
    "panel": ("QUESTION", "OUTCOMES"),
    "panel_answer": ("labels",),
    "panel_reason": ("labels",),
    "choice": ("FORTH", "BACK"),
    "likelihood": ("background",),
    "proposal": ("VARIABLES", "premise"),
    "proposal_system": (),
    "pairwise": ("VARIABLES", "premise", "A", "B"),
    "breadth_first_roots": ("VARIABLES", "premise"),
    "breadth_first_children": ("VARIABLES", "premise", "A", "FOUND"),
}
#: Those that questions are made of; the others are for whole graphs, and change no answer.
_OF_PANELS = ("panel", "panel_answer", "panel_reason")
_OF_DIRECTIONS = ("choice", "likelihood")
_OF_QUESTIONS = ("system", "variables", "names", "context", "premise", "negated", "question", "answer", "reason")


class Prompts(Templates):
    """Templates, those that ship or a user's own.

    ==============================  =============================================  =================================
    file                            what it is                                     placeholders
    ==============================  =============================================  =================================
    ``system.txt``                  the system prompt
    ``variables.txt``               the variables, where there are descriptions    ``$list``
    ``names.txt``                   the variables, where there are none            ``$list``
    ``context.txt``                 background in the user's words                 ``$lines``
    ``premise.txt``                 statements of independence                     ``$number $names $statements``
    ``negated.txt``                 a question put the other way round             ``$statement``
    ``answer.txt``                  what a reply looks like                        ``$labels``
    ``reason.txt``                  what it looks like after a chain of thought    ``$labels``
    ``question.txt``                all of it                                      ``$background $question $format``
    ``panel.txt``                   one question about several outcomes            ``$question $outcomes``
    ``panel_answer.txt``            what a reply to it looks like                  ``$labels``
    ``panel_reason.txt``            the same after a chain of thought              ``$labels``
    ``choice.txt``                  which of two directions, by a letter           ``$forth $back``
    ``likelihood.txt``              what comes before a sentence about one         ``$background``
    ``proposal_system.txt``         the system prompt where a graph is asked for
    ``proposal.txt``                a whole graph                                  ``$variables $premise``
    ``pairwise.txt``                which of two variables acts on the other       ``$variables $premise $a $b``
    ``breadth_first_roots.txt``     the variables that nothing causes              ``$variables $premise``
    ``breadth_first_children.txt``  the direct effects of one                      ``$variables $premise $a $found``
    ==============================  =============================================  =================================

    Args:
        folder: where a user's own templates are; those that are not there are the ones that ship.

    Attributes:
        folder: where a user's own are, or None.
        texts: template → its text.

    Raises:
        FormatError: there is no such folder, it has a file of another name, or a template has a placeholder that
            is not known or lacks one that is needed.

    Example:
        >>> print(Prompts().texts["answer"])
        Reply with one word: $labels.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        super().__init__(Path(__file__).parent, _PLACEHOLDERS, folder)

    @property
    def fingerprint(self) -> str:
        """Text that is the same where questions are put in the same templates."""
        return self.digest(_OF_QUESTIONS)

    @property
    def panels(self) -> str:
        """Text that is the same where panels are put in the same templates, beside those of all questions."""
        return self.digest(_OF_PANELS)

    @property
    def directions(self) -> str:
        """Text that is the same where directions are asked for in the same templates, beside those of all questions."""
        return self.digest(_OF_DIRECTIONS)

    def __repr__(self) -> str:
        return f"Prompts({self.fingerprint})"
