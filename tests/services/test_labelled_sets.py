import csv
import io
import zipfile
from pathlib import Path

import pytest
from builders import NOW, after, save_account, save_camera, save_frame, save_label, save_lot, seen, stand_ins

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import audit, cameras, lots, spot_labels, spots
from parkhub.db import labelled_sets as set_rows
from parkhub.domain.audit import ALL
from parkhub.domain.cameras import Camera, CameraRole, Gate
from parkhub.domain.corrections import Crop, Origin, SpotLabel, Word
from parkhub.domain.frames import Frame
from parkhub.domain.spots import SpotState
from parkhub.domain.trust import Trouble
from parkhub.errors import InvalidInputError, NotFoundError
from parkhub.services.corrections import correct_spot, undo_correction
from parkhub.services.labelled_sets import Judged, confirm, export, judge, save_picture
from parkhub.services.labels import crop_key, finish_crop
from parkhub.services.looks import Seen, save_look
from parkhub.services.troubles import Sight
from parkhub.settings import Settings

FREE, OCCUPIED = SpotState.FREE, SpotState.OCCUPIED
CROP = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7))


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def look(clients: Clients, camera: Camera, at_s: float = 0, trouble: Trouble | None = None) -> Frame:
    frame = await save_frame(camera, captured_at=after(at_s))
    await clients.pictures.put(frame.picture_key, b"a picture")
    opinions = [*seen(FREE, "A1"), *seen(OCCUPIED, "A2")]
    await save_look(clients, frame.id, Seen(opinions, 1, sight=Sight(camera.reference, trouble)))
    return frame


async def save(clients: Clients, camera: Camera, account_id: int | None = None) -> int:
    return await save_picture(clients, account_id, await cameras.get_camera(camera.id), after(9))


async def crops(camera: Camera, word: Word | None = None) -> list[SpotLabel]:
    return (await set_rows.list_set(camera.lot_id, word, None, None, 99))[::-1]


class TestCorrectingBesides:
    async def test_a_word_is_taken_back_whatever_was_said_of_crops_meanwhile(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=2)
        await look(clients, camera)
        said = await correct_spot(clients, None, camera.lot_id, "A1", True, after(1))
        await look(clients, camera, 2)
        await save(clients, camera)
        crop = next(each for each in await crops(camera, Word.PROPOSED) if each.name == "A1")
        await judge(None, camera.lot_id, crop.id, Judged(Word.SAID, True))
        await judge(None, camera.lot_id, said.id, Judged(Word.UNUSABLE, True))
        await undo_correction(clients, None, camera.lot_id, said.id, after(10))
        track = (await spots.load_tracks(camera.id))["A1"]
        assert (track.state, track.held_until) == (FREE, None)
        assert (await spot_labels.get_label(crop.id)).word is Word.SAID
        with pytest.raises(NotFoundError):
            await spot_labels.get_label(said.id)

    async def test_a_crop_saved_before_a_word_is_to_be_judged_again_once_that_is_taken_back(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=2)
        await look(clients, camera)
        await save(clients, camera)
        (crop, _) = await crops(camera)
        assert await finish_crop(clients, crop, b"png", CROP)
        said = await correct_spot(clients, None, camera.lot_id, "A1", True, after(1))
        assert (said.id, said.word, said.origin) == (crop.id, Word.SAID, Origin.CORRECTED)
        await undo_correction(clients, None, camera.lot_id, said.id, after(10))
        back = await spot_labels.get_label(crop.id)
        assert (back.word, back.origin, back.occupied, back.crop) == (Word.PROPOSED, Origin.PROPOSED, False, Crop.CUT)
        assert crop_key(crop) in clients.pictures.files
        assert (await spots.load_tracks(camera.id))["A1"].state is FREE
        with pytest.raises(NotFoundError):
            await undo_correction(clients, None, camera.lot_id, said.id, after(11))


class TestSaving:
    async def test_each_place_is_saved_with_the_engines_answer_and_cut_by_one_job(
        self, database: Settings, clients: Clients
    ) -> None:
        camera, kim = await save_camera(spots_seen=3), await save_account()
        frame = await look(clients, camera)
        assert await save(clients, camera, kim.id) == 3
        found = await crops(camera, Word.PROPOSED)
        assert [(each.name, each.said) for each in found] == [("A1", FREE), ("A2", OCCUPIED), ("A3", None)]
        assert {each.crop for each in found} == {Crop.WAITING}
        assert clients.queue.jobs == [(QueueName.ADAPTATION, "cut_picture", (frame.id,), f"cut:{frame.id}")]
        (entry,) = await audit.list_entries(ALL, None, 9)
        assert (entry.action, entry.account_id) == ("labels.saved", kim.id)

    async def test_what_nobody_has_judged_neither_measures_nor_teaches(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=2)
        await look(clients, camera)
        await save(clients, camera)
        assert await spot_labels.list_labels(camera.lot_id) == []

    async def test_a_picture_is_saved_once_and_a_persons_word_on_it_stays(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=2)
        frame = await look(clients, camera)
        await correct_spot(clients, None, camera.lot_id, "A1", True, after(1), frame.id)
        assert [await save(clients, camera) for _ in range(2)] == [1, 0]
        assert [(each.word, each.occupied) for each in await crops(camera)] == [
            (Word.SAID, True),
            (Word.PROPOSED, True),
        ]

    async def test_pictures_of_gates_are_never_saved_and_a_word_on_one_has_no_crop(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=2, gate=Gate(role=CameraRole.ENTRANCE))
        frame = await look(clients, camera)
        with pytest.raises(InvalidInputError, match="gates"):
            await save(clients, camera)
        await correct_spot(clients, None, camera.lot_id, "A1", True, after(1), frame.id)
        assert await crops(camera) == []

    async def test_nothing_is_saved_without_a_picture_or_of_one_that_is_not_believed(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=2)
        with pytest.raises(InvalidInputError, match="no picture"):
            await save(clients, camera)
        await look(clients, camera, 0, Trouble.DARK)
        with pytest.raises(InvalidInputError, match="not believed"):
            await save(clients, camera)


class TestJudging:
    async def test_a_crop_is_judged_and_that_is_taken_back(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=2)
        await look(clients, camera)
        await save(clients, camera)
        first, second = await crops(camera)
        assert (await judge(None, camera.lot_id, first.id, Judged(Word.SAID, True))).word is Word.PROPOSED
        await judge(None, camera.lot_id, second.id, Judged(Word.UNUSABLE, False))
        (label,) = await spot_labels.list_labels(camera.lot_id)
        assert (label.name, label.said, label.occupied) == ("A1", FREE, True)
        await judge(None, camera.lot_id, first.id, Judged(Word.PROPOSED, False))
        assert await spot_labels.list_labels(camera.lot_id) == []

    async def test_the_engines_answers_are_confirmed_where_it_had_one_and_nobody_judged(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=3)
        await look(clients, camera)
        await save(clients, camera)
        found = await crops(camera)
        await judge(None, camera.lot_id, found[0].id, Judged(Word.UNUSABLE, False))
        assert await confirm(None, camera.lot_id, [each.id for each in found] + [12345]) == 1
        assert [each.word for each in await crops(camera)] == [Word.UNUSABLE, Word.SAID, Word.PROPOSED]

    async def test_another_lots_crop_is_not_there(self, database: Settings, clients: Clients) -> None:
        label = await save_label((await save_lot()).id)
        other = await save_lot()
        with pytest.raises(NotFoundError):
            await judge(None, other.id, label.id, Judged(Word.SAID, True))
        assert await confirm(None, other.id, [label.id]) == 0


class TestTakingOut:
    async def test_the_set_has_a_folder_for_each_class_a_table_and_a_page_that_explains_them(
        self, database: Settings, clients: Clients, tmp_path: Path
    ) -> None:
        camera = await save_camera(spots_seen=3)
        lot = await lots.get_lot(camera.lot_id)
        await look(clients, camera)
        await save(clients, camera)
        found = await crops(camera)
        for label in found:
            await finish_crop(clients, label, b"png of " + label.name.encode(), CROP)
        await confirm(None, lot.id, [label.id for label in found])
        assert await export(clients, None, lot, tmp_path / "set.zip", 365, NOW) == 2
        with zipfile.ZipFile(tmp_path / "set.zip") as archive:
            names = [f"free/{found[0].id}.png", f"occupied/{found[1].id}.png"]
            assert archive.namelist() == [names[1], names[0], "labels.csv", "README.md"]
            assert archive.read(names[0]) == b"png of A1"
            rows = list(csv.DictReader(io.StringIO(archive.read("labels.csv").decode())))
            assert "1 free and 1 occupied" in archive.read("README.md").decode()
        assert [(row["file"], row["state"], row["engine_said"]) for row in rows] == [
            (names[1], "occupied", "occupied"),
            (names[0], "free", "free"),
        ]
        assert rows[0]["camera"] == camera.public_id
        assert rows[0]["polygon"] == "0.30000 0.30000;0.70000 0.30000;0.70000 0.70000"

    async def test_without_a_judged_crop_there_is_no_set(
        self, database: Settings, clients: Clients, tmp_path: Path
    ) -> None:
        lot = await save_lot()
        with pytest.raises(InvalidInputError, match="judge"):
            await export(clients, None, lot, tmp_path / "set.zip", 365, NOW)

    async def test_a_name_that_a_spreadsheet_would_run_is_only_text(
        self, database: Settings, clients: Clients, tmp_path: Path
    ) -> None:
        lot = await save_lot()
        label = await save_label(lot.id, name="=1+1")
        await finish_crop(clients, label, b"png", CROP)
        await export(clients, None, lot, tmp_path / "set.zip", 365, NOW)
        with zipfile.ZipFile(tmp_path / "set.zip") as archive:
            assert "'=1+1" in archive.read("labels.csv").decode()
