"""Guidance displays: a full-screen page for a monitor that hangs in a lot, and where its address is made."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Router, get
from litestar.params import FromPath
from litestar.response import Template

from parkhub.db import drives as drive_rows
from parkhub.domain.drive_ways import Way, find_ways
from parkhub.domain.drives import Drives, door
from parkhub.domain.rights import Right
from parkhub.domain.spots import SpotKind, SpotState
from parkhub.errors import NotFoundError
from parkhub.services import lots
from parkhub.web.api_answers import find_lot
from parkhub.web.csrf import NO_CSRF
from parkhub.web.drives import FACINGS, facing_words, monitor_path
from parkhub.web.guards import needs
from parkhub.web.lot_view import LotView, drawn, outline_numbers
from parkhub.web.speech import VARIES, spoken
from parkhub.web.templating import AnyRequest, page

NIGHT: Final = (22, 6)
WAYS_KEPT: Final = 200
PLAN_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class ZoneView:
    """Free places of a part of a lot. ``name`` "": of all of it."""

    name: str
    capacity: int
    free: int
    unknown: int

    @property
    def state(self) -> str:
        """full, unknown or free."""
        if self.unknown == self.capacity:
            return "unknown"
        return "free" if self.free or self.unknown else "full"


def zones_of(view: LotView) -> list[ZoneView]:
    """The parts of a lot by name; places of no part are in none."""
    names = sorted({known.spot.zone for known in view.status.spots} - {""})
    return [_zone(view, name) for name in names]


def _zone(view: LotView, name: str) -> ZoneView:
    states = [known.track.state for known in view.status.spots if not name or known.spot.zone == name]
    return ZoneView(name, len(states), states.count(SpotState.FREE), states.count(SpotState.UNKNOWN))


def _places(view: LotView, ways: Sequence[Way | None]) -> list[dict[str, Any]]:
    """All that a display must know of a place: its part, kind and state, its middle on the plan, and by the lanes, if
    any are drawn, how far it is and whereto first.
    """
    found: list[dict[str, Any]] = []
    for known, way in zip(view.status.spots, ways, strict=True):
        at = outline_numbers(known.spot.plan)
        place = {"n": known.spot.name, "z": known.spot.zone, "k": known.spot.kind.value, "x": at["x"], "y": at["y"]}
        by_lane = {"d": way.far, "w": way.eighth} if way else {}
        found.append({**place, "s": known.track.state.value, **by_lane})
    return found


_find_ways = lru_cache(maxsize=WAYS_KEPT)(find_ways)


async def _ways(view: LotView, drives: Drives, hang: tuple[int, int, int] | None) -> Sequence[Way | None]:
    """The way from a monitor to each place; searched once for each plan, and beside what else is asked for."""
    if hang is None or not drives.lanes:
        return (None,) * view.capacity
    doors = tuple(door(known.spot.plan) for known in view.status.spots)
    return await asyncio.to_thread(_find_ways, drives, (float(hang[0]), float(hang[1])), hang[2], doors)


def hanging(request: AnyRequest) -> tuple[int, int, int] | None:
    """Where the monitor hangs, in plan units, and whereto its readers look, in degrees clockwise from the plan's up;
    None when the address does not say.
    """
    try:
        x, y, facing = (int(float(request.query_params.get(name, ""))) for name in ("x", "y", "facing"))
    except (ValueError, OverflowError):
        return None
    return (x, y, facing % 360) if 0 <= x <= PLAN_MAX and 0 <= y <= PLAN_MAX else None


async def _show(request: AnyRequest, slug: str, zone: str) -> Template:
    now, language = datetime.now(UTC), spoken(request)
    view = LotView(await lots.lot_status(slug, now), now, language)
    drives = await drive_rows.find_drives(view.lot.id)
    parts = zones_of(view)
    hang, monitor = hanging(request), drives.find_monitor(request.query_params.get("monitor", ""))
    if monitor is not None:
        hang = (round(monitor.at[0]), round(monitor.at[1]), monitor.heading)
        zone = zone or (monitor.zone if monitor.zone in {part.name for part in parts} else "")
    if zone and zone not in {part.name for part in parts}:
        raise NotFoundError("There is nothing at this address.")
    clock = now.astimezone(ZoneInfo(view.lot.time_zone))
    answer = page(
        request,
        "display/display.html",
        language=language,
        view=view,
        zone=zone,
        here=_zone(view, zone),
        others=[part for part in parts if part.name != zone],
        places=_places(view, await _ways(view, drives, hang)),
        by_lane=bool(drives.lanes),
        hang=hang,
        clock=f"{clock:%H:%M}",
        night=clock.hour >= NIGHT[0] or clock.hour < NIGHT[1],
        nights=NIGHT,
        kinds=(SpotKind.DISABLED, SpotKind.EV),
    )
    answer.headers.update({"cache-control": "no-cache", **VARIES})
    return answer


@get("/display/{slug:str}", opt=NO_CSRF)
async def show_display(request: AnyRequest, slug: FromPath[str]) -> Template:
    """A lot's display."""
    return await _show(request, slug, "")


@get("/display/{slug:str}/{zone:str}", opt=NO_CSRF)
async def show_zone(request: AnyRequest, slug: FromPath[str], zone: FromPath[str]) -> Template:
    """The display of a part of a lot."""
    return await _show(request, slug, zone)


@get("/console/lots/{slug:str}/displays", guards=[needs(Right.SET_UP)])
async def set_up(request: AnyRequest, slug: FromPath[str]) -> Template:
    """Where a display's address is made: which part it shows, and where it hangs."""
    now = datetime.now(UTC)
    view = LotView(await lots.lot_status((await find_lot(slug)).slug, now), now)
    drives = await drive_rows.find_drives(view.lot.id)
    parts = zones_of(view)
    zone = request.query_params.get("zone", "")
    zone = zone if zone in {part.name for part in parts} else ""
    return page(
        request,
        "display/set_up.html",
        view=view,
        drawn=drawn,
        zones=[("", "All of it"), *((part.name, part.name) for part in parts)],
        zone=zone,
        hang=hanging(request),
        facings=[(str(degrees), words) for degrees, words in FACINGS.items()],
        drives=drives,
        facing_words=facing_words,
        monitor_path=monitor_path,
        server=request.app.state.settings.public_url or str(request.base_url).rstrip("/"),
    )


routes = [Router("/", route_handlers=[show_display, show_zone, set_up], include_in_schema=False)]
