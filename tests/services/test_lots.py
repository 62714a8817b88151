"""Lots, on both databases."""

import pytest
from builders import NOW, a_track, after, new_spots, save_camera, save_frame, save_lot

from parkhub.db import cameras, spots
from parkhub.domain.spots import SpotState
from parkhub.errors import FieldsError, NotFoundError
from parkhub.services import lots
from parkhub.settings import Settings


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Harbour Street Car Park", "harbour-street-car-park"),
        ("Große Straße", "grosse-strasse"),
        ("Ørsted  Plads!", "orsted-plads"),
        ("Łódź / Fabryczna", "lodz-fabryczna"),
        ("Café №5", "cafe-no5"),
        ("駐車場", ""),
        ("x" * 90, "x" * 60),
    ],
)
def test_an_address_is_made_from_a_name(name: str, slug: str) -> None:
    assert lots.suggest_slug(name) == slug


async def test_a_lot_is_made(database: Settings) -> None:
    made = await lots.create_lot(" Harbour Street ", " 12 Harbour Street ", "Europe/London")
    assert (made.slug, made.name, made.address) == ("harbour-street", "Harbour Street", "12 Harbour Street")
    assert (await lots.lot_status("harbour-street", NOW)).lot == made


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "La\0Z", "slug": "la"}, "name"),
        ({"address": "Station\x1b[2J Road"}, "address"),
        ({"address": "x" * 161}, "address"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"slug": "two--dashes"}, "slug"),
        ({"slug": "-first"}, "slug"),
        ({"slug": "a/b"}, "slug"),
        ({"slug": "new"}, "slug"),
        ({"name": "駐車場"}, "slug"),
    ],
)
async def test_a_wrong_lot_is_not_made(database: Settings, given: dict[str, str], field: str) -> None:
    fields = {"name": "Harbour", "address": "", "time_zone": "Europe/London", "slug": "", **given}
    with pytest.raises(FieldsError) as refused:
        await lots.create_lot(**fields)
    assert list(refused.value.fields) == [field]
    assert await lots.list_statuses(NOW) == []


async def test_two_lots_do_not_share_an_address(database: Settings) -> None:
    await lots.create_lot("Harbour", "", "Europe/London")
    with pytest.raises(FieldsError, match="harbour already"):
        await lots.create_lot("Harbour", "", "Europe/London")


async def test_each_camera_has_its_own_patience(database: Settings) -> None:
    lot = await save_lot(slug="harbour")
    quick = await save_camera(lot, 2, stale_after_s=10)
    slow = await save_camera(lot, [], stale_after_s=100)
    await spots.replace_camera_spots(slow.id, new_spots(1, "B"))
    for camera, name in ((quick, "A1"), (slow, "B1")):
        await spots.save_tracks(camera.id, [a_track(name, SpotState.FREE)])
        await cameras.set_last_look(camera.id, (await save_frame(camera)).id, NOW)
    assert (await lots.lot_status("harbour", after(9))).names(SpotState.FREE) == ["A1", "B1"]
    later = await lots.lot_status("harbour", after(10))
    assert later.names(SpotState.FREE) == ["B1"]
    assert later.names(SpotState.UNKNOWN) == ["A1", "A2"]
    assert later.as_of == NOW
    assert (await lots.lot_status("harbour", after(100))).count(SpotState.UNKNOWN) == 3


async def test_a_lot_that_is_not_there_is_not_found(database: Settings) -> None:
    with pytest.raises(NotFoundError):
        await lots.lot_status("none", NOW)
