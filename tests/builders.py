"""Values for tests: say what matters to the test, the rest is sensible. `save_…` puts them into the open database."""

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from parkhub.clients import Clients
from parkhub.clients.limiter import MemoryLimiter
from parkhub.clients.live import MemoryLive
from parkhub.clients.pictures import MemoryStore
from parkhub.clients.queue import MemoryQueue
from parkhub.db import accounts, cameras, frames, lots, permits, recordings, sessions, spot_heads, spot_labels, spots
from parkhub.db.engine import transaction
from parkhub.domain.accounts import Account
from parkhub.domain.cameras import Camera, Engine
from parkhub.domain.corrections import Crop, NewLabel, SpotLabel
from parkhub.domain.frames import Frame, NewFrame
from parkhub.domain.lots import Lot
from parkhub.domain.permits import Permit, PermitKind
from parkhub.domain.recordings import Recording
from parkhub.domain.rights import Role
from parkhub.domain.sessions import Ending, ParkingSession, SessionState
from parkhub.domain.spot_heads import HeadTrial, HeadVersion, SpotHead
from parkhub.domain.spots import (
    BayPlan,
    BayShape,
    Debounce,
    NewSpot,
    Spot,
    SpotKind,
    SpotObservation,
    SpotState,
    SpotTrack,
)

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
KEY = "a-key-of-a-camera"
KEY_HASH = hashlib.sha256(KEY.encode()).hexdigest()

_numbers = itertools.count(1)


def after(seconds: float) -> datetime:
    """A moment this long after `NOW`."""
    return NOW + timedelta(seconds=seconds)


def a_lot(**given: Any) -> Lot:
    """A lot that is not stored."""
    number = next(_numbers)
    usual = {
        "id": number,
        "slug": f"lot-{number}",
        "name": f"Lot {number}",
        "address": "Station Road 1",
        "time_zone": "Europe/Berlin",
        "plan_width": 400.0,
        "plan_height": 200.0,
    }
    return Lot(**{**usual, **given})


def a_camera(**given: Any) -> Camera:
    """A camera that is not stored; its key is `KEY`."""
    number = next(_numbers)
    usual: dict[str, Any] = {
        "id": number,
        "public_id": f"camera-{number}",
        "lot_id": 1,
        "name": f"Camera {number}",
        "key_hash": KEY_HASH,
        "engine": Engine.CLASSIFIER,
        "debounce": Debounce(2, 3),
        "stale_after_s": 60.0,
        "enabled": True,
    }
    return Camera(**{**usual, **given})


def a_new_spot(name: str = "A1", **given: Any) -> NewSpot:
    """A spot on its way in: a small box whose place follows from the number at the end of the name."""
    number = int("".join(letter for letter in name if letter.isdigit()) or 0)
    x, y = (number % 20) / 20, (number // 20 % 20) / 20
    usual: dict[str, Any] = {
        "name": name,
        "kind": SpotKind.STANDARD,
        "zone": "",
        "polygon": ((x, y), (x + 0.04, y), (x + 0.04, y + 0.04), (x, y + 0.04)),
        "plan": BayPlan(BayShape.MOUTH_UP, 24.0 * (number % 20), 50.0 * (number // 20), 22.0, 46.0),
    }
    return NewSpot(**{**usual, **given})


def new_spots(count: int, prefix: str = "A") -> list[NewSpot]:
    """Spots A1, A2, …"""
    return [a_new_spot(f"{prefix}{number}") for number in range(1, count + 1)]


def a_spot(name: str = "A1", **given: Any) -> Spot:
    """A spot that is not stored."""
    new = a_new_spot(name)
    usual: dict[str, Any] = {
        "id": next(_numbers),
        "lot_id": 1,
        "camera_id": 1,
        "name": name,
        "kind": new.kind,
        "zone": new.zone,
        "position": 0,
        "polygon": new.polygon,
        "plan": new.plan,
    }
    return Spot(**{**usual, **given})


def a_track(spot: str = "A1", state: SpotState = SpotState.FREE, **given: Any) -> SpotTrack:
    """A track that was seen at `NOW`."""
    return replace(SpotTrack(spot, state, 0.9, NOW, NOW, state.value[0]), **given)


def seen(state: SpotState, *names: str, confidence: float = 0.9) -> list[SpotObservation]:
    """The same opinion of each spot."""
    return [SpotObservation(name, state, confidence) for name in names]


def a_new_label(lot_id: int = 1, **given: Any) -> NewLabel:
    """A label on its way in, for A1 on a picture of its own: the engine said occupied, the person free."""
    number = next(_numbers)
    usual: dict[str, Any] = {
        "lot_id": lot_id,
        "camera_id": None,
        "spot_id": None,
        "frame_id": None,
        "account_id": None,
        "name": "A1",
        "picture_sha256": hashlib.sha256(f"label {number}".encode()).hexdigest(),
        "occupied": False,
        "at": NOW,
        "created_at": NOW,
        "polygon": ((0.1, 0.1), (0.2, 0.1), (0.2, 0.25), (0.1, 0.25)),
        "before": SpotState.OCCUPIED,
        "said": SpotState.OCCUPIED,
        "confidence": 0.8,
    }
    return NewLabel(**{**usual, **given})


def a_label(**given: Any) -> SpotLabel:
    """A label that is not stored, with its crop cut."""
    whole = {"id": next(_numbers), "crop": Crop.CUT, "crop_polygon": ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7))}
    return SpotLabel(**{**asdict(a_new_label()), **whole, **given})


def a_head() -> SpotHead:
    """A head of eight features of some model."""
    return SpotHead((0.5, -0.25, 0.125, 0.0, 1.0, -1.0, 2.0, 0.75), -0.5, 1.5, "ab" * 32)


def a_new_frame(camera_id: int = 1, sequence: int | None = None, **given: Any) -> NewFrame:
    """A verified upload."""
    number = next(_numbers) if sequence is None else sequence
    usual: dict[str, Any] = {
        "camera_id": camera_id,
        "sequence": number,
        "captured_at": NOW,
        "received_at": NOW,
        "sha256": hashlib.sha256(f"{camera_id}/{number}".encode()).hexdigest(),
        "byte_count": 1000,
        "width": 1280,
        "height": 720,
        "media_type": "image/jpeg",
        "picture_key": f"frames/{camera_id}/{number}.jpg",
    }
    return NewFrame(**{**usual, **given})


async def save_account(
    email: str | None = None, role: Role = Role.OWNER, password_hash: str = "", **given: Any
) -> Account:
    """An account in the database."""
    email = email or f"person{next(_numbers)}@example.org"
    return await accounts.add_account(email, "Kim", role, password_hash, **given)


async def save_lot(**given: Any) -> Lot:
    """A lot in the database."""
    lot = a_lot(**given)
    return await lots.add_lot(lot.slug, lot.name, lot.address, lot.time_zone, lot.plan_width, lot.plan_height)


async def save_camera(lot: Lot | None = None, spots_seen: int | Sequence[NewSpot] = 0, **given: Any) -> Camera:
    """A camera in the database with its spots (a number gives A1, A2, …); of a lot of its own if none is given."""
    lot = lot or await save_lot()
    camera = a_camera(lot_id=lot.id, **given)
    saved = await cameras.add_camera(
        camera.public_id,
        lot.id,
        camera.name,
        camera.key_hash,
        camera.engine,
        camera.debounce,
        camera.stale_after_s,
    )
    if camera.watches_gate:
        await cameras.set_gate(saved.id, camera.gate)
        saved = await cameras.get_camera(saved.id)
    wanted = new_spots(spots_seen) if isinstance(spots_seen, int) else spots_seen
    if wanted:
        await spots.replace_camera_spots(saved.id, wanted)
    return saved


async def save_frame(camera: Camera | None = None, sequence: int | None = None, **given: Any) -> Frame:
    """A stored frame in the database; of a camera of its own if none is given."""
    camera = camera or await save_camera()
    frame = await frames.add_frame(a_new_frame(camera.id, sequence, **given))
    assert frame is not None, "this sequence is there already"
    return frame


async def save_recording(account: Account | None = None, created_at: datetime = NOW) -> Recording:
    """A waiting recording in the database; of an account of its own if none is given."""
    account = account or await save_account()
    return await recordings.add_recording(
        "Monday", account.id, Engine.CLASSIFIER, f"recordings/{next(_numbers)}", created_at
    )


async def save_label(lot_id: int, **given: Any) -> SpotLabel:
    """A label in the database."""
    return await spot_labels.add_label(a_new_label(lot_id, **given))


async def save_head(
    lot_id: int,
    head: SpotHead | None = None,
    trial: HeadTrial | None = None,
    labels_sha256: str = "",
    *,
    active: bool = False,
) -> HeadVersion:
    """The next version of a lot's head in the database, fitted to labels of its own."""
    trial = trial or HeadTrial(40, 40, 0.9, 0.95)
    labels_sha256 = labels_sha256 or f"labels {next(_numbers)}"
    async with transaction():
        await spots.lock_map(lot_id)
        version = await spot_heads.add_version(lot_id, head or a_head(), trial, labels_sha256, NOW)
        if active:
            await spot_heads.set_active(lot_id, version.version)
    return replace(version, active=active)


def a_permit(lot_id: int = 1, *plates: str, **given: Any) -> Permit:
    """A permit that is not stored: Kim's, at all times of the year of `NOW`, for one car."""
    usual: dict[str, Any] = {
        "lot_ids": frozenset({lot_id}),
        "kind": PermitKind.PERMIT,
        "holder": "Kim",
        "plates": plates or ("AB123",),
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2040, 12, 31),
    }
    return Permit(**{**usual, **given})


async def save_permit(lot_id: int, *plates: str, **given: Any) -> Permit:
    """A permit in the database."""
    permit = a_permit(lot_id, *plates, **given)
    async with transaction():
        return replace(permit, id=(await permits.add_permits([permit], NOW))[0])


async def save_session(lot_id: int, plate: str = "AB123", **given: Any) -> ParkingSession:
    """An open session in the database, since `NOW`."""
    usual: dict[str, Any] = {
        "id": 0,
        "ticket": f"ticket-{next(_numbers)}",
        "lot_id": lot_id,
        "plate": plate,
        "kind": None,
        "state": SessionState.OPEN,
        "ending": Ending.NONE,
        "entered_at": NOW,
    }
    return await sessions.add_session(ParkingSession(**{**usual, **given}))


def stand_ins() -> Clients:
    """Clients that remember instead of doing: `MemoryStore`, `MemoryQueue`, `MemoryLive`, `MemoryLimiter`."""
    return Clients(MemoryStore(), MemoryQueue(), MemoryLive(), MemoryLimiter())
