"""A lot whose places people corrected, judged and joined, as its pages show it."""

from datetime import datetime, timedelta

from builders import a_head, a_new_label, a_new_spot, save_camera, save_frame, save_lot
from pictures import jpeg

from parkhub.clients import Clients
from parkhub.db import labelled_sets as set_rows
from parkhub.db import spot_heads
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.lots import Lot
from parkhub.domain.spot_heads import HeadTrial
from parkhub.domain.spots import BayPlan, BayShape, NewSpot, SpotObservation, SpotState
from parkhub.services import labelled_sets
from parkhub.services.better_views import join
from parkhub.services.corrections import correct_spot
from parkhub.services.labels import finish_crop, import_label
from parkhub.services.looks import Seen, save_look

CROP = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7))


def _row(prefix: str, count: int, left: float, top: float, high: float) -> list[NewSpot]:
    """Bays side by side on the picture, and on the plan from ``left`` on."""
    return [
        a_new_spot(
            f"{prefix}{at + 1}",
            polygon=tuple((0.06 + 0.11 * at + x, top + y * high) for x, y in ((0.02, 0), (0.1, 0), (0.09, 1), (0, 1))),
            plan=BayPlan(BayShape.MOUTH_UP, left + 22 * at, 20, 22, 46),
        )
        for at in range(count)
    ]


async def _look(clients: Clients, camera: Camera, spots: list[NewSpot], now: datetime) -> int:
    frame = await save_frame(camera, captured_at=now, received_at=now)
    await clients.pictures.put(frame.picture_key, jpeg(size=(640, 400)))
    said = [SpotState.OCCUPIED, SpotState.FREE, SpotState.FREE]
    seen = [SpotObservation(spot.name, said[at % 3], 0.97 - 0.04 * at) for at, spot in enumerate(spots[:-1])]
    await save_look(clients, frame.id, Seen(seen, 21))
    return frame.id


async def shown(clients: Clients, now: datetime) -> dict[str, str]:
    """Addresses by name of what staff see of it."""
    lot = await save_lot(slug="terrace", name="Terrace", address="Terrace Road 4")
    marked = [_row("T", 8, 10, 0.5, 0.4), _row("E", 4, 100, 0.2, 0.1)]
    names = ("South mast of the terrace", "East wall")
    south, east = [
        await save_camera(lot, spots, name=name, stale_after_s=86_400)
        for spots, name in zip(marked, names, strict=True)
    ]
    await join(clients, None, lot.id, "T5", "E1", now)
    for camera, spots in ((east, marked[1]), (south, marked[0])):
        frame_id = await _look(clients, camera, spots, now)
    await correct_spot(clients, None, lot.id, "T3", True, now, frame_id)
    await _labels(clients, lot, now)
    await labelled_sets.save_picture(clients, None, south, now)
    for label in await set_rows.list_set(lot.id, None, None, None, 99):
        await finish_crop(clients, label, jpeg(size=(120, 120)), CROP)
    base = "/console/lots/terrace"
    return {
        "states": f"{base}/states",
        "states-second": f"{base}/states?camera={east.public_id}",
        "states-empty": "/console/lots/meadow/states",
        "views": f"{base}/views",
        "accuracy": f"{base}/accuracy",
        "accuracy-empty": "/console/lots/meadow/accuracy",
        "labels": f"{base}/labels?show=proposed",
        "labels-judged": f"{base}/labels?show=occupied",
        "labels-empty": "/console/lots/meadow/labels",
    }


async def _labels(clients: Clients, lot: Lot, now: datetime) -> None:
    for at in range(28):
        occupied = at % 2 == 0
        said = SpotState.OCCUPIED if occupied != (at % 9 == 0) else SpotState.FREE
        taken = now - timedelta(hours=at)
        new = a_new_label(lot.id, name=f"T{at % 8 + 1}", occupied=occupied, said=said, at=taken, created_at=now)
        await import_label(clients, new, jpeg(size=(120, 120)), CROP)
    async with transaction():
        for after, sha256 in ((0.962, "a"), (0.958, "b")):
            trial = HeadTrial(28, 28, 0.957, after)
            made = await spot_heads.add_version(lot.id, a_head(), trial, sha256, now - timedelta(hours=1))
        await spot_heads.set_active(lot.id, made.version - 1)
