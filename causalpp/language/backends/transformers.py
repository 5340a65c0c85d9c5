"""Models that run in this process, through Hugging Face's transformers: batched, with exact probabilities of labels."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import math
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causalpp.errors import InvalidParameter, OracleError
from causalpp.language.backend import Backend, Prompt, Reply, Sampling
from causalpp.language.backends._beginnings import Beginnings, croppable, keeps_all
from causalpp.language.backends._draws import Gumbel
from causalpp.language.backends._labels import LabelTokens, Tokens
from causalpp.language.backends._tree import tree
from causalpp.language.backends.loading import LoadedModel, first_line, library, load_model

__all__ = ["TransformersBackend"]

#: What ends a plain text, for models without a chat template: they go on from here.
CUE = "\n\nAnswer:"
_PIECE = 1 << 24  # numbers brought over at once
_CONTROL = re.compile(r"<.*>|\[.*\]", re.DOTALL)


class TransformersBackend(Backend):
    """A causal language model in this process.

    A prompt with labels is not answered by writing: the probability of every spelling of every label is computed
    exactly (see :class:`~causalpp.language.backends._labels.LabelTokens`), and the reply is a label drawn from
    softmax(log p / temperature), or the most probable one at temperature 0. Equal prompts of one call are computed
    once, however many replicates are asked for. A server reports its most probable single tokens, so the same
    model behind HTTP misses spellings of several tokens; where these are rare the two agree. Free text is written
    token by token at the stated temperature, from all words (no top-k, no top-p).

    The draw depends on the seed, the replicate and the prompt, not on what else is in the batch. Prompts of
    different lengths are padded on the left, with explicit positions. What many of them begin with is read once, and
    kept for prompts to come (at most a gigabyte): the log-probabilities are the same up to rounding, some 1e-5 in
    float32. Models with a window that slides or a state read every prompt whole.

    Prompts go through the tokenizer's chat template if it has one; the system prompt is put before the question
    where the template takes none. Otherwise the model reads plain text that ends in "Answer:". The model's
    control tokens, should they occur in a prompt, are broken up into plain characters.

    Args:
        path_or_id: a ``.gguf`` file, a folder, a name on the Hugging Face hub, or a model and its tokenizer in memory;
            see :func:`~causalpp.language.load_model`.
        device: such as ``"cuda:0"``; by default a GPU if there is one.
        dtype: such as ``"bfloat16"``; by default the checkpoint's own on a GPU, and float32 on a CPU.
        batch_size: the largest number of prompts computed at once.
        revision: branch, tag or commit on the hub.
        share: whether what prompts have in common is read once.

    Raises:
        MissingDependency: transformers is not installed.
        InvalidParameter, OracleError: no such model, device or dtype, or a model that cannot be loaded; as there.
    """

    name = "transformers"
    batched = True
    scores = True

    def __init__(
        self,
        path_or_id: str | Path | tuple[Any, Any] | LoadedModel,
        *,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        batch_size: int = 16,
        revision: str | None = None,
        share: bool = True,
    ) -> None:
        if batch_size < 1:
            raise InvalidParameter(f"a batch holds at least one prompt, got batch_size={batch_size}")
        self.batch_size = batch_size
        options: dict[str, Any] = {"device": device, "dtype": dtype, "revision": revision}
        self._options = {"batch_size": batch_size, "share": share, **options}
        self._source = path_or_id
        loaded = load_model(path_or_id, **options)
        self.model, self.tokenizer, self.path_or_id = loaded.model, loaded.tokenizer, loaded.name
        self.device, self._local = loaded.device, loaded.local
        self._accepts = frozenset(inspect.signature(self.model.forward).parameters)
        # A model that reads word by word into a state, and not by attention, would read the padding as well.
        state = getattr(self.model, "_is_stateful", False)
        self._padded = not state and {"attention_mask", "past_key_values"} <= self._accepts
        self._share = share
        self._labels: dict[tuple[str, ...], LabelTokens] = {}
        self._lock = threading.Lock()  # one model, one set of weights: callers from several threads take turns

    def __repr__(self) -> str:
        return f"TransformersBackend({self.path_or_id!r}, device={str(self.device)!r}, batch_size={self.batch_size})"

    def __reduce__(self) -> tuple[Any, ...]:  # in another process the model is loaded again
        return partial(type(self), **self._options), (self._source,)

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        config = self.model.config.to_dict()
        revision = getattr(self.model.config, "_commit_hash", None)
        for name in ("_name_or_path", "transformers_version", "dtype", "torch_dtype"):
            config.pop(name, None)
        inner = getattr(self.tokenizer, "backend_tokenizer", None)  # with how it normalises and splits a text
        reads = inner.to_str() if inner is not None else sorted(self.tokenizer.get_vocab().items())
        return {
            "backend": self.name,
            "model": Path(self.path_or_id).expanduser().resolve().name if self._local else self.path_or_id,
            "revision": revision,
            "config": _digest(json.dumps(config, sort_keys=True, default=str)),
            "weights": self._weights(),
            "tokenizer": _digest(json.dumps([reads, self.tokenizer.chat_template], default=str)),
            "dtype": str(self.model.dtype).removeprefix("torch."),
            "format": "chat" if self.tokenizer.chat_template else "plain",
        }

    def _weights(self) -> str:
        """A fingerprint of all parameters, and of the buffers that are saved with them."""
        seen = hashlib.sha256()
        kept = self.model.state_dict().keys()
        tensors = dict(self.model.named_parameters())
        tensors |= {name: value for name, value in self.model.named_buffers() if name in kept}
        for name, value in tensors.items():
            seen.update(f"{name}{tuple(value.shape)}".encode())
            for piece in value.detach().reshape(-1).split(_PIECE):
                seen.update(piece.cpu().contiguous().view(torch.uint8).numpy())
        return seen.hexdigest()[:12]

    @property
    def context(self) -> int | None:
        """The largest number of tokens the model can read, where its configuration says so."""
        config = self.model.config.get_text_config()
        known = (getattr(config, key, None) for key in ("max_position_embeddings", "n_positions"))
        return next((n for n in known if n and n > 0), None)  # some say -1 for no limit

    # --- replies --------------------------------------------------------------------------------------

    async def complete(self, prompt: Prompt, sampling: Sampling, replicate: int = 0) -> Reply:
        return (await asyncio.to_thread(self.complete_all, [prompt], sampling, [replicate]))[0]

    def complete_all(self, prompts: Sequence[Prompt], sampling: Sampling, replicates: Sequence[int]) -> list[Reply]:
        """Replies to several prompts, each with its replicate number, in their order.

        Raises:
            InvalidParameter: not one replicate number for each prompt.
            OracleError: a prompt does not fit into the model's context, or memory runs out.
        """
        if len(prompts) != len(replicates):
            raise InvalidParameter(f"{len(prompts)} prompts need as many replicate numbers, got {len(replicates)}")
        replies: dict[int, Reply] = {}
        with self._lock, torch.inference_mode():
            kinds: dict[tuple[str, ...], list[int]] = {}
            for i, prompt in enumerate(prompts):
                kinds.setdefault(prompt.labels, []).append(i)
            for labels, places in kinds.items():
                rows = {i: self._tokens(prompts[i]) for i in places}
                seeds = {i: _seed(sampling.seed, replicates[i], prompts[i]) for i in places}
                try:
                    if labels:
                        replies |= self._choose(rows, self._label_tokens(labels), sampling, seeds)
                    else:
                        replies |= self._write(rows, sampling, seeds)
                except torch.cuda.OutOfMemoryError:
                    if self._beginnings is not None:
                        self._beginnings.forget()
                    advice = f"use a batch_size below {self.batch_size}"
                    raise OracleError(f"{self.path_or_id!r} ran out of memory on {self.device}: {advice}") from None
        return [replies[i] for i in range(len(prompts))]

    def _choose(
        self, rows: Mapping[int, Tokens], labels: LabelTokens, sampling: Sampling, seeds: Mapping[int, int]
    ) -> dict[int, Reply]:
        scores = self._score(dict.fromkeys(rows.values()), labels)
        out = {}
        for i, row in rows.items():
            logs = scores[row]
            captured = min(1.0, sum(math.exp(value) for value in logs.values()))
            values = np.array(list(logs.values()))
            if sampling.temperature == 0 or not np.isfinite(values).any():
                choice = int(values.argmax())
            else:
                weights = np.exp((values - values.max()) / sampling.temperature)
                choice = int(np.random.default_rng(seeds[i]).choice(len(values), p=weights / weights.sum()))
            text = list(logs)[choice]
            out[i] = Reply(text, logs, captured, model=self.path_or_id, tokens_in=len(row), tokens_out=0)
        return out

    def _score(self, rows: Mapping[Tokens, Any], labels: LabelTokens) -> dict[Tokens, dict[str, float]]:
        """The log-probability of every label after every row of tokens."""
        out: dict[Tokens, dict[str, float]] = {}
        for beginning, batch in self._batches(rows, labels.longest):
            tables = {stem: table.tolist() for stem, table in self._after(beginning, batch, labels).items()}
            for n, row in enumerate(batch):
                after = {stem: dict(zip(labels.wanted[stem], table[n])) for stem, table in tables.items()}
                out[row] = labels.log_probabilities(after)
        return out

    def _after(self, beginning: Tokens, batch: Sequence[Tokens], labels: LabelTokens) -> dict[Tokens, Tensor]:
        """Stem → log-probabilities of the tokens wanted after it, shape ``(rows, tokens)``, in double precision."""
        ids, mask = self._pad(batch, len(beginning))
        options = self._on_from(beginning, len(batch))
        own = ids[:, len(beginning) :]
        if self._branching:
            stems = tuple(labels.wanted)
            out = self._branched(own, mask, stems[1:], **options)
            logits = out.logits[:, -len(stems) :]
            tables = {stem: _log_softmax(logits[:, n], labels.wanted[stem]) for n, stem in enumerate(stems)}
        else:
            out = self._forward(own, mask, keep=1, use_cache=bool(labels.paths or self._beginnings), **options)
            tables = {(): _log_softmax(out.logits[:, -1], labels.wanted[()])}
        cache: Any = getattr(out, "past_key_values", None)
        if self._beginnings is not None:
            self._beginnings.keep_rows(beginning, batch, mask, cache)
        if self._branching:
            return tables
        # The prompt is read once, and every path after it, if what was read of a path can be taken back again.
        reusable = croppable(cache)
        for path in labels.paths:
            more = torch.tensor(path, device=self.device).expand(len(batch), -1)
            longer = torch.cat([mask, mask.new_ones(more.shape)], dim=1)
            if reusable:
                out = self._forward(more, longer, keep=len(path), past_key_values=cache, use_cache=True)
                cache.crop(-len(path))
            else:
                out = self._forward(torch.cat([ids, more], dim=1), longer, keep=len(path), use_cache=False)
            for n in range(len(path)):
                stem = path[: n + 1]
                tables[stem] = _log_softmax(out.logits[:, n - len(path)], labels.wanted[stem])
        return tables

    def _branched(self, ids: Tensor, mask: Tensor, ways: Sequence[Tokens], **options: Any) -> Any:
        """The output for rows and the tree that branches off after each, of which the last ``1 + len(ways)`` count."""
        read = tree(ids, mask, ways)
        options |= {"position_ids": read.places, "use_cache": True}
        return self._forward(read.ids, read.sees, keep=1 + len(ways), **options)

    @cached_property
    def _branching(self) -> bool:
        """Whether the model can read several continuations at once: tried out, against reading one of them alone."""
        told = getattr(self.model.config, "_attn_implementation", None) == "sdpa" and "position_ids" in self._accepts
        if self._beginnings is None or not told or self.model.get_input_embeddings().weight.shape[0] < 5:
            return False
        ids = torch.tensor([[0, 1, 2, 3, 4]], device=self.device)
        try:
            both = self._branched(ids[:, :3], torch.ones_like(ids[:, :3]), ((4,), (3,), (3, 4))).logits[0, -1]
        except Exception:  # whatever a model's code does with a mask of a shape that it does not expect
            return False
        alone = self._forward(ids, torch.ones_like(ids), keep=1).logits[0, -1]
        return bool((both - alone).abs().max() < 0.05 * alone.std())

    @cached_property
    def _beginnings(self) -> Beginnings | None:
        """What prompts begin with, if the model can go on from there: tried out, against reading the same at once."""
        if not (self._share and self._padded):
            return None
        ids = torch.arange(8, device=self.device)[None] % self.model.get_input_embeddings().weight.shape[0]
        seen = torch.ones_like(ids)
        start = self._forward(ids[:, :4], seen[:, :4], keep=1, use_cache=True)
        cache = getattr(start, "past_key_values", None)
        if not keeps_all(cache):
            return None
        # With padding in between, as before the shorter rows of a batch: some count places whatever the mask says.
        more = torch.cat([torch.full_like(ids, self._pad_id), ids[:, 4:]], dim=1)
        mask = torch.cat([seen[:, :4], torch.zeros_like(ids), seen[:, 4:]], dim=1)
        on = self._forward(more, mask, keep=1, past_key_values=cache, use_cache=True).logits[0, -1]
        whole = self._forward(ids, seen, keep=1).logits[0, -1]
        rounding = 1e-3 if self.model.dtype in (torch.float32, torch.float64) else 0.05
        return Beginnings(self._read) if (on - whole).abs().max() < rounding * whole.std() else None

    def _read(self, before: Tokens, more: Tokens, cache: Any) -> Any:
        """The cache of some tokens, read after those of another cache."""
        ids = torch.tensor([more], device=self.device)
        mask = ids.new_ones((1, len(before) + len(more)))
        options = {} if cache is None else {"past_key_values": cache}
        return self._forward(ids, mask, keep=1, use_cache=True, **options).past_key_values

    def _on_from(self, beginning: Tokens, rows: int) -> dict[str, Any]:
        """What tells the model to go on from a beginning."""
        if not beginning or self._beginnings is None:
            return {}
        return {"past_key_values": self._beginnings.cache(beginning, rows)}

    def _write(self, rows: Mapping[int, Tokens], sampling: Sampling, seeds: Mapping[int, int]) -> dict[int, Reply]:
        if sampling.temperature == 0:  # the same for all replicates
            texts = self._generate(list(dict.fromkeys(rows.values())), sampling, None)
            return {i: texts[row, 0] for i, row in rows.items()}
        texts = self._generate(list(rows.values()), sampling, list(seeds.values()))
        return {i: texts[row, seeds[i]] for i, row in rows.items()}

    def _generate(
        self, rows: list[Tokens], sampling: Sampling, seeds: list[int] | None
    ) -> dict[tuple[Tokens, int], Reply]:
        ends = self.model.generation_config.eos_token_id
        ends = self.tokenizer.eos_token_id if ends is None else ends
        stops = {int(end) for end in (ends if isinstance(ends, (list, tuple)) else [ends]) if end is not None}
        settings = library().GenerationConfig(
            do_sample=False,
            max_new_tokens=sampling.max_tokens,
            eos_token_id=sorted(stops) or None,
            pad_token_id=self._pad_id,
        )
        out: dict[tuple[Tokens, int], Reply] = {}
        waiting: dict[Tokens, list[int]] = {}
        for row, seed in zip(rows, seeds or [0] * len(rows)):
            waiting.setdefault(row, []).append(seed)
        for beginning, batch in self._batches(rows, sampling.max_tokens):
            ids, mask = self._pad(batch, len(beginning))
            chosen = [waiting[row].pop() for row in batch]
            draw = [] if seeds is None else [Gumbel(sampling.temperature, chosen)]
            written = self.model.generate(
                input_ids=ids,
                attention_mask=mask,
                generation_config=settings,
                logits_processor=draw,
                **self._on_from(beginning, len(batch)),
            )[:, ids.shape[1] :].tolist()
            for row, seed, tokens in zip(batch, chosen, written):
                end = next((n for n, token in enumerate(tokens) if token in stops), None)
                text = self.tokenizer.decode(tokens[:end], skip_special_tokens=True)
                finish, count = ("length", len(tokens)) if end is None else ("stop", end + 1)
                out[row, seed] = Reply(text, finish=finish, model=self.path_or_id, tokens_in=len(row), tokens_out=count)
        return out

    # --- tokens ---------------------------------------------------------------------------------------

    def _label_tokens(self, labels: tuple[str, ...]) -> LabelTokens:
        if labels not in self._labels:
            self._labels[labels] = LabelTokens(
                labels, lambda text: self.tokenizer.encode(text, add_special_tokens=False), self.tokenizer.decode
            )
        return self._labels[labels]

    @cached_property
    def _control(self) -> re.Pattern[str] | None:
        """The texts that the tokenizer reads as a sign of its own, such as the end of a turn."""
        added = self.tokenizer.added_tokens_decoder.values()
        names = {str(token) for token in added if token.special or _CONTROL.fullmatch(str(token))}
        names |= set(self.tokenizer.all_special_tokens)
        names = {name for name in names if len(name) > 1}
        return re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True)))) if names else None

    def _plain(self, text: str) -> str:
        """A text in which no control token is left: a question is data and cannot end the model's turn."""
        while self._control and self._control.search(text):  # breaking one up may, in odd vocabularies, make another
            text = self._control.sub(lambda found: found[0][0] + " " + found[0][1:], text)
        return text

    def render(self, prompt: Prompt) -> str:
        """The whole text the model is shown."""
        user = self._plain(prompt.user)
        system = self._plain(prompt.system) if prompt.system else None
        joined = f"{system}\n\n{user}" if system else user
        if not self.tokenizer.chat_template:
            return joined.rstrip() + CUE
        if system:
            try:
                text = self._chat([{"role": "system", "content": system}, {"role": "user", "content": user}])
            except Exception:  # templates refuse a system prompt with errors of their own making
                text = ""
            if system.strip() in text:
                return text
        try:
            return self._chat([{"role": "user", "content": joined}])
        except Exception as error:
            raise OracleError(f"the chat template of {self.path_or_id!r} fails: {first_line(error)}") from None

    def _chat(self, messages: list[dict[str, str]]) -> str:
        return str(self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))

    def _tokens(self, prompt: Prompt) -> Tokens:
        # a chat template writes the sign of the beginning itself
        chat = bool(self.tokenizer.chat_template)
        return tuple(self.tokenizer.encode(self.render(prompt), add_special_tokens=not chat))

    @property
    def _pad_id(self) -> int:
        known = (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        return int(next(number for number in known if number is not None))  # masked out: any token will do

    def _batches(self, rows: Iterable[Tokens], more: int) -> Iterator[tuple[Tokens, list[Tokens]]]:
        """Rows of about equal length together, with what they share; ``more`` tokens have to fit after each."""
        rows = list(rows)
        longest = max(map(len, rows), default=0)
        if self.context is not None and longest + more > self.context:
            raise OracleError(
                f"a prompt of {longest:,} tokens and a reply of up to {more:,} do not fit into the "
                f"{self.context:,} tokens {self.path_or_id!r} can read: shorten descriptions and premise, or max_tokens"
            )
        shared = self._beginnings.groups(rows, self.model) if self._beginnings is not None else [((), rows)]
        for beginning, group in shared:
            ordered = sorted(group, key=len)
            for same in [ordered] if self._padded else [list(same) for _, same in groupby(ordered, len)]:
                for start in range(0, len(same), self.batch_size):
                    yield beginning, same[start : start + self.batch_size]

    def _pad(self, batch: Sequence[Tokens], shared: int = 0) -> tuple[Tensor, Tensor]:
        """Rows padded on the left, but after the tokens they share, and their mask: shape ``(rows, length)`` both."""
        length = max(map(len, batch))
        ids = torch.full((len(batch), length), self._pad_id)
        mask = torch.zeros((len(batch), length), dtype=torch.long)
        mask[:, :shared] = 1
        for n, row in enumerate(batch):
            own = len(row) - shared
            ids[n, :shared] = torch.tensor(row[:shared], dtype=torch.long)
            ids[n, length - own :] = torch.tensor(row[shared:])
            mask[n, length - own :] = 1
        return ids.to(self.device), mask.to(self.device)

    def _forward(self, ids: Tensor, mask: Tensor, keep: int, **options: Any) -> Any:
        """The model's output for some tokens, whose last ``keep`` positions are needed; ``mask`` may begin earlier."""
        if "position_ids" in self._accepts and "position_ids" not in options:
            options["position_ids"] = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        for name in ("logits_to_keep", "num_logits_to_keep"):
            if name in self._accepts:  # not the whole vocabulary for every token of the prompt
                options[name] = keep
                break
        if "attention_mask" in self._accepts:
            options["attention_mask"] = mask
        return self.model(input_ids=ids, **options)


def _log_softmax(logits: Tensor, tokens: Sequence[int]) -> Tensor:
    logs = torch.log_softmax(logits.float(), dim=-1)
    return logs[:, list(tokens)].to("cpu", torch.float64)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _seed(seed: int | None, replicate: int, prompt: Prompt) -> int:
    """A number for one draw: the same for the same seed, replicate and prompt, and fresh without a seed."""
    if seed is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
    described = json.dumps([seed, replicate, prompt.system, prompt.user, prompt.labels])
    return int.from_bytes(hashlib.sha256(described.encode("utf-8", "surrogatepass")).digest()[:8], "little") >> 1
