"""Proximal policy optimisation, which TRL no longer has: a value head, a clipped ratio, generalised advantages."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

import torch
from torch import Tensor, nn

from causalpp._files import write_text
from causalpp._progress import Progress
from causalpp.errors import InvalidParameter, TrainingError
from causalpp.language import LoadedModel
from causalpp.tasks import Item
from causalpp.training._trl import Source, adapters, begun, checked, layout_of, no_number, numbers
from causalpp.training._workspace import Workspace
from causalpp.training.checkpoint import Checkpoint
from causalpp.training.rewards import rewarding, rewards_of
from causalpp.training.settings import Options, Settings

__all__ = ["advantages_of", "policy_loss", "ppo"]

_VALUE_WEIGHT = 0.5
_GRADIENT = 1.0  # the norm at which a gradient is cut


def advantages_of(
    rewards: Tensor, values: Tensor, mask: Tensor, discount: float = 1.0, gae: float = 0.95
) -> tuple[Tensor, Tensor]:
    """Generalised advantages and the returns that the value head is to learn, shape ``(B, T)`` both.

    A_t = Σ_k (γλ)^k δ_{t+k} with δ_t = r_t + γ V_{t+1} − V_t, and V = 0 after the last token (Schulman et al., ICLR
    2016, eq. 16).  With λ = 1 it is the reward to come less the value: REINFORCE with a baseline.

    Args:
        rewards, values: of every token, shape ``(B, T)``.
        mask: which tokens belong to the reply; they are the first ones of a row.
        discount: γ.
        gae: λ.

    Example:
        >>> a, r = advantages_of(torch.tensor([[0.0, 1.0]]), torch.tensor([[0.5, 0.25]]), torch.ones(1, 2), gae=1.0)
        >>> a.tolist(), r.tolist()
        ([[0.5, 0.75]], [[1.0, 1.0]])
    """
    values = values * mask
    following = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
    delta = (rewards + discount * following - values) * mask
    out, running = torch.zeros_like(delta), torch.zeros_like(delta[:, 0])
    for t in reversed(range(delta.shape[1])):
        running = delta[:, t] + discount * gae * running * mask[:, t]
        out[:, t] = running
    return out, out + values


def policy_loss(new: Tensor, old: Tensor, advantages: Tensor, mask: Tensor, clip: float) -> Tensor:
    """The clipped surrogate, to be made small: −mean min(ρA, clip(ρ, 1 ± ε)A) with ρ = p_new / p_old.

    Schulman et al., 2017, eq. 7.  Where p_new = p_old its gradient is −mean A ∇log p, whatever ε: that of REINFORCE.

    Args:
        new, old: log-probabilities of the tokens, shape ``(B, T)``.
        advantages: of the tokens.
        mask: which of them count.
        clip: ε; infinite clips nothing.
    """
    ratio = torch.exp(new - old)
    clipped = ratio.clamp(1 - clip, 1 + clip) if clip < float("inf") else ratio
    worth = torch.minimum(ratio * advantages, clipped * advantages)
    return -(worth * mask).sum() / mask.sum().clamp(min=1)


def ppo(
    model: Source,
    items: Sequence[Item],
    folder: str | os.PathLike[str] | None = None,
    *,
    reward: Any = None,
    beta: float = 0.02,
    clip: float = 0.2,
    epochs: int = 2,
    discount: float = 1.0,
    gae: float = 0.95,
    temperature: float = 1.0,
    max_tokens: int = 16,
    progress: bool | None = None,
    **options: Unpack[Options],
) -> Checkpoint:
    """Proximal policy optimisation: replies are drawn, and become likelier the better they are than was expected.

    What is expected is learned beside: a value head on the model's last layer.  Each token costs β times the
    logarithm of how much likelier it is than for the model to begin with; the reward comes with the last.

    Args:
        model, items, folder, progress: see :func:`~causalpp.training.sft`.
        reward: replies and their items → what each is worth; by default :class:`~causalpp.training.Reward`.
        beta: how much a departure from the model to begin with costs.
        clip: how far the probability of a token may move in a step, as a share; infinite sets no bound.
        epochs: how often a batch of replies is learned from.
        discount, gae: γ and λ of the advantages, see :func:`advantages_of`.
        temperature: of the draws.
        max_tokens: of a reply.
        **options: see :class:`~causalpp.training.Settings`; ``batch_size`` counts replies.

    Raises:
        InvalidData, InvalidParameter, MissingDependency, TrainingError: as :func:`~causalpp.training.sft`.
    """
    settings = Settings(learning_rate=1e-4, batch_size=64).changed(options)
    for name, value in (("clip", clip), ("temperature", temperature), ("epochs", epochs), ("max_tokens", max_tokens)):
        if not value > 0 or (name != "clip" and value == float("inf")):
            raise InvalidParameter(f"{name} is a number greater than zero, got {value!r}")
    if not (0 <= beta < float("inf") and 0 <= discount <= 1 and 0 <= gae <= 1):
        raise InvalidParameter(f"beta is not negative, discount and gae lie between 0 and 1: {beta}, {discount}, {gae}")
    rule = _Rule(rewarding(reward), beta, clip, epochs, discount, gae, temperature, max_tokens)
    listed = checked(items)
    with begun("ppo", model, listed, folder, settings, rule.to_dict()) as (place, loaded):
        if (done := place.finished) is not None:
            return done
        texts = layout_of(loaded, settings, listed).prompts(listed, max_tokens)
        run = _Run(loaded, settings, rule, place)
        with Progress("ppo", settings.steps, progress, after=1.0) as bar, run.drawing():
            bar.reach(run.step)
            while run.step < settings.steps:
                chosen = run.chosen(len(listed))
                run.once([texts[k] for k in chosen], [listed[k] for k in chosen])
                bar.reach(run.step)
        return place.finish(run.merged(), loaded.tokenizer, run.points)


@dataclass(frozen=True)
class _Rule:
    """What is particular to the recipe."""

    reward: Any
    beta: float
    clip: float
    epochs: int
    discount: float
    gae: float
    temperature: float
    max_tokens: int

    def to_dict(self) -> dict[str, Any]:
        told = {name: value for name, value in vars(self).items() if name != "reward"}
        return {**told, "reward": repr(self.reward)}


class _Run:
    """A training on its way: weights, value head, optimiser, curve, and the state of the draws."""

    def __init__(self, loaded: LoadedModel, settings: Settings, rule: _Rule, place: Workspace) -> None:
        self.settings, self.rule, self.place, self.tokenizer = settings, rule, place, loaded.tokenizer
        torch.manual_seed(settings.seed)
        # Without dropout: what is learned from are the probabilities with which replies were drawn.
        self.model = _with_adapters(loaded.model, settings.lora).eval()
        self.before = None if settings.lora or not rule.beta else copy.deepcopy(loaded.model).eval()
        hidden = int(loaded.model.get_input_embeddings().weight.shape[1])
        self.value = nn.Linear(hidden, 1).to(loaded.device)
        nn.init.zeros_(self.value.weight)
        nn.init.zeros_(self.value.bias)
        learned = [each for each in self.model.parameters() if each.requires_grad]
        self.optimiser = torch.optim.AdamW(
            [*learned, *self.value.parameters()], lr=settings.learning_rate, weight_decay=0
        )
        self.step, self._draws = 0, torch.Generator().manual_seed(settings.seed)
        self.points: list[dict[str, float]] = []
        self._since: list[Mapping[str, float]] = []
        self._go_on()

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """With the draws of replies in a state of their own: what else draws in this process is not disturbed."""
        device = next(self.model.parameters()).device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            yield

    def chosen(self, items: int) -> list[int]:
        """Which items are replied to in this step."""
        return [int(k) for k in torch.randint(items, (self.settings.batch_size,), generator=self._draws)]

    def once(self, texts: Sequence[str], items: Sequence[Item]) -> None:
        """A step: replies, their worth, and what is learned from them."""
        torch.manual_seed(self.settings.seed * 1_000_003 + self.step)  # the same draws after an interruption
        with numbers(self.place, lambda: self.step + 1):
            rule, ids, mask, start = self.rule, *self._written(texts)
        reply = mask[:, start:].float()
        with torch.no_grad():
            old, values = self._read(ids, mask, start)
            known = self._reference(ids, mask, start) if rule.beta else old
            written = [
                self.tokenizer.decode(row[keep > 0], skip_special_tokens=True)
                for row, keep in zip(ids[:, start:], reply)
            ]
            worth = torch.tensor(rewards_of(rule.reward, written, items), dtype=old.dtype, device=old.device)
            gap = (old - known) * reply
            rewards = -rule.beta * gap
            ends = reply.sum(1).long().clamp(min=1) - 1
            rewards[torch.arange(len(rewards)), ends] += worth
            gains, returns = advantages_of(rewards, values, reply, rule.discount, rule.gae)
        rate = self._rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        for _ in range(rule.epochs):
            new, now = self._read(ids, mask, start)
            off = ((now - returns) ** 2 * reply).sum() / reply.sum().clamp(min=1)
            loss = policy_loss(new, old, gains, reply, rule.clip) + _VALUE_WEIGHT * off
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            norm = nn.utils.clip_grad_norm_([p for g in self.optimiser.param_groups for p in g["params"]], _GRADIENT)
            if not torch.isfinite(loss) or not torch.isfinite(norm):
                raise TrainingError(no_number("loss", self.step + 1, self.place))
            self.optimiser.step()
        self.step += 1
        self._since.append({
            "loss": loss.item(), "reward": float(worth.mean()), "kl": float(gap.sum(1).mean()),
            "grad_norm": norm.item(), "learning_rate": rate,
        })  # fmt: skip
        if self.step % self.settings.log_every == 0 or self.step == self.settings.steps:
            mean = {name: sum(each[name] for each in self._since) / len(self._since) for name in self._since[0]}
            self.points.append({"step": self.step, **mean})
            self._since = []
        if self.step % self.settings.save_every == 0:
            self._save()

    def merged(self) -> Any:
        """The trained model, adapters added."""
        return self.model.merge_and_unload() if self.settings.lora else self.model

    def _rate(self) -> float:
        rising = round(self.settings.warmup * self.settings.steps)
        share = (
            self.step / rising
            if self.step < rising
            else (self.settings.steps - self.step) / (self.settings.steps - rising)
        )
        return self.settings.learning_rate * share

    @torch.no_grad()
    def _written(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, int]:
        """Prompts and replies as tokens, their mask, and where the replies begin."""
        side, self.tokenizer.padding_side = self.tokenizer.padding_side, "left"
        try:
            pad = self.tokenizer.pad_token or self.tokenizer.eos_token
            self.tokenizer.pad_token = pad
            given = self.tokenizer(list(texts), return_tensors="pt", padding=True, add_special_tokens=False)
        finally:
            self.tokenizer.padding_side = side
        device, end = next(self.model.parameters()).device, self.tokenizer.eos_token_id
        ids, mask = given["input_ids"].to(device), given["attention_mask"].to(device)
        out = self.model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=self.rule.max_tokens,
            do_sample=True,
            temperature=self.rule.temperature,
            top_k=0,
            top_p=1.0,
            eos_token_id=end,
            pad_token_id=self.tokenizer.pad_token_id,
        )
        start = ids.shape[1]
        ended = (out[:, start:] == end).long()
        kept = (ended.cumsum(1) - ended == 0).long()  # all up to the first end, and that
        return out, torch.cat([mask, kept], dim=1), start

    def _read(self, ids: Tensor, mask: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """Log-probability and value of each of the reply's tokens, shape ``(B, T)`` both."""
        found = _read(self.model, ids, mask, start, self.rule.temperature, hidden=True)
        return found[0], self.value(found[1]).squeeze(-1)

    def _reference(self, ids: Tensor, mask: Tensor, start: int) -> Tensor:
        model = self.before if self.before is not None else self.model
        with model.disable_adapter() if self.before is None else nullcontext():
            return _read(model, ids, mask, start, self.rule.temperature)[0]

    # --- states -------------------------------------------------------------------------------------------

    def _save(self) -> None:
        place = self.place.states / f"checkpoint-{self.step}"
        place.mkdir(parents=True, exist_ok=True)
        state = {
            "model": dict(self.model.state_dict()),
            "value": self.value.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "draws": self._draws.get_state(),
        }
        torch.save(state, place / "state.pt")
        write_text(place / "trainer_state.json", json.dumps({"step": self.step, "points": self.points}))
        for old in sorted(self.place.states.glob("checkpoint-*"), key=lambda p: int(p.name.rpartition("-")[2]))[:-2]:
            _remove(old)

    def _go_on(self) -> None:
        if (last := self.place.last) is None:
            return
        state = torch.load(last / "state.pt", map_location=next(self.model.parameters()).device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.value.load_state_dict(state["value"])
        self.optimiser.load_state_dict(state["optimiser"])
        self._draws.set_state(state["draws"].cpu())
        told = json.loads((last / "trainer_state.json").read_text(encoding="utf-8"))
        self.step, self.points = told["step"], told["points"]


def _read(
    model: Any, ids: Tensor, mask: Tensor, start: int, temperature: float, *, hidden: bool = False
) -> tuple[Tensor, Tensor]:
    """Log-probabilities of the tokens from ``start`` on, and the last layer where each was chosen."""
    places = (mask.cumsum(1) - 1).clamp(min=0)
    out = model(input_ids=ids, attention_mask=mask, position_ids=places, output_hidden_states=hidden, use_cache=False)
    logits = out.logits[:, start - 1 : -1] / temperature
    chosen = torch.log_softmax(logits.float(), -1).gather(-1, ids[:, start:, None]).squeeze(-1)
    return chosen, out.hidden_states[-1][:, start - 1 : -1].float() if hidden else chosen


def _with_adapters(model: Any, rank: int) -> Any:
    if not rank:
        return model
    from peft import get_peft_model

    return get_peft_model(model, adapters(rank))


def _remove(place: Path) -> None:
    import shutil

    shutil.rmtree(place, ignore_errors=True)
