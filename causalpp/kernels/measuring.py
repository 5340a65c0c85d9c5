"""The obstruction is measured: how far apart pairs of prompts lie in a model's features, beside their surface."""

from __future__ import annotations

import hashlib
import json
import math
import os
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from causalpp._files import write_text
from causalpp._plain import check_seed
from causalpp._progress import Progress
from causalpp.errors import InvalidData, UnknownName
from causalpp.kernels._gradients import Gradients
from causalpp.kernels._reader import Output, Reader, digest, distinct, reader_of
from causalpp.kernels._shelf import claimed
from causalpp.kernels.embedding import States, unasked
from causalpp.kernels.obstruction import COVARIATES, Obstruction
from causalpp.kernels.pairs import Pair, edit_distance, near_misses, shared_tokens
from causalpp.kernels.words import counts_of, words_of
from causalpp.tasks import Item

__all__ = ["obstruction"]

Reading = Callable[[Any], Any]
_RUNS = {"words": 1, "2-grams": 2, "3-grams": 3}
_HELD = 4  # features that are kept for the pairs to come
_BLOCK = 1 << 22  # numbers that are compared at once, in float64
_Compared = tuple[float, float, float, float]  # ‖φ₊‖, ‖φ₋‖, ‖φ₊ − φ₋‖, the cosine
_KERNELS = ("tangent", "embedding", "last", *_RUNS)


def obstruction(
    model: Any,
    pairs: Sequence[Pair | tuple[Any, Any] | Item],
    *,
    kernel: str = "tangent",
    output: Output | None = None,
    layers: str | Sequence[str] = "all",
    sketch: int | None = None,
    seed: int = 0,
    dtype: str | None = None,
    labels: Sequence[str] = ("yes", "no"),
    folder: str | os.PathLike[str] | None = None,
    reading: str | Reading = "whole",
    progress: bool | None = None,
) -> Obstruction:
    """How far apart pairs of prompts lie in a model's features, beside tokens shared, edits and graph distance.

    A predictor of norm B in these features tells the two of a pair apart by B·‖φ₊ − φ₋‖ at most (see
    :func:`causalpp.kernels.bound`).  Whether a small distance has to do with *causes* only controls can say: put them
    in as further groups of pairs.

    Each feature is computed once as long as pairs that begin with the same prompt stand together, and at most five are
    in memory, so of a model with P parameters 20·P bytes in float32: no Gram matrix is needed.

    Args:
        model: as for :func:`causalpp.kernels.tangent`; for the words alone None will do.
        pairs: :class:`~causalpp.kernels.Pair`, pairs of prompts, or items, whose near misses are taken.
        kernel: ``"tangent"``, ``"embedding"`` (the mean of the states), ``"last"`` (that of the last token),
            ``"words"``, ``"2-grams"``, ``"3-grams"``.
        output, layers, sketch, seed, dtype, labels: as for :func:`causalpp.kernels.tangent`.
        folder: where each pair is kept as soon as it is measured, so that what was interrupted goes on.
        reading: what the model reads of a prompt: the ``"whole"``, the ``"premise"`` alone (what stands before
            "Hypothesis:"), or a function of the prompt.  Pairs that it makes equal are at a distance of exactly 0.
        progress: False shows no bar.

    Raises:
        InvalidData: no pairs, the same pair twice in a group, a pair of one prompt with itself; or as there.
        UnknownName: no such kernel.
        InvalidParameter, TooLarge, MissingDependency, OracleError: as :func:`causalpp.kernels.tangent`.

    Example:
        >>> pairs = [Pair("Does A cause B?", "Does B cause A?", "reversed"), Pair("Does A cause B?", "Does A cause C?")]
        >>> found = obstruction(None, pairs, kernel="words")
        >>> found.pairs[["group", "distance", "tokens", "edits"]].round(2).to_dict("list")
        {'group': ['reversed', 'pairs'], 'distance': [0.0, 1.41], 'tokens': [1.0, 0.8], 'edits': [2, 1]}
    """
    import pandas as pd

    if kernel not in _KERNELS:
        raise UnknownName("kernel", kernel, _KERNELS)
    listed = _listed(pairs)
    wholes = [prompt for pair in listed for prompt in (pair.first, pair.second)]
    read = [_reading(reading)(prompt) for prompt in wholes]
    if kernel in _RUNS:
        measured: _Measured = _Words(wholes, read, _RUNS[kernel])
    else:
        reader = reader_of(model, output if kernel == "tangent" else output or unasked, labels)
        source: Gradients | States
        if kernel == "tangent":
            source = Gradients(reader, layers, dtype, sketch, check_seed(seed))
        else:
            source = States(reader, "mean" if kernel == "embedding" else "last")
        measured = _Features(wholes, read, reader, source)
    _check(listed, measured)
    request = {"form": 1, "kernel": kernel, "sketch": sketch, "seed": seed, "dtype": dtype, **measured.request()}
    with claimed(folder, request) as place, Progress("pairs", len(listed), progress, after=2.0) as bar:
        file = None if place is None else place / "pairs.jsonl"
        rows = [] if file is None else _kept(file)
        bar.reach(len(rows))
        with measured.ready():
            for k in range(len(rows), len(listed)):
                rows.append(measured.row(k))
                if file is not None:
                    with file.open("a", encoding="utf-8") as out:
                        out.write(json.dumps(rows[-1]) + "\n")
                bar.advance()
    known = [
        {**pair.about, "group": pair.group, "n": pair.n, "graph": pair.graph_distance, **row}
        for pair, row in zip(listed, rows, strict=True)
    ]
    frame = pd.DataFrame(known).astype({"n": float, "graph": float})
    first = ["group", "n", *COVARIATES, *(name for name in rows[0] if name not in COVARIATES)]
    frame = frame[[*first, *(name for name in frame if name not in first)]]
    return Obstruction(frame, kernel, measured.name, measured.about())


def _kept(file: Path) -> list[dict[str, Any]]:
    """The pairs that were measured before; a line that broke off is measured again."""
    if not file.is_file():
        return []
    whole = file.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
    write_text(file, "".join(f"{line}\n" for line in whole))
    return [json.loads(line) for line in whole]


def _reading(reading: str | Reading) -> Reading:
    if callable(reading):
        return reading
    if reading not in _READINGS:
        raise UnknownName("reading", reading, _READINGS)
    return _READINGS[reading]


def _premise(prompt: Any) -> str:
    before, found, _ = str(prompt).partition("\nHypothesis:")
    if not found:
        raise InvalidData(f"there is no hypothesis in {str(prompt)[:60]!r}: to read the premise alone takes one")
    return before


_READINGS: dict[str, Reading] = {"whole": lambda prompt: prompt, "premise": _premise}


def _listed(pairs: Sequence[Any]) -> list[Pair]:
    if isinstance(pairs, str) or not len(pairs):
        raise InvalidData("there are no pairs: give pairs of prompts, or items with near misses")
    if all(isinstance(each, Item) for each in pairs):
        return near_misses(pairs)
    out = []
    for k, each in enumerate(pairs):
        if isinstance(each, Pair):
            out.append(each)
        elif isinstance(each, (tuple, list)) and len(each) == 2:
            out.append(Pair(each[0], each[1]))
        else:
            raise InvalidData(f"pair {k} is neither a Pair nor two prompts: {str(each)[:60]!r}")
    return out


def _check(pairs: Sequence[Pair], measured: _Measured) -> None:
    """Refuse pairs that tell nothing, or the same twice."""
    seen: dict[Any, int] = {}
    for k, pair in enumerate(pairs):
        first, second = measured.whole[2 * k], measured.whole[2 * k + 1]
        if first == second:
            raise InvalidData(
                f"the two prompts of pair {k} ({pair.group}) are the same: they are at distance 0 by construction; "
                "leave it out, or say by reading= what the model reads of two that differ"
            )
        key = (pair.group, *sorted((first, second)))
        if key in seen:
            raise InvalidData(f"pairs {seen[key]} and {k} of {pair.group!r} are the same: leave one out")
        seen[key] = k


class _Measured(ABC):
    """Prompts, two for each pair, as a kernel sees them.

    Attributes:
        whole: which distinct prompt each is.
        read: which distinct feature each has.
        name: of the model.
    """

    name = "no model"

    def __init__(self, whole: list[int], read: list[int], tokens: Mapping[int, tuple[Hashable, ...]]) -> None:
        self.whole, self.read, self._tokens = whole, read, tokens

    def row(self, k: int) -> dict[str, Any]:
        """All that is measured of the pair ``k``."""
        one, other = (self._tokens[n] for n in self.whole[2 * k : 2 * k + 2])
        first, second = self.read[2 * k : 2 * k + 2]
        (a, b, distance, cosine), said = self.compare(first, second)
        return {
            "base": self.whole[2 * k],
            "tokens": shared_tokens(one, other),
            "edits": edit_distance(one, other),
            "norm_first": a,
            "norm_second": b,
            "cosine": cosine,
            "distance": distance,
            "relative": 2 * distance / (a + b) if a + b > 0 else math.nan,
            "output_first": said[0],
            "output_second": said[1],
            "gap": abs(said[0] - said[1]),
        }

    def ready(self) -> AbstractContextManager[None]:
        """While pairs are measured."""
        return nullcontext()

    def about(self) -> dict[str, Any]:
        """Of the measurement, as plain values."""
        return {}

    def request(self) -> dict[str, Any]:
        """What tells one measurement from another."""
        seen = hashlib.sha256(repr((self.whole, self.read, sorted(self._tokens.items()))).encode())
        return {"pairs": seen.hexdigest()[:16]}

    @abstractmethod
    def compare(self, first: int, second: int) -> tuple[_Compared, tuple[float, float]]:
        """Two features, and what the model says of their prompts."""


class _Words(_Measured):
    """The counts of words, and of up to ``n`` in a row."""

    def __init__(self, wholes: Sequence[str], read: Sequence[str], n: int) -> None:
        self._counts = counts_of(list(dict.fromkeys(read)), n)
        tokens = {k: tuple(words_of(text)) for k, text in enumerate(dict.fromkeys(wholes))}
        super().__init__(_numbered(wholes), _numbered(read), tokens)

    def compare(self, first: int, second: int) -> tuple[_Compared, tuple[float, float]]:
        one, other = self._counts[first], self._counts[second]
        dot = sum(count * other.get(run, 0) for run, count in one.items())
        squares = [sum(count * count for count in each.values()) for each in (one, other)]
        a, b = map(math.sqrt, squares)
        return (a, b, math.sqrt(squares[0] + squares[1] - 2 * dot), dot / (a * b)), (math.nan, math.nan)


class _Features(_Measured):
    """The features that a source makes of what a model reads."""

    def __init__(self, wholes: Sequence[Any], read: Sequence[Any], reader: Reader, source: Gradients | States) -> None:
        self._given, places = distinct(reader, read)
        known = {reader.key(prompt): prompt for prompt in wholes}
        tokens = {k: reader.tokens(prompt) for k, prompt in enumerate(known.values())}
        super().__init__(_numbered([reader.key(prompt) for prompt in wholes]), places, tokens)
        self._reader, self._source, self.name = reader, source, reader.name
        self._held: OrderedDict[int, tuple[Tensor, float]] = OrderedDict()

    def ready(self) -> AbstractContextManager[None]:
        return self._reader.evaluating()

    def about(self) -> dict[str, Any]:
        return self._source.about() | {"distinct": len(self._given)}

    def request(self) -> dict[str, Any]:
        more = {"parameters": list(self._source.names)} if isinstance(self._source, Gradients) else {}
        found = {"model": self._reader.fingerprint(), "output": self._reader.asked(), "inputs": digest(self._given)}
        return {**super().request(), **found, **more}

    def compare(self, first: int, second: int) -> tuple[_Compared, tuple[float, float]]:
        (one, said), (other, says) = self._feature(first), self._feature(second)
        squares = np.zeros(3)  # of the two lengths, and of the distance
        dot = 0.0
        for start in range(0, len(one), _BLOCK):
            u, v = (each[start : start + _BLOCK].double().numpy() for each in (one, other))
            squares += [u @ u, v @ v, (u - v) @ (u - v)]
            dot += float(u @ v)
        a, b, distance = np.sqrt(squares).tolist()
        cosine = min(1.0, max(-1.0, dot / (a * b))) if a * b > 0 else math.nan
        return (a, b, distance, cosine), (said, says)

    def _feature(self, k: int) -> tuple[Tensor, float]:
        if k not in self._held:
            rows, said = self._source.rows([self._given[k]], k)
            self._held[k] = rows[0], said[0]
            if len(self._held) > _HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(k)
        return self._held[k]


def _numbered(values: Sequence[Hashable]) -> list[int]:
    """Equal values with equal numbers, in the order in which they come."""
    places: dict[Hashable, int] = {}
    return [places.setdefault(value, len(places)) for value in values]
