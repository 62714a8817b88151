"""The demo: a lot that does not exist, with a simulated camera that uploads like any other.

The camera node is another program: only its command and its SPOTS.json are known here.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from parkhub.cli.children import ProcessSpec
from parkhub.errors import BusyError
from parkhub.settings import Settings

log = structlog.get_logger()

FOLDER = "demo"
CAMERA_NAME = "Roof"
ADDRESS = "Made up by the simulator"
TIME_ZONE = "Europe/Berlin"
RATE_PER_S = 2

_SIMULATOR: Sequence[str] = (sys.executable, "-P", "-m", "camera_node", "simulate")
_DESCRIBE_S = 60


async def prepare_demo(settings: Settings) -> None:
    """Make the demo lot, its camera and spots when there is no lot at all, and keep the camera's key in a file.

    When the demo lot is there and its key file is not, the camera gets a new key. The database must be open.
    """
    from parkhub.clients import close_clients, open_clients
    from parkhub.db.cameras import find_camera, list_cameras
    from parkhub.db.lots import list_lots
    from parkhub.domain.spots_file import parse_spots_json
    from parkhub.services.cameras import create_camera, rotate_key
    from parkhub.services.lots import create_lot
    from parkhub.services.spots import replace_spots

    known = find_key_file(settings.data_dir)
    if known is not None and await find_camera(known.stem) is not None:
        return
    spots = parse_spots_json(_describe())
    lots = await list_lots()
    if not lots:
        lot = await create_lot(
            spots.name, ADDRESS, TIME_ZONE, plan_width=spots.plan_width, plan_height=spots.plan_height
        )
        camera, key = await create_camera(lot.slug, CAMERA_NAME)
        clients = await open_clients(settings)
        try:
            await replace_spots(clients, camera.id, spots)
        finally:
            await close_clients(clients)
        log.info("demo lot made", lot=lot.slug, spots=len(spots.spots))
    else:
        demo_lots = [lot for lot in lots if lot.name == spots.name and lot.address == ADDRESS]
        cameras = [camera for lot in demo_lots for camera in await list_cameras(lot.id) if camera.name == CAMERA_NAME]
        if not cameras:
            log.info("no demo: there are other lots already")
            return
        camera = cameras[0]
        key = await rotate_key(camera)
    _write_key(settings.data_dir / FOLDER / f"{camera.public_id}.key", key)


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
