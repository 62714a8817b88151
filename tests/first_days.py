"""A car park of 396 spots and a made-up day at it, for whoever plays its operator."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from pictures import encode
from PIL import Image, ImageDraw
from workers import ROOT

from parkhub.cli.demo_picture import draw
from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.domain.local_time import day_span
from parkhub.domain.lots import Lot
from parkhub.services import simulated_day
from parkhub.services.simulated_traffic import Picture, make_day

SPOTS = 396
MASK = ROOT.parent / "shared" / "data" / "parking" / "videos" / "parking_1280x720.mask_1920x1080.png"
"""Of a real car park, where there is one beside the project; never a part of it."""

PARTS = ("Africa/", "America/", "Asia/", "Pacific/", "Atlantic/")
CARS, SEED = 30, 2211
"""A day on which cameras miss plates and misread others, so that there is something to ask."""


def mask() -> bytes:
    """The real one, or one drawn of as many places."""
    if MASK.exists():
        return MASK.read_bytes()
    picture = Image.new("L", (1920, 1080))
    pen = ImageDraw.Draw(picture)
    for number in range(SPOTS):
        x, y = 20 + number % 33 * 56, 40 + number // 33 * 84
        pen.rectangle((x, y, x + 40, y + 60), fill=255)
    return encode(picture, "PNG")


def past_midnight() -> str:
    """A clock by which it is between two and three in the night, so that yesterday is over but not long ago."""
    for name in sorted(available_timezones()):
        now = datetime.now(ZoneInfo(name))
        yesterday = day_span(now.date() - timedelta(days=1), ZoneInfo(name))
        if name.startswith(PARTS) and now.hour == 2 and yesterday.length == timedelta(days=1):
            return name
    raise AssertionError("It is always night somewhere.")


async def spend_a_day(clients: Clients, lot: Lot, midnight: datetime) -> None:
    """Let the cars of a day come, pay and go, and keep a picture of each before the cameras."""
    day = make_day(midnight, CARS, SEED, gaps=1)
    by_name = {camera.name: camera.id for camera in await camera_rows.list_cameras(lot.id)}
    world = simulated_day.World(lot.id, {gate: by_name[name] for gate, name in simulated_day.GATES.items()})
    await simulated_day.run(clients, world, day, 0, lambda _: None)
    await simulated_day.finish(clients, world, day)
    for event in day.events:
        if isinstance(event, Picture):
            frame = await frame_rows.find_frame(world.cameras[event.gate], event.sequence)
            assert frame is not None
            await clients.pictures.put(frame.picture_key, draw(event.seen.read.text, event.seen.read.box))
