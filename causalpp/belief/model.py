"""The definition of the belief, as a Pyro program: one graph, one or several oracles, many answers.

Everything faster in this room is tested against inference on this model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple, TypeAlias

import pyro
import pyro.distributions as dist
import torch
from torch import Tensor

from causalpp.belief.channels.abstaining import Abstaining
from causalpp.belief.channels.base import Channel
from causalpp.belief.channels.counts import Fixed, Learned
from causalpp.belief.channels.directions import Directions
from causalpp.belief.channels.groups import label_of
from causalpp.belief.channels.mixture import Mixture
from causalpp.belief.channels.odds import LogOdds
from causalpp.belief.channels.pooled import Pooled
from causalpp.belief.channels.potentials import Potentials
from causalpp.belief.channels.shared import SharedErrors
from causalpp.belief.record import Label
from causalpp.errors import InvalidParameter
from causalpp.oracles import Answer

__all__ = ["graded_model", "model"]


class _Rates(NamedTuple):
    """How an oracle is: sensitivity, false-yes rate, correlation of repeats, how often a block is reversed."""

    sensitivity: Tensor
    false_yes: Tensor
    correlation: Tensor
    struck: Tensor


_Oracles: TypeAlias = Callable[[Answer], tuple[Hashable, _Rates]]


def model(log_prior: Tensor, truth: Tensor, answers: Sequence[Answer], channel: Channel) -> Tensor:
    """Draw a graph, draw how each oracle is, observe the answers; returns the graph's number.

    Args:
        log_prior: log prior probabilities of the N candidates, shape ``(N,)``.
        truth: the true answer of each graph to the question of each answer, shape ``(N, A)``.
        answers: the A answers; abstentions are left out, unless the channel is ``Abstaining``.
        channel: any channel of this room.

    Discrete sites, to be enumerated (``pyro.infer.config_enumerate``) and summed out with ``TraceEnum_ELBO``: the
    ``graph``; for mixtures the ``world``; for pooled channels ``alike``, the typical ``world`` and ``world_0``,
    ``world_1``, … of the groups in the order of their first answers; for shared errors ``struck_0``, ``struck_1``, … of
    the blocks.  Continuous ones, to be sampled by NUTS: ``sensitivity`` and ``specificity`` of a learned channel,
    ``silent_if_true`` and ``silent_if_false`` of an abstaining one.

    Raises:
        InvalidParameter: a channel from elsewhere.
    """
    graph: Tensor = pyro.sample("graph", dist.Categorical(logits=log_prior))
    base = channel.base if isinstance(channel, Abstaining) else channel
    if isinstance(channel, Abstaining):
        _silences(answers, truth[graph], channel)
    oracles = _oracles(base, answers, log_prior)
    blocks: dict[Hashable, Tensor] = {}
    earlier: dict[Hashable, list[float]] = defaultdict(list)
    for number, answer in enumerate(answers):
        if answer.value is None:
            continue
        true = truth[graph, number]
        if isinstance(base, LogOdds) and answer.log_odds is not None:
            _opinion(number, answer, answers, true, base)
            continue
        group, how = oracles(answer)
        anew = torch.where(true, how.sensitivity, how.false_yes)
        if (block := _block(number, answer, group, base)) is not None:  # one factor for all answers of a block
            if block not in blocks:
                blocks[block] = pyro.sample(f"struck_{len(blocks)}", dist.Bernoulli(how.struck)).bool()
            anew = torch.where(blocks[block], 1 - anew, anew)
        said, rho = earlier[group, answer.question], how.correlation  # Pólya's urn: answers to one question are alike
        yes = (anew * (1 - rho) + sum(said) * rho) / (1 - rho + len(said) * rho)
        pyro.sample(f"answer_{number}", dist.Bernoulli(yes), obs=torch.tensor(float(answer.value), dtype=yes.dtype))
        said.append(float(answer.value))
    return graph


def graded_model(log_prior: Tensor, signals: Tensor, answers: Sequence[Answer], channel: Potentials) -> Tensor:
    """The same for graded answers to directions: draw a position for every variable, observe what each pair shows.

    Args:
        log_prior: log prior probabilities of the N candidates, shape ``(N,)``.
        signals: what each candidate makes of each of P pairs, level and rise, ``(N, P, 2)``; see ``Record.signals``.
        answers: the graded answers, one a pair.
        channel: with its prior.

    Discrete sites: ``graph``, ``known`` (whether β is not 0), ``by_height``, ``share`` and ``variance``; continuous
    ones: ``slope`` and ``position`` of the variables, standard normal.
    """
    prior = channel.prior
    told = Directions.read(list(enumerate(answers)), prior.scales)
    graph: Tensor = pyro.sample("graph", dist.Categorical(logits=log_prior))
    known = pyro.sample("known", dist.Bernoulli(torch.tensor(1 - prior.unrelated, dtype=torch.float64)))
    by_height = pyro.sample("by_height", dist.Bernoulli(torch.tensor(prior.order, dtype=torch.float64))).long()
    shares, log_share = prior.grid("shares")
    variances, log_variance = prior.grid("variances")
    share = shares[pyro.sample("share", dist.Categorical(logits=log_share))].unsqueeze(-1)
    variance = variances[pyro.sample("variance", dist.Categorical(logits=log_variance))].unsqueeze(-1)
    mean, spread = (torch.tensor(value, dtype=torch.float64) for value in (prior.mean, prior.spread))
    slope = pyro.sample("slope", dist.Normal(mean, spread))
    nothing = torch.zeros(len(told.names), dtype=torch.float64)
    position = pyro.sample("position", dist.Normal(nothing, 1.0).to_event(1))
    shown = told.means(signals, prior.slopes)[graph, by_height]
    apart = (position @ told.incidence.T) * (variance * share / 2).sqrt()
    expected = known.unsqueeze(-1) * slope.unsqueeze(-1) * shown + apart
    pyro.sample("contrast", dist.Normal(expected, (variance * (1 - share)).sqrt()).to_event(1), obs=told.contrast)
    return graph


# --- how the oracles are ----------------------------------------------------------------------------------------


def _oracles(channel: Channel, answers: Sequence[Answer], like: Tensor) -> _Oracles:
    """Draws how the oracles are; the group of an answer, and the rates that hold for it, are then looked up."""
    if isinstance(channel, Pooled):
        return _pooled(channel, answers, like)
    if isinstance(channel, Mixture):
        rates = _worlds(channel, like)
        world = _drawn("world", _prior(channel, like))
        if isinstance(channel, SharedErrors):
            return lambda answer: (number := channel._oracle(answer), _at(rates[number], world))
        return lambda _: (None, _at(rates[0], world))
    nothing = torch.zeros((), dtype=like.dtype)
    if isinstance(channel, (Fixed, LogOdds)):
        sensitivity = specificity = torch.tensor(1 - channel.error, dtype=like.dtype)
    elif isinstance(channel, Learned):
        sensitivity = pyro.sample("sensitivity", dist.Beta(*_parameters(channel.sensitivity, like)))
        specificity = pyro.sample("specificity", dist.Beta(*_parameters(channel.specificity, like)))
    else:
        raise InvalidParameter(f"the model has no reading of the channel {channel!r}")
    return lambda _: (None, _Rates(sensitivity, 1 - specificity, nothing, nothing))


def _pooled(channel: Pooled, answers: Sequence[Answer], like: Tensor) -> _Oracles:
    """A typical world, and for each group that world or, as far as they are not alike, another one."""
    (rates,), prior = _worlds(channel.base, like), _prior(channel.base, like)
    shares, weights = torch.tensor(channel.alike, dtype=like.dtype).unbind(1)
    share = shares[_drawn("alike", weights)].unsqueeze(-1)
    typical = _drawn("world", prior)
    same = torch.nn.functional.one_hot(typical, len(prior)).to(like.dtype)
    labels = [label for label, _ in channel.known]
    labels += [label_of(answer, channel.by) for answer in answers if answer.value is not None]
    worlds: dict[Label, Tensor] = {}
    for number, label in enumerate(dict.fromkeys(labels)):
        worlds[label] = _drawn(f"world_{number}", share * same + (1 - share) * prior)
    for number, (label, counts) in enumerate(channel.known):
        s, f, *_ = torch.as_tensor(channel.base.grid, dtype=like.dtype).unbind(1)
        log = torch.tensor(counts, dtype=like.dtype) @ torch.stack([s.log(), (1 - s).log(), f.log(), (1 - f).log()])
        pyro.factor(f"known_{number}", log[worlds[label]])
    return lambda answer: (label := label_of(answer, channel.by), _at(rates, worlds[label]))


def _drawn(name: str, probabilities: Tensor) -> Tensor:
    """One of several; where there is but one, that one."""
    if probabilities.shape[-1] == 1:
        return torch.zeros((), dtype=torch.int64)
    found: Tensor = pyro.sample(name, dist.Categorical(probs=probabilities))
    return found


def _worlds(channel: Mixture, like: Tensor) -> list[_Rates]:
    """The rates of each oracle in every world."""
    if isinstance(channel, SharedErrors):
        c = torch.as_tensor(channel._table[:, -2], dtype=like.dtype)
        return [_Rates(*channel._raw(like, number), c) for number in range(channel._many)]
    s, f, rho, weight = torch.as_tensor(channel.grid, dtype=like.dtype).unbind(1)
    return [_Rates(s, f, rho, torch.zeros_like(weight))]


def _prior(channel: Mixture, like: Tensor) -> Tensor:
    return torch.as_tensor(channel.grid[:, 3], dtype=like.dtype)


def _at(rates: _Rates, world: Tensor) -> _Rates:
    return _Rates(*(rate[world] for rate in rates))


def _parameters(pair: tuple[float, float], like: Tensor) -> tuple[Tensor, Tensor]:
    return torch.tensor(pair[0], dtype=like.dtype), torch.tensor(pair[1], dtype=like.dtype)


# --- blocks, log-odds, silence ------------------------------------------------------------------------------------


def _block(number: int, answer: Answer, group: Hashable, channel: Channel) -> Hashable | None:
    """The block an answer shares its error with; None where errors are not shared."""
    shared = channel.base if isinstance(channel, Pooled) else channel
    if not isinstance(shared, SharedErrors):
        return None
    alone: Hashable = answer.question if shared.within == "question" else number
    block = answer.call if shared.within == "call" and answer.call is not None else alone
    return (group, block) if isinstance(channel, Pooled) else block


def _opinion(number: int, answer: Answer, answers: Sequence[Answer], truth: Tensor, channel: LogOdds) -> None:
    """One factor for all the log-odds that were given to a question, at the first of them."""
    same = [k for k, other in enumerate(answers) if other.question == answer.question and other.log_odds is not None]
    if number == same[0]:
        odds = sum(answers[k].log_odds or 0.0 for k in same) / len(same)
        ratio = torch.tensor(channel.intercept + channel.slope * odds, dtype=torch.float64)
        pyro.factor(f"answer_{number}", torch.nn.functional.logsigmoid(torch.where(truth, ratio, -ratio)))


def _silences(answers: Sequence[Answer], truth: Tensor, channel: Abstaining) -> None:
    """Whether there was an answer: one observation for each that did not fail."""
    like = torch.zeros((), dtype=torch.float64)
    if_true = pyro.sample("silent_if_true", dist.Beta(*_parameters(channel.if_true, like)))
    if_false = pyro.sample("silent_if_false", dist.Beta(*_parameters(channel.if_false, like)))
    for number, answer in enumerate(answers):
        if not answer.failed:
            silent = torch.tensor(float(answer.value is None), dtype=torch.float64)
            rate = torch.where(truth[..., number], if_true, if_false)
            pyro.sample(f"silent_{number}", dist.Bernoulli(rate), obs=silent)
