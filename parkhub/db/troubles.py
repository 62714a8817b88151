"""When a camera's pictures could not be trusted: the history, and what is known now beside the camera's last look."""

from datetime import datetime

from parkhub.db.engine import Row, fetch
from parkhub.domain.cameras import CameraTrouble
from parkhub.domain.trust import Trouble


def _trouble(row: Row) -> CameraTrouble:
    return CameraTrouble(Trouble(row["trouble"]), row["began_at"], row["ended_at"])


async def begin_trouble(camera_id: int, trouble: Trouble, began_at: datetime) -> None:
    """Note that a camera's pictures cannot be trusted; a trouble that has not ended only changes its kind."""
    await fetch(
        "INSERT INTO camera_trouble (camera, trouble, began_at) VALUES ({}, {}, {}) "
        "ON CONFLICT (camera) WHERE ended_at IS NULL DO UPDATE SET trouble = excluded.trouble",
        camera_id,
        trouble.value,
        began_at,
    )


async def end_trouble(camera_id: int, ended_at: datetime) -> None:
    """Note that they can be trusted again; nothing happens when they could all the time."""
    await fetch(
        "UPDATE camera_trouble SET ended_at = CASE WHEN began_at > {} THEN began_at ELSE {} END "
        "WHERE camera = {} AND ended_at IS NULL",
        ended_at,
        ended_at,
        camera_id,
    )


async def list_troubles(camera_id: int, limit: int) -> list[CameraTrouble]:
    """A camera's troubles, the last one first."""
    rows = await fetch("SELECT * FROM camera_trouble WHERE camera = {} ORDER BY id DESC LIMIT {}", camera_id, limit)
    return [_trouble(row) for row in rows]


async def renew_reference(camera_id: int) -> None:
    """Compare the camera's pictures with the next one from now on, and believe them until that shows a trouble."""
    await fetch("UPDATE camera SET reference = reference + 1 WHERE id = {}", camera_id)
    await fetch(
        "UPDATE camera_look SET trouble = NULL, trouble_since = NULL, suspect = NULL, suspect_since = NULL, "
        "suspect_looks = 0, shift = NULL WHERE camera = {}",
        camera_id,
    )
