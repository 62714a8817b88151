"""What has passed its time: found, counted, deleted, and logged without saying which it was.

A stay has passed its time when its end and its last posting both lie before. What a waiting question or an open dispute
is about stays until that is decided.
"""

# ruff: noqa: S608  statements are put together from the constants below and marks for parameters

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from parkhub.db import counts, frames
from parkhub.db.engine import fetch, run_many
from parkhub.domain.retention import Deletion, Kind

Cutoffs = Mapping[Kind, datetime]

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
    "s.state <> 'open' AND s.plate <> '' AND s.entered_at < {} AND COALESCE(s.exited_at, s.entered_at) < {} "
    f"AND NOT {_POSTED.format(since=' AND t.at >= {}')} AND NOT {_HELD}"
)
_PAID, _UNPAID = f"{_OVER} AND NOT {_OWING}", f"{_OVER} AND {_OWING}"
_EXPIRED = f"(({_PAID}) OR ({_UNPAID}))"
_UNTOUCHED = (
    "x.state <> 'open' AND NOT (x.state = 'accepted' AND x.outcome = '') "
    f"AND NOT {_ASKED.format(about='passage = x.id')} "
    f"AND NOT EXISTS (SELECT 1 FROM parking_session AS s WHERE s.id = x.session AND {_HELD})"
)

# After "SELECT x.id FROM …": the rows of each kind. Parameters as `_parameters` gives them.
_ROWS = {
    Kind.GATE_PICTURES: "frame AS x WHERE x.camera IN (SELECT id FROM camera WHERE lot = {} AND role <> 'overview') "
    "AND x.captured_at < {}",
    Kind.CROPS: "passage AS x WHERE x.lot = {} AND x.last_at < {} AND (x.crop_key <> '' OR EXISTS "
    f"(SELECT 1 FROM plate_read AS r WHERE r.passage = x.id AND r.crop_key <> '')) AND {_UNTOUCHED}",
    Kind.READS: "passage AS x WHERE x.id IN (SELECT id FROM passage WHERE lot = {} AND last_at < {} UNION "
    "SELECT seen.id FROM parking_session AS s JOIN passage AS seen ON seen.session = s.id "
    f"WHERE s.lot = {{}} AND {_EXPIRED}) AND {_UNTOUCHED}",
    Kind.AUDIT_PLATES: "audit_plate AS x JOIN audit_entry AS e ON e.id = x.entry LEFT JOIN parking_session AS s "
    "ON s.id = CASE WHEN e.subject LIKE 'session:%' THEN CAST(substr(e.subject, 9) AS BIGINT) END WHERE e.lot = {} "
    "AND (((s.id IS NULL OR s.plate = '') AND e.at < {}) OR (s.plate = '' AND s.plate_hash <> '') "
    f"OR {_EXPIRED})",
    Kind.BOOKING_PLATES: "booking AS x WHERE x.lot = {} AND x.plate <> '' AND x.state NOT IN ('reserved', 'arrived') "
    "AND x.ends_at < {} AND NOT EXISTS (SELECT 1 FROM parking_session AS s WHERE s.id = x.session AND s.plate <> '' "
    f"AND NOT {_EXPIRED})",
    Kind.PAID_PLATES: f"parking_session AS s WHERE s.lot = {{}} AND {_PAID}",
    Kind.UNPAID_PLATES: f"parking_session AS s WHERE s.lot = {{}} AND {_UNPAID}",
}


def _parameters(kind: Kind, lot_id: int, cutoffs: Cutoffs) -> list[Any]:
    own, expired = cutoffs[kind], [cutoffs[Kind.PAID_PLATES]] * 3 + [cutoffs[Kind.UNPAID_PLATES]] * 3
    match kind:
        case Kind.PAID_PLATES | Kind.UNPAID_PLATES:
            return [lot_id, own, own, own]
        case Kind.READS:
            return [lot_id, own, lot_id, *expired]
        case Kind.AUDIT_PLATES | Kind.BOOKING_PLATES:
            return [lot_id, own, *expired]
        case Kind.GATE_PICTURES | Kind.CROPS:
            return [lot_id, own]


def _id(kind: Kind) -> str:
    return "s.id" if kind in (Kind.PAID_PLATES, Kind.UNPAID_PLATES) else "x.id"


async def count(kind: Kind, lot_id: int, cutoffs: Cutoffs) -> int:
    """How many things of a kind have passed their time in a lot."""
    rows = await fetch(
        f"SELECT count(*) AS n FROM {_ROWS[kind]}",
        *_parameters(kind, lot_id, cutoffs),
    )
    return int(rows[0]["n"])


async def list_ids(kind: Kind, lot_id: int, cutoffs: Cutoffs, after_id: int, limit: int) -> list[int]:
    """Which they are, with ids beyond ``after_id``, in the order of these."""
    rows = await fetch(
        f"SELECT {_id(kind)} AS id FROM {_ROWS[kind]} AND {_id(kind)} > {{}} ORDER BY {_id(kind)} LIMIT {{}}",
        *_parameters(kind, lot_id, cutoffs),
        after_id,
        limit,
    )
    return [row["id"] for row in rows]


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
            await fetch(f"UPDATE booking SET plate = '', folded = '', holder = '' WHERE id IN ({marks})", *ids)
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


async def list_deletions(lot_id: int, limit: int) -> list[tuple[datetime, str, Deletion]]:
    """When and by whom what was deleted in a lot, the newest first."""
    rows = await fetch("SELECT * FROM deletion_log WHERE lot = {} ORDER BY id DESC LIMIT {}", lot_id, limit)
    return [
        (row["at"], row["who"], Deletion(row["lot"], Kind(row["kind"]), row["deleted"], row["older_than"]))
        for row in rows
    ]


def _marks(ids: Sequence[int]) -> str:
    return ", ".join("{}" for _ in ids)
