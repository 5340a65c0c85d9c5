"""What is learned of a model on some networks, used on another: held-out gains, and priors kept in files."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from causalpp._files import about, read_text, write_text
from causalpp._plain import plain
from causalpp.belief import Belief, Channel
from causalpp.belief.channels import Potentials, PotentialsPrior
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import FormatError, InvalidParameter
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles import Answer

__all__ = ["HeldOut", "Told", "held_out", "read_prior", "write_priors"]

#: A network whose graph is known, and the answers about it.
Told: TypeAlias = "tuple[Dag, Sequence[Answer]]"
_FORMAT = "causalpp.potentials-priors"


@dataclass(frozen=True)
class HeldOut:
    """What answers about one network say of its graph, with a channel that was fitted to other networks.

    Attributes:
        network: its name.
        members: of its class, equally probable beforehand.
        bits: log₂ of the true member's probability over 1/members: 0 is what the class alone tells.
        probability: of the true member.
        confidence: of the most probable member.
        right: whether that is the true one.
        belief: all of it.
    """

    network: str
    members: int
    bits: float
    probability: float
    confidence: float
    right: bool
    belief: Belief = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The numbers as plain values."""
        names = ("network", "members", "bits", "probability", "confidence", "right")
        found: dict[str, Any] = plain({name: getattr(self, name) for name in names})
        return found


def held_out(
    networks: Mapping[str, Told],
    fit: Callable[[list[Told]], Channel] | None = None,
    *,
    among: Iterable[str] | None = None,
    most: int = 5000,
) -> list[HeldOut]:
    """What answers tell about each network's graph beyond its class, by what the other networks teach of the model.

    Args:
        networks: name → graph and answers.
        fit: the channel that some networks teach; by default :class:`~causalpp.belief.Potentials` with the prior fitted
            to them.  It sees the other networks only.
        among: the networks that are left out in turn; by default all whose variables are all observed.
        most: members of a class; larger classes, and those with a single member, are passed over.

    Raises:
        InvalidParameter: a name that is not there.

    Example:
        >>> from causalpp import Direction
        >>> dag = Dag("ab", [("a", "b")])
        >>> said = [Answer(Direction("a", "b"), True, log_odds=3.0)]
        >>> (first, second) = held_out({"x": (dag, said), "y": (dag, said)})
        >>> first.members, first.right, 0 < first.bits < 1
        (2, True, True)
    """
    fit = fit or (lambda others: Potentials(prior=PotentialsPrior.fit(others)))
    chosen = [name for name, (dag, _) in networks.items() if not dag.latent] if among is None else list(among)
    out = []
    for name in chosen:
        if name not in networks:
            raise InvalidParameter(f"there is no network {name!r} among {', '.join(networks)}")
        dag, answers = networks[name]
        found = MarkovEquivalenceClass.from_dag(dag)
        if not 1 < found.size <= most:
            continue
        channel = fit([told for other, told in networks.items() if other != name])
        members = found.batch()
        belief = Belief.uniform(members, channel).update(list(answers))
        true = DagBatch.from_dags([Dag(members.nodes, dag.edges)]).adjacency
        probability = float(belief.probabilities[(members.adjacency == true).all(-1).all(-1)].sum())
        out.append(
            HeldOut(
                name, found.size, math.log2(max(probability, 1e-300) * found.size), probability, belief.confidence,
                belief.graph == dag, belief,
            )
        )  # fmt: skip
    return out


def write_priors(path: str | os.PathLike[str], priors: Mapping[str, tuple[PotentialsPrior, Mapping[str, Any]]]) -> None:
    """Keep priors in a file of JSON, each with what it was fitted to.

    Args:
        path: the file.
        priors: model → its prior, and plain values that say where it comes from.

    A file of a single prior can also be read by :meth:`PotentialsPrior.from_json`.
    """
    kept = [{**prior.to_dict(), "fitted": {"model": model, **fitted}} for model, (prior, fitted) in priors.items()]
    values = kept[0] if len(kept) == 1 else {"format": _FORMAT, "version": 1, "priors": kept}
    write_text(path, json.dumps(plain(values, finite=True), ensure_ascii=False, indent=2) + "\n")


def read_prior(path: str | os.PathLike[str], model: str | None = None) -> PotentialsPrior:
    """The prior of a model that a calibration left in a file.

    Args:
        path: the file.
        model: whose prior; where the file has only one, it is taken for any model unless one is named.

    Raises:
        FormatError: the file cannot be read, or is no such file.
        InvalidParameter: it has no prior of this model, or several and none is named.
    """
    text = read_text(path)
    with about(path):
        try:
            values = json.loads(text)
            kept = values["priors"] if values.get("format") == _FORMAT else [values]
            named = {str(each.get("fitted", {}).get("model", "")): each for each in kept}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise FormatError("this is no file of priors: causalpp calibrate --save FILE makes one") from None
        if model is None and len(named) == 1:
            return PotentialsPrior.from_dict(next(iter(named.values())))
        if model is not None and model not in named:  # one file may be named by several paths
            model = next((name for name in named if Path(name).name == Path(model).name), model)
        if model not in named:
            raise InvalidParameter(
                f"here are priors of {', '.join(named)}"
                + (
                    ": name one of them"
                    if model is None
                    else f", and none of {model}: fit one by causalpp calibrate --save"
                )
            )
        return PotentialsPrior.from_dict(named[model])
