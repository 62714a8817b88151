"""The files of a recording on their way in: straight into the picture store, never whole in memory."""

import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from parkhub.clients import Clients
from parkhub.errors import BusyError

FOLDER: Final = "recordings"
VIDEO: Final = "video"
SPOTS: Final = "spots"
ROOM_BYTES: Final = 200 * 1024 * 1024  # the disk must not be filled to the brim


def new_folder() -> str:
    """A key prefix nobody can guess and nothing has used; the uploads go to its `VIDEO` and `SPOTS`."""
    return f"{FOLDER}/{secrets.token_hex(16)}"


def check_room(clients: Clients, announced_bytes: int) -> None:
    """Is there room on the disk for an upload of that size? Raises BusyError."""
    folder = clients.pictures.path(FOLDER)
    while not folder.exists():
        folder = folder.parent
    if shutil.disk_usage(folder).free < announced_bytes + ROOM_BYTES:
        raise BusyError("The server's disk has no room for this video. Delete old recordings, then try again.")


@asynccontextmanager
async def discarding(clients: Clients, folder: str) -> AsyncIterator[None]:
    """Delete the folder when the block breaks off, whatever the reason. Only for what no row speaks of yet."""
    try:
        yield
    except BaseException:
        await clients.pictures.delete_folder(folder)
        raise


async def keep_file(clients: Clients, folder: str, name: str, chunks: AsyncIterator[bytes], bytes_max: int) -> int:
    """Keep one file of the upload as it comes; answers its bytes. Raises TooLargeError, BusyError."""
    return await clients.pictures.put_stream(f"{folder}/{name}", chunks, bytes_max)
