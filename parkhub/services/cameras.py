"""Cameras: adding one, its settings and its key."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog

from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db import node_keys as key_rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera, CameraRole, Engine, Gate, Inward, parse_area
from parkhub.domain.node_keys import Way
from parkhub.domain.plate_layouts import REGIONS
from parkhub.domain.signatures import hash_key
from parkhub.domain.spots import Debounce
from parkhub.domain.text import one_line, whole_number
from parkhub.errors import FieldsError, InvalidInputError, NotFoundError
from parkhub.services import audit, node_keys
from parkhub.services.lots import suggest_slug

log = structlog.get_logger(__name__)

NAME_LENGTH_MAX: Final = 60
STALE_AFTER_S: Final = 60.0
STALE_AFTER_MIN_S: Final = 5.0
STALE_AFTER_MAX_S: Final = 86400.0
WINDOW_MAX: Final = 20
READS_MIN_MAX: Final = 20
AREAS_MAX: Final = 20
SURE_PERCENT_MAX: Final = 99
KEEP_H_MAX: Final = 8760
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class GateForm:
    """What somebody says of the gate a camera watches, as written; ``excluded``: one area per line."""

    role: str = CameraRole.OVERVIEW.value
    region: str = "auto"
    inward: str = Inward.DOWN.value
    excluded: str = ""
    reads_min: int = 2


def _new_key() -> tuple[str, str]:
    """A key for a node (base64url) and what is stored of it."""
    key = secrets.token_urlsafe(_KEY_BYTES)
    return key, hash_key(key)


def _check(
    name: str, engine: str, agree: int, window: int, stale_after_s: float, gate: GateForm | None
) -> tuple[Engine, Debounce, Gate | None]:
    wrong: dict[str, str] = {}
    gate_found = None
    if gate is not None:
        try:
            gate_found = _check_gate(gate)
        except FieldsError as error:
            wrong |= error.fields
    if not name:
        wrong["name"] = "Give the camera a name."
    elif len(name) > NAME_LENGTH_MAX:
        wrong["name"] = f"Use at most {NAME_LENGTH_MAX} letters."
    elif not one_line(name):
        wrong["name"] = "Use letters, digits and signs on one line only."
    if engine not in list(Engine):
        wrong["engine"] = "Choose an engine from the list."
    if not 1 <= window <= WINDOW_MAX:
        wrong["window"] = f"Use 1 to {WINDOW_MAX} looks."
    elif not window / 2 < agree <= window:
        wrong["agree"] = f"More than half of {window} looks must agree, and at most all."
    if not STALE_AFTER_MIN_S <= stale_after_s <= STALE_AFTER_MAX_S:
        wrong["stale_after_s"] = f"Use {STALE_AFTER_MIN_S:.0f} to {STALE_AFTER_MAX_S:.0f} seconds."
    if wrong:
        raise FieldsError(wrong)
    return Engine(engine), Debounce(agree, window), gate_found


def _check_gate(form: GateForm) -> Gate:
    wrong, excluded = {}, []
    if form.role not in list(CameraRole):
        wrong["role"] = "Choose what passes it from the list."
    if form.region not in REGIONS:
        wrong["region"] = f"Choose one of {', '.join(REGIONS)}."
    if form.inward not in list(Inward):
        wrong["inward"] = "Choose a direction from the list."
    if not 1 <= form.reads_min <= READS_MIN_MAX:
        wrong["reads_min"] = f"Use 1 to {READS_MIN_MAX} pictures."
    try:
        excluded = [parse_area(line) for line in form.excluded.split("\n") if line.strip()]
    except InvalidInputError as error:
        wrong["excluded"] = str(error)
    if len(excluded) > AREAS_MAX:
        wrong["excluded"] = f"Use at most {AREAS_MAX} areas."
    if wrong:
        raise FieldsError(wrong)
    return Gate(CameraRole(form.role), form.region, Inward(form.inward), tuple(excluded), form.reads_min)


def _check_limits(sure: str, read_sure: str, keep_h: str) -> tuple[float, float, int | None]:
    wrong: dict[str, str] = {}
    shares = []
    for name, text in (("sure", sure), ("read_sure", read_sure)):
        percent = whole_number(text or "0")
        if percent is None or percent > SURE_PERCENT_MAX:
            wrong[name] = f"Use 0 to {SURE_PERCENT_MAX} percent."
        shares.append((percent or 0) / 100)
    hours = whole_number(keep_h) if keep_h.strip() else None
    if keep_h.strip() and (hours is None or not 1 <= hours <= KEEP_H_MAX):
        wrong["keep_h"] = f"Use 1 to {KEEP_H_MAX} hours, or leave it empty."
    if wrong:
        raise FieldsError(wrong)
    return shares[0], shares[1], hours


async def save_limits(
    public_id: str, sure: str, read_sure: str, keep_h: str, account_id: int | None, now: datetime
) -> Camera:
    """Say how sure its engine must be of a place and each read of a plate, in percent as typed, and how many hours its
    pictures are kept, "" for as long as all others. Raises FieldsError, NotFoundError.
    """
    limits = _check_limits(sure, read_sure, keep_h)
    async with transaction():
        before = await find_camera(public_id)
        await camera_rows.set_limits(before.id, *limits)
        camera = await find_camera(public_id)
        if _limits(camera) != _limits(before):
            await audit.note_camera(
                "camera.limits_changed", camera, account_id, now, before=_limits(before), after=_limits(camera)
            )
    log.info("camera limits saved", camera=public_id, sure=limits[0], read_sure=limits[1], keep_h=limits[2])
    return camera


def _limits(camera: Camera) -> dict[str, Any]:
    return {"sure_min": camera.sure_min, "read_sure_min": camera.gate.sure_min, "keep_h": camera.keep_h}


async def create_camera(
    lot_slug: str,
    name: str,
    engine: str = Engine.CLASSIFIER,
    agree: int = 2,
    window: int = 3,
    stale_after_s: float = STALE_AFTER_S,
    gate: GateForm | None = None,
) -> tuple[Camera, str]:
    """Add a camera to a lot; answer it with its key, which is not kept and cannot be shown again.

    Raises FieldsError.
    """
    name = name.strip()
    engine_found, debounce, gate_found = _check(name, engine, agree, window, stale_after_s, gate)
    key, key_hash = _new_key()
    public_id = f"{suggest_slug(name)[:24].strip('-') or 'camera'}-{secrets.token_hex(3)}"
    async with transaction():
        lot = await lot_rows.find_lot(lot_slug) if one_line(lot_slug) else None
        if lot is None:
            raise FieldsError({"lot": "Choose a lot from the list."})
        camera = await camera_rows.add_camera(public_id, lot.id, name, key_hash, engine_found, debounce, stale_after_s)
        if gate_found is not None:
            await camera_rows.set_gate(camera.id, gate_found)
            camera = replace(camera, gate=gate_found)
    log.info("camera added", camera=camera.public_id)
    return camera, key


async def find_camera(public_id: str) -> Camera:
    """A camera by the name its node knows. Raises NotFoundError."""
    camera = await camera_rows.find_camera(public_id)
    if camera is None:
        raise NotFoundError("There is no camera at this address.")
    return camera


async def save_settings(
    public_id: str,
    name: str,
    engine: str,
    agree: int,
    window: int,
    stale_after_s: float,
    *,
    enabled: bool,
    counts_vehicles: bool,
    gate: GateForm | None = None,
) -> Camera:
    """Change how a camera's pictures are judged; without a ``gate`` that stays. Raises FieldsError, NotFoundError."""
    name = name.strip()
    engine_found, debounce, gate_found = _check(name, engine, agree, window, stale_after_s, gate)
    async with transaction():
        camera = await find_camera(public_id)
        await camera_rows.save_camera_settings(
            camera.id, name, engine_found, debounce, stale_after_s, enabled, counts_vehicles
        )
        if gate_found is not None:
            await camera_rows.set_gate(camera.id, gate_found)
        camera = await find_camera(public_id)
    log.info("camera settings saved", camera=public_id, engine=engine_found.value, enabled=enabled)
    return camera


async def rotate_key(camera: Camera, account_id: int | None, now: datetime) -> str:
    """Give a camera a new key; the old one is refused from now on, and so is a code for it. The key is not kept.

    ``account_id``: whose wish it was, None: ParkHub's own.
    """
    key, _ = _new_key()
    async with transaction():
        await key_rows.forget_code(camera.id)
        await node_keys.replace_at_once(camera, key, Way.BY_HAND, account_id, now)
        await audit.note_camera("camera.key_changed", camera, account_id, now)  # no key, and no hash of one, is noted
    log.info("camera key rotated", camera=camera.public_id)
    return key
