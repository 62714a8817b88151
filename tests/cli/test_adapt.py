"""`parkhub adapt` as operators and scripts call it, without any running worker."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import NOW, save_camera, save_frame, save_label, save_lot
from processes import completed
from workers import a_row, places

from parkhub.clients.pictures import FolderStore
from parkhub.db import cameras, spot_heads, spot_labels
from parkhub.domain.cameras import Camera
from parkhub.domain.corrections import Crop
from parkhub.domain.spots import SpotState
from parkhub.settings import Settings


async def parkhub(settings: Settings, *arguments: object) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        completed,
        [sys.executable, "-m", "parkhub.cli.main", "adapt", *map(str, arguments)],
        timeout_s=120,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "PARKHUB_DATA_DIR": str(settings.data_dir),
            "PARKHUB_DATABASE_URL": settings.database_url,
        },
    )


def lines(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
async def camera(database: Settings) -> Camera:
    """Eight places of the lot "north"."""
    return await save_camera(await save_lot(slug="north"), places(8), public_id="pole")


def labelled(folder: Path, count: int = 5) -> Path:
    """Pictures of a day each, with their labels."""
    rows = []
    for number in range(count):
        taken = {number % 8, (number + 3) % 8}
        (folder / f"{number}.jpg").write_bytes(a_row(8, taken, 80 + 10 * number))
        spots: list[dict[str, Any]] = [{"id": f"A{at + 1}", "occupied": at in taken} for at in range(8)]
        spots.append({"id": "A1", "state": "unknown"})
        rows.append({"image": f"{number}.jpg", "at": f"2026-05-{number + 1:02}T12:00:00Z", "spots": spots})
    (folder / "frames.json").write_text(json.dumps(rows))
    return folder / "frames.json"


async def test_labelled_pictures_are_imported_once_fitted_listed_and_turned_back(
    database: Settings, camera: Camera, tmp_path: Path
) -> None:
    file = labelled(tmp_path)
    first = lines(await parkhub(database, "import", "north", file, "--camera", "pole"))
    assert first == [{"image": f"{number}.jpg", "labels": 8, "new": 8} for number in range(5)]
    again = lines(await parkhub(database, "import", "north", file, "--camera", "pole"))
    assert {line["new"] for line in again} == {0}

    (fitted,) = lines(await parkhub(database, "run", "north"))
    assert (fitted["version"], fitted["labels"], fitted["new"]) == (1, 40, True)
    (same,) = lines(await parkhub(database, "run", "north"))
    assert (same["version"], same["new"]) == (1, False)

    assert lines(await parkhub(database, "revert", "north", "--to", 1)) == [{"lot": "north", "version": 1}]
    (shown,) = lines(await parkhub(database, "list", "north"))
    assert (shown["version"], shown["active"], shown["note"]) == (1, True, "Judges this lot.")
    assert (await cameras.get_camera(camera.id)).head_id is not None
    assert lines(await parkhub(database, "revert", "north")) == [{"lot": "north", "version": None}]
    assert await spot_heads.active_version(camera.lot_id) is None


async def test_a_fit_in_the_background_that_failed_or_never_ended_is_listed(sqlite_open: Settings) -> None:
    lot = await save_lot(slug="north")
    assert lines(await parkhub(sqlite_open, "list", "north")) == []
    await spot_heads.ask_fit(lot.id, NOW)  # long ago
    (lost,) = lines(await parkhub(sqlite_open, "list", "north"))
    assert (lost["version"], lost["created_at"]) == (None, NOW.isoformat())
    assert "has not ended" in lost["note"]
    await spot_heads.end_fit(lot.id, NOW, "19 more labels needed.")
    (failed,) = lines(await parkhub(sqlite_open, "list", "north"))
    assert failed["note"] == "The fit that was asked for failed: 19 more labels needed."
    await spot_heads.end_fit(lot.id, NOW, "")
    assert lines(await parkhub(sqlite_open, "list", "north")) == []


async def test_labels_and_accuracy_say_what_people_and_the_engine_said(sqlite_open: Settings, tmp_path: Path) -> None:
    lot = await save_lot(slug="north")
    label = await save_label(lot.id, occupied=True, said=SpotState.FREE, confidence=0.75)
    await save_label(lot.id, occupied=False, said=SpotState.FREE)
    shown = lines(await parkhub(sqlite_open, "labels", "north"))
    assert shown[-1] == {
        "id": label.id,
        "spot": "A1",
        "state": "occupied",
        "said": "free",
        "confidence": 0.75,
        "at": label.at.isoformat(),
        "crop": "waiting",
    }
    (measured,) = lines(await parkhub(sqlite_open, "accuracy", "north"))
    assert measured == {
        "lot": "north", "free": 1, "free_right": 1, "occupied": 1, "occupied_right": 0, "unseen": 0, "balanced": 0.5,
    }  # fmt: skip
    assert lines(await parkhub(sqlite_open, "forget", "north", label.id)) == [{"lot": "north", "forgotten": 1}]
    assert lines(await parkhub(sqlite_open, "forget", "north", "--all")) == [{"lot": "north", "forgotten": 1}]
    assert await spot_labels.list_labels(lot.id) == []


async def test_a_run_cuts_what_no_worker_has_cut_yet(sqlite_open: Settings) -> None:
    camera = await save_camera(await save_lot(slug="north"), places(2))
    frame = await save_frame(camera)
    await FolderStore(sqlite_open.pictures_dir).put(frame.picture_key, a_row(2, (1,)))
    label = await save_label(
        camera.lot_id, camera_id=camera.id, frame_id=frame.id, polygon=places(2)[1].polygon, occupied=True
    )
    result = await parkhub(sqlite_open, "run", "north")
    assert (result.returncode, result.stdout) == (1, "")
    assert "19 more labels needed" in result.stderr
    assert (await spot_labels.get_label(label.id)).crop is Crop.CUT


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("list", "south"), "There is no lot south."),
        (("revert", "north", "--to", "7"), "There is no version 7"),
        (("forget", "north", "4711"), "no label 4711"),
        (("run", "north"), "20 more labels needed"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence_and_status_1(
    sqlite_open: Settings, arguments: tuple[str, ...], words: str
) -> None:
    await save_lot(slug="north")
    result = await parkhub(sqlite_open, *arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr


async def test_a_bad_picture_is_named_and_the_others_are_kept(sqlite_open: Settings, tmp_path: Path) -> None:
    await save_camera(await save_lot(slug="north"), places(8), public_id="pole")
    file = labelled(tmp_path, 2)
    (tmp_path / "0.jpg").write_bytes(b"no picture")
    result = await parkhub(sqlite_open, "import", "north", file, "--camera", "pole")
    assert result.returncode == 1
    assert [json.loads(line)["image"] for line in result.stdout.splitlines()] == ["1.jpg"]
    assert "0.jpg" in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "JSON"),
        ("{}", "list of pictures"),
        ('[{"image": "0.jpg"}]', "spots"),
        ('[{"image": "0.jpg", "spots": [{"occupied": "maybe"}]}]', "occupied"),
        ('[{"image": "0.jpg", "spots": [{"occupied": true, "polygon": [[1, 2], [3]]}]}]', "polygon"),
        ('[{"image": "0.jpg", "at": "noon", "spots": []}]', "time"),
    ],
)
async def test_a_file_that_makes_no_sense_is_refused_with_the_place(
    sqlite_open: Settings, tmp_path: Path, text: str, words: str
) -> None:
    await save_camera(await save_lot(slug="north"), public_id="pole")
    (tmp_path / "frames.json").write_text(text)
    result = await parkhub(sqlite_open, "import", "north", tmp_path / "frames.json", "--camera", "pole")
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr
