"""The journal of replies: what came is on disk before it is used, is given back for free, and is asked for once."""

from causalpp.language.journal._leases import Key, Leases
from causalpp.language.journal.fetching import Store, fetch, fetch_async
from causalpp.language.journal.replies import ReplyJournal

__all__ = ["Key", "Leases", "ReplyJournal", "Store", "fetch", "fetch_async"]
