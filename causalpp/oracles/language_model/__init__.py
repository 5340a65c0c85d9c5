"""Language models as oracles: from a proposition to a prompt, and from a reply to an answer."""

from causalpp.language.reading import LABELS
from causalpp.oracles.language_model._reader import cut_off
from causalpp.oracles.language_model.connect import connect
from causalpp.oracles.language_model.estimating import Estimate, estimate, looks, of_prompt
from causalpp.oracles.language_model.oracle import LanguageModelOracle
from causalpp.oracles.language_model.panels import read_panel
from causalpp.oracles.language_model.reading import read_reply

__all__ = [
    "LABELS", "Estimate", "LanguageModelOracle", "connect", "cut_off", "estimate", "looks", "of_prompt",
    "read_panel", "read_reply",
]  # fmt: skip
