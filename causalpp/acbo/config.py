"""How a run is done: what it is to find, the settings of the loop, and the published method as one of them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, TypedDict, TypeVar

import numpy as np

from causalpp.belief import Agnostic, Channel, Fixed, SharedErrors
from causalpp.design import Policy
from causalpp.errors import InvalidParameter
from causalpp.graphs import Knowledge
from causalpp.propositions import Proposition
from causalpp.propositions.parser import check_kinds

__all__ = ["AcboConfig", "Keywords", "Settings", "with_settings"]

F = TypeVar("F", bound=Callable[..., Any])
Kinds = str | type[Proposition] | Sequence[str | type[Proposition]]


@dataclass(frozen=True, kw_only=True)
class AcboConfig:
    """The settings of :func:`causalpp.discover` beside the confidence and the budget.

    Attributes:
        channel: the noise model of the oracle.
        policy: chooses the questions; by default the question whose answer tells most about what the graph is and
            whether the answers have to do with it at all.
        doubt: the prior probability that the truth is not among the candidates but one edge away from one of them;
            None for 0.04 with the channel :class:`~causalpp.belief.Agnostic` and none with others.
        votes: ask each question so often and take the majority for one answer.
        sample: go on with so many candidates, drawn at random.
        panel: put up to so many questions about one intervention in one call, a :class:`~causalpp.oracles.Panel`; or
            ``"all"``: set a variable and look at all others, as in an experiment.  The budget then counts calls.
            Answers of one call may err together: the channel :class:`~causalpp.belief.Agnostic` becomes
            ``SharedErrors(Agnostic(), within="call")``.
        batch: how many calls are put at the same time, chosen together: fewer rounds of waiting for the same budget.
        outcome_cost: what one question of a panel costs, in calls: with the number of tokens of a line over those of a
            prompt, panels carry the most bits per token.
        further: kinds of question to go on with, one after the other, when the best question of those before would be
            one asked already; pairs of a kind and how many variables it holds fixed.  Where the kinds of question are
            given, or another policy chooses, there are none.
        joint: whether two statements may be put as one question, *A causes B and C does not cause D*, where that tells
            more.  It takes a quarter fewer questions of an oracle that judges two statements together as well as one.
        least_gain: bits; a question that is expected to tell less is not asked.  None for 0.001 with the channels
            :class:`~causalpp.belief.Agnostic` and :class:`~causalpp.belief.Potentials`, 0.02 where answers are graded
            (so little is left once the answers so far foretell those to come), and 10⁻⁹ with other channels.
        unrelated: a graph is claimed only where *the answers have nothing to do with the graph* is at most this
            probable.
        chance: the run ends as no better than chance where that is at least this probable.
        missing: the run ends with none of the candidates where the alternatives are at least this probable.
        contradiction: the run ends as contradictory where, with the channel :class:`~causalpp.belief.Fixed`, too many
            answers are wrong under every graph; it does so wrongly with this probability at most. Zero: never.
        flaw: the run ends where a language model's answers come from something else than the graph: where it says the
            same to everything or in both directions, follows the order in which its prompts list the variables, ignores
            negation, or says the opposite of what is settled.  Each of these is said of an honest model, which errs in
            three of ten answers at most, with this probability at most. Zero: never.

    Raises:
        InvalidParameter: a number out of range.

    Example:
        >>> AcboConfig.published().channel
        Fixed(error=0.1)
    """

    channel: Channel = field(default_factory=Agnostic)
    policy: Policy | None = None
    doubt: float | None = None
    votes: int = 1
    sample: int | None = None
    panel: int | str | None = None
    batch: int = 1
    outcome_cost: float = 0.0
    further: tuple[tuple[str, int], ...] = (
        ("DirectlyCauses", 0),
        ("Changes", 1),
        ("HaveCommonCause", 0),
        ("HaveCommonEffect", 0),
        ("Changes", 2),
    )
    joint: bool = False
    least_gain: float | None = None
    unrelated: float = 0.01
    chance: float = 0.98
    missing: float = 0.9
    contradiction: float = 1e-3
    flaw: float = 0.005

    def __post_init__(self) -> None:
        check_numbers(
            self, "unrelated", "chance", "missing", "doubt", "contradiction", "flaw", "outcome_cost", "least_gain"
        )
        if not isinstance(self.joint, (bool, np.bool_)):
            raise InvalidParameter(f"'joint' is True or False, got {self.joint!r:.100}")
        object.__setattr__(self, "further", _kinds_held(self.further))
        for name in ("unrelated", "chance", "missing"):
            if not 0 < getattr(self, name) <= 1:
                raise InvalidParameter(f"'{name}' is a probability greater than 0, got {getattr(self, name)}")
        if self.doubt is not None and not 0 <= self.doubt < 1:
            raise InvalidParameter(f"'doubt' is a probability below 1, got {self.doubt}")
        for name in ("contradiction", "flaw"):
            if not 0 <= getattr(self, name) < 1:
                raise InvalidParameter(f"'{name}' is a probability below 1, got {getattr(self, name)}")
        if not isinstance(self.channel, Channel):
            raise InvalidParameter(f"a channel is a noise model such as Fixed(0.1), not {self.channel!r}")
        if self.policy is not None and not callable(getattr(self.policy, "score", None)):
            raise InvalidParameter(f"a policy has a method score(belief, questions), which {self.policy!r} has not")
        check_whole(self, votes=1, sample=1, batch=1)
        if self.panel != "all":
            check_whole(self, panel=1)
        if not 0 <= self.outcome_cost < float("inf"):
            raise InvalidParameter(f"an outcome costs no less than nothing, got {self.outcome_cost}")
        if (self.panel is not None or self.batch > 1) and (self.votes > 1 or self.policy is not None):
            raise InvalidParameter("panels and batches are chosen by information, and without votes: leave these out")
        if self.panel is not None and isinstance(self.channel, Agnostic):
            object.__setattr__(self, "channel", SharedErrors(self.channel, within="call"))
        if self.least_gain is not None and self.least_gain < 0:
            raise InvalidParameter(f"the least gain is not negative, got {self.least_gain}")

    @property
    def _agnostic(self) -> bool:
        channel = self.channel.base if isinstance(self.channel, SharedErrors) else self.channel
        return isinstance(channel, Agnostic)

    @property
    def alternatives(self) -> float:
        """The prior probability of the alternatives."""
        if self.doubt is None:
            return 0.04 if self._agnostic else 0.0
        return self.doubt

    @property
    def least(self) -> float:
        """The least gain that is worth a question, in bits."""
        if self.least_gain is None:
            return 1e-3 if self._agnostic or self.channel.reads_levels else 1e-9
        return self.least_gain

    @property
    def least_graded(self) -> float:
        """The same where answers are graded."""
        return 0.02 if self.least_gain is None else self.least_gain

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values; channel and policy as they print."""
        found = {item.name: getattr(self, item.name) for item in fields(self)}
        plain = (bool, int, float, str, type(None))
        named = {"doubt": self.alternatives, "least_gain": self.least}
        return {name: value if isinstance(value, plain) else repr(value) for name, value in found.items()} | named

    @classmethod
    def published(cls, votes: int = 3) -> AcboConfig:
        """The published method (arXiv 2605.27567): 16 candidates, a majority vote, an error of 10 % taken for granted.

        Args:
            votes: how often each question is asked.
        """
        return cls(channel=Fixed(0.1), doubt=0.0, votes=votes, sample=16, further=(), contradiction=0.0, flaw=0.0)


def check_numbers(settings: object, *names: str) -> None:
    """See that some settings are numbers, or None where that is their default.

    Raises:
        InvalidParameter: one is not.
    """
    for name in names:
        value: Any = getattr(settings, name)
        number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        if not number and not (value is None and getattr(type(settings), name) is None):
            raise InvalidParameter(f"'{name}' is a number, got {value!r:.100}")


def _kinds_held(further: Any) -> tuple[tuple[str, int], ...]:
    """Kinds of question with how many variables each holds fixed.

    Raises:
        InvalidParameter: something else.
    """
    pairs = list(further) if isinstance(further, Sequence) and not isinstance(further, str) else [further]
    for pair in pairs:
        good = isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2
        if not good or isinstance(pair[1], bool) or not isinstance(pair[1], int) or pair[1] < 0:
            raise InvalidParameter(
                f"'further' has pairs of a kind of question and how many variables it holds fixed, such as "
                f"('Changes', 1), got {pair!r:.100}"
            )
    kinds = check_kinds([pair[0] for pair in pairs])
    return tuple((kind.__name__, pair[1]) for kind, pair in zip(kinds, pairs, strict=True))


def check_whole(settings: object, **least: int) -> None:
    """See that some settings are whole numbers, and no less than that, or None where that is their default.

    Raises:
        InvalidParameter: one is not.
    """
    for name, lowest in least.items():
        value: Any = getattr(settings, name)
        if value is None and getattr(type(settings), name) is None:
            continue
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float, np.integer, np.floating))
            or not value >= lowest
            or value % 1
        ):
            of = "the budget " if name == "max_questions" else ""
            raise InvalidParameter(f"{of}'{name}' is a whole number from {lowest} on, got {value!r:.100}")
        object.__setattr__(settings, name, int(value))


class Keywords(TypedDict, total=False):
    """The keywords of :class:`Settings`, for type checkers."""

    confidence: float
    max_questions: int | None
    seed: int
    kinds: Kinds | None
    conditioning: int
    goal: Proposition | None
    channel: Channel | None
    config: AcboConfig | None
    limit: int
    knowledge: Knowledge | None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is to find, and how: the keywords of :func:`causalpp.discover`, where each is described.

    Raises:
        InvalidParameter: a confidence outside (0, 1), a negative budget or seed, something that is no goal or no kind.
    """

    confidence: float = 0.95
    max_questions: int | None = None
    seed: int = 0
    kinds: Kinds | None = None
    conditioning: int = 1
    goal: Proposition | None = None
    channel: Channel | None = None
    config: AcboConfig | None = None
    limit: int = 100_000
    knowledge: Knowledge | None = None

    def __post_init__(self) -> None:
        check_numbers(self, "confidence")
        if not 0 < self.confidence < 1:
            raise InvalidParameter(f"a confidence lies strictly between 0 and 1, got {self.confidence}")
        check_whole(self, max_questions=0, seed=0, conditioning=0, limit=0)
        if self.config is not None and not isinstance(self.config, AcboConfig):
            raise InvalidParameter(f"'config' is an AcboConfig, got {self.config!r:.100}")
        if self.knowledge is not None and not isinstance(self.knowledge, Knowledge):
            raise InvalidParameter(f"'knowledge' is a Knowledge, got {self.knowledge!r:.100}")
        kinds = self.kinds
        if self.goal is not None and not isinstance(self.goal, Proposition):
            raise InvalidParameter(
                f"a goal is a proposition such as Causes('a', 'b'), got {self.goal!r}: parse() reads text"
            )
        if kinds is not None and not isinstance(kinds, (str, type)):
            if not (isinstance(kinds, Sequence) and kinds):
                raise InvalidParameter(f"the kinds of question are one or several, such as 'Causes', got {kinds!r}")
            object.__setattr__(self, "kinds", tuple(kinds))
        if self.kinds not in (None, "auto"):
            check_kinds([kinds] if isinstance(kinds, (str, type)) else list(kinds or ()))

    @cached_property
    def how(self) -> AcboConfig:
        """All further settings; ``channel`` goes before theirs."""
        config = self.config or AcboConfig()
        return config if self.channel is None else replace(config, channel=self.channel)

    @property
    def first_kinds(self) -> tuple[str, ...]:
        """The kinds of question to begin with, before ``"auto"`` has looked at the candidates."""
        kinds = self.kinds
        if kinds is None or kinds == "auto":
            return ("Direction",) if kinds is None and self.how.channel.reads_levels else ("Causes",)
        some = [kinds] if isinstance(kinds, (str, type)) else kinds
        return tuple(kind if isinstance(kind, str) else kind.__name__ for kind in some)

    @property
    def further_kinds(self) -> tuple[tuple[str, int], ...]:
        """The kinds of question to go on with, and how many variables each holds fixed."""
        how = self.how
        free = self.kinds is None and how.policy is None and how.panel != "all"
        return how.further if free and not how.channel.reads_levels else ()

    def budget(self, candidates: int, variables: int) -> int:
        """How many calls there may be: by default 200, or 25 for every bit of the number of candidates.

        For a channel that reads graded answers, as many as there are pairs of variables, if these are more; but see
        :func:`causalpp.acbo.stopping.exhausted`.
        """
        if self.max_questions is not None:
            return self.max_questions
        pairs = variables * (variables - 1) // 2 if self.how.channel.reads_levels else 0
        return max(200, math.ceil(25 * math.log2(candidates)), pairs)


def with_settings(function: F) -> F:
    """Let a function that takes ``**settings`` say which those are, with their defaults."""
    shown = inspect.signature(function)
    own = [item for item in shown.parameters.values() if item.kind is not inspect.Parameter.VAR_KEYWORD]
    more = [
        inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=item.default, annotation=item.type)
        for item in fields(Settings)
    ]
    function.__signature__ = shown.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
    return function
