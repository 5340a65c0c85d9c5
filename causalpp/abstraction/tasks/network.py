"""Small networks for the tasks: layers with names, weights written by hand, and training on labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from causalpp.errors import InvalidParameter

__all__ = ["Mlp", "Reader", "WordMlp", "label_accuracy", "learn"]


class Mlp(nn.Module):
    """Linear layers with ReLU between them, whose activations are the outputs of ``layers.0``, ``layers.1``, ….

    Args:
        inputs: how many numbers it reads, after flattening.
        hidden: the widths of the layers.
        outputs: the number of classes, one logit each.
        seed: of the weights; the global random state is left as it was.

    Raises:
        InvalidParameter: a width below 1.

    Example:
        >>> network = Mlp(4, (8, 8), 2, seed=0)
        >>> network(torch.zeros(3, 4)).shape
        torch.Size([3, 2])
    """

    def __init__(self, inputs: int, hidden: Sequence[int], outputs: int, seed: int = 0) -> None:
        super().__init__()
        widths = [inputs, *hidden, outputs]
        if min(widths) < 1:
            raise InvalidParameter(f"layers have widths from 1 on, got {widths}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            pairs = zip(widths, hidden)
            self.layers = nn.ModuleList(nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in pairs)
            self.head = nn.Linear(widths[-2], outputs)

    def forward(self, x: Tensor) -> Tensor:
        """From ``(n, …)`` to logits ``(n, outputs)``."""
        x = x.flatten(1)
        for layer in self.layers:
            x = layer(x)
        found: Tensor = self.head(x)
        return found

    @torch.no_grad()
    def write(self, layer: int, unit: int, weights: dict[int, float], bias: float = 0.0) -> None:
        """Set what one unit reads: input number → weight, and nothing else; layer −1 is the head."""
        linear = self.head if layer < 0 else self.layers[layer][0]  # type: ignore[index]
        linear.weight[unit] = 0.0
        linear.bias[unit] = bias
        for number, weight in weights.items():
            linear.weight[unit, number] = weight

    @torch.no_grad()
    def clear(self) -> Mlp:
        """All weights 0, to be written by hand; in evaluation mode."""
        for parameter in self.parameters():
            parameter.zero_()
        return self.eval()


class WordMlp(Mlp):
    """An :class:`Mlp` that reads words, numbers of rows of ``embedding``, one after the other.

    Args:
        words: how many there are.
        length: of a text.
        size: numbers that a word is shown by.
        hidden: the widths of the layers.
        outputs: the number of classes.
        seed: of the weights.
    """

    def __init__(self, words: int, length: int, size: int, hidden: Sequence[int], outputs: int, seed: int = 0) -> None:
        super().__init__(length * size, hidden, outputs, seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(words, size)

    def forward(self, x: Tensor) -> Tensor:
        """From numbers of words ``(n, length)`` to logits ``(n, outputs)``."""
        return super().forward(self.embedding(x))


class _Block(nn.Module):
    """Attention over all words, and then a layer for each; both are added to what was there."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.merge = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.attention(self.before_attention(x)).unflatten(-1, (3, self.heads, -1)).unbind(-3)
        read = nn.functional.scaled_dot_product_attention(*(part.transpose(1, 2) for part in (q, k, v)))
        x = x + self.merge(read.transpose(1, 2).flatten(-2))
        found: Tensor = x + self.mlp(self.before_mlp(x))
        return found


class Reader(nn.Module):
    """A small encoder: ``blocks.0``, ``blocks.1``, … give the residual stream, ``(n, length, width)``.

    The label is read off the first position.

    Args:
        words: how many there are.
        length: of a text, in words.
        outputs: the number of classes.
        width: of the residual stream.
        blocks: how many.
        heads: of attention in each.
        seed: of the weights; the global random state is left as it was.

    Example:
        >>> Reader(10, 4, 2)(torch.zeros(3, 4, dtype=torch.long)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self, words: int, length: int, outputs: int, *, width: int = 32, blocks: int = 2, heads: int = 2, seed: int = 0
    ) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(words, width)
            self.place = nn.Parameter(0.1 * torch.randn(length, width))
            self.blocks = nn.ModuleList(_Block(width, heads) for _ in range(blocks))
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """From numbers of words ``(n, length)`` to logits ``(n, outputs)``."""
        x = self.embedding(x) + self.place
        for block in self.blocks:
            x = block(x)
        found: Tensor = self.head(self.norm(x[:, 0]))
        return found


def learn(
    network: nn.Module,
    batch: Callable[[int], tuple[Tensor, Tensor]],
    *,
    steps: int,
    learning_rate: float = 2e-3,
    decay: float = 0.0,
) -> nn.Module:
    """Train a network on labels by Adam, its rate falling to nothing in a half cosine; in evaluation mode at the end.

    Args:
        network: gives logits ``(n, classes)``.
        batch: the number of a step → inputs and labels ``(n,)``.
        steps: of the optimiser.
        learning_rate: at first.
        decay: of the weights (AdamW).

    Raises:
        InvalidParameter: no steps.
    """
    if steps < 1:
        raise InvalidParameter(f"training takes 1 step or more, got {steps}")
    network.train()
    optimiser = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(steps):
        inputs, labels = batch(step)
        loss = nn.functional.cross_entropy(network(inputs), labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return network.eval()


@torch.no_grad()
def label_accuracy(network: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    """The share of labels that are the class of the highest logit."""
    return float((network(inputs).argmax(-1) == labels).double().mean())
