"""The public pages."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from builders import a_new_spot, a_track, new_spots, save_camera, save_frame, save_lot
from visitors import Visitor

from parkhub.db import cameras, frames, lots, spots
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import FrameStatus
from parkhub.domain.spots import BayPlan, BayShape, SpotKind, SpotState, SpotTrack

STATES = {"A1": SpotState.FREE, "A2": SpotState.OCCUPIED, "A3": SpotState.UNKNOWN, "A4": SpotState.FREE}


async def look(camera: Camera, states: dict[str, SpotState], *, ago_s: float = 0) -> None:
    """As if the camera had just seen this."""
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    await spots.save_tracks(camera.id, [a_track(name, state, seen_at=at, since=at) for name, state in states.items()])
    frame = await save_frame(camera, captured_at=at, received_at=at)
    await frames.finish_frame(frame.id, FrameStatus.READ, 10.0, [], "")
    await cameras.set_last_look(camera.id, frame.id, at)


def states_of(text: str) -> dict[str, str]:
    return dict(re.findall(r'data-spot="(\w+)" data-kind="\w+" data-state="(\w+)"', text))


async def test_without_a_lot_the_first_page_leads_to_the_sign_in(visitor: Visitor) -> None:
    text = (await visitor.get("/")).text
    assert "No car parks yet" in text
    assert 'href="/sign-in"' in text


async def test_the_only_lot_is_shown_at_once(visitor: Visitor) -> None:
    lot = await save_lot()
    answer = await visitor.get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, f"/lots/{lot.slug}")


async def test_several_lots_are_cards(visitor: Visitor) -> None:
    seen = await save_camera(await save_lot(name="Harbour <Street>"), 4)
    await save_lot(name="Old Mill")
    await look(seen, STATES)
    text = (await visitor.get("/")).text
    assert "Harbour &lt;Street&gt;" in text
    assert "<b>2</b>" in text
    assert "of 4, 1 not seen just now" in text
    assert "No places are drawn yet" in text


async def test_a_lot_shows_its_numbers_its_map_and_its_list(visitor: Visitor) -> None:
    lot = await save_lot(name="Harbour Street", slug="harbour-street")
    await look(await save_camera(lot, 4), STATES)
    answer = await visitor.get("/lots/harbour-street")
    assert answer.status_code == 200
    assert "<title>Harbour Street: 2 places free</title>" in answer.text
    assert '<b data-text="hero">2</b>' in answer.text
    assert "Plan of Harbour Street: 2 of 4 places free, 1 not seen just now" in answer.text
    assert states_of(answer.text) == {name: state.value for name, state in STATES.items()}
    assert re.search(r'data-free-names="standard"[^>]*>A1, A4<', answer.text)
    assert "1 place cannot be seen just now." in answer.text


async def test_kinds_have_their_own_numbers_and_marks(visitor: Visitor) -> None:
    moto = BayPlan(BayShape.MOTORCYCLE, 0, 0, 22, 23)
    mine = BayPlan(BayShape.OUTLINE, 50, 0, 40, 50, ((50, 0), (90, 10), (85, 50), (52, 44)))
    marked = [
        a_new_spot("A1"),
        a_new_spot("A2", kind=SpotKind.DISABLED),
        a_new_spot("A3", kind=SpotKind.EV),
        a_new_spot("M1", kind=SpotKind.MOTORCYCLE, plan=moto),
        a_new_spot("P1", plan=mine),
    ]
    camera = await save_camera(await save_lot(slug="mixed"), marked)
    await look(camera, {"A2": SpotState.FREE, "M1": SpotState.FREE, "P1": SpotState.OCCUPIED})
    text = (await visitor.get("/lots/mixed")).text
    kinds = dict(re.findall(r'<li><b data-kind-free="(\w+)">(\d+|\?)</b>', text))
    assert kinds == {"standard": "0", "disabled": "1", "ev": "?", "moto": "1"}, "no charging place is seen"
    assert {"#bay-m", "#k-disabled", "#k-ev"} <= set(re.findall(r'href="(#[\w-]+)"', text))
    assert 'points="50.0,0.0 90.0,10.0 85.0,50.0 52.0,44.0"' in text
    assert {"#mark-car", "#mark-q"} <= set(re.findall(r'href="(#[\w-]+)"', text)), "an outline has the legend's marks"


async def test_a_lot_that_nobody_sees_claims_no_number(visitor: Visitor) -> None:
    camera = await save_camera(await save_lot(slug="dark"), 4, stale_after_s=60)
    await look(camera, STATES, ago_s=400)
    text = (await visitor.get("/lots/dark")).text
    assert '<b data-text="hero">?</b>' in text
    assert "of 4, nobody can see them just now" in text
    assert set(states_of(text).values()) == {"unknown"}
    assert "Last look 6 min ago" in text


async def test_a_lot_that_nobody_sees_is_not_called_live_however_late_the_last_look_was(visitor: Visitor) -> None:
    camera = await save_camera(await save_lot(slug="dark"), 4, stale_after_s=20)
    await look(camera, STATES, ago_s=30)
    text = (await visitor.get("/lots/dark")).text
    assert re.search(r'<p class="live" data-state="stale" [^>]*>Last look \d\d:\d\d:\d\d</p>', text)
    assert 'data-state="live"' not in text


async def test_before_the_first_look_the_page_says_so(visitor: Visitor) -> None:
    await save_camera(await save_lot(slug="new"), 4)
    text = (await visitor.get("/lots/new")).text
    assert "No camera has looked yet" in text
    assert '<b data-text="hero">?</b>' in text


async def test_a_lot_without_spots_says_so(visitor: Visitor) -> None:
    await save_lot(slug="bare", name="Bare")
    text = (await visitor.get("/lots/bare")).text
    assert "No places are drawn yet" in text
    assert "live.js" not in text


async def test_the_time_is_the_lots_own(visitor: Visitor) -> None:
    camera = await save_camera(await save_lot(slug="far", time_zone="Asia/Tokyo"), 1)
    await look(camera, {"A1": SpotState.FREE})
    at = (await cameras.get_camera(camera.id)).last_captured_at
    assert at is not None
    tokyo = (at + timedelta(hours=9)).strftime("%H:%M:%S")
    assert f"Last look {tokyo}" in (await visitor.get("/lots/far")).text


async def test_without_scripts_the_page_loads_itself_again(visitor: Visitor) -> None:
    await save_camera(await save_lot(slug="plain"), 1)
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in (await visitor.get("/lots/plain")).text


async def test_public_pages_set_no_cookie_and_may_be_packed(visitor: Visitor) -> None:
    await save_camera(await save_lot(slug="packed"), 100)
    answer = await visitor.get("/lots/packed", headers={"accept-encoding": "gzip"})
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "no-cache"


async def test_static_files_are_kept_for_ever_under_their_version(visitor: Visitor) -> None:
    await save_camera(await save_lot(slug="styled"), 1)
    text = (await visitor.get("/lots/styled")).text
    found = re.findall(r'(?:href|src)="(/static/[^"]+)"', text)
    assert len(found) == 7
    for address in found:
        answer = await visitor.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        again = await visitor.get(address, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
        plain = await visitor.get(address.split("?")[0])
        assert plain.headers["cache-control"] == "public, no-cache"


async def test_programs_read_the_list_of_lots(program: Visitor) -> None:
    camera = await save_camera(await save_lot(slug="b", name="Beta"), 4)
    await save_lot(slug="a", name="Alpha")
    await look(camera, STATES)
    answer = await program.get("/api/v1/lots")
    assert answer.json() == {
        "items": [
            {"slug": "a", "name": "Alpha", "capacity": 0, "free": 0, "unknown": 0},
            {"slug": "b", "name": "Beta", "capacity": 4, "free": 2, "unknown": 1},
        ]
    }
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_programs_read_the_states_in_map_order(program: Visitor) -> None:
    lot = await save_lot(slug="b")
    camera = await save_camera(lot, list(reversed(new_spots(4))))
    await look(camera, STATES)
    answer = await program.get("/api/v1/lots/b/status")
    body = answer.json()
    at = datetime.fromisoformat(body.pop("as_of"))
    assert (datetime.now(UTC) - at).total_seconds() < 30
    assert body == {
        "slug": "b",
        "capacity": 4,
        "free": ["A4", "A1"],
        "occupied": ["A2"],
        "unknown": ["A3"],
        "free_indices": [0, 3],
    }
    same = await program.get("/api/v1/lots/b/status", headers={"if-none-match": answer.headers["etag"]})
    assert same.status_code == 304
    await spots.save_tracks(camera.id, [SpotTrack("A1")])
    assert (await program.get("/api/v1/lots/b/status")).headers["etag"] != answer.headers["etag"]


async def test_before_the_first_look_programs_are_told_null(program: Visitor) -> None:
    await save_camera(await save_lot(slug="b"), 1)
    body = (await program.get("/api/v1/lots/b/status")).json()
    assert (body["as_of"], body["unknown"], body["free_indices"]) == (None, ["A1"], [])


@pytest.mark.parametrize("size", [(400.0, 300.0), (10.0, 10.0)], ids=["plan's", "spots'"])
async def test_the_map_is_never_smaller_than_its_spots(visitor: Visitor, size: tuple[float, float]) -> None:
    lot = await save_lot(slug="sized", plan_width=size[0], plan_height=size[1])
    await save_camera(lot, [a_new_spot("A9")])  # ends at 238, 46
    await lots.set_plan_size(lot.id, *size)
    box = re.search(r'<svg viewBox="0 0 ([\d.]+) ([\d.]+)" role="img"', (await visitor.get("/lots/sized")).text)
    assert box is not None
    assert (float(box[1]), float(box[2])) == (max(size[0], 239), max(size[1], 47))


async def test_a_crowd_gets_one_page_and_soon_after_the_next_one(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parkhub.web.lots.SPACING_S", 600.0)
    lot = await save_lot()
    camera = await save_camera(lot, 4)
    await look(camera, STATES)
    crowd = await asyncio.gather(*(visitor.get(f"/lots/{lot.slug}") for _ in range(20)))
    assert len({answer.text for answer in crowd}) == 1
    assert states_of(crowd[0].text)["A1"] == "free"
    await look(camera, STATES | {"A1": SpotState.OCCUPIED})
    assert states_of((await visitor.get(f"/lots/{lot.slug}")).text)["A1"] == "free"
    monkeypatch.setattr("parkhub.web.lots.SPACING_S", 0.0)
    assert states_of((await visitor.get(f"/lots/{lot.slug}")).text)["A1"] == "occupied"


async def test_an_address_without_a_lot_is_asked_for_again_each_time(visitor: Visitor) -> None:
    assert (await visitor.get("/lots/soon")).status_code == 404
    await save_lot(slug="soon")
    assert (await visitor.get("/lots/soon")).status_code == 200
