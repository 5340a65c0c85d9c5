"""The definition of the belief, as a Pyro program: one graph, two reliabilities, many answers.

Everything faster in this room is tested against inference on this model.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

from causalpp.belief.channels import Channel, Fixed, Learned
from causalpp.errors import InvalidParameter
from causalpp.oracles import Answer

__all__ = ["model"]


def model(log_prior: Tensor, truth: Tensor, answers: Sequence[Answer], channel: Channel) -> Tensor:
    """Draw a graph, draw the oracle's reliabilities, observe its answers; returns the graph's number.

    Args:
        log_prior: log prior probabilities of the N candidates, shape ``(N,)``.
        truth: the true answer of each graph to the question of each answer, shape ``(N, A)``.
        answers: the A answers; abstentions are left out.
        channel: ``Fixed`` or ``Learned``.

    Enumerate the site ``graph`` (``pyro.infer.config_enumerate``) and sum it out with ``TraceEnum_ELBO``, or
    run NUTS over ``sensitivity`` and ``specificity``.
    """
    graph: Tensor = pyro.sample("graph", dist.Categorical(logits=log_prior))
    if isinstance(channel, Fixed):
        sensitivity = specificity = torch.tensor(1 - channel.error, dtype=log_prior.dtype)
    elif isinstance(channel, Learned):
        sensitivity = pyro.sample("sensitivity", dist.Beta(*_parameters(channel.sensitivity, log_prior)))
        specificity = pyro.sample("specificity", dist.Beta(*_parameters(channel.specificity, log_prior)))
    else:
        raise InvalidParameter(f"the model has no reading of the channel {channel!r}")
    for number, answer in enumerate(answers):
        if answer.value is not None:
            yes = torch.where(truth[graph, number], sensitivity, 1 - specificity)
            pyro.sample(f"answer_{number}", dist.Bernoulli(yes), obs=torch.tensor(float(answer.value), dtype=yes.dtype))
    return graph


def _parameters(pair: tuple[float, float], like: Tensor) -> tuple[Tensor, Tensor]:
    return torch.tensor(pair[0], dtype=like.dtype), torch.tensor(pair[1], dtype=like.dtype)
