"""Pictures that were labelled elsewhere become a lot's labels: what `parkhub adapt import` reads."""

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from parkhub.cli.output import Line
from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.corrections import NewLabel
from parkhub.domain.spots import Polygon, Spot, SpotObservation, SpotShape, SpotState
from parkhub.domain.spots_file import NAME_LENGTH_MAX
from parkhub.domain.text import printable
from parkhub.errors import InvalidInputError, NotFoundError, PictureError
from parkhub.services.labels import import_label
from tasks.engines import adapted
from tasks.vision.classifier import ClassifierEngine
from tasks.vision.engine import SpotEngine
from tasks.vision.labels import cut_out
from tasks.vision.picture import Picture, decode

_STATES = {"free": False, "occupied": True, False: False, True: True}


@dataclass(frozen=True, slots=True)
class LabelledSpot:
    """One labelled spot; ``polygon`` in pixels of the picture, None: the camera's spot of that name."""

    name: str
    polygon: Polygon | None
    occupied: bool


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One picture of the file; ``at`` None: nobody knows when it was taken."""

    image: str
    path: Path
    at: datetime | None
    spots: tuple[LabelledSpot, ...]


def read_file(file: Path) -> list[LabelledPicture]:
    """The pictures of a file of labels. Raises InvalidInputError that names what is wrong."""
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{file} cannot be read as JSON: {error}.") from None
    rows = document.get("frames") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise InvalidInputError(f"{file}: a list of pictures is needed.")
    return [_picture(row, f"{file.name}[{at}]", file.parent) for at, row in enumerate(rows)]


def _picture(row: Any, at: str, folder: Path) -> LabelledPicture:
    if not isinstance(row, dict) or not isinstance(row.get("image"), str) or not isinstance(row.get("spots"), list):
        raise InvalidInputError(f'{at}: an object with "image" and "spots" is needed.')
    try:
        taken = datetime.fromisoformat(row["at"]) if row.get("at") else None
    except (TypeError, ValueError):
        raise InvalidInputError(f"{at}.at: a time such as 2026-05-01T12:00:00Z is needed.") from None
    if taken is not None and taken.tzinfo is None:
        taken = taken.replace(tzinfo=UTC)
    spots = tuple(_spot(spot, f"{at}.spots[{n}]", n) for n, spot in enumerate(row["spots"]))
    return LabelledPicture(row["image"], folder / row["image"], taken, tuple(spot for spot in spots if spot))


def _spot(row: Any, at: str, number: int) -> LabelledSpot | None:
    """None: nobody knew the state."""
    if not isinstance(row, dict):
        raise InvalidInputError(f"{at}: an object is needed.")
    state = row.get("occupied", row.get("state"))
    if state is None or state == "unknown":
        return None
    if not isinstance(state, bool | str) or state not in _STATES:
        raise InvalidInputError(f'{at}: "occupied" is true or false, or "state" is free or occupied.')
    name, polygon = str(row.get("id", number + 1)).strip(), row.get("polygon")
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not printable(name):
        raise InvalidInputError(f"{at}.id: 1 to {NAME_LENGTH_MAX} visible characters are needed.")
    if polygon is None:
        return LabelledSpot(name, None, _STATES[state])
    if not isinstance(polygon, list) or len(polygon) < 3 or not all(map(_is_point, polygon)):
        raise InvalidInputError(f"{at}.polygon: at least three points [x, y] in pixels are needed.")
    return LabelledSpot(name, tuple((float(x), float(y)) for x, y in polygon), _STATES[state])


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < 1e6 for n in point)
    )


@dataclass
class Importer:
    """Keeps labelled pictures of one camera as its lot's labels."""

    clients: Clients
    engine: SpotEngine
    camera: Camera
    spots: dict[str, Spot]

    @classmethod
    async def open(cls, clients: Clients, engine: ClassifierEngine, lot_id: int, public_id: str) -> Self:
        """For a camera of a lot, judged as it is now. Raises NotFoundError."""
        camera = await camera_rows.find_camera(public_id)
        if camera is None or camera.lot_id != lot_id:
            raise NotFoundError(f"This lot has no camera {public_id}.")
        judge = engine if camera.head_id is None else await adapted(engine, camera.head_id)
        return cls(clients, judge, camera, {spot.name: spot for spot in await spot_rows.list_camera_spots(camera.id)})

    async def keep(self, picture: LabelledPicture) -> Line:
        """Keep one picture's labels; says how many there are, and how many are new. Raises ParkHubError."""
        try:
            data = await asyncio.to_thread(picture.path.read_bytes)
        except OSError as error:
            raise PictureError(f"cannot be read: {error.strerror}.") from None
        pixels = await asyncio.to_thread(decode, data)
        shapes = [self._shape(spot, pixels) for spot in picture.spots]
        seen = (await asyncio.to_thread(self.engine.look, pixels, shapes, None)).observations
        sha256, now = hashlib.sha256(data).hexdigest(), datetime.now(UTC)
        new = 0
        for spot, shape, opinion in zip(picture.spots, shapes, seen, strict=True):
            crop, polygon = await asyncio.to_thread(cut_out, pixels, shape.polygon)
            label = self._label(spot, shape, opinion, sha256, picture.at or now, now)
            new += await import_label(self.clients, label, crop, polygon)
        return {"image": picture.image, "labels": len(picture.spots), "new": new}

    def _shape(self, spot: LabelledSpot, pixels: Picture) -> SpotShape:
        if spot.polygon is not None:
            height, width = pixels.shape[:2]
            return SpotShape(spot.name, tuple((x / width, y / height) for x, y in spot.polygon))
        if spot.name not in self.spots:
            raise InvalidInputError(f"the camera has no spot {spot.name}, and there is no polygon.")
        return self.spots[spot.name].shape

    def _label(
        self, spot: LabelledSpot, shape: SpotShape, opinion: SpotObservation, sha256: str, at: datetime, now: datetime
    ) -> NewLabel:
        known = self.spots.get(spot.name)
        return NewLabel(
            lot_id=self.camera.lot_id,
            camera_id=self.camera.id,
            spot_id=known.id if known else None,
            frame_id=None,
            account_id=None,
            name=spot.name,
            picture_sha256=sha256,
            occupied=spot.occupied,
            at=at,
            created_at=now,
            polygon=shape.polygon,
            before=SpotState.UNKNOWN,
            said=opinion.state,
            confidence=opinion.confidence,
        )
