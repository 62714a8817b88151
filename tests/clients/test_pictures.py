import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from parkhub.clients.pictures import FolderStore, MemoryStore, PictureStore
from parkhub.errors import InvalidInputError, NotFoundError, TooLargeError


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PictureStore:
    return FolderStore(tmp_path / "pictures") if request.param == "folder" else MemoryStore()


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_was_put_is_got_back(store: PictureStore) -> None:
    await store.put("frames/20261121/10/1/ab.jpg", b"picture")
    assert await store.get("frames/20261121/10/1/ab.jpg") == b"picture"


async def test_putting_again_replaces(store: PictureStore) -> None:
    await store.put("memory/1/difference", b"old")
    await store.put("memory/1/difference", b"new")
    assert await store.get("memory/1/difference") == b"new"


async def test_what_was_deleted_is_not_found_and_deleting_twice_does_no_harm(store: PictureStore) -> None:
    await store.put("frames/1.jpg", b"picture")
    await store.delete("frames/1.jpg")
    await store.delete("frames/1.jpg")
    with pytest.raises(NotFoundError):
        await store.get("frames/1.jpg")


async def test_a_folder_goes_with_all_below_it_and_nothing_beside_it(store: PictureStore) -> None:
    for key in ("recordings/1/video", "recordings/1/out/a.csv", "recordings/10/video"):
        await store.put(key, b"x")
    await store.delete_folder("recordings/1")
    assert await store.used_bytes("recordings") == 1


async def test_used_bytes_are_counted_below_a_prefix(store: PictureStore) -> None:
    assert await store.used_bytes("frames") == 0
    await store.put("frames/1/a.jpg", b"123")
    await store.put("frames/2/b.jpg", b"4567")
    await store.put("memory/1/difference", b"89")
    assert await store.used_bytes("frames") == 7


async def test_a_stream_is_kept_whole(store: PictureStore) -> None:
    assert await store.put_stream("recordings/1/video", chunks(b"ab", b"", b"cde"), 5) == 5
    assert await store.get("recordings/1/video") == b"abcde"


async def test_a_stream_beyond_the_limit_leaves_nothing(store: PictureStore, tmp_path: Path) -> None:
    with pytest.raises(TooLargeError):
        await store.put_stream("recordings/1/video", chunks(b"abc", b"def"), 5)
    with pytest.raises(NotFoundError):
        await store.get("recordings/1/video")
    assert files_below(tmp_path) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        "a/./b",
        ".hidden",
        "a/.hidden",
        "a\\b",
        "a b",
        "a\x00",
        "é",
        "a/",
        "a\n",
        "x" * 101,
        "/".join("abcdefghi"),
    ],
    ids=repr,
)
async def test_a_key_that_could_leave_the_store_is_refused(store: PictureStore, key: str) -> None:
    for attempt in (store.put(key, b"x"), store.get(key), store.delete(key)):
        with pytest.raises(InvalidInputError):
            await attempt
    with pytest.raises(InvalidInputError):
        store.path(key)


async def test_a_memory_store_has_no_paths() -> None:
    with pytest.raises(NotFoundError):
        MemoryStore().path("frames/1.jpg")


async def test_a_key_that_names_a_folder_is_not_found(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    await store.put("frames/1/a.jpg", b"x")
    for key in ("frames/1", "frames/1/a.jpg/b"):
        with pytest.raises(NotFoundError):
            await store.get(key)


async def test_the_path_is_where_the_file_lies(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    await store.put("recordings/1/video.mp4", b"film")
    assert store.path("recordings/1/video.mp4").read_bytes() == b"film"


async def test_only_its_owner_reads_a_picture(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "pictures")
    await store.put("frames/1.jpg", b"x")
    assert store.path("frames/1.jpg").stat().st_mode & 0o077 == 0
    assert (tmp_path / "pictures" / "frames").stat().st_mode & 0o077 == 0


async def test_emptied_folders_go_too_but_never_the_store_itself(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "pictures")
    await store.put("frames/1/a.jpg", b"x")
    await store.put("frames/2/b.jpg", b"x")
    await store.delete("frames/1/a.jpg")
    assert [path.name for path in (tmp_path / "pictures" / "frames").iterdir()] == ["2"]
    await store.delete("frames/2/b.jpg")
    assert list((tmp_path / "pictures").iterdir()) == []


async def test_puts_and_deletes_in_one_folder_do_not_trip_over_each_other(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)

    async def come_and_go(number: int) -> None:
        for _ in range(20):
            await store.put(f"frames/1/{number}.jpg", b"x")
            await store.delete(f"frames/1/{number}.jpg")

    await asyncio.gather(*(come_and_go(number) for number in range(8)))
    assert files_below(tmp_path) == []


async def test_a_reader_never_sees_half_a_picture(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    one, other = b"1" * 400_000, b"2" * 300_000
    await store.put("memory/1/difference", one)

    async def write() -> None:
        for data in (other, one) * 15:
            await store.put("memory/1/difference", data)

    writing = asyncio.create_task(write())
    while not writing.done():
        assert await store.get("memory/1/difference") in (one, other)
    await writing


async def test_an_unfinished_stream_is_no_file_and_is_listed_once_old(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    await store.put("frames/1/a.jpg", b"x")
    left = tmp_path / "frames" / "1" / "new-0123"
    left.write_bytes(b"half")
    two_hours_ago = time.time() - 7200
    os.utime(left, (two_hours_ago, two_hours_ago))
    assert await store.list_older("frames", 3600) == ["frames/1/new-0123"]
    await store.delete("frames/1/new-0123")
    assert await store.list_older("frames", 0) == ["frames/1/a.jpg"]
