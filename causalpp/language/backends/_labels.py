"""The words a model may answer with: how each can be spelled in tokens, and whose probability is whose."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from causalpp.errors import InvalidParameter, OracleError

__all__ = ["LabelTokens", "Tokens", "spellings"]

Tokens = tuple[int, ...]

#: What a label may follow: tokenizers split a word differently at the start of a text, a line, or after a sign.
_BEFORE = ("", ":", "\n")


def spellings(label: str) -> tuple[str, ...]:
    """The ways a label may stand in a reply: as given, in lower case, capitalised, in capitals; with a space before.

    >>> spellings("yes")
    ('yes', ' yes', 'Yes', ' Yes', 'YES', ' YES')
    """
    words = dict.fromkeys((label, label.lower(), label.capitalize(), label.upper()))
    return tuple(space + word for word in words for space in ("", " "))


class LabelTokens:
    """All token sequences that spell one of some labels, and the probability of each label made of theirs.

    A reply counts for the label whose spelling is the *longest* it begins with. With S the set of all sequences
    and P(s) the probability that the reply begins with s (the product of the model's conditional
    probabilities, by teacher forcing), the probability of a label is the sum over its own sequences s of

        P(s) − Σ P(t),  t in S beginning with s, with no sequence of S between s and t.

    So a sequence that only goes on from another one of its own label adds nothing, and what "no" shares with
    "not sure" goes to the latter. The labels are disjoint events: their probabilities sum to at most one.

    Args:
        labels: the words.
        encode: text → token numbers, nothing added before or after.
        decode: token numbers → text.

    Attributes:
        sequences: every sequence with its label.
        wanted: stem → the tokens looked up after it; a stem is a beginning, also the empty one, after which the
            model's next token has to be known.
        paths: the stems that no longer stem begins with: to read these is to read all.

    Raises:
        InvalidParameter: two labels are the same but for upper and lower case, or one is empty.
        OracleError: the tokenizer cannot spell a label.

    Example:
        >>> codes = {"yes": [1], " yes": [2], "Yes": [3], "YES": [3, 4], "no": [5], " no": [6], "No": [5, 7]}
        >>> texts = {tuple(tokens): text for text, tokens in codes.items()}
        >>> tokens = LabelTokens(["yes", "no"], lambda t: codes.get(t, []), lambda t: texts.get(tuple(t), ""))
        >>> tokens.wanted, tokens.paths
        ({(): (1, 2, 3, 5, 6), (3,): (4,), (5,): (7,)}, ((3,), (5,)))
    """

    def __init__(
        self, labels: Sequence[str], encode: Callable[[str], list[int]], decode: Callable[[Sequence[int]], str]
    ) -> None:
        self.labels = tuple(labels)
        folded = [label.strip().casefold() for label in labels]
        if len(set(folded)) < len(folded) or "" in folded:
            raise InvalidParameter(
                f"labels are distinct words, whatever their case; got {', '.join(map(repr, labels))}"
            )
        found: dict[Tokens, str] = {}
        for label, word in zip(self.labels, folded):
            for before in _BEFORE:
                base = encode(before) if before else []
                for spelling in spellings(label.strip()):
                    whole = encode(before + spelling)
                    tokens = tuple(whole[len(base) :])
                    # a sign and the word may melt into one token, and a word may be unknown: neither spells it
                    if tokens and whole[: len(base)] == base and decode(tokens).strip().casefold() == word:
                        found[tokens] = label
            if label not in found.values():
                raise OracleError(f"the model's tokenizer cannot spell {label!r}: use other labels")
        self.sequences: Mapping[Tokens, str] = found
        wanted: dict[Tokens, set[int]] = {}
        for tokens in found:
            for cut in range(len(tokens)):
                wanted.setdefault(tokens[:cut], set()).add(tokens[cut])
        self.wanted = {stem: tuple(sorted(wanted[stem])) for stem in sorted(wanted)}
        inner = {stem[:-1] for stem in wanted if stem}
        self.paths = tuple(stem for stem in self.wanted if stem and stem not in inner)
        self._next = {tokens: self._extensions(tokens) for tokens in found}

    @property
    def longest(self) -> int:
        """The number of tokens of the longest sequence."""
        return max(map(len, self.sequences))

    def _extensions(self, tokens: Tokens) -> tuple[Tokens, ...]:
        """The sequences that go on from one, without those that go on from these in turn."""
        longer = [t for t in self.sequences if len(t) > len(tokens) and t[: len(tokens)] == tokens]
        return tuple(t for t in longer if not any(s != t and t[: len(s)] == s for s in longer))

    def log_probabilities(self, after: Mapping[Tokens, Mapping[int, float]]) -> dict[str, float]:
        """Label → the log of its probability.

        Args:
            after: stem → token → log of the probability of the token after the prompt and the stem, for all of
                :attr:`wanted`.
        """
        logs = {tokens: sum(after[tokens[:i]][tokens[i]] for i in range(len(tokens))) for tokens in self.sequences}
        out = {}
        for label in self.labels:
            gained: list[tuple[float, float]] = []  # (log, sign): kept in logs, as the terms may be tiny
            for tokens, owner in self.sequences.items():
                if owner != label:
                    continue
                gained.append((logs[tokens], 1.0))
                gained += [(logs[longer], -1.0) for longer in self._next[tokens]]
            top = max(value for value, _ in gained)
            total = sum(sign * math.exp(value - top) for value, sign in gained) if top > -math.inf else 0.0
            out[label] = top + math.log(total) if total > 0 else -math.inf
        return out
