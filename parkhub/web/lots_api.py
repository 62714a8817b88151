"""Where a lot is and when it is open, for programs: everybody may read it, owners set it."""

from datetime import UTC, datetime

import msgspec
from litestar import Response, Router, get, patch
from litestar.params import FromPath, JSONBody

from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.services import lots
from parkhub.web.api import HEADERS
from parkhub.web.api_answers import find_lot
from parkhub.web.csrf import NO_CSRF
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest


class LotDetails(msgspec.Struct, frozen=True):
    """A lot. ``opening_hours`` is in OpenStreetMap's syntax, null when nobody has said; so is ``is_open`` then.

    ``changes_at``: when `is_open` becomes another, null if not within a year. The place is in degrees, WGS 84.
    """

    slug: str
    name: str
    address: str
    time_zone: str
    opening_hours: str | None
    country: str | None
    is_open: bool | None
    changes_at: datetime | None
    latitude: float | None
    longitude: float | None


class DetailsForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change of a lot; what is left out stays, an empty text clears. ``place``: ``53.54,9.98``."""

    address: str | None = None
    opening_hours: str | None = None
    country: str | None = None
    place: str | None = None


def _details(lot: Lot, now: datetime) -> LotDetails:
    latitude, longitude = lot.place or (None, None)
    times = lot.opening_times
    found = times.at(now) if times else None
    return LotDetails(
        slug=lot.slug,
        name=lot.name,
        address=lot.address,
        time_zone=lot.time_zone,
        opening_hours=lot.opening_hours or None,
        country=lot.country or None,
        is_open=found.is_open if found else None,
        changes_at=found.until.astimezone(UTC) if found and found.until else None,
        latitude=latitude,
        longitude=longitude,
    )


@get("/lots/{slug:str}", opt=NO_CSRF, tags=["Lots"])
async def show_lot_details(slug: FromPath[str]) -> Response[LotDetails]:
    """Where a lot is, when it is open, and whether it is now."""
    return Response(_details(await find_lot(slug), datetime.now(UTC)), headers=HEADERS)


@patch("/lots/{slug:str}", tags=["Lots"], guards=[needs(Right.SET_UP)])
async def set_lot_details(request: AnyRequest, slug: FromPath[str], data: JSONBody[DetailsForm]) -> LotDetails:
    """Change where a lot is and when it is open."""
    now = datetime.now(UTC)
    given = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not None}
    return _details(await lots.set_details((await find_lot(slug)).id, given, request.user.id, now), now)


routes = [Router("/api/v1", route_handlers=[show_lot_details, set_lot_details])]
