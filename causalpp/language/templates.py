"""The texts of which prompts are made: plain files that a user can replace, one by one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from causalpp._files import read_text
from causalpp.errors import FormatError

__all__ = ["Templates"]


class Templates:
    """Templates, those that ship or a user's own.

    Each is a text file with placeholders such as ``$question``; ``$$`` is a dollar sign.  What fills them is data and
    is not looked at for placeholders.

    Args:
        shipped: the folder of those that ship.
        placeholders: template → the placeholders it may use; those in capital letters must be there.
        folder: where a user's own templates are; those that are not there are the ones that ship.

    Attributes:
        folder: where a user's own are, or None.
        texts: template → its text.

    Raises:
        FormatError: there is no such folder, it has a file of another name, or a template has a placeholder that
            is not known or lacks one that is needed.
    """

    def __init__(
        self,
        shipped: Path,
        placeholders: Mapping[str, tuple[str, ...]],
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self.texts: Mapping[str, str] = {name: read_text(shipped / f"{name}.txt").rstrip("\n") for name in placeholders}
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None:
            self.texts = {**self.texts, **_own(self.folder, placeholders)}

    def digest(self, names: Iterable[str]) -> str:
        """Text that is the same where some of the templates are."""
        whole = "\0".join(f"{name}\0{self.texts[name]}" for name in sorted(names))
        return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:12]

    def fill(self, name: str, **values: str) -> str:
        """One of the templates with its placeholders filled."""
        return Template(self.texts[name]).substitute(values)

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write the templates to a folder, to be edited there; files that are there already stay as they are."""
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name, text in self.texts.items():
            path = target / f"{name}.txt"
            if not path.exists():
                path.write_text(text + "\n", encoding="utf-8")
        return target


def _own(folder: Path, placeholders: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    if not folder.is_dir():
        raise FormatError(f"there is no folder {os.fspath(folder)!r} with templates")
    own: dict[str, str] = {}
    for path in sorted(folder.glob("*.txt")):
        if path.stem not in placeholders:
            raise FormatError(f"{path}: no template is called {path.stem!r}; they are {', '.join(placeholders)}")
        own[path.stem] = _checked(path, read_text(path).rstrip("\n"), placeholders[path.stem])
    return own


def _checked(path: Path, text: str, allowed: tuple[str, ...]) -> str:
    template = Template(text)
    if not template.is_valid():
        raise FormatError(f"{path}: a '$' that begins no placeholder; write $$ for a dollar sign")
    found = set(template.get_identifiers())
    unknown = sorted(found - {name.lower() for name in allowed})
    missing = [name.lower() for name in allowed if name.isupper() and name.lower() not in found]
    known = ", ".join("$" + name.lower() for name in allowed) or "none"
    if unknown:
        raise FormatError(f"{path}: unknown placeholder ${unknown[0]}; this template may use: {known}")
    if missing:
        raise FormatError(f"{path}: the placeholder ${missing[0]} is missing")
    return text
