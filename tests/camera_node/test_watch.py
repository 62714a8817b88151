"""A watched folder: what is taken, and when."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pictures import encode, jpeg

from camera_node.picture import is_picture_name, is_whole
from camera_node.sources.watch import NEVER_STILL_S, SETTLE_S, UNFINISHED_S, FolderWatch, mark_of, scan, watch_folder


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _finished(watch: FolderWatch, given_up: list[Path] | None = None) -> list[Path]:
    return list(watch.take_finished((given_up if given_up is not None else []).append))


def test_a_new_picture_is_taken_once_it_has_stood_still(tmp_path: Path, clock: Clock) -> None:
    watch, file = FolderWatch({}, clock), tmp_path / "a.jpg"
    file.write_bytes(jpeg())
    watch.notice(file)
    assert _finished(watch) == []
    clock.now_s += SETTLE_S
    assert _finished(watch) == [file]
    watch.notice(file)
    clock.now_s += SETTLE_S
    assert _finished(watch) == []


def test_a_half_written_picture_waits_for_its_end(tmp_path: Path, clock: Clock) -> None:
    watch, file, data = FolderWatch({}, clock), tmp_path / "a.jpg", jpeg()
    file.write_bytes(data[: len(data) // 2])
    watch.notice(file)
    clock.now_s += 5
    assert _finished(watch) == []
    file.write_bytes(data)
    assert _finished(watch) == []
    clock.now_s += SETTLE_S
    assert _finished(watch) == [file]


def test_a_picture_that_is_never_finished_is_given_up_and_named(tmp_path: Path, clock: Clock) -> None:
    watch, file, given_up = FolderWatch({}, clock), tmp_path / "a.jpg", list[Path]()
    file.write_bytes(jpeg()[:100])
    watch.notice(file)
    clock.now_s += UNFINISHED_S
    assert _finished(watch, given_up) == []
    assert given_up == [file]


def test_a_changed_picture_is_taken_again(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(jpeg(1))
    mark = mark_of(file)
    assert mark is not None
    watch = FolderWatch({file: mark}, clock)
    watch.notice(file)
    clock.now_s += SETTLE_S
    assert _finished(watch) == []
    file.write_bytes(jpeg(2) + b"\x00")
    watch.notice(file)
    clock.now_s += SETTLE_S
    assert _finished(watch) == [file]


def test_a_picture_that_goes_away_is_forgotten(tmp_path: Path, clock: Clock) -> None:
    watch, file = FolderWatch({}, clock), tmp_path / "a.jpg"
    file.write_bytes(jpeg())
    watch.notice(file)
    file.unlink()
    clock.now_s += 60
    assert _finished(watch) == []
    assert watch.size == 0


def test_pictures_that_were_taken_and_deleted_are_forgotten(tmp_path: Path, clock: Clock) -> None:
    watch = FolderWatch({}, clock)
    for number in range(20):
        file = tmp_path / f"{number}.jpg"
        file.write_bytes(jpeg())
        watch.notice(file)
        clock.now_s += SETTLE_S
        assert _finished(watch) == [file]
        file.unlink()
        watch.forget(file)
    assert watch.size == 0


def test_a_late_notice_of_a_deletion_forgets_no_file_that_is_there(tmp_path: Path, clock: Clock) -> None:
    watch, file = FolderWatch({}, clock), tmp_path / "a.jpg"
    file.write_bytes(jpeg())
    watch.notice(file)
    watch.forget(file)
    clock.now_s += SETTLE_S
    assert _finished(watch) == [file]


def test_a_file_that_never_stands_still_is_given_up_and_named(tmp_path: Path, clock: Clock) -> None:
    watch, file, given_up = FolderWatch({}, clock), tmp_path / "a.jpg", list[Path]()
    file.write_bytes(b"x")
    watch.notice(file)
    while not given_up:
        clock.now_s += 1
        file.write_bytes(file.read_bytes() + b"x")
        assert _finished(watch, given_up) == []
        assert clock.now_s < 100 + NEVER_STILL_S + 2
    assert given_up == [file]


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("a.jpg", True),
        ("a.JPEG", True),
        ("a.png", True),
        ("a.webp", True),
        (".a.jpg", False),
        ("~a.jpg", False),
        ("a.jpg.part", False),
        ("a.jpg.tmp", False),
        ("a.jpg~", False),
        ("a.txt", False),
        ("jpg", False),
    ],
)
def test_names_tell_pictures_from_the_rest(name: str, taken: bool) -> None:
    assert is_picture_name(Path(name)) == taken


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_cut_picture_of_each_type_is_not_whole(kind: str) -> None:
    from pictures import draw

    data = encode(draw(), kind)
    assert is_whole(data)
    assert not is_whole(data[:-3])
    assert not is_whole(data[: len(data) // 2])


def test_a_real_folder_gives_new_finished_and_renamed_pictures_only(tmp_path: Path) -> None:
    (tmp_path / "before.jpg").write_bytes(jpeg(0))
    started: list[bool] = []
    taken: Iterator[Path] = watch_folder(tmp_path, lambda _: None, ready=lambda: _fill(tmp_path, started))
    assert sorted(next(taken).name for _ in range(2)) == ["first.jpg", "renamed.jpg"]
    (tmp_path / "before.jpg").write_bytes(jpeg(5) + b"\x00")
    assert next(taken).name == "before.jpg"
    taken.close()  # type: ignore[attr-defined]


def _fill(folder: Path, started: list[bool]) -> None:
    started.append(True)
    (folder / "first.jpg").write_bytes(jpeg(1))
    (folder / ".hidden.jpg").write_bytes(jpeg(2))
    (folder / "half.jpg").write_bytes(jpeg(3)[:200])
    (folder / "notes.txt").write_text("no picture")
    (folder / "renamed.jpg.part").write_bytes(jpeg(4))
    (folder / "renamed.jpg.part").rename(folder / "renamed.jpg")


def test_what_is_there_already_comes_first_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "before.jpg").write_bytes(jpeg())
    taken = watch_folder(tmp_path, lambda _: None, existing=True)
    assert next(taken).name == "before.jpg"
    taken.close()  # type: ignore[attr-defined]


def test_a_scan_leaves_other_files_out(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    (tmp_path / "a.txt").write_bytes(b"x")
    assert list(scan(tmp_path)) == [tmp_path / "a.jpg"]
