"""Watched folders and what became of their files, each known by its bytes once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from parkhub.db.engine import Row, fetch, on_postgresql
from parkhub.domain.folders import FileState, FoundFile, TimeFrom, WatchedFolder
from parkhub.errors import ConflictError, NotFoundError

BATCH: Final = 500
"""So many values are given to one statement."""
_LOCK: Final = 7_265_484  # any number that only this lock takes


def _folder(row: Row) -> WatchedFolder:
    return WatchedFolder(
        id=row["id"],
        camera_id=row["camera"],
        path=row["path"],
        time_from=TimeFrom(row["time_from"]),
        deletes=row["deletes"],
        enabled=row["enabled"],
        created_at=row["created_at"],
        looked_at=row["looked_at"],
        taken=row["taken"],
        refused=row["refused"],
        last_taken_at=row["last_taken_at"],
        last_error=row["last_error"],
        last_error_at=row["last_error_at"],
    )


async def lock() -> None:
    """Wait for whoever else adds a folder; SQLite's transactions wait for each other anyway."""
    if on_postgresql():
        await fetch("SELECT pg_advisory_xact_lock({}::bigint)", _LOCK)


async def add_folder(camera_id: int, path: str, time_from: TimeFrom, now: datetime, *, deletes: bool) -> WatchedFolder:
    """Watch a folder. Raises ConflictError for one that is watched already."""
    rows = await fetch(
        "INSERT INTO watched_folder (camera, path, time_from, deletes, enabled, created_at, taken, refused, "
        "last_error) VALUES ({}, {}, {}, {}, TRUE, {}, 0, 0, '') ON CONFLICT (path) DO NOTHING RETURNING *",
        camera_id,
        path,
        time_from.value,
        deletes,
        now,
    )
    if not rows:
        raise ConflictError("This folder is watched already.")
    return _folder(rows[0])


async def list_folders(*, enabled: bool = False) -> list[WatchedFolder]:
    """Folders as they were added; only those that are on."""
    sql = "SELECT * FROM watched_folder WHERE enabled IS TRUE ORDER BY id"
    return [_folder(row) for row in await fetch(sql if enabled else "SELECT * FROM watched_folder ORDER BY id")]


async def get_folder(folder_id: int) -> WatchedFolder:
    """The folder. Raises NotFoundError."""
    rows = await fetch("SELECT * FROM watched_folder WHERE id = {}", folder_id) if 0 < folder_id < 2**31 else []
    if not rows:
        raise NotFoundError("This folder is watched no more.")
    return _folder(rows[0])


async def set_enabled(folder_id: int, *, enabled: bool) -> None:
    """Watch it, or leave it for now."""
    await fetch("UPDATE watched_folder SET enabled = {} WHERE id = {}", enabled, folder_id)


async def delete_folder(folder_id: int) -> None:
    """Watch it no more, and forget which of its files were taken."""
    await fetch("DELETE FROM watched_folder WHERE id = {}", folder_id)


async def note_look(folder_id: int, now: datetime) -> None:
    """Note that somebody looked."""
    await fetch("UPDATE watched_folder SET looked_at = {} WHERE id = {}", now, folder_id)


async def note_error(folder_id: int, error: str, now: datetime) -> None:
    """Note what is wrong with a folder or a file."""
    await fetch(
        "UPDATE watched_folder SET last_error = {}, last_error_at = {} WHERE id = {}", error[:500], now, folder_id
    )


async def list_known(folder_id: int, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Those of these files that are over, by name, each with its stamp when it was last taken or refused."""
    known: dict[str, tuple[int, int]] = {}
    for at in range(0, len(names), BATCH):
        some = names[at : at + BATCH]
        rows = await fetch(
            "SELECT name, size, mtime_ns FROM watched_file WHERE folder = {} AND state <> 'taking' "  # noqa: S608
            f"AND name IN ({', '.join('{}' for _ in some)}) ORDER BY id",
            folder_id,
            *some,
        )
        known |= {row["name"]: (row["size"], row["mtime_ns"]) for row in rows}
    return known


async def claim_file(
    folder_id: int, sha256: str, file: FoundFile, now: datetime, stalled_before: datetime
) -> tuple[int, bool]:
    """A file's own number, and whether it is ours to take.

    It is when its bytes are new to the folder, or when whoever began to take them has not ended since then.
    """
    rows = await fetch(
        "INSERT INTO watched_file (folder, sha256, name, size, mtime_ns, state, error, at) "
        "VALUES ({}, {}, {}, {}, {}, 'taking', '', {}) ON CONFLICT (folder, sha256) DO UPDATE SET at = {} "
        "WHERE watched_file.state = 'taking' AND watched_file.at < {} RETURNING id",
        folder_id,
        sha256,
        file.shown,
        file.size,
        file.mtime_ns,
        now,
        now,
        stalled_before,
    )
    return (int(rows[0]["id"]), True) if rows else (0, False)


async def find_state(folder_id: int, sha256: str) -> FileState | None:
    """What became of these bytes."""
    rows = await fetch("SELECT state FROM watched_file WHERE folder = {} AND sha256 = {}", folder_id, sha256)
    return FileState(rows[0]["state"]) if rows else None


async def release_file(file_id: int) -> None:
    """Let a file that could not be taken now be taken later."""
    await fetch("DELETE FROM watched_file WHERE id = {} AND state = 'taking'", file_id)


async def finish_file(folder_id: int, file_id: int, state: FileState, error: str, now: datetime) -> bool:
    """Note what became of a claimed file and count it; False when somebody did before. In the caller's transaction."""
    rows = await fetch(
        "UPDATE watched_file SET state = {}, error = {}, at = {} WHERE id = {} AND state = 'taking' RETURNING id",
        state.value,
        error[:500],
        now,
        file_id,
    )
    if rows and state is FileState.TAKEN:
        await fetch("UPDATE watched_folder SET taken = taken + 1, last_taken_at = {} WHERE id = {}", now, folder_id)
    elif rows:
        await fetch("UPDATE watched_folder SET refused = refused + 1 WHERE id = {}", folder_id)
    return bool(rows)


async def list_old_files(folder_id: int, before: datetime) -> dict[int, str]:
    """Numbers and names of files that were over before then."""
    rows = await fetch(
        "SELECT id, name FROM watched_file WHERE folder = {} AND at < {} AND state <> 'taking'", folder_id, before
    )
    return {row["id"]: row["name"] for row in rows}


async def forget_files(ids: list[int]) -> None:
    """Forget that they were there."""
    for at in range(0, len(ids), BATCH):
        some = ids[at : at + BATCH]
        await fetch(f"DELETE FROM watched_file WHERE id IN ({', '.join('{}' for _ in some)})", *some)  # noqa: S608
