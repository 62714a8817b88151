import json
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from builders import save_camera, save_frame, save_lot, stand_ins
from pictures import encode
from PIL import Image, ImageDraw

from parkhub.db import lots, spot_imports, spots
from parkhub.domain.cameras import Camera, SpotImport, SpotImportStatus, SpotsFileKind
from parkhub.services.spots import request_import
from parkhub.services.upkeep import LATE_TRIES_MAX, is_poison
from parkhub.settings import Settings, load_settings
from tasks.spots import give_up, read_spots_file

SETTINGS = load_settings()
MASK, JSON, PICKLE = SpotsFileKind.MASK, SpotsFileKind.JSON, SpotsFileKind.CARPARKPOS


def a_mask(count: int = 3) -> bytes:
    mask = Image.new("L", (640, 480))
    for number in range(count):
        ImageDraw.Draw(mask).rectangle((40 + 120 * number, 100, 120 + 120 * number, 250), fill=255)
    return encode(mask, "PNG")


def spots_json(*names: str) -> bytes:
    rows = [
        {"id": name, "polygon": [[10 + 60 * at, 10], [60 + 60 * at, 10], [60 + 60 * at, 90], [10 + 60 * at, 90]]}
        for at, name in enumerate(names)
    ]
    return json.dumps({"size": [640, 480], "spots": rows}).encode()


@pytest.fixture
def ctx() -> dict[str, Any]:
    return {"clients": stand_ins(), "job_try": 1}


async def ask(
    ctx: dict[str, Any], camera: Camera, data: bytes, kind: SpotsFileKind, box: tuple[int, int] | None = None
) -> SpotImport:
    return await request_import(ctx["clients"], SETTINGS, camera.id, data, kind, datetime.now(UTC), box)


async def read(
    ctx: dict[str, Any], camera: Camera, data: bytes, kind: SpotsFileKind, box: tuple[int, int] | None = None
) -> SpotImport:
    """Ask for an import and do its job."""
    wish = await ask(ctx, camera, data, kind, box)
    await read_spots_file(ctx, wish.id)
    assert ctx["clients"].pictures.files == {}
    return await spot_imports.get_spot_import(wish.id)


async def names(camera: Camera) -> list[str]:
    return [spot.name for spot in await spots.list_camera_spots(camera.id)]


async def test_the_white_patches_of_a_mask_become_spots_with_a_map(database: Settings, ctx: dict[str, Any]) -> None:
    camera = await save_camera()
    done = await read(ctx, camera, a_mask(3), MASK)
    assert (done.status, done.spot_count, await names(camera)) == (SpotImportStatus.DONE, 3, ["1", "2", "3"])
    lot = await lots.get_lot(camera.lot_id)
    for spot in await spots.list_camera_spots(camera.id):
        assert 0 <= spot.plan.x <= spot.plan.x + spot.plan.width <= lot.plan_width
        assert 0 <= spot.plan.y <= spot.plan.y + spot.plan.height <= lot.plan_height


async def test_a_json_file_s_spots_keep_their_names(database: Settings, ctx: dict[str, Any]) -> None:
    camera = await save_camera()
    done = await read(ctx, camera, spots_json("North 1", "North 2"), JSON)
    assert (done.status, await names(camera)) == (SpotImportStatus.DONE, ["North 1", "North 2"])


async def test_an_old_pickle_is_laid_over_the_camera_s_last_picture(database: Settings, ctx: dict[str, Any]) -> None:
    camera = await save_camera()
    await save_frame(camera, width=1000, height=500)
    done = await read(ctx, camera, pickle.dumps([(100, 50), (300, 50)]), PICKLE, (100, 50))
    assert (done.status, done.spot_count) == (SpotImportStatus.DONE, 2)
    first, _ = await spots.list_camera_spots(camera.id)
    assert first.polygon == ((0.1, 0.1), (0.2, 0.1), (0.2, 0.2), (0.1, 0.2))


async def test_an_old_pickle_without_any_picture_says_what_to_do(sqlite_open: Settings, ctx: dict[str, Any]) -> None:
    camera = await save_camera()
    failed = await read(ctx, camera, pickle.dumps([(100, 50)]), PICKLE)
    assert failed.status is SpotImportStatus.FAILED
    assert "Upload one first" in failed.error


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (encode(Image.new("L", (64, 64)), "PNG"), MASK),
        (b"{", JSON),
        (b'{"size": [1, 1], "spots": []}', JSON),
        (pickle.dumps(print), PICKLE),
        (pickle.dumps(np.zeros(2)), PICKLE),
    ],
    ids=["a black mask", "no JSON", "no spots", "a pickle that runs", "a pickle of an array"],
)
async def test_a_wrong_file_fails_with_a_sentence_and_leaves_the_spots_as_they_were(
    sqlite_open: Settings, ctx: dict[str, Any], data: bytes, kind: SpotsFileKind
) -> None:
    camera = await save_camera(spots_seen=2)
    await save_frame(camera)
    failed = await read(ctx, camera, data, kind)
    assert failed.status is SpotImportStatus.FAILED
    assert failed.error.endswith((".", "!", "?"))
    assert await names(camera) == ["A1", "A2"]


async def test_a_name_of_another_camera_fails_with_that_name(database: Settings, ctx: dict[str, Any]) -> None:
    lot = await save_lot()
    await save_camera(lot, spots_seen=2)
    camera = await save_camera(lot)
    failed = await read(ctx, camera, spots_json("B1", "A2"), JSON)
    assert failed.status is SpotImportStatus.FAILED
    assert "A2" in failed.error
    assert await names(camera) == []


async def test_doing_the_job_again_changes_nothing(database: Settings, ctx: dict[str, Any]) -> None:
    camera = await save_camera()
    done = await read(ctx, camera, spots_json("A1"), JSON)
    await read_spots_file(ctx, done.id)
    assert await spot_imports.get_spot_import(done.id) == done


async def test_after_the_last_try_the_import_has_failed(sqlite_open: Settings, ctx: dict[str, Any]) -> None:
    camera = await save_camera()
    wish = await ask(ctx, camera, spots_json("A1"), JSON)
    await give_up(ctx, wish.id)
    assert (await spot_imports.get_spot_import(wish.id)).status is SpotImportStatus.FAILED


async def test_an_import_that_again_and_again_kills_its_reader_is_given_up(
    sqlite_open: Settings, ctx: dict[str, Any]
) -> None:
    camera = await save_camera()
    old = datetime.now(UTC) - timedelta(minutes=5)
    wish = await request_import(ctx["clients"], SETTINGS, camera.id, spots_json("A1"), JSON, old)
    for _ in range(LATE_TRIES_MAX):
        assert not await is_poison(ctx["clients"], f"spots:{wish.id}", old, datetime.now(UTC))
    await read_spots_file(ctx, wish.id)
    assert (await spot_imports.get_spot_import(wish.id)).status is SpotImportStatus.FAILED
    assert await names(camera) == []


async def test_an_import_that_is_gone_is_let_pass(sqlite_open: Settings, ctx: dict[str, Any]) -> None:
    await read_spots_file(ctx, 4711)
