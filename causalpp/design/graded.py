"""What a graded answer is expected to tell, in bits: more than its sign does."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from causalpp.belief import Coming, ListedBelief
from causalpp.errors import InvalidParameter
from causalpp.propositions import Direction, Proposition

__all__ = ["graded_information"]

_EDGES = torch.tensor([-1.8, -1.2, -0.8, -0.5, -0.25, 0.0, 0.25, 0.5, 0.8, 1.2, 1.8], dtype=torch.float64)
_PAIRS = 24  # whose information is computed
_FAINT = 1e-12


def graded_information(
    belief: ListedBelief,
    questions: Sequence[Proposition],
    *,
    about: Tensor | None = None,
    apart: bool = True,
    pairs: int = _PAIRS,
) -> Tensor:
    """The bits that the next graded answer to each direction is expected to tell, shape ``(Q,)``.

    Given graph and world c is Gaussian; its law is mixed over what is not known of the oracle and cut at eleven points,
    so that the information is a lower bound, by the little that lies between them.  Where there are many hypotheses,
    256 stand for all, drawn evenly by weight, and of the questions those are looked at that are best by mean and
    variance; all others are given 0.  So is what was asked: a repeat is a copy.

    Args:
        belief: whose channel is :class:`~causalpp.belief.Potentials`.
        questions: Q of them, all of the kind ``Direction``.
        about: labels of the hypotheses, ``(M,)``: the information is then about these instead of the graph.
        apart: whether *the answers have nothing to do with the graph* is one more thing to learn about.
        pairs: how many questions are looked at closely.

    Raises:
        InvalidParameter: another channel, or a question of another kind.

    Example:
        >>> import causalpp as cpp
        >>> chain = cpp.MarkovEquivalenceClass.from_dag(cpp.Dag.from_edges([("smoke", "tar"), ("tar", "cancer")]))
        >>> belief = cpp.Belief.uniform(chain.batch(), cpp.belief.Potentials())
        >>> questions = cpp.propositions.all_questions(chain.nodes, "Direction")
        >>> bits = graded_information(belief, questions)
        >>> questions[int(bits.argmax())].question()
        'Does smoke cause cancer, cancer cause smoke, or neither?'
    """
    if not all(isinstance(question, Direction) for question in questions):
        raise InvalidParameter("graded answers are to questions of the kind Direction")
    record = belief.record
    out = torch.zeros(len(questions), dtype=torch.float64, device=record.levels.device)
    asked = {frozenset(question.variables) for question in record.numbers if isinstance(question, Direction)}
    open_ = [number for number, q in enumerate(questions) if frozenset(q.variables) not in asked]
    if not open_:
        return out
    wanted = [questions[number] for number in open_]
    coming = belief.coming(wanted)  # type: ignore[arg-type]
    labels = torch.arange(len(coming.rows), device=out.device) if about is None else about[coming.rows]
    number = torch.arange(len(open_), device=out.device)
    if len(open_) > pairs:
        number = _promise(coming).argsort(descending=True, stable=True)[:pairs]
    out[torch.as_tensor(open_, device=out.device)[number]] = _information(coming, number, labels, apart=apart)
    return out


def _promise(coming: Coming) -> Tensor:
    """The information about hypothesis and β = 0 if all laws were Gaussian, ``(P,)``: quick, and only for a choice."""
    none = [torch.zeros(0)] * 3
    some = list(none)
    for world in coming.worlds:
        mean, variance = coming.law(world)
        weight = world.weights[:, None] if world.kind is not None else world.weights.sum()[None, None]
        parts = [weight, weight * mean, weight * (variance + mean**2)]
        kept = none if world.kind is None else some
        kept[:] = [part + old if len(old) else part for part, old in zip(parts, kept, strict=True)]
    mass, first, second = (
        torch.cat([a.expand(len(a), coming.count), b.expand(len(b), coming.count)])
        for a, b in zip(none, some, strict=True)
    )
    total = mass.sum(0)
    whole = second.sum(0) / total - (first.sum(0) / total) ** 2
    each = second / mass.clamp(min=_FAINT) - (first / mass.clamp(min=_FAINT)) ** 2
    return whole.log() - (mass / total * each.clamp(min=_FAINT).log()).sum(0)


def _information(coming: Coming, pairs: Tensor, labels: Tensor, *, apart: bool) -> Tensor:
    """The information about labels of the hypotheses, and about whether β = 0, for some pairs, ``(p,)``."""
    edges = _EDGES.to(labels.device)
    some = torch.zeros((len(labels), len(pairs), len(edges)), dtype=torch.float64, device=labels.device)
    none = torch.zeros_like(some[:1])
    for world in coming.worlds:
        mean, variance = coming.law(world, pairs)
        under = torch.special.ndtr(((edges - mean[..., None]) / variance.sqrt()[..., None]).float()).double()
        if world.kind is None and apart:
            none += world.weights.sum() * under
        else:  # what comes where β = 0 is one more way for every hypothesis
            some += world.weights[:, None, None] * under
    weights = [world.weights for world in coming.worlds if world.kind is not None or not apart]
    below = some.new_zeros((int(labels.max()) + 1, *some.shape[1:])).index_add_(0, labels, some)
    mass = some.new_zeros(len(below)).index_add_(0, labels, torch.stack(weights).sum(0))
    if apart:
        unrelated = torch.stack([world.weights for world in coming.worlds if world.kind is None]).sum()
        below, mass = torch.cat([below, none]), torch.cat([mass, unrelated[None]])
    total = mass.sum()
    law = _bins(below / mass.clamp(min=1e-300)[:, None, None])
    whole = _bins(below.sum(0) / total)
    return (_entropy(whole) - (mass / total) @ _entropy(law)).clamp(min=0)


def _bins(below: Tensor) -> Tensor:
    """The probabilities between the edges, from those below each."""
    start, end = torch.zeros_like(below[..., :1]), torch.ones_like(below[..., :1])
    return torch.cat([start, below, end], -1).diff(dim=-1).clamp(min=0)


def _entropy(law: Tensor) -> Tensor:
    return -(law * law.clamp(min=_FAINT).log2()).sum(-1)
