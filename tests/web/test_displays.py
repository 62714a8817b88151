"""Guidance displays: what a monitor shows, and where its address is made."""

import html
import json
import re
from datetime import UTC, datetime

import pytest
from builders import a_new_spot, a_track, save_camera, save_lot
from visitors import Visitor

from parkhub.db import spots
from parkhub.domain.spots import SpotKind, SpotState

FREE, TAKEN, UNSEEN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN


async def _decks() -> None:
    """Deck A has two of three places free, deck B none of one, nobody sees deck C."""
    camera = await save_camera(
        await save_lot(slug="harbour", name="Harbour"),
        [
            *(
                a_new_spot(f"A{at}", zone="Deck A", kind=SpotKind.DISABLED if at == 1 else SpotKind.EV)
                for at in (1, 2, 3)
            ),
            a_new_spot("B1", zone="Deck B"),
            a_new_spot("C1", zone="Deck C"),
        ],
        stale_after_s=86_400,
    )
    now = datetime.now(UTC)
    states = {"A1": FREE, "A2": FREE, "A3": TAKEN, "B1": TAKEN, "C1": UNSEEN}
    await spots.save_tracks(camera.id, [a_track(name, state, seen_at=now, since=now) for name, state in states.items()])


async def test_a_monitor_shows_its_own_part_large_and_the_others_beside_it(visitor: Visitor) -> None:
    await _decks()
    text = (await visitor.get("/display/harbour/Deck A")).text
    assert re.search(r"<b data-here>2</b>", text)
    assert "places free" in text
    assert dict(re.findall(r'data-part="(Deck .)"[^>]*>.*?<b>(.*?)</b>', text)) == {"Deck B": "full", "Deck C": "?"}
    assert 'data-part="Deck B" data-state="full"' in text
    assert 'Disabled: <b data-kind="disabled">1</b>' in text
    told = re.search(r'data-places="(.*?)"', text)
    assert told is not None
    assert [place["n"] for place in json.loads(html.unescape(told[1]))] == ["A1", "A2", "A3", "B1", "C1"]


async def test_without_a_part_the_whole_lot_is_shown(visitor: Visitor) -> None:
    await _decks()
    text = (await visitor.get("/display/harbour")).text
    assert "<b data-here>2</b>" in text
    assert text.count("data-part=") == 3


async def test_a_lot_that_nobody_sees_has_no_number(visitor: Visitor) -> None:
    await save_camera(await save_lot(slug="harbour"), 2)
    text = (await visitor.get("/display/harbour")).text
    assert "<b data-here>?</b>" in text
    assert 'class="alone"' in text


@pytest.mark.parametrize("path", ["/display/none", "/display/harbour/Deck Z"])
async def test_what_is_not_there_is_not_found(visitor: Visitor, path: str) -> None:
    await save_lot(slug="harbour")
    assert (await visitor.get(path)).status_code == 404


@pytest.mark.parametrize(
    "where", ["x=a&y=2&facing=0", "x=-1&y=2&facing=0", "x=1e999&y=2&facing=0", "x=nan&y=1&facing=0"]
)
async def test_a_place_that_is_none_is_left_out(visitor: Visitor, where: str) -> None:
    await _decks()
    answer = await visitor.get(f"/display/harbour?{where}")
    assert answer.status_code == 200
    assert "data-hang" not in answer.text


async def test_staff_make_the_address_of_a_monitor(staff: Visitor) -> None:
    await _decks()
    page = "/console/lots/harbour/displays"
    assert '<option value="Deck A">' in (await staff.get(page)).text
    made = (await staff.get(page, params={"zone": "Deck A", "x": "10", "y": "20", "facing": "90"})).text
    assert "http://parkhub.test/display/harbour/Deck%20A?x=10&amp;y=20&amp;facing=90" in made
    assert 'data-hang="10,20,90"' in (await staff.get("/display/harbour/Deck%20A?x=10&y=20&facing=90")).text
