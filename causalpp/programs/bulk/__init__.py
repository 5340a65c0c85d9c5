"""Candidate graphs in bulk: every graph of a batch fitted to one frame, and set to work, at once."""

from causalpp.programs.bulk._base import BatchEffects, Normals, ProgramBatch
from causalpp.programs.bulk._compiling import compile_batch
from causalpp.programs.bulk._gaussian import GaussianBatch
from causalpp.programs.bulk._mixed import MixedBatch
from causalpp.programs.bulk._tables import TableBatch

__all__ = ["BatchEffects", "GaussianBatch", "MixedBatch", "Normals", "ProgramBatch", "TableBatch", "compile_batch"]
