"""What a model thinks before it speaks, where a server leaves it in the text: its marks."""

from __future__ import annotations

import re

__all__ = ["THOUGHT_BEGINS", "THOUGHT_ENDS", "without_controls"]

_NAMES = r"(?:seed:)?(?:think|thinking|thought|thoughts|reasoning)"
#: DeepSeek, Qwen and others; Magistral; Kimi; gpt-oss.
THOUGHT_BEGINS = re.compile(
    rf"<{_NAMES}>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<\|channel\|>analysis<\|message\|>", re.IGNORECASE
)
THOUGHT_ENDS = re.compile(
    rf"</{_NAMES}>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<\|channel\|>final<\|message\|>", re.IGNORECASE
)
_CONTROLS = re.compile(r"(?:\s*(?:<\|[a-z_]{1,20}\|>|</s>|<eos>|<end_of_turn>|<\|im_end\|>)){1,9}\s*\Z", re.IGNORECASE)


def without_controls(text: str) -> str:
    """A text without the marks of its end, which some servers pass on.

    >>> without_controls("Yes.<|im_end|>")
    'Yes.'
    """
    found = _CONTROLS.search(text, max(0, len(text) - 200))
    return text[: found.start()] if found else text
