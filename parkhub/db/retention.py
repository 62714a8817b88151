"""What has passed its time: found, counted, deleted, and logged without saying which it was.

A stay has passed its time when its end and its last posting both lie before. What a waiting question or an open dispute
is about stays until that is decided.
"""

# ruff: noqa: S608  statements are put together from the constants below and marks for parameters

from collections.abc import Mapping, Sequence
from datetime import datetime

from parkhub.db import counts, frames
from parkhub.db.engine import fetch, run_many
from parkhub.domain.retention import Deletion, Kind

_POSTED = "EXISTS (SELECT 1 FROM ledger_transaction AS t WHERE t.session = s.id{since})"
_BALANCE = (
    "COALESCE((SELECT SUM(p.amount_cents) FROM ledger_posting AS p "
    "JOIN ledger_transaction AS t ON t.id = p.\"transaction\" WHERE t.session = s.id AND p.account = '{account}'), 0)"
)
_ASKED = "EXISTS (SELECT 1 FROM review WHERE review.decided_at IS NULL AND review.{about})"

_OWING = (
    f"({_BALANCE.format(account='receivable')} > 0 "
    f"OR s.state = 'closed' AND s.ending IN ('exit_missed', 'too_long') AND NOT {_POSTED.format(since='')})"
)
_HELD = (
    f"({_ASKED.format(about='session = s.id')} OR {_ASKED.format(about='passage = s.entry_passage')} "
    f"OR {_ASKED.format(about='passage = s.exit_passage')} OR {_BALANCE.format(account='disputed')} <> 0)"
)
_OVER = (
    "parking_session AS s WHERE s.lot = {} AND s.state <> 'open' AND s.plate <> '' "
    "AND COALESCE(s.exited_at, s.entered_at) < {} "
    f"AND NOT {_POSTED.format(since=' AND t.at >= {}')} AND NOT {_HELD}"
)
_NO_PLATE = "NOT EXISTS (SELECT 1 FROM parking_session AS s WHERE s.id = x.session AND s.plate <> '')"
_DECIDED = (
    "x.state <> 'open' AND NOT (x.state = 'accepted' AND x.outcome = '') "
    f"AND NOT {_ASKED.format(about='passage = x.id')} "
    f"AND NOT EXISTS (SELECT 1 FROM parking_session AS s WHERE s.id = x.session AND {_HELD})"
)

# After FROM: the rows of each kind, of a lot, from before a time (of sessions: twice that). ``+`` before the lot keeps
# its indexes out: rows are walked in the order of their ids, a page at a time.
_ROWS = {
    Kind.GATE_PICTURES: "frame AS x WHERE x.camera IN (SELECT id FROM camera WHERE lot = {} AND role <> 'overview') "
    "AND x.captured_at < {}",
    Kind.CROPS: "passage AS x WHERE +x.lot = {} AND x.last_at < {} AND (x.crop_key <> '' OR EXISTS "
    f"(SELECT 1 FROM plate_read AS r WHERE r.passage = x.id AND r.crop_key <> '')) AND {_DECIDED}",
    Kind.READS: f"passage AS x WHERE +x.lot = {{}} AND x.last_at < {{}} AND {_DECIDED}",
    Kind.AUDIT_PLATES: "audit_plate AS x JOIN audit_entry AS e ON e.id = x.entry LEFT JOIN parking_session AS s "
    "ON s.id = CASE WHEN e.subject LIKE 'session:%' THEN CAST(substr(e.subject, 9) AS BIGINT) END WHERE +e.lot = {} "
    "AND (s.id IS NULL OR s.plate = '') AND (e.at < {} OR s.plate_hash <> '')",
    Kind.BOOKING_PLATES: "booking AS x WHERE +x.lot = {} AND x.ends_at < {} AND x.plate <> '' "
    f"AND x.state NOT IN ('reserved', 'arrived') AND {_NO_PLATE}",
    Kind.RECEIPT_EMAILS: "quote AS x WHERE +x.lot = {} AND x.created_at < {} AND x.email <> ''",
    Kind.PAID_PLATES: f"{_OVER} AND NOT {_OWING}",
    Kind.UNPAID_PLATES: f"{_OVER} AND {_OWING}",
}
_OF_SESSIONS = (Kind.PAID_PLATES, Kind.UNPAID_PLATES)


async def list_ids(kind: Kind, lot_id: int, before: datetime, after_id: int, limit: int) -> list[int]:
    """What of a kind has passed its time in a lot, by ids beyond ``after_id`` and in the order of these.

    What goes with a session's plate besides is in `list_told`.
    """
    row = "s.id" if kind in _OF_SESSIONS else "x.id"
    times = (before, before) if kind in _OF_SESSIONS else (before,)
    rows = await fetch(
        f"SELECT {row} AS id FROM {_ROWS[kind]} AND {row} > {{}} ORDER BY {row} LIMIT {{}}",
        lot_id,
        *times,
        after_id,
        limit,
    )
    return [row["id"] for row in rows]


async def list_told(session_ids: Sequence[int], since: datetime) -> dict[Kind, list[int]]:
    """What else tells the plates of these sessions: passages since then, the audit log, bookings; by kind."""
    marks = _marks(session_ids)
    reads = await fetch(
        f"SELECT x.id FROM passage AS x WHERE x.session IN ({marks}) AND x.last_at >= {{}} "
        f"AND NOT {_ASKED.format(about='passage = x.id')} ORDER BY x.id",
        *session_ids,
        since,
    )
    noted = await fetch(
        "SELECT audit_plate.id FROM audit_plate JOIN audit_entry ON audit_entry.id = audit_plate.entry "
        f"WHERE audit_entry.subject IN ({marks}) ORDER BY audit_plate.id",
        *(f"session:{session_id}" for session_id in session_ids),
    )
    booked = await fetch(
        "SELECT id FROM booking WHERE plate <> '' "
        f"AND id IN (SELECT booking FROM parking_session WHERE id IN ({marks})) ORDER BY id",
        *session_ids,
    )
    found = ((Kind.READS, reads), (Kind.AUDIT_PLATES, noted), (Kind.BOOKING_PLATES, booked))
    return {kind: [row["id"] for row in rows] for kind, rows in found if rows}


async def list_files(kind: Kind, ids: Sequence[int]) -> list[str]:
    """Keys of the files that belong to these rows."""
    match kind:
        case Kind.GATE_PICTURES:
            rows = await fetch(f"SELECT picture_key AS key FROM frame WHERE id IN ({_marks(ids)})", *ids)
        case Kind.CROPS | Kind.READS:
            rows = await fetch(
                f"SELECT crop_key AS key FROM passage WHERE id IN ({_marks(ids)}) UNION "
                f"SELECT crop_key AS key FROM plate_read WHERE passage IN ({_marks(ids)})",
                *ids,
                *ids,
            )
        case _:
            return []
    return sorted(row["key"] for row in rows if row["key"])


async def delete(kind: Kind, ids: Sequence[int]) -> None:
    """Delete these rows, or what they tell of plates; of sessions see `erase_plates`."""
    marks = _marks(ids)
    match kind:
        case Kind.GATE_PICTURES:
            await counts.thin_counts(list(ids))
            await frames.delete_frames(list(ids))
        case Kind.CROPS:
            await fetch(f"UPDATE plate_read SET crop_key = '' WHERE passage IN ({marks})", *ids)
            await fetch(f"UPDATE passage SET crop_key = '' WHERE id IN ({marks})", *ids)
        case Kind.READS:
            await fetch(f"DELETE FROM passage WHERE id IN ({marks})", *ids)
        case Kind.AUDIT_PLATES:
            await fetch(f"DELETE FROM audit_plate WHERE id IN ({marks})", *ids)
        case Kind.BOOKING_PLATES:
            wiped = "plate = '', folded = '', holder = '', email = ''"
            await fetch(f"UPDATE booking SET {wiped} WHERE id IN ({marks})", *ids)
        case Kind.RECEIPT_EMAILS:
            await fetch(f"UPDATE quote SET email = '' WHERE id IN ({marks})", *ids)
        case Kind.PAID_PLATES | Kind.UNPAID_PLATES:
            raise ValueError("plates of sessions leave a hash")


async def get_folded(session_ids: Sequence[int]) -> dict[int, str]:
    """The plates of these sessions, look-alikes made equal."""
    marks = _marks(session_ids)
    rows = await fetch(f"SELECT id, folded FROM parking_session WHERE id IN ({marks})", *session_ids)
    return {row["id"]: row["folded"] for row in rows}


async def erase_plates(hashes: Mapping[int, str]) -> None:
    """Of these sessions only a hash of the plate stays."""
    await run_many(
        "UPDATE parking_session SET plate = '', folded = '', plate_hash = {} WHERE id = {}",
        [(hashed, session_id) for session_id, hashed in hashes.items()],
    )


async def log_deletion(deletion: Deletion, at: datetime, who: str) -> None:
    """Note what was deleted; a run's next batch of the same kind is added to its first."""
    await fetch(
        "INSERT INTO deletion_log (lot, kind, deleted, older_than, at, who) VALUES ({}, {}, {}, {}, {}, {}) "
        "ON CONFLICT (lot, kind, at, who) DO UPDATE SET deleted = deletion_log.deleted + excluded.deleted",
        deletion.lot_id,
        deletion.kind.value,
        deletion.deleted,
        deletion.older_than,
        at,
        who,
    )


async def list_deletions(lot_id: int | None, limit: int) -> list[tuple[datetime, str, Deletion]]:
    """When and by whom what was deleted in a lot, or in all, the newest first."""
    where, given = ("", ()) if lot_id is None else (" WHERE lot = {}", (lot_id,))
    rows = await fetch(f"SELECT * FROM deletion_log{where} ORDER BY id DESC LIMIT {{}}", *given, limit)
    return [
        (row["at"], row["who"], Deletion(row["lot"], Kind(row["kind"]), row["deleted"], row["older_than"]))
        for row in rows
    ]


def _marks(ids: Sequence[int]) -> str:
    return ", ".join("{}" for _ in ids)
