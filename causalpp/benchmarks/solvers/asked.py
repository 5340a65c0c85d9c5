"""How a configuration says whom a solver asks: a simulated oracle, or a language model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

from causalpp.benchmarks.keys import canonical, seed_of
from causalpp.benchmarks.settings import read_settings
from causalpp.benchmarks.solvers.base import Solver
from causalpp.benchmarks.solvers.symbolic import class_of
from causalpp.errors import FormatError, InvalidParameter
from causalpp.graphs import Dag
from causalpp.oracles import LanguageModelOracle, Limits, Oracle, SimulatedOracle, noise
from causalpp.tasks import Corr2CauseItem

__all__ = ["Asked", "AskingSolver", "Model", "Simulated", "hidden_graph", "noise_of"]


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


@dataclass(frozen=True)
class Simulated:
    """An oracle that knows a graph and errs as it is told to.

    Attributes:
        noise: a rate of symmetric errors; or a family with its parameters, such as
            ``{family: Persistent, noise: 0.2}``.
        seed: of the errors.

    Raises:
        FormatError, InvalidParameter: no such noise.

    Example:
        >>> Simulated({"family": "Persistent", "noise": 0.2}).described
        'Persistent(noise=Symmetric(error=0.2))'
    """

    noise: float | Mapping[str, Any] = 0.1
    seed: int = 0

    nature = "simulated"
    waits = False

    def __post_init__(self) -> None:
        self._made()

    def _made(self) -> Any:
        return noise_of(self.noise)

    @property
    def described(self) -> str:
        """The noise."""
        return str(self._made())

    def oracle(self, dag: Dag, key: str, premise: str = "") -> Oracle:  # noqa: ARG002
        """An oracle that knows a graph; the same key gives the same errors."""
        return SimulatedOracle(dag, self._made(), seed_of(self.seed, "answers", key))


@dataclass(frozen=True)
class Model:
    """A language model.

    Attributes:
        model: its name at the server, or a folder.
        provider: ``"openai"`` for any server that speaks OpenAI's protocol, ``"anthropic"``, or ``"transformers"`` for
            a model in this process.
        base_url: the server's address; keys are taken from the environment.
        temperature, seed, max_tokens: how words are drawn; ``max_tokens`` by default what the form of the reply needs.
        wordings: how local questions are put, of :data:`causalpp.propositions.STYLES`.
        polarities: ``"positive"``, ``"negated"`` or both.
        concurrency: so many requests at once.
        journal: a file that keeps every answer, so that nothing is asked twice.
        prices: what a million tokens read, and a million written, cost.

    Raises:
        InvalidParameter: an argument out of range.
    """

    model: str
    provider: Literal["openai", "anthropic", "transformers"] = "openai"
    base_url: str | None = None
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int | None = None
    wordings: tuple[str, ...] = ("plain",)
    polarities: tuple[str, ...] = ("positive",)
    concurrency: int = 8
    journal: str | None = None
    prices: tuple[float, float] | None = None

    nature = "language model"

    @property
    def waits(self) -> bool:
        """Whether it is asked over a network."""
        return self.provider != "transformers"

    @property
    def described(self) -> str:
        """The name of the model."""
        return self.model

    def connected(self, mode: str = "answer", temperature: float | None = None) -> LanguageModelOracle:
        """The oracle in this process, one for each way of replying; all that is asked of it shares one connection."""
        return _connected(canonical(asdict(self)), mode, self.temperature if temperature is None else temperature)

    def oracle(self, dag: Dag, key: str, premise: str = "") -> Oracle:  # noqa: ARG002
        """The model asked about the variables of a graph; of the graph itself it learns what the premise says."""
        return self.connected().about(dag, premise)


Asked = Simulated | Model


@lru_cache(maxsize=32)
def _connected(text: str, mode: str, temperature: float) -> LanguageModelOracle:
    settings = read_settings(Model, json.loads(text))
    options: dict[str, Any] = {
        "mode": mode,
        "wordings": list(settings.wordings),
        "polarities": list(settings.polarities),
        "prices": settings.prices,
        "journal": settings.journal,
        "progress": False,
    }
    if settings.max_tokens is not None:
        options["max_tokens"] = settings.max_tokens
    if settings.provider == "anthropic":  # its protocol takes neither temperature nor seed
        limits = Limits(concurrency=settings.concurrency)
        return LanguageModelOracle.anthropic(settings.model, settings.base_url, limits=limits, **options)
    options |= {"temperature": temperature, "seed": settings.seed}
    if settings.provider == "transformers":
        return LanguageModelOracle.transformers(settings.model, **options)
    limits = Limits(concurrency=settings.concurrency)
    return LanguageModelOracle.openai(settings.model, settings.base_url, limits=limits, **options)


@dataclass(frozen=True)
class AskingSolver(Solver):
    """A solver that asks an oracle, and says whom.

    Attributes:
        ask: a simulated oracle or a language model.
    """

    ask: Asked

    @property
    def waits(self) -> bool:  # type: ignore[override]
        return self.ask.waits

    @property
    def oracle_nature(self) -> str:  # type: ignore[override]
        return self.ask.nature

    @property
    def oracle(self) -> str:  # type: ignore[override]
        return self.ask.described


def hidden_graph(item: Corr2CauseItem, seed: int = 0) -> Dag:
    """The graph that a simulated oracle knows: a uniform member of the class, the same for all items of a premise.

    Raises:
        FormatError, ContradictoryStatements, UndeterminedClass, TooLarge: the premise determines no class.
    """
    drawn = class_of(item.premise).sample(1, seed=seed_of(seed, "hidden", item.premise))
    return drawn[0]


def only_models(asked: Asked, solver: str) -> Model:
    """The model, where only a language model will do.

    Raises:
        InvalidParameter: it is another oracle.
    """
    if not isinstance(asked, Model):
        raise InvalidParameter(f"the solver {solver!r} shows a prompt to a language model: 'ask' needs a 'model'")
    return asked
