"""How far a camera's pictures are believed: a trouble begins, is told once, and ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import spots as spot_rows
from parkhub.db import stands as stand_rows
from parkhub.db import troubles as trouble_rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.trust import Shift, Trouble, TrustTrack, watch

log = structlog.get_logger(__name__)

MEMORY: Final = "memory"


@dataclass(frozen=True, slots=True)
class Sight:
    """What one picture looked like beside the camera's earlier ones of the view ``reference``."""

    reference: int
    trouble: Trouble | None
    shift: Shift | None = None


def memory_folder(camera_id: int) -> str:
    """Where what earlier pictures looked like is kept, one key per reference."""
    return f"{MEMORY}/{camera_id}/view"


def view_key(camera: Camera) -> str:
    """Where what pictures of the camera's present view look like is kept."""
    return f"{memory_folder(camera.id)}/{camera.reference}"


def memory_key(camera: Camera) -> str:
    """Where what the camera's engine wants to see again with the next picture is kept."""
    return f"{MEMORY}/{camera.id}/{camera.engine.value}"


async def judge(camera: Camera, sight: Sight | None, at: datetime) -> TrustTrack:
    """Take what a picture taken at ``at`` looked like into account, and keep the history. Part of a transaction.

    Without a sight, or with one of a view that is no longer the camera's, nothing changes.
    """
    if sight is None or sight.reference != camera.reference:
        return camera.trust
    trust = watch(camera.trust, sight.trouble, at)
    if trust.trouble is not None and trust.since is not None:
        if trust.trouble is not camera.trust.trouble:
            await trouble_rows.begin_trouble(camera.id, trust.trouble, trust.since)
    elif camera.trust.trouble is not None:
        await trouble_rows.end_trouble(camera.id, at)
    return trust


def shift_of(camera: Camera, sight: Sight | None) -> Shift | None:
    """How the camera's view lies beside its reference now."""
    return sight.shift if sight is not None and sight.reference == camera.reference else camera.shift


def tell(camera: Camera, after: TrustTrack) -> bool:
    """Log a trouble that began or ended, once each; whether one did. ``camera`` is as it was before."""
    before = camera.trust.trouble
    if after.trouble is not None and before is None:
        since = after.since.isoformat() if after.since else None
        log.warning("camera.trouble_began", camera=camera.public_id, trouble=after.trouble.value, since=since)
    elif after.trouble is None and before is not None:
        log.info("camera.trouble_ended", camera=camera.public_id, trouble=before.value)
    return after.trouble is not before


async def forget_view(camera: Camera, at: datetime | None = None) -> None:
    """Make the next picture the camera's reference; a trouble ends ``at``, or with the last look. In a transaction."""
    ended_at = at or camera.last_captured_at
    if ended_at is not None:
        await trouble_rows.end_trouble(camera.id, ended_at)
    await trouble_rows.renew_reference(camera.id)


async def accept_view(clients: Clients, camera: Camera, now: datetime) -> None:
    """Somebody has said that the spots lie right in what the camera sees now."""
    async with transaction():
        await spot_rows.load_tracks(camera.id)  # takes the lock, so it comes first
        camera = await camera_rows.get_camera(camera.id)
        if camera.trust.trouble is Trouble.MOVED:
            await stand_rows.forget_stands(camera.id)  # it looks elsewhere now
        await forget_view(camera, now)
    await clients.pictures.delete_folder(memory_folder(camera.id))
    log.info("camera.view_accepted", camera=camera.public_id)
    if tell(camera, TrustTrack()):
        await clients.live.announce(f"lot:{camera.lot_id}")
