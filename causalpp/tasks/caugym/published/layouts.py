"""The layouts of CauGym's published files.

The test sets (``base``, ``rephrased``, ``omitted``, ``deconfounding``, ``redundant``, ``insufficient``, each ending in
``_dataset.json``) are arrays of rows with ``problem``, ``answer`` (JSON text, or ``LACK_CONDITION``), ``Reason``
(``Step 1``, …), ``Type`` (the quantity), and ``idx`` or ``id``.  The training sets come in the layouts of the trainers
they were made for, of which these are read:

- fine-tuning (``SFT``, ``cold_start_sft``): ``problem``, ``question``, ``prompt`` or ``instruction`` with ``input``,
  and ``output``, ``response``, ``completion``, ``solution`` or ``answer``; or a conversation under ``messages`` or
  ``conversations``;
- preferences (``dpo_dataset``): the same prompts, with ``chosen`` and ``rejected``, as texts or messages, which
  may hold the prompt themselves;
- wanted and unwanted replies (``kto_dataset``): a reply with ``label`` or ``kto_tag``;
- online (``online_RL``): a prompt with ``answer``, ``ground_truth``, or ``reward_model`` that has a ``ground_truth``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["ASKED", "Reply", "quantity_of", "replies_of", "set_of", "stated_in", "text_of"]

#: A reply, and whether it is one to learn.
Reply = tuple[str, bool]

#: Columns that hold what is asked, the first that is there counts.
ASKED = ("problem", "question", "prompt", "messages", "conversations", "instruction", "input", "query")
_STATED = ("answer", "ground_truth", "gt_answer", "solution")
_REPLIES = ("output", "response", "completion")
#: Whether a reply is one to learn, as tables without types write it, too.
_WANTED = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
_SHORT = 60  # characters of an answer without a reasoning
_ASKING, _ANSWERING = ("user", "human"), ("assistant", "gpt")
_SETS = {
    "base": "plain",
    **{name: name for name in ("rephrased", "omitted", "deconfounding", "redundant", "insufficient")},
}


def text_of(row: Mapping[str, Any]) -> str:
    """What is asked in a row; "" if it says nothing."""
    for name in (*ASKED, "chosen"):
        value = row.get(name)
        if name == "instruction" and isinstance(value, str):
            return "\n".join(part for part in (value, str(row.get("input") or "")) if part)
        if isinstance(value, str) and value and name != "chosen":
            return value
        turns = [text for role, text in _turns(value) if role in _ASKING]
        if turns:
            return turns[-1]
    return ""


def replies_of(row: Mapping[str, Any]) -> tuple[Reply, ...]:
    """The replies in a row, wanted and unwanted."""
    if "chosen" in row or "rejected" in row:
        pairs = ((name, name == "chosen") for name in ("chosen", "rejected"))
        return tuple((text, wanted) for name, wanted in pairs if (text := _last(row.get(name))))
    wanted = next((_WANTED[said] for name in ("kto_tag", "label") if (said := _label(row.get(name))) in _WANTED), True)
    places = [*(_last(row.get(name)) for name in _REPLIES), *(_at_length(row.get(name)) for name in _STATED)]
    places += [_last(row.get(name)) for name in ("messages", "conversations")]
    found = next(filter(None, places), "")
    return ((found, wanted),) if found else ()


def stated_in(row: Mapping[str, Any]) -> str:
    """The answer that a row states to be right: of its own, or at the end of a reply to learn; "" if it states none."""
    model = row.get("reward_model")
    places = [
        *(row.get(name) for name in _STATED),
        *([model.get("ground_truth")] if isinstance(model, Mapping) else []),
    ]
    extra = row.get("extra_info")
    places += [extra.get("answer")] if isinstance(extra, Mapping) else []
    for value in places:
        text = _text(value)
        if text:
            return text
    return next((text for text, wanted in replies_of(row) if wanted), "")


def quantity_of(row: Mapping[str, Any]) -> str:
    """The quantity that a row names; "" if it names none."""
    return str(row.get("Type") or row.get("type") or "").strip().upper()


def set_of(source: str) -> str:
    """The set that the name of a file says, plain for the base set; "" if it says none.

    >>> set_of("base_dataset.json"), set_of("omitted_dataset.json"), set_of("SFT.json")
    ('plain', 'omitted', '')
    """
    return _SETS.get(source.lower().replace(".", "_").partition("_")[0], "")


def _turns(value: Any) -> Iterator[tuple[str, str]]:
    for turn in value if isinstance(value, (list, tuple)) else ():
        if isinstance(turn, Mapping):
            role, text = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
            if isinstance(role, str) and isinstance(text, str):
                yield role.lower(), text


def _last(value: Any) -> str:
    """A reply as text, or the last one in a conversation."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):  # one message
        value = [value]
    turns = [text for role, text in _turns(value) if role in _ANSWERING]
    return turns[-1] if turns else ""


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    if isinstance(value, Mapping):
        return "{" + ", ".join(f'"{name}": "{said}"' for name, said in value.items()) + "}"
    return value if isinstance(value, str) else "" if value is None else str(value)


def _label(value: Any) -> str:
    return str(value).strip().lower() if isinstance(value, (bool, int, float, str)) else ""


def _at_length(value: Any) -> str:
    """An answer that is a whole reply, with a reasoning."""
    return value if isinstance(value, str) and (len(value) > _SHORT or "\n" in value) else ""
