"""The SQLite file of a journal: opening it, its tables, and transactions that several processes may make."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from causalpp.errors import FormatError

__all__ = ["Database"]

_APPLICATION = 0x63707031  # "cpp1", in the file's header, says whose file it is
_VERSION = 1
_WAIT = 60.0  # seconds to wait for another process

_all: weakref.WeakSet[Database] = weakref.WeakSet()
_left_behind: list[sqlite3.Connection | None] = []


class Database:
    """One connection for each process, used by one thread at a time.

    Args:
        path: of the file.
        create: whether to make one where there is none.
        tables: name → its columns; those that an older file has not are added to it.

    Raises:
        FormatError: no file, no folder, not a journal, one of a later version, or a damaged one.
    """

    def __init__(self, path: Path, create: bool, tables: Mapping[str, str]) -> None:
        self.path = path
        self._tables = tables
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        if not path.parent.is_dir():
            raise FormatError(f"cannot open the journal {str(path)!r}: there is no folder {str(path.parent)!r}")
        if not create and not path.exists():
            raise FormatError(f"there is no journal {str(path)!r}")
        _all.add(self)
        with self.reading():
            pass

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the file."""
        with self._transaction("BEGIN") as connection:
            yield connection

    def rows(self, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
        """Every row of a table by its ``id``, the id first: in pieces, so that no long-lasting reader keeps the log
        from being folded in.

        Raises:
            FormatError: the ids do not rise from row to row, as they do in a damaged file: going on behind the last one
                would read the same rows again without end.
        """
        last = 0
        query = f"SELECT id, {columns} FROM {table} WHERE id > ? ORDER BY id LIMIT 1000"
        while True:
            with self.reading() as connection:
                piece = connection.execute(query, (last,)).fetchall()
            if not piece:
                return
            for row in piece:
                if not row[0] > last:
                    raise FormatError(f"{str(self.path)!r} is a damaged journal: its rows are out of order")
                last = row[0]
                yield row

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction whose changes are on the disk when it ends, all or none.

        Args:
            durable: False for what may be lost when the power fails, and need not wait for the disk.
        """
        with self._lock:
            if durable:
                with self._transaction("BEGIN IMMEDIATE") as connection:
                    yield connection
                return
            with self.outside() as connection:
                connection.execute("PRAGMA synchronous = NORMAL")
            try:
                with self._transaction("BEGIN IMMEDIATE") as connection:
                    yield connection
            finally:
                with self.outside() as connection:
                    connection.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def outside(self) -> Iterator[sqlite3.Connection]:
        """The connection, for what cannot be done inside a transaction."""
        with self._lock, self._explained():
            yield self._connected()

    def close(self) -> None:
        """Close the file; using it again opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def forked(self) -> None:
        """In a child process: leave the parent's connection alone, which must be neither used nor closed here."""
        _left_behind.append(self._connection)
        self._connection = None
        self._lock = threading.RLock()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            connection = self._connected()
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError:
            raise FormatError(f"{str(self.path)!r} is a damaged journal: it holds text that is none") from None
        except sqlite3.Error as error:
            what = str(error)
            if "not a database" in what or "malformed" in what:
                raise FormatError(f"{str(self.path)!r} is not a journal, or a damaged one: {what}") from None
            raise FormatError(f"cannot use the journal {str(self.path)!r}: {what}") from None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            # Threads take turns by the lock, so that one connection may serve them all.
            connection = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Check the file, make its tables if it is new, and have every commit wait for the disk."""
        connection.execute("PRAGMA trusted_schema = OFF")
        if not self._recognised(connection):
            connection.execute("BEGIN IMMEDIATE")  # of several processes one makes the tables
            if not self._recognised(connection):
                if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                    raise FormatError(f"{str(self.path)!r} is a database of something else, not a journal")
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {_VERSION}")
                self._make_tables(connection)
            connection.execute("COMMIT")
        self._make_tables(connection)
        self._write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        for name in self._tables.keys() - there:
            connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({self._tables[name]})")

    def _recognised(self, connection: sqlite3.Connection) -> bool:
        """Whether the file is a journal that can be read here."""
        if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
            return False
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise FormatError(
                f"the journal {str(self.path)!r} is of version {version}, and this causalpp reads up to {_VERSION}: "
                "update causalpp"
            )
        return True

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Write-ahead logging: readers and a writer do not wait for each other; it stays with the file."""
        deadline = time.monotonic() + _WAIT
        while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:  # SQLite does not wait here for another process that does the same
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None:
            self.close()


def _after_fork() -> None:
    for database in list(_all):
        database.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
