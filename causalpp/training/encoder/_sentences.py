"""An encoder of texts that are many short sentences, in the form of the transformers library.

Each sentence becomes one vector: the sum of its tokens, each multiplied by a vector of its place in the sentence, which
binds a name to the part that it plays there (Plate, *Holographic reduced representations*, 1995).  Layers of attention
then go over the sentences, without regard to their order (Lee et al., *Set transformer*, ICML 2019).  So a premise of n
statements costs n places and not ten times as many, and a longer one is only a larger set.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModelForSequenceClassification, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

__all__ = ["ENDS", "PLACES", "SentenceConfig", "SentenceEncoder"]

#: What ends a sentence.
ENDS = (".", "?", "!", "\n")

#: Tokens of a sentence whose places are told apart; those behind share the last.
PLACES = 48


class SentenceConfig(PretrainedConfig):  # type: ignore[no-untyped-call]
    """The sizes of a :class:`SentenceEncoder`, and the tokens with which a sentence ends."""

    model_type = "causalpp-sentences"

    def __init__(
        self,
        vocab_size: int = 8,
        hidden_size: int = 128,
        num_hidden_layers: int = 6,
        num_attention_heads: int = 4,
        sentence_ends: list[int] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        self.num_hidden_layers, self.num_attention_heads = num_hidden_layers, num_attention_heads
        self.sentence_ends = sentence_ends or []


class _Layer(nn.Module):
    """Attention among sentences, and a network for each."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.read, self.wrote = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.network = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """Vectors ``(B, S, d)``, and which of them are there ``(B, 1, 1, S)``."""
        batch, places, width = x.shape
        parts = self.read(self.before(x)).view(batch, places, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], attn_mask=seen)
        x = x + self.wrote(mixed.transpose(1, 2).reshape(batch, places, width))
        out: Tensor = x + self.network(self.between(x))
        return out


class SentenceEncoder(PreTrainedModel):  # type: ignore[no-untyped-call]
    """Reads a text and gives two logits, no and yes; see the top of the file."""

    config_class = SentenceConfig
    base_model_prefix = "encoder"

    def __init__(self, config: SentenceConfig) -> None:
        super().__init__(config)
        width = config.hidden_size
        self.words = nn.Embedding(config.vocab_size, width, padding_idx=config.pad_token_id)
        self.places = nn.Embedding(PLACES, width)
        self.roles = nn.Embedding(PLACES, width)
        self.whole = nn.Parameter(torch.zeros(width))
        self.layers = nn.ModuleList(_Layer(width, config.num_attention_heads) for _ in range(config.num_hidden_layers))
        self.last = nn.LayerNorm(width)
        self.verdict = nn.Linear(width, 2)
        self.post_init()  # type: ignore[no-untyped-call]

    def get_input_embeddings(self) -> nn.Module:
        return self.words

    def set_input_embeddings(self, value: nn.Module) -> None:
        self.words = value  # type: ignore[assignment]

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=module.in_features**-0.5 if isinstance(module, nn.Linear) else 1.0)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,
    ) -> SequenceClassifierOutput:
        """The logits ``(B, 2)`` of token ids ``(B, L)``, and the cross entropy where there are labels ``(B,)``."""
        there = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        ends = torch.isin(input_ids, torch.tensor(self.config.sentence_ends, device=input_ids.device)) & (there > 0)
        sentence = ends.cumsum(1) - ends.long()  # the token that ends one belongs to it
        number = torch.arange(input_ids.shape[1], device=input_ids.device).expand_as(input_ids)
        begins = torch.cat([torch.ones_like(ends[:, :1]), ends[:, :-1]], dim=1)
        place = number - torch.where(begins, number, 0).cummax(1).values
        place = place.clamp(max=PLACES - 1)
        x = (self.words(input_ids) * self.roles(place) + self.places(place)) * there.unsqueeze(-1)
        count = int(sentence.max()) + 1
        pooled = x.new_zeros(len(x), count, x.shape[-1])
        pooled = pooled.scatter_add(1, sentence.unsqueeze(-1).expand_as(x), x)
        full = torch.zeros_like(pooled[..., 0]).scatter_add(1, sentence, there.to(pooled.dtype)) > 0
        x = torch.cat([self.whole.expand(len(x), 1, -1), pooled], dim=1)
        seen = functional.pad(full, (1, 0), value=True)[:, None, None]
        for layer in self.layers:
            x = layer(x, seen)
        logits = self.verdict(self.last(x[:, 0]))
        loss = None if labels is None else functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


AutoConfig.register(SentenceConfig.model_type, SentenceConfig)
AutoModelForSequenceClassification.register(SentenceConfig, SentenceEncoder)
