"""Decoders as networks: program inputs as prompts, and the next token's logits as scores of the outcome's states."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.language import LoadedModel, load_model

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["prompted"]


def prompted(
    model: LoadedModel | tuple[Any, Any], text: str | Callable[[Mapping[str, Any]], str], answers: Sequence[str]
) -> tuple[Callable[[pd.DataFrame], dict[str, Any]], Callable[[Any], Tensor]]:
    """``encode`` and ``decode`` of an alignment with a decoder (a causal language model).

    Prompts are padded on the left, so that ``position="last"`` is the token after which the answer comes, and positions
    count the tokens of the prompt itself.

    Args:
        model: of :func:`causalpp.language.load_model`, or a model and its tokenizer; give its ``.model`` to the
            alignment.
        text: the prompt of a row: a template such as ``"Is {a} greater than {b}? Answer:"``, whose names are columns;
            or a function of the row.
        answers: how each of the outcome's states is said, in the order of the states; their first tokens are scored.

    Raises:
        InvalidParameter: two answers begin with the same token, or one has none.
        UnknownVariable: the template names no column.
    """
    loaded = load_model(model)
    tokenizer, network = loaded.tokenizer, loaded.model
    firsts: list[int] = []
    for answer in answers:
        tokens = tokenizer(answer, add_special_tokens=False)["input_ids"]
        if not tokens:
            raise InvalidParameter(f"the answer {answer!r} has no tokens")
        if tokens[0] in firsts:
            raise InvalidParameter(
                f"the answers {answers[firsts.index(tokens[0])]!r} and {answer!r} begin with the same token, and only "
                "the first one is scored: choose other words"
            )
        firsts.append(int(tokens[0]))
    taken = inspect.signature(network.forward).parameters

    def prompt(row: Mapping[str, Any]) -> str:
        if callable(text):
            return text(row)
        try:
            return text.format(**row)
        except KeyError as error:
            raise UnknownVariable(error.args[0], list(row), what=" in the prompt") from None

    def encode(rows: pd.DataFrame) -> dict[str, Any]:
        texts = [prompt({str(name): value for name, value in row.items()}) for row in rows.to_dict("records")]
        tokens = [tokenizer(one)["input_ids"] for one in texts]
        longest = max(map(len, tokens))
        padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
        ids = torch.tensor([[padding] * (longest - len(one)) + one for one in tokens])
        mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in tokens])
        made: dict[str, Any] = {"input_ids": ids.to(loaded.device), "attention_mask": mask.to(loaded.device)}
        if "position_ids" in taken:
            made["position_ids"] = (made["attention_mask"].cumsum(1) - 1).clamp(min=0)
        if "use_cache" in taken:
            made["use_cache"] = False
        if "logits_to_keep" in taken:
            made["logits_to_keep"] = 1
        return made

    def decode(output: Any) -> Tensor:
        logits: Tensor = output.logits[:, -1]
        return logits[:, firsts].float()

    return encode, decode
