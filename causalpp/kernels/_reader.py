"""A model as a function from prompts to numbers, whatever kind of model it is."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import BuiltinFunctionType, CodeType
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from causalpp.errors import InvalidData, InvalidParameter, OracleError
from causalpp.language import LoadedModel, Prompt, load_model
from causalpp.language.backends._labels import LabelTokens
from causalpp.language.backends.loading import first_line, library
from causalpp.language.backends.transformers import TransformersBackend
from causalpp.tasks import Item

__all__ = ["Input", "Output", "Reader", "digest", "distinct", "reader_of"]

#: What the user may say about what a model returns for one prompt: which number is meant.
Output = Callable[[Any], Tensor]
_PIECE = 1 << 24  # numbers brought over at once


@dataclass(frozen=True)
class Input:
    """What a network is given for one prompt, as a batch of one."""

    positional: tuple[Tensor, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)
    length: int = 0


class Reader(ABC):
    """A model that says a number of each prompt, differentiable in its parameters.

    Attributes:
        network: in evaluation mode while it is read.
        name: for messages.
        output: which number is meant, if not the usual one.
    """

    text = True  # whether prompts are texts

    def __init__(self, network: torch.nn.Module, name: str, output: Output | None) -> None:
        self.network, self.name, self.output = network, name, output

    @abstractmethod
    def encode(self, prompt: Any, number: int) -> Input:
        """A prompt as what the network takes; the number is for messages."""

    @abstractmethod
    def usual(self, result: Any) -> Tensor | None:
        """The number that is meant in what the network returned; None if there is none."""

    @abstractmethod
    def head(self) -> torch.nn.Module:
        """The last layer with parameters of its own."""

    @abstractmethod
    def key(self, prompt: Any) -> Hashable:
        """Equal for prompts that are the same to the model."""

    @abstractmethod
    def tokens(self, prompt: Any) -> tuple[Hashable, ...]:
        """What the model reads, piece by piece."""

    def hidden(self, given: Input) -> Tensor:
        """The last layer's states, shape ``(tokens, width)``; of a classifier that tells none, what its head reads.

        Raises:
            InvalidParameter: the model has none.
        """
        read: list[Tensor] = []
        with self.head().register_forward_pre_hook(lambda _, values: read.append(values[0])):
            try:
                result = self.network(*given.positional, **given.named, output_hidden_states=True)
                states: Tensor = result.hidden_states[-1][0]
            except (TypeError, AttributeError, IndexError):
                if not (self.text and read and read[-1].ndim == 2):
                    raise InvalidParameter(
                        f"{self.name} has no hidden states of its tokens: give a language model"
                    ) from None
                states = read[-1]
        return states

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next((p.device for p in self.network.parameters()), torch.device("cpu"))

    def scalar(self, given: Input, parameters: Mapping[str, Tensor] | None = None, *, tied: bool = True) -> Tensor:
        """The number the network says, perhaps with other values of some parameters.

        Raises:
            InvalidParameter: it does not say one number.
        """
        if parameters is None:
            result = self.network(*given.positional, **given.named)
        else:
            named = dict(given.named)
            result = functional_call(self.network, dict(parameters), given.positional, named, tie_weights=tied)
        found = self.usual(result) if self.output is None else self.output(result)
        if not isinstance(found, Tensor) or found.numel() != 1 or not found.is_floating_point():
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            what = "output= gives" if self.output is not None else f"{self.name} gives"
            said = f"{what} {shape} for one prompt" if found is not None else f"{self.name} has no scalar output"
            raise InvalidParameter(
                f"{said}, and a tangent kernel is that of one number: say which by output=, a function of what the "
                "network returns for one prompt"
            )
        return found.reshape(())

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """The network in evaluation mode, and afterwards as it was."""
        modes = {module: module.training for module in self.network.modules()}
        self.network.eval()
        try:
            yield
        finally:
            for module, mode in modes.items():
                module.training = mode

    def fingerprint(self) -> str:
        """Of the network's form, of its weights, and of what is read of them."""
        config: Any = getattr(self.network, "config", None)
        form = config.to_json_string() if hasattr(config, "to_json_string") else ""
        seen = hashlib.sha256(repr((repr(self.network), form, self.asked())).encode())
        for name, value in [*self.network.named_parameters(), *self.network.named_buffers()]:
            seen.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
            for piece in torch.split(value.detach().reshape(-1), _PIECE):
                seen.update(piece.cpu().contiguous().view(torch.uint8).numpy().tobytes())
        return seen.hexdigest()[:16]

    def asked(self) -> str:
        """Which number is meant, in words."""
        return "usual" if self.output is None else _told(self.output)


class _Text(Reader):
    """A network of the transformers library with its tokenizer."""

    def __init__(self, network: Any, tokenizer: Any, name: str, output: Output | None) -> None:
        super().__init__(network, name, output)
        self.tokenizer = tokenizer
        config = network.config.get_text_config()
        known = [getattr(config, key, None) for key in ("max_position_embeddings", "n_positions")]
        found = [n for n in known if isinstance(n, int) and n > 0]
        offset = getattr(config, "pad_token_id", 0) or 0 if config.model_type in _OFFSET else -1
        self.context = found[0] - offset - 1 if found else None

    def encode(self, prompt: Any, number: int) -> Input:
        if not isinstance(prompt, str) or not prompt.strip():
            raise InvalidData(f"prompt {number} is no text: {str(prompt)[:60]!r}")
        ids = self._ids(prompt)
        if self.context is not None and len(ids) > self.context:
            raise InvalidData(
                f"prompt {number} has {len(ids):,} tokens, and {self.name} reads {self.context:,}: take shorter items, "
                "or a model with a longer context"
            )
        row = torch.tensor([ids], device=self.device)
        return Input(named={"input_ids": row, **self._options()}, length=len(ids))

    def key(self, prompt: Any) -> Hashable:
        return str(prompt)

    def tokens(self, prompt: Any) -> tuple[Hashable, ...]:
        return tuple(self._ids(prompt))

    @abstractmethod
    def _ids(self, prompt: str) -> list[int]: ...

    def _options(self) -> dict[str, Any]:
        return {}


#: Kinds whose positions begin after that of the padding.
_OFFSET = frozenset({"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "longformer", "mpnet"})


class Decoder(_Text):
    """A model that goes on writing a text: its number is the log-odds of the first token of a yes against a no.

    Over all spellings that are one token (" yes", "Yes", …), and with one spelling each that is logit yes − logit no.
    """

    def __init__(self, loaded: LoadedModel, output: Output | None, labels: Sequence[str]) -> None:
        super().__init__(loaded.model, loaded.tokenizer, loaded.name, output)
        self._backend = TransformersBackend(loaded)
        self._chat = bool(loaded.tokenizer.chat_template)
        self._sides = (None, None) if output is not None else _sides(loaded, labels)
        self._labels = tuple(labels)

    def _ids(self, prompt: str) -> list[int]:
        shown = self._backend.render(Prompt(prompt))
        return list(self.tokenizer.encode(shown, add_special_tokens=not self._chat))

    def _options(self) -> dict[str, Any]:
        return {"use_cache": False} | ({"logits_to_keep": 1} if self.output is None else {})

    def usual(self, result: Any) -> Tensor | None:
        logits = result.logits[0, -1].float()
        yes, no = (torch.logsumexp(logits[side], dim=0) for side in self._sides)
        return yes - no

    def head(self) -> torch.nn.Module:
        found: torch.nn.Module = self.network.get_output_embeddings()  # type: ignore[operator]
        return found

    def asked(self) -> str:
        return super().asked() if self.output is not None else f"log-odds of {self._labels}"


class Encoder(_Text):
    """A classifier of texts: its number is the logit, or the second of two less the first."""

    def _ids(self, prompt: str) -> list[int]:
        return list(self.tokenizer(prompt, truncation=False)["input_ids"])

    def usual(self, result: Any) -> Tensor | None:
        logits = getattr(result, "logits", None)
        if logits is None or logits.ndim != 2:
            return None
        found: Tensor = logits[0, 1] - logits[0, 0] if logits.shape[-1] == 2 else logits[0]
        return found

    def head(self) -> torch.nn.Module:
        return _last(self.network)


class Plain(Reader):
    """Any other network: prompts are tensors, and its number is what it returns."""

    text = False

    def encode(self, prompt: Any, number: int) -> Input:
        first = next(self.network.parameters(), torch.zeros(()))
        try:
            value = torch.as_tensor(prompt)
        except (TypeError, ValueError, RuntimeError):
            raise InvalidData(
                f"prompt {number} is no tensor, {type(prompt).__name__}: a network without a tokenizer reads numbers; "
                "for texts give the pair (model, tokenizer)"
            ) from None
        value = value.to(first.device, first.dtype) if value.is_floating_point() else value.to(first.device)
        return Input((value[None],), {}, value.numel())

    def usual(self, result: Any) -> Tensor | None:
        found = getattr(result, "logits", result)
        return found if isinstance(found, Tensor) else None

    def head(self) -> torch.nn.Module:
        return _last(self.network)

    def key(self, prompt: Any) -> Hashable:
        value = torch.as_tensor(prompt).detach().cpu().contiguous()
        return tuple(value.shape), str(value.dtype), value.numpy().tobytes()

    def tokens(self, prompt: Any) -> tuple[Hashable, ...]:
        return tuple(torch.as_tensor(prompt).reshape(-1).tolist())


def reader_of(model: Any, output: Output | None = None, labels: Sequence[str] = ("yes", "no")) -> Reader:
    """A model as a reader.

    Raises:
        InvalidParameter, OracleError, MissingDependency: there is no such model, or it cannot be loaded, as
            :func:`causalpp.language.load_model`; or the tokenizer cannot spell the labels.
    """
    if isinstance(model, Reader):
        return model
    if output is not None and not callable(output):
        raise InvalidParameter(f"output= is a function of what the network returns for one prompt, got {output!r}")
    if isinstance(model, torch.nn.Module):
        return Plain(model, type(model).__name__, output)
    source = model.load() if hasattr(model, "folder") and hasattr(model, "load") else model  # a checkpoint knows how
    if isinstance(source, (str, Path)) and _classifies(Path(source).expanduser()):
        source = _load_classifier(Path(source).expanduser())
    if isinstance(source, (tuple, list)) and len(source) == 2 and isinstance(source[0], torch.nn.Module):
        network, tokenizer, name = source[0], source[1], type(source[0]).__name__
    elif isinstance(source, LoadedModel):
        network, tokenizer, name = source.model, source.tokenizer, source.name
    else:
        return Decoder(load_model(source), output, labels)
    writes = getattr(network, "get_output_embeddings", lambda: None)() is not None
    if not writes and hasattr(network, "config") and callable(tokenizer):
        return Encoder(network, tokenizer, name, output)
    modes = {module: module.training for module in network.modules()}
    reader = Decoder(load_model(source), output, labels)
    for module, mode in modes.items():  # loading is for answering: what is in memory stays as it was
        module.training = mode
    return reader


def distinct(reader: Reader, prompts: Sequence[Any]) -> tuple[list[Input], list[int]]:
    """What a network is given for prompts, each once, and which of them each prompt is.

    Raises:
        InvalidData: no prompts, or one that cannot be read.
    """
    if isinstance(prompts, str) or not len(prompts):
        raise InvalidData("there are no prompts: give a sequence of them")
    given: list[Input] = []
    places: dict[Hashable, int] = {}
    rows = []
    for number, each in enumerate(prompts):
        prompt = each.prompt if isinstance(each, Item) else each
        seen = reader.text and isinstance(prompt, str) and prompt in places  # a long text is read once
        encoded = None if seen else reader.encode(prompt, number)
        key = reader.key(prompt)
        if encoded is not None and key not in places:
            places[key] = len(given)
            given.append(encoded)
        rows.append(places[key])
    return given, rows


def _told(value: Any) -> str:
    """A function by what it does and by what it has taken along: two lambdas have the same name."""
    code = getattr(value, "__code__", None)
    if code is None:
        return value.__qualname__ if isinstance(value, BuiltinFunctionType) else repr(value)
    inner = [_code(code), getattr(value, "__defaults__", None), getattr(value, "__kwdefaults__", None)]
    taken = []
    for cell in getattr(value, "__closure__", None) or ():
        try:
            taken.append(_told(cell.cell_contents) if cell.cell_contents is not value else "itself")
        except ValueError:  # not filled yet
            taken.append("")
    return repr((getattr(value, "__qualname__", ""), inner, taken, getattr(value, "__self__", None)))


def _code(code: CodeType) -> tuple[Any, ...]:
    constants = [_code(each) if isinstance(each, CodeType) else each for each in code.co_consts]
    return code.co_code.hex(), constants, code.co_names


def _sides(loaded: LoadedModel, labels: Sequence[str]) -> tuple[list[int], list[int]]:
    """The tokens that say the first label, and those that say the second."""
    if isinstance(labels, str) or len(labels) != 2:
        raise InvalidParameter(f"labels are two words, such as ('yes', 'no'); got {labels!r}")
    tokenizer = loaded.tokenizer
    try:
        known = LabelTokens(labels, lambda text: tokenizer.encode(text, add_special_tokens=False), tokenizer.decode)
    except OracleError:
        known = None
    found = {
        label: [t[0] for t, of in known.sequences.items() if of == label and len(t) == 1] if known else []
        for label in labels
    }
    for label, tokens in found.items():
        if not tokens:
            raise InvalidParameter(
                f"the tokenizer of {loaded.name!r} has no single token for {label!r}: name two labels= that it has, or "
                "say which number is meant by output="
            )
    return found[labels[0]], found[labels[1]]


def _classifies(folder: Path) -> bool:
    try:
        kinds = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures") or [""]
    except (OSError, ValueError, AttributeError):
        return False
    return str(kinds[0]).endswith("ForSequenceClassification")


def _load_classifier(folder: Path) -> LoadedModel:
    transformers = library()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
        network = transformers.AutoModelForSequenceClassification.from_pretrained(str(folder), trust_remote_code=False)
    except Exception as error:  # the library lets through whatever its readers raise
        raise OracleError(
            f"cannot load the classifier in {str(folder)!r}: {first_line(error)}; a checkpoint of our own is given as "
            "the Checkpoint, training.Checkpoint.read(folder)"
        ) from None
    return LoadedModel(network.eval(), tokenizer, str(folder), local=True)


def _last(network: torch.nn.Module) -> torch.nn.Module:
    """The last module with parameters of its own, in the order in which they were made."""
    found = [module for module in network.modules() if any(True for _ in module.parameters(recurse=False))]
    return found[-1] if found else network


def digest(given: Iterable[Input]) -> str:
    """Of what a network is given."""
    seen = hashlib.sha256()
    for each in given:
        for tensor in [*each.positional, *(v for v in each.named.values() if isinstance(v, Tensor))]:
            seen.update(repr(tuple(tensor.shape)).encode() + tensor.cpu().contiguous().numpy().tobytes())
    return seen.hexdigest()[:16]
