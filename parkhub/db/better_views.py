"""Places that several cameras see: what each knows of one, and which of their spots stands for it.

Inside a transaction `lock_places` makes whoever decides about places of a lot take turns on PostgreSQL; it comes after
a camera's lock and the map's, and before views are read that are to be changed: a person's word on one view changes
what is known of the others. On SQLite every transaction does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from parkhub.db.engine import fetch, in_transaction, on_postgresql, run_many
from parkhub.db.spot_tracks import insert_changes, read_track, track_values
from parkhub.domain.spots import SpotTrack, changes

_LOCK: Final = 7_265_483  # any number that only this lock takes


@dataclass(frozen=True, slots=True)
class Place:
    """A place that several cameras see. ``spot_id``: the one that stands for it; ``decider_id``: the camera whose view
    did so far, None: none did. ``views``: what each knows, by the id of its spot, and ``cameras``: whose that is.
    """

    spot_id: int
    lot_id: int
    track: SpotTrack
    decider_id: int | None
    views: dict[int, SpotTrack]
    cameras: dict[int, int]


async def lock_places(lot_id: int) -> None:
    """Wait for whoever else decides about the lot's places; see the module."""
    if on_postgresql() and in_transaction():
        await fetch("SELECT pg_advisory_xact_lock({}::int, {}::int)", _LOCK, lot_id)


async def lock_views(camera_id: int) -> None:
    """The same for the lot of a camera some of whose spots are one place with another's; others need not wait."""
    if on_postgresql() and in_transaction():
        rows = await fetch(
            "SELECT spot.lot FROM spot_view JOIN spot ON spot.id = spot_view.spot WHERE spot.camera = {} LIMIT 1",
            camera_id,
        )
        for row in rows:
            await lock_places(row["lot"])


async def has_shared(camera_id: int) -> bool:
    """Whether any of a camera's spots is one place with another's."""
    return bool(
        await fetch(
            "SELECT 1 AS one FROM spot_view JOIN spot ON spot.id = spot_view.spot WHERE camera = {} LIMIT 1", camera_id
        )
    )


async def list_places(lot_id: int, camera_id: int | None = None) -> list[Place]:
    """The places of a lot that several cameras see, in the order of their spots; those of one camera if it is given."""
    views = await fetch(
        "SELECT spot_view.*, spot.name, spot.camera FROM spot_view JOIN spot ON spot.id = spot_view.spot "
        "WHERE spot.lot = {} ORDER BY spot_view.place, spot_view.spot",
        lot_id,
    )
    tracks = await fetch(
        "SELECT spot.id, spot.name, spot_track.* FROM spot LEFT JOIN spot_track ON spot_track.spot = spot.id "
        "WHERE spot.lot = {} AND spot.id IN (SELECT place FROM spot_view)",
        lot_id,
    )
    stands = {row["id"]: row for row in tracks}
    found = []
    for place_id in dict.fromkeys(row["place"] for row in views):
        mine = [row for row in views if row["place"] == place_id]
        cameras = {row["spot"]: row["camera"] for row in mine}
        if camera_id is None or camera_id in cameras.values():
            row = stands[place_id]
            known = {row["spot"]: read_track(row) for row in mine}
            found.append(Place(place_id, lot_id, read_track(row), row["camera"], known, cameras))
    return found


async def place_of(spot_id: int) -> int | None:
    """The spot that stands for the place of this one, which may be itself; None when one camera alone sees it."""
    rows = await fetch("SELECT place FROM spot_view WHERE spot = {}", spot_id)
    return rows[0]["place"] if rows else None


async def save_decided(place_id: int, track: SpotTrack, decider_id: int | None) -> None:
    """Keep what a place is, and the camera whose view decided it; None: no other sees it."""
    await run_many(
        "INSERT INTO spot_track (state, confidence, since, seen_at, recent, vehicle, held_until, spot, camera) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}) "
        "ON CONFLICT (spot) DO UPDATE SET state = excluded.state, confidence = excluded.confidence, "
        "since = excluded.since, seen_at = excluded.seen_at, recent = excluded.recent, vehicle = excluded.vehicle, "
        "held_until = excluded.held_until, camera = excluded.camera",
        [(*track_values(track), place_id, decider_id)],
    )


async def release_others(place_id: int, spot_id: int) -> None:
    """A person has spoken of a place anew, by this spot's view: earlier words on it, by other views, end."""
    await fetch("UPDATE spot_view SET held_until = {} WHERE place = {} AND spot <> {}", None, place_id, spot_id)


async def add_views(place_id: int, spot_ids: Iterable[int]) -> None:
    """Make these spots views of a place, each with what was known of it; those that are views already change place."""
    ids = sorted(spot_ids)
    await run_many(
        "INSERT INTO spot_view (spot, place, state, confidence, since, seen_at, recent, vehicle, held_until) "
        "SELECT spot.id, spot.id, coalesce(state, 'unknown'), coalesce(confidence, 0), since, seen_at, "
        "coalesce(recent, ''), vehicle, held_until FROM spot LEFT JOIN spot_track ON spot_track.spot = spot.id "
        "WHERE spot.id = {} ON CONFLICT (spot) DO NOTHING",
        [(spot_id,) for spot_id in ids],
    )
    await run_many("UPDATE spot_view SET place = {} WHERE spot = {}", [(place_id, spot_id) for spot_id in ids])
    await run_many("DELETE FROM spot_track WHERE spot = {}", [(spot_id,) for spot_id in ids if spot_id != place_id])


async def leave(lot_id: int, spot_ids: Iterable[int]) -> None:
    """Take spots out of the places they are views of; each is a place by itself again, with what its camera knows.

    So is one that is left alone. Of those that go on together the first stands for the place if the one that did left.
    What is shown otherwise by that is history. Part of a transaction, with the places locked.
    """
    leaving = frozenset(spot_ids)
    for place in await list_places(lot_id):
        going = leaving & place.views.keys()
        left = sorted(place.views.keys() - going)
        if not going:
            continue
        if len(left) == 1:
            going, left = going | {left[0]}, []
        for spot_id in sorted(going):
            await _go_alone(place, spot_id)
        if left and place.spot_id in going:
            await run_many("UPDATE spot_view SET place = {} WHERE spot = {}", [(left[0], spot_id) for spot_id in left])
            stands = replace(place.track, spot=place.views[left[0]].spot)
            await save_decided(left[0], stands, place.decider_id)
            await _note(place, left[0], SpotTrack(stands.spot), stands)


async def _go_alone(place: Place, spot_id: int) -> None:
    own = place.views[spot_id]
    await fetch("DELETE FROM spot_view WHERE spot = {}", spot_id)
    await save_decided(spot_id, own, None)
    await _note(place, spot_id, place.track if spot_id == place.spot_id else SpotTrack(own.spot), own)


async def _note(place: Place, spot_id: int, before: SpotTrack, after: SpotTrack) -> None:
    times = [at for at in (place.track.since, after.seen_at, after.since) if at is not None]
    found = changes([before], [replace(after, since=max(times))]) if times else []
    await insert_changes(None, [((place.lot_id, spot_id), each) for each in found])
