"""What the recipes converge to, and the steps they take, against the theory; through the recipes themselves."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from causalpp import training
from causalpp.language import LoadedModel
from causalpp.tasks import Exact, Item, Target

sys.path.insert(0, str(Path(__file__).parent))
import tiny

pytest.importorskip("trl")
pytestmark = pytest.mark.slow

PROMPT = "Letter A ?"
ARMS = ("apple", "banana", "cherry")
WORTH = {"apple": math.log(4), "banana": math.log(2), "cherry": 0.0}
# Of fifteen comparisons of two arms as many are won as Bradley and Terry expect: odds of 2, 2 and 4 to 1.
WON = {("apple", "banana"): 10, ("banana", "cherry"): 10, ("apple", "cherry"): 12}


def _item(right: str, wrong: str = "") -> Item:
    about = {"near_misses": [wrong]} if wrong else {}
    return Item(f"{right}-{wrong}", PROMPT, Target(right, Exact()), about=about)


@pytest.fixture(scope="module")
def start() -> training.Checkpoint:
    """A model that replies with one of three words, each with a probability of its own."""
    items = [_item(word) for word, times in zip(ARMS, (3, 4, 5)) for _ in range(times)]
    return training.sft(
        tiny.model(items), items, steps=60, batch_size=12, learning_rate=1e-2, save_every=60, progress=False
    )


def _arms(loaded: LoadedModel) -> Tensor:
    """Log-probabilities of the three words among themselves, in double precision."""
    with torch.no_grad():
        logs = tiny.first_words(loaded, PROMPT)
    return torch.log_softmax(logs[[tiny.token_of(loaded, word) for word in ARMS]].double(), -1)


def _kl(new: Tensor, old: Tensor) -> float:
    return float((new.exp() * (new - old)).sum())


@pytest.mark.parametrize("beta", [0.7, 2.0, 30.0])
def test_dpo_tilts_the_reference_by_the_reward_over_beta(start: training.Checkpoint, beta: float) -> None:
    pairs = [
        _item(*pair) for (a, b), won in WON.items() for pair, times in (((a, b), won), ((b, a), 15 - won))
        for _ in range(times)
    ]  # fmt: skip
    found = training.dpo(
        start, pairs, steps=150, batch_size=45, learning_rate=5e-3, beta=beta, wrong="near", save_every=150,
        progress=False,
    )  # fmt: skip
    before, after = _arms(start.load()), _arms(found.load())
    tilted = torch.log_softmax(before + torch.tensor([WORTH[word] for word in ARMS]).double() / beta, -1)
    assert torch.allclose(after.exp(), tilted.exp(), atol=0.01)
    # To second order the divergence is the reward's variance over 2 β²: it vanishes as β grows.
    assert _kl(after, before) == pytest.approx(_kl(tilted, before), rel=0.2, abs=2e-4)
    if beta == 30:
        assert _kl(after, before) < 5e-4


class _Gradients:
    """The gradients that an optimiser was given, and the weights it was given them at."""

    def __init__(self) -> None:
        self.seen: list[tuple[list[Tensor], list[Tensor]]] = []

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        real: Callable[..., Any] = torch.optim.AdamW.step

        def step(optimiser: torch.optim.AdamW, *rest: Any, **more: Any) -> Any:
            learned = [each for group in optimiser.param_groups for each in group["params"]]
            gradients = [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in learned]
            self.seen.append(([p.detach().clone() for p in learned], gradients))
            return real(optimiser, *rest, **more)

        patch.setattr(torch.optim.AdamW, "step", step)


def _same(found: Sequence[Tensor], expected: Sequence[Tensor], norm: float) -> None:
    """Gradients are alike, once one that was cut to norm 1 is as long again as it was."""
    long = max(1.0, norm)
    size = math.sqrt(sum(float((each**2).sum()) for each in expected))
    off = math.sqrt(sum(float((long * a - b).pow(2).sum()) for a, b in zip(found, expected, strict=True)))
    assert size > 1e-3
    assert off < 2e-3 * size


def test_grpo_on_a_bandit_of_two_arms_has_the_gradient_of_the_closed_form(
    start: training.Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """−√(q(1 − q)(G − 1)/G) ∇(log p(a) − log p(b)), with q the share of a in the group, whatever p(a) is."""
    items = [_item(word) for word in ARMS[:2] for _ in range(6)]
    two = training.sft(start, items, steps=80, batch_size=12, learning_rate=1e-2, save_every=80, progress=False)
    drawn: list[str] = []

    def worth(replies: Sequence[str], _: Sequence[Item]) -> list[float]:
        drawn.extend(reply.strip() for reply in replies)
        return [float(reply == "apple") for reply in drawn]

    gradients, group = _Gradients(), 32
    with monkeypatch.context() as patch:
        gradients.watch(patch)
        found = training.grpo(
            two, items[:1], steps=1, batch_size=group, group=group, max_tokens=1, reward=worth, log_every=1,
            save_every=1, warmup=0.0, progress=False,
        )  # fmt: skip
    assert set(drawn) == {"apple", "banana"}
    assert len(drawn) == group
    loaded = two.load()
    logs = tiny.first_words(loaded, PROMPT)
    gap = logs[tiny.token_of(loaded, "apple")] - logs[tiny.token_of(loaded, "banana")]
    share = drawn.count("apple") / group
    size = math.sqrt(share * (1 - share) * (group - 1) / group)
    learned = dict(loaded.model.named_parameters())
    expected = torch.autograd.grad(-size * gap, list(learned.values()))
    ((weights, given),) = gradients.seen
    # The optimiser has them in an order of its own, by decay.
    order = [next(k for k, each in enumerate(learned.values()) if _is(each, weight)) for weight in weights]
    _same(given, [expected[k] for k in order], found.points[-1]["grad_norm"])


def _is(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool(torch.allclose(one, other, atol=1e-7))


def test_ppo_without_a_bound_in_one_epoch_takes_the_step_of_reinforce_with_a_baseline(
    start: training.Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = Item("long", "Letter A ? ? ?", Target("cherry", Exact()))
    drawn: list[tuple[str, str, float]] = []

    def worth(replies: Sequence[str], items: Sequence[Item]) -> list[float]:
        found = [WORTH.get(reply.strip(), -1.0) for reply in replies]
        drawn.extend(zip((item.prompt for item in items), (reply.strip() for reply in replies), found))
        return found

    gradients = _Gradients()
    with monkeypatch.context() as patch:
        gradients.watch(patch)
        done = training.ppo(
            start, [_item("apple"), long], steps=3, batch_size=16, max_tokens=1, reward=worth, beta=0.0,
            clip=float("inf"), epochs=1, gae=1.0, log_every=1, save_every=3, warmup=0.0, learning_rate=1e-3,
            progress=False,
        )  # fmt: skip
    assert len(gradients.seen) == 3
    loaded = start.load()
    for number, (weights, given) in enumerate(gradients.seen):
        *body, head, bias = [weight.requires_grad_() for weight in weights]
        with torch.no_grad():
            for own, weight in zip(loaded.model.parameters(), body, strict=True):
                own.copy_(weight)
        head, bias = head.detach().requires_grad_(), bias.detach().requires_grad_()
        loss = torch.zeros(())
        replies = drawn[16 * number : 16 * number + 16]
        for prompt, reply, reward in replies:
            ids = tiny.tokens(loaded, prompt)
            out = loaded.model(input_ids=ids, output_hidden_states=True)
            log_p = torch.log_softmax(out.logits[0, -1], -1)[tiny.token_of(loaded, reply)]
            expected = (out.hidden_states[-1][0, -1] @ head.T + bias).squeeze()
            surprise = reward - expected
            loss = loss - surprise.detach() * log_p / 16 + 0.5 * surprise**2 / 16
        ours = torch.autograd.grad(loss, [*loaded.model.parameters(), head, bias])
        _same(given, ours, done.points[number]["grad_norm"])


def test_kto_raises_what_is_right_and_lowers_what_is_wrong(start: training.Checkpoint) -> None:
    items = [_item("apple", "cherry") for _ in range(12)]
    found = training.kto(
        start, items, steps=20, batch_size=12, learning_rate=1e-3, wrong="near", save_every=20, progress=False
    )
    with torch.no_grad():
        before, after = (tiny.first_words(each.load(), PROMPT) for each in (start, found))
    right, wrong = (tiny.token_of(found.load(), word) for word in ("apple", "cherry"))
    assert after[right] > before[right]
    assert after[wrong] < before[wrong]
