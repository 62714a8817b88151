"""Spots of several cameras that are one place: said by a person, decided by the better view at every look."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from parkhub.clients import Clients
from parkhub.db import better_views as view_rows
from parkhub.db import booking_rules as rule_rows
from parkhub.db import cameras as camera_rows
from parkhub.db import spot_tracks as track_rows
from parkhub.db import spots as spot_rows
from parkhub.db.better_views import Place
from parkhub.db.engine import transaction
from parkhub.domain.better_views import View, choose, follow, narrowest
from parkhub.domain.cameras import Camera
from parkhub.domain.spots import Spot, SpotChange, SpotState, SpotTrack, changes, expire
from parkhub.domain.trust import is_believed
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.services import audit

VIEWS_MAX = 8

log = structlog.get_logger(__name__)


async def decide(
    camera: Camera, at: datetime, frame_id: int | None = None, said_by: tuple[int | None] | None = None
) -> list[SpotChange]:
    """Decide the camera's places that others see, too, by what each knows ``at`` that time; answers what changed.

    Part of the transaction that changed what the camera knows, after it. ``said_by``: a person said so, their account.
    """
    if not await view_rows.has_shared(camera.id):
        return []
    await view_rows.lock_places(camera.lot_id)
    return await _decide(camera.lot_id, await view_rows.list_places(camera.lot_id, camera.id), at, frame_id, said_by)


async def _decide(
    lot_id: int,
    places: Sequence[Place],
    at: datetime,
    frame_id: int | None = None,
    said_by: tuple[int | None] | None = None,
) -> list[SpotChange]:
    cameras = {each.id: each for each in await camera_rows.list_cameras(lot_id)}
    spots = {spot.id: spot for spot in await spot_rows.list_spots(lot_id)}
    found: list[SpotChange] = []
    for place in places:
        decider = next((each for each, camera_id in place.cameras.items() if camera_id == place.decider_id), None)
        views = [_view(spots[each], track, cameras, at) for each, track in place.views.items() if each in spots]
        if not views:
            continue
        view = choose(views, decider, at)
        after = follow(place.track, view, at)
        if (after, view.camera_id) != (place.track, place.decider_id):
            await view_rows.save_decided(place.spot_id, after, view.camera_id)
        said = [replace(each, camera_id=view.camera_id) for each in changes([place.track], [after])]
        if said_by is not None:
            said = [replace(each, by_hand=True, account_id=said_by[0]) for each in said]
        await track_rows.insert_changes(frame_id, [((lot_id, place.spot_id), each) for each in said])
        found += said
    return found


def _view(spot: Spot, track: SpotTrack, cameras: dict[int, Camera], at: datetime) -> View:
    camera = cameras[spot.camera_id]
    return View(
        spot_id=spot.id,
        camera_id=camera.id,
        track=expire(track, at, camera.stale_after_s),
        width_px=narrowest(spot.polygon, camera.marked_on),
        trusted=camera.enabled and is_believed(camera.trust),
    )


async def join(
    clients: Clients, account_id: int | None, lot_id: int, name: str, other: str, now: datetime
) -> tuple[str, str]:
    """A person says that the spot ``other`` is one place with the spot ``name``, which stands for both from now on.

    Answers both names. Raises InvalidInputError with what is in the way, NotFoundError without such a spot.
    """
    async with transaction():
        spots = await _lock(lot_id)
        groups = {spot_id: place for place in await view_rows.list_places(lot_id) for spot_id in place.views}
        one, two = (_named(spots, given) for given in (name, other))
        members = [set(groups[each.id].views) if each.id in groups else {each.id} for each in (one, two)]
        together = members[0] | members[1]
        _check(one, two, [spots[each] for each in together if each in spots], joined=two.id in members[0])
        stands = groups[one.id].spot_id if one.id in groups else one.id
        await _check_bookable(lot_id, [spots[each] for each in sorted(together - {stands})])
        gone = groups[two.id].spot_id if two.id in groups else two.id
        await _end(spots[gone], groups.get(gone), now)
        await view_rows.add_views(stands, together)
        await _decide(lot_id, [each for each in await view_rows.list_places(lot_id) if each.spot_id == stands], now)
        await _note("spots.joined", account_id, spots[stands], two, now)
    log.info("spots.joined", lot=lot_id, place=stands, views=len(together))
    await clients.live.announce(f"lot:{lot_id}")
    return spots[stands].name, two.name


async def part(clients: Clients, account_id: int | None, lot_id: int, name: str, now: datetime) -> str:
    """Take that back: the spot is a place by itself again, and so is one that is left alone; answers its name.

    Raises NotFoundError when it is one already.
    """
    async with transaction():
        spots = await _lock(lot_id)
        spot = _named(spots, name)
        place_id = await view_rows.place_of(spot.id)
        if place_id is None:
            raise NotFoundError(f"{name} is no place with another spot, or not any more.")
        await view_rows.leave(lot_id, [spot.id])
        await _decide(lot_id, await view_rows.list_places(lot_id), now)
        await _note("spots.parted", account_id, spots[place_id], spot, now)
    log.info("spots.parted", lot=lot_id, place=place_id, spot=spot.id)
    await clients.live.announce(f"lot:{lot_id}")
    return spot.name


async def part_camera(camera: Camera, now: datetime) -> None:
    """Take all of a camera's spots out of places with others, as before it goes. Part of a transaction."""
    await spot_rows.lock_camera(camera.id)
    await view_rows.lock_places(camera.lot_id)
    await view_rows.leave(camera.lot_id, [spot.id for spot in await spot_rows.list_camera_spots(camera.id)])
    await _decide(camera.lot_id, await view_rows.list_places(camera.lot_id), now)


async def view_to_correct(spot: Spot, camera_id: int | None) -> Spot:
    """The spot whose camera's view a person's word on a spot is about: for one that stands for a place of several that
    of the camera given, else of the one that decides.
    """
    if await view_rows.place_of(spot.id) != spot.id:
        return spot
    place = next(each for each in await view_rows.list_places(spot.lot_id) if each.spot_id == spot.id)
    wanted = camera_id or place.decider_id
    seen_by = next((each for each, camera in place.cameras.items() if camera == wanted), spot.id)
    found = [each for each in await spot_rows.list_spots(spot.lot_id) if each.id == seen_by]
    return found[0] if found else spot


async def shown_state(spot: Spot) -> SpotState | None:
    """What is shown of a place of several before a person's word on one's view, which ends earlier words on others'.

    None: no other camera sees it.
    """
    place_id = await view_rows.place_of(spot.id)
    if place_id is None:
        return None
    await view_rows.release_others(place_id, spot.id)
    place = next(each for each in await view_rows.list_places(spot.lot_id) if each.spot_id == place_id)
    return place.track.state


async def _lock(lot_id: int) -> dict[int, Spot]:
    """The lot's spots by id; nobody changes them or what is known of them until the transaction ends."""
    await spot_rows.lock_map(lot_id)
    spots = {spot.id: spot for spot in await spot_rows.list_spots(lot_id)}
    for camera_id in sorted({spot.camera_id for spot in spots.values()}):
        await spot_rows.lock_camera(camera_id)
    await view_rows.lock_places(lot_id)
    return spots


def _named(spots: dict[int, Spot], name: str) -> Spot:
    found = next((spot for spot in spots.values() if spot.name == name), None)
    if found is None:
        raise NotFoundError(f"There is no spot {name[:40]} in this lot.")
    return found


def _check(one: Spot, two: Spot, together: Sequence[Spot], *, joined: bool) -> None:
    if one.id == two.id:
        raise InvalidInputError("Choose two different spots.")
    if joined:
        raise InvalidInputError(f"{one.name} and {two.name} are one place already.")
    if len({spot.camera_id for spot in together}) < len(together):
        raise InvalidInputError(f"One camera would see the place twice. {one.name} and {two.name} are two places.")
    if len(together) > VIEWS_MAX:
        raise InvalidInputError(f"At most {VIEWS_MAX} cameras can see one place.")


async def _check_bookable(lot_id: int, hidden: Sequence[Spot]) -> None:
    names = {place.spot for place in await rule_rows.list_places(lot_id)}
    booked = next((spot.name for spot in hidden if spot.name in names), None)
    if booked is not None:
        raise ConflictError(f"{booked} can be booked by its name. Let it stand for the place, or end that first.")


async def _end(spot: Spot, place: Place | None, now: datetime) -> None:
    """Of a spot that stands for nothing any more nothing is known: its history says so."""
    known = place.track if place else (await spot_rows.load_tracks(spot.camera_id))[spot.name]
    if known.state is not SpotState.UNKNOWN:
        ended = SpotChange(spot.name, known.state, SpotState.UNKNOWN, max(now, known.since or now), 0.0)
        await track_rows.insert_changes(None, [((spot.lot_id, spot.id), ended)])


async def _note(action: str, account_id: int | None, place: Spot, spot: Spot, now: datetime) -> None:
    await audit.note(
        action,
        account_id=account_id,
        lot_id=place.lot_id,
        subject=f"spot:{place.id}",
        before=None if action == "spots.joined" else {"place": place.name, "also": spot.name},
        after={"place": place.name, "also": spot.name} if action == "spots.joined" else None,
        at=now,
    )
