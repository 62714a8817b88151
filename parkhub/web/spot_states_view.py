"""The places of one camera as a page shows them: each with its piece of the picture and what it is shown as."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from parkhub.clients import Clients
from parkhub.db import better_views as view_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import Frame
from parkhub.domain.lots import Lot, SpotStatus
from parkhub.domain.spots import Polygon, SpotState
from parkhub.domain.trust import realign
from parkhub.errors import ConflictError
from parkhub.services import lots

CHANGED_MAX: Final = 12
"""So many changed places are sent at once: an update stays below ten kilobytes, the others follow at once."""

MARK: Final = 4
"""So many letters stand for what an open page shows of a place: one change in sixteen million is overlooked."""

ROOM: Final = 0.35
"""Of its surroundings a place is shown with, as a share of its longer side."""


@dataclass(frozen=True, slots=True)
class SpotCard:
    """One place: what it is shown as, and where it lies in the picture, in pixels of ``box`` (left, top, wide, high).

    ``counted_as``: the spot that stands for it; ``decider``: the camera whose view decides, where several see it.
    """

    known: SpotStatus
    box: tuple[float, float, float, float] | None
    points: str
    counted_as: str = ""
    decider: str = ""

    @property
    def state(self) -> SpotState:
        """As it is shown."""
        return self.known.track.state

    @property
    def mark(self) -> str:
        """Another one as soon as it has to be shown anew; how sure an engine is alone is no reason."""
        told = self.known.spot.id, self.known.track.since, self.state, self.by_hand, self.box, self.counted_as
        digest = hashlib.sha256(repr((*told, self.points, self.decider)).encode()).digest()
        return base64.urlsafe_b64encode(digest).decode()[:MARK]

    @property
    def by_hand(self) -> bool:
        """Whether a person's word stands."""
        return self.known.track.held_until is not None


async def load_places(clients: Clients, lot: Lot, public_id: str, now: datetime) -> dict[str, Any]:
    """What the page shows of one camera of a lot, the first without such a one; ``had`` says what of it is shown."""
    spots = await spot_rows.list_spots(lot.id)
    having = {spot.camera_id for spot in spots}
    cameras = [each for each in await camera_rows.list_cameras(lot.id) if each.id in having]
    camera = next((each for each in cameras if each.public_id == public_id), cameras[0] if cameras else None)
    frame = await _frame(clients, camera)
    newest = await frame_rows.list_frames(camera.id, 1) if camera else []
    stays_there = bool(newest) and not newest[0].has_picture
    cards = await _cards(lot, camera, frame, {each.id: each.name for each in cameras}, now) if camera else []
    return {
        "lot": lot,
        "cameras": cameras,
        "camera": camera,
        "frame": frame,
        "stays_there": stays_there,
        "fresh": frame is not None and camera is not None and is_fresh(camera, frame, now),
        "cards": cards,
        "now": now,
        "said": None,
        "undone": False,
        "had": _had(frame, cards, now),
        "more": False,
    }


def _had(frame: Frame | None, cards: Sequence[SpotCard], now: datetime) -> str:
    """The picture, its age in minutes ("4 min ago" must not stand still), which places, and each one's mark."""
    age = (now - frame.captured_at) // timedelta(minutes=1) if frame else 0
    places = hashlib.sha256(repr([card.known.spot.id for card in cards]).encode()).hexdigest()[:8]
    return f"{frame.id if frame else 0}.{age}.{places}." + "".join(card.mark for card in cards)


def compare(found: dict[str, Any], had: str) -> dict[str, Any] | None:
    """What of ``found`` an open page lacks that has ``had``: of many changes the first ones; None when nothing.

    Raises ConflictError when it shows other places.
    """
    if had == found["had"]:
        return None
    cards: Sequence[SpotCard] = found["cards"]
    frame, age, places, _ = found["had"].split(".")
    before, _, rest = had.partition(".")
    others, _, marks = rest.partition(".")[2].partition(".")
    if others != places or len(marks) != MARK * len(cards):
        raise ConflictError("Other places are shown by now.")
    known = [marks[at : at + MARK] for at in range(0, len(marks), MARK)]
    lacking = [at for at, card in enumerate(cards) if card.mark != known[at]]
    for at in lacking[:CHANGED_MAX]:
        known[at] = cards[at].mark
    return {
        **found,
        "changed": [cards[at] for at in lacking[:CHANGED_MAX]],
        "new_picture": frame != before,
        "had": ".".join((frame, age, places, "".join(known))),
        "more": len(lacking) > CHANGED_MAX,
        "spoken": False,
    }


async def _frame(clients: Clients, camera: Camera | None) -> Frame | None:
    """The newest picture; never a gate's."""
    if camera is None or camera.watches_gate:
        return None
    frame = await frame_rows.latest_read(camera.id)
    if frame is None or camera.misfit(frame.width, frame.height):
        return None
    return frame if clients.pictures.path(frame.picture_key).is_file() else None


def is_fresh(camera: Camera, frame: Frame, now: datetime) -> bool:
    """Whether a picture still tells how the places are now."""
    return now < frame.captured_at + timedelta(seconds=camera.stale_after_s)


async def _cards(lot: Lot, camera: Camera, frame: Frame | None, names: dict[int, str], now: datetime) -> list[SpotCard]:
    status = {known.spot.id: known for known in (await lots.lot_status(lot.slug, now)).spots}
    places = {key: place for place in await view_rows.list_places(lot.id) for key in place.views}
    mine = await spot_rows.list_camera_spots(camera.id)
    follows = frame is not None and frame.id == camera.last_frame_id and camera.trust.trouble is None
    shapes = realign([spot.shape for spot in mine], camera.shift if follows else None)
    found = []
    for spot, shape in zip(mine, shapes, strict=True):
        place = places.get(spot.id)
        stands = status.get(place.spot_id if place else spot.id)
        if stands is None:
            continue  # drawn a moment ago
        box, points = _in_picture(shape.polygon, frame) if frame else (None, "")
        found.append(
            SpotCard(
                SpotStatus(spot, stands.track),
                box,
                points,
                counted_as=stands.spot.name if stands.spot.id != spot.id else "",
                decider=names.get(place.decider_id or 0, "") if place else "",
            )
        )
    return found


def _in_picture(polygon: Polygon, frame: Frame) -> tuple[tuple[float, float, float, float], str]:
    points = [(x * frame.width, y * frame.height) for x, y in polygon]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    side = max(max(xs) - min(xs), max(ys) - min(ys)) * (1 + 2 * ROOM)
    left, top = (max(xs) + min(xs) - side) / 2, (max(ys) + min(ys) - side) / 2
    box = (round(left, 1), round(top, 1), round(side, 1), round(side, 1))
    return box, " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
