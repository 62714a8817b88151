"""Vehicles and full places, for people and for programs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import a_new_spot, a_track, save_camera, save_frame, save_lot
from visitors import Visitor

from parkhub.db import better_views, counts, spots
from parkhub.domain.cameras import Camera
from parkhub.domain.counts import FrameCount
from parkhub.domain.spots import SpotState
from parkhub.domain.vehicles import VehicleKind
from parkhub.web.counts import in_words

CAR, MOTORCYCLE, BUS, TRUCK = VehicleKind


def vehicles(cars: int = 0, buses: int = 0, trucks: int = 0) -> dict[VehicleKind, int]:
    return {CAR: cars, MOTORCYCLE: 0, BUS: buses, TRUCK: trucks}


async def count(camera: Camera, ago_s: float = 1, **given: Any) -> FrameCount:
    """Of a picture taken so long ago."""
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    frame = await save_frame(camera, captured_at=at, received_at=at)
    usual: dict[str, Any] = {"late": False, "free": 7, "occupied": 13, "unknown": 0, "vehicles": None}
    found = FrameCount(camera.lot_id, camera.id, frame.id, at, **{**usual, **given})
    await counts.add_count(found)
    return found


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"vehicles": vehicles(12, trucks=1)}, "12 cars, 1 truck; 13 of 20 places taken"),
        ({"vehicles": vehicles()}, "no vehicles; 13 of 20 places taken"),
        ({"unknown": 2, "vehicles": None}, "13 of 22 places taken, 2 not seen"),
        ({"free": 0, "occupied": 0, "unknown": 20}, "none of 20 places seen"),
        ({"free": 0, "occupied": 1}, "1 of 1 place taken"),
        ({"free": 0, "occupied": 0, "vehicles": vehicles(1, buses=2)}, "1 car, 2 buses"),
    ],
    ids=["all", "an empty street", "not counted", "none seen", "one place", "no places"],
)
def test_a_picture_in_words(given: dict[str, Any], words: str) -> None:
    usual: dict[str, Any] = {"late": False, "free": 7, "occupied": 13, "unknown": 0, "vehicles": None}
    assert in_words(FrameCount(1, 1, 1, datetime.now(UTC), **{**usual, **given})) == words


async def test_programs_read_what_each_camera_counts_and_the_sum(program: Visitor) -> None:
    lot = await save_lot(slug="harbour")
    gate, roof = await save_camera(lot, name="Gate"), await save_camera(lot, 2, name="Roof")
    await save_camera(lot, name="Wall")
    seen = await count(gate, free=0, occupied=0, vehicles=vehicles(2, trucks=1))
    last = await count(roof, 0.5, vehicles=vehicles(12))
    at = datetime.now(UTC)
    taken = a_track("A2", SpotState.OCCUPIED, seen_at=at, vehicle=TRUCK)
    await spots.save_tracks(roof.id, [a_track("A1", seen_at=at), taken])
    answer = await program.get("/api/v1/lots/harbour/vehicles")
    found = answer.json()
    assert datetime.fromisoformat(found.pop("as_of")) == last.captured_at
    assert [datetime.fromisoformat(camera.pop("as_of")) for camera in found["cameras"][:2]] == [
        seen.captured_at,
        last.captured_at,
    ]
    assert found == {
        "slug": "harbour",
        "totals": {"car": 14, "motorcycle": 0, "bus": 0, "truck": 1},
        "cameras": [
            {
                "camera": 1,
                "free": 0,
                "occupied": 0,
                "unknown": 0,
                "vehicles": {"car": 2, "motorcycle": 0, "bus": 0, "truck": 1},
            },
            {
                "camera": 2,
                "free": 7,
                "occupied": 13,
                "unknown": 0,
                "vehicles": {"car": 12, "motorcycle": 0, "bus": 0, "truck": 0},
            },
            {"camera": 3, "as_of": None, "free": None, "occupied": None, "unknown": None, "vehicles": None},
        ],
        "spots": {"A2": "truck"},
    }


async def test_what_nobody_counts_or_what_is_old_is_null_and_never_nothing(program: Visitor) -> None:
    lot = await save_lot(slug="harbour")
    await count(await save_camera(lot, name="Gate"))
    await count(await save_camera(lot, name="Roof", stale_after_s=60), 61, vehicles=vehicles(3))
    found = (await program.get("/api/v1/lots/harbour/vehicles")).json()
    assert found["totals"] is None
    assert [(camera["occupied"], camera["vehicles"]) for camera in found["cameras"]] == [(13, None), (None, None)]


async def test_vehicles_of_no_lot_are_not_found(program: Visitor) -> None:
    assert (await program.get("/api/v1/lots/none/vehicles")).status_code == 404


async def test_a_camera_s_page_says_what_its_last_picture_showed(staff: Visitor) -> None:
    camera = await save_camera()
    address = f"/console/cameras/{camera.public_id}"
    assert "The last picture by itself" not in (await staff.get(address)).text
    await count(camera, vehicles=vehicles(12, trucks=1))
    assert "The last picture by itself: 12 cars, 1 truck; 13 of 20 places taken." in (await staff.get(address)).text


async def test_the_last_days_are_a_table(staff: Visitor) -> None:
    camera = await save_camera(await save_lot(slug="harbour"))
    for days_ago in (8, 2, 1):
        await count(camera, days_ago * 86400, vehicles=None if days_ago == 2 else vehicles(days_ago))
    answer = await staff.get("/console/lots/harbour/counts.csv")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="harbour-counts.csv"'
    head, *lines = answer.text.splitlines()
    assert head == "from,free,taken,not_seen,cars,motorcycles,buses,trucks"
    assert [line.split(",")[1:] for line in lines] == [
        ["7", "13", "0", "", "", "", ""],
        ["7", "13", "0", "1", "0", "0", "0"],
    ]
    assert len((await staff.get("/console/lots/harbour/counts.csv?days=9")).text.splitlines()) == 4


async def test_numbers_that_nobody_knows_are_empty_in_the_table(staff: Visitor) -> None:
    lot = await save_lot(slug="harbour")
    north, south = await save_camera(lot, 1), await save_camera(lot, [a_new_spot("B1")])
    for camera in (north, south):
        await count(camera, 60, vehicles=vehicles(2))
    ids = [each.id for each in await spots.list_spots(lot.id)]
    await better_views.add_views(ids[0], ids)
    _, *lines = (await staff.get("/console/lots/harbour/counts.csv")).text.splitlines()
    assert {tuple(line.split(",")[1:4]) for line in lines} == {("", "", "")}
    assert sum(int(line.split(",")[4]) for line in lines) == 4


async def test_a_long_table_has_every_five_minutes_once_and_in_their_order(staff: Visitor) -> None:
    camera = await save_camera(await save_lot(slug="harbour"))
    every_s = 5 * 3600
    for number in range(48):  # ten days
        await count(camera, number * every_s, free=number)
    _, *lines = (await staff.get("/console/lots/harbour/counts.csv?days=11")).text.splitlines()
    assert [int(line.split(",")[1]) for line in lines] == list(range(47, -1, -1))
    assert lines == sorted(lines)


@pytest.mark.parametrize(("address", "status"), [("none/counts.csv", 404), ("harbour/counts.csv?days=x", 422)])
async def test_a_table_of_nothing_is_refused(staff: Visitor, address: str, status: int) -> None:
    await save_lot(slug="harbour")
    assert (await staff.get(f"/console/lots/{address}")).status_code == status


async def test_strangers_get_no_table(visitor: Visitor) -> None:
    await save_lot(slug="harbour")
    assert (await visitor.get("/console/lots/harbour/counts.csv")).status_code in (302, 303, 401)
