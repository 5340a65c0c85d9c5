"""How a configuration says how a simulated oracle errs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from causalpp.benchmarks.settings import read_settings
from causalpp.errors import FormatError
from causalpp.oracles import noise

__all__ = ["noise_of"]


def noise_of(spec: float | Mapping[str, Any]) -> noise.Noise:
    """The noise that a configuration describes.

    Args:
        spec: a rate of symmetric errors; or a mapping with the name of a family and its parameters.

    Raises:
        FormatError: no such family, or parameters that it does not have.
        InvalidParameter: a rate out of range.

    Example:
        >>> noise_of(0.1), noise_of({"family": "Persistent", "noise": 0.2})
        (Symmetric(error=0.1), Persistent(noise=Symmetric(error=0.2)))
    """
    if not isinstance(spec, Mapping):
        return noise.Symmetric(spec)
    families = ("Symmetric", "Asymmetric", "Persistent", "Correlated", "Adversarial", "YesBias", "Abstaining")
    rest = dict(spec)
    family = rest.pop("family", None)
    if family not in families:
        raise FormatError(f"a noise has a 'family', one of {', '.join(families)}; got {family!r}")
    inner = {key: noise_of(value) if isinstance(value, Mapping) else value for key, value in rest.items()}
    made: noise.Noise = read_settings(getattr(noise, family), inner)
    return made
