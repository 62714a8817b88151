"""What spot editors ask vision, and the answers."""

from datetime import datetime
from typing import Any

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.spot_asks import AskKind, SpotAsk


def _ask(row: Row) -> SpotAsk:
    return SpotAsk(
        uid=row["uid"],
        camera_id=row["camera"],
        kind=AskKind(row["kind"]),
        question=msgspec.json.decode(row["question"]),
        answer=msgspec.json.decode(row["answer"]) if row["answer"] is not None else None,
        error=row["error"],
        created_at=row["created_at"],
        answered_at=row["answered_at"],
    )


async def add_ask(uid: str, camera_id: int, kind: AskKind, question: dict[str, Any], now: datetime) -> None:
    """Keep a question."""
    await fetch(
        "INSERT INTO spot_ask (uid, camera, kind, question, error, created_at) VALUES ({}, {}, {}, {}, '', {})",
        uid,
        camera_id,
        kind.value,
        msgspec.json.encode(question).decode(),
        now,
    )


async def find_ask(uid: str) -> SpotAsk | None:
    """The question with its answer, if it has one."""
    rows = await fetch("SELECT * FROM spot_ask WHERE uid = {}", uid)
    return _ask(rows[0]) if rows else None


async def answer_ask(uid: str, answer: dict[str, Any] | None, error: str, now: datetime) -> bool:
    """Keep an answer, or why there is none, once. False: it was answered before, or nobody asks any more."""
    rows = await fetch(
        "UPDATE spot_ask SET answer = {}, error = {}, answered_at = {} "
        "WHERE uid = {} AND answered_at IS NULL RETURNING id",
        None if answer is None else msgspec.json.encode(answer).decode(),
        error,
        now,
        uid,
    )
    return bool(rows)


async def list_answered(camera_id: int, since: datetime) -> list[str]:
    """Questions of a camera that were answered lately, oldest first."""
    rows = await fetch("SELECT uid FROM spot_ask WHERE camera = {} AND answered_at >= {} ORDER BY id", camera_id, since)
    return [row["uid"] for row in rows]


async def delete_asks(before: datetime) -> int:
    """Forget what was asked before; answers how many."""
    return len(await fetch("DELETE FROM spot_ask WHERE created_at < {} RETURNING id", before))
