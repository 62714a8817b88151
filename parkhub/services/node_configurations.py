"""What nodes are to do: read by them, changed by people, answered once per version."""

from datetime import datetime
from typing import Final

import msgspec
import structlog

from parkhub.clients import Clients
from parkhub.db import lots as lot_rows
from parkhub.db import node_configurations as rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.edge import MISFIT, can_recognise
from parkhub.domain.node_configurations import Document, Outcome, Version
from parkhub.domain.node_limits import check
from parkhub.domain.nodes import TEXT_MAX
from parkhub.domain.text import clean
from parkhub.errors import ConflictError, FieldsError, NotFoundError
from parkhub.services import audit

OTHERS: Final = "Somebody else has changed it meanwhile. Look at what holds now, then change that."

NO_LONGER: Final = "recognition at the camera switched off: its places are now judged in another way"

NUMBER_MAX: Final = 2**31 - 1
"""What the database can count to."""

log = structlog.get_logger(__name__)


async def current(camera: Camera, now: datetime) -> Version:
    """The newest version. The first one is made when it is asked for, and a new one when since the last the camera was
    switched on or off in the console, its lot's clock was changed, or it became one that cannot recognise by itself:
    what it said of places would be refused."""
    zone = (await lot_rows.get_lot(camera.lot_id)).time_zone
    while True:
        newest = await rows.find_newest(camera.id)
        if newest is None:
            wanted, note = Document(running=camera.enabled, timezone=zone), "as it comes"
        else:
            document = newest.document
            edge = document.edge
            if not can_recognise(camera):
                edge = msgspec.structs.replace(edge, enabled=False)
            wanted = msgspec.structs.replace(document, running=camera.enabled, timezone=zone, edge=edge)
            if wanted == document:
                return newest
            if wanted.edge != document.edge:
                note = NO_LONGER
            elif wanted.running != document.running:
                note = "switched on" if camera.enabled else "switched off"
            else:
                note = "the clock of the car park"
            wanted = msgspec.structs.replace(wanted, version=document.version + 1)
        async with transaction():
            await rows.add_version(camera.id, wanted, None, note, now)


async def save(
    clients: Clients, camera: Camera, document: Document, account_id: int | None, now: datetime, note: str = ""
) -> Version:
    """Let a document hold that was made from version ``document.version``.

    Nothing happens when it says what holds already. Raises FieldsError, and ConflictError when another version was
    made meanwhile.
    """
    check(document)
    if document.edge.enabled and not can_recognise(camera):
        raise FieldsError({"edge.enabled": MISFIT})
    newest = await current(camera, now)
    if newest.number != document.version:
        raise ConflictError(OTHERS)
    own = newest.document  # these are said elsewhere
    document = msgspec.structs.replace(document, running=own.running, timezone=own.timezone)
    if document == own:
        return newest
    document = msgspec.structs.replace(document, version=newest.number + 1)
    async with transaction():
        if not await rows.add_version(camera.id, document, account_id, note, now):
            raise ConflictError(OTHERS)
        await audit.note_camera(
            "camera.configured",
            camera,
            account_id,
            now,
            before=_differences(own, document),
            after=_differences(document, own),
            reason=note,
        )
    log.info("node.configured", camera=camera.public_id, version=document.version)
    await clients.live.announce(f"node:{camera.id}")
    return await get_version(camera, document.version)


async def restore(clients: Clients, camera: Camera, number: int, account_id: int | None, now: datetime) -> Version:
    """Bring an older version back as a new one. Raises NotFoundError."""
    old = await get_version(camera, number)
    newest = await current(camera, now)
    document = msgspec.structs.replace(old.document, version=newest.number)
    return await save(clients, camera, document, account_id, now, note=f"version {number} again")


async def answered(clients: Clients, camera: Camera, number: int, outcome: Outcome, why: str, now: datetime) -> Version:
    """The node has taken a version or refused it; said again it changes nothing. Raises NotFoundError."""
    await get_version(camera, number)
    async with transaction():
        fresh = await rows.answer(camera.id, number, outcome, clean(why, TEXT_MAX), now)
    if fresh:
        log.info("node.configuration_answered", camera=camera.public_id, version=number, outcome=outcome.value)
        await clients.live.announce(f"node:{camera.id}")
    return await get_version(camera, number)


async def get_version(camera: Camera, number: int) -> Version:
    """One version. Raises NotFoundError."""
    found = await rows.find_version(camera.id, number) if 0 < number <= NUMBER_MAX else None
    if found is None:
        raise NotFoundError("There is no such version.")
    return found


def _differences(document: Document, other: Document) -> dict[str, object]:
    """What a document says otherwise than another."""
    ours, theirs = msgspec.to_builtins(document), msgspec.to_builtins(other)
    return {name: value for name, value in ours.items() if theirs[name] != value}
