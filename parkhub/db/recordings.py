"""Recordings and how far their analysis is. Every step is a compare-and-set: what has ended never runs again."""

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
    rows = await fetch("SELECT * FROM recording WHERE id = {}", recording_id)
    if not rows:
        raise NotFoundError("There is no such recording, or it was deleted.")
    return _recording(rows[0])


async def list_recordings(limit: int) -> list[Recording]:
    """Recordings, the newest first."""
    rows = await fetch("SELECT * FROM recording ORDER BY id DESC LIMIT {}", limit)
    return [_recording(row) for row in rows]


async def start_recording(recording_id: int, now: datetime) -> bool:
    """Begin, or begin again after a crash; False when it has ended or is gone."""
    rows = await fetch(
        "UPDATE recording SET status = 'running', progress = 0, alive_at = {}, "
        "started_at = coalesce(started_at, {}) WHERE id = {} AND status IN ('waiting', 'running') RETURNING id",
        now,
        now,
        recording_id,
    )
    return bool(rows)


async def report_progress(recording_id: int, progress: float, now: datetime) -> RecordingStatus:
    """Note how far a running analysis is, 0..1; returns the status, so that the job hears of a cancel.

    Raises NotFoundError when the recording was deleted meanwhile.
    """
    rows = await fetch(
        "UPDATE recording SET progress = {}, alive_at = {} WHERE id = {} AND status = 'running' RETURNING id",
        float(progress),
        now,
        recording_id,
    )
    if rows:
        return RecordingStatus.RUNNING
    return (await get_recording(recording_id)).status


async def finish_recording(
    recording_id: int, status: RecordingStatus, summary: dict[str, Any] | None, error: str, now: datetime
) -> bool:
    """End an analysis, once; False when it had ended already, by a cancel for example, or is gone."""
    rows = await fetch(
        "UPDATE recording SET status = {}, summary = {}, error = {}, ended_at = {}, "
        "progress = CASE WHEN {} THEN 1 ELSE progress END "
        "WHERE id = {} AND status IN ('waiting', 'running') RETURNING id",
        status.value,
        None if summary is None else json.dumps(summary, ensure_ascii=False, separators=(",", ":")),
        error,
        now,
        status is RecordingStatus.DONE,
        recording_id,
    )
    return bool(rows)


async def cancel_recording(recording_id: int, now: datetime) -> bool:
    """Cancel an analysis that has not ended; False otherwise."""
    return await finish_recording(recording_id, RecordingStatus.CANCELLED, None, "", now)


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
