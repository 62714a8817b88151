"""Commands to nodes, and what was reported to them."""

from datetime import datetime

from parkhub.db.engine import Row, fetch
from parkhub.domain.node_commands import Action, Command, Outcome

_SELECT = (
    "SELECT node_command.*, node_report.reported_at FROM node_command "
    "LEFT JOIN node_report ON node_report.command = node_command.id "
)


def _command(row: Row) -> Command:
    return Command(
        id=row["id"],
        uid=row["uid"],
        camera_id=row["camera"],
        action=Action(row["action"]),
        account_id=row["account"],
        asked_at=row["asked_at"],
        expires_at=row["expires_at"],
        outcome=Outcome(row["outcome"]),
        told=row["told"],
        answered_at=row["answered_at"],
        reported_at=row["reported_at"],
    )


async def add_command(command: Command) -> None:
    """Keep a new command; its id is the database's to give."""
    await fetch(
        "INSERT INTO node_command (uid, camera, action, account, asked_at, expires_at, outcome, told) "
        "VALUES ({}, {}, {}, {}, {}, {}, '', '')",
        command.uid,
        command.camera_id,
        command.action.value,
        command.account_id,
        command.asked_at,
        command.expires_at,
    )


async def find_command(camera_id: int, uid: str) -> Command | None:
    """A camera's command by what its node knows it by."""
    rows = await fetch(_SELECT + "WHERE uid = {} AND camera = {}", uid, camera_id)
    return _command(rows[0]) if rows else None


async def list_waiting(camera_id: int, now: datetime) -> list[Command]:
    """Commands that hold and have no answer, the oldest first."""
    rows = await fetch(
        _SELECT + "WHERE camera = {} AND outcome = '' AND expires_at > {} ORDER BY node_command.id", camera_id, now
    )
    return [_command(row) for row in rows]


async def list_last(camera_id: int) -> dict[Action, Command]:
    """The last command of each kind."""
    rows = await fetch(
        _SELECT + "WHERE node_command.id IN (SELECT MAX(id) FROM node_command WHERE camera = {} GROUP BY action)",  # noqa: S608
        camera_id,
    )
    return {command.action: command for command in map(_command, rows)}


async def answer(command_id: int, outcome: Outcome, told: str, now: datetime) -> bool:
    """Note what became of a command, once; False when that is known."""
    rows = await fetch(
        "UPDATE node_command SET outcome = {}, told = {}, answered_at = {} WHERE id = {} AND outcome = '' RETURNING id",
        outcome.value,
        told,
        now,
        command_id,
    )
    return bool(rows)


async def keep_report(command_id: int, body: str, now: datetime) -> None:
    """Keep a report in the place of the one before."""
    await fetch(
        "INSERT INTO node_report (command, body, reported_at) VALUES ({}, {}, {}) "
        "ON CONFLICT (command) DO UPDATE SET body = excluded.body, reported_at = excluded.reported_at",
        command_id,
        body,
        now,
    )


async def find_report(command_id: int) -> str | None:
    """What was reported last."""
    rows = await fetch("SELECT body FROM node_report WHERE command = {}", command_id)
    return rows[0]["body"] if rows else None


async def delete_before(before: datetime) -> None:
    """Forget commands with their reports."""
    await fetch("DELETE FROM node_command WHERE asked_at < {}", before)
