"""Stored pictures and recordings."""

import asyncio
import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from parkhub.errors import BusyError, InvalidInputError, NotFoundError, TooLargeError

_KEY = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}/){0,7}[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_TEMPORARY = "new-"

T = TypeVar("T")


class PictureStore(Protocol):
    """Bytes by key. A key is up to eight names of letters, digits, `.`, `_` and `-`, joined by `/`."""

    async def put(self, key: str, data: bytes) -> None:
        """Keep bytes; they are on the disk when this returns. Raises BusyError when the disk is full."""

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes], bytes_max: int) -> int:
        """Keep a stream without holding it in memory; answers its bytes. Raises TooLargeError, keeping nothing."""

    async def get(self, key: str) -> bytes:
        """The bytes. Raises NotFoundError."""

    async def delete(self, key: str) -> None:
        """Forget them; nothing happens when there are none."""

    async def delete_folder(self, prefix: str) -> None:
        """Forget every key below ``prefix/``."""

    def path(self, key: str) -> Path:
        """Where the file lies, or would lie, on this machine."""

    async def used_bytes(self, prefix: str) -> int:
        """Bytes kept below ``prefix/``."""

    async def list_older(self, prefix: str, age_s: float) -> list[str]:
        """Keys below ``prefix/`` last written at least ``age_s`` ago, unfinished writes among them."""


def check_key(key: str) -> str:
    """The key itself. Raises InvalidInputError for one that could leave the store or surprise a file system."""
    if not _KEY.fullmatch(key):
        raise InvalidInputError("A picture's key has letters, digits, dots, dashes and at most eight folders.")
    return key


class FolderStore:
    """The real one: a folder. A file appears whole or not at all, and stays after a power cut."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, data: bytes) -> None:
        """See `PictureStore`."""
        path = self.path(key)
        await asyncio.to_thread(_on_disk, self._write, path, data)

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes], bytes_max: int) -> int:
        """See `PictureStore`."""
        path = self.path(key)
        temporary = path.with_name(_TEMPORARY + secrets.token_hex(8))
        handle = await asyncio.to_thread(_on_disk, _open_new, temporary)
        total = 0
        try:
            try:
                async for chunk in chunks:
                    total += len(chunk)
                    if total > bytes_max:
                        raise TooLargeError(f"The file is larger than {bytes_max:,} bytes. Send a smaller one.")
                    await asyncio.to_thread(_on_disk, _write_all, handle, chunk)
                await asyncio.to_thread(_on_disk, os.fsync, handle)
            finally:
                os.close(handle)
            await asyncio.to_thread(_on_disk, _put_in_place, temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return total

    async def get(self, key: str) -> bytes:
        """See `PictureStore`."""
        path = self.path(key)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFoundError("This picture is no longer kept.") from None

    async def delete(self, key: str) -> None:
        """See `PictureStore`."""
        await asyncio.to_thread(self._delete, self.path(key))

    async def delete_folder(self, prefix: str) -> None:
        """See `PictureStore`."""
        await asyncio.to_thread(shutil.rmtree, self.path(prefix), ignore_errors=True)

    def path(self, key: str) -> Path:
        """See `PictureStore`."""
        return self._root / check_key(key)

    async def used_bytes(self, prefix: str) -> int:
        """See `PictureStore`."""
        folder = self.path(prefix)
        return await asyncio.to_thread(lambda: sum(stat.st_size for _, stat in _walk(folder)))

    async def list_older(self, prefix: str, age_s: float) -> list[str]:
        """See `PictureStore`."""
        folder = self.path(prefix)
        before = time.time() - age_s

        def find() -> list[str]:
            old = (path for path, stat in _walk(folder) if stat.st_mtime <= before)
            return sorted(key for path in old if _KEY.fullmatch(key := path.relative_to(self._root).as_posix()))

        return await asyncio.to_thread(find)

    def _write(self, path: Path, data: bytes) -> None:
        temporary = path.with_name(_TEMPORARY + secrets.token_hex(8))
        try:
            handle = _open_new(temporary)
            try:
                _write_all(handle, data)
                os.fsync(handle)
            finally:
                os.close(handle)
            _put_in_place(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _delete(self, path: Path) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
        # An emptied folder goes too, or a camera leaves 24 of them a day. Not empty, or gone already: fine.
        folder = path.parent
        while folder != self._root and self._root in folder.parents:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


class MemoryStore:
    """A stand-in that keeps bytes in ``files``; nothing has a path."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def put(self, key: str, data: bytes) -> None:
        """See `PictureStore`."""
        self.files[check_key(key)] = bytes(data)

    async def put_stream(self, key: str, chunks: AsyncIterator[bytes], bytes_max: int) -> int:
        """See `PictureStore`."""
        data = b"".join([chunk async for chunk in chunks])
        if len(data) > bytes_max:
            raise TooLargeError(f"The file is larger than {bytes_max:,} bytes. Send a smaller one.")
        await self.put(key, data)
        return len(data)

    async def get(self, key: str) -> bytes:
        """See `PictureStore`."""
        try:
            return self.files[check_key(key)]
        except KeyError:
            raise NotFoundError("This picture is no longer kept.") from None

    async def delete(self, key: str) -> None:
        """See `PictureStore`."""
        self.files.pop(check_key(key), None)

    async def delete_folder(self, prefix: str) -> None:
        """See `PictureStore`."""
        for key in [key for key in self.files if key.startswith(f"{prefix}/")]:
            del self.files[key]

    def path(self, key: str) -> Path:
        """Raises NotFoundError: what is in memory lies nowhere."""
        raise NotFoundError(f"{check_key(key)} is kept in memory and lies nowhere on disk.")

    async def used_bytes(self, prefix: str) -> int:
        """See `PictureStore`."""
        return sum(len(data) for key, data in self.files.items() if key.startswith(f"{prefix}/"))

    async def list_older(self, prefix: str, age_s: float) -> list[str]:  # noqa: ARG002
        """Every key: when it was written is not kept."""
        return sorted(key for key in self.files if key.startswith(f"{prefix}/"))


def _on_disk(work: Callable[..., T], *args: object) -> T:
    try:
        return work(*args)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise BusyError("The server's disk takes no more pictures. Try again later.", retry_after_s=60) from error
        raise


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _open_new(path: Path) -> int:
    for _ in range(10):
        with suppress(FileNotFoundError):  # a delete took the empty folder, or the one above it, away in between
            _make_folder(path.parent)
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    raise FileNotFoundError(errno.ENOENT, "The folder is taken away again and again", str(path.parent))


def _make_folder(folder: Path) -> None:
    """Make it and its parents, each durable in its own parent."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _put_in_place(temporary: Path, path: Path) -> None:
    temporary.rename(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Files below a folder, with those that go away meanwhile left out."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with suppress(FileNotFoundError):
                yield path, path.stat()
