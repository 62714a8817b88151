"""Commands to nodes: asked in the console, told over the node's stream, answered by the node."""

import secrets
from datetime import datetime
from typing import Any, Final

import structlog

from parkhub.clients import Clients
from parkhub.db import node_commands as rows
from parkhub.db.engine import transaction
from parkhub.domain.barriers import sign_text
from parkhub.domain.cameras import Camera
from parkhub.domain.node_commands import KEPT_FOR, REPORTED_FOR, Action, Command, Outcome, read_report
from parkhub.domain.nodes import TEXT_MAX
from parkhub.domain.text import clean, one_line
from parkhub.errors import ConflictError, NotFoundError
from parkhub.services import audit
from parkhub.services.barrier_commands import in_words

UID_BYTES: Final = 15
NONE: Final = "There is no such command of this camera, or its time is over."

log = structlog.get_logger(__name__)


async def ask(clients: Clients, camera: Camera, action: Action, account_id: int | None, now: datetime) -> Command:
    """Ask a node for something; while it waits for the same already, that is what is answered.

    Raises ConflictError for a picture of a camera that is switched off.
    """
    if action is Action.SNAPSHOT and not camera.enabled:
        raise ConflictError("The camera is switched off. Switch it on first.")
    async with transaction():
        for waiting in await rows.list_waiting(camera.id, now):
            if waiting.action is action:
                return waiting
        uid = secrets.token_hex(UID_BYTES)
        await rows.add_command(Command(0, uid, camera.id, action, account_id, now, now + action.holds_for))
        await audit.note_camera(f"camera.{action.value}", camera, account_id, now)
    await clients.live.announce(f"relay:{camera.id}")
    await clients.live.announce(f"node:{camera.id}")
    return await get_command(camera, uid)


async def get_command(camera: Camera, uid: str) -> Command:
    """A camera's command. Raises NotFoundError."""
    found = await rows.find_command(camera.id, uid) if one_line(uid) else None
    if found is None:
        raise NotFoundError(NONE)
    return found


def signed_command(command: Command, secret: str) -> dict[str, Any]:
    """A command as its node gets it, in the form of those to relays."""
    told = {
        "id": command.uid,
        "barrier": "",
        "action": command.action.value,
        "pulse_ms": 0,
        "asked_at": in_words(command.asked_at),
        "expires_at": in_words(command.expires_at),
    }
    parts = [command.uid, "", command.action.value, "0", in_words(command.expires_at)]
    return {**told, "signature": sign_text(secret, *parts)}


async def answered(
    clients: Clients, camera: Camera, uid: str, outcome: Outcome, why: str, now: datetime
) -> Command | None:
    """A node said what became of a command; the first word counts. None: it is no command to a node."""
    command = await rows.find_command(camera.id, uid) if one_line(uid) else None
    if command is None:
        return None
    async with transaction():
        fresh = await rows.answer(command.id, outcome, clean(why, TEXT_MAX), now)
    if fresh:
        log.info("node.answered", camera=camera.public_id, action=command.action.value, outcome=outcome.value)
        await clients.live.announce(f"relay:{camera.id}")
        await clients.live.announce(f"node:{camera.id}")
    return await get_command(camera, uid)


async def report(clients: Clients, camera: Camera, uid: str, body: bytes, now: datetime) -> Command:
    """Keep what a node reports to a command. Raises NotFoundError, also when its time is over, InvalidInputError."""
    command = await get_command(camera, uid)
    if now > command.expires_at + REPORTED_FOR:
        raise NotFoundError(NONE)
    kept = read_report(command.action, body)
    async with transaction():
        await rows.keep_report(command.id, kept, now)
    await clients.live.announce(f"node:{camera.id}")
    return await get_command(camera, uid)


async def find_report(command: Command) -> str | None:
    """What was reported last."""
    return await rows.find_report(command.id)


async def delete_old(now: datetime) -> None:
    """Forget commands and their reports after a week."""
    await rows.delete_before(now - KEPT_FOR)
