"""Watched folders, with a real folder and both databases: each picture once, when it is finished."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from builders import save_camera, save_lot, stand_ins
from pictures import draw, encode, jpeg

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import folders as rows
from parkhub.db import frames as frame_rows
from parkhub.db.engine import fetch
from parkhub.domain.cameras import Camera
from parkhub.domain.folders import SETTLED_S, FolderMemory, TimeFrom, WatchedFolder
from parkhub.domain.frames import Frame
from parkhub.errors import FieldsError
from parkhub.services import folders
from parkhub.settings import Settings

DATE_TIME, OFFSET, EXIF = 0x9003, 0x9011, 0x8769


@pytest.fixture
def place(tmp_path: Path) -> Path:
    found = tmp_path / "allowed" / "roof"
    found.mkdir(parents=True)
    return found


@pytest.fixture
def house(database: Settings, place: Path) -> Settings:
    return database.model_copy(update={"watch_roots": str(place.parent)})


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


@pytest.fixture
async def camera(house: Settings) -> Camera:
    return await save_camera(await save_lot(time_zone="Europe/Berlin"))


class Looker:
    """One process that looks again and again, with a clock of its own."""

    def __init__(self, clients: Clients, settings: Settings) -> None:
        self.clients, self.settings, self.memory, self.now_s = clients, settings, FolderMemory(), 0.0

    async def look(self, folder: WatchedFolder, after_s: float = SETTLED_S) -> folders.Looked:
        self.now_s += after_s
        fresh = await rows.get_folder(folder.id)
        return await folders.look(self.clients, self.settings, fresh, self.memory, self.now_s)

    async def settle(self, folder: WatchedFolder) -> int:
        """How many it takes, looking until nothing is left."""
        taken = (await self.look(folder)).taken
        while (looked := await self.look(folder)).taken or looked.more:
            taken += looked.taken
        return taken


@pytest.fixture
def looker(clients: Clients, house: Settings) -> Looker:
    return Looker(clients, house)


async def watched(
    house: Settings, camera: Camera, place: Path, time_from: TimeFrom = TimeFrom.NOW, *, deletes: bool = False
) -> WatchedFolder:
    return await folders.watch(house, camera, f"{place}/", time_from, datetime.now(UTC), deletes=deletes)


async def frames_of(camera: Camera) -> list[Frame]:
    return await frame_rows.list_frames(camera.id, 100)


async def test_new_and_changed_pictures_are_taken_once_when_they_stand_still(house, camera, place, looker):
    (place / "before.jpg").write_bytes(jpeg(1))
    folder = await watched(house, camera, place)
    assert (await looker.look(folder)).taken == 0
    (place / "before.jpg").write_bytes(jpeg(2) + b" more")
    assert await looker.look(folder) == folders.Looked(0, more=True)
    assert await looker.look(folder) == folders.Looked(1, more=False)
    (place / "latest.jpg").write_bytes(jpeg(3))
    assert await looker.settle(folder) == 1
    (place / "latest.jpg").write_bytes(jpeg(4) + b" changed")
    assert await looker.settle(folder) == 1
    assert await looker.settle(folder) == 0
    assert len(await frames_of(camera)) == 3
    told = await rows.get_folder(folder.id)
    assert (told.taken, told.refused, told.last_error) == (3, 0, "")
    assert sorted(file.name for file in place.iterdir()) == ["before.jpg", "latest.jpg"]


async def test_what_came_while_nobody_looked_is_taken_and_nothing_twice(house, camera, place, clients, looker):
    folder = await watched(house, camera, place)
    (place / "a.jpg").write_bytes(jpeg(1))
    assert await looker.settle(folder) == 1
    (place / "b.jpg").write_bytes(jpeg(2))
    (place / "copy of a.jpg").write_bytes(jpeg(1))
    again = Looker(clients, house)
    assert await again.settle(folder) == 1
    assert await again.look(folder) == folders.Looked(0, more=False)
    assert (await rows.get_folder(folder.id)).taken == 2


async def test_two_processes_take_each_picture_once_between_them(house, camera, place, clients):
    folder = await watched(house, camera, place, deletes=True)
    for seed in range(12):
        (place / f"{seed}.jpg").write_bytes(jpeg(seed))
    one, two = Looker(clients, house), Looker(clients, house)
    for _ in range(3):
        await asyncio.gather(one.look(folder), two.look(folder))
    assert len(await frames_of(camera)) == 12
    assert (await rows.get_folder(folder.id)).taken == 12
    assert list(place.iterdir()) == []


async def test_what_a_killed_process_had_begun_is_one_picture_all_the_same(house, camera, place, looker):
    folder = await watched(house, camera, place, deletes=True)
    (place / "a.jpg").write_bytes(jpeg(1))
    assert await looker.settle(folder) == 1
    (place / "a.jpg").write_bytes(jpeg(1))
    long_ago = datetime.now(UTC) - folders.STALLED - timedelta(seconds=1)
    await fetch("UPDATE watched_file SET state = 'taking', at = {}", datetime.now(UTC))
    await fetch("UPDATE watched_folder SET taken = 0")
    await looker.look(folder)
    assert (await looker.look(folder)).taken == 0
    await fetch("UPDATE watched_file SET at = {}", long_ago)
    assert (await looker.look(folder)).taken == 1
    assert len(await frames_of(camera)) == 1
    assert list(place.iterdir()) == []


async def test_what_is_no_picture_is_refused_once_with_a_sentence_and_stays(house, camera, place, looker):
    folder = await watched(house, camera, place, deletes=True)
    (place / "cut.jpg").write_bytes(jpeg(1)[:500])
    (place / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * house.frame_bytes_max)
    (place / "good.jpg").write_bytes(jpeg(2))
    assert await looker.settle(folder) == 1
    told = await rows.get_folder(folder.id)
    assert (told.taken, told.refused) == (1, 2)
    assert told.last_error in ("cut.jpg: The picture is damaged or cut off. Send the whole file again.",
                               "huge.png: it is larger than 12 MB.")  # fmt: skip
    assert sorted(file.name for file in place.iterdir()) == ["cut.jpg", "huge.png"]
    assert await Looker(looker.clients, house).settle(folder) == 0
    assert (await rows.get_folder(folder.id)).refused == 2


@pytest.mark.parametrize(
    ("exif", "expected"),
    [
        ({DATE_TIME: "{berlin:%Y:%m:%d %H:%M:%S}"}, 3600),
        ({DATE_TIME: "{utc:%Y:%m:%d %H:%M:%S}", OFFSET: "+00:00"}, 3600),
        ({DATE_TIME: "not a time"}, 7200),
        ({}, 7200),
    ],
    ids=["by the car park's clock", "with its offset", "nonsense", "none"],
)
async def test_a_picture_was_taken_when_its_file_says(house, camera, place, looker, exif, expected):
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    picture = draw()
    noted = picture.getexif()
    for tag, words in exif.items():
        noted.get_ifd(EXIF)[tag] = words.format(berlin=at.astimezone(ZoneInfo("Europe/Berlin")), utc=at)
    (place / "a.jpg").write_bytes(encode(picture, exif=noted))
    os.utime(place / "a.jpg", (at.timestamp() - 3600,) * 2)
    assert await looker.settle(await watched(house, camera, place, TimeFrom.FILE)) == 1
    [frame] = await frames_of(camera)
    assert frame.captured_at == at - timedelta(seconds=expected - 3600)


async def test_a_full_queue_and_a_camera_that_is_off_only_put_off(house, camera, place, clients):
    folder = await watched(house, camera, place)
    for seed in range(3):
        (place / f"{seed}.jpg").write_bytes(jpeg(seed))
    full = Looker(clients, house.model_copy(update={"frames_waiting_max": 2}))
    await full.look(folder)
    await full.look(folder)
    told = await rows.get_folder(folder.id)
    assert (told.taken, "Too many pictures wait" in told.last_error) == (2, True)
    await camera_rows.set_enabled(camera.id, enabled=False)
    looker = Looker(clients, house)
    assert await looker.settle(folder) == 0
    assert "switched off" in (await rows.get_folder(folder.id)).last_error
    await camera_rows.set_enabled(camera.id, enabled=True)
    assert await looker.settle(folder) == 1


async def test_a_folder_that_goes_away_is_told_and_taken_up_when_it_comes_back(house, camera, place, looker):
    folder = await watched(house, camera, place)
    place.rename(place.parent / "unplugged")
    await looker.look(folder)
    assert "none of that name" in (await rows.get_folder(folder.id)).last_error
    (place.parent / "unplugged").rename(place)
    (place / "a.jpg").write_bytes(jpeg(1))
    assert await looker.settle(folder) == 1
    place.rename(place.parent / "elsewhere")
    place.symlink_to(place.parent / "elsewhere")
    await looker.look(folder)
    assert "it is a link" in (await rows.get_folder(folder.id)).last_error


async def test_only_folders_that_are_allowed_and_not_watched_yet_can_be_watched(database, house, camera, place):
    with pytest.raises(FieldsError, match="PARKHUB_WATCH_ROOTS"):
        await folders.watch(database, camera, str(place), TimeFrom.NOW, datetime.now(UTC), deletes=False)
    for path, words in ((place.parent.parent, "below one of those"), (place / "x", "none of that name")):
        with pytest.raises(FieldsError, match=words):
            await folders.watch(house, camera, str(path), TimeFrom.NOW, datetime.now(UTC), deletes=False)
    (place / "below").mkdir()
    await watched(house, camera, place)
    for path in (place, place / "below", place.parent):
        with pytest.raises(FieldsError, match="watched already"):
            await folders.watch(house, camera, str(path), TimeFrom.NOW, datetime.now(UTC), deletes=False)


async def test_of_folders_in_each_other_that_are_added_at_once_one_is_watched(house, camera, place):
    (place / "below").mkdir()
    asked = [
        folders.watch(house, camera, str(path), TimeFrom.NOW, datetime.now(UTC), deletes=False)
        for path in (place, place / "below", place, place.parent)
    ]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert len(await rows.list_folders()) == 1
    assert [type(each) for each in done if isinstance(each, BaseException)] == [FieldsError] * 3


async def test_files_that_went_long_ago_are_forgotten_and_those_that_stay_are_not(house, camera, place, looker):
    folder = await watched(house, camera, place)
    for seed in range(2):
        (place / f"{seed}.jpg").write_bytes(jpeg(seed))
    assert await looker.settle(folder) == 2
    (place / "0.jpg").unlink()
    now = datetime.now(UTC)
    assert await folders.forget_old(house, now) == 0
    assert await folders.forget_old(house, now + folders.FORGOTTEN_AFTER + timedelta(minutes=1)) == 1
    assert set(await rows.list_known(folder.id, [f"{n}.jpg" for n in range(2 * rows.BATCH, -1, -1)])) == {"1.jpg"}


async def test_a_name_that_is_no_utf_8_is_taken_like_any_other_and_once(house, camera, place, clients):
    (place / os.fsdecode(b"stra\xdfe.jpg")).write_bytes(jpeg(1))
    folder = await watched(house, camera, place)
    for _ in range(2):
        await Looker(clients, house).settle(folder)
    known = await rows.get_folder(folder.id)
    assert (known.taken, known.refused, known.last_error, len(await frames_of(camera))) == (1, 0, "", 1)
    assert list(await rows.list_known(folder.id, ["stra?e.jpg"])) == ["stra?e.jpg"]
    await fetch("UPDATE watched_file SET at = {}", datetime.now(UTC) - folders.FORGOTTEN_AFTER - timedelta(days=1))
    assert await folders.forget_old(house, datetime.now(UTC)) == 0
