"""Expected information gain: what an answer to each question is expected to tell, in bits.

The functions that take a belief are for users; each has a kernel of plain tensors behind it, which any channel can
call: ``weights`` (N,) are the posterior probabilities of N graphs, ``if_true`` and ``if_false`` (N,) the probabilities
that the next answer is yes, given the graph, where the proposition is true and where it is false, and ``truth`` (N, Q)
the truth table.  A *graph* may also be any finer hypothesis, such as a pair of graph and reliability: ``about`` then
names the graph of each, and the information is about that.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from causalpp.design._sums import distinct, is_small, question_blocks, sums_by_group, weighted_sums
from causalpp.errors import InvalidParameter

__all__ = ["Posterior", "binary_entropy", "expected_information_gain", "question_information"]

_FAINT = 1e-4  # bits: gains below this are computed in double precision throughout


class Posterior(Protocol):
    """What is needed of a belief over N graphs; :class:`causalpp.belief.Belief` is one."""

    @property
    def probabilities(self) -> Tensor:
        """Of the graphs, shape ``(N,)``."""

    @property
    def rates(self) -> tuple[Tensor, Tensor]:
        """P(an answer to a new question is yes | graph), where it is true and where it is false, ``(N,)`` each."""


def binary_entropy(p: Tensor) -> Tensor:
    """h(p) = −p log₂ p − (1−p) log₂(1−p), in bits, elementwise.

    >>> binary_entropy(torch.tensor([0.0, 0.5, 1.0])).tolist()
    [0.0, 1.0, 0.0]
    """
    return entropy_bits([p])


def expected_information_gain(
    belief: Posterior, truth: Tensor, *, about: Tensor | None = None, costs: Tensor | None = None
) -> Tensor:
    """The mutual information, in bits, between the graph and the next answer to each question: ``(Q,)``.

    EIG(q) = H(answer) − E_g H(answer | g) (Lindley 1956), exact under the channel's current posterior, by one
    product of the truth table with two weights a graph.

    Args:
        belief: over N graphs.
        truth: the true answers, booleans of shape ``(N, Q)``; see :func:`causalpp.propositions.truth_table`.
        about: a property of the graphs, shape ``(N,)``: booleans, such as whether a proposition holds, or labels.
            The information is then about this property instead of the graph, and never more.
        costs: of the questions, shape ``(Q,)``; the result is then in bits per unit of cost.

    Raises:
        InvalidParameter: shapes that do not fit, a cost that is not greater than zero.

    Example:
        >>> from causalpp import Belief, Causes, Dag, MarkovEquivalenceClass
        >>> from causalpp.belief import Fixed
        >>> from causalpp.propositions import all_questions, truth_table
        >>> chain = MarkovEquivalenceClass.from_dag(Dag.from_edges([("smoke", "tar"), ("tar", "cancer")]))
        >>> belief = Belief.uniform(chain.batch(), Fixed(0.1))
        >>> truth = truth_table([Causes("smoke", "cancer"), Causes("tar", "cancer")], belief.candidates)
        >>> expected_information_gain(belief, truth)
        tensor([0.4791, 0.4791], dtype=torch.float64)
        >>> expected_information_gain(belief, truth, about=truth[:, 0])  # the second tells little about the first
        tensor([0.4791, 0.1251], dtype=torch.float64)
    """
    if_true, if_false = belief.rates
    gain = question_information(belief.probabilities, if_true, if_false, truth, about=about)
    return gain if costs is None else gain / checked_costs(costs, gain)


def question_information(
    weights: Tensor,
    if_true: Tensor,
    if_false: Tensor,
    truth: Tensor,
    *,
    about: Tensor | None = None,
    abstains: tuple[Tensor | float, Tensor | float] | None = None,
    groups: Tensor | None = None,
) -> Tensor:
    """The information of one answer to each question, shape ``(Q,)``: the kernel of :func:`expected_information_gain`.

    Tables of more than 2²⁴ cells are summed in single precision within blocks of rows (see :mod:`._sums`): the error
    is then below 10⁻⁶ bits, unless no question tells 10⁻⁴ bits, when all is computed again in double precision.

    Args:
        weights: P(graph), shape ``(N,)``; summing to one.
        if_true: P(yes | graph) where the proposition is true, ``(N,)``; among the answers, if some are abstentions.
        if_false: the same where it is false.
        truth: booleans of shape ``(N, Q)``.
        about: booleans or labels of shape ``(N,)``: the property that the information is about.
        abstains: P(no answer) where the proposition is true and where it is false, numbers or shape ``(N,)``:
            a third outcome, which tells something if the two differ.
        groups: of the graphs, whole numbers from 0 to R − 1, shape ``(N,)``: ``if_true`` and ``if_false`` then hold
            for the graphs of each group and have shape ``(R,)``.  As a rule the answers so far tell few groups apart,
            and all but the sums over the table is then done for these few.

    Raises:
        InvalidParameter: shapes that do not fit; groups together with ``about`` or ``abstains``.

    Example:
        >>> truth = torch.tensor([[True, True], [False, True]])
        >>> half = torch.tensor([0.5, 0.5])
        >>> question_information(half, torch.tensor([1.0, 1.0]), torch.tensor([0.0, 0.0]), truth).tolist()
        [1.0, 0.0]
    """
    if groups is not None:
        if about is not None or abstains is not None:
            raise InvalidParameter("groups cannot be combined with 'about' or 'abstains': give the laws graph by graph")
        return _about_the_graph_grouped(weights, if_true, if_false, truth, groups)
    outcomes = Outcomes.of(weights, if_true, if_false, truth, abstains)
    if about is not None:
        return _about(outcomes, truth, about)
    gain = _about_the_graph(outcomes, truth, None)
    if not is_small(truth) and gain.numel() and float(gain.max()) < _FAINT:
        gain = _about_the_graph(outcomes, truth, True)
    return gain


class Outcomes:
    """The law of the next answer: P(outcome | graph, truth) for all outcomes but the last one.

    Attributes:
        weights: of the graphs, shape ``(N,)``, double precision.
        if_true: one tensor ``(N,)`` an outcome.
        if_false: the same where the proposition is false.
    """

    def __init__(self, weights: Tensor, if_true: list[Tensor], if_false: list[Tensor]) -> None:
        self.weights, self.if_true, self.if_false = weights, if_true, if_false

    @classmethod
    def of(
        cls,
        weights: Tensor,
        if_true: Tensor,
        if_false: Tensor,
        truth: Tensor,
        abstains: tuple[Tensor | float, Tensor | float] | None = None,
    ) -> Outcomes:
        """Two outcomes, or three with abstention; shapes checked."""
        if truth.ndim != 2 or truth.dtype not in (torch.bool, torch.uint8):
            raise InvalidParameter(
                f"a truth table holds booleans, one row a graph and one column a question, "
                f"got {truth.dtype} of shape {tuple(truth.shape)}"
            )
        n = len(truth)
        weights = _column(weights, n, "weights")
        yes = [_column(if_true, n, "if_true"), _column(if_false, n, "if_false")]
        if abstains is None:
            return cls(weights, yes[:1], yes[1:])
        silent = [
            _column(torch.as_tensor(rate, dtype=torch.float64, device=truth.device), n, "abstains") for rate in abstains
        ]
        answered = [(1 - a) * p for a, p in zip(silent, yes, strict=True)]
        return cls(weights, [answered[0], silent[0]], [answered[1], silent[1]])

    def entropies(self) -> tuple[Tensor, Tensor]:
        """H(answer | graph) in bits where the proposition is true, and where it is false."""
        return entropy_bits(self.if_true), entropy_bits(self.if_false)


def entropy_bits(parts: list[Tensor]) -> Tensor:
    """The entropy of a law given by the probabilities of all outcomes but the last."""
    last = (1 - sum(parts)).clamp(min=0)  # type: ignore[union-attr]
    negative = last * last.clamp(min=torch.finfo(last.dtype).tiny).log2()  # several times as fast as torch.special.entr
    for part in parts:
        negative = negative + part * part.clamp(min=torch.finfo(part.dtype).tiny).log2()
    return 0 - negative


def checked_costs(costs: Tensor, gain: Tensor) -> Tensor:
    """The costs as numbers like the gains, all greater than zero."""
    costs = torch.as_tensor(costs, dtype=gain.dtype, device=gain.device)
    if costs.shape != gain.shape or not bool((costs > 0).all()):
        raise InvalidParameter(f"costs are {len(gain)} numbers greater than zero, one a question")
    return costs


def _about_the_graph(outcomes: Outcomes, truth: Tensor, precise: bool | None) -> Tensor:
    weights = outcomes.weights
    rates = [*outcomes.if_true, *outcomes.if_false]
    parts = []
    if len(truth) and all(bool((rate == rate[0]).all()) for rate in rates):  # one sum serves all outcomes
        h_true, h_false = Outcomes(
            weights, [t[:1] for t in outcomes.if_true], [f[:1] for f in outcomes.if_false]
        ).entropies()
        total = weights.sum()
        mass = weighted_sums(truth, weights[:, None], precise=precise)[:, 0]
        parts = [mass * (t[0] - f[0]) + f[0] * total for t, f in zip(outcomes.if_true, outcomes.if_false, strict=True)]
        inner = mass * (h_true - h_false) + h_false * total
    else:
        h_true, h_false = outcomes.entropies()
        differences = [t - f for t, f in zip(outcomes.if_true, outcomes.if_false, strict=True)]
        columns = weights[:, None] * torch.stack([*differences, h_true - h_false], dim=1)
        sums = weighted_sums(truth, columns, precise=precise)
        parts = [sums[:, k] + weights @ f for k, f in enumerate(outcomes.if_false)]
        inner = sums[:, -1] + weights @ h_false
    return (entropy_bits([part.clamp(0, 1) for part in parts]) - inner).clamp(min=0)


def _about_the_graph_grouped(
    weights: Tensor, if_true: Tensor, if_false: Tensor, truth: Tensor, groups: Tensor
) -> Tensor:
    """The same as for graphs one by one; rates, entropies and what is summed are worked out once for each group."""
    if not len(groups) == len(weights) == len(truth) or if_true.shape != if_false.shape:
        raise InvalidParameter(
            f"weights and groups have one value for each of {len(truth)} graphs, and the rates one a group"
        )
    one, other = if_true.to(torch.float64), if_false.to(torch.float64)
    h_true, h_false = binary_entropy(one), binary_entropy(other)
    mass = torch.zeros(len(one), dtype=torch.float64, device=truth.device).index_add_(0, groups, weights.double())
    rises = torch.stack([one - other, h_true - h_false], 1)
    if bool((rises == rises[:1]).all()):
        sums = weighted_sums(truth, weights[:, None]) * rises[:1]
    else:
        sums = weighted_sums(truth, weights[:, None] * rises[groups])
    yes = sums[:, 0] + mass @ other
    gain = (binary_entropy(yes.clamp(0, 1)) - sums[:, 1] - mass @ h_false).clamp(min=0)
    if not is_small(truth) and gain.numel() and float(gain.max()) < _FAINT:
        return question_information(weights, one[groups], other[groups], truth)
    return gain


def _about(outcomes: Outcomes, truth: Tensor, about: Tensor) -> Tensor:
    """H(answer) − Σ_l P(l) H(answer | l), with P(answer | l) averaged over the graphs of label l."""
    if about.shape != (len(truth),):
        raise InvalidParameter(f"'about' gives one label a graph, {len(truth)} in all, got {tuple(about.shape)}")
    labels, count = distinct(about)
    gain = torch.zeros(truth.shape[1], dtype=torch.float64, device=truth.device)
    mass = torch.zeros(count, dtype=torch.float64, device=truth.device).index_add_(0, labels, outcomes.weights)
    for block in question_blocks(truth.shape[1], count):
        joint = group_joint(outcomes, truth[:, block], labels, count)
        means = [(part / mass.clamp(min=1e-300)[:, None]).clamp(0, 1) for part in joint]
        within = mass @ entropy_bits(means)
        gain[block] = (entropy_bits([part.sum(0).clamp(0, 1) for part in joint]) - within).clamp(min=0)
    return gain


def group_joint(outcomes: Outcomes, truth: Tensor, labels: Tensor, count: int) -> list[Tensor]:
    """P(outcome, label) for every question, each ``(L, Q)``, for all outcomes but the last."""
    joint = []
    for t, f in zip(outcomes.if_true, outcomes.if_false, strict=True):
        weight = outcomes.weights
        base = torch.zeros(count, dtype=torch.float64, device=truth.device).index_add_(0, labels, weight * f)
        joint.append((sums_by_group(truth, weight * (t - f), labels, count) + base[:, None]).clamp(min=0))
    return joint


def _column(values: Tensor, n: int, name: str) -> Tensor:
    if values.shape not in ((), (n,)):
        raise InvalidParameter(f"{name} must have one value a graph, {n} in all, got shape {tuple(values.shape)}")
    return values.to(torch.float64).expand(n)
