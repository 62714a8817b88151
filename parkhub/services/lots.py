"""Lots: making one, and what is known of each at an instant."""

import re
import unicodedata
import zoneinfo
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db import sessions as session_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.lots import ADDRESS_LENGTH_MAX, DETAILS, Lot, LotStatus, SpotStatus, change_details, name_fault
from parkhub.domain.spots import expire
from parkhub.domain.text import one_line
from parkhub.errors import ConflictError, FieldsError, NotFoundError
from parkhub.services import audit

SLUG_LENGTH_MAX: Final = 60
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# Words that already mean something in addresses below /lots.
_TAKEN: Final = frozenset({"new", "events", "status"})
# Letters that do not come apart into a plain one and an accent.
_LETTERS: Final = str.maketrans({"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"})


def suggest_slug(name: str) -> str:
    """A lot's name as it may stand in an address: "Harbour Street Car Park" is harbour-street-car-park."""
    plain = unicodedata.normalize("NFKD", name).lower().translate(_LETTERS)
    words = re.findall(r"[a-z0-9]+", "".join(letter for letter in plain if not unicodedata.combining(letter)))
    return "-".join(words)[:SLUG_LENGTH_MAX].strip("-")


async def add_lot(given: Mapping[str, str], account_id: int | None, now: datetime) -> Lot:
    """Make a lot from a form: name, address, time_zone and slug as `create_lot` takes them, and any of `DETAILS`.

    Raises FieldsError with a sentence for each that is wrong.
    """
    name, address, zone = (given.get(each, "").strip() for each in ("name", "address", "time_zone"))
    slug = given.get("slug", "").strip().lower() or suggest_slug(name)
    wrong = _check(name, address, zone, slug)
    details = {each: given[each] for each in DETAILS if each in given}
    try:
        change_details(Lot(0, slug, name, address, zone, 1, 1), details, now)
    except FieldsError as error:
        wrong = {**error.fields, **wrong}
    if wrong:
        raise FieldsError(wrong)
    async with transaction():
        lot = await create_lot(name, address, zone, slug)
        lot = change_details(lot, details, now)
        await lot_rows.save_details(lot)
        await audit.note(
            "lot.added",
            account_id=account_id,
            lot_id=lot.id,
            subject=f"lot:{lot.id}",
            before=None,
            after={"slug": lot.slug, "name": lot.name},
            at=now,
        )
    return lot


async def create_lot(
    name: str, address: str, time_zone: str, slug: str = "", plan_width: float = 400, plan_height: float = 300
) -> Lot:
    """Make a lot; an empty slug is made from the name. Raises FieldsError."""
    name, address, slug = name.strip(), address.strip(), slug.strip().lower() or suggest_slug(name)
    wrong = _check(name, address, time_zone, slug)
    if wrong:
        raise FieldsError(wrong)
    try:
        async with transaction():
            return await lot_rows.add_lot(slug, name, address, time_zone, plan_width, plan_height)
    except ConflictError:
        raise FieldsError({"slug": f"Another lot has the address {slug} already. Choose another one."}) from None


def _check(name: str, address: str, time_zone: str, slug: str) -> dict[str, str]:
    wrong = {}
    if fault := name_fault(name):
        wrong["name"] = fault
    if len(address) > ADDRESS_LENGTH_MAX:
        wrong["address"] = f"Use at most {ADDRESS_LENGTH_MAX} letters."
    elif not one_line(address):
        wrong["address"] = "Use letters, digits and signs on one line only."
    if time_zone not in zoneinfo.available_timezones():
        wrong["time_zone"] = "Choose a time zone from the list."
    if name and (not _SLUG.fullmatch(slug) or len(slug) > SLUG_LENGTH_MAX):
        wrong["slug"] = f"Use small letters a to z, digits and single dashes, at most {SLUG_LENGTH_MAX}."
    elif slug in _TAKEN:
        wrong["slug"] = f"{slug} is used by ParkHub itself. Choose another one."
    return wrong


async def set_details(lot_id: int, given: Mapping[str, str], account_id: int | None, now: datetime) -> Lot:
    """Change a lot's name, where it is and when it is open, as a person writes it; noted in the audit log.

    Raises FieldsError with a sentence for each that is wrong, and then changes none.
    """
    async with transaction():
        await session_rows.lock_lot(lot_id)
        before = await lot_rows.get_lot(lot_id)
        after = change_details(before, given, now)
        changed = [name for name in DETAILS if getattr(before, name) != getattr(after, name)]
        if changed:
            await lot_rows.save_details(after)
            await audit.note(
                "lot.set",
                account_id=account_id,
                lot_id=lot_id,
                subject=f"lot:{lot_id}",
                before={name: getattr(before, name) for name in changed},
                after={name: getattr(after, name) for name in changed},
                at=now,
            )
    return after


async def lot_status(slug: str, now: datetime) -> LotStatus:
    """What is known of a lot's spots; those that nobody has looked at in time are unknown. Raises NotFoundError."""
    lot = await lot_rows.find_lot(slug)
    if lot is None:
        raise NotFoundError("There is no car park at this address.")
    return await _status(lot, now)


async def list_statuses(now: datetime) -> list[LotStatus]:
    """The same for every lot, by name."""
    return [await _status(lot, now) for lot in await lot_rows.list_lots()]


async def _status(lot: Lot, now: datetime) -> LotStatus:
    status = await spot_rows.load_lot_status(lot.id)
    return status.expired(now, {camera.id: camera.stale_after_s for camera in await camera_rows.list_cameras(lot.id)})


async def camera_spots(camera: Camera, now: datetime) -> list[SpotStatus]:
    """A camera's spots with what it knows of each by itself, also where another camera's view decides."""
    tracks = await spot_rows.load_tracks(camera.id)
    return [
        SpotStatus(spot, expire(tracks[spot.name], now, camera.stale_after_s))
        for spot in await spot_rows.list_camera_spots(camera.id)
        if spot.name in tracks
    ]
