"""What a posterior keeps: the rows that it was made of; and the file that it is kept in."""

from causalpp.posterior.kept import files
from causalpp.posterior.kept.rows import Rows

__all__ = ["Rows", "files"]
