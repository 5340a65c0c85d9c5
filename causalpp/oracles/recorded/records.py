"""Recorded answers to "does a cause b?": one JSON object a line.

A line has ``model``, ``prompt``, ``network``, ``a`` and ``b``, and either ``log_p`` or ``log_odds``; ``truth`` says
whether ``a`` causes ``b`` in the network, where that is known, and other keys are left alone.  ``log_p`` are the
log-probabilities of the labels, of which the first speaks for "a causes b" and the second against it ("yes, no"; "no,
yes" where the prompt asks whether it is false; "a, b" where A is "a acts on b" and B the reverse), and a third is
"unsure"; −25 or less says that a label was not among the words that the server listed.  ``log_odds`` is the first less
the second.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from causalpp._files import about, data_path, read_text
from causalpp.errors import FormatError

__all__ = ["CHOICE", "UNSEEN", "RecordedAnswer", "answer_files", "read_answers", "recorded_names"]

#: The prompt that lets the model choose between the two directions.
CHOICE = "choice"

UNSEEN = -25.0  # a label that was not among the words listed
_TEXTS = ("model", "prompt", "network", "a", "b")


@dataclass(frozen=True)
class RecordedAnswer:
    """What one model said to one prompt about an ordered pair of variables.

    Attributes:
        model, prompt, network: who was asked, in which words (a short name for them), about which network.
        a, b: the pair: does ``a`` cause ``b``?
        log_odds: log P(yes)/P(no), in nats; None if neither label was among the words listed.
        value: the most probable label: True for yes, False for no, None for unsure or none.
        captured: the probability that fell on the labels, where it was recorded.
        truth: whether it is so in the network, where it was recorded.

    Example:
        >>> line = {"model": "m", "prompt": "short", "network": "cancer", "a": "Smoker", "b": "Cancer",
        ...         "log_p": [-0.2, -1.8]}
        >>> RecordedAnswer.from_dict(line).log_odds
        1.6
    """

    model: str
    prompt: str
    network: str
    a: str
    b: str
    log_odds: float | None
    value: bool | None
    captured: float | None = None
    truth: bool | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RecordedAnswer:
        """An answer from the values of a line.

        Raises:
            FormatError: something is missing or of another kind; the message says what.
        """
        if not isinstance(values, Mapping):
            raise FormatError(f"a recorded answer is a JSON object, not {str(values)[:60]}")
        names = {}
        for key in _TEXTS:
            if not isinstance(values.get(key), str) or not values[key].strip():
                raise FormatError(f"{key!r} is a text, and here " + _shown(values, key))
            names[key] = values[key]
        if names["a"] == names["b"]:
            raise FormatError(f"'a' and 'b' are two variables, and here both are {names['a']!r}")
        truth = values.get("truth")
        if truth is not None and not isinstance(truth, bool):
            raise FormatError("'truth' is true, false or null, and here " + _shown(values, "truth"))
        if "log_p" in values:
            return cls(**names, **_from_labels(values), truth=truth)
        odds: Any = values.get("log_odds")
        if not _is_number(odds):
            raise FormatError("there is neither 'log_p' nor a finite 'log_odds'")
        return cls(**names, log_odds=float(odds), value=_sign(float(odds)), truth=truth)


def _from_labels(values: Mapping[str, Any]) -> dict[str, Any]:
    log_p = values["log_p"]
    if not isinstance(log_p, list) or len(log_p) not in (2, 3) or not all(map(_is_number, log_p)):
        raise FormatError("'log_p' is a list of two or three finite numbers, and here " + _shown(values, "log_p"))
    if max(log_p) > 1e-3:
        raise FormatError("'log_p' are logarithms of probabilities, none above 0, and here " + _shown(values, "log_p"))
    yes, no, *rest = log_p
    heard = max(log_p) > UNSEEN
    seen = max(yes, no) > UNSEEN
    odds = float(yes - no) if seen else None
    unsure = not heard or any(other > max(yes, no) for other in rest)
    captured = min(1.0, sum(math.exp(p) for p in log_p if p > UNSEEN))
    return {"log_odds": odds, "value": None if unsure or odds is None else _sign(odds), "captured": captured}


def _sign(odds: float) -> bool | None:
    return None if odds == 0 else odds > 0


def _is_number(value: Any) -> bool:
    """Whether this is a finite number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _shown(values: Mapping[str, Any], key: str) -> str:
    return f"it is {str(values[key])[:60]!r}" if key in values else "it is missing"


def recorded_names() -> tuple[str, ...]:
    """The names of the files of recorded answers that ship, which :func:`read_answers` takes."""
    return tuple(sorted(path.stem for path in answer_files()))


def answer_files() -> tuple[Path, ...]:
    """The files of recorded answers that ship."""
    return tuple(sorted((data_path() / "answers").glob("*.jsonl")))


def read_answers(*sources: str | os.PathLike[str]) -> tuple[RecordedAnswer, ...]:
    """The recorded answers of some files, in their order.

    Args:
        sources: files of JSON lines, or names of :func:`recorded_names`.

    Raises:
        FormatError: a file that cannot be read, or a line that is no recorded answer; the message names file and line.

    Example:
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "mine.jsonl"
        >>> line = '{"model": "m", "prompt": "short", "network": "cancer", "a": "Smoker", "b": "Cancer", "log_odds": 2}'
        >>> _ = path.write_text(line)
        >>> read_answers(path)[0].value
        True
    """
    found: list[RecordedAnswer] = []
    for source in sources:
        path = Path(source)
        shipped = data_path() / "answers" / f"{os.fspath(source)}.jsonl"
        if not path.exists() and os.fspath(source) == path.name and shipped.exists():
            path = shipped
        text = read_text(path)
        with about(path):
            found += _parsed(text)
    return tuple(found)


@lru_cache(maxsize=32)
def _parsed(text: str) -> tuple[RecordedAnswer, ...]:
    """The answers in the text of a file; studies read the same ones for every model and network."""
    return tuple(_lines(text.split("\n")))


def _lines(lines: Iterable[str]) -> Iterable[RecordedAnswer]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield RecordedAnswer.from_dict(json.loads(line))
        except json.JSONDecodeError as error:
            raise FormatError(f"this is no JSON: {error.msg}", line=number, column=error.colno) from None
        except RecursionError:
            raise FormatError("this is no JSON: it is nested too deeply", line=number) from None
        except FormatError as error:
            raise FormatError(str(error), line=number) from None
