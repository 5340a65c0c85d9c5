"""Random orders and numbers that are the same on every machine and with every release of NumPy.

NumPy promises to keep the uniform numbers of a seeded generator, not what it makes of them.
"""

from __future__ import annotations

import numpy as np

__all__ = ["Source"]


class Source:
    """A source of random numbers for one purpose.

    Args:
        key: numbers that name the purpose, such as a seed and a size.

    Example:
        >>> Source(0, 7).order(4), Source(0, 7).below(10)
        ([0, 3, 1, 2], 0)
    """

    def __init__(self, *key: int) -> None:
        self._generator = np.random.default_rng(list(key))

    def order(self, n: int) -> list[int]:
        """The numbers below n in random order."""
        return [int(k) for k in self._generator.random(n).argsort(kind="stable")]

    def below(self, n: int) -> int:
        """A number below n, each as likely as any other."""
        return int(self._generator.random() * n)
