"""Which of several programs does a network implement?  A posterior over them, from interchanges chosen by information.

The network is the oracle.  A question is one interchange, of some sites between one base and one source each: *does the
outcome become y?*  Every candidate says yes or no, and the network is run once to see.  The noise channel is a mixture
of worlds, as elsewhere in :mod:`causalpp.belief`: a network that implements a program does what it says but for a
small error; worlds of larger errors, and those in which the answers have nothing to do with any candidate, together
are *none of these*.  The next interchange is the one whose answer is expected to tell most about which candidate it is,
or whether it is none (Lindley 1956): the loop of A-CBO (arXiv 2605.27567) with a network as the oracle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from causalpp._plain import check_seed
from causalpp.abstraction.alignment import Alignment
from causalpp.abstraction.candidates.interchanges import Interchanges
from causalpp.abstraction.candidates.verdict import NONE, ProgramPosterior
from causalpp.belief import Belief, ListedBelief, Worlds
from causalpp.design import pick, question_information
from causalpp.errors import InvalidParameter
from causalpp.oracles import Answer

__all__ = ["which_program"]

_SMALL = (0.001, 0.005, 0.02)  # how often a network that implements a program departs from it
_LARGE = (0.06, 0.1, 0.15, 0.2, 0.3, 0.4)  # and one that does not, but agrees with it here and there
_UNRELATED = (0.1, 0.3, 0.5)  # how often the label changes, where that has nothing to do with any candidate
_DOUBT = 0.2


def which_program(
    candidates: Mapping[str, Alignment],
    *,
    weights: Mapping[str, float] | None = None,
    doubt: float = _DOUBT,
    errors: Sequence[float] = _SMALL,
    budget: int = 200,
    confidence: float = 0.95,
    choice: str = "information",
    together: int = 1,
    pool: int = 500,
    seed: int = 0,
) -> ProgramPosterior:
    """The posterior over the programs that a network may implement, after interchanges that tell them apart.

    Args:
        candidates: name → alignment, all of one network and with the same inputs.  What is interchanged are the sites
            that all of them name; what a candidate has there is its own affair.
        weights: name → prior weight of a candidate; all equal if left out.
        doubt: prior probability that the network implements none of them.
        errors: how often a network that does implement a program departs from it, equally probable each.
        budget: interchanges at most; also the label-changing pairs on which each candidate's accuracy is measured.
        confidence: stop when one of the candidates, or none of them, is as probable as that.
        choice: ``"information"``, or ``"random"`` for comparison.
        together: interchange up to so many sites at once, each with its own source.
        pool: pairs drawn for each set of sites, from which the next interchange is chosen.
        seed: of the pairs, and of the choice among equals.

    Returns:
        The posterior, what was asked on the way, and the interchange accuracy of each candidate.

    Raises:
        InvalidParameter: fewer than two candidates, alignments of different networks or labels, no site that all of
            them name, candidates that predict the same after every interchange, a number out of range.
        UnknownVariable: candidates with other inputs.

    Example:
        >>> from causalpp.abstraction import tasks, which_program
        >>> task = tasks.boolean_circuit(seed=1)
        >>> network = task.by_hand()
        >>> which_program({name: task.aligned(network, program=name) for name in task.programs}).best
        'boolean_circuit'
    """
    _check(candidates, doubt, errors, budget, confidence, choice, together, pool)
    asking = Interchanges.drawn(candidates, together, pool, check_seed(seed))
    prior = None if weights is None else [_weight(weights, name) for name in candidates]
    belief = Belief.from_table(
        asking.says, candidates=list(candidates), weights=prior, channel=_channel(doubt, tuple(errors))
    )
    names = (*candidates, NONE)
    draw = np.random.default_rng([seed, 2])
    asked = torch.zeros(asking.says.shape[1], dtype=torch.int64)
    shares = _shares(belief, len(errors))
    steps: list[dict[str, Any]] = []
    while len(steps) < budget and float(shares.posterior.max()) < confidence:
        score = shares.information(asking.says) if choice == "information" else torch.zeros(len(asked))
        number = pick(score.double().masked_fill(asked > 0, -math.inf), asked, draw)
        if number is None:
            break
        asked[asking.same_as(number)] = 1
        step = asking.ask(number)
        belief = belief.update([Answer(cast(Any, number), step["yes"])])
        shares = _shares(belief, len(errors))
        steps.append({**step, **dict(zip(names, shares.posterior.tolist(), strict=True))})
    return ProgramPosterior(
        probabilities=dict(zip(names, shares.posterior.tolist(), strict=True)),
        accuracies=asking.accuracies(budget),
        steps=tuple(steps),
        choice=choice,
        confidence=confidence,
        errors=shares.error,
    )


# --- the belief -----------------------------------------------------------------------------------------


def _channel(doubt: float, errors: tuple[float, ...]) -> Worlds:
    """Worlds of small errors first; then those that are none of the candidates."""
    fit = [(1 - e, e, 0.0, (1 - doubt) / len(errors)) for e in errors]
    above = [e for e in _LARGE if e > max(errors)]
    near = [(1 - e, e, 0.0, doubt / 2 / len(above)) for e in above]
    apart = [(u, u, 0.0, doubt / (2 if above else 1) / len(_UNRELATED)) for u in _UNRELATED]
    return Worlds((*fit, *near, *apart))


@dataclass(frozen=True, eq=False)
class _Shares:
    """The posterior over candidates and worlds, and the laws of the next answer.

    Attributes:
        joint: P(candidate, world), shape ``(N, G)``.
        worlds: sensitivity and false-yes rate of each, ``(G, 2)``.
        fits: in which worlds a network implements the candidate, booleans ``(G,)``.
    """

    joint: Tensor
    worlds: Tensor
    fits: Tensor

    @property
    def posterior(self) -> Tensor:
        """Of the N candidates, and of none of them, shape ``(N + 1,)``."""
        fit = self.joint[:, self.fits].sum(1)
        return torch.cat([fit, (1 - fit.sum()).clamp(min=0)[None]])

    @property
    def error(self) -> float:
        """The expected rate at which the network departs from the candidate that it implements, if it does."""
        fit = self.joint[:, self.fits].sum(0)
        return float((fit * self.worlds[self.fits, 1]).sum() / fit.sum())

    def information(self, says: Tensor) -> Tensor:
        """Bits about which candidate it is, or none, in the next answer to each question that was not asked, ``(Q,)``.

        Args:
            says: what the candidates say, booleans of shape ``(N, Q)``.
        """
        weights, laws = [], []
        for among in (self.fits, ~self.fits):
            part = self.joint[:, among]
            mass = part.sum(1)
            weights.append(mass)
            laws.append(part @ self.worlds[among] / mass.clamp(min=1e-300)[:, None])
        n = len(self.joint)
        which = torch.cat([torch.arange(n), torch.full((n,), n)])
        yes, no = torch.cat(laws).unbind(1)
        return question_information(torch.cat(weights), yes, no, torch.cat([says, says]), about=which)


def _shares(belief: ListedBelief, small: int) -> _Shares:
    channel = cast(Worlds, belief.channel)
    heard = belief.heard
    log = heard.state[heard.record.groups] + torch.log_softmax(belief.log_prior, 0)[:, None]
    worlds = torch.tensor(channel.worlds, dtype=torch.float64)
    fits = torch.arange(len(worlds)) < small
    return _Shares(torch.softmax(log.flatten(), 0).reshape(log.shape), worlds[:, :2], fits)


def _weight(weights: Mapping[str, float], name: str) -> float:
    if name not in weights:
        raise InvalidParameter(f"weights= has none for the candidate {name!r}")
    return weights[name]


def _check(
    candidates: Mapping[str, Alignment],
    doubt: float,
    errors: Sequence[float],
    budget: int,
    confidence: float,
    choice: str,
    together: int,
    pool: int,
) -> None:
    if not isinstance(candidates, Mapping) or not all(isinstance(each, Alignment) for each in candidates.values()):
        raise InvalidParameter("candidates are a mapping from names to alignments")
    if len(candidates) < 2:
        raise InvalidParameter("there are at least two candidates, or nothing is to be told apart")
    if NONE in candidates:
        raise InvalidParameter(f"{NONE!r} is what the rest is called: give the candidate another name")
    first, *rest = candidates.values()
    states = first.program.states(first.outcome)
    for name, each in zip(list(candidates)[1:], rest, strict=True):
        if each.network is not first.network:
            raise InvalidParameter(f"the candidate {name!r} is aligned with another network than the first")
        if each.program.states(each.outcome) != states:
            raise InvalidParameter(f"the candidate {name!r} has an outcome with other states than the first")
    if not 0 < doubt < 1 or not 0.5 < confidence <= 1:
        raise InvalidParameter(f"doubt= lies between 0 and 1, confidence= between .5 and 1; got {doubt}, {confidence}")
    if not errors or not all(0 < e < 0.5 for e in errors):
        raise InvalidParameter(f"errors= are rates between 0 and one half, and there is one; got {tuple(errors)}")
    if choice not in ("information", "random"):
        raise InvalidParameter(f"the choice is 'information' or 'random', not {choice!r}")
    for what, number in (("budget", budget), ("together", together), ("pool", pool)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise InvalidParameter(f"{what}= is a whole number from 1 on, got {number!r}")
