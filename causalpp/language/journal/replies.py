"""A journal of replies: every reply to a prompt, in one file, given back for free.

A reply is determined by who is asked, what, how words are drawn, and for the how-manieth time; that is the key under
which it is kept.  The first reply recorded under a key stays, so a run that is repeated reads the same replies, and k
samples of one prompt stay k samples.

The file is an SQLite database with JSON values.  Several processes and threads may share it on one machine, and none
asks what another has under way (:mod:`causalpp.language.journal._leases`); SQLite's write-ahead log does not work
across a network file system.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, ClassVar, Self

from causalpp.errors import FormatError
from causalpp.language.backend import Reply
from causalpp.language.journal._database import Database
from causalpp.language.journal._leases import Key, Leases

__all__ = ["ReplyJournal"]

_KEY = "oracle = ? AND prompt = ? AND replicate = ?"
_FIELDS = {item.name for item in fields(Reply)}


class ReplyJournal:
    """Replies in a file.

    Args:
        path: of the file; it is made if there is none.
        create: False refuses to make one.

    Attributes:
        database: the file's transactions, for a journal of one's own with further :attr:`tables`.

    Raises:
        FormatError: the file cannot be made, is no journal, is one of a later version, or is damaged.
    """

    #: The tables of the file: name → columns.
    tables: ClassVar[Mapping[str, str]] = {
        "oracles": "fingerprint TEXT PRIMARY KEY, identity TEXT NOT NULL, recorded REAL NOT NULL",
        "replies": "id INTEGER PRIMARY KEY, oracle TEXT NOT NULL, prompt TEXT NOT NULL, replicate INTEGER NOT NULL, "
        "value TEXT NOT NULL, recorded REAL NOT NULL, UNIQUE (oracle, prompt, replicate)",
    }

    def __init__(self, path: str | os.PathLike[str], *, create: bool = True) -> None:
        self.path = Path(path).absolute()
        self.database = Database(self.path, create, self.tables)
        self._known: set[str] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path,)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; using the journal again opens it again."""
        self.database.close()

    def replies(self, fingerprint: str, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Reply]:
        """The replies that somebody gave to some prompts: (digest of the prompt, replicate) → reply."""
        found: dict[tuple[str, int], Reply] = {}
        with self.database.reading() as connection:
            for key in keys:
                row = connection.execute(f"SELECT value FROM replies WHERE {_KEY}", (fingerprint, *key)).fetchone()
                if row is not None:
                    found[key] = _reply(row[0])
        return found

    def all_replies(self, oracle: str = "") -> Iterator[tuple[str, Reply]]:
        """Every reply with the fingerprint of who gave it, in the order in which they were recorded.

        Args:
            oracle: only of fingerprints that begin so.
        """
        for _, fingerprint, value in self.database.rows("replies", "oracle, value"):
            if str(fingerprint).startswith(oracle):
                yield str(fingerprint), _reply(value)

    def put_replies(self, fingerprint: str, replies: Iterable[tuple[tuple[str, int], Reply]]) -> None:
        """Keep replies to prompts; the first one to each stays."""
        columns = "oracle, prompt, replicate, value, recorded"
        rows = [(fingerprint, *key, json.dumps(asdict(reply)), time.time()) for key, reply in replies]
        with self.database.writing() as connection:
            connection.executemany(f"INSERT OR IGNORE INTO replies ({columns}) VALUES (?, ?, ?, ?, ?)", rows)

    def leases(self) -> Leases:
        """Who is to ask what is not there, among all the askings that share this file."""
        return Leases(self.database, self.is_there)

    def is_there(self, connection: sqlite3.Connection, key: Key) -> bool:
        """Whether a row is in the journal."""
        return connection.execute(f"SELECT 1 FROM replies WHERE {_KEY}", key[1:]).fetchone() is not None

    def register(self, fingerprint: str, identity: Mapping[str, Any]) -> None:
        """Note what a fingerprint stands for."""
        if fingerprint in self._known:
            return
        row = (fingerprint, json.dumps(dict(identity), default=str), time.time())
        with self.database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO oracles VALUES (?, ?, ?)", row)
        self._known.add(fingerprint)

    @property
    def oracles(self) -> dict[str, dict[str, Any]]:
        """Fingerprint → what it stands for, of everybody that was asked."""
        with self.database.reading() as connection:
            rows = connection.execute("SELECT fingerprint, identity FROM oracles ORDER BY recorded").fetchall()
        return {str(fingerprint): _object(identity, "describes no oracle") for fingerprint, identity in rows}


def _reply(text: Any) -> Reply:
    values = _object(text, "is no reply")
    return Reply(**{name: value for name, value in values.items() if name in _FIELDS})


def _object(text: Any, what: str) -> dict[str, Any]:
    """A JSON object of the file, which is not taken at its word: it may be damaged."""
    try:
        values = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        values = None
    if not isinstance(values, dict) or (what == "is no reply" and not isinstance(values.get("text"), str)):
        raise FormatError(f"the journal holds something that {what}: {str(text)[:200]}")
    return values
