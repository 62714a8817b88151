"""Passages at gates: sightings are taken into account once, with the frame that gave them, and decided once."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import passages as passage_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import transaction
from parkhub.domain import gate_tracks
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import Frame
from parkhub.domain.gate_tracks import Track
from parkhub.domain.gate_watch import GateWatch
from parkhub.domain.gates import GateRead, SeenCar
from parkhub.domain.passages import PassageState
from parkhub.services import sessions

log = structlog.get_logger(__name__)

CROPS: Final = "passages"
GRACE_S: Final = 5.0  # beyond the merge window, for pictures on their way
UNTAKEN_AFTER_S: Final = 20.0
BATCH: Final = 200
ORPHAN_AFTER_S: Final = 3600


@dataclass(slots=True)
class Taken:
    """What sightings did: passages that were accepted just now or turned out to have begun earlier, and crops that
    nobody needs once it is committed.
    """

    accepted: list[int] = field(default_factory=list)
    spare_crops: list[str] = field(default_factory=list)


async def take_reads(clients: Clients, camera: Camera, frame: Frame, cars: Sequence[SeenCar]) -> Taken:
    """Take the cars of one frame into account. Part of the transaction that finishes the frame and holds the camera."""
    span = timedelta(seconds=gate_tracks.STILL_S)
    known = await passage_rows.list_tracks(
        camera.id, frame.captured_at - span, frame.captured_at + span, clock_unsure=frame.clock_unsure
    )
    watch = GateWatch(camera, known, frame.received_at, clock_unsure=frame.clock_unsure)
    crops = {}
    for number, car in enumerate(cars):
        read = _numbered(frame, number, car)
        if car.crop:
            crops[read.crop_key] = car.crop
        watch.see(read)
    watch.decide(frame.captured_at)
    return await _save(clients, known, watch.tracks, crops)


async def give(clients: Clients, passage_ids: Sequence[int], now: datetime) -> None:
    """Let accepted passages begin and end sessions, those that begin earlier now too. One that fails holds up no
    other; then the first fault is raised.

    A passage may be given again: it is taken once.
    """
    done = [await asyncio.gather(sessions.take_passage(clients, i, now), return_exceptions=True) for i in passage_ids]
    for (fault,) in done:
        if fault is not None:
            raise fault


async def close_passages(clients: Clients, now: datetime) -> list[int]:
    """Decide passages that are over although no later picture says so; answers those that were accepted.

    Those of a camera whose pictures wait to be read are left: one of them may show the same car.
    """
    accepted: list[int] = []
    quiet = now - timedelta(seconds=GRACE_S)
    undecided = await passage_rows.list_undecided()
    over = {(p.camera_id, p.clock_unsure) for p in undecided if gate_tracks.is_over(p, quiet, quiet)}
    for camera_id, unsure in sorted(over):
        if await frame_rows.count_waiting(camera_id):
            continue
        async with transaction():
            await spot_rows.load_tracks(camera_id)  # takes the lock, so it comes first
            camera = await camera_rows.get_camera(camera_id)
            passages = [p for p in await passage_rows.list_undecided(camera_id) if p.clock_unsure is unsure]
            span = timedelta(seconds=gate_tracks.STILL_S)
            tracks: dict[int, Track] = {}
            for passage in passages:
                around = await passage_rows.list_tracks(
                    camera_id, passage.first_at - span, passage.last_at + span, clock_unsure=unsure
                )
                tracks |= {track.passage.id: track for track in around}
            known = list(tracks.values())
            watch = GateWatch(camera, known, quiet, clock_unsure=unsure)
            watch.decide(quiet)
            taken = await _save(clients, known, watch.tracks, {})
        await drop_crops(clients, taken)
        accepted += taken.accepted
    if accepted:
        log.info("passages.closed", count=len(accepted))
    return accepted


async def list_untaken(now: datetime) -> list[int]:
    """Accepted passages that nobody has let begin or end a session, and those of which no session has heard that they
    began earlier: whoever was to do it was killed.
    """
    before = now - timedelta(seconds=UNTAKEN_AFTER_S)
    untaken = await passage_rows.list_without_outcome(before, BATCH)
    earlier = await passage_rows.list_unfollowed(before, BATCH)
    return sorted({passage.id for passage in [*untaken, *earlier]})


async def drop_crops(clients: Clients, taken: Taken) -> None:
    """Delete crops that lost their place to better ones, after the commit."""
    for key in taken.spare_crops:
        await clients.pictures.delete(key)


async def delete_orphans(clients: Clients) -> int:
    """Delete crops older than an hour that no row knows: a reader was killed between the file and the commit."""
    old = {key: _frame_of(key) for key in await clients.pictures.list_older(CROPS, ORPHAN_AFTER_S)}
    known = await passage_rows.list_crop_keys([frame_id for frame_id in old.values() if frame_id is not None])
    orphans = [key for key in old if key not in known]
    for key in orphans:
        await clients.pictures.delete(key)
    if orphans:
        log.info("upkeep.crop_orphans_deleted", count=len(orphans))
    return len(orphans)


async def _save(clients: Clients, known: Sequence[Track], tracks: Sequence[Track], crops: Mapping[str, bytes]) -> Taken:
    """Keep what has changed. Crops come before the rows that name them."""
    taken = Taken()
    before_by_id = {track.passage.id: track for track in known}
    after = [_trimmed(track) for track in tracks]
    read_before = {read.key: (n, read) for n, track in before_by_id.items() for read in track.reads}
    kept = {read.key for track in after for read in track.reads}
    for track in after:
        before = before_by_id.get(track.passage.id)
        if track == before:
            continue
        if before is not None and before.passage.state is PassageState.ACCEPTED:
            await passage_rows.prolong_passage(track.passage)
            if track.passage.at < before.passage.at:
                taken.accepted.append(track.passage.id)
            continue
        passage_id = await passage_rows.save_passage(track.passage)
        new = [read for read in track.reads if read_before.get(read.key) != (passage_id, read)]
        for read in new:
            if read.crop_key in crops:
                await clients.pictures.put(read.crop_key, crops[read.crop_key])
        await passage_rows.save_reads(passage_id, new)
        if track.passage.state is PassageState.ACCEPTED:
            taken.accepted.append(passage_id)
    await passage_rows.delete_reads([key for key in read_before if key not in kept])
    for passage_id in before_by_id.keys() - {track.passage.id for track in after}:
        await passage_rows.delete_passage(passage_id)
    named = {read.crop_key for track in after for read in track.reads}
    taken.spare_crops += sorted({read.crop_key for _, read in read_before.values()} - named - {""})
    return taken


def _trimmed(track: Track) -> Track:
    """With the crops only that are to be kept."""
    if track.passage.state is PassageState.REJECTED:
        return track
    kept = gate_tracks.cropped(track)
    reads = tuple(
        r if r.key in kept or not r.crop_key else replace(r, crop_key="", crop_sha256="") for r in track.reads
    )
    return replace(track, reads=reads)


def _numbered(frame: Frame, number: int, car: SeenCar) -> GateRead:
    if not car.crop:
        return GateRead(frame.id, number, frame.captured_at, car.read, car.kind)
    ending = "png" if car.crop.startswith(b"\x89PNG") else "jpg"
    key = f"{CROPS}/{frame.received_at.astimezone(UTC):%Y%m%d/%H}/{frame.id}-{number}.{ending}"
    sha256 = hashlib.sha256(car.crop).hexdigest()
    return GateRead(frame.id, number, frame.captured_at, car.read, car.kind, key, sha256)


def _frame_of(key: str) -> int | None:
    start = key.rsplit("/", 1)[-1].split("-")[0]
    return int(start) if start.isascii() and start.isdigit() else None
