"""What prompts have in common is read once, and nothing changes but the time it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from causalpp import Causes
from causalpp.language import Prompt, Sampling
from causalpp.language.backends import _beginnings
from causalpp.language.backends._beginnings import SHORTEST, divided
from causalpp.oracles.prompts import Writer

pytest.importorskip("transformers")

from test_transformers import forgetful
from tiny_models import WORDS, tiny_model

from causalpp.language.backends.transformers import TransformersBackend

KINDS = ("gpt2", "llama")
LABELS = ("yes", "no", "unsure")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(params=KINDS)
def path(request: pytest.FixtureRequest, folder: Path) -> Path:
    return tiny_model(request.param, folder)


@pytest.fixture(scope="module")
def prompts() -> list[Prompt]:
    """Forty of the library's own prompts about ten variables."""
    writer = Writer(WORDS, system="Be brief. ")
    return [writer.prompt(Causes(a, b)) for a, b in list(permutations(WORDS, 2))[::2][:40]]


@contextmanager
def counted(backend: TransformersBackend) -> Iterator[list[int]]:
    """How many tokens the model reads, call by call."""
    read: list[int] = []
    forward = backend.model.forward

    def counting(*args: Any, **options: Any) -> Any:
        read.append(options["input_ids"].numel())
        return forward(*args, **options)

    backend.model.forward = counting
    try:
        yield read
    finally:
        backend.model.forward = forward


def logs(backend: TransformersBackend, prompts: list[Prompt]) -> torch.Tensor:
    """Log-probabilities, shape ``(prompts, labels)``."""
    replies = backend.complete_all(prompts, Sampling(), [0] * len(prompts))
    return torch.tensor([[reply.log_probabilities[label] for label in LABELS] for reply in replies])


@pytest.mark.parametrize("size", [1, 7, 32])
def test_the_same_numbers_for_less(path: Path, prompts: list[Prompt], size: int) -> None:
    plain = TransformersBackend(path, device="cpu", batch_size=size, share=False)
    shared = TransformersBackend(path, device="cpu", batch_size=size)
    with counted(plain) as whole:
        wanted = logs(plain, prompts)
    assert shared._branching  # and tries out whether it may
    with counted(shared) as less:
        found = logs(shared, prompts)
    assert (found - wanted).abs().max() < 1e-4
    assert sum(less) < 0.5 * sum(whole)
    with counted(shared) as again:
        assert (logs(shared, prompts) - wanted).abs().max() < 1e-4
    assert sum(again) < sum(less)


@pytest.mark.parametrize("number", [1, 3])
def test_from_call_to_call(path: Path, prompts: list[Prompt], number: int) -> None:
    """A loop asks a question, and the next one when that is answered."""
    plain, shared = (TransformersBackend(path, device="cpu", share=share) for share in (False, True))
    calls = [prompts[k : k + number] for k in range(0, len(prompts), number)]
    assert shared._branching
    with counted(shared) as less:
        found = torch.cat([logs(shared, call) for call in calls])
    with counted(plain) as whole:
        wanted = logs(plain, prompts)
    assert (found - wanted).abs().max() < 1e-4
    assert sum(less) < 0.6 * sum(whole)


def test_free_text(path: Path, prompts: list[Prompt]) -> None:
    free = [Prompt(prompt.user, prompt.system) for prompt in prompts[:12]]
    plain, shared = (TransformersBackend(path, device="cpu", batch_size=5, share=share) for share in (False, True))
    for temperature in (0.0, 1.0):
        sampling = Sampling(temperature, max_tokens=6)
        one, other = (backend.complete_all(free * 2, sampling, range(24)) for backend in (plain, shared))
        assert [reply.text for reply in one] == [reply.text for reply in other]
        assert [reply.tokens_out for reply in one] == [reply.tokens_out for reply in other]


def test_where_a_tree_cannot_be_read(path: Path, prompts: list[Prompt]) -> None:
    plain, shared = (TransformersBackend(path, device="cpu", share=share) for share in (False, True))
    shared.__dict__["_branching"] = False
    assert (logs(shared, prompts) - logs(plain, prompts)).abs().max() < 1e-4


def test_weights_that_change_in_between(path: Path, prompts: list[Prompt]) -> None:
    plain, shared = (TransformersBackend(path, device="cpu", share=share) for share in (False, True))
    before = logs(shared, prompts[:8])
    for step in (1, 2):
        for backend in (plain, shared):
            with torch.no_grad():
                for parameter in backend.model.parameters():
                    if step == 1:  # as an optimizer does it
                        parameter *= 0.9
                    else:
                        parameter.data.mul_(0.9)
        after = logs(shared, prompts[:8])
        assert (after - logs(plain, prompts[:8])).abs().max() < 1e-4
        assert (after - before).abs().max() > 1e-2
        before = after


def test_what_is_kept_is_bounded(path: Path, prompts: list[Prompt], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_beginnings, "_ROOM", 200_000)
    plain, shared = (TransformersBackend(path, device="cpu", share=share) for share in (False, True))
    assert (logs(shared, prompts) - logs(plain, prompts)).abs().max() < 1e-4
    kept = shared._beginnings._kept.values()  # type: ignore[union-attr]
    assert sum(2 * layer.keys.nbytes for cache in kept for layer in cache.layers) <= 200_000 or len(kept) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mistral", "mamba"])
def test_models_that_forget_read_everything(kind: str, prompts: list[Prompt], tmp_path: Path) -> None:
    backend = forgetful(kind, tmp_path)
    assert backend._beginnings is None
    plain = TransformersBackend(tmp_path, device="cpu", share=False)
    assert torch.equal(logs(backend, prompts[:6]), logs(plain, prompts[:6]))


@pytest.mark.slow
def test_a_real_model(smollm2: TransformersBackend) -> None:
    writer = Writer(WORDS[:3])
    prompts = [writer.prompt(Causes(a, b)) for a, b in permutations(WORDS[:3], 2)]
    prompts += [Prompt(f"{prompts[0].user} Think.", labels=LABELS), Prompt("Is tar black?", labels=LABELS)]
    loaded = (smollm2.model, smollm2.tokenizer)
    wanted = logs(TransformersBackend(loaded, batch_size=8, share=False), prompts)
    for size in (1, 7, 32):
        shared = TransformersBackend(loaded, batch_size=size)
        assert (logs(shared, prompts) - wanted).abs().max() < 1e-3  # .02 is promised


@pytest.mark.parametrize("kind", ["mpt", "recurrent_gemma", "falcon"])
def test_models_that_padding_or_masks_mislead(kind: str, prompts: list[Prompt], folder: Path) -> None:
    """One counts places whatever the mask says, one reads padding into its state, one takes no mask of four axes."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model("llama", folder))
    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4}
    more = {
        "mpt": {"d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 2048},
        "recurrent_gemma": sizes | {"intermediate_size": 64, "num_key_value_heads": 1, "lru_width": 32},
        "falcon": sizes | {"alibi": True, "new_decoder_architecture": False},
    }[kind]
    torch.manual_seed(3)
    config = AutoConfig.for_model(kind, vocab_size=len(tokenizer), **more)
    loaded = (AutoModelForCausalLM.from_config(config), tokenizer)
    mixed = [*prompts[:5], Prompt("Is tar black?", labels=LABELS)]
    alone = TransformersBackend(loaded, device="cpu", batch_size=1, share=False)
    assert (logs(TransformersBackend(loaded, device="cpu"), mixed) - logs(alone, mixed)).abs().max() < 1e-4


# --- which beginnings ---------------------------------------------------------------------------------

rows = st.lists(
    st.lists(st.sampled_from([(0,) * SHORTEST, (1,) * SHORTEST, (0,), (1,)]), min_size=1, max_size=5).map(
        lambda pieces: sum(pieces, ())
    ),
    max_size=8,
)


@given(rows, rows)
def test_every_row_once_and_only_what_pays(asked: list[tuple[int, ...]], known: list[tuple[int, ...]]) -> None:
    groups = divided(asked, known)
    assert Counter(row for group in groups.values() for row in group) == Counter(asked)
    for beginning, group in groups.items():
        assert all(row[: len(beginning)] == beginning and len(row) > len(beginning) for row in group)
        if beginning:
            assert len(beginning) >= SHORTEST
            readers = sum(row[: len(beginning)] == beginning for row in [*asked, *set(known)])
            assert readers > 1
    for row in set(asked):  # nothing that another row or a known one begins with is read twice, but for a little
        (taken,) = {len(beginning) for beginning, group in groups.items() if row in group}
        others = [other[:-1] for other in (Counter(asked) - Counter([row])).elements()] + known
        shared = max((_beginnings._shared(row[:-1], other) for other in others), default=0)
        assert shared - taken < SHORTEST


def test_a_thousand_nested_rows() -> None:
    nested = [(0,) * n for n in range(1, 1500)]
    assert sum(map(len, divided(nested).values())) == len(nested)
