"""The definition of the belief, as a Pyro program: one graph, one oracle, many answers.

Everything faster in this room is tested against inference on this model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

from causalpp.belief.channels import Channel, Fixed, Learned
from causalpp.belief.mixture import Mixture
from causalpp.belief.odds import LogOdds
from causalpp.errors import InvalidParameter
from causalpp.oracles import Answer
from causalpp.propositions import Proposition

__all__ = ["model"]


def model(log_prior: Tensor, truth: Tensor, answers: Sequence[Answer], channel: Channel) -> Tensor:
    """Draw a graph, draw how the oracle is, observe its answers; returns the graph's number.

    Args:
        log_prior: log prior probabilities of the N candidates, shape ``(N,)``.
        truth: the true answer of each graph to the question of each answer, shape ``(N, A)``.
        answers: the A answers; abstentions are left out.
        channel: ``Fixed``, ``Learned``, any :class:`Mixture` (``Agnostic``, ``Correlated``, ``Persistent``) or
            ``LogOdds``.

    Enumerate the discrete sites ``graph`` and, for mixtures, ``world`` (``pyro.infer.config_enumerate``) and sum them
    out with ``TraceEnum_ELBO``; for a learned channel run NUTS over ``sensitivity`` and ``specificity``.
    """
    graph: Tensor = pyro.sample("graph", dist.Categorical(logits=log_prior))
    correlation = torch.zeros((), dtype=log_prior.dtype)
    if isinstance(channel, (Fixed, LogOdds)):
        sensitivity = specificity = torch.tensor(1 - channel.error, dtype=log_prior.dtype)
    elif isinstance(channel, Learned):
        sensitivity = pyro.sample("sensitivity", dist.Beta(*_parameters(channel.sensitivity, log_prior)))
        specificity = pyro.sample("specificity", dist.Beta(*_parameters(channel.specificity, log_prior)))
    elif isinstance(channel, Mixture):
        s, f, rho, weight = torch.as_tensor(channel.grid, dtype=log_prior.dtype).unbind(1)
        world = pyro.sample("world", dist.Categorical(probs=weight))
        sensitivity, specificity, correlation = s[world], 1 - f[world], rho[world]
    else:
        raise InvalidParameter(f"the model has no reading of the channel {channel!r}")
    before: dict[Proposition, list[float]] = defaultdict(list)
    for number, answer in enumerate(answers):
        if answer.value is None:
            continue
        if isinstance(channel, LogOdds) and answer.log_odds is not None:
            _opinion(number, answer, answers, truth[graph, number], channel)
            continue
        first = torch.where(truth[graph, number], sensitivity, 1 - specificity)
        said = before[answer.question]  # Pólya's urn: the answers to one question are alike
        yes = (first * (1 - correlation) + sum(said) * correlation) / (1 - correlation + len(said) * correlation)
        pyro.sample(f"answer_{number}", dist.Bernoulli(yes), obs=torch.tensor(float(answer.value), dtype=yes.dtype))
        said.append(float(answer.value))
    return graph


def _opinion(number: int, answer: Answer, answers: Sequence[Answer], truth: Tensor, channel: LogOdds) -> None:
    """One factor for all the log-odds that were given to a question, at the first of them."""
    same = [k for k, other in enumerate(answers) if other.question == answer.question and other.log_odds is not None]
    if number == same[0]:
        odds = sum(answers[k].log_odds or 0.0 for k in same) / len(same)
        ratio = torch.tensor(channel.intercept + channel.slope * odds, dtype=torch.float64)
        pyro.factor(f"answer_{number}", torch.nn.functional.logsigmoid(torch.where(truth, ratio, -ratio)))


def _parameters(pair: tuple[float, float], like: Tensor) -> tuple[Tensor, Tensor]:
    return torch.tensor(pair[0], dtype=like.dtype), torch.tensor(pair[1], dtype=like.dtype)
