"""Prompts: template files, names and descriptions as harmless data, and one question in several wordings."""

from causalpp.oracles.prompts.harness import FORMS, POLARITIES, Way, by_wording, numbered, ways
from causalpp.oracles.prompts.listing import LISTINGS, ORDERS, checked_listing, drawn_order
from causalpp.oracles.prompts.templates import Prompts
from causalpp.oracles.prompts.writer import Writer

__all__ = [
    "FORMS",
    "LISTINGS",
    "ORDERS",
    "POLARITIES",
    "Prompts",
    "Way",
    "Writer",
    "by_wording",
    "checked_listing",
    "drawn_order",
    "numbered",
    "ways",
]
