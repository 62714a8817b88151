"""People correct spots: the state changes at once, and the word is kept as a label to measure and to learn from."""

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import spot_labels as label_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.corrections import HOLD_S, Crop, NewLabel, Origin, SpotLabel, state_of
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.spots import Spot, SpotChange, SpotState, SpotTrack, changes, expire, hold, release
from parkhub.domain.trust import is_believed, realign
from parkhub.errors import BusyError, NotFoundError
from parkhub.services import audit, better_views, labels

log = structlog.get_logger(__name__)


async def correct_spot(
    clients: Clients,
    account_id: int | None,
    lot_id: int,
    spot: str,
    occupied: bool,
    now: datetime,
    frame_id: int | None = None,
) -> SpotLabel:
    """Take a person's word for a spot of that name: occupied or free in the picture ``frame_id``, or now.

    The spot shows it at once and holds it (`parkhub.domain.spots.debounce`); a word on a picture so old that its look
    would not be believed any more is kept as a label only. Without ``frame_id`` the word goes with the camera's last
    picture if that is fresh. On a place that several cameras see it is about the view of that picture's camera, or of
    the one that decides. Raises NotFoundError without such a spot, or without such a picture of its camera.
    """
    found: list[SpotChange] = []
    async with transaction():
        spot = await _view(lot_id, spot, frame_id)
        camera, track = await _lock(lot_id, spot)
        marked = await _find(lot_id, spot)  # as it is now that nobody else changes it
        frame = await _frame(camera, frame_id, now)
        before = expire(track, now, camera.stale_after_s)
        label = await label_rows.add_label(
            await _label(camera, marked, frame, account_id, state=before, occupied=occupied, now=now)
        )
        if not frame_id or _fresh(camera, frame, now):
            found = await _tell(camera, track, await _doubted(marked, before, label), label, now)
        await _note("spot.corrected", account_id, label, before.state, label.state, now)
    log.info("spot.corrected", camera=camera.public_id, label=label.id, changed=bool(found))
    if found:
        await clients.live.announce(f"lot:{lot_id}")
    if label.crop is Crop.WAITING:
        try:
            await labels.ask_to_cut(clients, label.id)
        except BusyError as error:  # upkeep asks again
            log.warning("label.not_enqueued", label=label.id, error=str(error))
    return label


async def undo_correction(clients: Clients, account_id: int | None, lot_id: int, label_id: int, now: datetime) -> None:
    """Take a word back: the label goes with its crop, and if the word still stands, what was shown before shows again.

    A crop that was saved before the word stays, for people to judge. Raises NotFoundError when the lot has no such
    label, or not any more, or when it is only a crop's.
    """
    async with transaction():
        label = await label_rows.get_label(label_id)
        if label.lot_id != lot_id or label.origin is Origin.PROPOSED:
            raise NotFoundError("There is no such label, or it was taken back.")
        found = await _take_back(account_id, label, now)
        await _note("spot.correction_undone", account_id, label, label.state, label.before, now)
    log.info("spot.correction_undone", label=label_id, changed=bool(found))
    if label.origin is Origin.SAID:
        await clients.pictures.delete(labels.crop_key(label))
    if found:
        await clients.live.announce(f"lot:{lot_id}")


async def _note(
    action: str, account_id: int | None, label: SpotLabel, before: SpotState, after: SpotState, now: datetime
) -> None:
    await audit.note(
        action,
        account_id=account_id,
        lot_id=label.lot_id,
        subject=f"spot:{label.name}",
        before={"state": before.value},
        after={"state": after.value},
        at=now,
    )


async def _find(lot_id: int, name: str) -> Spot:
    spot = await spot_rows.find_spot(lot_id, name)
    if spot is None:
        raise NotFoundError(f"There is no spot {name} in this lot.")
    return spot


async def _view(lot_id: int, name: str, frame_id: int | None) -> str:
    """The spot whose view a word on a spot of that name is about: itself, unless it stands for a place of several."""
    spot = await _find(lot_id, name)
    frame = await frame_rows.get_frame(frame_id) if frame_id is not None else None
    return (await better_views.view_to_correct(spot, frame.camera_id if frame else None)).name


async def _doubted(spot: Spot, before: SpotTrack, label: SpotLabel) -> SpotTrack:
    """What was known of a spot, for `hold`: a view that agrees with the word is held, too, if the place shows other."""
    shown = await better_views.shown_state(spot)
    return before if shown in (None, label.state) else replace(before, recent="")


async def _lock(lot_id: int, name: str) -> tuple[Camera, SpotTrack]:
    """A spot's camera, whose looks and corrections wait until the transaction ends, and what is known of the spot."""
    camera_id = (await _find(lot_id, name)).camera_id
    tracks = await spot_rows.load_tracks(camera_id)  # takes the lock, so it comes first
    if name not in tracks:
        raise NotFoundError(f"There is no spot {name} in this lot.")
    return await camera_rows.get_camera(camera_id), tracks[name]


async def _frame(camera: Camera, frame_id: int | None, now: datetime) -> Frame | None:
    """The picture a word is about; a person who names none has seen what the camera saw last, if that was just now."""
    if frame_id is not None:
        frame = await frame_rows.get_frame(frame_id)
        if frame.camera_id != camera.id:
            raise NotFoundError("There is no such picture of this spot's camera.")
        return frame if frame.has_picture else None
    if camera.last_frame_id is None:
        return None
    frame = await frame_rows.get_frame(camera.last_frame_id)
    return frame if frame.has_picture and _fresh(camera, frame, now) else None


def _fresh(camera: Camera, frame: Frame | None, now: datetime) -> bool:
    return frame is not None and now < frame.captured_at + timedelta(seconds=camera.stale_after_s)


async def _label(
    camera: Camera,
    spot: Spot,
    frame: Frame | None,
    account_id: int | None,
    *,
    state: SpotTrack,
    occupied: bool,
    now: datetime,
) -> NewLabel:
    seen = None
    if frame is not None:
        opinions = await frame_rows.load_observations(frame.id)
        seen = next((each for each in opinions if each.spot == spot.name), None)
    shows = frame is not None and frame.status is not FrameStatus.FAILED and is_believed(camera.trust)
    shows = shows and not camera.watches_gate  # people and plates are in a gate's pictures: none is kept as a label
    (shape,) = realign([spot.shape], camera.shift)
    return NewLabel(
        lot_id=spot.lot_id,
        camera_id=camera.id,
        spot_id=spot.id,
        frame_id=frame.id if frame else None,
        account_id=account_id,
        name=spot.name,
        picture_sha256=frame.sha256 if frame is not None and shows else "",
        occupied=occupied,
        at=frame.captured_at if frame else now,
        created_at=now,
        polygon=shape.polygon,
        before=state.state,
        said=seen.state if seen else None,
        confidence=seen.confidence if seen else None,
    )


async def _tell(
    camera: Camera, track: SpotTrack, before: SpotTrack, label: SpotLabel, now: datetime
) -> list[SpotChange]:
    """Show a word. First what the time did to the spot since its last look, then the word: both are history."""
    after = hold(before, state_of(occupied=label.occupied), now, now + timedelta(seconds=HOLD_S))
    expired = changes([track], [before])
    await spot_rows.add_changes(camera.id, None, expired)
    return expired + await _save(camera, label, before, after, label.account_id, now)


async def _take_back(account_id: int | None, label: SpotLabel, now: datetime) -> list[SpotChange]:
    standing = None
    if label.camera_id is not None:
        tracks = await spot_rows.load_tracks(label.camera_id)
        last = await label_rows.newest_label_id(label.lot_id, label.name)
        standing = tracks.get(label.name) if last == label.id else None
    again = label.origin is Origin.CORRECTED
    if not await (label_rows.propose_again(label.id) if again else label_rows.delete_label(label.id)):
        raise NotFoundError("There is no such label, or it was taken back.")
    if standing is None or label.camera_id is None:
        return []
    camera = await camera_rows.get_camera(label.camera_id)
    confidence = label.confidence if label.said is label.before and label.confidence is not None else 0.0
    after = release(standing, label.before, confidence, now)
    return await _save(camera, label, standing, after, account_id, now)


async def _save(
    camera: Camera, label: SpotLabel, before: SpotTrack, after: SpotTrack, account_id: int | None, now: datetime
) -> list[SpotChange]:
    if after != before:
        await spot_rows.save_tracks(camera.id, [after])
    said = [replace(each, by_hand=True, account_id=account_id) for each in changes([before], [after])]
    await spot_rows.add_changes(camera.id, label.frame_id, said)
    return said + await better_views.decide(camera, now, label.frame_id, said_by=(account_id,))
