"""Spots files on their way to becoming a camera's spots."""

from datetime import datetime
from typing import Any

from parkhub.db import tables
from parkhub.db.engine import Row, fetch
from parkhub.domain.cameras import SpotImport, SpotImportStatus, SpotsFileKind
from parkhub.errors import NotFoundError


def _spot_import(row: Row) -> SpotImport:
    box = None if row["box_width"] is None else (row["box_width"], row["box_height"])
    return SpotImport(
        id=row["id"],
        camera_id=row["camera"],
        file_key=row["file_key"],
        kind=SpotsFileKind(row["kind"]),
        box=box,
        status=SpotImportStatus(row["status"]),
        spot_count=row["spot_count"],
        error=row["error"],
        created_at=row["created_at"],
    )


async def add_spot_import(
    camera_id: int, file_key: str, kind: SpotsFileKind, box: tuple[int, int] | None, created_at: datetime
) -> SpotImport:
    """Keep a spots file that waits to be read."""
    width, height = box or (None, None)
    values: dict[str, Any] = {
        "camera": camera_id,
        "file_key": file_key,
        "kind": kind.value,
        "box_width": width,
        "box_height": height,
        "status": SpotImportStatus.WAITING.value,
        "spot_count": 0,
        "error": "",
        "created_at": created_at,
    }
    rows = await tables.SpotImport.insert(tables.SpotImport(**values)).returning(tables.SpotImport.id)
    return _spot_import({"id": rows[0]["id"], **values})


async def get_spot_import(spot_import_id: int) -> SpotImport:
    """The import; NotFoundError when there is none."""
    rows = await fetch("SELECT * FROM spot_import WHERE id = {}", spot_import_id)
    if not rows:
        raise NotFoundError("There is no such import.")
    return _spot_import(rows[0])


async def finish_spot_import(spot_import_id: int, spot_count: int, error: str) -> bool:
    """End an import, once: failed with a sentence in ``error``, else done. False when it had ended already."""
    rows = await fetch(
        "UPDATE spot_import SET status = {}, spot_count = {}, error = {} "
        "WHERE id = {} AND status = 'waiting' RETURNING id",
        (SpotImportStatus.FAILED if error else SpotImportStatus.DONE).value,
        spot_count,
        error,
        spot_import_id,
    )
    return bool(rows)


async def list_stuck(before: datetime) -> list[int]:
    """Imports that were asked for before and still wait, oldest first."""
    rows = await fetch("SELECT id FROM spot_import WHERE status = 'waiting' AND created_at < {} ORDER BY id", before)
    return [row["id"] for row in rows]


async def list_waiting_keys() -> set[str]:
    """Where the files of the imports that wait are kept."""
    return {row["file_key"] for row in await fetch("SELECT file_key FROM spot_import WHERE status = 'waiting'")}


async def latest_spot_import(camera_id: int) -> SpotImport | None:
    """The last import of a camera."""
    rows = await fetch("SELECT * FROM spot_import WHERE camera = {} ORDER BY id DESC LIMIT 1", camera_id)
    return _spot_import(rows[0]) if rows else None
