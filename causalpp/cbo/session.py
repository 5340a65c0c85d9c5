"""Optimisation as ask and tell: what to try or to ask next, and what came of it, kept in a file."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from causalpp._files import write_text
from causalpp._plain import check_seed
from causalpp.belief import Belief
from causalpp.cbo._arms import Arms, Told
from causalpp.cbo.acquisition import POLICIES, gains, log_expected_improvement, thompson
from causalpp.cbo.graphs import Graphs
from causalpp.cbo.problem import Cost, Problem
from causalpp.cbo.result import OptimizationResult
from causalpp.cbo.surrogate import Scale
from causalpp.cbo.systems import Measured
from causalpp.errors import FormatError, InvalidData, InvalidParameter
from causalpp.graphs import Dag
from causalpp.oracles import Answer
from causalpp.posterior import DagPosterior
from causalpp.propositions import Proposition

__all__ = ["Question", "Session", "Trial"]

_FAILED = 0.02  # of the unit cube's side: so near to a trial that failed none is made


@dataclass(frozen=True)
class Trial:
    """Something to try.

    Attributes:
        number: from 1 on.
        values: what to set to what; empty for leaving everything alone.
        cost: of it.
        why: one phrase.
    """

    number: int
    values: dict[str, float]
    cost: float
    why: str = field(default="", compare=False)


@dataclass(frozen=True)
class Question:
    """Something to ask an oracle.

    Attributes:
        number: from 1 on.
        proposition: what to ask.
        cost: of asking.
        why: one phrase.
    """

    number: int
    proposition: Proposition
    cost: float
    why: str = field(default="", compare=False)


class Session:
    """An optimisation that says what to try and is told what came of it, by whoever tries and whenever.

    Args:
        dag: the graph; or those that may be true: graphs with weights, a :class:`~causalpp.DagPosterior`, of which the
            most probable graphs are taken, or a :class:`~causalpp.Belief`.
        outcome, interventions, goal, costs, base, data: see :class:`~causalpp.cbo.problem.Problem`.
        sets: which sets to try; by default those that are possibly optimal under any of the graphs.
        prior: ``"effect"``, what the rows say of each set by the graph, or ``"flat"``.
        policy: ``"logei"``, ``"kg"`` (the knowledge gradient: needed, and the default, if questions may be asked) or
            ``"thompson"``.
        question_cost: what a question to an oracle costs, in the units of ``costs``; None if there is none to ask.
        seed: of everything random.  The same history gives the same next trial.
        path: a file that holds the optimisation after each :meth:`tell`; one that is there is gone on with.

    Raises:
        UnknownVariable, InvalidParameter, InvalidData: see :class:`~causalpp.cbo.problem.Problem`.
        FormatError: the file holds another optimisation, or none.

    Example:
        >>> from causalpp.cbo.worlds import toy
        >>> world = toy()
        >>> session = Session(world.dag, world.outcome, world.interventions, data=world.program.simulate(50, seed=0))
        >>> trial = session.ask()
        >>> sorted(trial.values)
        ['Z']
        >>> session.tell(trial, -1.2, error=0.1)
        >>> session.result().trials["value"].tolist()
        [-1.2]
    """

    def __init__(
        self,
        dag: Dag | Sequence[tuple[Dag, float]] | DagPosterior | Belief,
        outcome: str,
        interventions: Mapping[str, tuple[float, float]],
        *,
        data: pd.DataFrame | None = None,
        costs: float | Mapping[str, Cost] = 1.0,
        base: float = 0.0,
        goal: str = "min",
        sets: Iterable[Sequence[str]] | None = None,
        prior: str = "effect",
        policy: str | None = None,
        question_cost: float | None = None,
        seed: int = 0,
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        self._graphs = Graphs.of(dag)
        self.problem = Problem(self._graphs.graphs, outcome, interventions, goal, costs, base, data)
        if question_cost is not None and not (math.isfinite(question_cost) and question_cost > 0):
            raise InvalidParameter(f"a question costs a finite number above zero, got {question_cost!r}")
        if policy is None:
            policy = "logei" if question_cost is None else "kg"
        if policy not in POLICIES or (question_cost is not None and policy != "kg"):
            raise InvalidParameter(f"policy= is one of {', '.join(POLICIES)}, and 'kg' for questions; got {policy!r}")
        if prior not in ("effect", "flat"):
            raise InvalidParameter(f"prior= is 'effect' or 'flat', got {prior!r}")
        self._policy, self._flat, self._seed = policy, prior == "flat" or data is None, check_seed(seed)
        self._question_cost = question_cost
        chosen = [tuple(names) for names in (self.problem.sets() if sets is None else sets)]
        for name in {name for names in chosen for name in names}:
            if name not in self.problem.interventions:
                raise InvalidParameter(f"sets= has {name!r}, which is not among interventions=")
        if not chosen:
            raise InvalidParameter("sets= is empty: there is nothing to try")
        if len({frozenset(names) for names in chosen}) < len(chosen):
            raise InvalidParameter("sets= names a set twice")
        self.sets = tuple(chosen)
        self.told: list[Told] = []
        self.answers: list[Answer] = []
        self._order: list[str] = []  # "trial" or "answer", as they came
        self._made: Arms | None = None
        self._stale = True
        self.path = None if path is None else Path(path)
        if self.path is not None and self.path.exists():
            self._load(self.path)

    # --- ask and tell ---------------------------------------------------------------------------------

    @property
    def spent(self) -> float:
        """The cost of all trials and questions so far."""
        return sum(told.cost for told in self.told) + len(self.answers) * (self._question_cost or 0.0)

    def ask(self) -> Trial | Question:
        """What to do next: what is expected to help most per cost."""
        arms, weights = self._fitted(), self.weights
        trial = self._next_trial(arms, weights)
        if self._question_cost is None:
            return trial[0]
        asked = self._graphs.best_question(arms, weights, self._log_evidence(), self.answers)
        if asked is None or asked[1] / self._question_cost <= trial[1] or asked[1] <= 0:
            return trial[0]
        why = f"is expected to raise what is recommended by {self._scale().size * asked[1]:.3g}"
        return Question(len(self.answers) + 1, asked[0], self._question_cost, why)

    def tell(
        self,
        what: Trial | Question | Mapping[str, float],
        found: float | Measured | Answer | None,
        error: float | None = None,
    ) -> None:
        """What came of a trial or question, also of one that was not suggested.

        Args:
            what: what was tried or asked.
            found: of a trial, the outcome's mean; None, or one that is not finite, says that it failed: it is kept, and
                no other is made beside it.  Of a question, the :class:`~causalpp.Answer`.
            error: the standard error of a trial; 0 if it is exact; left out, it is learned from all trials of a set.

        Raises:
            InvalidParameter: values outside the bounds, a set that is not tried here, a negative error, an answer to
                another question.
        """
        if isinstance(what, Question) or isinstance(found, Answer):
            if not isinstance(found, Answer):
                raise InvalidParameter("a question is told an Answer")
            if isinstance(what, Question) and found.question != what.proposition:
                raise InvalidParameter(f"the answer is to {found.question}, the question was {what.proposition}")
            self.answers.append(found)
            self._order.append("answer")
        else:
            if isinstance(found, Measured):
                error, found = found.error, found.value
            self._tell_trial(dict(what.values if isinstance(what, Trial) else what), found, error)
            self._order.append("trial")
        self._stale = True
        if self.path is not None:
            write_text(self.path, json.dumps(self._state(), indent=1))

    def _tell_trial(self, values: dict[str, float], value: float | None, error: float | None) -> None:
        for name, number in values.items():
            low, high = self.problem.interventions.get(name, (math.nan, math.nan))
            if not low - 1e-9 <= number <= high + 1e-9:
                raise InvalidParameter(f"{name!r} = {number!r} is outside its bounds, or {name!r} cannot be set")
        if self._set_of(values) is None:
            raise InvalidParameter(f"the set {{{', '.join(values)}}} is not tried here; those that are: {self.sets}")
        if value is not None and not math.isfinite(value):
            value = None
        if value is None:  # it failed, and has no error
            error = None
        if error is not None and not (math.isfinite(error) and error >= 0):
            raise InvalidParameter(f"a standard error is a number from 0 on, got {error!r}")
        self.told.append(Told(values, self.problem.cost(values), None if value is None else float(value), error))

    def _set_of(self, values: Mapping[str, float]) -> tuple[str, ...] | None:
        return next((names for names in self.sets if set(names) == set(values)), None)

    def result(self) -> OptimizationResult:
        """What is best by all that was told so far.

        That is the point whose mean less its deviation is largest: none is recommended for hopes alone.
        """
        arms, scale = self._fitted(), self._scale()
        k, point, mean, deviation = arms.best(self.weights)
        first = arms.variants[k][0]
        rows = [
            {
                "set": _shown(told.values),
                **{name: told.values.get(name, np.nan) for name in self.problem.interventions},
                "value": told.value,
                "error": told.error,
                "cost": told.cost,
            }
            for told in self.told
        ]
        frame = pd.DataFrame(rows, columns=["set", *self.problem.interventions, "value", "error", "cost"])
        return OptimizationResult(
            outcome=self.problem.outcome,
            goal=self.problem.goal,
            values=first.values(point),
            mean=float(scale.outcome(mean)),
            deviation=scale.size * deviation,
            trials=frame.astype(dict.fromkeys(frame.columns[1:], float)),
            answers=tuple(self.answers),
            cost=self.spent,
            sets=self.sets,
            priors={
                _shown(variants[0].names): tuple("flat" if arm.effect is None else arm.effect.how for arm in variants)
                for variants in arms.variants
            },
            graphs=tuple(zip(self._graphs.graphs, self.weights.tolist())),
        )

    @property
    def weights(self) -> Tensor:
        """(G,): the probability of each graph after trials and answers."""
        return self._graphs.weights(self._log_evidence(), self.answers)

    # --- inside ---------------------------------------------------------------------------------------

    def _log_evidence(self) -> Tensor:
        return self._fitted().log_evidence()

    def _scale(self) -> Scale:
        sign = -1.0 if self.problem.goal == "min" else 1.0
        if self._flat or self.problem.data is None:
            seen = np.array([told.value for told in self.told if told.value is not None])
        else:
            seen = self.problem.data[self.problem.outcome].to_numpy(float)
        size = float(seen.std(ddof=1)) if len(seen) > 1 else 1.0
        return Scale(float(seen.mean()) if len(seen) else 0.0, size if size > 0 else 1.0, sign)

    def _fitted(self) -> Arms:
        if self._made is None:
            self._made = Arms(self.problem, self.sets, flat=self._flat, seed=self._seed)
        if self._stale:
            self._made.fit(self.told, self._scale())
            self._stale = False
        return self._made

    def _next_trial(self, arms: Arms, weights: Tensor) -> tuple[Trial, float]:
        """The best trial, and for the knowledge gradient what it gains per cost."""
        number = len(self.told) + 1
        best = self._best_so_far(arms, weights)
        graph = int(torch.multinomial(weights, 1, generator=torch.Generator().manual_seed(self._seed + number)))
        gained = gains(arms, weights, self._error()) if self._policy == "kg" else []
        found: tuple[float, int, Tensor] | None = None
        for k in range(len(self.sets)):
            points, scores = arms.points(k), torch.empty(0)
            if self._policy == "thompson":
                scores = thompson(arms, k, graph, self._seed + number)
            elif self._policy == "kg":
                scores = gained[k] / self._costs(arms, k, points)
            else:
                scores = log_expected_improvement(arms, k, weights, best)
                near = arms.near(k, points[torch.argsort(scores, descending=True)[:4]], number)
                if len(near):
                    points = torch.cat([points, near])
                    scores = torch.cat([scores, log_expected_improvement(arms, k, weights, best, near)])
                scores = scores - torch.log(self._costs(arms, k, points))
            left = ~arms.failed(k, points, _FAILED)
            if left.any():
                at = int(torch.argmax(scores.masked_fill(~left, -math.inf)))
                if found is None or float(scores[at]) > found[0]:
                    found = float(scores[at]), k, points[at]
        if found is None:
            raise InvalidData("every point that is left lies beside trials that failed: widen the bounds")
        values = arms.variants[found[1]][0].values(found[2])
        why = f"{self._policy} is largest for {_shown(values)}"
        return Trial(number, values, self.problem.cost(values), why), found[0]

    def _costs(self, arms: Arms, k: int, points: Tensor) -> Tensor:
        arm = arms.variants[k][0]
        return torch.tensor([self.problem.cost(arm.values(point)) for point in points], dtype=torch.double)

    def _error(self) -> float:
        """The standard error that the next trial is taken to have, scaled."""
        known = [told.error for told in self.told if told.error is not None and told.value is not None]
        return float(np.median(known)) / self._scale().size if known else 0.1

    def _best_so_far(self, arms: Arms, weights: Tensor) -> float:
        """The largest mean where something was tried; zero, the mean of all, before that."""
        found = []
        for k, variants in enumerate(arms.variants):
            mine = [variants[0].point(t.values) for t in self.told if t.value is not None and arms.of(t.values) == k]
            if mine:
                found.append(float(arms.posterior(k, weights, torch.stack(mine))[0].max()))
        return max(found) if found else 0.0

    # --- its file -------------------------------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        return {
            "optimization": 1,
            "settings": self._settings(),
            "told": [asdict(told) for told in self.told],
            "answers": [answer.to_dict() for answer in self.answers],
            "order": self._order,
        }

    def _settings(self) -> dict[str, Any]:
        p = self.problem
        costs = p.costs if isinstance(p.costs, Mapping) else dict.fromkeys(p.interventions, p.costs)
        rows = None if p.data is None else pd.util.hash_pandas_object(p.data[list(p.dag.observed)], index=False).sum()
        return {
            "graphs": [[repr(dag), round(weight, 12)] for dag, weight in zip(p.graphs, self._graphs.prior.tolist())],
            "outcome": p.outcome,
            "interventions": {name: list(ends) for name, ends in p.interventions.items()},
            "goal": p.goal,
            "costs": {name: p.prices(name) if callable(cost) else cost for name, cost in costs.items()},
            "base": p.base,
            "data": None if rows is None else str(int(rows)),
            "sets": [list(names) for names in self.sets],
            "prior": "flat" if self._flat else "effect",
            "policy": self._policy,
            "question_cost": self._question_cost,
            "seed": self._seed,
        }

    def _load(self, path: Path) -> None:
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            settings, told = dict(state["settings"]), [Told(**one) for one in state["told"]]
            answers = [Answer.from_dict(one) for one in state["answers"]]
            order = list(state["order"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise FormatError(f"{str(path)!r} holds no optimisation: {error}") from None
        mine = json.loads(json.dumps(self._settings()))
        if settings != mine:
            other = next(key for key in {**mine, **settings} if settings.get(key, ...) != mine.get(key, ...))
            raise FormatError(f"{str(path)!r} holds another optimisation: its {other} differs; take another file")
        if any(self._set_of(one.values) is None for one in told):
            raise FormatError(f"{str(path)!r} holds trials of sets that are not tried here: it was changed by hand")
        self.told, self.answers, self._order = told, answers, order


def _shown(names: Iterable[str]) -> str:
    return ", ".join(names) or "(nothing)"
