"""PPO's parts against closed forms, and the whole against what it is to become."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from causalpp.training import advantages_of, policy_loss


def _slow_advantages(rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float) -> np.ndarray:
    """The definition, a sum over all later tokens."""
    out = np.zeros(rewards.shape)
    for b in range(len(rewards)):
        length = int(mask[b].sum())
        v = [*values[b, :length].tolist(), 0.0]
        delta = [float(rewards[b, t]) + gamma * v[t + 1] - v[t] for t in range(length)]
        for t in range(length):
            out[b, t] = sum((gamma * lam) ** k * delta[t + k] for k in range(length - t))
    return out


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 1.0), (1.0, 0.95), (0.9, 0.5), (1.0, 0.0)])
def test_advantages_are_the_sum_of_later_surprises(gamma: float, lam: float) -> None:
    draw = torch.Generator().manual_seed(1)
    rewards, values = torch.randn(5, 7, generator=draw), torch.randn(5, 7, generator=draw)
    mask = (torch.arange(7) < torch.tensor([[7], [1], [3], [5], [6]])).float()
    found, returns = advantages_of(rewards, values, mask, gamma, lam)
    assert np.allclose(
        found.numpy() * mask.numpy(), _slow_advantages(rewards * mask, values, mask, gamma, lam), atol=1e-5
    )
    assert torch.allclose(returns * mask, (found + values) * mask, atol=1e-6)


def test_without_a_bound_and_in_one_epoch_it_is_reinforce_with_a_baseline() -> None:
    draw = torch.Generator().manual_seed(2)
    logits = torch.randn(6, 4, 5, generator=draw, requires_grad=True)
    chosen = torch.randint(5, (6, 4), generator=draw)
    mask = (torch.arange(4) < torch.tensor([[4], [2], [1], [3], [4], [2]])).float()
    rewards, values = torch.randn(6, 4, generator=draw) * mask, torch.randn(6, 4, generator=draw)
    gains, _ = advantages_of(rewards, values, mask, 1.0, 1.0)

    def log_p() -> Tensor:
        return torch.log_softmax(logits, -1).gather(-1, chosen[..., None]).squeeze(-1)

    (ours,) = torch.autograd.grad(policy_loss(log_p(), log_p().detach(), gains, mask, float("inf")), logits)
    to_come = torch.flip(torch.cumsum(torch.flip(rewards, [1]), 1), [1])
    (reinforce,) = torch.autograd.grad(-((to_come - values) * mask * log_p()).sum() / mask.sum(), logits)
    assert torch.allclose(ours, reinforce, atol=1e-6)


def test_a_ratio_beyond_the_bound_gives_no_further_gradient() -> None:
    old, mask = torch.zeros(1, 4), torch.ones(1, 4)
    new = torch.log(torch.tensor([[1.5, 0.5, 1.5, 0.5]])).requires_grad_()
    gains = torch.tensor([[1.0, -1.0, -1.0, 1.0]])  # beyond in the first two, where going on would be worth it
    (gradient,) = torch.autograd.grad(policy_loss(new, old, gains, mask, 0.2), new)
    assert gradient[0, :2].tolist() == [0, 0]
    assert (gradient[0, 2:] != 0).all()
