"""Places that two cameras see: a person says which spots are one place, and takes it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import better_views as view_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.better_views import suggest
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.domain.spots import Spot, SpotTrack, expire
from parkhub.errors import ParkHubError
from parkhub.services import better_views
from parkhub.web.api_answers import find_lot
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

SUGGESTED_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class SharedPlace:
    """A place that several cameras see: the spot that stands for it, and each view with its camera's name."""

    spot: Spot
    track: SpotTrack
    views: Sequence[tuple[Spot, str, SpotTrack, bool]]

    @property
    def others(self) -> list[Spot]:
        """The spots that are counted with it."""
        return [spot for spot, *_ in self.views if spot.id != self.spot.id]


async def _show(request: AnyRequest, lot: Lot, error: str = "", status_code: int = 200) -> Template:
    now = datetime.now(UTC)
    cameras = {camera.id: camera for camera in await camera_rows.list_cameras(lot.id)}
    spots = {spot.id: spot for spot in await spot_rows.list_spots(lot.id)}
    places = await view_rows.list_places(lot.id)
    shared = []
    for place in places:
        views = [
            (spots[key], cameras[at].name, expire(track, now, cameras[at].stale_after_s), at == place.decider_id)
            for key, track in place.views.items()
            if (at := place.cameras[key]) in cameras and key in spots
        ]
        decider = cameras.get(place.decider_id or spots[place.spot_id].camera_id)
        track = expire(place.track, now, decider.stale_after_s) if decider else place.track
        shared.append(SharedPlace(spots[place.spot_id], track, views))
    twins = suggest(list(spots.values()), [frozenset(place.views) for place in places])
    return page(
        request,
        "better_views/index.html",
        status_code=status_code,
        lot=lot,
        shared=shared,
        twins=twins[:SUGGESTED_MAX],
        more=max(0, len(twins) - SUGGESTED_MAX),
        cameras={key: camera.name for key, camera in cameras.items()},
        spots=_by_camera(spots.values(), {key: camera.name for key, camera in cameras.items()}),
        joined=_confirmed(request, shared),
        parted=request.query_params.get("parted") == "1",
        taken=request.query_params.get("taken", ""),
        error=error,
    )


def _by_camera(spots: Any, names: Mapping[int, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for spot in spots:
        found.setdefault(names.get(spot.camera_id, ""), []).append(spot.name)
    return found


def _confirmed(request: AnyRequest, shared: Sequence[SharedPlace]) -> tuple[str, str] | None:
    """What the address says was joined just now, if it is so."""
    name, also = (request.query_params.get(key, "") for key in ("joined", "also"))
    known = {each.spot.name: {spot.name for spot in each.others} for each in shared}
    return (name, also) if also in known.get(name, ()) else None


@get("/console/lots/{slug:str}/views")
async def show(request: AnyRequest, slug: FromPath[str]) -> Template:
    """Places that several cameras see, and spots that may be one place."""
    return await _show(request, await find_lot(slug))


@post("/console/lots/{slug:str}/views/join")
async def join(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[Any] | Template:
    """Say that two spots are one place; the first stands for both."""
    lot, form = await find_lot(slug), await request.form()
    one, two = (str(form.get(key, "")) for key in ("spot", "also"))
    try:
        name, also = await better_views.join(clients, request.user.id, lot.id, one, two, datetime.now(UTC))
    except ParkHubError as error:
        return await _show(request, lot, str(error), error.status)
    return _back(slug, joined=name, also=also)


@post("/console/lots/{slug:str}/views/join-all")
async def join_all(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[Any]:
    """Take every suggestion that can be taken; each may be taken back."""
    lot = await find_lot(slug)
    spots = await spot_rows.list_spots(lot.id)
    groups = [frozenset(place.views) for place in await view_rows.list_places(lot.id)]
    taken, refused = 0, 0
    for twins in suggest(spots, groups):
        try:
            await better_views.join(
                clients, request.user.id, lot.id, twins.spot.name, twins.other.name, datetime.now(UTC)
            )
            taken += 1
        except ParkHubError:  # the same spot was suggested twice, or can be booked: it stays in the list
            refused += 1
    return _back(slug, taken=f"{taken}-{refused}")


@post("/console/lots/{slug:str}/views/part")
async def part(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[Any] | Template:
    """Say that a spot is a place by itself again."""
    lot, form = await find_lot(slug), await request.form()
    try:
        await better_views.part(clients, request.user.id, lot.id, str(form.get("spot", "")), datetime.now(UTC))
    except ParkHubError as error:
        return await _show(request, lot, str(error), error.status)
    return _back(slug, parted=1)


def _back(slug: str, **said: Any) -> Redirect:
    return Redirect(f"/console/lots/{slug}/views?{urlencode(said)}", status_code=303)


routes = [
    Router("/", route_handlers=[show, join, join_all, part], guards=[needs(Right.SET_UP)], include_in_schema=False),
]
