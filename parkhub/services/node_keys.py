"""How a node comes by its camera's key: with a one-time code, and by the server's own change of it."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import node_keys as rows
from parkhub.db.engine import transaction
from parkhub.domain import node_keys
from parkhub.domain.accounts import network
from parkhub.domain.cameras import Camera
from parkhub.domain.node_keys import CODE_HOLDS, OFFERED_FOR, KeyChange, Way
from parkhub.domain.signatures import hash_key
from parkhub.errors import ForbiddenError, TooOftenError
from parkhub.services import audit

TRIES_PER_ADDRESS: Final = 10
ADDRESS_WINDOW_S: Final = 10 * 60
TRIES_OF_ALL: Final = 300
ALL_WINDOW_S: Final = 60
WRONG: Final = "The code is wrong, was used, or has ended. Make a new one on the camera's page."
_UID_BYTES: Final = 18
_KEY_BYTES: Final = 32

log = structlog.get_logger(__name__)


async def make_code(camera: Camera, installation: str, account_id: int | None, now: datetime) -> str:
    """A code that enrols the camera's node, once, for half an hour; one that was made before is void."""
    code = node_keys.make_code()
    code_hash = node_keys.hash_code(installation, code) or ""
    async with transaction():
        await rows.keep_code(camera.id, code_hash, account_id, now, now + CODE_HOLDS)
        await audit.note_camera("camera.code_made", camera, account_id, now)
    return code


async def enrol(clients: Clients, installation: str, typed: str, address: str, now: datetime) -> tuple[Camera, str]:
    """Take a code, give its camera a fresh key and answer both; the key before is refused from now on.

    Raises ForbiddenError for a code that is none, and TooOftenError for who was wrong too often. When the whole world
    tries, who has not tried yet is still let in, so that strangers lock nobody out.
    """
    source = f"enrol:{network(address)}"
    left = await clients.limiter.hit(source, TRIES_PER_ADDRESS, ADDRESS_WINDOW_S)
    tries = await clients.limiter.count("enrol", ALL_WINDOW_S)
    if tries > TRIES_OF_ALL and left < TRIES_PER_ADDRESS - 1:
        raise TooOftenError("Too many codes are tried just now. Try again in a minute.", retry_after_s=ALL_WINDOW_S)
    code_hash = node_keys.hash_code(installation, typed)
    key = secrets.token_urlsafe(_KEY_BYTES)
    async with transaction():
        camera_id = await rows.use_code(code_hash, now) if code_hash else None
        if camera_id is not None:
            camera = await camera_rows.get_camera(camera_id)
            await replace_at_once(camera, key, Way.ENROLLED, None, now)
            await audit.note_camera("camera.enrolled", camera, None, now, after={"from": network(address)})
    if camera_id is None:
        log.warning("node.code_refused", source=network(address))
        raise ForbiddenError(WRONG)
    await clients.limiter.clear(source)
    log.info("node.enrolled", camera=camera.public_id)
    await clients.live.announce(f"node:{camera.id}")
    return camera, key


async def replace_at_once(camera: Camera, key: str, way: Way, account_id: int | None, now: datetime) -> None:
    """Let another key hold; the old one is refused from now on, and is known to have been the camera's.

    Part of a transaction.
    """
    new_hash = hash_key(key)
    await rows.begin_change(KeyChange(camera.id, "", new_hash, camera.key_hash, account_id, now, now, now, way))
    await camera_rows.set_key_hash(camera.id, new_hash)


async def replaced_at(camera: Camera, key: str) -> datetime | None:
    """When the camera's present key took the place of this one; None for one that was not its last."""
    change = await rows.find_change(camera.id)
    return change.used_at if change is not None and change.old_hash == hash_key(key) else None


async def begin_change(
    clients: Clients, camera: Camera, installation: str, account_id: int | None, now: datetime
) -> None:
    """Have the node take a new key with its next heartbeat; the old one is taken until it was used."""
    uid = secrets.token_urlsafe(_UID_BYTES)
    new_hash = hash_key(node_keys.key_of(installation, camera.public_id, uid))
    change = KeyChange(camera.id, uid, new_hash, camera.key_hash, account_id, now, now + OFFERED_FOR)
    async with transaction():
        await rows.begin_change(change)
        await audit.note_camera("camera.key_change_begun", camera, account_id, now)
    await clients.live.announce(f"node:{camera.id}")


async def cancel_change(clients: Clients, camera: Camera, account_id: int | None, now: datetime) -> None:
    """Offer the new key no longer; the one that the node has stays. Nothing happens when it was used."""
    async with transaction():
        change = await rows.find_change(camera.id)
        if change is None or change.used_at is not None:
            return
        await rows.forget_change(camera.id)
        await audit.note_camera("camera.key_change_cancelled", camera, account_id, now)
    await clients.live.announce(f"node:{camera.id}")


async def offered(camera: Camera, installation: str, now: datetime) -> dict[str, str] | None:
    """The new key as a heartbeat's answer tells it; the same every time, until a node has used it."""
    change = await rows.find_change(camera.id)
    if change is None or not change.offers(now):
        return None
    return {"id": change.uid, "key": node_keys.key_of(installation, camera.public_id, change.uid)}


async def offered_at(camera: Camera, now: datetime) -> datetime | None:
    """Since when a new key is offered that no node has used yet; None while none is."""
    change = await rows.find_change(camera.id)
    return change.asked_at if change is not None and change.offers(now) else None


async def takes(camera_id: int, key_hash: str, now: datetime) -> bool:
    """Whether a key that is not the camera's is taken all the same: the one offered, or the one just replaced."""
    change = await rows.find_change(camera_id)
    if change is None:
        return False
    return (change.new_hash == key_hash and change.offers(now)) or (
        change.old_hash == key_hash and change.takes_old(now)
    )


async def note_use(clients: Clients, camera: Camera, key: str, now: datetime) -> Camera:
    """After a request that was signed with ``key``: if it is the new one, it is the camera's from now on."""
    key_hash = hash_key(key)
    if key_hash == camera.key_hash:
        return camera
    async with transaction():
        change = await rows.end_change(camera.id, key_hash, now)
        if change is None:
            return camera
        await camera_rows.set_key_hash(camera.id, key_hash)
        await audit.note_camera("camera.key_changed", camera, change.account_id, now)
    log.info("camera key rotated", camera=camera.public_id)
    await clients.live.announce(f"node:{camera.id}")
    await clients.live.announce(f"relay:{camera.id}")
    return replace(camera, key_hash=key_hash)
