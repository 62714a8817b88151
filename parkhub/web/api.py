"""Free places for programs: the open JSON interface, version 1."""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from parkhub.domain.counts import FrameCount, VehicleTotals, add_up
from parkhub.domain.spots import SpotState
from parkhub.domain.vehicles import VehicleKind
from parkhub.services import counts, lots
from parkhub.web.csrf import NO_CSRF
from parkhub.web.lots import PACKED
from parkhub.web.templating import AnyRequest

HEADERS: Final = {
    "cache-control": "public, max-age=1",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "vary": "accept-encoding",
}


class LotItem(msgspec.Struct, frozen=True):
    """One lot in the list: how many of its places are free and how many nobody can see just now."""

    slug: str
    name: str
    capacity: int
    free: int
    unknown: int


class LotList(msgspec.Struct, frozen=True):
    """All lots by name."""

    items: list[LotItem]


class LotStates(msgspec.Struct, frozen=True):
    """A lot's spots by state, named in map order.

    ``as_of``: the last look of any camera, null before the first. ``free_indices``: places of the free spots in map
    order, counted from 0.
    """

    slug: str
    as_of: datetime | None
    capacity: int
    free: list[str]
    occupied: list[str]
    unknown: list[str]
    free_indices: list[int]


def _answer(request: AnyRequest, content: Any) -> Response[Any]:
    body = msgspec.json.encode(content)
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {**HEADERS, "etag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type="application/json")
    return Response(body, headers=headers, media_type="application/json")


@get("/api/v1/lots", opt=NO_CSRF, middleware=[PACKED], tags=["Lots"])
async def list_lots(request: AnyRequest) -> Response[LotList]:
    """All lots with their numbers."""
    found = [
        LotItem(
            status.lot.slug,
            status.lot.name,
            status.capacity,
            status.count(SpotState.FREE),
            status.count(SpotState.UNKNOWN),
        )
        for status in await lots.list_statuses(datetime.now(UTC))
    ]
    return _answer(request, LotList(found))


@get("/api/v1/lots/{slug:str}/status", opt=NO_CSRF, middleware=[PACKED], tags=["Lots"])
async def show_status(request: AnyRequest, slug: FromPath[str]) -> Response[LotStates]:
    """Which places of a lot are free, taken, or not seen just now."""
    status = await lots.lot_status(slug, datetime.now(UTC))
    return _answer(
        request,
        LotStates(
            slug=status.lot.slug,
            as_of=status.as_of,
            capacity=status.capacity,
            free=status.names(SpotState.FREE),
            occupied=status.names(SpotState.OCCUPIED),
            unknown=status.names(SpotState.UNKNOWN),
            free_indices=[at for at, known in enumerate(status.spots) if known.track.state is SpotState.FREE],
        ),
    )


class VehicleCounts(msgspec.Struct, frozen=True):
    """How many of each kind."""

    car: int
    motorcycle: int
    bus: int
    truck: int


class CameraVehicles(msgspec.Struct, frozen=True):
    """What one camera's last picture showed by itself; null where there is none of late, or nobody counts.

    ``camera`` counts the lot's cameras: what staff call them is theirs.
    """

    camera: int
    as_of: datetime | None
    free: int | None
    occupied: int | None
    unknown: int | None
    vehicles: VehicleCounts | None


class LotVehicles(msgspec.Struct, frozen=True):
    """A lot's vehicles by kind. ``spots``: the kind on each taken place, where it is known.

    ``totals`` is the sum over the cameras; a vehicle that two of them see is counted twice.
    """

    slug: str
    as_of: datetime | None
    totals: VehicleCounts | None
    cameras: list[CameraVehicles]
    spots: dict[str, str]


def _vehicles(totals: VehicleTotals | None) -> VehicleCounts | None:
    return None if totals is None else VehicleCounts(*(totals[kind] for kind in VehicleKind))


def _camera(number: int, count: FrameCount | None) -> CameraVehicles:
    if count is None:
        return CameraVehicles(number, None, None, None, None, None)
    seen = count.free, count.occupied, count.unknown
    return CameraVehicles(number, count.captured_at, *seen, _vehicles(count.vehicles))


@get("/api/v1/lots/{slug:str}/vehicles", opt=NO_CSRF, middleware=[PACKED], tags=["Lots"])
async def show_vehicles(request: AnyRequest, slug: FromPath[str]) -> Response[LotVehicles]:
    """Which vehicles a lot's cameras see, and on which places."""
    now = datetime.now(UTC)
    status = await lots.lot_status(slug, now)
    found = await counts.present_counts(status.lot.id, now)
    return _answer(
        request,
        LotVehicles(
            slug=status.lot.slug,
            as_of=max((each.count.captured_at for each in found if each.count is not None), default=None),
            totals=_vehicles(add_up(each.count for each in found)),
            cameras=[_camera(number, each.count) for number, each in enumerate(found, 1)],
            spots={known.spot.name: known.track.vehicle for known in status.spots if known.track.vehicle is not None},
        ),
    )


routes = [list_lots, show_status, show_vehicles]
