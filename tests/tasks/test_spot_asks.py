import json
from typing import Any

import numpy as np
import pytest
from builders import NOW, new_spots, save_camera, save_frame, stand_ins
from car_park_views import view
from numpy.typing import NDArray
from pictures import encode
from PIL import Image

from parkhub.db import spots
from parkhub.domain.cameras import Camera, SpotsFileKind
from parkhub.domain.spot_asks import SpotAsk
from parkhub.domain.spot_versions import overlap
from parkhub.errors import NotFoundError, SpotsFileError
from parkhub.services.looks import Seen, save_look
from parkhub.services.spot_asks import ask_for_rows, ask_to_look, ask_to_read, forget_old, get_ask, topic
from parkhub.settings import Settings
from tasks.engines import Engines
from tasks.spot_asks import NO_PICTURE, answer_ask, give_up

BOX = ((0.1, 0.1), (0.3, 0.1), (0.3, 0.4), (0.1, 0.4))


@pytest.fixture
def ctx(sqlite_open: Settings) -> dict[str, Any]:
    return {"clients": stand_ins(), "engines": Engines(sqlite_open), "job_try": 1}


def pixels(picture: NDArray[np.uint8]) -> bytes:
    return encode(Image.fromarray(np.ascontiguousarray(picture[:, :, ::-1])))


async def a_picture(ctx: dict[str, Any], camera: Camera) -> None:
    picture = view()
    frame = await save_frame(camera, width=picture.shape[1], height=picture.shape[0])
    await ctx["clients"].pictures.put(frame.picture_key, pixels(picture))
    await save_look(ctx["clients"], frame.id, Seen([], 1))


async def answered(ctx: dict[str, Any], camera: Camera, uid: str) -> SpotAsk:
    """What was asked, after its job, which was done twice."""
    assert ctx["clients"].queue.jobs[-1][1:3] == ("answer_ask", (uid,))
    await answer_ask(ctx, uid)
    await answer_ask(ctx, uid)
    assert ctx["clients"].live.announced.count(topic(camera.id)) == 1
    return await get_ask(camera.id, uid)


async def test_outlines_that_are_not_saved_are_judged_by_the_camera_s_engine(ctx: dict[str, Any]) -> None:
    camera = await save_camera()
    await a_picture(ctx, camera)
    ask = await answered(ctx, camera, await ask_to_look(ctx["clients"], camera.id, {"k1": BOX}, NOW))
    assert ask.answer is not None
    state, percent = ask.answer["spots"]["k1"]
    assert state in {"free", "occupied"}
    assert 50 <= percent <= 100
    assert await spots.list_camera_spots(camera.id) == []


async def test_places_are_suggested_by_the_vehicles_of_a_picture_where_none_is_drawn(ctx: dict[str, Any]) -> None:
    camera = await save_camera()
    await a_picture(ctx, camera)
    ask = await answered(ctx, camera, await ask_for_rows(ctx["clients"], camera.id, [], NOW))
    assert ask.answer is not None
    assert ask.answer["vehicles"] >= 3
    places = ask.answer["polygons"]
    assert len(places) >= 3
    ctx["clients"].live.announced.clear()
    ask = await answered(ctx, camera, await ask_for_rows(ctx["clients"], camera.id, places, NOW))
    assert ask.answer is not None
    assert all(overlap(more, place) < 0.4 for more in ask.answer["polygons"] for place in places)


async def test_a_file_is_read_and_shown_and_changes_nothing(ctx: dict[str, Any], sqlite_open: Settings) -> None:
    camera = await save_camera(spots_seen=new_spots(1))
    document = {"size": [640, 480], "spots": [{"id": "Z1", "kind": "ev", "polygon": [[9, 9], [90, 9], [90, 90]]}]}
    data = json.dumps(document).encode()
    uid = await ask_to_read(ctx["clients"], sqlite_open, camera.id, data, SpotsFileKind.JSON, NOW)
    ask = await answered(ctx, camera, uid)
    assert ask.answer == {"size": [640, 480], "spots": [{**document["spots"][0], "zone": ""}]}  # type: ignore[dict-item, index]
    assert ctx["clients"].pictures.files == {}
    assert [spot.name for spot in await spots.list_camera_spots(camera.id)] == ["A1"]


async def test_what_cannot_be_answered_is_told_in_a_sentence(ctx: dict[str, Any], sqlite_open: Settings) -> None:
    camera = await save_camera()
    ask = await answered(ctx, camera, await ask_for_rows(ctx["clients"], camera.id, [], NOW))
    assert (ask.answer, ask.error) == (None, NO_PICTURE)
    uid = await ask_to_read(ctx["clients"], sqlite_open, camera.id, b"{", SpotsFileKind.JSON, NOW)
    await give_up(ctx, uid)
    assert "A fault in ParkHub" in (await get_ask(camera.id, uid)).error
    with pytest.raises(SpotsFileError):
        await ask_to_read(ctx["clients"], sqlite_open, camera.id, b"", SpotsFileKind.JSON, NOW)


async def test_another_camera_hears_nothing_and_old_questions_are_forgotten(ctx: dict[str, Any]) -> None:
    camera, other = await save_camera(), await save_camera()
    uid = await ask_for_rows(ctx["clients"], camera.id, [], NOW)
    with pytest.raises(NotFoundError):
        await get_ask(other.id, uid)
    assert await forget_old(NOW.replace(hour=12)) == 1
    with pytest.raises(NotFoundError):
        await get_ask(camera.id, uid)
