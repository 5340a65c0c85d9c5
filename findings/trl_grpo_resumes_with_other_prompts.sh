#!/usr/bin/env bash
# TRL 1.16.0: a GRPO training that goes on from a checkpoint after its first pass over the prompts asks others.
#
# Expected: the same prompts, step by step, as the training that was not interrupted: transformers' Trainer skips what
#           was seen before, and keeps the state of the random numbers in the checkpoint.
# Seen:     the order of the first pass again. The sampler shuffles with a generator of its own that starts anew, so
#           that in a later pass other prompts are skipped, and other ones asked, than before the interruption.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  trl==1.16.0 transformers==5.23.0 accelerate==1.15.0 datasets==5.2.0 tokenizers numpy
cd "$folder"
OMP_NUM_THREADS=1 venv/bin/python -W ignore - 2> errors.txt <<'PYTHON' || { cat errors.txt; exit 1; }
from importlib.metadata import version

from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer

print("TRL", version("trl"))
letters = "abcdefghi"
tokenizer = Tokenizer(models.WordLevel({w: k for k, w in enumerate(["<pad>", "<eos>", "<unk>", *letters])}, "<unk>"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
words = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")
shape = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1}
LlamaForCausalLM(LlamaConfig(vocab_size=len(words), eos_token_id=1, pad_token_id=0, **shape)).save_pretrained("model")


def asked(folder, steps, resume):
    """The prompts of each step; there are nine, three a step: a pass takes three steps."""
    seen = []

    def reward(prompts, completions, **_):
        seen.append("".join(sorted(set(prompts))))
        return [float(len(text)) for text in completions]

    arguments = GRPOConfig(
        output_dir=folder, max_steps=steps, save_steps=5, per_device_train_batch_size=6, num_generations=2, seed=0,
        max_completion_length=2, use_cpu=True, bf16=False, report_to=[], disable_tqdm=True, lr_scheduler_type="constant",
        gradient_accumulation_steps=1,
    )  # fmt: skip
    data = Dataset.from_list([{"prompt": letter} for letter in letters])
    model = LlamaForCausalLM.from_pretrained("model")
    trainer = GRPOTrainer(model, reward, arguments, train_dataset=data, processing_class=words)
    trainer.train(resume_from_checkpoint=f"{folder}/checkpoint-5" if resume else None)
    return seen


whole = asked("whole", 8, False)
asked("parts", 5, False)
after = asked("parts", 8, True)
print("expected of steps 6 to 8:", whole[5:])
print("seen:                    ", after)
assert whole[5:] != after, "it goes on with the same prompts now"
assert whole[5] != after[0] and sorted("".join(whole[3:6])) == sorted(letters)
print("as described: steps 6 to 8 ask", after, "and not", whole[5:])
PYTHON
