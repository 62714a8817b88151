"""How full a lot was and which vehicles it held, as a table for other programs."""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Response, Router, get
from litestar.params import FromPath
from litestar.response import Stream

from parkhub.db import counts as count_rows
from parkhub.domain.counts import FrameCount, LotCount
from parkhub.domain.rights import Right
from parkhub.domain.text import whole_number
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import InvalidInputError
from parkhub.web.api_answers import find_lot
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, count

DAYS: Final = 7
DAYS_MAX: Final = 400
PIECE: Final = timedelta(days=3)
NAMES: Final = {
    VehicleKind.CAR: ("car", "cars"),
    VehicleKind.MOTORCYCLE: ("motorcycle", "motorcycles"),
    VehicleKind.BUS: ("bus", "buses"),
    VehicleKind.TRUCK: ("truck", "trucks"),
}


def in_words(found: FrameCount) -> str:
    """What a picture showed: "12 cars, 1 truck; 13 of 20 places taken"; empty when nothing was counted."""
    parts = []
    if found.vehicles is not None:
        seen = [count(number, *NAMES[kind]) for kind, number in found.vehicles.items() if number]
        parts.append(", ".join(seen) or "no vehicles")
    if found.spots and found.unknown == found.spots:
        parts.append(f"none of {count(found.spots, 'place', 'places')} seen")
    elif found.spots:
        unseen = f", {found.unknown} not seen" if found.unknown else ""
        parts.append(f"{found.occupied} of {count(found.spots, 'place', 'places')} taken{unseen}")
    return "; ".join(parts)


@get("/console/lots/{slug:str}/counts.csv")
async def export(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """The last ``days`` (7) of a lot, a line for every five minutes in which a picture was read."""
    lot = await find_lot(slug)
    days = whole_number(request.query_params.get("days", str(DAYS)))
    if days is None or not 0 < days <= DAYS_MAX:
        raise InvalidInputError(f"Ask for 1 to {DAYS_MAX} days.")
    now = datetime.now(UTC)
    headers = {"content-disposition": f'attachment; filename="{lot.slug}-counts.csv"'}
    return Stream(_table(lot.id, now - timedelta(days=days), now), media_type="text/csv", headers=headers)


async def _table(lot_id: int, since: datetime, until: datetime) -> AsyncIterator[bytes]:
    """In pieces, so that a year of them holds up nobody else."""
    yield _lines([["from", "free", "taken", "not_seen", *(many for _, many in NAMES.values())]])
    while since < until:
        ends = min(since + PIECE, until)
        yield _lines(_line(each) for each in await count_rows.list_lot_counts(lot_id, since, ends))
        since = ends


def _line(each: LotCount) -> list[Any]:
    vehicles = [""] * len(NAMES) if each.vehicles is None else [each.vehicles[kind] for kind in NAMES]
    return [each.at.astimezone(UTC).isoformat(), each.free, each.occupied, each.unknown, *vehicles]


def _lines(found: Iterable[list[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(found)
    return out.getvalue().encode()


routes = [Router("/", route_handlers=[export], guards=[needs(Right.READ)], include_in_schema=False)]
