"""Recordings and how far their analysis is. Every step is a compare-and-set on status and attempt: what has ended never
runs again, and of two jobs at one recording only the newer is heard."""

import json
from datetime import datetime
from typing import Any

from parkhub.db import tables
from parkhub.db.engine import Row, fetch
from parkhub.domain.cameras import Engine
from parkhub.domain.recordings import Recording, RecordingStatus
from parkhub.errors import NotFoundError


def _recording(row: Row) -> Recording:
    return Recording(
        id=row["id"],
        title=row["title"],
        account_id=row["account"],
        engine=Engine(row["engine"]),
        status=RecordingStatus(row["status"]),
        attempt=row["attempt"],
        attempts_before=row["attempts_before"],
        progress=row["progress"],
        folder=row["folder"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        alive_at=row["alive_at"],
        ended_at=row["ended_at"],
        error=row["error"],
        summary=json.loads(row["summary"]) if row["summary"] else None,
    )


async def add_recording(title: str, account_id: int, engine: Engine, folder: str, created_at: datetime) -> Recording:
    """Keep a recording that waits for its analysis."""
    values: dict[str, Any] = {
        "title": title,
        "account": account_id,
        "engine": engine.value,
        "status": RecordingStatus.WAITING.value,
        "attempt": 0,
        "attempts_before": 0,
        "progress": 0.0,
        "folder": folder,
        "created_at": created_at,
        "started_at": None,
        "alive_at": None,
        "ended_at": None,
        "error": "",
        "summary": None,
    }
    rows = await tables.Recording.insert(tables.Recording(**values)).returning(tables.Recording.id)
    return _recording({"id": rows[0]["id"], **values})


async def get_recording(recording_id: int) -> Recording:
    """The recording; NotFoundError when there is none."""
    # more than the column holds is a fault to the database, and comes from whoever types an address
    known = 0 < recording_id < 2**31
    rows = await fetch("SELECT * FROM recording WHERE id = {}", recording_id) if known else []
    if not rows:
        raise NotFoundError("There is no such recording, or it was deleted.")
    return _recording(rows[0])


async def list_recordings(limit: int) -> list[Recording]:
    """Recordings, the newest first."""
    rows = await fetch("SELECT * FROM recording ORDER BY id DESC LIMIT {}", limit)
    return [_recording(row) for row in rows]


async def list_folders() -> dict[str, tuple[RecordingStatus, datetime | None]]:
    """The folder of every recording, with where its analysis stands and when it ended."""
    rows = await fetch("SELECT folder, status, ended_at FROM recording")
    return {row["folder"]: (RecordingStatus(row["status"]), row["ended_at"]) for row in rows}


async def start_recording(recording_id: int, now: datetime, stalled_before: datetime) -> Recording | None:
    """Begin the next attempt: of one that waits, or that runs and has given no sign of life since.

    None when another attempt lives, or it has ended or is gone.
    """
    rows = await fetch(
        "UPDATE recording SET status = 'running', attempt = attempt + 1, progress = 0, alive_at = {}, "
        "started_at = coalesce(started_at, {}) WHERE id = {} "
        "AND (status = 'waiting' OR status = 'running' AND alive_at < {}) RETURNING *",
        now,
        now,
        recording_id,
        stalled_before,
    )
    return _recording(rows[0]) if rows else None


async def report_progress(recording_id: int, attempt: int, progress: float, now: datetime) -> bool:
    """Note how far that attempt is, 0..1; False when it shall stop: ended, gone, or another attempt's by now."""
    rows = await fetch(
        "UPDATE recording SET progress = {}, alive_at = {} "
        "WHERE id = {} AND status = 'running' AND attempt = {} RETURNING id",
        float(progress),
        now,
        recording_id,
        attempt,
    )
    return bool(rows)


async def hand_back_recording(recording_id: int, attempt: int) -> bool:
    """Have a running attempt wait again, as if it had never begun; False when it is not the one that runs."""
    rows = await fetch(
        "UPDATE recording SET status = 'waiting', attempt = attempt - 1, progress = 0 "
        "WHERE id = {} AND status = 'running' AND attempt = {} RETURNING id",
        recording_id,
        attempt,
    )
    return bool(rows)


async def finish_recording(
    recording_id: int, attempt: int, status: RecordingStatus, summary: dict[str, Any] | None, error: str, now: datetime
) -> bool:
    """End a running attempt, once; False when it is not the one that runs: cancelled, gone, or another's by now."""
    rows = await fetch(
        "UPDATE recording SET status = {}, summary = {}, error = {}, ended_at = {}, "
        "progress = CASE WHEN {} THEN 1 ELSE progress END "
        "WHERE id = {} AND status = 'running' AND attempt = {} RETURNING id",
        status.value,
        None if summary is None else json.dumps(summary, ensure_ascii=False, separators=(",", ":")),
        error,
        now,
        status is RecordingStatus.DONE,
        recording_id,
        attempt,
    )
    return bool(rows)


async def wait_again(recording_id: int, failed_since: datetime) -> Recording | None:
    """Have an analysis that failed since then wait once more, with all its attempts before it; None: there is none."""
    rows = await fetch(
        "UPDATE recording SET status = 'waiting', attempts_before = attempt, progress = 0, error = '', "
        "started_at = NULL, alive_at = NULL, ended_at = NULL "
        "WHERE id = {} AND status = 'failed' AND ended_at >= {} RETURNING *",
        recording_id,
        failed_since,
    )
    return _recording(rows[0]) if rows else None


async def list_failed(limit: int) -> list[Recording]:
    """Analyses that failed, the newest first."""
    rows = await fetch("SELECT * FROM recording WHERE status = 'failed' ORDER BY id DESC LIMIT {}", limit)
    return [_recording(row) for row in rows]


async def cancel_recording(recording_id: int, now: datetime) -> bool:
    """Cancel an analysis that has not ended, whichever attempt it is at; False otherwise."""
    rows = await fetch(
        "UPDATE recording SET status = 'cancelled', ended_at = {} "
        "WHERE id = {} AND status IN ('waiting', 'running') RETURNING id",
        now,
        recording_id,
    )
    return bool(rows)


async def list_stalled(before: datetime) -> list[int]:
    """Recordings without a sign of life since: running ones, and waiting ones that nobody took up."""
    rows = await fetch(
        "SELECT id FROM recording WHERE (status = 'running' AND alive_at < {}) "
        "OR (status = 'waiting' AND created_at < {}) ORDER BY id",
        before,
        before,
    )
    return [row["id"] for row in rows]


async def delete_recording(recording_id: int) -> None:
    """Delete a row; its files are the caller's to delete."""
    await tables.Recording.delete().where(tables.Recording.id == recording_id)
