"""Pictures sent by hand. Whoever looks at one takes it by compare-and-set; what has ended is looked at no more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from parkhub.db.engine import Row, fetch, run_many
from parkhub.domain.picture_uploads import (
    NewPicture,
    PictureUpload,
    PictureWish,
    UploadCount,
    UploadedPicture,
    UploadStatus,
)
from parkhub.errors import NotFoundError


def _upload(row: Row) -> PictureUpload:
    return PictureUpload(row["id"], row["account"], row["camera"], PictureWish(row["wish"]), row["created_at"])


def _picture(row: Row) -> UploadedPicture:
    return UploadedPicture(
        id=row["id"],
        upload_id=row["upload"],
        name=row["name"],
        picture_key=row["picture_key"],
        media_type=row["media_type"],
        width=row["width"],
        height=row["height"],
        status=UploadStatus(row["status"]),
        error=row["error"],
        attempts=row["attempts"],
        ended_at=row["ended_at"],
        result=msgspec.json.decode(row["result"]) if row["result"] else None,
    )


async def add_upload(
    account_id: int, camera_id: int | None, wish: PictureWish, pictures: Sequence[NewPicture], now: datetime
) -> PictureUpload:
    """Keep pictures that wait; those with an error have failed already."""
    [row] = await fetch(
        "INSERT INTO picture_upload (account, camera, wish, created_at) VALUES ({}, {}, {}, {}) RETURNING *",
        account_id,
        camera_id,
        wish.value,
        now,
    )
    rows = [
        (
            row["id"],
            each.name,
            each.picture_key,
            each.media_type,
            each.width,
            each.height,
            (UploadStatus.FAILED if each.error else UploadStatus.WAITING).value,
            each.error,
            now if each.error else None,
        )
        for each in pictures
    ]
    await run_many(
        "INSERT INTO uploaded_picture (upload, name, picture_key, media_type, width, height, status, error, ended_at, "
        "attempts) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, 0)",
        rows,
    )
    return _upload(row)


async def get_upload(upload_id: int) -> PictureUpload:
    """The upload. Raises NotFoundError."""
    rows = await fetch("SELECT * FROM picture_upload WHERE id = {}", upload_id) if 0 < upload_id < 2**31 else []
    if not rows:
        raise NotFoundError("There are no such pictures, or they were deleted.")
    return _upload(rows[0])


async def list_uploads(limit: int) -> list[PictureUpload]:
    """Uploads, the newest first."""
    return [_upload(row) for row in await fetch("SELECT * FROM picture_upload ORDER BY id DESC LIMIT {}", limit)]


async def count_pictures(upload_ids: Sequence[int]) -> dict[int, UploadCount]:
    """How far each of these uploads is."""
    if not upload_ids:
        return {}
    rows = await fetch(
        "SELECT upload, COUNT(*) AS total, SUM(CASE WHEN status = 'done' THEN 1 ELSE 0 END) AS done, "  # noqa: S608
        "SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS failed FROM uploaded_picture "
        f"WHERE upload IN ({', '.join('{}' for _ in upload_ids)}) GROUP BY upload",
        *upload_ids,
    )
    return {row["upload"]: UploadCount(int(row["total"]), int(row["done"]), int(row["failed"])) for row in rows}


async def list_pictures(upload_id: int) -> list[UploadedPicture]:
    """Its pictures as they were sent."""
    rows = await fetch("SELECT * FROM uploaded_picture WHERE upload = {} ORDER BY id", upload_id)
    return [_picture(row) for row in rows]


async def get_picture(upload_id: int, picture_id: int) -> UploadedPicture:
    """One of its pictures. Raises NotFoundError."""
    known = 0 < picture_id < 2**31 and 0 < upload_id < 2**31
    sql = "SELECT * FROM uploaded_picture WHERE id = {} AND upload = {}"
    rows = await fetch(sql, picture_id, upload_id) if known else []
    if not rows:
        raise NotFoundError("There is no such picture, or it was deleted.")
    return _picture(rows[0])


async def take_picture(upload_id: int, now: datetime, stalled_before: datetime) -> UploadedPicture | None:
    """Begin with the first picture that waits, or whose job has fallen silent since; None when there is none."""
    unfinished = "status = 'waiting' OR status = 'running' AND started_at < {}"
    rows = await fetch(
        "UPDATE uploaded_picture SET status = 'running', attempts = attempts + 1, started_at = {} WHERE id = "  # noqa: S608
        f"(SELECT id FROM uploaded_picture WHERE upload = {{}} AND ({unfinished}) ORDER BY id LIMIT 1) "
        f"AND ({unfinished}) RETURNING *",
        now,
        upload_id,
        stalled_before,
        stalled_before,
    )
    return _picture(rows[0]) if rows else None


async def put_back(picture_id: int, attempt: int) -> None:
    """Let a picture that an attempt had begun wait again, as if it never had."""
    await fetch(
        "UPDATE uploaded_picture SET status = 'waiting', attempts = attempts - 1 "
        "WHERE id = {} AND status = 'running' AND attempts = {}",
        picture_id,
        attempt,
    )


async def finish_picture(picture: UploadedPicture, result: dict[str, Any] | None, error: str, now: datetime) -> bool:
    """Keep what an attempt found, or why nothing; False: another attempt is at it, or it has ended or is gone."""
    status = UploadStatus.DONE if result is not None else UploadStatus.FAILED
    rows = await fetch(
        "UPDATE uploaded_picture SET status = {}, result = {}, error = {}, ended_at = {} "
        "WHERE id = {} AND status = 'running' AND attempts = {} RETURNING id",
        status.value,
        None if result is None else msgspec.json.encode(result).decode(),
        error,
        now,
        picture.id,
        picture.attempts,
    )
    return bool(rows)


async def forget_file(picture_id: int) -> None:
    """Note that its bytes are no longer here."""
    await fetch("UPDATE uploaded_picture SET picture_key = '' WHERE id = {}", picture_id)


async def wait_again(upload_id: int) -> int:
    """Let failed pictures of an upload, whose bytes are there, wait once more; answers how many."""
    rows = await fetch(
        "UPDATE uploaded_picture SET status = 'waiting', attempts = 0, error = '', ended_at = NULL "
        "WHERE upload = {} AND status = 'failed' AND picture_key <> '' RETURNING id",
        upload_id,
    )
    return len(rows)


async def list_unfinished(stalled_before: datetime) -> list[int]:
    """Uploads with a picture that waits, or whose job has fallen silent."""
    rows = await fetch(
        "SELECT DISTINCT upload FROM uploaded_picture WHERE status IN ('waiting', 'running') "
        "AND (status = 'waiting' OR started_at < {}) ORDER BY upload",
        stalled_before,
    )
    return [row["upload"] for row in rows]


async def list_failed(limit: int) -> list[tuple[int, str, int]]:
    """Uploads with failed pictures that can be tried again, the newest first: id, the last reason, how many."""
    rows = await fetch(
        "SELECT upload, MAX(error) AS error, COUNT(*) AS number FROM uploaded_picture "
        "WHERE status = 'failed' AND picture_key <> '' GROUP BY upload ORDER BY upload DESC LIMIT {}",
        limit,
    )
    return [(row["upload"], row["error"], int(row["number"])) for row in rows]


async def list_keys() -> set[str]:
    """Where all pictures lie that are kept."""
    rows = await fetch("SELECT picture_key FROM uploaded_picture WHERE picture_key <> ''")
    return {row["picture_key"] for row in rows}


async def list_old(wish: PictureWish, before: datetime) -> list[int]:
    """Uploads of a wish made before then."""
    rows = await fetch("SELECT id FROM picture_upload WHERE wish = {} AND created_at < {}", wish.value, before)
    return [row["id"] for row in rows]


async def delete_upload(upload_id: int) -> None:
    """Delete it with the rows of its pictures; their files are the caller's to delete."""
    await fetch("DELETE FROM picture_upload WHERE id = {}", upload_id)
