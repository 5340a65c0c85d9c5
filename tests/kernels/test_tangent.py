"""The tangent kernel, against closed forms and against gradients taken one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import little
import numpy as np
import pytest
import torch

from causalpp import tasks
from causalpp.errors import InvalidData, InvalidParameter, TooLarge, UnknownName
from causalpp.kernels import _shelf, embedding, tangent
from causalpp.language import Prompt
from causalpp.language.backends.loading import load_model
from causalpp.language.backends.transformers import TransformersBackend

PROMPTS = little.prompts()[:7]


def by_hand(model: Any, prompts: Any, said: Any) -> np.ndarray:
    """Inner products of gradients that backward() leaves with the parameters."""
    rows = []
    for prompt in prompts:
        model.zero_grad()
        said(prompt).backward()
        grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in model.parameters()]
        rows.append(torch.cat([g.reshape(-1) for g in grads]).double().numpy().copy())
    model.zero_grad()
    return np.array(rows) @ np.array(rows).T


# ---------------------------------------------------------------- closed forms


def test_a_linear_model_has_the_kernel_of_its_inputs() -> None:
    x = torch.randn(20, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = tangent(torch.nn.Linear(5, 1, bias=False).double(), x)
    np.testing.assert_allclose(found.values, (x @ x.T).numpy(), rtol=1e-12, atol=1e-12)
    assert np.abs(found.values - found.values.T).max() < 1e-10
    affine = torch.nn.Linear(5, 1).double()
    np.testing.assert_allclose(tangent(affine, x).values, found.values + 1, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.distances(), torch.cdist(x, x).numpy(), atol=1e-6)
    assert tangent(affine, x).outputs == pytest.approx(affine(x)[:, 0].detach().numpy())


def arc_cosine(x: np.ndarray) -> np.ndarray:
    """½(⟨x, x′⟩k₀ + k₁), what the kernel of two layers tends to (Cho & Saul 2009, equations 3 to 7)."""
    norms = np.linalg.norm(x, axis=1)
    dots = x @ x.T
    angle = np.arccos(np.clip(dots / np.outer(norms, norms), -1, 1))
    zero = 1 - angle / np.pi
    one = np.outer(norms, norms) / np.pi * (np.sin(angle) + (np.pi - angle) * np.cos(angle))
    return (dots * zero + one) / 2


def test_two_layers_tend_to_the_arc_cosine_kernel_as_one_by_the_root_of_the_width() -> None:
    x = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    wanted, widths, seeds = arc_cosine(x.numpy()), [32, 128, 512, 2048], 40
    errors = np.array(
        [[tangent(little.two_layers(m, 4, seed), x).values - wanted for seed in range(seeds)] for m in widths]
    )
    sizes = np.sqrt((errors**2).mean(axis=(1, 2, 3)))
    # Each size is a root of a mean over 40 independent networks, so known to some 1/√(2·40) = 0.11 of itself, and the
    # slope over four widths, 1.39 apart in the logarithm, to 0.11/(1.39·√5) = 0.036.
    slope = np.polyfit(np.log(widths), np.log(sizes), 1)[0]
    assert slope == pytest.approx(-0.5, abs=4 * 0.036)
    means = errors[-1].mean(axis=0)  # and it is there on average
    assert (np.abs(means) < 5 * errors[-1].std(axis=0) / np.sqrt(seeds)).all()


# ------------------------------------------------------------- language models


def test_of_a_decoder_it_is_that_of_logit_yes_less_logit_no() -> None:
    model, tokenizer = little.decoder()
    backend = TransformersBackend(load_model((model, tokenizer)))
    yes, no = (tokenizer.encode(word, add_special_tokens=False) for word in (" yes", " no"))
    known = {word: tokenizer.convert_tokens_to_ids(word) for word in ("yes", "Yes", "no", "No", " Yes", " No", "YES")}
    assert len(yes) == len(no) == 1
    assert set(known.values()) == {tokenizer.unk_token_id}  # one spelling each

    def said(prompt: str) -> torch.Tensor:
        ids = torch.tensor([tokenizer.encode(backend.render(Prompt(prompt)), add_special_tokens=False)])
        logits = model(input_ids=ids).logits[0, -1]
        return logits[yes[0]] - logits[no[0]]

    found = tangent((model, tokenizer), PROMPTS)
    wanted = by_hand(model, PROMPTS, said)
    np.testing.assert_allclose(found.values, wanted, rtol=1e-4)
    assert np.abs(found.values - found.values.T).max() < 1e-10
    assert np.linalg.eigvalsh(found.values).min() > -1e-9 * found.values.max()
    assert found.outputs == pytest.approx([float(said(prompt).detach()) for prompt in PROMPTS], abs=1e-5)


@pytest.mark.parametrize("outputs", [1, 2])
def test_of_an_encoder_it_is_that_of_the_logit(outputs: int) -> None:
    model, tokenizer = little.encoder(outputs)

    def said(prompt: str) -> torch.Tensor:
        logits = model(input_ids=torch.tensor([tokenizer(prompt)["input_ids"]])).logits[0]
        return logits[0] if outputs == 1 else logits[1] - logits[0]

    found = tangent((model, tokenizer), PROMPTS)
    np.testing.assert_allclose(found.values, by_hand(model, PROMPTS, said), rtol=1e-4)


def test_a_folder_with_a_classifier_is_a_model(tmp_path: Path) -> None:
    model, tokenizer = little.encoder()
    model.save_pretrained(tmp_path / "m")
    tokenizer.save_pretrained(tmp_path / "m")
    assert (tangent(tmp_path / "m", PROMPTS).values == tangent((model, tokenizer), PROMPTS).values).all()


def test_a_small_encoder_is_read_as_it_reads_itself(tmp_path: Path) -> None:
    from causalpp import training

    model, tokenizer = training.small_encoder(little.tokenizer(), parameters=3e4, layers=1)
    found = tangent((model, tokenizer), PROMPTS)
    items = [tasks.Item(str(k), prompt, tasks.Target(k % 2 == 0, tasks.YesNo())) for k, prompt in enumerate(PROMPTS)]
    assert (tangent((model, tokenizer), items).values == found.values).all()
    probability = training.probabilities((model, tokenizer), items)
    assert found.outputs == pytest.approx(np.log(probability / (1 - probability)), abs=1e-4)
    last = tangent((model, tokenizer), PROMPTS, layers="last").values  # a row and a bias for each of two outputs
    np.testing.assert_allclose(last, 2 * embedding((model, tokenizer), PROMPTS).values + 2, rtol=1e-4)
    checkpoint = training.classify((model, tokenizer), items, tmp_path / "out", steps=1, batch_size=2)
    again = tangent(checkpoint, PROMPTS)
    assert again.change(found) > 0
    probability = training.probabilities(checkpoint, items)
    assert again.outputs == pytest.approx(np.log(probability / (1 - probability)), abs=1e-4)


def test_the_last_layer_alone_is_a_kernel_of_its_inputs() -> None:
    model, tokenizer = little.decoder()  # whose embeddings are tied
    found, states = tangent((model, tokenizer), PROMPTS, layers="last"), embedding((model, tokenizer), PROMPTS, "last")
    np.testing.assert_allclose(found.values, 2 * states.values, rtol=1e-4)  # a row for yes, and one for no
    net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
    x = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    hidden = net[1](net[0](x)).detach().numpy()
    np.testing.assert_allclose(tangent(net, x, layers="last").values, hidden @ hidden.T + 1, rtol=1e-10)
    parts = [tangent(net, x, layers=name).values for name in (["0"], ["2.weight"], ["2.bias"])]
    np.testing.assert_allclose(sum(parts), tangent(net, x).values, rtol=1e-10)


def test_embeddings_are_the_states_of_the_last_layer() -> None:
    model, tokenizer = little.encoder()
    states = [
        model(input_ids=torch.tensor([tokenizer(p)["input_ids"]]), output_hidden_states=True).hidden_states[-1][0]
        for p in PROMPTS
    ]
    for pool, features in (("mean", [s.mean(dim=0) for s in states]), ("last", [s[-1] for s in states])):
        rows = torch.stack(features).detach().double().numpy()
        np.testing.assert_allclose(embedding((model, tokenizer), PROMPTS, pool).values, rows @ rows.T, rtol=1e-4)


# --------------------------------------------------------- how it is computed


def test_equal_prompts_are_at_distance_exactly_zero() -> None:
    found = tangent(little.decoder(), [PROMPTS[0], PROMPTS[1], PROMPTS[0]])
    assert found.distances()[0, 2] == 0 < found.distances()[0, 1]
    assert found.about["distinct"] == 2


def test_members_of_one_class_are_the_same_to_who_reads_the_premise() -> None:
    items = tasks.complete_set(3).items
    of_class: dict[str, list[str]] = {}
    for item in items:
        of_class.setdefault(item.group, []).append(item.premise)
    premises = [premise for group in of_class.values() for premise in group[:3]][:18]
    groups = [group for group, members in of_class.items() for _ in members[:3]][:18]
    for gram in (tangent(little.decoder(), premises), tangent(little.encoder(), premises)):
        same = np.array(groups)[:, None] == np.array(groups)[None]
        assert (gram.distances()[same] == 0).all()
        assert (gram.distances()[~same] > 0).all()


def test_chunks_files_and_half_the_memory_change_nothing_that_counts(tmp_path: Path) -> None:
    model = little.decoder()
    plain = tangent(model, PROMPTS)
    for options in ({"chunk": 2}, {"memory": 0.0}, {"memory": 0.0, "chunk": 3}, {"folder": tmp_path / "w"}):
        np.testing.assert_allclose(tangent(model, PROMPTS, **options).values, plain.values, rtol=1e-12)
    coarse = tangent(model, PROMPTS, dtype="bfloat16", memory=0.0, chunk=3)
    norms = plain.norms()
    # each number is rounded by at most 2⁻⁹ of itself, so an inner product by at most 2⁻⁸ of the lengths, and a little
    assert (np.abs(coarse.values - plain.values) <= 1.01 * 2**-8 * np.outer(norms, norms)).all()
    assert coarse.about["disk"] == len(PROMPTS) * plain.about["parameters"] * 2


def test_products_in_float32_leave_the_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    model = little.decoder()
    plain = tangent(model, PROMPTS)
    monkeypatch.setattr(_shelf, "_EXACT", 0)
    found = tangent(model, PROMPTS)
    assert (plain.about["products"], found.about["products"]) == ("float64", "float32")
    squares = plain.distances() ** 2
    # 4,096 products of float32 at a time: some √4096 roundings of 6e-8 at worst, and far less on average
    assert np.abs(found.distances() ** 2 - squares).max() < 4e-6 * squares.max()
    np.testing.assert_allclose(found.values, plain.values, rtol=4e-6)


def test_a_sketch_is_unbiased_with_the_error_that_it_states() -> None:
    net = torch.nn.Linear(400, 1, bias=False).double()
    x = torch.randn(4, 400, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    exact, k, draws = tangent(net, x).values, 64, 200
    found = np.array([tangent(net, x, sketch=k, seed=seed).values for seed in range(draws)])
    assert tangent(net, x, sketch=k).about["error"] == pytest.approx(np.sqrt(2 / k))
    i, j = np.triu_indices(4, 1)
    wanted = np.sqrt((np.outer(exact.diagonal(), exact.diagonal()) + exact**2) / k)[i, j]
    off = (found - exact)[:, i, j]
    assert (np.abs(off.mean(axis=0)) < 5 * wanted / np.sqrt(draws)).all()
    # The variance is less than stated by 2Σxᵢ²yᵢ²/k, here by 1/200 of it; its estimate has an error of √(2/200).
    np.testing.assert_allclose(off.std(axis=0), wanted, rtol=4 * np.sqrt(2 / draws) / 2 + 0.01)
    assert (tangent(net, x, sketch=k, seed=3, chunk=1).values == found[3]).all()


def test_what_was_interrupted_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from causalpp.kernels._gradients import Gradients

    model, place = little.decoder(), tmp_path / "work"
    plain, rows, calls = tangent(model, PROMPTS), Gradients.rows, []

    def counted(self: Any, given: Any, first: int = 0) -> Any:
        if len(calls) == 2:
            calls.append(-1)
            raise KeyboardInterrupt
        calls.append(first)
        return rows(self, given, first)

    monkeypatch.setattr(Gradients, "rows", counted)
    with pytest.raises(KeyboardInterrupt):
        tangent(model, PROMPTS, folder=place, chunk=2)
    assert [file.name for file in sorted(place.glob("*.bin"))] == ["features-00000.bin", "features-00001.bin"]
    found = tangent(model, PROMPTS, folder=place, chunk=2)
    assert calls == [0, 2, -1, 4, 6]
    np.testing.assert_allclose(found.values, plain.values, rtol=1e-12)
    assert sorted(file.name for file in place.iterdir() if file.name[0] != ".") == ["gram.json", "request.json"]
    again = tangent(model, PROMPTS, folder=place, chunk=2)
    assert (again.values == found.values).all()
    assert len(calls) == 5
    with pytest.raises(InvalidParameter, match="holds the kernel of another model"):
        tangent(little.decoder(seed=1), PROMPTS, folder=place, chunk=2)
    with pytest.raises(InvalidParameter, match="holds something else"):
        tangent(model, PROMPTS, folder=tmp_path)


def test_a_network_is_left_as_it_was() -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))
    assert (tangent(net, torch.eye(3)).values == tangent(net, torch.eye(3)).values).all()
    assert net.training
    assert net[1].training
    assert all(p.grad is None for p in net.parameters())
    model, tokenizer = little.decoder()
    model.train()
    tangent((model, tokenizer), PROMPTS[:2])
    assert model.training


def test_it_tells_what_it_was() -> None:
    found = tangent(little.decoder(), PROMPTS)
    assert repr(found).startswith("Gram(tangent of LlamaForCausalLM, 7 items, ‖φ‖")
    assert json.loads(found.to_json())["about"]["layers"] == "all"
    assert found.about["memory"] > len(PROMPTS) * found.about["parameters"] * 4
    assert len(found.plot().axes) == 3
    assert len(found.ridge(np.ones(7), [0.1, 1.0]).plot().axes) == 2


# ------------------------------------------------------------------ bad input


class Flat(torch.nn.Module):
    """A network whose gradient at 0 is no number, though its output is."""

    def __init__(self) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sqrt(torch.abs(self.w)) + x.sum()


def frozen() -> Any:
    return torch.nn.Linear(3, 1).requires_grad_(requires_grad=False)


def broken() -> Any:
    model, tokenizer = little.decoder()
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    return model, tokenizer


@pytest.mark.parametrize(
    ("model", "prompts", "options", "error", "message"),
    [
        (lambda: torch.nn.Linear(3, 2), torch.eye(3), {}, InvalidParameter, r"gives \(1, 2\) for one prompt"),
        (lambda: torch.nn.LSTM(3, 2), torch.eye(3), {}, InvalidParameter, "no scalar output"),
        (lambda: little.encoder(3), PROMPTS, {}, InvalidParameter, r"gives \(3,\) for one prompt"),
        (little.decoder, PROMPTS, {"output": lambda r: r.logits}, InvalidParameter, "output= gives"),
        (little.decoder, PROMPTS, {"output": 3}, InvalidParameter, "output= is a function"),
        (lambda: little.decoder(context=32), PROMPTS, {}, InvalidData, "prompt 0 has .* tokens, and .* reads 32"),
        (lambda: little.encoder(context=32), PROMPTS, {}, InvalidData, "prompt 0 has .* tokens, and .* reads 32"),
        (frozen, torch.eye(3), {}, InvalidParameter, "is frozen: none of its 2 parameters"),
        (torch.nn.ReLU, torch.eye(3), {}, InvalidParameter, "has no parameters"),
        (broken, PROMPTS, {}, InvalidData, "at item 0 has numbers that are not finite"),
        (Flat, torch.eye(3), {}, InvalidData, "at item 0 has numbers that are not finite"),
        (little.decoder, [], {}, InvalidData, "no prompts"),
        (little.decoder, "one text", {}, InvalidData, "no prompts"),
        (little.decoder, [PROMPTS[0], ""], {}, InvalidData, "prompt 1 is no text"),
        (little.decoder, [PROMPTS[0], 7], {}, InvalidData, "prompt 1 is no text"),
        (lambda: torch.nn.Linear(3, 1), ["a text"], {}, InvalidData, "prompt 0 is no tensor"),
        (little.decoder, PROMPTS, {"labels": ("maybe", "no")}, InvalidParameter, "no single token for 'maybe'"),
        (little.decoder, PROMPTS, {"labels": "yes"}, InvalidParameter, "labels are two words"),
        (little.decoder, PROMPTS, {"layers": "lats"}, UnknownName, "lats"),
        (little.decoder, PROMPTS, {"layers": []}, InvalidParameter, "has no parameters among"),
        (little.decoder, PROMPTS, {"dtype": "int8"}, InvalidParameter, "kept as"),
        (little.decoder, PROMPTS, {"sketch": 1}, InvalidParameter, "at least 2"),
        (little.decoder, PROMPTS, {"chunk": 0}, InvalidParameter, "at least one prompt"),
        (little.decoder, PROMPTS, {"memory": -1.0}, InvalidParameter, "GiB from 0 on"),
        (little.decoder, PROMPTS, {"seed": -1}, InvalidParameter, "a seed"),
        (lambda: "no/such/folder/here", PROMPTS, {}, InvalidParameter, "no folder"),
        (lambda: 7, PROMPTS, {}, InvalidParameter, "a model is"),
    ],
)  # fmt: skip
def test_bad_input(model: Any, prompts: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        tangent(model(), prompts, **options)


def test_what_the_disk_cannot_hold_is_refused_before_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "free")
    monkeypatch.setattr(_shelf.shutil, "disk_usage", lambda _: usage(1000))
    with pytest.raises(TooLarge, match="has room for"):
        tangent(little.decoder(), PROMPTS, memory=0.0)


def test_embeddings_need_states() -> None:
    with pytest.raises(InvalidParameter, match="no hidden states"):
        embedding(torch.nn.Linear(3, 1), torch.eye(3))
    with pytest.raises(InvalidParameter, match="pooled by"):
        embedding(little.decoder(), PROMPTS, "max")
    with pytest.raises(InvalidData, match="are not finite"):
        embedding(broken(), PROMPTS)


def test_a_folder_goes_on_with_the_same_network_and_number_alone(tmp_path: Path) -> None:
    first, last = torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)
    x = torch.eye(3)

    def times(factor: int) -> Any:
        return lambda result: factor * result[0, 0]

    net = torch.nn.Sequential(first, torch.nn.Tanh(), last)
    found = tangent(net, x, output=times(2), folder=tmp_path / "w")
    assert (tangent(net, x, output=times(2), folder=tmp_path / "w").values == found.values).all()
    other = torch.nn.Sequential(first, torch.nn.ReLU(), last)  # the same weights under the same names
    for model, output in (
        (other, times(2)), (net, times(3)), (net, lambda result: result[0, 1]), (net, lambda result: result[0, 0]),
    ):  # fmt: skip
        with pytest.raises(InvalidParameter, match="another model"):
            tangent(model, x, output=output, folder=tmp_path / "w")
