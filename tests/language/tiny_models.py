"""Tiny language models for tests, made on the spot: a GPT-2 without and a Llama with a chat template.

Two layers of 32 dimensions and a byte-level BPE tokenizer trained on the text below; a second of training on
questions and one-word answers puts most of the probability on spellings of yes, no and unsure, as in a real model.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import torch

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test goes out on the network
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

WORDS = ["smoking", "tar", "cancer", "age", "rain", "sprinkler", "wet", "grass", "season", "slippery"]
ANSWERS = ["yes", "no", "unsure", "Yes", "No", "Unsure", " yes", " no", "YES", " Yes", " No"]
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
SPECIAL = ["<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


def corpus() -> list[str]:
    lines = [f"Does {a} cause {b}? Answer with one word: yes, no or unsure." for a in WORDS for b in WORDS if a != b]
    lines += [f"Variables: {a}, {b}. If we set {a}, does {b} change?" for a in WORDS for b in WORDS[:3]]
    lines += ["Answer: yes", "Answer: no", "Answer: unsure", "yes", "no", "unsure", "Yes", "No", "Unsure"] * 20
    return [*lines, "You are a careful scientist. Name every direct cause and give the edges as JSON."] * 2


def make_tokenizer(chat: bool) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    special = SPECIAL if chat else ["<|endoftext|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=special, initial_alphabet=alphabet, show_progress=False, min_frequency=2
    )
    # every answer is one token of the Llama's, so that the words a server reports are all there are;
    # some are several of the GPT-2's
    inner.train_from_iterator(corpus() + ["YES", "a Yes", "a No", "a Unsure"] * 20 * chat, trainer)
    if chat:
        begin = inner.token_to_id("<|begin|>")
        inner.post_processor = processors.TemplateProcessing(
            single="<|begin|> $A", special_tokens=[("<|begin|>", begin)]
        )
        names = {"bos_token": "<|begin|>", "eos_token": "<|end|>"}
    else:
        names = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, additional_special_tokens=special, clean_up_tokenization_spaces=False, **names
    )
    if chat:
        tokenizer.chat_template = TEMPLATE
    return tokenizer


def make_model(kind: str, tokenizer: Any, context: int) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    if kind == "gpt2":
        sizes = {"n_positions": context, "n_embd": 32, "n_layer": 2, "n_head": 4}
        off = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
        return GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), **sizes, **off, **ends))
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=context, tie_word_embeddings=False, **ends,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def train(model: Any, tokenizer: Any, steps: int = 100) -> None:
    """Teach the form of an answer; which answer is right is left to chance."""
    from causalpp.language.backends.transformers import CUE

    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    texts = corpus()
    for _ in range(steps):
        rows, targets = [], []
        for _ in range(8):
            words = texts[int(torch.randint(len(texts), (1,), generator=generator))].split()
            words = words[-int(torch.randint(1, len(words) + 1, (1,), generator=generator)) :]
            said = ANSWERS[int(torch.randint(len(ANSWERS), (1,), generator=generator))]
            messages = [{"role": "user", "content": " ".join(words)}]
            if tokenizer.chat_template:
                asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
            else:
                asked = " ".join(words) + CUE
            before, after = (tokenizer.encode(text, add_special_tokens=False) for text in (asked, said))
            rows.append([*before, *after, tokenizer.eos_token_id])
            targets.append([-100] * len(before) + rows[-1][len(before) :])  # only the answer is learned
        length = max(map(len, rows))
        ids = torch.tensor([row + [tokenizer.eos_token_id] * (length - len(row)) for row in rows])
        labels = torch.tensor([row + [-100] * (length - len(row)) for row in targets])
        loss = model(input_ids=ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@cache
def tiny_model(kind: str, folder: Path, context: int = 512) -> Path:
    """The folder with a model of a kind (``"gpt2"`` or ``"llama"``), made at the first call."""
    target = folder / f"tiny-{kind}"
    tokenizer = make_tokenizer(chat=kind == "llama")
    model = make_model(kind, tokenizer, context)
    train(model, tokenizer)
    model.eval()
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    return target


def make_gguf(model: Any, tokenizer: Any, target: Path) -> Path:
    """A tiny Llama as a file for llama.cpp."""
    import gguf

    config, state = model.config, model.state_dict()
    rope = getattr(config, "rope_parameters", None) or {"rope_theta": getattr(config, "rope_theta", 10_000.0)}
    heads, shared = config.num_attention_heads, config.num_key_value_heads
    writer = gguf.GGUFWriter(target, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(shared)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // heads)
    writer.add_rope_freq_base(float(rope["rope_theta"]))
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)

    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    control = set(tokenizer.all_special_tokens)
    kinds = [gguf.TokenType.CONTROL if name in control else gguf.TokenType.NORMAL for name, _ in vocabulary]
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([name for name, _ in vocabulary])
    writer.add_token_types(kinds)
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in merges])
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_add_bos_token(False)
    writer.add_chat_template(tokenizer.chat_template)

    def rotary(weight: torch.Tensor, count: int) -> torch.Tensor:
        """The rows in llama.cpp's order: it turns neighbours, Hugging Face's code turns halves."""
        return weight.view(count, 2, -1, weight.shape[1]).transpose(1, 2).reshape(weight.shape)

    names = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    parts = {
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    }  # fmt: skip
    for layer in range(config.num_hidden_layers):
        names |= {f"model.layers.{layer}.{theirs}": f"blk.{layer}.{short}" for theirs, short in parts.items()}
    for theirs, short in names.items():
        weight = state[f"{theirs}.weight"].float()
        count = heads if short.endswith("attn_q") else shared if short.endswith("attn_k") else 0
        writer.add_tensor(f"{short}.weight", (rotary(weight, count) if count else weight).contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target
