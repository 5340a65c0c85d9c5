"""Four handwritten digits, of which the first points at one of the others: whose value is the label.

Pointer value retrieval (Zhang et al. 2021), as in Geiger et al. (2022), *Inducing causal structure for interpretable
neural networks*, section 5, on the 8 × 8 digits that come with scikit-learn.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.abstraction.tasks.network import Mlp
from causalpp.abstraction.tasks.task import Task, computed
from causalpp.errors import InvalidParameter
from causalpp.programs import CausalProgram

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["pointer"]

_INPUTS = ("image0", "image1", "image2", "image3")
_HIDDEN = (256, 256, 128)
_TEST = 450  # images
_PLACES = (0, 0, 0, 0, 1, 1, 1, 2, 2, 2)  # 0–3 points at image 1, 4–6 at image 2, 7–9 at image 3


def pointer(part: str = "train") -> Task:
    """Four images of digits; the program reads them, ``digit0`` … ``digit3``, and takes the one pointed at.

    The inputs are numbers of images: 1347 for training, and 450 for testing.

    Args:
        part: ``"train"`` or ``"test"``: of which images ``draw`` draws.

    Raises:
        InvalidParameter: another part.

    Example:
        >>> task = pointer()
        >>> task
        Task('pointer': image0, image1, image2, image3 → digit0, digit1, digit2, digit3 → label)
        >>> task.labels(task.draw(4, np.random.default_rng(0)))
        tensor([3, 9, 8, 2])
    """
    if part not in ("train", "test"):
        raise InvalidParameter(f"the part of the images is 'train' or 'test', not {part!r}")
    return Task(
        name="pointer",
        program=_program(),
        inputs=_INPUTS,
        outcome="label",
        draw=lambda n, draw: _draw(n, draw, part),
        encode=_encode,
        fresh=lambda seed: Mlp(4 * 64, _HIDDEN, 10, seed).eval(),
        steps=3000,
        batch_size=256,
        learning_rate=1e-3,
        decay=0.01,
    )


@cache
def _digits() -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """The images, ``(1797, 64)``, what they show, and an order in which the last 450 are for testing."""
    from sklearn.datasets import load_digits

    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    return (found.data / 16).astype(np.float32), found.target.astype(np.int64), order


def _program() -> CausalProgram:
    shown = torch.as_tensor(_digits()[1])
    places = torch.tensor(_PLACES)

    def read(image: Tensor) -> Tensor:
        return shown[image]

    def pick(d0: Tensor, d1: Tensor, d2: Tensor, d3: Tensor) -> Tensor:
        place = places[d0]
        return torch.where(place == 0, d1, torch.where(place == 1, d2, d3))

    digits = {f"digit{i}": (read, (image,), 10) for i, image in enumerate(_INPUTS)}
    return computed(dict.fromkeys(_INPUTS, len(shown)), **digits, label=(pick, tuple(digits), 10))


def _draw(n: int, draw: np.random.Generator, part: str) -> pd.DataFrame:
    import pandas as pd

    order = _digits()[2]
    images = order[:-_TEST] if part == "train" else order[-_TEST:]
    return pd.DataFrame(draw.choice(images, (n, 4)), columns=list(_INPUTS))


def _encode(frame: pd.DataFrame) -> Tensor:
    return torch.as_tensor(_digits()[0][frame[list(_INPUTS)].to_numpy(dtype=np.int64)])
