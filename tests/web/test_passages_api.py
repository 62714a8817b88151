"""Cars that went by gates for programs, with what proves it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import save_camera
from litestar import Litestar
from visitors import Desk, Visitor, token_of

from parkhub.db import passages as passage_rows
from parkhub.domain.gates import GateRead
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.plates import Candidate, PlateRead, Reading

CROP = "passages/20261121/09/7-0.jpg"
BOX = (0.1, 0.2, 0.3, 0.1)
CORNERS = ((0.1, 0.2), (0.4, 0.2), (0.4, 0.3), (0.1, 0.3))


async def save_seen(camera: Any, minutes: float = 0, **more: Any) -> int:
    """Half an hour ago, and so many minutes after that."""
    at = datetime.now(UTC) - timedelta(minutes=30 - minutes)
    passage = GatePassage(
        0,
        camera.lot_id,
        camera.id,
        Direction.EXIT,
        "AB1234",
        0.9,
        (Candidate("AB1234", 0.9), Candidate("A81234", 0.05)),
        None,
        at,
        at,
        3,
        state=PassageState.ACCEPTED,
        why="three pictures agree",
        decided_at=at,
        **more,
    )
    passage_id = await passage_rows.save_passage(passage)
    reading = Reading(tuple(((letter, 0.9),) for letter in "ab-1234"))
    read = PlateRead("AB1234", 0.9, BOX, CORNERS, (), (reading,))
    await passage_rows.save_reads(passage_id, [GateRead(passage_id, 0, at, read, None)])
    return passage_id


@pytest.fixture
async def desk(staff: Visitor) -> Desk:
    return Desk(staff, token_of(await staff.get("/console/lots/new")))


async def test_a_passage_tells_what_was_read_and_why_it_was_believed(desk: Desk) -> None:
    passage_id = await save_seen(await save_camera())
    found = await desk.get(f"/passages/{passage_id}")
    assert found["passage"]["candidates"] == [
        {"text": "AB1234", "confidence": 0.9},
        {"text": "A81234", "confidence": 0.05},
    ]
    assert (found["passage"]["direction"], found["passage"]["why"]) == ("exit", "three pictures agree")
    assert [(read["text"], read["raw"], read["box"]) for read in found["reads"]] == [("AB1234", ["ab-1234"], [*BOX])]


async def test_the_picture_that_proves_it_is_shown_as_long_as_it_is_kept(desk: Desk, app: Litestar) -> None:
    camera = await save_camera()
    await app.state.clients.pictures.put(CROP, b"a picture")
    proven = await save_seen(camera, crop_key=CROP, crop_sha256="ab" * 32)
    shown = await desk.ask("GET", f"/passages/{proven}/picture")
    assert (shown.content, shown.headers["content-type"]) == (b"a picture", "image/jpeg")
    assert "no-store" in shown.headers["cache-control"]
    assert (await desk.get(f"/passages/{proven}"))["passage"]["picture_sha256"] == "ab" * 32
    without = await save_seen(camera)
    assert (await desk.ask("GET", f"/passages/{without}/picture")).status_code == 404
    await app.state.clients.pictures.delete(CROP)
    assert (await desk.ask("GET", f"/passages/{proven}/picture")).status_code == 404


async def test_a_cameras_passages_are_listed_a_page_at_a_time(desk: Desk) -> None:
    camera = await save_camera()
    ids = [await save_seen(camera, minutes) for minutes in (0, 5, 10)]
    await save_seen(camera, -900)
    path = f"/cameras/{camera.public_id}/passages"
    first = await desk.get(path, limit=2)
    rest = await desk.get(path, limit=2, since=first["next_since"])
    assert [each["id"] for each in first["items"] + rest["items"]] == ids
    assert rest["next_since"] is None


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"since": "2026-01-01T00:00:00Z", "until": "2026-01-03T00:00:00Z"}, 422),
        ({"since": "2026-01-03T00:00:00Z", "until": "2026-01-02T00:00:00Z"}, 422),
        ({"until": "0001-01-01T00:00:00Z"}, 200),
        ({"since": "2026-01-01T00:00:00", "until": "2026-01-01T00:00:00Z"}, 422),
    ],
    ids=str,
)
async def test_at_most_a_day_is_listed_at_once(desk: Desk, asked: dict[str, str], status: int) -> None:
    camera = await save_camera()
    answer = await desk.ask("GET", f"/cameras/{camera.public_id}/passages", **asked)
    assert answer.status_code == status, answer.text


async def test_strangers_see_no_passage(program: Visitor) -> None:
    camera = await save_camera()
    passage_id = await save_seen(camera)
    for path in (f"passages/{passage_id}", f"passages/{passage_id}/picture", f"cameras/{camera.public_id}/passages"):
        assert (await program.get(f"/api/v1/{path}")).status_code == 401
