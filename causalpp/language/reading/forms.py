"""What stands around a label and is not about it: boxes of LaTeX, emoji, and that nobody has proved it."""

from __future__ import annotations

import re

__all__ = ["boxed_label", "conceded", "disowned", "finished", "unboxed", "without_emoji"]

_TAIL = 1_000  # characters of a long reply in which its last line is looked for
_MATHS = re.compile(r"\\[\[\]()]|\$")
_BOX = re.compile(
    r"\\(?:boxed|fbox|text|textbf|textit|textrm|texttt|textsf|mathrm|mathbf|mathit|mathsf|operatorname)\s{0,3}"
    r"\{([^{}\\]{0,200})\}"
)
_BOXED_LINE = re.compile(
    r"[\s*_]*(?:(?:so|therefore|thus|hence|in conclusion),? )?"
    r"(?:(?:(?:the|my) )?(?:final )?answer(?: is)?[\s*_]*:?[\s*_]*)?"
    r"\\boxed\s{0,3}(?P<inner>\{.{0,100}\})[\s*_.!]*",
    re.IGNORECASE,
)

#: What may go before an answer without a stop: an announcement of it, an item of a list, a heading.
_ANNOUNCED = re.compile(
    r"(?:.*[.!] )?(?:(?:so|therefore|thus|hence|in conclusion|in summary|in short)[,:]? ?)?"
    r"(?:(?:here is |here's )?(?:(?:the|my) )?(?:final |correct )?(?:answer|conclusion|verdict)(?: is)?)?[ :,]*",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\s*(?:[-+*•#>]|\d{1,3}[.)])+ .*[^\s:,;]\s*")
_WRONG = re.compile(r"\b(?:wrong|incorrect|mistake|careless|naive|error|misleading|tempting)", re.IGNORECASE)
_OPEN = re.compile(r"[^\W\d_]|[,:;(=–—-]")  # ends a line with which a sentence may not end

#: Emoji that say yes, that say no, and that say neither; any other may take back what was said.
_SIGNS: dict[str, bool | None] = {
    **dict.fromkeys("✅✔☑👍💯🙌👌🆗", True),
    **dict.fromkeys("❌✖✗✘❎👎🚫⛔🙅", False),
    **dict.fromkeys("😊🙂😀😃😄😁☺✨🎉🌟⭐💡📚🔬🧪📊📈🤖💪👋🚬", None),
}
_MODIFIERS = {"\ufe0f", "\u200d", *map(chr, range(0x1F3FB, 0x1F400))}

_STUDY = r"(?:study|studies|trials?|experiments?|papers?|research|data|one)"
_WHEN = r"(?: (?:yet|so far|ever|directly|conclusively|definitively|formally|beyond doubt))?"
_BEGIN = r"(?P<stop>[.,;:(-]*) ?(?:even though|although|though|but|albeit) "


def _concession(does: str, done: str) -> re.Pattern[str]:
    """That nobody ``does`` it, or that it is not ``done``, at the end of a text."""
    it = "(?:it|this|that)"
    kinds = "(?:single |controlled |randomi[sz]ed |formal )?"
    nobody = rf"(?:there (?:is|are) )?no {kinds}{_STUDY}(?: that)?(?: has| have)?{_WHEN} (?:{does}) {it}{_WHEN}"
    undone = rf"{it} (?:has not|hasn't|is not|isn't)(?: yet)?(?: been)?{_WHEN} (?:{done}){_WHEN}"
    return re.compile(rf"{_BEGIN}(?:{nobody}|{undone}{{proof}}){_WHEN}[.!) ]*$".replace("{proof}", _PROOF[done]))


_PROOF = {
    "proven|proved|established|confirmed": r"|there (?:is|are) no (?:conclusive |definitive |formal |direct )?proofs?"
    r"(?: (?:of|for) (?:it|this|that))?",
    "disproven|disproved|refuted|ruled out": "",
}
_CONCEDED = {
    True: _concession(
        "proves?|proved|proven|shows?|showed|shown|confirms?|confirmed|establish(?:es|ed)?|demonstrates?|demonstrated",
        "proven|proved|established|confirmed",
    ),
    False: _concession(
        "disproves?|disproved|disproven|refutes?|refuted|excludes?|excluded", "disproven|disproved|refuted|ruled out"
    ),
}


def unboxed(text: str) -> str:
    r"""A text without the boxes and fonts of LaTeX around its words, and without what marks its formulas.

    >>> unboxed(r"\[ \boxed{\text{No}} \]"), unboxed("It cost $5.")
    ('No', 'It cost $5.')
    """
    if "\\" not in text:
        return text
    before = None
    while before != text:
        before, text = text, _BOX.sub(r"\1", text)
    return _MATHS.sub("", text).strip()


def finished(text: str) -> bool:
    r"""Whether what stands before a last line leaves that to itself, and does not lead on to it.

    >>> finished("It goes through tar.\n"), finished("Final answer:"), finished("It would be wrong to write")
    (True, True, False)
    """
    line = text[-_TAIL:].rstrip().rpartition("\n")[2]
    said = re.sub(r"[*_`\"']", "", line).strip()
    return not _OPEN.match(said[-1:]) or bool(_ANNOUNCED.fullmatch(said) or _ITEM.fullmatch(line))


def disowned(text: str) -> bool:
    """Whether what stands before a last line leads on to it as to what is wrong.

    >>> disowned("It would be wrong to write"), disowned("Tar is in between"), disowned("It is wrong to smoke.")
    (True, False, False)
    """
    return not finished(text) and bool(_WRONG.search(text[-_TAIL:].rstrip().rpartition("\n")[2]))


def boxed_label(text: str) -> str | None:
    r"""What stands in the box with which the last line of a text ends, if nothing but "the answer is" goes before it.

    >>> boxed_label("It goes through tar.\n\\[\n\\boxed{\\text{yes}}\n\\]"), boxed_label(r"It is not \boxed{yes}")
    ('yes', None)
    """
    tail = text[-_TAIL:]
    if "\\boxed" not in tail:
        return None
    before, _, last = _MATHS.sub("", tail).strip().rpartition("\n")
    found = _BOXED_LINE.fullmatch(last)
    return None if found is None or not finished(before) else unboxed("\\boxed" + found["inner"]).strip(" .!*_")


def without_emoji(text: str) -> tuple[str, set[bool]]:
    """A text without the emoji at its ends, and what they say; emoji that may take it back stay.

    >>> without_emoji("✅ yes, it does 👍🏽😊"), without_emoji("yes 🤔")
    (('yes, it does', {True}), ('yes 🤔', set()))
    """
    begin, end, said = 0, len(text), set[bool]()
    while end > begin and (text[end - 1] in _SIGNS or text[end - 1] in _MODIFIERS or text[end - 1].isspace()):
        end -= 1
        said |= {sign} if (sign := _SIGNS.get(text[end])) is not None else set()
    while begin < end and (text[begin] in _SIGNS or text[begin] in _MODIFIERS or text[begin].isspace()):
        said |= {sign} if (sign := _SIGNS.get(text[begin])) is not None else set()
        begin += 1
    return text[begin:end], said


def conceded(text: str, label: bool) -> str:
    """A text without the concession, at its end, that nobody has proved what it says.

    >>> conceded("yes, although no study proves it.", True), conceded("yes, although not always", True)
    ('yes', 'yes, although not always')
    """
    return _CONCEDED[label].sub("", text, count=1)
