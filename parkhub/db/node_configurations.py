"""Versions of what a node is to do."""

from datetime import datetime

from parkhub.db.engine import Row, fetch
from parkhub.domain.node_configurations import Document, Outcome, Version, read, written

_SELECT = (
    "SELECT node_configuration.*, account.email FROM node_configuration "
    "LEFT JOIN account ON account.id = node_configuration.account WHERE "
)

_IS_NEWEST = (
    "version = (SELECT MAX(version) FROM node_configuration AS other WHERE other.camera = node_configuration.camera)"
)


def _version(row: Row) -> Version:
    return Version(
        camera_id=row["camera"],
        document=read(row["document"]),
        written_at=row["written_at"],
        account_id=row["account"],
        note=row["note"],
        outcome=Outcome(row["outcome"]),
        why=row["why"],
        answered_at=row["answered_at"],
        email=row["email"],
    )


async def find_newest(camera_id: int) -> Version | None:
    """The newest version; None before there is any."""
    rows = await fetch(_SELECT + "camera = {} ORDER BY version DESC LIMIT 1", camera_id)
    return _version(rows[0]) if rows else None


async def find_version(camera_id: int, number: int) -> Version | None:
    """One version."""
    rows = await fetch(_SELECT + "camera = {} AND version = {}", camera_id, number)
    return _version(rows[0]) if rows else None


async def list_versions(camera_id: int, limit: int) -> list[Version]:
    """The versions, the newest first."""
    rows = await fetch(_SELECT + "camera = {} ORDER BY version DESC LIMIT {}", camera_id, limit)
    return [_version(row) for row in rows]


async def list_since(camera_id: int, at: datetime) -> list[Version]:
    """The versions of which each held at some time since ``at``."""
    before = "SELECT MAX(version) FROM node_configuration WHERE camera = {} AND written_at <= {}"
    rows = await fetch(
        f"{_SELECT}camera = {{}} AND version >= COALESCE(({before}), 0) ORDER BY version", camera_id, camera_id, at
    )
    return [_version(row) for row in rows]


async def list_newest() -> dict[int, Version]:
    """The newest version of every camera that has one."""
    rows = await fetch(_SELECT + _IS_NEWEST)
    return {row["camera"]: _version(row) for row in rows}


async def add_version(camera_id: int, document: Document, account_id: int | None, note: str, now: datetime) -> bool:
    """Keep a version; False when there is one of its number already."""
    rows = await fetch(
        "INSERT INTO node_configuration (camera, version, document, written_at, account, note, outcome, why) "
        "VALUES ({}, {}, {}, {}, {}, {}, '', '') ON CONFLICT (camera, version) DO NOTHING RETURNING id",
        camera_id,
        document.version,
        written(document).decode(),
        now,
        account_id,
        note,
    )
    return bool(rows)


async def answer(camera_id: int, number: int, outcome: Outcome, why: str, now: datetime) -> bool:
    """Note what the node said to a version; False when it said that before, or there is no such version."""
    rows = await fetch(
        "UPDATE node_configuration SET outcome = {}, why = {}, answered_at = {} "
        "WHERE camera = {} AND version = {} AND (outcome <> {} OR why <> {}) RETURNING id",
        outcome.value,
        why,
        now,
        camera_id,
        number,
        outcome.value,
        why,
    )
    return bool(rows)
