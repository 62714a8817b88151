"""What one look at a frame changes: states and history, in one transaction, then the announcement."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import counts as count_rows
from parkhub.db import frames as frame_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.counts import FrameCount, count_kinds, count_states
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.gates import SeenCar
from parkhub.domain.spots import (
    SpotChange,
    SpotObservation,
    SpotState,
    SpotTrack,
    changes,
    debounce,
    expire,
    hide,
    sure_enough,
)
from parkhub.domain.trust import TrustTrack, is_believed
from parkhub.domain.vehicles import Vehicle
from parkhub.services import better_views, passages, stands, troubles
from parkhub.services.troubles import Sight

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a look did. ``status`` None: the frame had been read before and nothing was done.

    ``accepted``: passages that were believed by this look; whoever calls gives them to the sessions.
    """

    status: FrameStatus | None
    changes: tuple[SpotChange, ...] = ()
    accepted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in one frame. ``vehicles`` None: nobody looked for any; ``sight`` None: nobody doubted the picture.

    ``ms``: how long it took. ``cars``: at a gate, the cars that are to enter or leave.
    """

    observations: Sequence[SpotObservation]
    ms: float
    vehicles: Sequence[Vehicle] | None = None
    sight: Sight | None = None
    cars: Sequence[SeenCar] = ()


async def save_look(clients: Clients, frame_id: int, seen: Seen) -> Saved:
    """Take what was seen in one frame into account, exactly once, and tell whoever watches.

    A frame older than the camera's last look ends as LATE: its opinions and counts are kept, no state changes. Cars at
    a gate count all the same, by when it was taken. So does one of which nobody knows when that was, but its counts
    belong nowhere, and of a car at a gate a person is asked.
    Raises NotFoundError when the frame is gone.
    """
    async with transaction():
        frame = await frame_rows.get_frame(frame_id)
        camera, tracks = await _lock(frame.camera_id)
        late = _is_late(frame, camera)
        status = FrameStatus.LATE if late else FrameStatus.READ
        if not await frame_rows.finish_frame(frame_id, status, seen.ms, seen.observations, ""):
            return Saved(None)
        seen = replace(seen, observations=sure_enough(seen.observations, camera.sure_min))
        trust = camera.trust if late else await troubles.judge(camera, seen.sight, frame.captured_at)
        if not frame.clock_unsure:
            await _count(camera, frame, seen, late=late, believed=late or is_believed(trust))
        if seen.vehicles is not None and not late and is_believed(trust):
            await stands.take_sample(camera, frame, seen.vehicles)
        found = [] if late else await _apply(camera, frame, tracks, seen, trust)
        taken = await passages.take_reads(clients, camera, frame, seen.cars) if camera.watches_gate else None
    if taken is not None:
        await passages.drop_crops(clients, taken)
    if troubles.tell(camera, trust) or found:
        await clients.live.announce(f"lot:{camera.lot_id}")
    return Saved(status, tuple(found), tuple(taken.accepted) if taken is not None else ())


async def fail_look(frame_id: int, error: str) -> bool:
    """Note why a frame could not be read; its camera's spots turn unknown by themselves. False: it was read before."""
    frame = await frame_rows.get_frame(frame_id)
    failed = await frame_rows.finish_frame(frame_id, FrameStatus.FAILED, None, (), error)
    if failed:
        log.warning("frame.failed", frame=frame_id, camera=frame.camera_id, reason=error)
    return failed


async def expire_stale(clients: Clients, now: datetime) -> int:
    """Turn spots unknown whose last good look is too old, and tell; answers how many."""
    total = 0
    for camera in await camera_rows.list_cameras(None):
        # A camera that still looks has its spots expired by `save_look`.
        last = camera.last_captured_at  # None: nobody looked, but a person may have said something
        if last is not None and now < last + timedelta(seconds=camera.stale_after_s):
            continue
        seen = (await spot_rows.load_tracks(camera.id)).values()
        if any(expire(track, now, camera.stale_after_s) is not track for track in seen):
            total += await _expire_camera(clients, camera.id, now)
    return total


async def _expire_camera(clients: Clients, camera_id: int, now: datetime) -> int:
    async with transaction():
        camera, before = await _lock(camera_id)
        after = [expire(track, now, camera.stale_after_s) for track in before]
        found = changes(before, after)
        await _save_tracks(camera, before, after)
        await spot_rows.add_changes(camera.id, None, found)
        found += await better_views.decide(camera, now)
    if found:
        log.info("spots.turned_unknown", camera=camera.public_id, count=len(found))
        await clients.live.announce(f"lot:{camera.lot_id}")
    return len(found)


def _is_late(frame: Frame, camera: Camera) -> bool:
    """Whether the camera has a later look already; of two pictures of one instant the later row is later."""
    if frame.clock_unsure:
        return True
    if camera.last_captured_at is None:
        return False
    if frame.captured_at == camera.last_captured_at:
        return camera.last_frame_id is not None and frame.id < camera.last_frame_id
    return frame.captured_at < camera.last_captured_at


async def _lock(camera_id: int) -> tuple[Camera, list[SpotTrack]]:
    """A camera with what is known of its spots; whoever comes second waits, then sees what the first has saved."""
    tracks = await spot_rows.load_tracks(camera_id)  # takes the lock, so it comes first
    return await camera_rows.get_camera(camera_id), list(tracks.values())


async def _count(camera: Camera, frame: Frame, seen: Seen, *, late: bool, believed: bool) -> None:
    if not seen.observations and seen.vehicles is None:
        return
    states = count_states(seen.observations)
    if not believed:
        states = dict.fromkeys(SpotState, 0) | {SpotState.UNKNOWN: len(seen.observations)}
    count = FrameCount(
        lot_id=camera.lot_id,
        camera_id=camera.id,
        frame_id=frame.id,
        captured_at=frame.captured_at,
        late=late,
        free=states[SpotState.FREE],
        occupied=states[SpotState.OCCUPIED],
        unknown=states[SpotState.UNKNOWN],
        vehicles=count_kinds(seen.vehicles) if believed and seen.vehicles is not None else None,
    )
    await count_rows.add_count(count)


async def _apply(
    camera: Camera, frame: Frame, before: Sequence[SpotTrack], seen: Seen, trust: TrustTrack
) -> list[SpotChange]:
    # First what the time since the last look did to each spot, then the look itself: both are history.
    at = frame.captured_at
    waited = [expire(track, at, camera.stale_after_s) for track in before]
    if trust.trouble is not None:
        after = [hide(track, at) for track in waited]
    elif is_believed(trust):
        after = _look(waited, {each.spot: each for each in seen.observations}, at, camera)
    else:
        after = waited
    expired, found = changes(before, waited), changes(waited, after)
    await _save_tracks(camera, before, after)
    await spot_rows.add_changes(camera.id, None, expired)
    await spot_rows.add_changes(camera.id, frame.id, found)
    await camera_rows.set_last_look(camera.id, frame.id, at, trust, troubles.shift_of(camera, seen.sight))
    return expired + found + await better_views.decide(camera, at, frame.id)


def _look(
    tracks: Iterable[SpotTrack], seen: Mapping[str, SpotObservation], at: datetime, camera: Camera
) -> list[SpotTrack]:
    """Spots added or renamed since the engine looked have no opinion and stay as they are."""
    return [debounce(track, seen[track.spot], at, camera.debounce) if track.spot in seen else track for track in tracks]


async def _save_tracks(camera: Camera, before: Sequence[SpotTrack], after: Sequence[SpotTrack]) -> None:
    moved = [new for old, new in zip(before, after, strict=True) if new != old]
    await spot_rows.save_tracks(camera.id, moved)
