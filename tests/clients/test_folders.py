"""Watched folders on the disk: nothing outside of what is allowed, no link, nothing that is not finished."""

import os
from pathlib import Path

import pytest

from parkhub.clients.folders import DEPTH_MAX, delete_file, list_files, list_folders, place, read_file
from parkhub.domain.folders import FoundFile
from parkhub.errors import InvalidInputError, NotFoundError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "allowed"
    (found / "roof").mkdir(parents=True)
    return found


def names(root: Path, folder: Path) -> list[str]:
    return sorted(file.name for file in list_files([root], str(folder)))


@pytest.mark.parametrize("path", ["/etc", "roof", "", "{root}/../secret", "{root}x", "{root}/roof/../../secret", "/"])
def test_no_folder_outside_of_what_is_allowed_is_opened(root: Path, path: str) -> None:
    (root.parent / "secret").mkdir()
    with pytest.raises(InvalidInputError, match="below one of those"):
        list_files([root], path.replace("{root}", str(root)))


def test_a_folder_is_found_below_the_one_that_allows_it(root: Path) -> None:
    assert place([Path("/srv"), root], f"{root}/roof/north") == (root, ("roof", "north"))


def test_pictures_are_listed_with_those_of_folders_below_but_nothing_else(root: Path) -> None:
    for name in ("a.jpg", "b.PNG", "c.webp", "d.txt", ".e.jpg", "2026/11/f.jpeg", ".cache/g.jpg"):
        file = root / "roof" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    assert names(root, root / "roof") == ["2026/11/f.jpeg", "a.jpg", "b.PNG", "c.webp"]
    deep = root / "roof" / "/".join("d" * (DEPTH_MAX + 2))
    deep.mkdir(parents=True)
    (deep / "h.jpg").write_bytes(b"x")
    assert len(names(root, root / "roof")) == 4


def test_no_link_is_followed_wherever_it_stands(root: Path) -> None:
    secret = root.parent / "secret"
    secret.mkdir()
    (secret / "s.jpg").write_bytes(b"secret")
    (root / "link").symlink_to(secret)
    (root / "roof" / "below").symlink_to(secret)
    (root / "roof" / "s.jpg").symlink_to(secret / "s.jpg")
    (root / "roof" / "own" / "deeper").mkdir(parents=True)
    os.mkfifo(root / "roof" / "pipe.jpg")
    assert names(root, root / "roof") == []
    assert list_folders([root], f"{root}/roof") == [f"{root}/roof{below}" for below in ("", "/own", "/own/deeper")]
    with pytest.raises(NotFoundError, match="it is a link"):
        list_files([root], f"{root}/link")
    seen = (secret / "s.jpg").stat()
    for name in ("s.jpg", "below/s.jpg"):
        file = FoundFile(name, seen.st_size, seen.st_mtime_ns)
        assert read_file([root], f"{root}/roof", file, 100) is None
        delete_file([root], f"{root}/roof", file)
    assert (secret / "s.jpg").exists()
    (root / "roof").rename(root / "was")
    (root / "roof").symlink_to(secret)
    with pytest.raises(NotFoundError, match="it is a link"):
        list_files([root], f"{root}/roof")


def test_a_file_that_changes_is_neither_read_nor_deleted(root: Path) -> None:
    file = root / "roof" / "a.jpg"
    file.write_bytes(b"first")
    [found] = list_files([root], f"{root}/roof")
    assert read_file([root], f"{root}/roof", found, 100) == b"first"
    assert read_file([root], f"{root}/roof", found, 3) == b"firs"
    file.write_bytes(b"second, longer")
    assert read_file([root], f"{root}/roof", found, 100) is None
    delete_file([root], f"{root}/roof", found)
    assert file.exists()
    [found] = list_files([root], f"{root}/roof")
    delete_file([root], f"{root}/roof", found)
    assert not file.exists()
    delete_file([root], f"{root}/roof", found)
    assert read_file([root], f"{root}/roof", found, 100) is None


def test_a_folder_that_is_away_says_so(root: Path) -> None:
    with pytest.raises(NotFoundError, match="there is none of that name"):
        list_files([root], f"{root}/cellar")
