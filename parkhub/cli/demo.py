"""The demo: a lot that does not exist, with a simulated camera that uploads like any other.

The camera node is another program: only its command and its SPOTS.json are known here.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from parkhub.cli.children import ProcessSpec
from parkhub.errors import BusyError
from parkhub.settings import Settings

if TYPE_CHECKING:
    from parkhub.domain.lots import Lot
    from parkhub.domain.spots_file import SpotsFile

log = structlog.get_logger()

FOLDER = "demo"
LOT_FILE = "lot"
CAMERA_NAME = "Roof"
ADDRESS = "Made up by the simulator"
TIME_ZONE = "Europe/Berlin"
RATE_PER_S = 2
BOOKABLE = 10

_SIMULATOR: Sequence[str] = (sys.executable, "-P", "-m", "camera_node", "simulate")
_DESCRIBE_S = 60


async def prepare_demo(settings: Settings) -> None:
    """Make the demo lot when there is no lot at all, and whatever of its camera, spots and key file is missing.

    Each step looks for what the one before has left, so a start that was killed half-way is brought to its end by the
    next. The key file comes last: with it, all is there. The database must be open.
    """
    from parkhub.db.cameras import list_cameras
    from parkhub.db.spots import list_camera_spots
    from parkhub.domain.spots_file import parse_spots_json
    from parkhub.services.cameras import create_camera, rotate_key

    lot = await find_demo_lot(settings.data_dir)
    (settings.data_dir / FOLDER / LOT_FILE).unlink(missing_ok=True)
    if lot is not None:
        await _let_cars_come(settings, lot)
        return
    spots = parse_spots_json(_describe())
    lot = await _find_or_make_lot(spots)
    if lot is None:
        log.info("no demo: there are other lots already")
        return
    cameras = [camera for camera in await list_cameras(lot.id) if camera.name == CAMERA_NAME]
    if cameras:
        camera, key = cameras[0], await rotate_key(cameras[0], None, datetime.now(UTC))
    else:
        camera, key = await create_camera(lot.slug, CAMERA_NAME)
    if not await list_camera_spots(camera.id):
        await _mark_spots(settings, camera.id, spots)
    _write_key(settings.data_dir / FOLDER / f"{camera.public_id}.key", key)
    await _let_cars_come(settings, lot)
    log.info("demo lot ready", lot=lot.slug, spots=len(spots.spots))


async def find_demo_lot(data_dir: Path) -> "Lot | None":
    """The lot of the demo's camera; None while there is none, and when somebody has made it a lot of their own."""
    from parkhub.db.cameras import find_camera
    from parkhub.db.lots import get_lot

    known = find_key_file(data_dir)
    camera = await find_camera(known.stem) if known else None
    lot = await get_lot(camera.lot_id) if camera else None
    return lot if lot is not None and lot.address == ADDRESS else None


async def _let_cars_come(settings: Settings, lot: "Lot") -> None:
    """Give the demo lot prices, gates and cars, and say which of them people may pay for."""
    from random import Random
    from zoneinfo import ZoneInfo

    from parkhub.cli.demo_picture import draw
    from parkhub.clients import close_clients, open_clients
    from parkhub.db.booking_rules import count_places
    from parkhub.domain.bookings import BookingRules
    from parkhub.services.booking_rules import set_rules
    from parkhub.services.demo_traffic import Traffic

    clients, now = await open_clients(settings), datetime.now(UTC)
    try:
        traffic = Traffic(clients, lot, draw, Random())  # noqa: S311  a simulation
        await traffic.furnish(now)
        if not await count_places(lot.id):
            await set_rules(lot.id, BookingRules(cancel_fee_percent=50), BOOKABLE, [], None, now)
        guest = await traffic.guest(now)
    finally:
        await close_clients(clients)
    (settings.data_dir / FOLDER / LOT_FILE).write_text(f"{lot.id}\n", encoding="ascii")
    if guest is not None:
        came = guest.entered_at.astimezone(ZoneInfo(lot.time_zone))
        print(
            f"\n  The demo's cars come and go. Try to pay for one of them, with test payments:\n\n"
            f"      address   {settings.address}/pay/{lot.slug}\n"
            f"      plate     {guest.plate}, came in at {came:%H:%M} by the car park's clock\n"
            f"      or ticket {guest.ticket}\n",
            flush=True,
        )


def traffic_spec(data_dir: Path, environment: Mapping[str, str]) -> ProcessSpec | None:
    """The demo lot's traffic; None where there is no demo lot."""
    file = data_dir / FOLDER / LOT_FILE
    if not file.is_file():
        return None
    command = [sys.executable, "-P", "-m", "parkhub.cli.demo_traffic", file.read_text(encoding="ascii").strip()]
    return ProcessSpec("traffic", command, environment)


async def _find_or_make_lot(spots: "SpotsFile") -> "Lot | None":
    """The demo lot; None when there are lots and it is not among them."""
    from parkhub.db.lots import list_lots
    from parkhub.services.lots import create_lot

    lots = await list_lots()
    if lots:
        return next((lot for lot in lots if lot.name == spots.name and lot.address == ADDRESS), None)
    return await create_lot(spots.name, ADDRESS, TIME_ZONE, plan_width=spots.plan_width, plan_height=spots.plan_height)


async def _mark_spots(settings: Settings, camera_id: int, spots: "SpotsFile") -> None:
    from parkhub.clients import close_clients, open_clients
    from parkhub.services.spots import replace_spots

    clients = await open_clients(settings)
    try:
        await replace_spots(clients, camera_id, spots, datetime.now(UTC))
    finally:
        await close_clients(clients)


def find_key_file(data_dir: Path) -> Path | None:
    """The file with the demo camera's key, named after the camera."""
    return next(iter(sorted((data_dir / FOLDER).glob("*.key"))), None)


def simulator_spec(key_file: Path, server: str) -> ProcessSpec:
    """The simulated camera, which uploads to ``server``."""
    arguments = ["--server", server, "--camera", key_file.stem, "--key-file", str(key_file), "--rate", str(RATE_PER_S)]
    state = {"XDG_STATE_HOME": str(key_file.parent)}  # the numbers of its pictures belong to this installation
    return ProcessSpec("camera", [*_SIMULATOR, *arguments], env=state, relay=True)


def _describe() -> bytes:
    """SPOTS.json of the simulated lot. Raises BusyError."""
    found = subprocess.run(  # noqa: S603 - our own program
        [*_SIMULATOR, "--describe"], stdout=subprocess.PIPE, check=False, timeout=_DESCRIBE_S
    )
    if found.returncode != 0 or not found.stdout:
        raise BusyError("The simulated camera does not say what its lot looks like; start without the demo.")
    return found.stdout


def _write_key(file: Path, key: str) -> None:
    """Replace whatever key is there; nobody else can read it at any moment."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    for old in file.parent.glob("*.key"):
        old.unlink()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(f"{key}\n")
