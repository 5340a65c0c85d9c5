"""Draws of words, each row of a batch from a generator of its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["Gumbel"]


class Gumbel:
    """Noise that makes the most probable word a draw at some temperature, each row from a generator of its own.

    argmax(log p / T + G) with G standard Gumbel is distributed as softmax(log p / T) (Gumbel 1954; Maddison et al.,
    "A* sampling", NeurIPS 2014).
    """

    def __init__(self, temperature: float, seeds: Sequence[int]) -> None:
        self.temperature = temperature
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # noqa: ARG002
        uniform = torch.stack([torch.rand(scores.shape[1], generator=g, dtype=torch.float64) for g in self.generators])
        noise = -torch.log(-torch.log(uniform.clamp(min=1e-300)))
        logs = torch.log_softmax(scores.float(), dim=-1)
        return logs / self.temperature + noise.to(scores.device, torch.float32)
