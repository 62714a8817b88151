"""A camera's spots as its editor shows them: the document it loads and saves, and the answers it watches."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import spot_asks as ask_rows
from parkhub.db import spot_versions as version_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import Frame
from parkhub.domain.spot_asks import TOLD_S
from parkhub.domain.spots import Spot
from parkhub.domain.spots_export import spots_document
from parkhub.domain.trust import realign
from parkhub.services import lots, spot_asks
from parkhub.web.watched import encode

SIZE_WITHOUT_PICTURE: Final = (1280, 720)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the editor begins with: the version it is of (0: none yet) and the spots where they lie in the picture."""

    camera: Camera
    version: int
    size: tuple[int, int]
    frame: Frame | None
    spots: Sequence[Spot]
    moved: bool

    @property
    def document(self) -> dict[str, Any]:
        """As the editor's script reads it; `parkhub.domain.spot_marks.read_marks` reads it back."""
        found = spots_document(self.size, self.spots)
        for row, spot in zip(found["spots"], self.spots, strict=True):
            row["spot"] = spot.id
        frame = None if self.frame is None else {"id": self.frame.id, "taken": self.frame.captured_at.isoformat()}
        return {"version": self.version, "frame": frame, "moved": self.moved, **found}


async def load_drawing(camera: Camera) -> Drawing:
    """A camera's spots on its newest picture that was read; a small move of the camera since is followed."""
    latest = await version_rows.latest_spot_version(camera.id)
    frame = await frame_rows.latest_read(camera.id)
    if frame is not None and camera.misfit(frame.width, frame.height):
        frame = None
    spots = await spot_rows.list_camera_spots(camera.id)
    size = camera.marked_on or SIZE_WITHOUT_PICTURE
    if frame is not None:
        size = frame.width, frame.height
    follows = frame is not None and frame.id == camera.last_frame_id and camera.trust.trouble is None
    shift = camera.shift if follows else None
    if shift is not None:
        shapes = realign([spot.shape for spot in spots], shift)
        spots = [_at(spot, shape.polygon) for spot, shape in zip(spots, shapes, strict=True)]
    number = latest.number if latest is not None else 0
    return Drawing(camera, number, size, frame, spots, moved=shift is not None)


def _at(spot: Spot, polygon: Sequence[tuple[float, float]]) -> Spot:
    inside = tuple((min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in polygon)
    return Spot(spot.id, spot.lot_id, spot.camera_id, spot.name, spot.kind, spot.zone, spot.position, inside, spot.plan)


@dataclass(frozen=True)
class Answers:
    """What is known of a camera's spots by id of their row: state and how sure the engine is, 0..100.

    ``asks``: questions of editors that were answered lately.
    """

    lot_id: int
    version: int
    frame_id: int | None
    states: Mapping[int, tuple[str, int]]
    asks: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnswersSource:
    """The engine's answers for one camera's spots, as they come."""

    camera_id: int

    @property
    def key(self) -> Hashable:
        """See `parkhub.web.watched.Source`."""
        return "spots", self.camera_id

    async def read(self) -> Answers:
        """See `parkhub.web.watched.Source`."""
        camera = await camera_rows.get_camera(self.camera_id)
        now = datetime.now(UTC)
        latest = await version_rows.latest_spot_version(camera.id)
        states = {
            known.spot.id: (known.track.state.value, round(100 * known.track.confidence))
            for known in await lots.camera_spots(camera, now)
        }
        asks = await ask_rows.list_answered(camera.id, now - timedelta(seconds=TOLD_S))
        return Answers(camera.lot_id, latest.number if latest else 0, camera.last_frame_id, states, tuple(asks))

    def topics(self, view: Answers) -> frozenset[str]:
        """See `parkhub.web.watched.Source`."""
        return frozenset({f"lot:{view.lot_id}", spot_asks.topic(self.camera_id)})

    def tell(self, view: Answers, before: Answers | None) -> bytes | None:
        """See `parkhub.web.watched.Source`."""
        if view == before:
            return None
        old = before.states if before is not None else {}
        changed = {str(key): value for key, value in view.states.items() if old.get(key) != value}
        told = {"version": view.version, "frame": view.frame_id, "spots": changed, "asks": view.asks}
        return encode("answers", told)

    def due_s(self, view: Answers) -> None:
        """See `parkhub.web.watched.Source`."""
