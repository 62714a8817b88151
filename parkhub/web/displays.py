"""Guidance displays: a full-screen page for a monitor that hangs in a lot, and where its address is made."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Router, get
from litestar.params import FromPath
from litestar.response import Template

from parkhub.domain.rights import Right
from parkhub.domain.spots import SpotKind, SpotState
from parkhub.errors import NotFoundError
from parkhub.services import lots
from parkhub.web.api_answers import find_lot
from parkhub.web.csrf import NO_CSRF
from parkhub.web.guards import needs
from parkhub.web.lot_view import LotView, drawn, outline_numbers
from parkhub.web.speech import VARIES, spoken
from parkhub.web.templating import AnyRequest, page

NIGHT: Final = (22, 6)
PLAN_MAX: Final = 100_000
FACINGS: Final = [
    ("0", "Up in the plan"),
    ("45", "Up and right"),
    ("90", "Right"),
    ("135", "Down and right"),
    ("180", "Down"),
    ("225", "Down and left"),
    ("270", "Left"),
    ("315", "Up and left"),
]


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


def _places(view: LotView) -> list[dict[str, Any]]:
    """All that a display must know of a place that does not change: its part, its kind, its middle on the plan."""
    found = []
    for known in view.status.spots:
        at = outline_numbers(known.spot.plan)
        place = {"n": known.spot.name, "z": known.spot.zone, "k": known.spot.kind.value, "x": at["x"], "y": at["y"]}
        found.append({**place, "s": known.track.state.value})
    return found


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
    parts = zones_of(view)
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
        places=_places(view),
        hang=hanging(request),
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
        facings=FACINGS,
        server=request.app.state.settings.public_url or str(request.base_url).rstrip("/"),
    )


routes = [Router("/", route_handlers=[show_display, show_zone, set_up], include_in_schema=False)]
