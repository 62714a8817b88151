"""Codes that enrol nodes, and keys on their way out."""

from datetime import datetime

from parkhub.db.engine import fetch
from parkhub.domain.node_keys import KeyChange, Way


async def keep_code(camera_id: int, code_hash: str, account_id: int | None, now: datetime, ends_at: datetime) -> None:
    """Keep a camera's code in the place of the one before."""
    await fetch(
        "INSERT INTO node_code (camera, code_hash, account, made_at, ends_at) VALUES ({}, {}, {}, {}, {}) "
        "ON CONFLICT (camera) DO UPDATE SET code_hash = excluded.code_hash, account = excluded.account, "
        "made_at = excluded.made_at, ends_at = excluded.ends_at",
        camera_id,
        code_hash,
        account_id,
        now,
        ends_at,
    )


async def use_code(code_hash: str, now: datetime) -> int | None:
    """Take a code away and answer its camera; None when it is none, was used or has ended. One wins."""
    rows = await fetch("DELETE FROM node_code WHERE code_hash = {} AND ends_at > {} RETURNING camera", code_hash, now)
    return rows[0]["camera"] if rows else None


async def code_ends_at(camera_id: int, now: datetime) -> datetime | None:
    """Until when a camera's code holds; None when it has none."""
    rows = await fetch("SELECT ends_at FROM node_code WHERE camera = {} AND ends_at > {}", camera_id, now)
    return rows[0]["ends_at"] if rows else None


async def forget_code(camera_id: int) -> None:
    """A camera's code holds no longer."""
    await fetch("DELETE FROM node_code WHERE camera = {}", camera_id)


async def delete_codes_before(now: datetime) -> None:
    """Forget codes that have ended."""
    await fetch("DELETE FROM node_code WHERE ends_at <= {}", now)


async def find_change(camera_id: int) -> KeyChange | None:
    """A camera's last change of its key."""
    rows = await fetch("SELECT * FROM key_change WHERE camera = {}", camera_id)
    if not rows:
        return None
    row = rows[0]
    return KeyChange(
        camera_id=row["camera"],
        uid=row["uid"],
        new_hash=row["new_hash"],
        old_hash=row["old_hash"],
        account_id=row["account"],
        asked_at=row["asked_at"],
        ends_at=row["ends_at"],
        used_at=row["used_at"],
        way=Way(row["way"]),
    )


async def begin_change(change: KeyChange) -> None:
    """Keep a change in the place of the one before."""
    await fetch(
        "INSERT INTO key_change (camera, uid, new_hash, old_hash, account, asked_at, ends_at, used_at, way) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}) ON CONFLICT (camera) DO UPDATE SET uid = excluded.uid, "
        "new_hash = excluded.new_hash, old_hash = excluded.old_hash, account = excluded.account, "
        "asked_at = excluded.asked_at, ends_at = excluded.ends_at, used_at = excluded.used_at, way = excluded.way",
        change.camera_id,
        change.uid,
        change.new_hash,
        change.old_hash,
        change.account_id,
        change.asked_at,
        change.ends_at,
        change.used_at,
        change.way.value,
    )


async def end_change(camera_id: int, new_hash: str, now: datetime) -> KeyChange | None:
    """Note that a node has used the new key, and forget what it was made of; None when that is known or too late."""
    rows = await fetch(
        "UPDATE key_change SET used_at = {}, uid = '' WHERE camera = {} AND new_hash = {} AND used_at IS NULL "
        "AND ends_at > {} RETURNING id",
        now,
        camera_id,
        new_hash,
        now,
    )
    return await find_change(camera_id) if rows else None


async def forget_change(camera_id: int) -> None:
    """The new key is offered no longer."""
    await fetch("DELETE FROM key_change WHERE camera = {}", camera_id)
