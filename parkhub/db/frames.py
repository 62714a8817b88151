"""Frames and what was read from each."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from parkhub.db import tables
from parkhub.db.engine import Row, fetch
from parkhub.domain.frames import RESULTS, Frame, FrameStatus, NewFrame
from parkhub.domain.spots import SpotObservation, SpotState
from parkhub.errors import NotFoundError

# All but the observations, which are long and seldom wanted.
SELECT = (
    "SELECT id, camera, sequence, captured_at, received_at, sha256, byte_count, width, height, media_type, "
    "picture_key, status, error, ms, clock_unsure FROM frame "
)
_LETTERS = {SpotState.FREE: "f", SpotState.OCCUPIED: "o", SpotState.UNKNOWN: "u"}
_STATES = {letter: state for state, letter in _LETTERS.items()}


def read_frame(row: Row) -> Frame:
    """A row of `SELECT` as a domain value."""
    return Frame(
        camera_id=row["camera"],
        sequence=row["sequence"],
        captured_at=row["captured_at"],
        received_at=row["received_at"],
        sha256=row["sha256"],
        byte_count=row["byte_count"],
        width=row["width"],
        height=row["height"],
        media_type=row["media_type"],
        picture_key=row["picture_key"],
        id=row["id"],
        status=FrameStatus(row["status"]),
        error=row["error"],
        ms=row["ms"],
        clock_unsure=row["clock_unsure"],
    )


def _pack(observations: Sequence[SpotObservation]) -> str:
    """Two parts, in the order of the spots: names, then a letter and the confidence in thousandths of each."""
    names = [seen.spot for seen in observations]
    looks = [f"{_LETTERS[seen.state]}{round(seen.confidence * 1000)}" for seen in observations]
    return json.dumps([names, " ".join(looks)], ensure_ascii=False, separators=(",", ":"))


def _unpack(packed: str) -> list[SpotObservation]:
    names, looks = json.loads(packed)
    return [
        SpotObservation(name, _STATES[look[0]], int(look[1:]) / 1000)
        for name, look in zip(names, looks.split(), strict=True)
    ]


async def add_frame(new: NewFrame) -> Frame | None:
    """Keep a frame as STORED; None when the camera has one of this sequence already."""
    values: dict[str, Any] = {
        "camera": new.camera_id,
        "sequence": new.sequence,
        "captured_at": new.captured_at,
        "received_at": new.received_at,
        "sha256": new.sha256,
        "byte_count": new.byte_count,
        "width": new.width,
        "height": new.height,
        "media_type": new.media_type,
        "picture_key": new.picture_key,
        "status": FrameStatus.STORED.value,
        "error": "",
        "ms": None,
        "clock_unsure": new.clock_unsure,
    }
    table = tables.Frame
    rows = (
        await table.insert(table(**values))
        .on_conflict(target=(table.camera, table.sequence), action="DO NOTHING")
        .returning(table.id)
    )
    return read_frame({"id": rows[0]["id"], **values}) if rows else None


async def find_frame(camera_id: int, sequence: int) -> Frame | None:
    """The frame of a camera with this sequence."""
    rows = await fetch(SELECT + "WHERE camera = {} AND sequence = {}", camera_id, sequence)
    return read_frame(rows[0]) if rows else None


async def get_frame(frame_id: int) -> Frame:
    """The frame; NotFoundError when there is none, or none any more."""
    rows = await fetch(SELECT + "WHERE id = {}", frame_id)
    if not rows:
        raise NotFoundError("There is no such picture, or it was deleted.")
    return read_frame(rows[0])


async def finish_frame(
    frame_id: int, status: FrameStatus, ms: float | None, observations: Sequence[SpotObservation], error: str
) -> bool:
    """Say how a STORED frame ended, once: False when somebody did already, or when it is gone."""
    rows = await fetch(
        "UPDATE frame SET status = {}, ms = {}, observations = {}, error = {} "
        "WHERE id = {} AND status = {} RETURNING id",
        status.value,
        ms,
        _pack(observations) if observations else None,
        error,
        frame_id,
        FrameStatus.STORED.value,
    )
    return bool(rows)


async def load_observations(frame_id: int) -> list[SpotObservation]:
    """What was seen in a frame, in the order of the spots; empty when it was not read."""
    rows = await fetch("SELECT observations FROM frame WHERE id = {}", frame_id)
    return _unpack(rows[0]["observations"]) if rows and rows[0]["observations"] else []


async def wait_again(since: datetime, limit: int, frame_id: int | None = None) -> list[int]:
    """Have failed frames received from an instant on wait as if they had just come, the newest first; their ids.

    With ``frame_id`` that one alone.
    """
    one = "" if frame_id is None else "AND id = {} "
    rows = await fetch(
        "UPDATE frame SET status = 'stored', error = '' WHERE status = 'failed' AND id IN "  # noqa: S608
        f"(SELECT id FROM frame WHERE status = 'failed' AND received_at >= {{}} {one}"
        "ORDER BY received_at DESC LIMIT {}) RETURNING id",
        since,
        *([] if frame_id is None else [frame_id]),
        limit,
    )
    return sorted(row["id"] for row in rows)


async def count_waiting(camera_id: int | None = None) -> int:
    """How many frames, of all cameras or of one, are stored and not read yet."""
    sql, stored = "SELECT count(*) AS n FROM frame WHERE status = {}", FrameStatus.STORED.value
    of_one = camera_id is not None
    rows = await (fetch(sql + " AND camera = {}", stored, camera_id) if of_one else fetch(sql, stored))
    return int(rows[0]["n"])


async def newer_waits(frame: Frame, since: datetime) -> bool:
    """Whether a picture that its camera took later, and after ``since``, is stored and not read yet."""
    rows = await fetch(
        "SELECT id FROM frame WHERE camera = {} AND captured_at > {} AND status = {} AND clock_unsure IS FALSE LIMIT 1",
        frame.camera_id,
        max(frame.captured_at, since),
        FrameStatus.STORED.value,
    )
    return bool(rows)


async def list_stuck(before: datetime) -> list[int]:
    """Frames that were received before and are still not read, oldest first."""
    rows = await fetch(
        "SELECT id FROM frame WHERE status = {} AND received_at < {} ORDER BY received_at, id",
        FrameStatus.STORED.value,
        before,
    )
    return [row["id"] for row in rows]


async def latest_read(camera_id: int) -> Frame | None:
    """The newest picture of a camera that was read; of a frame that came without one nothing can be shown."""
    rows = await fetch(
        SELECT + "WHERE camera = {} AND status = {} AND media_type <> {} ORDER BY captured_at DESC, id DESC LIMIT 1",
        camera_id,
        FrameStatus.READ.value,
        RESULTS,
    )
    return read_frame(rows[0]) if rows else None


async def list_frames(camera_id: int, limit: int) -> list[Frame]:
    """The frames of a camera, the one captured last first."""
    rows = await fetch(SELECT + "WHERE camera = {} ORDER BY captured_at DESC, id DESC LIMIT {}", camera_id, limit)
    return [read_frame(row) for row in rows]


async def count_since(camera_id: int, since: datetime) -> int:
    """How many pictures a camera has taken from an instant on."""
    [row] = await fetch(
        "SELECT COUNT(*) AS number FROM frame WHERE camera = {} AND captured_at >= {}", camera_id, since
    )
    number: int = row["number"]
    return number


async def list_expired(
    before: datetime, limit: int, *, of_gates: bool = True, camera_id: int | None = None
) -> list[Frame]:
    """Frames that were received before, oldest first, whatever became of them; of one camera if it is named.

    Without ``of_gates`` none of cameras that watch a gate, which are kept by their lot's rule, or that have a time of
    their own.
    """
    kept = "" if of_gates else "AND camera IN (SELECT id FROM camera WHERE role = 'overview' AND keep_h IS NULL) "
    if camera_id is not None:
        kept = f"AND camera = {int(camera_id)} "
    rows = await fetch(SELECT + f"WHERE received_at < {{}} {kept}ORDER BY received_at, id LIMIT {{}}", before, limit)
    return [read_frame(row) for row in rows]


async def list_picture_keys(since: datetime, until: datetime) -> set[str]:
    """Picture keys of the frames received in ``since`` <= at < ``until``."""
    rows = await fetch(
        "SELECT picture_key FROM frame WHERE received_at >= {} AND received_at < {}",
        since,
        until,
    )
    return {row["picture_key"] for row in rows}


async def delete_frames(ids: Sequence[int]) -> None:
    """Delete rows; changes they brought stay. Their pictures are the caller's to delete."""
    if ids:
        await tables.Frame.delete().where(tables.Frame.id.is_in(list(ids)))
