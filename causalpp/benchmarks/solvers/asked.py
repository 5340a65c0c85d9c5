"""How a configuration says whom a solver asks: a simulated oracle, or a language model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Literal

from causalpp.benchmarks.keys import canonical, seed_of
from causalpp.benchmarks.settings import read_settings
from causalpp.benchmarks.solvers.base import Solver
from causalpp.benchmarks.solvers.symbolic import class_of
from causalpp.errors import CausalppError, FormatError, InvalidParameter
from causalpp.graphs import Dag
from causalpp.language import Budget, Limits, Sampling
from causalpp.language.running import Paced, checked_prices
from causalpp.oracles import LanguageModelOracle, Oracle, SimulatedOracle, noise, ways
from causalpp.oracles.language_model import connect
from causalpp.tasks import Corr2CauseItem, relettered
from causalpp.training import Checkpoint, is_encoder

__all__ = ["Asked", "AskingSolver", "Model", "Simulated", "Spending", "hidden_graph", "noise_of", "settings_of"]


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
class Spending:
    """How much may be asked of a language model; answers that come from a journal are free.

    Attributes:
        questions, tokens, money: the limits; None for no limit.  Money needs prices.
    """

    questions: int | None = None
    tokens: int | None = None
    money: float | None = None


@dataclass(frozen=True)
class Model:
    """A language model.

    Attributes:
        model: its name at the server, or a folder.
        checkpoint: instead, the folder of a training that has ended: the same as this folder and ``"transformers"``.
        provider: ``"openai"`` for any server that speaks OpenAI's protocol, ``"anthropic"``, or ``"transformers"`` for
            a model in this process.
        base_url: the server's address; keys are taken from the environment.
        temperature, seed, max_tokens: how words are drawn; ``max_tokens`` by default what the form of the reply needs.
            Anthropic's protocol takes neither of the first two.
        wordings: how local questions are put, of :data:`causalpp.propositions.STYLES`.
        polarities: ``"positive"``, ``"negated"`` or both.
        concurrency: so many requests at once, of all parts of a run together.
        journal: a file that keeps every answer, so that nothing is asked twice.
        prices: what a million tokens read, and a million written, cost.
        mode: ``"answer"``, or ``"reason"`` for a chain of thought before each answer; solvers that are about the form
            of the reply, such as ``chain-of-thought``, choose their own.
        labels: what can be answered: yes and no, and unsure unless it is left out.
        timeout: seconds after which one attempt is given up.
        retries: further attempts at one question, after errors that may pass.
        requests_per_minute, tokens_per_minute: what the server allows, if it says.
        budget: how much may be asked in the whole run; what is spent ends it, and it can go on later.
        extra: further fields of every request to a server, such as ``{reasoning_effort: low}``.
        listing: ``"drawn"`` lists variables in an order drawn for each prompt and draws the names of Corr2Cause's
            variables among them for each premise; ``"given"`` leaves both as they are, as 0.2 did.

    Raises:
        InvalidParameter: an argument out of range.
    """

    model: str = ""
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
    mode: Literal["answer", "reason"] = "answer"
    labels: tuple[str, ...] = ("yes", "no", "unsure")
    timeout: float = 60.0
    retries: int = 5
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    budget: Spending | None = None
    extra: Mapping[str, Any] | None = None
    listing: Literal["drawn", "given"] = "drawn"
    checkpoint: str | None = None

    nature = "language model"

    def __post_init__(self) -> None:
        if bool(self.model) == (self.checkpoint is not None):
            raise InvalidParameter("a language model has a 'model', or a 'checkpoint', the folder of a training")
        if self.checkpoint is not None:
            Checkpoint.read(self.checkpoint)
            for name, value in (("model", self.checkpoint), ("provider", "transformers"), ("checkpoint", None)):
                object.__setattr__(self, name, value)
        self._limits()
        checked_prices(self.prices, None if self.budget is None else Budget(**asdict(self.budget)))
        Sampling(self.temperature, self.seed, 1 if self.max_tokens is None else self.max_tokens)
        ways(self.wordings, self.polarities)
        if self.provider == "anthropic" and self.temperature != 0:
            raise InvalidParameter("Anthropic's protocol takes no temperature: leave 'temperature' out")

    def _limits(self) -> Limits:
        return Limits(self.concurrency, self.requests_per_minute, self.tokens_per_minute, self.timeout, self.retries)

    @property
    def waits(self) -> bool:
        """Whether it is asked over a network."""
        return self.provider != "transformers"

    @property
    def encoder(self) -> bool:
        """Whether it is the checkpoint of an encoder, which says yes or no and does not write."""
        return self.provider == "transformers" and is_encoder(self.model)

    @property
    def described(self) -> str:
        """The name of the model."""
        return self.model

    def connected(self, mode: str | None = None, temperature: float | None = None) -> LanguageModelOracle:
        """The oracle in this process, one for each way of replying; they share limits, budget and journal.

        Raises:
            InvalidParameter: it is an encoder, which does not write.
        """
        if self.encoder:
            raise InvalidParameter(
                f"{self.model!r} is an encoder, which answers items like those it learned from: use zero-shot"
            )
        drawn = self.temperature if temperature is None else temperature
        return _connected(canonical(asdict(self)), mode or self.mode, drawn)

    def oracle(self, dag: Dag, key: str, premise: str = "") -> Oracle:  # noqa: ARG002
        """The model asked about the variables of a graph; of the graph itself it learns what the premise says."""
        return self.connected().about(dag, premise)


Asked = Simulated | Model


def settings_of(asked: Asked) -> dict[str, Any]:
    """The settings of an oracle as plain values, without those that 0.1 did not have and that are not given.

    Example:
        >>> settings_of(Simulated(0.2)), ["mode" in settings_of(Model("m", mode=mode)) for mode in ("answer", "reason")]
        ({'noise': 0.2, 'seed': 0}, [False, True])
    """
    values = asdict(asked)
    if isinstance(asked, Model):
        new = {field.name: field.default for field in fields(asked) if field.name not in _FIRST} | {"listing": "given"}
        values = {name: value for name, value in values.items() if name not in new or value != new[name]}
    return values


_FIRST = frozenset(
    {"model", "provider", "base_url", "temperature", "seed", "max_tokens", "wordings", "polarities", "concurrency"}
    | {"journal", "prices"}
)


@lru_cache(maxsize=32)
def _connected(text: str, mode: str, temperature: float) -> LanguageModelOracle:
    settings, first = read_settings(Model, json.loads(text)), _shared(text)
    options: dict[str, Any] = {
        "mode": mode,
        "labels": settings.labels,
        "wordings": list(settings.wordings),
        "polarities": list(settings.polarities),
        "prices": settings.prices,
        "journal": settings.journal,
        "budget": first.budget,
        "seed": settings.seed,
        "extra": settings.extra,
        "listing": settings.listing,
        "limits": first.limits,
        "progress": False,
    }
    if settings.max_tokens is not None:
        options["max_tokens"] = settings.max_tokens
    if settings.provider != "anthropic":
        options["temperature"] = temperature
    made = connect(settings.provider, settings.model, settings.base_url, **options)
    made.keeps_pace_with(first)
    return made


class _Shared(Paced):
    """What all that is asked of one model in this process keeps to."""

    def __init__(self, settings: Model) -> None:
        self.limits = settings._limits()
        self.budget = None if settings.budget is None else Budget(**asdict(settings.budget))


@lru_cache(maxsize=32)
def _shared(text: str) -> _Shared:
    return _Shared(read_settings(Model, json.loads(text)))


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

    @property
    def identity(self) -> Mapping[str, Any]:
        return {**super().identity, "ask": settings_of(self.ask)}


def hidden_graph(item: Corr2CauseItem, seed: int = 0) -> Dag:
    """The graph that a simulated oracle knows: a uniform member of the class, the same for all items of a premise.

    Raises:
        FormatError, ContradictoryStatements, UndeterminedClass, TooLarge: the premise determines no class.
    """
    drawn = class_of(item.premise).sample(1, seed=seed_of(seed, "hidden", item.premise))
    return drawn[0]


def lettered(item: Corr2CauseItem, listing: str, seed: int | None = 0) -> Corr2CauseItem:
    """The item as it is put to a language model: with names drawn anew, where the listing is ``"drawn"``.

    An item whose text cannot be read, or would not say the same, stays as it is.
    """
    if listing != "drawn":
        return item
    try:
        return relettered(item, seed or 0)
    except CausalppError:
        return item


def only_models(asked: Asked, solver: str) -> Model:
    """The model, where only a language model will do.

    Raises:
        InvalidParameter: it is another oracle, or an encoder.
    """
    if not isinstance(asked, Model):
        raise InvalidParameter(f"the solver {solver!r} shows a prompt to a language model: 'ask' needs a 'model'")
    if asked.encoder:
        raise InvalidParameter(
            f"the solver {solver!r} is for models that write, and {asked.model!r} is an encoder: use zero-shot"
        )
    return asked
