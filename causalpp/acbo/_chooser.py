"""The choice of the next question: information about the graph, and about whether the answers speak of it at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from causalpp.belief import NEW_QUESTION, Belief, Predictive
from causalpp.design.conjunctions import conjunctions, leading
from causalpp.design.information import binary_entropy, question_information
from causalpp.design.policies import Policy
from causalpp.propositions import And, Proposition

__all__ = ["Chooser"]

_EQUAL = 1e-9  # bits
_SMALL = 1 << 17  # cells of a truth table whose predictions are written out in full
_POOL = 8  # questions of which two are put together
_WORTH = 1.05  # two statements in one question are harder to judge: they are to tell so many times as much as one


class Chooser:
    """Picks the question with the largest expected information.

    The information is about one hypothesis a graph and one more: *the answers have nothing to do with the graph*.
    Questions whose answer all graphs agree on then earn their place as long as the oracle is in doubt, and repeated
    questions only where repeats tell something.

    Args:
        questions: that may be asked.
        truth: their true answers in all M hypotheses, candidates first, booleans of shape ``(M, Q)``.
        candidates: how many of the hypotheses are candidates.
        draw: for the choice among equals.
        goal: whether the proposition to be settled is true in each hypothesis, shape ``(M,)``, or None for the graph.
        policy: another one, which then looks at the candidates alone.
        joint: whether two questions may be put together as one.
    """

    def __init__(
        self,
        questions: Sequence[Proposition],
        truth: Tensor,
        candidates: int,
        draw: np.random.Generator,
        goal: Tensor | None = None,
        policy: Policy | None = None,
        joint: bool = False,
    ) -> None:
        self.questions, self.draw, self.policy, self.candidates = questions, draw, policy, candidates
        self.truth = torch.cat([truth, torch.zeros_like(truth[:1])])  # the last row: unrelated answers
        self.about = (
            None if goal is None else torch.cat([goal.to(torch.int64), torch.full_like(goal[:1], 2, dtype=torch.int64)])
        )
        self.labels = None if self.about is None else torch.nn.functional.one_hot(self.about, 3).to(torch.float64)
        self.asked = torch.zeros(len(questions), dtype=torch.int64, device=truth.device)
        self.numbers = {question: number for number, question in enumerate(questions)}
        self.joint = joint
        self.single = torch.ones(len(questions), dtype=torch.bool, device=truth.device)

    def open(self, questions: Sequence[Proposition], truth: Tensor) -> None:
        """Further questions that may be asked from now on, with their true answers, shape ``(M, Q)``."""
        self.numbers |= {question: len(self.questions) + k for k, question in enumerate(questions)}
        self.questions = (*self.questions, *questions)
        self.truth = torch.cat([self.truth, torch.cat([truth, torch.zeros_like(truth[:1])])], dim=1)
        self.asked = torch.cat([self.asked, self.asked.new_zeros(len(questions))])
        self.single = torch.cat([self.single, self.single.new_tensor([not isinstance(q, And) for q in questions])])

    def gain(self, belief: Belief) -> Tensor:
        """The expected information of every question in bits, shape ``(Q,)``."""
        found = belief.predictive(self.questions)
        weights = torch.cat([found.weights, found.weights.new_tensor([found.unrelated])])
        groups, state = found.groups, found.state
        silent = _silence(found, groups)
        if self.truth.numel() <= _SMALL and silent is None:
            laws = [torch.cat([law[groups], found.either[None]])[:, state] for law in (found.if_true, found.if_false)]
            return self._at_once(weights, torch.where(self.truth, laws[0], laws[1]))
        out = torch.zeros(len(self.questions), dtype=weights.dtype, device=weights.device)
        for number in range(len(found.either)):
            here = state == number
            truth = self.truth if len(found.either) == 1 else self.truth[:, here]
            either = found.either[number : number + 1]
            if self.about is None and silent is None:
                laws = [torch.cat([law[:, number], either]) for law in (found.if_true, found.if_false)]
                rows = torch.cat([groups, groups.new_tensor([len(laws[0]) - 1])])
                out[here] = question_information(weights, laws[0], laws[1], truth, groups=rows)
                continue
            rates = [torch.cat([law[groups, number], either]) for law in (found.if_true, found.if_false)]
            out[here] = question_information(weights, rates[0], rates[1], truth, about=self.about, abstains=silent)
        return out

    def _at_once(self, weights: Tensor, yes: Tensor) -> Tensor:
        """The information from P(yes | hypothesis) of every question, ``(M + 1, Q)``: quick where that is small."""
        if self.labels is None:
            inner = weights @ binary_entropy(yes)
        else:
            mass = self.labels.T @ weights
            mean = (self.labels.T @ (weights[:, None] * yes)) / mass.clamp(min=1e-300)[:, None]
            inner = mass @ binary_entropy(mean.clamp(0, 1))
        return (binary_entropy((weights @ yes).clamp(0, 1)) - inner).clamp(min=0)

    def about_the_graph(self, belief: Belief, number: int) -> float:
        """What one question is expected to tell about the graph alone, in bits."""
        found = belief.predictive(self.questions[number : number + 1], apart=False)
        weights, groups = found.weights, found.groups
        truth = self.truth[:-1, number : number + 1]
        rates = found.if_true[groups, 0], found.if_false[groups, 0]
        silent = None if found.silent is None else (found.silent[0][groups], found.silent[1][groups])
        return float(question_information(weights, *rates, truth, abstains=silent)[0])

    def next(self, belief: Belief) -> tuple[int, float]:
        """The number of the next question, and the bits that make it the best."""
        if not len(self.questions):
            return 0, 0.0
        if self.policy is not None:
            number, best = self.policy.choose(belief, self.truth[: self.candidates], self.asked)
        else:
            gain = self.gain(belief)
            if self.joint and self._compose(belief, gain):
                gain = self.gain(belief)
            value = torch.where(self.single, gain, gain / _WORTH)
            equal = value >= float(value.max()) - _EQUAL
            equal &= self.asked == self.asked[equal].min()
            number = int(self.draw.choice(equal.nonzero().flatten().cpu().numpy()))
            best = float(gain[number])
        self.asked[number] += 1
        return number, best

    def _compose(self, belief: Belief, gain: Tensor) -> bool:
        """Open the conjunction of two of the best questions that tells most, if it tells enough more than one does."""
        pool = leading(torch.where(self.single, gain, 0.0), self.truth[: self.candidates], _POOL)
        found, truth = conjunctions(self.truth, pool)
        if not found:
            return False
        law = belief.predictive([NEW_QUESTION])
        weights = torch.cat([law.weights, law.weights.new_tensor([law.unrelated])])
        groups = law.groups
        rates = [torch.cat([each[groups, 0], law.either]) for each in (law.if_true, law.if_false)]
        bits = question_information(weights, rates[0], rates[1], truth, about=self.about)
        known = max(float(torch.where(self.single, gain * _WORTH, gain).max()), 0.0)
        for number in torch.argsort(bits, descending=True, stable=True).tolist():
            if float(bits[number]) <= known:
                return False
            first, yes, second, other = found[number]
            parts = self.questions[first], self.questions[second]
            question = And(parts[0] if yes else ~parts[0], parts[1] if other else ~parts[1])
            if question not in self.numbers:
                self.open([question], truth[:-1, number : number + 1])
                return True
        return False


def _silence(found: Predictive, groups: Tensor) -> tuple[Tensor, Tensor] | None:
    """P(no answer | hypothesis) where true and where false, ``(M + 1,)``, if silence tells something.

    Of answers that have nothing to do with the graph, silence is taken to be as frequent as where the proposition is
    true and where it is false together.
    """
    if found.silent is None:
        return None
    neither = (found.silent[0] + found.silent[1]).mean()[None] / 2
    true, false = (torch.cat([rate[groups], neither]) for rate in found.silent)
    return true, false
