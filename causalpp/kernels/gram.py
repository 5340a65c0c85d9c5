"""Gram matrices: what a kernel says of some items, and what a bounded predictor in it can tell apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalpp._plain import plain
from causalpp.errors import FormatError, InvalidData, InvalidParameter
from causalpp.kernels.ridge import Ridge, ridge

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Gram"]

_SYMMETRIC = 1e-8  # of the largest entry: what is further off is no rounding


@dataclass(frozen=True, eq=False, repr=False)
class Gram:
    """The inner products of n items' features, K[i, j] = ⟨φᵢ, φⱼ⟩.

    Attributes:
        values: shape ``(n, n)``, float64, symmetric.
        kind: of the kernel, such as ``"tangent"``.
        outputs: what the model says of each item, shape ``(n,)``; None where there is no model or no such number.
        about: of the model and of how the matrix was made: ``model``, ``parameters``, ``memory`` in bytes, ….

    Raises:
        InvalidData: not a square, symmetric matrix of finite numbers, or a negative diagonal.

    Example:
        >>> gram = Gram(np.array([[4.0, 2.0], [2.0, 1.0]]))  # the features 2 and 1
        >>> float(gram.distances()[0, 1]), float(gram.cosines()[0, 1])
        (1.0, 1.0)
    """

    values: NDArray[np.float64]
    kind: str = "given"
    outputs: NDArray[np.float64] | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float64)
        if values.ndim != 2 or values.shape[0] != values.shape[1] or not len(values):
            raise InvalidData(f"a Gram matrix is square, with a row for each item; got the shape {values.shape}")
        if not np.isfinite(values).all():
            raise InvalidData("a Gram matrix has finite numbers; these are not")
        if np.abs(values - values.T).max() > _SYMMETRIC * np.abs(values).max() or values.diagonal().min() < 0:
            raise InvalidData("a Gram matrix is symmetric with squared lengths on its diagonal; this one is not")
        object.__setattr__(self, "values", (values + values.T) / 2)
        if self.outputs is not None:
            outputs = np.array(self.outputs, dtype=np.float64)
            if outputs.shape != (len(values),):
                raise InvalidData(f"{len(values)} items have as many outputs, got the shape {outputs.shape}")
            object.__setattr__(self, "outputs", outputs)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        norms = self.norms()
        of = f" of {self.about['model']}" if self.about.get("model") else ""
        return f"Gram({self.kind}{of}, {len(self):,} items, ‖φ‖ {norms.min():.3g}…{norms.max():.3g})"

    def norms(self) -> NDArray[np.float64]:
        """The lengths ‖φᵢ‖, shape ``(n,)``."""
        return np.sqrt(self.values.diagonal())

    def distances(self) -> NDArray[np.float64]:
        """The distances ‖φᵢ − φⱼ‖, shape ``(n, n)``; exactly 0 between items with the same features.

        They come out of differences of the entries, so that what is nearer than some 1e-8 of the lengths is rounding.
        """
        squares = self.values.diagonal()
        found = squares[:, None] + squares[None, :] - 2 * self.values
        return np.sqrt(np.maximum(found, 0.0))

    def cosines(self) -> NDArray[np.float64]:
        """The similarities ⟨φᵢ, φⱼ⟩ / ‖φᵢ‖‖φⱼ‖, shape ``(n, n)``; NaN for an item without features."""
        norms = self.norms()
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.clip(self.values / np.outer(norms, norms), -1.0, 1.0)

    def centred(self) -> NDArray[np.float64]:
        """The inner products about the mean feature, shape ``(n, n)``."""
        rows = self.values - self.values.mean(axis=0)
        found: NDArray[np.float64] = rows - rows.mean(axis=1, keepdims=True)
        return found

    def alignment(self, other: Gram) -> float:
        """How alike two kernels are on the same items: the cosine of their centred matrices, from 0 to 1.

        Source: Cortes, Mohri & Rostamizadeh, *Algorithms for learning kernels based on centered alignment*, JMLR 13,
        2012, definition 4; 1 for kernels that differ by a factor and a shift of all features.

        Raises:
            InvalidData: the other one is about another number of items, or all features of one are equal.

        Example:
            >>> gram = Gram(np.array([[4.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
            >>> round(gram.alignment(Gram(3 * gram.values)), 12)
            1.0
        """
        self._same_items(other)
        mine, theirs = self.centred(), other.centred()
        lengths = np.linalg.norm(mine) * np.linalg.norm(theirs)
        if not lengths > 0:
            raise InvalidData("all items have the same features in one of the kernels: nothing can be aligned")
        return float((mine * theirs).sum() / lengths)

    def change(self, other: Gram) -> float:
        """How far another kernel is from this one: ‖K′ − K‖ / ‖K‖, of Frobenius.  In lazy training it stays near 0.

        Raises:
            InvalidData: the other one is about another number of items, or this one is zero.

        Example:
            >>> gram = Gram(np.eye(2))
            >>> gram.change(Gram(1.5 * np.eye(2)))
            0.5
        """
        self._same_items(other)
        length = np.linalg.norm(self.values)
        if not length > 0:
            raise InvalidData("the kernel is zero on all items: no change is relative to it")
        return float(np.linalg.norm(other.values - self.values) / length)

    def ridge(self, targets: ArrayLike, penalty: float | Sequence[float], train: Sequence[int] | None = None) -> Ridge:
        """Kernel ridge regression along a path of penalties λ; see :func:`causalpp.kernels.ridge`.

        Args:
            targets: what the items to learn from are to be, shape ``(m,)``; they are not centred.
            penalty: λ, or several, all from 0 on.
            train: which items are learned from; all by default.  All are predicted.
        """
        return ridge(self.values, targets, penalty, train)

    def part(self, items: Sequence[int]) -> Gram:
        """The matrix of some of the items, in that order.

        Raises:
            InvalidParameter: none, or no such items.
        """
        rows = np.asarray(items)
        if rows.ndim != 1 or not len(rows) or rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= len(self):
            raise InvalidParameter(f"parts are numbers of items from 0 to {len(self) - 1}")
        outputs = None if self.outputs is None else self.outputs[rows]
        return Gram(self.values[np.ix_(rows, rows)], self.kind, outputs, self.about)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {"kind": self.kind, "values": self.values, "outputs": self.outputs, "about": dict(self.about)}

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text, with all digits."""
        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Gram:
        """The inverse of :meth:`to_json`.

        Raises:
            FormatError: it is no such text.
        """
        try:
            read = json.loads(text)
            return cls(np.array(read["values"], dtype=np.float64), read["kind"], read["outputs"], read["about"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"this is no Gram matrix: {error}") from None

    def plot(self) -> Figure:
        """The similarities, item by item, and the distances of all pairs."""
        from causalpp.kernels.drawing import gram_figure

        return gram_figure(self)

    def _same_items(self, other: Gram) -> None:
        if len(self) != len(other):
            raise InvalidData(f"one kernel is about {len(self):,} items and the other about {len(other):,}")
