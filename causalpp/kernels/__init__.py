"""Kernels of models on items, and the obstruction: what a predictor bounded in them can tell apart.

Training that hardly moves the weights is regression in the tangent kernel of the model that one begins with (Jacot et
al. 2018, arXiv 1806.07572), and what looks alike there is told apart by a large norm alone.  :func:`tangent`,
:func:`embedding` and, as the floor, :func:`words` give a :class:`Gram`; :func:`obstruction` measures pairs beside what
they have in common on the surface; :func:`bound` says what that comes to.
"""

from causalpp.kernels.bound import bound, published_bound
from causalpp.kernels.embedding import embedding
from causalpp.kernels.gram import Gram
from causalpp.kernels.measuring import obstruction
from causalpp.kernels.obstruction import Obstruction
from causalpp.kernels.pairs import Pair, edit_distance, near_misses, shared_tokens
from causalpp.kernels.ridge import Ridge, ridge
from causalpp.kernels.tangent import tangent
from causalpp.kernels.words import words

__all__ = [
    "Gram",
    "Obstruction",
    "Pair",
    "Ridge",
    "bound",
    "edit_distance",
    "embedding",
    "near_misses",
    "obstruction",
    "published_bound",
    "ridge",
    "shared_tokens",
    "tangent",
    "words",
]
