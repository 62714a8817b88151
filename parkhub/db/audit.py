"""The audit log's rows: noted once, never changed; only the plates beside them go."""

from dataclasses import asdict
from typing import Any

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.audit import AuditEntry, EntryFilter, NewEntry

_SELECT = (
    "SELECT audit_entry.*, audit_plate.before AS plate_before, audit_plate.after AS plate_after, "
    "undoing.id AS undone_by, account.email FROM audit_entry "
    "LEFT JOIN account ON account.id = audit_entry.account "
    "LEFT JOIN audit_plate ON audit_plate.entry = audit_entry.id "
    "LEFT JOIN audit_entry AS undoing ON undoing.undoes = audit_entry.id"
)
_CONDITIONS = {
    "lot_id": "audit_entry.lot = {}",
    "subject": "audit_entry.subject = {}",
    "action": "audit_entry.action = {}",
    "account_id": "audit_entry.account = {}",
    "since": "audit_entry.at >= {}",
    "until": "audit_entry.at < {}",
}


async def add_entry(new: NewEntry) -> int:
    """Note an entry with its plates; answers its id. Raises ConflictError when what it undoes was undone already."""
    rows = await fetch(
        "INSERT INTO audit_entry (action, account, lot, subject, before, after, reason, at, undoes) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}) RETURNING id",
        new.action,
        new.account_id,
        new.lot_id,
        new.subject,
        _pack(new.before),
        _pack(new.after),
        new.reason,
        new.at,
        new.undoes,
    )
    entry_id: int = rows[0]["id"]
    if new.plates is not None:
        await fetch("INSERT INTO audit_plate (entry, before, after) VALUES ({}, {}, {})", entry_id, *new.plates)
    return entry_id


async def find_entry(entry_id: int) -> AuditEntry | None:
    """The entry with that id."""
    rows = await fetch(f"{_SELECT} WHERE audit_entry.id = {{}}", entry_id)
    return _entry(rows[0]) if rows else None


async def list_actions(among: int) -> list[str]:
    """What was done lately, each once, of so many entries."""
    rows = await fetch(
        "SELECT DISTINCT action FROM (SELECT action FROM audit_entry ORDER BY id DESC LIMIT {}) AS latest "
        "ORDER BY action",
        among,
    )
    return [row["action"] for row in rows]


async def list_entries(wanted: EntryFilter, before_id: int | None, limit: int) -> list[AuditEntry]:
    """Entries, the newest first, with ids below ``before_id``."""
    given = {_CONDITIONS[name]: value for name, value in asdict(wanted).items() if value is not None}
    if before_id is not None:
        given["audit_entry.id < {}"] = before_id
    where = f" WHERE {' AND '.join(given)}" if given else ""
    rows = await fetch(f"{_SELECT}{where} ORDER BY audit_entry.id DESC LIMIT {{}}", *given.values(), limit)
    return [_entry(row) for row in rows]


def _pack(told: Any) -> str | None:
    return None if told is None else msgspec.json.encode(dict(told), order="sorted").decode()


def _unpack(written: str | None) -> dict[str, Any] | None:
    return None if written is None else msgspec.json.decode(written, type=dict[str, Any])


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        action=row["action"],
        account_id=row["account"],
        lot_id=row["lot"],
        subject=row["subject"],
        before=_unpack(row["before"]),
        after=_unpack(row["after"]),
        at=row["at"],
        reason=row["reason"],
        plates=None if row["plate_before"] is None else (row["plate_before"], row["plate_after"]),
        undoes=row["undoes"],
        undone_by=row["undone_by"],
        email=row["email"],
    )
