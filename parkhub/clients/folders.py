"""Folders on the server outside of our own. No link is followed on the way to a file, whoever may write there.

Every name is opened from the folder above it (POSIX.1-2024, openat with O_NOFOLLOW), so that nothing can be put in
between a check and what is done after it.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from parkhub.domain.folders import FoundFile, is_picture
from parkhub.errors import InvalidInputError, NotFoundError

DEPTH_MAX: Final = 6
FILES_MAX: Final = 100_000
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NOT_BELOW: Final = "Name a folder below one of those that the server allows."
GONE: Final = "The folder cannot be opened: {}."
TOO_MANY: Final = (
    f"The folder holds more than {FILES_MAX:,} pictures. Let them be deleted once taken, or move some away."
)


def place(roots: Sequence[Path], path: str) -> tuple[Path, tuple[str, ...]]:
    """The allowed folder that ``path`` lies in, and the names from there. Raises InvalidInputError."""
    asked = PurePosixPath(path)
    if not asked.is_absolute() or ".." in asked.parts or "\0" in path:
        raise InvalidInputError(NOT_BELOW)
    for root in roots:
        if asked.is_relative_to(root):
            return root, asked.relative_to(root).parts
    raise InvalidInputError(NOT_BELOW)


@contextmanager
def opened(roots: Sequence[Path], path: str) -> Iterator[int]:
    """The folder's descriptor. Raises InvalidInputError outside of what is allowed, NotFoundError with the reason."""
    root, names = place(roots, path)
    try:
        handle = _below(os.open(root, _FOLDER), names)
    except OSError as error:
        raise NotFoundError(GONE.format(_words(error))) from None
    try:
        yield handle
    finally:
        os.close(handle)


def list_files(roots: Sequence[Path], path: str) -> list[FoundFile]:
    """Its pictures and those of folders in it, as they lie there. Raises InvalidInputError, NotFoundError."""
    found: list[FoundFile] = []
    with opened(roots, path) as handle:
        for place_, names, folder in _walk(handle):
            found += [
                FoundFile(os.path.normpath(f"{place_}/{name}"), seen.st_size, seen.st_mtime_ns)
                for name in names
                if is_picture(name) and (seen := _stat(folder, name)) is not None
            ]
            if len(found) > FILES_MAX:
                raise InvalidInputError(TOO_MANY)
    return found


def list_folders(roots: Sequence[Path], path: str) -> list[str]:
    """It and every folder in it that `list_files` looks into. Raises InvalidInputError, NotFoundError."""
    with opened(roots, path) as handle:
        return [os.path.normpath(f"{path}/{place_}") for place_, _, _ in _walk(handle)]


def read_file(roots: Sequence[Path], path: str, file: FoundFile, bytes_max: int) -> bytes | None:
    """Its bytes, or of a larger one so many that it shows; None when it has changed or is gone.

    Raises InvalidInputError, NotFoundError for the folder.
    """
    with opened(roots, path) as handle, _parent(handle, file.name) as (folder, name):
        if folder is None:
            return None
        try:
            with os.fdopen(os.open(name, _FILE, dir_fd=folder), "rb") as stream:
                if not _is_same(os.fstat(stream.fileno()), file):
                    return None
                data = stream.read(bytes_max + 1)
                return data if _is_same(os.fstat(stream.fileno()), file) else None
        except OSError:
            return None


def delete_file(roots: Sequence[Path], path: str, file: FoundFile) -> None:
    """Delete it, unless it has changed. Raises InvalidInputError, NotFoundError with the reason."""
    with opened(roots, path) as handle, _parent(handle, file.name) as (folder, name):
        if folder is None or (seen := _stat(folder, name)) is None or not _is_same(seen, file):
            return
        try:
            os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise NotFoundError(f"{file.shown[-100:]} was taken but cannot be deleted: {_words(error)}.") from None


def _walk(handle: int) -> Iterator[tuple[str, list[str], int]]:
    """Each folder from here down as a path from here, the names in it, and its descriptor."""
    for place_, folders, names, folder in os.fwalk(".", dir_fd=handle, follow_symlinks=False):
        if place_.count("/") >= DEPTH_MAX:
            folders.clear()
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield place_, names, folder


def _below(handle: int, names: Sequence[str]) -> int:
    """The folder below; ``handle`` is closed. Raises OSError."""
    for name in names:
        try:
            following = os.open(name, _FOLDER, dir_fd=handle)
        finally:
            os.close(handle)
        handle = following
    return handle


@contextmanager
def _parent(handle: int, name: str) -> Iterator[tuple[int | None, str]]:
    """The folder a file lies in, None when it is gone, and its last name."""
    *folders, last = PurePosixPath(name).parts
    try:
        folder = _below(os.dup(handle), folders)
    except OSError:
        yield None, last
        return
    try:
        yield folder, last
    finally:
        os.close(folder)


def _stat(folder: int, name: str) -> os.stat_result | None:
    try:
        seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None
    return seen if stat.S_ISREG(seen.st_mode) else None


def _is_same(seen: os.stat_result, file: FoundFile) -> bool:
    return stat.S_ISREG(seen.st_mode) and (seen.st_size, seen.st_mtime_ns) == file.stamp


def _words(error: OSError) -> str:
    """Why, for a person; a link where a folder should be reads as one (ELOOP, ENOTDIR)."""
    if isinstance(error, FileNotFoundError):
        return "there is none of that name"
    if isinstance(error, PermissionError):
        return "the server may not read it"
    return "it is a link, or no folder" if isinstance(error, NotADirectoryError) or error.errno == 40 else "an error"
