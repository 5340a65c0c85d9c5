"""The tangent kernel of a model on items: the inner products of the gradients of what it says."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from causalpp._files import write_text
from causalpp._plain import check_seed
from causalpp._progress import Progress
from causalpp.errors import InvalidParameter
from causalpp.kernels._gradients import Gradients
from causalpp.kernels._reader import Input, Output, Reader, digest, distinct, reader_of
from causalpp.kernels._shelf import Shelf, claimed
from causalpp.kernels.gram import Gram

__all__ = ["tangent"]

_CHUNK = 1 << 28  # bytes of gradients computed before they are put away


def tangent(
    model: Any,
    prompts: Sequence[Any],
    *,
    output: Output | None = None,
    layers: str | Sequence[str] = "all",
    sketch: int | None = None,
    seed: int = 0,
    dtype: str | None = None,
    labels: Sequence[str] = ("yes", "no"),
    chunk: int | None = None,
    memory: float = 2.0,
    folder: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> Gram:
    """The tangent kernel K(x, x′) = ⟨∂f(x)/∂θ, ∂f(x′)/∂θ⟩ of a model's number f (Jacot et al. 2018, arXiv 1806.07572).

    The number is, of a model that writes, the log-odds of yes against no as its next token (over all spellings that are
    one token; with one each, logit yes − logit no); of a classifier its logit, or the second of two less the first; of
    any other network what it returns, if that is one number; or what ``output`` says.  A model that writes is shown a
    prompt as :class:`~causalpp.LanguageModelOracle` shows it.

    Each distinct prompt is read once, so that equal prompts are at a distance of exactly 0.  Gradients are computed in
    the model's own precision, kept as ``dtype``, multiplied in float64 and summed in float64.  Above 2³³ products n²P
    they are multiplied in float32, a few thousand columns at a time and as differences from the first item's gradient,
    so that a squared distance is off by some 1e-8 of the largest one.

    Memory: with P parameters, c prompts a chunk and b bytes a number, c·P·b for the gradients of a chunk, n·P·b for
    those that are kept as long as that is within ``memory`` (otherwise they lie on the disk), and 32·n KiB for
    the products.  :attr:`Gram.about` says what it was.

    Args:
        model: whatever :func:`causalpp.language.load_model` takes, a folder with a classifier, a checkpoint, a pair
            (model, tokenizer), or any :class:`torch.nn.Module`.
        prompts: texts or items, shape ``(n,)``; of a network without a tokenizer tensors, each without the batch axis.
        output: which number is meant: a function of what the network returns for one prompt, as a batch of one.
        layers: ``"all"`` parameters that are to be learned; ``"last"`` for the last layer alone (the output embedding
            of a model that writes, in that use alone if it is tied; else the last module with parameters); or names of
            parameters and modules.
        sketch: project each gradient to so many numbers, k, by a count sketch.  It is unbiased, and the standard error
            of each entry is at most √((‖φ‖²‖φ′‖² + ⟨φ, φ′⟩²)/k), so √(2/k)‖φ‖‖φ′‖ (Weinberger et al. 2009, arXiv
            0902.2206, lemma 2); of a squared distance, √(2/k)‖φ − φ′‖².
        seed: of the projection.
        dtype: ``"float32"``, ``"float64"``, or ``"bfloat16"`` for half the memory, which moves a feature by some 2⁻⁹ of
            its length; by default that of the weights.
        labels: of yes and of no.
        chunk: prompts whose gradients are computed before they are put away; by default what 256 MiB hold.
        memory: GiB of gradients that are kept in memory.
        folder: where the work is kept, so that what was interrupted goes on, and what is done is only read.
        progress: False shows no bar.

    Raises:
        InvalidData: no prompts, a prompt that is no text or longer than the model reads, a gradient that is not finite.
        InvalidParameter: a model without one number, a frozen one, a tokenizer without the labels, a folder with other
            work, a setting outside its range.
        UnknownName: no such layer.
        TooLarge: neither memory nor disk hold the gradients.
        MissingDependency, OracleError: as :func:`causalpp.language.load_model`.

    Example:
        A linear model has the kernel xxᵀ, and a bias adds 1.

        >>> import torch
        >>> x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> tangent(torch.nn.Linear(2, 1), x).values.tolist()
        [[6.0, 12.0], [12.0, 26.0]]
        >>> tangent(torch.nn.Linear(2, 1), x, layers=["weight"]).values.tolist()
        [[5.0, 11.0], [11.0, 25.0]]
    """
    if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1):
        raise InvalidParameter(f"a chunk has at least one prompt, got {chunk!r}")
    if not memory >= 0:
        raise InvalidParameter(f"memory is GiB from 0 on, got {memory!r}")
    reader = reader_of(model, output, labels)
    gradients = Gradients(reader, layers, dtype, sketch, check_seed(seed))
    given, rows = distinct(reader, prompts)
    each = gradients.parameters * gradients.kept.itemsize
    size = chunk or max(1, min(len(given), 64, _CHUNK // each))
    starts = range(0, len(given), size)
    request = {} if folder is None else _request(reader, gradients, given, rows, size)
    with claimed(folder, request) as place:
        if place is not None and (place / "gram.json").is_file():
            return Gram.from_json((place / "gram.json").read_text(encoding="utf-8"))
        shelf = Shelf(len(given), gradients.width, gradients.dtype, memory * 2**30, place)
        said: list[float] = []
        try:
            with Progress("gradients", len(given), progress, after=2.0) as bar, reader.evaluating():
                for k, start in enumerate(starts):
                    part = given[start : start + size]
                    if k in shelf:
                        said += shelf.said(k)
                    else:
                        features, numbers = gradients.rows(part, rows.index(start))
                        shelf.put(k, features, numbers)
                        said += numbers
                    bar.advance(len(part))
            with Progress("inner products", None, progress, after=2.0) as bar:
                values = shelf.gram([len(given[start : start + size]) for start in starts], bar.reach)
        except BaseException:
            if place is None:  # what lies in a folder is gone on with
                shelf.clear()
            raise
        about = {
            "model": reader.name,
            **gradients.about(),
            "distinct": len(given),
            "memory": size * each + shelf.memory + len(given) * 2**15,
            "products": "float64" if shelf.exact else "float32",
            "disk": shelf.disk,
        }
        kind = "tangent" if sketch is None else "sketched tangent"
        index = np.array(rows)
        gram = Gram(values[np.ix_(index, index)], kind, np.array(said)[index], about)
        if place is not None:
            write_text(place / "gram.json", gram.to_json())
        shelf.clear()
    return gram


def _request(
    reader: Reader, gradients: Gradients, given: Sequence[Input], rows: list[int], size: int
) -> dict[str, Any]:
    """What tells one piece of work from another."""
    return {
        "form": 1,
        "model": reader.fingerprint(),
        "output": reader.asked(),
        "prompts": digest(given),
        "rows": rows,
        "parameters": list(gradients.names),
        "sketch": gradients.sketch,
        "seed": gradients.seed if gradients.sketch is not None else 0,
        "dtype": str(gradients.dtype),
        "chunk": size,
    }
