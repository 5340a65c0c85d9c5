"""The embedding kernel: the inner products of what a model's last layer makes of each item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causalpp._progress import Progress
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.kernels._reader import Input, Reader, distinct, reader_of
from causalpp.kernels.gram import Gram

__all__ = ["POOLS", "States", "embedding", "unasked"]

#: How the states of the tokens become one feature.
POOLS = ("mean", "last")


def embedding(model: Any, prompts: Sequence[Any], pool: str = "mean", *, progress: bool | None = None) -> Gram:
    """The kernel of the last layer's states: their mean over the tokens of a prompt, or that of its last token.

    It is what a linear probe on the model sees.  Of a classifier that does not tell the states of its tokens it is what
    its last layer reads, one state a prompt.  Each distinct prompt is read once.  Memory: one prompt's states, and n
    features of the model's width in float64.

    Args:
        model: a language model, as for :func:`causalpp.kernels.tangent`.
        prompts: texts, or items.
        pool: ``"mean"`` or ``"last"``.
        progress: False shows no bar.

    Raises:
        InvalidParameter: no such pool, or a network without hidden states.
        InvalidData: no prompts, a prompt that is no text or longer than the model reads, states that are not finite.
        MissingDependency, OracleError: as :func:`causalpp.language.load_model`.
    """
    reader = reader_of(model, unasked)
    states = States(reader, pool)
    given, rows = distinct(reader, prompts)
    features = np.empty((0, 0))
    with Progress("embeddings", len(given), progress, after=2.0) as bar, reader.evaluating():
        for k, each in enumerate(given):
            found = states.rows([each], rows.index(k))[0][0].numpy()
            features = np.empty((len(given), len(found))) if not k else features
            features[k] = found
            bar.advance()
    values = features @ features.T
    index = np.array(rows)
    about = {"model": reader.name, **states.about(), "distinct": len(given)}
    return Gram(values[np.ix_(index, index)], f"embedding, {pool}", about=about)


class States:
    """Features of the embedding kernel, in the form in which ``Gradients`` has those of the tangent one.

    Raises:
        InvalidParameter: no such pool.
    """

    def __init__(self, reader: Reader, pool: str) -> None:
        if pool not in POOLS:
            raise InvalidParameter(f"states are pooled by {' or '.join(map(repr, POOLS))}, not by {pool!r}")
        self.reader, self.pool = reader, pool

    def about(self) -> dict[str, Any]:
        """Of the features, as plain values."""
        return {"pool": self.pool}

    def rows(self, given: Sequence[Input], first: int = 0) -> tuple[Tensor, list[float]]:
        """The features, shape ``(len(given), width)``, float64; the model says no number of them.

        Raises:
            InvalidParameter: the network has no hidden states.
            InvalidData: they are not finite.
        """
        out = []
        with torch.no_grad():
            for k, each in enumerate(given):
                states = self.reader.hidden(each).to("cpu", torch.float64)
                found = states.mean(dim=0) if self.pool == "mean" else states[-1]
                if not bool(torch.isfinite(found).all()):
                    raise InvalidData(
                        f"the states of {self.reader.name} at item {first + k} are not finite: look at the weights"
                    )
                out.append(found)
        return torch.stack(out), [float("nan")] * len(out)


def unasked(result: Any) -> Tensor:  # noqa: ARG001
    """No number is asked for."""
    raise InvalidParameter("an embedding has no output")
