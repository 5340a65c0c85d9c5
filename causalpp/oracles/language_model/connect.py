"""A language model by its provider's name, as configurations and the command line say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from causalpp.errors import UnknownName
from causalpp.language import Limits
from causalpp.oracles.language_model.oracle import LanguageModelOracle

__all__ = ["PROVIDERS", "connect"]

#: By what a model can be reached.
PROVIDERS = ("openai", "anthropic", "transformers")


def connect(
    provider: str,
    model: str,
    base_url: str | None = None,
    *,
    temperature: float | None = None,
    seed: int | None = None,
    limits: Limits | None = None,
    extra: Mapping[str, Any] | None = None,
    **options: Any,
) -> LanguageModelOracle:
    """A language model as an oracle, by the name of its provider; what a provider does not take is left out.

    Args:
        provider: one of :data:`PROVIDERS`.
        model: its name at the server, or where it is found.
        base_url: the server's address; by default the provider's own.
        temperature, seed: how words are drawn; by default as the oracle does.  Anthropic's protocol takes no seed.
        limits: of a server.
        extra: further fields of every request to a server.
        options: those of :class:`~causalpp.LanguageModelOracle`.

    Raises:
        UnknownName: no such provider.
        InvalidParameter: an argument that the oracle refuses, such as a temperature with Anthropic's protocol.
    """
    if provider not in PROVIDERS:
        raise UnknownName("provider", provider, PROVIDERS)
    if temperature is not None:
        options["temperature"] = temperature
    if provider == "anthropic":
        return LanguageModelOracle.anthropic(model, base_url, limits=limits, extra=extra, **options)
    if seed is not None:
        options["seed"] = seed
    if provider == "transformers":
        return LanguageModelOracle.transformers(model, **options)
    return LanguageModelOracle.openai(model, base_url, limits=limits, extra=extra, **options)
