"""What determines a language model's answers, and what a journal knows them by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from causalpp.language import Backend, Sampling
from causalpp.oracles.prompts import Prompts, Writer
from causalpp.propositions import Direction
from causalpp.propositions.wording import WORDINGS

__all__ = ["fingerprint_of", "identity_of"]


def identity_of(backend: Backend, writer: Writer, sampling: Sampling, how: Mapping[str, Any]) -> dict[str, Any]:
    """All that determines answers, as JSON values; ``how`` questions are put is said by the oracle."""
    variables = None if writer.variables is None else list(writer.unordered(writer.variables))
    return {
        **how,
        **backend.identity,
        "labels": list(writer.labels),
        "temperature": sampling.temperature,
        "seed": sampling.seed,
        "max_tokens": sampling.max_tokens,
        "anonymous": writer.anonymous,
        "variables": variables,
        "listing": writer.listing,
        "background": _digest(writer.background),
        "prompts": _digest(f"{writer.prompts.fingerprint}{writer.system}"),
        "directions": writer.prompts.directions,
    }


def fingerprint_of(identity: Mapping[str, Any], writer: Writer, wordings: Sequence[str]) -> str:
    """Text that is the same for oracles that would answer alike; answers of earlier versions are known by the same."""
    said = [(kind, row) for kind, rows in WORDINGS.items() for row in rows if row.style in wordings]
    known = [[kind.__name__, *row] for kind, row in said if kind is not Direction]  # it changes no other answer
    told = dict(identity)
    if told["listing"] == "given" or not writer.listed:
        del told["listing"]  # the prompts are those of 0.2
    if told["directions"] == Prompts().directions:
        del told["directions"]  # as they ship
    whole = json.dumps([told, known], sort_keys=True, default=str)
    return f"language model:{hashlib.sha256(whole.encode()).hexdigest()[:16]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
