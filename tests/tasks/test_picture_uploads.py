"""Pictures by hand are looked at one after the other, each once, with every result kept: on both databases."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import new_spots, save_account, save_camera, save_lot, stand_ins
from pictures import draw, encode, jpeg

from parkhub.clients import Clients
from parkhub.clients.pictures import FolderStore
from parkhub.clients.queue import MemoryQueue, QueueName
from parkhub.db import frames as frame_rows
from parkhub.db import picture_uploads as rows
from parkhub.domain.cameras import Area, Camera
from parkhub.domain.picture_uploads import ATTEMPTS_MAX, PictureUpload, PictureWish, UploadStatus
from parkhub.domain.plates import PlateRead
from parkhub.domain.spots import SpotObservation, SpotShape, SpotState
from parkhub.domain.vehicles import Vehicle, VehicleKind
from parkhub.errors import ConflictError, EngineError, NotFoundError
from parkhub.services import picture_uploads as service
from parkhub.settings import Settings
from tasks.picture_uploads import KEEPS_BREAKING, look_at_pictures
from tasks.vision.engine import Look
from tasks.vision.picture import Picture

EXIF_ORIENTATION = 0x0112


class Seer:
    """An engine, a finder and a reader in one, which sees the same everywhere and notes the sizes it was given."""

    name, width, height = "seer", 416, 416

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []
        self.fails: Exception | None = None

    async def get(self, name: object, head_id: int | None = None) -> "Seer":
        return self

    async def finder(self) -> "Seer":
        return self

    async def reader(self) -> "Seer":
        return self

    def _note(self, picture: Picture) -> None:
        self.sizes.append((picture.shape[1], picture.shape[0]))
        if self.fails:
            raise self.fails

    def look(self, picture: Picture, spots: Sequence[SpotShape], memory: bytes | None = None) -> Look:
        self._note(picture)
        return Look([SpotObservation(spot.name, SpotState.FREE, 0.9) for spot in spots])

    def find(self, picture: Picture, confidence_min: float = 0.5, tiles: int = 1) -> list[Vehicle]:
        self._note(picture)
        return [Vehicle(VehicleKind.BUS, 0.8, (16.0, 12.0, 80.0, 60.0))]

    def read(self, picture: Picture, region: str = "auto", excluded: Sequence[Area] = ()) -> list[PlateRead]:
        self._note(picture)
        return [PlateRead("PKH4827", 0.95, (16.0, 12.0, 80.0, 60.0), ((0, 0), (1, 0), (1, 1), (0, 1)))]


@pytest.fixture
def seer() -> Seer:
    return Seer()


@pytest.fixture
def ctx(database: Settings, tmp_path: Path, seer: Seer) -> dict[str, Any]:
    clients = replace(stand_ins(), pictures=FolderStore(tmp_path / "pictures"))
    return {"clients": clients, "settings": database, "engines": seer}


async def sent(ctx: dict[str, Any], wish: PictureWish, files: Sequence[bytes], camera: Camera | None) -> PictureUpload:
    clients, folder = ctx["clients"], service.new_folder()
    pictures = [
        await service.keep(clients, ctx["settings"], folder, f"{at}.jpg", data) for at, data in enumerate(files)
    ]
    account = await save_account()
    return await service.request_looks(clients, account.id, wish, camera, pictures, datetime.now(UTC))


async def results(upload: PictureUpload) -> list[dict[str, Any] | None]:
    return [each.result for each in await rows.list_pictures(upload.id)]


async def a_camera(spots: int = 2) -> Camera:
    return await save_camera(await save_lot(), new_spots(spots))


async def test_each_wish_has_its_answer_and_changes_nothing_of_the_car_park(ctx: dict[str, Any]) -> None:
    camera = await a_camera()
    expected: dict[PictureWish, tuple[str, list[tuple[str, Any]]]] = {
        PictureWish.SPOTS: ("spots", [("A1", "free"), ("A2", "free")]),
        PictureWish.VEHICLES: ("vehicles", [("bus", [0.1, 0.1, 0.5, 0.5])]),
        PictureWish.PLATES: ("plates", [("PKH4827", [0.1, 0.1, 0.5, 0.5])]),
    }
    for wish, (name, told) in expected.items():
        upload = await sent(ctx, wish, [jpeg()], camera)
        await look_at_pictures(ctx, upload.id)
        [found] = await results(upload)
        assert found is not None
        assert found["size"] == [160, 120]
        assert [tuple(each.values())[0::2][:1] for each in found[name]] == [(first,) for first, _ in told]
        if wish is not PictureWish.SPOTS:
            assert [each["box"] for each in found[name]] == [pytest.approx(box) for _, box in told]
        else:
            assert [(each["name"], each["state"]) for each in found[name]] == told
    assert await frame_rows.list_frames(camera.id, 1) == []


async def test_a_picture_that_was_held_upright_is_seen_so(ctx: dict[str, Any], seer: Seer) -> None:
    picture = draw(size=(160, 120))
    exif = picture.getexif()
    exif[EXIF_ORIENTATION] = 6
    upload = await sent(ctx, PictureWish.VEHICLES, [encode(picture, exif=exif)], None)
    await look_at_pictures(ctx, upload.id)
    assert seer.sizes == [(120, 160)]
    [found] = await results(upload)
    assert found is not None
    assert found["size"] == [120, 160]


async def test_pictures_for_a_camera_become_its_own_once_and_no_copy_stays(ctx: dict[str, Any]) -> None:
    camera, clients = await a_camera(), ctx["clients"]
    upload = await sent(ctx, PictureWish.CAMERA, [jpeg(1), jpeg(2)], camera)
    first = await service.take(upload.id, datetime.now(UTC))
    assert first is not None
    first_at = datetime.now(UTC) - timedelta(seconds=5)
    # Killed after the frame and before its own row: a minute later another job begins it again.
    await service.give_to_camera(ctx["clients"], ctx["settings"], camera, replace(first, attempts=7), first_at)
    later = await service.take(upload.id, datetime.now(UTC) + timedelta(seconds=61))
    assert later is not None
    assert (later.id, later.attempts) == (first.id, 2)
    await rows.put_back(later.id, later.attempts)
    await look_at_pictures(ctx, upload.id)
    taken = await frame_rows.list_frames(camera.id, 9)
    assert len(taken) == 2
    assert min(each.received_at for each in taken) == first_at
    assert await results(upload) == [{"frame": frame.id} for frame in sorted(taken, key=lambda frame: frame.id)]
    assert await clients.pictures.used_bytes(service.FOLDER) == 0
    queue = clients.queue
    assert isinstance(queue, MemoryQueue)
    assert sum(name is QueueName.FRAMES for name, *_ in queue.jobs) == 2


async def test_what_is_no_picture_has_its_sentence_and_the_others_go_on(ctx: dict[str, Any], seer: Seer) -> None:
    upload = await sent(ctx, PictureWish.SPOTS, [b"text", jpeg(), jpeg()[:600]], await a_camera())
    await look_at_pictures(ctx, upload.id)
    found = await rows.list_pictures(upload.id)
    assert [each.status for each in found] == [UploadStatus.FAILED, UploadStatus.DONE, UploadStatus.FAILED]
    assert "not a JPEG" in found[0].error
    assert "damaged or cut off" in found[2].error
    with pytest.raises(ConflictError):
        await service.try_failed_again(ctx["clients"], upload.id)


async def test_what_failed_is_tried_again_when_somebody_asks(ctx: dict[str, Any], seer: Seer) -> None:
    camera = await save_camera(await save_lot(), 0)
    upload = await sent(ctx, PictureWish.SPOTS, [jpeg()], camera)
    await look_at_pictures(ctx, upload.id)
    [found] = await rows.list_pictures(upload.id)
    assert "no spots marked" in found.error
    upload = await sent(ctx, PictureWish.VEHICLES, [jpeg(), jpeg(1)], None)
    seer.fails = EngineError("The model is tired.")
    await look_at_pictures(ctx, upload.id)
    assert await results(upload) == [None, None]
    seer.fails = None
    assert await service.try_failed_again(ctx["clients"], upload.id) == 2
    await look_at_pictures(ctx, upload.id)
    assert all(await results(upload))


async def test_a_fault_is_told_and_what_kills_its_worker_is_given_up(ctx: dict[str, Any], seer: Seer) -> None:
    seer.fails = ZeroDivisionError("a fault of ours")
    upload = await sent(ctx, PictureWish.PLATES, [jpeg()], None)
    await look_at_pictures(ctx, upload.id)
    [found] = await rows.list_pictures(upload.id)
    assert "the log has the details" in found.error
    upload, now = await sent(ctx, PictureWish.PLATES, [jpeg()], None), datetime.now(UTC) - timedelta(hours=1)
    for minutes in range(ATTEMPTS_MAX):
        assert await service.take(upload.id, now + timedelta(minutes=2 * minutes)) is not None
    await look_at_pictures(ctx, upload.id)
    [found] = await rows.list_pictures(upload.id)
    assert found.error == KEEPS_BREAKING


async def test_what_a_killed_worker_left_is_asked_for_again(ctx: dict[str, Any]) -> None:
    clients: Clients = replace(ctx["clients"], queue=MemoryQueue())
    upload = await sent(ctx, PictureWish.VEHICLES, [jpeg()], None)
    now = datetime.now(UTC)
    assert await service.take(upload.id, now) is not None
    assert await service.requeue_stalled(clients, now) == 0
    assert await service.requeue_stalled(clients, now + timedelta(seconds=61)) == 1
    assert await service.requeue_stalled(clients, now + timedelta(seconds=61)) == 0


async def test_searched_for_plates_they_go_after_a_week_and_others_when_somebody_says_so(ctx: dict[str, Any]) -> None:
    clients = ctx["clients"]
    plates = await sent(ctx, PictureWish.PLATES, [jpeg()], None)
    vehicles = await sent(ctx, PictureWish.VEHICLES, [jpeg()], None)
    now = datetime.now(UTC) + service.PLATES_KEPT
    assert await service.delete_old(clients, now - timedelta(minutes=1)) == 0
    assert await service.delete_old(clients, now + timedelta(minutes=1)) == 1
    with pytest.raises(NotFoundError):
        await rows.get_upload(plates.id)
    await service.delete(clients, vehicles.id)
    assert await clients.pictures.used_bytes(service.FOLDER) == 0
    assert await rows.list_pictures(vehicles.id) == []
