"""Post-training of language models on tasks: supervised, by preferences, by verdicts and by rewards.

A recipe takes a model and items, and gives a :class:`Checkpoint`, whose folder is a model everywhere else in the
library.  What is right, and so what a reply is worth, is what the items' own scorers say.
"""

from causalpp.training.answering import accuracy, replies
from causalpp.training.checkpoint import Checkpoint
from causalpp.training.encoder.classify import classify
from causalpp.training.encoder.encoders import is_encoder, load_encoder, probabilities
from causalpp.training.encoder.reader import EncoderBackend
from causalpp.training.examples import demonstrations, judged, preferences, texts_of
from causalpp.training.models import parameters_of, small_decoder, small_encoder, word_tokenizer
from causalpp.training.ppo import advantages_of, policy_loss, ppo
from causalpp.training.recipes import dpo, grpo, kto, sft
from causalpp.training.rewards import Reward
from causalpp.training.settings import Settings

__all__ = [
    "Checkpoint",
    "EncoderBackend",
    "Reward",
    "Settings",
    "accuracy",
    "advantages_of",
    "classify",
    "demonstrations",
    "dpo",
    "grpo",
    "is_encoder",
    "judged",
    "kto",
    "load_encoder",
    "parameters_of",
    "policy_loss",
    "ppo",
    "preferences",
    "probabilities",
    "replies",
    "sft",
    "small_decoder",
    "small_encoder",
    "texts_of",
    "word_tokenizer",
]
