"""Text in, text and log-odds of labels out: language models, and nothing about causality.

A :class:`Prompt` is put to a :class:`Backend` and comes back as a :class:`Reply`.  An :class:`Asker` puts many of them,
within :class:`Limits` and a :class:`Budget`, and keeps every reply in a journal.
"""

from causalpp.language.asker import Asker
from causalpp.language.backend import Backend, Prompt, Reply, Sampling
from causalpp.language.backends._gguf import smollm2
from causalpp.language.backends.loading import LoadedModel, load_model
from causalpp.language.backends.scripted import ScriptedBackend
from causalpp.language.journal import ReplyJournal
from causalpp.language.running import Budget, Limits, Unanswered

__all__ = [
    "Asker",
    "Backend",
    "Budget",
    "Limits",
    "LoadedModel",
    "Prompt",
    "Reply",
    "ReplyJournal",
    "Sampling",
    "ScriptedBackend",
    "Unanswered",
    "load_model",
    "smollm2",
]
