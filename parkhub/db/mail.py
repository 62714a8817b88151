"""Letters: each kept once, whatever becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.mail import LetterState

_read_facts = msgspec.json.Decoder(dict[str, object]).decode


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A letter that waits; ``tries`` counts the one that it was taken for."""

    id: int
    uid: str
    address: str = field(repr=False)
    language: str
    name: str
    values: Mapping[str, object] = field(repr=False)
    tries: int
    expires_at: datetime


async def add_letter(
    uid: str,
    address: str,
    language: str,
    name: str,
    values: Mapping[str, object],
    now: datetime,
    expires_at: datetime,
) -> bool:
    """Keep a letter; False when its ``uid`` was kept before."""
    rows = await fetch(
        "INSERT INTO letter "
        "(uid, address, language, name, facts, state, tries, created_at, next_at, expires_at, error) VALUES "
        "({}, {}, {}, {}, {}, 'waiting', 0, {}, {}, {}, '') ON CONFLICT (uid) DO NOTHING RETURNING id",
        uid,
        address,
        language,
        name,
        msgspec.json.encode(values).decode(),
        now,
        now,
        expires_at,
    )
    return bool(rows)


async def is_kept(uid: str) -> bool:
    """Whether a letter was written, whatever became of it."""
    return bool(await fetch("SELECT 1 AS one FROM letter WHERE uid = {}", uid))


async def list_waiting() -> set[str]:
    """The uids of letters that still wait."""
    return {row["uid"] for row in await fetch("SELECT uid FROM letter WHERE state = 'waiting'")}


async def list_due(now: datetime, limit: int) -> list[int]:
    """Ids of letters that are to be sent, the longest due first."""
    rows = await fetch(
        "SELECT id FROM letter WHERE state = 'waiting' AND next_at <= {} ORDER BY next_at, id LIMIT {}", now, limit
    )
    return [row["id"] for row in rows]


async def take(letter_id: int, now: datetime, until: datetime) -> StoredLetter | None:
    """Take a letter that is due, for oneself until then; None when somebody else has."""
    rows = await fetch(
        "UPDATE letter SET tries = tries + 1, next_at = {} "
        "WHERE id = {} AND state = 'waiting' AND next_at <= {} RETURNING *",
        until,
        letter_id,
        now,
    )
    return _stored(rows[0]) if rows else None


async def finish(letter_id: int, state: LetterState, error: str, now: datetime) -> None:
    """Note how a letter ended, and forget whom it went to and what it said."""
    await fetch(
        "UPDATE letter SET state = {}, error = {}, ended_at = {}, next_at = NULL, address = '', facts = '' "
        "WHERE id = {} AND state = 'waiting'",
        state.value,
        error,
        now,
        letter_id,
    )


async def put_off(letter_id: int, error: str, next_at: datetime) -> None:
    """Note why a letter could not be sent, and when it is tried again."""
    await fetch(
        "UPDATE letter SET error = {}, next_at = {} WHERE id = {} AND state = 'waiting'", error, next_at, letter_id
    )


async def find_state(uid: str) -> LetterState | None:
    """What became of a letter; None when there is none."""
    rows = await fetch("SELECT state FROM letter WHERE uid = {}", uid)
    return LetterState(rows[0]["state"]) if rows else None


async def give_up_to(address: str, now: datetime) -> None:
    """Let no waiting letter go to an address any more."""
    await fetch(
        "UPDATE letter SET state = 'given_up', error = 'not wanted any more', ended_at = {}, next_at = NULL, "
        "address = '', facts = '' WHERE address = {} AND state = 'waiting'",
        now,
        address,
    )


async def delete_ended_before(before: datetime) -> int:
    """Delete letters that ended before then; returns how many."""
    return len(await fetch("DELETE FROM letter WHERE ended_at < {} RETURNING id", before))


def _stored(row: Row) -> StoredLetter:
    return StoredLetter(
        id=row["id"],
        uid=row["uid"],
        address=row["address"],
        language=row["language"],
        name=row["name"],
        values=_read_facts(row["facts"]),
        tries=row["tries"],
        expires_at=row["expires_at"],
    )
