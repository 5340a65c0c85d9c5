"""Design: which question to ask next, and how few could do."""

from causalpp.design.bounds import capacity, divergence, question_bound
from causalpp.design.information import binary_entropy, expected_information_gain

__all__ = ["binary_entropy", "capacity", "divergence", "expected_information_gain", "question_bound"]
