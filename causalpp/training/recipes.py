"""Ways of post-training that TRL carries out: by right replies, by pairs, by verdicts, by rewards."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal, Unpack

import numpy as np

from causalpp.errors import InvalidParameter
from causalpp.language import LoadedModel
from causalpp.tasks import Item
from causalpp.training._trl import Source, by_trl
from causalpp.training.answering import replies
from causalpp.training.checkpoint import Checkpoint
from causalpp.training.examples import Layout, Row, demonstrations, judged, preferences
from causalpp.training.rewards import rewarding, rewards_of
from causalpp.training.settings import Options, Settings

__all__ = ["dpo", "grpo", "kto", "sft"]

_Folder = str | os.PathLike[str] | None
Wrong = Literal["own", "near"]
_FINITE = ("beta", "desirable", "undesirable", "temperature", "max_tokens")


def sft(
    model: Source,
    items: Sequence[Item],
    folder: _Folder = None,
    *,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Checkpoint:
    """Supervised fine-tuning: the model learns to write the right replies.

    The loss is the cross entropy of the reply's tokens; the prompt has none.

    Args:
        model: to begin with: a pair ``(model, tokenizer)``, a folder, a name, a GGUF file, a :class:`Checkpoint`.  One
            in memory stays as it was.
        items: to learn from.
        folder: for the trained model, and on the way for states: the same call goes on from the last one if it was
            interrupted, and gives the model if it was not.  None takes a temporary one, which goes with the checkpoint.
        progress: False shows no bar.
        **options: see :class:`Settings`.

    Raises:
        InvalidData: no items, one without a target, replies whose words the tokenizer does not know.
        InvalidParameter: a setting that makes no sense; a folder that holds something else.
        MissingDependency: trl, peft or datasets is not installed: ``pip install 'causalpp[train]'``.
        TrainingError: the loss is no number, or the folder cannot be written to; states saved before are kept.

    Warns:
        TruncatedWarning: prompts are longer than ``max_length`` and lost their beginning.
    """
    return by_trl(
        "sft",
        model,
        items,
        folder,
        Settings().changed(options),
        progress,
        trainer="SFT",
        rows=lambda items, layout, _: demonstrations(items, layout),
        more={},
        told={"max_length": None, "completion_only_loss": True, "packing": False},
        given={},
    )


def dpo(
    model: Source,
    items: Sequence[Item],
    folder: _Folder = None,
    *,
    beta: float = 0.1,
    wrong: Wrong = "own",
    likelihood: float = 0.0,
    max_tokens: int = 16,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Checkpoint:
    """Direct preference optimisation: the right reply is to become likelier than a wrong one, item by item.

    Where preferences follow a reward r, the loss is least at p(reply) ∝ p₀(reply) exp(r / β): the model to begin with,
    tilted (Rafailov et al., NeurIPS 2023, eq. 4).

    Args:
        model, items, folder, progress: see :func:`sft`.
        beta: how much a departure from the model to begin with costs.
        wrong: ``"own"`` has the model to begin with reply once to each item, and takes what was wrong, elsewhere a near
            miss; ``"near"`` takes near misses throughout: what the item says is near, or what is right for another.
        likelihood: the weight of the right reply's cross entropy, which is added to the loss.
        max_tokens: of a reply of the model's own.
        **options: see :class:`Settings`.

    Raises:
        InvalidData: as :func:`sft`; an item of which no wrong reply is known.
        InvalidParameter, MissingDependency, TrainingError: as :func:`sft`.
    """
    _positive("beta", beta)
    _known("wrong", wrong)
    if not 0 <= likelihood < float("inf"):
        raise InvalidParameter(f"likelihood is a weight from 0 on, got {likelihood!r}")
    settings = Settings(learning_rate=1e-4).changed(options)
    weighted = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, likelihood]} if likelihood else {}
    return by_trl(
        "dpo",
        model,
        items,
        folder,
        settings,
        progress,
        trainer="DPO",
        rows=lambda items, layout, loaded: preferences(
            items, layout, settings.seed, _said(wrong, loaded, items, max_tokens, settings.seed)
        ),
        more={"beta": beta, "wrong": wrong, "likelihood": likelihood, "max_tokens": max_tokens},
        told={"beta": beta, "max_length": None, **weighted},
        given={},
    )


def kto(
    model: Source,
    items: Sequence[Item],
    folder: _Folder = None,
    *,
    beta: float = 0.1,
    desirable: float = 4.0,
    undesirable: float = 1.0,
    wrong: Wrong = "own",
    max_tokens: int = 16,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Checkpoint:
    """Kahneman–Tversky optimisation: replies with a verdict each, right or wrong, and no pairs.

    Ethayarajh et al., ICML 2024.

    Args:
        model, items, folder, progress: see :func:`sft`.
        beta: how much a departure from the model to begin with costs.
        desirable, undesirable: the weights of right and of wrong replies.  At equal weights, we think, what a model
            that does not know better is drawn to and pushed from cancels, and the rest, which has no bound, decides;
            single trainings, which disagree, are all that speaks for these defaults.
        wrong, max_tokens: where wrong replies come from: ``"own"``, from what the model to begin with replied where
            that was wrong, and from nowhere else; ``"near"``, see :func:`dpo`.
        **options: see :class:`Settings`.

    Raises:
        InvalidData, InvalidParameter, MissingDependency, TrainingError: as :func:`dpo`.
    """
    for name, value in (("beta", beta), ("desirable", desirable), ("undesirable", undesirable)):
        _positive(name, value)
    _known("wrong", wrong)
    settings = Settings(learning_rate=1e-4).changed(options)
    weights = {"beta": beta, "desirable": desirable, "undesirable": undesirable}
    return by_trl(
        "kto",
        model,
        items,
        folder,
        settings,
        progress,
        trainer="KTO",
        rows=lambda items, layout, loaded: judged(
            items, layout, settings.seed, _said(wrong, loaded, items, max_tokens, settings.seed)
        ),
        more={**weights, "wrong": wrong, "max_tokens": max_tokens},
        told={"beta": beta, "max_length": None, "desirable_weight": desirable, "undesirable_weight": undesirable},
        given={},
    )


def grpo(
    model: Source,
    items: Sequence[Item],
    folder: _Folder = None,
    *,
    reward: Any = None,
    group: int = 8,
    beta: float = 0.0,
    clip: float = 0.2,
    temperature: float = 1.0,
    max_tokens: int = 16,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Checkpoint:
    """Group relative policy optimisation: replies are drawn, and become likelier the better they are in their group.

    The advantage of a reply is its reward less the mean of its group (Shao et al., 2024), divided by the group's
    standard deviation.

    Args:
        model, items, folder, progress: see :func:`sft`.
        reward: replies and their items → what each is worth; by default :class:`Reward`, the item's scorer and
            something for a reply that can be read.
        group: replies that are drawn to an item; ``batch_size`` counts replies and is a multiple of it.
        beta: how much a departure from the model to begin with costs.
        clip: how far the probability of a reply may move in a step, as a share.
        temperature: of the draws.
        max_tokens: of a reply.
        **options: see :class:`Settings`.

    Raises:
        InvalidParameter: a batch that is not made of whole groups; and as :func:`sft`.
        InvalidData, MissingDependency, TrainingError: as :func:`sft`.
    """
    settings = Settings(learning_rate=1e-4, batch_size=64).changed(options)
    for name, value in (("clip", clip), ("temperature", temperature), ("max_tokens", max_tokens)):
        _positive(name, value)
    if not 0 <= beta < float("inf"):
        raise InvalidParameter(f"beta is a number from 0 on, got {beta!r}")
    if not isinstance(group, int) or group < 2 or settings.batch_size % group:
        raise InvalidParameter(
            f"a group has at least two replies and a batch whole groups, got group={group} and "
            f"batch_size={settings.batch_size}"
        )
    worth, listed = rewarding(reward), list(items)

    def rewarded(completions: Sequence[str], index: Sequence[int], **_: Any) -> list[float]:
        return rewards_of(worth, completions, [listed[k] for k in index])

    def rows(items: Sequence[Item], layout: Layout, _: LoadedModel) -> list[Row]:
        """All that are asked in the whole training, in their order: TRL's sampler begins anew where it goes on."""
        draw, texts = np.random.default_rng(settings.seed), layout.prompts(items, max_tokens)
        wanted = settings.steps * settings.batch_size // group
        order = np.concatenate([draw.permutation(len(texts)) for _ in range(-(-wanted // len(texts)))])[:wanted]
        return [{"prompt": texts[k], "index": int(k)} for k in order]

    more = {"reward": repr(worth), "group": group, "beta": beta, "clip": clip, "temperature": temperature}
    return by_trl(
        "grpo",
        model,
        items,
        folder,
        settings,
        progress,
        trainer="GRPO",
        rows=rows,
        more={**more, "max_tokens": max_tokens},
        told={
            "beta": beta,
            "epsilon": clip,
            "num_generations": group,
            "temperature": temperature,
            "max_completion_length": max_tokens,
            "loss_type": "grpo",
            "disable_dropout": True,
            "remove_unused_columns": False,
            "shuffle_dataset": False,
        },
        given={"reward_funcs": rewarded},
    )


def _said(wrong: Wrong, loaded: LoadedModel, items: Sequence[Item], max_tokens: int, seed: int) -> list[str] | None:
    """What the model to begin with replies, one draw an item; None where nobody wants to know."""
    return replies(loaded, items, max_tokens=max_tokens, temperature=1.0, seed=seed) if wrong == "own" else None


def _known(name: str, value: str) -> None:
    if value not in ("own", "near"):
        raise InvalidParameter(f"{name} is 'own' or 'near', got {value!r}")


def _positive(name: str, value: float) -> None:
    if not value > 0 or (name in _FINITE and value == float("inf")):
        raise InvalidParameter(f"{name} is a number greater than zero, got {value!r}")
