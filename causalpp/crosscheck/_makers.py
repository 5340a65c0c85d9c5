"""From what calibrate is given to an oracle for every world."""

from __future__ import annotations

from collections.abc import Callable

from causalpp.crosscheck.worlds import World
from causalpp.errors import InvalidParameter
from causalpp.oracles import Oracle

__all__ = ["maker", "needs_premise"]


def maker(oracle: Oracle | Callable[[World], Oracle], random: bool) -> Callable[[World], Oracle]:
    """What makes an oracle for a world.

    Raises:
        InvalidParameter: neither an oracle nor a function; an oracle that knows only one world, and worlds are random.
    """
    if not isinstance(oracle, Oracle):
        if not callable(oracle):
            raise InvalidParameter(f"give an oracle, or a function that makes one for a world, not {oracle!r}")
        return oracle
    about = getattr(oracle, "about", None)
    if about is not None:
        return lambda world: about(world.dag, world.description, world.seed)
    if random:
        raise InvalidParameter(
            f"this {oracle.nature} oracle knows one world: name it, as in calibrate(oracle, worlds=['asia']), or give "
            "a function that makes an oracle for a world"
        )
    return lambda world: oracle  # noqa: ARG005


def needs_premise(oracle: Oracle | Callable[[World], Oracle]) -> bool:
    """Whether an oracle that was given itself knows nothing of a random world without its premise.

    Raises:
        InvalidParameter: a language model that would not be told the premise.
    """
    from causalpp.oracles import LanguageModelOracle

    if not isinstance(oracle, LanguageModelOracle):
        return False
    if oracle.anonymize:
        raise InvalidParameter(
            "random worlds have no names to replace, and with anonymize=True a premise is not told: leave it out, or "
            "name worlds, as in worlds=['asia']"
        )
    return True
