"""The choice of the next question: information about the graph, and about whether the answers speak of it at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from causalpp.belief import Belief
from causalpp.design.information import binary_entropy, question_information
from causalpp.design.policies import Policy
from causalpp.propositions import Proposition

__all__ = ["Chooser"]

_EQUAL = 1e-9  # bits
_SMALL = 1 << 17  # cells of a truth table whose predictions are written out in full


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
    """

    def __init__(
        self,
        questions: Sequence[Proposition],
        truth: Tensor,
        candidates: int,
        draw: np.random.Generator,
        goal: Tensor | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.questions, self.draw, self.policy, self.candidates = questions, draw, policy, candidates
        self.truth = torch.cat([truth, torch.zeros_like(truth[:1])])  # the last row: unrelated answers
        self.about = (
            None if goal is None else torch.cat([goal.to(torch.int64), torch.full_like(goal[:1], 2, dtype=torch.int64)])
        )
        self.labels = None if self.about is None else torch.nn.functional.one_hot(self.about, 3).to(torch.float64)
        self.asked = torch.zeros(len(questions), dtype=torch.int64, device=truth.device)

    def gain(self, belief: Belief) -> Tensor:
        """The expected information of every question in bits, shape ``(Q,)``."""
        yes, no = belief.evidence.said(self.questions)
        tally, state = torch.unique(torch.stack([yes, no]), dim=1, return_inverse=True)
        weights, found = belief.forecast(tally[0], tally[1])
        weights = torch.cat([weights, weights.new_tensor([found.unrelated])])
        groups = belief.evidence.groups
        if self.truth.numel() <= _SMALL:
            laws = [torch.cat([law[groups], found.either[None]])[:, state] for law in (found.if_true, found.if_false)]
            return self._at_once(weights, torch.where(self.truth, laws[0], laws[1]))
        out = torch.zeros(len(self.questions), dtype=weights.dtype, device=weights.device)
        for number in range(tally.shape[1]):
            here = state == number
            truth = self.truth if tally.shape[1] == 1 else self.truth[:, here]
            either = found.either[number : number + 1]
            rates = [torch.cat([law[groups, number], either]) for law in (found.if_true, found.if_false)]
            out[here] = question_information(weights, rates[0], rates[1], truth, about=self.about)
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
        yes, no = belief.evidence.said(self.questions[number : number + 1])
        weights, found = belief.forecast(yes, no, apart=False)
        groups = belief.evidence.groups
        truth = self.truth[:-1, number : number + 1]
        return float(question_information(weights, found.if_true[groups, 0], found.if_false[groups, 0], truth)[0])

    def next(self, belief: Belief) -> tuple[int, float]:
        """The number of the next question, and the bits that make it the best."""
        if not len(self.questions):
            return 0, 0.0
        if self.policy is not None:
            number, best = self.policy.choose(belief, self.truth[: self.candidates], self.asked)
        else:
            gain = self.gain(belief)
            best = float(gain.max())
            equal = gain >= best - _EQUAL
            equal &= self.asked == self.asked[equal].min()
            number = int(self.draw.choice(equal.nonzero().flatten().cpu().numpy()))
        self.asked[number] += 1
        return number, best
