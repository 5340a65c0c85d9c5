"""Small models from a configuration, to be trained from the beginning: a decoder, an encoder, and their words."""

from __future__ import annotations

import math
import os
import string
from collections import Counter
from collections.abc import Iterable
from typing import Any

from causalpp.errors import InvalidData, InvalidParameter, MissingDependency

__all__ = ["Pair", "parameters_of", "small_decoder", "small_encoder", "word_tokenizer"]

#: A model and its tokenizer, of the transformers library.
Pair = tuple[Any, Any]

_PIECES = r" ?[^\W\d_]+| ?\d|\s| ?[^\w\s]|_"  # words and signs with the blank before them; numbers digit by digit
_BARE = r"[^\W\d_]+|\d|\s|[^\w\s]|_"  # the same without the blank
_HEAD = 32  # numbers that one head of attention reads
_LAYERS = 4


def word_tokenizer(texts: Iterable[str], *, also: Iterable[str] = (), most: int = 8192, blanks: bool = True) -> Any:
    """A tokenizer whose tokens are the words of some texts, with the blank before them; numbers are read by digits.

    What is decoded is the text again, to the letter, as far as its words are known.

    Args:
        texts: whose words it knows, the most frequent first.
        also: further words, such as names that occur in other texts; each with and without a blank before it.
        most: tokens at most.
        blanks: whether a word with a blank before it is another token than the word without, so that what is written
            can be told to the letter.  False is for models that only read: a name is then one token wherever it stands.

    Raises:
        InvalidData: texts without words.
        MissingDependency: transformers is not installed.

    Example:
        >>> tokenizer = word_tokenizer(["a causes b.", "Does b cause a?"], also=["c"])
        >>> tokenizer.decode(tokenizer.encode("Does c cause b?"))
        'Does c cause b?'
        >>> tokenizer.tokenize("Does it?")
        ['Does', '<unk>', '?']
    """
    _quiet()
    try:
        from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
        from transformers import PreTrainedTokenizerFast
    except ImportError:
        raise MissingDependency("training takes transformers: pip install 'causalpp[train]'") from None

    split: Any = pre_tokenizers.Split(Regex(_PIECES if blanks else _BARE), behavior="isolated")
    if not blanks:
        split = pre_tokenizers.Sequence([split, pre_tokenizers.Split(" ", behavior="removed")])
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update(piece for piece, _ in split.pre_tokenize_str(text))
    if not seen:
        raise InvalidData("there are no words in these texts: give items, or texts, that the model is to read")
    special = ["<pad>", "<eos>", "<unk>"]
    more = [form for word in also for piece, _ in split.pre_tokenize_str(word) for form in _forms(piece, blanks)]
    if any(piece.strip().isdecimal() for piece in seen):  # who reads some numbers reads all
        more += [form for digit in string.digits for form in _forms(digit, blanks)]
    ordered = sorted(seen, key=lambda piece: (-seen[piece], piece))
    words = list(dict.fromkeys([*special, *more, *ordered]))[:most]
    tokenizer = Tokenizer(models.WordLevel({word: k for k, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = decoders.Fuse()
    kind: Any = PreTrainedTokenizerFast
    return kind(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=False,
        padding_side="left",
    )


def small_decoder(
    tokenizer: Any, *, parameters: float = 1e6, layers: int = _LAYERS, context: int = 1024, seed: int = 0
) -> Pair:
    """A model that writes, with random weights, in the form of Llama: rotary positions, so that length is no table.

    Args:
        tokenizer: its words; see :func:`word_tokenizer`.
        parameters: about how many it has; the width follows, a multiple of 32.
        layers: of attention.
        context: tokens that it reads at most.
        seed: of the weights.

    Returns:
        The model and the tokenizer, which all recipes take.

    Raises:
        InvalidParameter: too few parameters for these words, or no layers.

    Example:
        >>> model, _ = small_decoder(word_tokenizer(["a causes b"]), parameters=2e5)
        >>> 1e5 < parameters_of(model) < 3e5
        True
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    width = _width(len(tokenizer), parameters, layers)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // _HEAD,
        max_position_embeddings=context,
        initializer_range=width**-0.5,  # the usual 0.02 is for wide models: a narrow one would read a bag of words
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return _seeded(LlamaForCausalLM, config, seed), tokenizer


def small_encoder(tokenizer: Any, *, parameters: float = 1e6, layers: int = 6, seed: int = 0) -> Pair:
    """A model that reads a text and says yes or no, with random weights: every sentence is one place of its attention.

    What a text says in many short sentences, in whatever order, it reads in a fraction of the time of a model that
    goes word by word; and a text may be longer than any it was trained on.

    Args:
        tokenizer: its words; see :func:`word_tokenizer`.
        parameters: about how many it has; the width follows, a multiple of 32.
        layers: of attention.
        seed: of the weights.

    Returns:
        The model, with two outputs (no, yes), and the tokenizer: what :func:`~causalpp.training.classify` takes.

    Raises:
        InvalidParameter: too few parameters for these words, or no layers.

    Example:
        >>> model, tokenizer = small_encoder(word_tokenizer(["a causes b. Does b cause a?"]), parameters=3e5)
        >>> model(**tokenizer(["a causes b. Does a cause b?"], return_tensors="pt")).logits.shape
        torch.Size([1, 2])
    """
    from causalpp.training.encoder._sentences import ENDS, PLACES, SentenceConfig, SentenceEncoder

    width = _width(len(tokenizer) + PLACES, parameters, layers)
    known = tokenizer.get_vocab()
    config = SentenceConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=width // _HEAD,
        sentence_ends=[known[sign] for sign in ENDS if sign in known],
        pad_token_id=tokenizer.pad_token_id,
        num_labels=2,
        id2label={0: "no", 1: "yes"},
        label2id={"no": 0, "yes": 1},
    )
    return _seeded(SentenceEncoder, config, seed), tokenizer


def parameters_of(model: Any) -> int:
    """How many numbers a model has learned or will learn; tied ones count once."""
    return sum(each.numel() for each in model.parameters())


def _forms(piece: str, blanks: bool) -> tuple[str, ...]:
    return (piece, f" {piece}") if blanks else (piece,)


def _width(rows: int, parameters: float, layers: int) -> int:
    """The width with which a model has about so many parameters: ``rows`` of embeddings, and 12 to 16 w² a layer."""
    if layers < 1:
        raise InvalidParameter(f"a model has at least one layer, got {layers}")
    each = 16 * layers
    width = (math.sqrt(rows**2 + 4 * each * parameters) - rows) / (2 * each)
    rounded = _HEAD * round(width / _HEAD)
    if rounded < _HEAD:
        raise InvalidParameter(
            f"{parameters:,.0f} parameters are too few for {rows:,} words and {layers} layers: "
            f"take at least {rows * _HEAD + each * _HEAD**2:,}"
        )
    return rounded


def _seeded(kind: Any, config: Any, seed: int) -> Any:
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return kind(config).eval()


def _quiet() -> None:
    # The tokenizers warn of threads where processes are forked, and find out by themselves without being asked.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
