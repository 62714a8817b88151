"""Heads fitted to lots, each version as it was fitted."""

from datetime import datetime

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.spot_heads import Fit, HeadTrial, HeadVersion, SpotHead
from parkhub.errors import NotFoundError

_read_weights = msgspec.json.Decoder(tuple[float, ...]).decode


def _version(row: Row) -> HeadVersion:
    return HeadVersion(
        lot_id=row["lot"],
        version=row["version"],
        head=SpotHead(_read_weights(row["weights"]), row["bias"], row["temperature"], row["model_sha256"]),
        trial=HeadTrial(row["labels"], row["held_back"], row["accuracy_before"], row["accuracy_after"]),
        created_at=row["created_at"],
        active=bool(row["active"]),
    )


async def add_version(
    lot_id: int, head: SpotHead, trial: HeadTrial, labels_sha256: str, created_at: datetime
) -> HeadVersion:
    """Keep a head as the lot's next version, not active. Call it with the lot locked (`parkhub.db.spots.lock_map`)."""
    rows = await fetch(
        "INSERT INTO spot_head (lot, version, model_sha256, labels_sha256, weights, bias, temperature, labels, "
        "held_back, accuracy_before, accuracy_after, created_at, active) "
        "SELECT {}, coalesce(max(version), 0) + 1, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {} "
        "FROM spot_head WHERE lot = {} RETURNING *",
        lot_id,
        head.model_sha256,
        labels_sha256,
        msgspec.json.encode(head.weights).decode(),
        head.bias,
        head.temperature,
        trial.labels,
        trial.held_back,
        trial.before,
        trial.after,
        created_at,
        False,
        lot_id,
    )
    return _version(rows[0])


async def list_versions(lot_id: int) -> list[HeadVersion]:
    """A lot's versions, the newest first."""
    return [
        _version(row) for row in await fetch("SELECT * FROM spot_head WHERE lot = {} ORDER BY version DESC", lot_id)
    ]


async def find_version(lot_id: int, model_sha256: str, labels_sha256: str) -> HeadVersion | None:
    """The version that was fitted to these very labels on that model."""
    rows = await fetch(
        "SELECT * FROM spot_head WHERE lot = {} AND model_sha256 = {} AND labels_sha256 = {}",
        lot_id,
        model_sha256,
        labels_sha256,
    )
    return _version(rows[0]) if rows else None


async def active_version(lot_id: int) -> int | None:
    """The number of the version that judges the lot; None: the shipped head does."""
    rows = await fetch("SELECT version FROM spot_head WHERE lot = {} AND active", lot_id)
    return rows[0]["version"] if rows else None


async def set_active(lot_id: int, version: int | None) -> None:
    """Let a version judge the lot, None the shipped head. Part of a transaction, with the lot locked.

    Raises NotFoundError without such a version; then nothing has changed.
    """
    if version is not None and not await fetch(
        "SELECT id FROM spot_head WHERE lot = {} AND version = {}", lot_id, version
    ):
        raise NotFoundError(f"There is no version {version} of this lot's head.")
    await fetch("UPDATE spot_head SET active = {} WHERE lot = {} AND active", False, lot_id)
    if version is not None:
        await fetch("UPDATE spot_head SET active = {} WHERE lot = {} AND version = {}", True, lot_id, version)


async def get_head(head_id: int) -> SpotHead:
    """A head by its row, which never changes but for who is active. NotFoundError when there is none any more."""
    rows = await fetch("SELECT * FROM spot_head WHERE id = {}", head_id)
    if not rows:
        raise NotFoundError("There is no such head.")
    return _version(rows[0]).head


async def ask_fit(lot_id: int, at: datetime) -> None:
    """Note that a fit of a lot was asked for in the background."""
    await fetch(
        "INSERT INTO spot_head_fit (lot, asked_at, ended_at, error) VALUES ({}, {}, {}, '') ON CONFLICT (lot) "
        "DO UPDATE SET asked_at = excluded.asked_at, ended_at = excluded.ended_at, error = excluded.error",
        lot_id,
        at,
        None,
    )


async def end_fit(lot_id: int, at: datetime, error: str) -> None:
    """Note that it has ended, with the reason if it made no version; nothing happens when none was asked for."""
    await fetch("UPDATE spot_head_fit SET ended_at = {}, error = {} WHERE lot = {}", at, error, lot_id)


async def find_fit(lot_id: int) -> Fit | None:
    """The last fit of a lot that was asked for in the background."""
    rows = await fetch("SELECT asked_at, ended_at, error FROM spot_head_fit WHERE lot = {}", lot_id)
    return Fit(rows[0]["asked_at"], rows[0]["ended_at"], rows[0]["error"]) if rows else None
