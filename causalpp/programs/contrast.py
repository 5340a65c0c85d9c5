"""What is compared: five words that stand together in every causal question, said once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from causalpp._plain import Plain
from causalpp.columns import State, affirmed, contrast_states, state_number
from causalpp.errors import FormatError, InvalidParameter
from causalpp.programs.program import CausalProgram

__all__ = ["Contrast"]


@dataclass(frozen=True, repr=False)
class Contrast(Plain):
    """One variable set to one value instead of another, and what of a second variable is looked at.

    Every estimand takes one, as ``ate(program, contrast)``; the words can be said one by one as well, as in
    ``ate(program, "smoke", "dysp", treated="yes")``.  What is left out follows from the states of the variables, if
    it is evident: of yes and no, "yes" is the treated value and the outcome's state.

    Attributes:
        treatment: the variable set.
        outcome: the variable looked at.
        treated, control: the values compared; may be left out for a variable with two states of which one affirms
            (yes/no, true/false, 1/0, present/absent, positive/negative, on/off, high/low).
        state: the outcome's state whose probability is compared; may be left out likewise, and for numbers, of
            which the means are compared.

    Raises:
        InvalidParameter: names that are no text, or one variable in both parts.

    Example:
        >>> from causalpp import ate, att, load_network
        >>> asia = load_network("asia")
        >>> contrast = Contrast("smoke", "dysp")
        >>> round(ate(asia, contrast).value, 4), round(att(asia, contrast).value, 4)
        (0.2337, 0.2337)
        >>> contrast.on(asia)
        Contrast('smoke', 'dysp', treated='yes', control='no', state='yes')
        >>> print(contrast.on(asia))
        smoke (yes against no) on P(dysp = yes)
    """

    treatment: str
    outcome: str
    treated: Any = field(default=None, kw_only=True)
    control: Any = field(default=None, kw_only=True)
    state: Any = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for what in ("treatment", "outcome"):
            if not isinstance(getattr(self, what), str):
                raise InvalidParameter(f"the {what} is the name of a variable, got {getattr(self, what)!r}")
        if self.treatment == self.outcome:
            raise InvalidParameter(f"treatment and outcome are both {self.treatment!r}")

    @classmethod
    def of(cls, contrast: Any = None, outcome: Any = None, **words: Any) -> Contrast:
        """A contrast from what somebody was given: a contrast as such, or its words; None stands for nothing said.

        Args:
            contrast: the contrast, or the treatment.
            outcome: see there, as are further ``words``: ``treatment=``, ``treated=``, ``control=`` and ``state=``.

        Raises:
            InvalidParameter: both forms at once, the treatment twice, no treatment or no outcome.

        Example:
            >>> Contrast.of("smoke", outcome="dysp", state=None)
            Contrast('smoke', 'dysp')
            >>> Contrast.of(Contrast("smoke", "dysp"), treated="no")
            Traceback (most recent call last):
            causalpp.errors.InvalidParameter: say Contrast('smoke', 'dysp') or its words, not both: treated='no'
        """
        said = {name: value for name, value in {"outcome": outcome, **words}.items() if value is not None}
        if isinstance(contrast, Contrast):
            if said:
                shown = ", ".join(f"{name}={value!r}" for name, value in said.items())
                raise InvalidParameter(f"say {contrast!r} or its words, not both: {shown}")
            return contrast
        if contrast is not None:
            if "treatment" in said:
                raise InvalidParameter(f"the treatment is said twice: {contrast!r} and {said['treatment']!r}")
            said["treatment"] = contrast
        missing = [name for name in ("treatment", "outcome") if name not in said]
        if missing:
            raise InvalidParameter(f"say what is compared, by a Contrast or its words: {missing[0]}= is missing")
        return cls(**said)

    def on(self, program: CausalProgram, *, binary: bool = False) -> Contrast:
        """The same with nothing left open, as the variables of a program have it.

        Args:
            program: whose variables are meant.
            binary: see :meth:`among`.

        Raises:
            UnknownVariable, UnknownState: a name or state the program does not have.
            InvalidParameter: what was left out is not evident, or both values are the same.
        """
        treatment, outcome = program.mechanism(self.treatment), program.mechanism(self.outcome)
        found = self
        if treatment.states is None and self.treated is not None and self.control is not None:
            high, low = (treatment.decode(treatment.encode(self.treatment, v)) for v in (self.treated, self.control))
            found = replace(self, treated=high, control=low)
        return found.among(treatment.states, outcome.states, binary=binary)

    def among(
        self, treatment: Sequence[State] | None, outcome: Sequence[State] | None, *, binary: bool = False
    ) -> Contrast:
        """The same with nothing left open, where these are the states of the two variables.

        Args:
            treatment, outcome: the states; None where the variable is a real number.
            binary: ask for one state of the outcome, even where its states are numbers.

        Raises:
            UnknownState: there is no such state.
            InvalidParameter: what was left out is not evident, or both values are the same.

        Example:
            >>> Contrast("dose", "ill").among((0, 1, 2), ("yes", "no"))
            Traceback (most recent call last):
            causalpp.errors.InvalidParameter: which states of 'dose' are meant? say treated= and control= out of 0, 1, 2
            >>> Contrast("dose", "ill", treated=2, control=0).among((0, 1, 2), ("yes", "no"))
            Contrast('dose', 'ill', treated=2, control=0, state='yes')
        """
        treated, control, state = self.treated, self.control, self.state
        if treatment is not None:
            treated, control = (treatment[n] for n in contrast_states(self.treatment, treatment, treated, control))
        elif treated is None or control is None:
            raise InvalidParameter(f"{self.treatment!r} is a real number: say both treated= and control=")
        if treated == control:
            raise InvalidParameter(f"treated and control are both {treated!r}")
        if outcome is None:
            if state is not None or binary:
                hint = "" if binary else ", leave out state="
                raise InvalidParameter(f"{self.outcome!r} is a real number and has no states{hint}")
        elif state is not None:
            state = outcome[state_number(self.outcome, outcome, state)]
        elif binary or not all(isinstance(known, (int, float)) for known in outcome):
            state = outcome[affirmed(self.outcome, outcome, "state")]
        return replace(self, treated=treated, control=control, state=state)

    def __repr__(self) -> str:
        words = ", ".join(f"{name}={value!r}" for name, value in list(self.words.items())[2:] if value is not None)
        return f"Contrast({self.treatment!r}, {self.outcome!r}{', ' * bool(words)}{words})"

    def __str__(self) -> str:
        if self.treated is None and self.control is None and self.state is None:
            return f"{self.treatment} on {self.outcome}"
        looked = f"mean of {self.outcome}" if self.state is None else f"P({self.outcome} = {self.state})"
        return f"{self.treatment} ({self.treated} against {self.control}) on {looked}"

    @property
    def words(self) -> dict[str, Any]:
        """The five words by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, text: str) -> Contrast:
        """The contrast back from JSON text.

        Raises:
            FormatError: the text is not a contrast.

        Example:
            >>> Contrast.from_json(Contrast("dose", "age", treated=2, control=0).to_json())
            Contrast('dose', 'age', treated=2, control=0)
        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise FormatError(f"not a contrast as JSON: {error}") from None
