"""What the system page tells of the database, and of work that failed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.db.engine import fetch, on_postgresql

PLATES: Final = "plates"
"""What is told of gates' cameras in the place of their engine: most of their time goes into reading plates."""


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """``size_bytes``: of all that it keeps."""

    name: str
    version: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FailedFrame:
    """A picture of a camera that could not be read."""

    id: int
    public_id: str
    camera: str
    error: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """An event of the payment provider that is not handled yet."""

    event: str
    type: str
    error: str
    tries: int
    received_at: datetime
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Speed:
    """How long pictures took that were read lately by an engine, milliseconds; those of a gate by `PLATES`."""

    engine: str
    pictures: int
    mean_ms: float
    most_ms: float


async def database_facts() -> DatabaseFacts:
    """Which database it is, and how large."""
    if on_postgresql():
        [row] = await fetch(
            "SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS size"
        )
        return DatabaseFacts("PostgreSQL", row["version"], row["size"])
    [row] = await fetch(
        "SELECT sqlite_version() AS version, page_count * page_size AS size FROM pragma_page_count, pragma_page_size"
    )
    return DatabaseFacts("SQLite", row["version"], row["size"])


async def list_speeds(since: datetime) -> list[Speed]:
    """How fast each engine has been from an instant on, and plates were read."""
    rows = await fetch(
        "SELECT CASE WHEN camera.role <> 'overview' THEN {} ELSE camera.engine END AS engine, "
        "COUNT(*) AS pictures, AVG(frame.ms) AS mean, MAX(frame.ms) AS most FROM frame "
        "JOIN camera ON camera.id = frame.camera WHERE frame.received_at >= {} AND frame.ms IS NOT NULL "
        "GROUP BY 1 ORDER BY 1",
        PLATES,
        since,
    )
    return [Speed(row["engine"], row["pictures"], row["mean"], row["most"]) for row in rows]


async def list_failed_frames(since: datetime, limit: int) -> list[FailedFrame]:
    """Pictures received from an instant on that could not be read, the newest first."""
    rows = await fetch(
        "SELECT frame.id, camera.public_id, camera.name, frame.error, frame.received_at FROM frame "
        "JOIN camera ON camera.id = frame.camera WHERE frame.status = 'failed' AND frame.received_at >= {} "
        "ORDER BY frame.received_at DESC, frame.id DESC LIMIT {}",
        since,
        limit,
    )
    return [FailedFrame(row["id"], row["public_id"], row["name"], row["error"], row["received_at"]) for row in rows]


async def count_failed_frames(since: datetime) -> int:
    """How many pictures received from an instant on could not be read."""
    [row] = await fetch("SELECT COUNT(*) AS number FROM frame WHERE status = 'failed' AND received_at >= {}", since)
    number: int = row["number"]
    return number


async def list_failed_events(limit: int) -> list[FailedEvent]:
    """Events of the payment provider that could not be handled, the newest first."""
    rows = await fetch(
        "SELECT event, type, error, tries, received_at, next_at FROM stripe_event "
        "WHERE status IN ('failed', 'unknown') ORDER BY id DESC LIMIT {}",
        limit,
    )
    return [
        FailedEvent(row["event"], row["type"], row["error"], row["tries"], row["received_at"], row["next_at"])
        for row in rows
    ]
