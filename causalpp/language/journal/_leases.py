"""Who is asking what, so that of two askings that share a journal only one puts a question.

An asking leases the rows of a journal that it is about to fill.  Another one that wants the same leaves them alone and
takes the answers as they come; what was leased and not answered it leases itself once the lease has ended: when the
other has finished or was stopped, when its process has died (known at once on the same machine), or when it has shown
no sign of life for a minute (a process that was suspended, or died where its number says nothing here).  How long that
is, the one who waits measures by its own clock, so that no clock that is set and no pause of the machine ends a lease.

Nobody waits who holds a lease, so no two can wait for each other.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from causalpp.errors import CausalppError
from causalpp.language.journal._database import Database

__all__ = ["Key", "Leases", "Wanted"]

_log = logging.getLogger("causalpp.language")

#: What determines a row: the table, and the values that are unique in it.
Key = tuple[object, ...]

#: What is leased together: all its rows, and those of them that are wanted and were not there.
Wanted = tuple[Sequence[Key], Sequence[Key]]

BEAT = 5.0  #: seconds between the signs of life of an asking
SILENCE = 60.0  #: seconds without one, after which its leases end
_PATIENCE = 0.25  # seconds, the longest between two looks
_TOLD = 5.0  # seconds of waiting after which it is said that there is somebody to wait for

_TABLES = (
    "CREATE TABLE IF NOT EXISTS leases (row TEXT PRIMARY KEY, owner TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS owners (owner TEXT PRIMARY KEY, place TEXT NOT NULL, process INTEGER NOT NULL, "
    "started TEXT NOT NULL, beats INTEGER NOT NULL)",
)


class Leases:
    """The leases of one asking; a context, at whose end there are none left.  Without a file all is free to ask.

    Args:
        database: of the journal, if there is one.
        answered: whether a row is there by now.
    """

    _here: ClassVar[set[str]] = set()  # the askings of this process

    def __init__(self, database: Database | None, answered: Callable[[sqlite3.Connection, Key], bool]) -> None:
        self._database, self._answered = database, answered
        self._owner = uuid.uuid4().hex
        self._process = os.getpid()
        self._seen: dict[str, tuple[int, float]] = {}  # owner → the last sign of life, and when it was noticed
        self._end: threading.Event | None = None
        self._holds = False
        self._looks = 0
        self._since: float | None = None

    def __enter__(self) -> Leases:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def take(self, wanted: Sequence[Wanted]) -> list[int]:
        """Lease what nobody else has, and say the numbers of it; what has been answered meanwhile is left out."""
        if self._database is None:
            return list(range(len(wanted)))
        self._here.add(self._owner)  # before it can be seen
        taken: list[int] = []
        free: dict[str, bool] = {self._owner: True}  # owner → whether its leases have ended
        with self._database.writing(durable=False) as connection:
            for statement in _TABLES:
                connection.execute(statement)
            for number, (rows, missing) in enumerate(wanted):
                if any(self._answered(connection, key) for key in missing):
                    continue
                names = [json.dumps(key) for key in rows]
                owners = {owner for name in names for owner in self._owners(connection, name)}
                for owner in owners - free.keys():
                    free[owner] = self._ended(connection, owner)
                if all(free[owner] for owner in owners):
                    connection.executemany(
                        "INSERT OR REPLACE INTO leases VALUES (?, ?)", [(name, self._owner) for name in names]
                    )
                    taken.append(number)
            if taken:
                self._holds = True
                self._sign(connection)
        if taken:
            self._looks, self._since = 0, None
            self._live()
        return taken

    def pause(self) -> float:
        """Seconds to wait before the next look, a little more each time."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if now - self._since > _TOLD and self._looks >= 0:
            _log.info("waiting for another asking that has the same questions under way in this journal")
            self._looks = -1_000_000  # said once
        self._looks += 1
        return min(_PATIENCE, 0.01 * 1.5 ** max(0, min(self._looks, 20))) if self._looks > 0 else _PATIENCE

    def release(self) -> None:
        """Give back what is leased; what has been answered stays."""
        if self._end is not None:
            self._end.set()
            self._end = None
        if self._holds and self._process == os.getpid() and self._database is not None:
            self._holds = False
            with suppress(CausalppError), self._database.writing(durable=False) as connection:  # or else they lapse
                self._forget(connection, self._owner)
        self._here.discard(self._owner)

    def _owners(self, connection: sqlite3.Connection, name: str) -> list[str]:
        return [owner for (owner,) in connection.execute("SELECT owner FROM leases WHERE row = ?", (name,))]

    def _ended(self, connection: sqlite3.Connection, owner: str) -> bool:
        """Whether the leases of another asking have ended; they are removed then."""
        query = "SELECT place, process, started, beats FROM owners WHERE owner = ?"
        row = connection.execute(query, (owner,)).fetchone()
        ended = row is None or (row[0] == _place() and not self._alive(owner, row[1], row[2]))
        if not ended:
            beats, since = self._seen.get(owner, (-1, 0.0))
            if beats != row[3]:
                self._seen[owner] = row[3], time.monotonic()
            else:
                ended = time.monotonic() - since > SILENCE
        if ended:
            self._forget(connection, owner)
        return ended

    def _alive(self, owner: str, process: int, started: str) -> bool:
        """Whether an asking of a process on this machine may still go on."""
        if process == os.getpid():
            return owner in self._here
        if os.name != "posix":
            return True  # its signs of life will tell
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except OSError:  # somebody else's, but there
            pass
        return _started(process) == started

    @staticmethod
    def _forget(connection: sqlite3.Connection, owner: str) -> None:
        connection.execute("DELETE FROM leases WHERE owner = ?", (owner,))
        connection.execute("DELETE FROM owners WHERE owner = ?", (owner,))

    def _sign(self, connection: sqlite3.Connection) -> None:
        """Say who this is, and give a sign of life."""
        row = (self._owner, _place(), self._process, _started(self._process))
        connection.execute("INSERT OR IGNORE INTO owners VALUES (?, ?, ?, ?, 0)", row)
        connection.execute("UPDATE owners SET beats = beats + 1 WHERE owner = ?", (self._owner,))

    def _live(self) -> None:
        """Give signs of life from now on, until :meth:`release`."""
        if self._end is None:
            self._end = threading.Event()
            threading.Thread(target=self._beat, args=(self._end,), name="causalpp-leases", daemon=True).start()

    def _beat(self, end: threading.Event) -> None:
        assert self._database is not None
        while not end.wait(BEAT):
            with suppress(CausalppError), self._database.writing(durable=False) as connection:
                if not end.is_set():
                    connection.execute("UPDATE owners SET beats = beats + 1 WHERE owner = ?", (self._owner,))


def _place() -> str:
    """Where the numbers of processes mean the same: this machine, and of its containers this one."""
    names = [socket.gethostname()]
    with suppress(OSError):
        names.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(names)


def _started(process: int) -> str:
    """When a process was started, as far as the system says: numbers are given out again."""
    try:
        fields = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
        return "" if fields[0] in (b"Z", b"X") else fields[19].decode()  # one that has ended is not there
    except (OSError, IndexError):
        return ""
