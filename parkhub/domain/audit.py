"""The audit log's entries: who did what to what, when and why, and how it was before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

Plates = tuple[str, str]
"""The plate before and after; "" for none."""

PLATE_KEYS: Final = frozenset({"plate", "plates", "folded"})
"""What may not stand in ``before`` and ``after``: these are for good, and plates expire."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Something done, on its way into the log.

    ``action`` such as "session.plate_changed"; ``subject`` such as "session:12"; ``account_id`` None: done by a command
    or by ParkHub itself. ``before`` and ``after``: only what can be written as JSON; None where there was nothing.
    ``undoes``: the entry that this one takes back.
    """

    action: str
    account_id: int | None
    lot_id: int | None
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    at: datetime
    reason: str = ""
    plates: Plates | None = None
    undoes: int | None = None

    def __post_init__(self) -> None:
        if not self.action or not self.subject:
            raise ValueError("an entry names what was done, and to what")
        if self.at.utcoffset() is None:
            raise ValueError("an entry's time is aware")
        if self.subject.startswith("session:") and not self.subject[8:].isdecimal():
            raise ValueError("a session is named by its id")
        if self.plates is not None and self.lot_id is None:
            raise ValueError("plates belong to a lot, by whose rules they expire")
        if PLATE_KEYS & {*(self.before or {}), *(self.after or {})}:
            raise ValueError("plates are given as plates, which expire, never in before or after, which do not")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry(NewEntry):
    """A noted entry. ``plates`` None also once they have expired; ``undone_by``: the entry that took this one back.

    ``email``: the person's, while the account is there.
    """

    id: int
    undone_by: int | None
    email: str | None


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are wanted; what is None does not matter. From ``since`` on, before ``until``."""

    lot_id: int | None = None
    subject: str | None = None
    action: str | None = None
    account_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL: Final = EntryFilter()
