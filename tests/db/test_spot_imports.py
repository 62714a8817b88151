"""Spots files on their way in, in both databases."""

import pytest
from builders import NOW, save_camera

from parkhub.db import spot_imports
from parkhub.domain.cameras import SpotImportStatus, SpotsFileKind
from parkhub.errors import NotFoundError
from parkhub.settings import Settings


@pytest.mark.parametrize(
    ("kind", "box"),
    [(SpotsFileKind.MASK, None), (SpotsFileKind.JSON, None), (SpotsFileKind.CARPARKPOS, (107, 48))],
    ids=["mask", "json", "carparkpos"],
)
async def test_an_import_comes_back_as_it_was_added(
    database: Settings, kind: SpotsFileKind, box: tuple[int, int] | None
) -> None:
    camera = await save_camera()
    saved = await spot_imports.add_spot_import(camera.id, "spots/1", kind, box, NOW)
    assert await spot_imports.get_spot_import(saved.id) == saved
    assert (saved.status, saved.box) == (SpotImportStatus.WAITING, box)


@pytest.mark.parametrize(
    ("error", "status"),
    [("", SpotImportStatus.DONE), ("The mask is empty.", SpotImportStatus.FAILED)],
    ids=["done", "failed"],
)
async def test_an_import_ends_once(database: Settings, error: str, status: SpotImportStatus) -> None:
    camera = await save_camera()
    saved = await spot_imports.add_spot_import(camera.id, "spots/1", SpotsFileKind.MASK, None, NOW)
    assert await spot_imports.finish_spot_import(saved.id, 12, error)
    assert not await spot_imports.finish_spot_import(saved.id, 13, "again")
    found = await spot_imports.get_spot_import(saved.id)
    assert (found.status, found.spot_count, found.error) == (status, 12, error)


async def test_the_latest_import_of_a_camera_is_the_last_one_added(database: Settings) -> None:
    camera, other = await save_camera(), await save_camera()
    assert await spot_imports.latest_spot_import(camera.id) is None
    for key in ("spots/1", "spots/2"):
        await spot_imports.add_spot_import(camera.id, key, SpotsFileKind.MASK, None, NOW)
    await spot_imports.add_spot_import(other.id, "spots/3", SpotsFileKind.MASK, None, NOW)
    latest = await spot_imports.latest_spot_import(camera.id)
    assert latest is not None
    assert latest.file_key == "spots/2"


async def test_an_unknown_import_is_not_found(database: Settings) -> None:
    with pytest.raises(NotFoundError):
        await spot_imports.get_spot_import(1)
