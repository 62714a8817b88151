"""A folder that another program writes pictures to."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cameras import next_frame, read_to_the_end
from pictures import jpeg

from camera_node.sources.folder import FolderSource
from camera_node.sources.frame import FrameError
from camera_node.sources.source import SourceError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    return made


def _open(folder: Path, state: Path | None, *, existing: bool = False) -> FolderSource:
    source = FolderSource(folder, state, existing=existing)
    source.open()
    return source


def _names(source: FolderSource, count: int) -> list[str]:
    return [next_frame(source).name for _ in range(count)]


def test_new_and_changed_pictures_come_once_and_half_written_ones_when_finished(folder: Path, tmp_path: Path) -> None:
    (folder / "before.jpg").write_bytes(jpeg(0))
    source = _open(folder, tmp_path / "state")
    assert source.read() is None
    (folder / "a.jpg").write_bytes(jpeg(1))
    (folder / "half.jpg").write_bytes(jpeg(2)[:200])
    assert _names(source, 1) == ["a.jpg"]
    (folder / "half.jpg").write_bytes(jpeg(2))
    assert _names(source, 1) == ["half.jpg"]
    (folder / "before.jpg").write_bytes(jpeg(3) + b"\x00")
    assert _names(source, 1) == ["before.jpg"]
    assert source.read() is None
    source.close()


def test_a_picture_that_was_given_but_not_yet_handed_on_comes_again(folder: Path, tmp_path: Path) -> None:
    source = _open(folder, tmp_path / "state", existing=True)
    (folder / "a.jpg").write_bytes(jpeg(1))
    assert _names(source, 1) == ["a.jpg"]
    source.close()
    again = _open(folder, tmp_path / "state", existing=True)
    assert _names(again, 1) == ["a.jpg"]
    again.close()


def _until_dead(folder: Path, state: Path) -> list[str]:
    """What a source gives whose process dies of "bad.jpg", which it does not live to put in order."""
    source, given = _open(folder, state, existing=True), list[str]()
    while "bad.jpg" not in given and "z.jpg" not in given:
        given.append(next_frame(source).name)
    return given


def test_a_picture_that_kills_its_reader_is_passed_over_the_third_time_and_named(folder: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "bad.jpg", "z.jpg"):
        (folder / name).write_bytes(jpeg(1))
    assert _until_dead(folder, tmp_path / "state")[-1] == "bad.jpg"
    assert _until_dead(folder, tmp_path / "state")[-1] == "bad.jpg"
    (folder / "a.jpg").unlink()
    source = _open(folder, tmp_path / "state", existing=True)
    with pytest.raises(FrameError, match=r"bad\.jpg is passed over"):
        next_frame(source)
    assert _names(source, 1) == ["z.jpg"]
    (folder / "bad.jpg").write_bytes(jpeg(2) + b"\x00")
    assert _names(source, 1) == ["bad.jpg"]
    source.close()


def test_a_picture_that_was_in_hand_at_an_orderly_end_is_not_held_against_it(folder: Path, tmp_path: Path) -> None:
    (folder / "a.jpg").write_bytes(jpeg(1))
    for _ in range(4):
        source = _open(folder, tmp_path / "state", existing=True)
        assert _names(source, 1) == ["a.jpg"]
        source.close()


def test_the_files_time_is_the_captures_unless_it_lies_in_the_future(folder: Path) -> None:
    (folder / "old.jpg").write_bytes(jpeg(1))
    os.utime(folder / "old.jpg", (1e9, 1e9))
    (folder / "tomorrow.jpg").write_bytes(jpeg(2))
    os.utime(folder / "tomorrow.jpg", (4e9, 4e9))
    source = _open(folder, None, existing=True)
    frames = {frame.name: frame for frame in (next_frame(source), next_frame(source))}
    found = {name: frame.captured_at for name, frame in frames.items()}
    source.close()
    assert (frames["old.jpg"].doubtful, frames["tomorrow.jpg"].doubtful) == (False, True)
    assert found["old.jpg"] == datetime.fromtimestamp(1e9, UTC)
    assert found["tomorrow.jpg"] <= datetime.now(UTC)


def test_a_snapshot_is_the_newest_file_again(folder: Path) -> None:
    (folder / "a.jpg").write_bytes(jpeg(1))
    source = _open(folder, None)
    source.hurry()
    assert next_frame(source).name == "a.jpg"
    source.close()


def test_a_folder_that_is_not_there_or_goes_away_is_named_and_read_again_when_back(folder: Path) -> None:
    gone = folder.rename(folder.with_name("gone"))
    source = FolderSource(folder, None)
    with pytest.raises(SourceError, match="cannot be read"):
        source.open()
    gone.rename(folder)
    source.open()
    source.read()
    folder.rename(gone)
    assert str(read_to_the_end(source)[1]) == f"The folder {folder} has gone."
    source.close()
    gone.rename(folder)
    source.open()
    (folder / "a.jpg").write_bytes(jpeg(1))
    assert _names(source, 1) == ["a.jpg"]
    source.close()
