"""The provider's events: each kept once, whatever becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.payment_events import UNFINISHED, EventStatus, ProviderEvent
from parkhub.errors import NotFoundError

_UNFINISHED = ", ".join(f"'{status.value}'" for status in UNFINISHED)
_read_body = msgspec.json.Decoder(dict[str, object]).decode


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event, how often it was tried and what became of it; ``error`` says why it could not be handled."""

    id: int
    event: ProviderEvent
    status: EventStatus
    received_at: datetime
    tries: int
    error: str


async def add_event(event: ProviderEvent, now: datetime) -> int | None:
    """Keep an event; None when it was kept before."""
    rows = await fetch(
        "INSERT INTO stripe_event (event, type, about, body, created_at, received_at, status, tries, next_at, error) "
        "VALUES ({}, {}, {}, {}, {}, {}, 'waiting', 0, {}, '') ON CONFLICT (event) DO NOTHING RETURNING id",
        event.id,
        event.type,
        event.about,
        msgspec.json.encode(event.body).decode(),
        event.created_at,
        now,
        now,
    )
    return rows[0]["id"] if rows else None


async def get_event(event_id: int) -> StoredEvent:
    """The event by our id. Raises NotFoundError."""
    rows = await fetch("SELECT * FROM stripe_event WHERE id = {}", event_id)
    if not rows:
        raise NotFoundError("There is no such event.")
    return _stored(rows[0])


async def find_event(name: str) -> StoredEvent | None:
    """The event by the provider's id."""
    rows = await fetch("SELECT * FROM stripe_event WHERE event = {}", name)
    return _stored(rows[0]) if rows else None


async def last_received_at() -> datetime | None:
    """When the provider's newest event came."""
    rows = await fetch("SELECT received_at FROM stripe_event ORDER BY id DESC LIMIT 1")
    return rows[0]["received_at"] if rows else None


async def finish(event_id: int, status: EventStatus, now: datetime) -> bool:
    """Note what became of an event; False when somebody else has: whoever is second waits here until the first ends."""
    rows = await fetch(
        "UPDATE stripe_event SET status = {}, handled_at = {}, next_at = NULL, error = '', tries = tries + 1 "  # noqa: S608
        f"WHERE id = {{}} AND status IN ({_UNFINISHED}) RETURNING id",
        status.value,
        now,
        event_id,
    )
    return bool(rows)


async def put_off(event_id: int, status: EventStatus, error: str, next_at: datetime) -> None:
    """Note why an event could not be handled, and when it is tried again."""
    await fetch(
        "UPDATE stripe_event SET status = {}, error = {}, next_at = {}, tries = tries + 1 "  # noqa: S608
        f"WHERE id = {{}} AND status IN ({_UNFINISHED})",
        status.value,
        error,
        next_at,
        event_id,
    )


async def reopen(event_id: int, now: datetime) -> None:
    """Let an event be handled once more, whatever became of it."""
    await fetch(
        "UPDATE stripe_event SET status = 'waiting', next_at = {}, handled_at = NULL WHERE id = {}", now, event_id
    )


async def list_due(now: datetime, limit: int) -> list[int]:
    """Ids of events that are to be tried, the longest due first."""
    rows = await fetch(
        f"SELECT id FROM stripe_event WHERE status IN ({_UNFINISHED}) AND next_at <= {{}} ORDER BY next_at LIMIT {{}}",  # noqa: S608
        now,
        limit,
    )
    return [row["id"] for row in rows]


async def list_early(about: Sequence[str]) -> list[int]:
    """Ids of events that came before what they are about was known."""
    if not about:
        return []
    marks = ", ".join("{}" for _ in about)
    rows = await fetch(
        f"SELECT id FROM stripe_event WHERE status = 'early' AND about IN ({marks}) ORDER BY id",  # noqa: S608
        *about,
    )
    return [row["id"] for row in rows]


def _stored(row: Row) -> StoredEvent:
    event = ProviderEvent(row["event"], row["type"], row["created_at"], live=False, body=_read_body(row["body"]))
    return StoredEvent(
        id=row["id"],
        event=event,
        status=EventStatus(row["status"]),
        received_at=row["received_at"],
        tries=row["tries"],
        error=row["error"],
    )
