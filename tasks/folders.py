"""Watches folders for as long as the process runs: the system tells of changes; where it does not, the clock looks."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from watchfiles import awatch

from parkhub.clients import Clients
from parkhub.clients import folders as disk
from parkhub.db import folders as rows
from parkhub.domain.folders import FolderMemory, WatchedFolder
from parkhub.errors import ParkHubError
from parkhub.services import folders
from parkhub.settings import Settings

POLL_S: Final = 5.0
"""Network drives tell nothing of changes made elsewhere, and a folder that was away comes back without a word."""
SOON_S: Final = 0.5
PLACES_MAX: Final = 1000
"""The system tells of so many; into others the clock has us look."""
NOTHING: Final = folders.Looked(0, more=False)
Result = TypeVar("Result")

log = structlog.get_logger(__name__)


async def watch_folders(ctx: dict[str, Any]) -> None:
    """Look into every watched folder whenever something may have changed there. Ends only when it is cancelled."""
    clients: Clients = ctx["clients"]
    settings: Settings = ctx["settings"]
    memories: dict[int, FolderMemory] = {}
    loop = asyncio.get_running_loop()
    while True:
        watched, more = await _kept(rows.list_folders(enabled=True), []), False
        for folder in watched:  # what is wrong with one is none of the others' matter
            memory = memories.setdefault(folder.id, FolderMemory())
            looked = await _kept(folders.look(clients, settings, folder, memory, loop.time()), NOTHING)
            more |= looked.more
        if more:
            await asyncio.sleep(SOON_S)
        else:
            await _change_in(await asyncio.to_thread(_places, settings.watched_roots, watched))


async def _kept(doing: Awaitable[Result], otherwise: Result) -> Result:
    """What it gives. An edge: what fails is told, and the next look comes by itself."""
    try:
        return await doing
    except ParkHubError as error:
        log.warning("folders.put_off", reason=str(error))
    except Exception:
        log.exception("folders.failed")
    return otherwise


def _places(roots: Sequence[Path], watched: Sequence[WatchedFolder]) -> list[str]:
    """Each folder whose changes matter, one by one: the system's own way down would follow links out of them."""
    found: list[str] = []
    for folder in watched:
        with suppress(ParkHubError):  # the look has told that it is away
            found += disk.list_folders(roots, folder.path)
    return found[:PLACES_MAX]


async def _change_in(places: Sequence[str]) -> None:
    """Wait until something changes there, or until it is time to look anyway."""
    if places:
        try:
            changes = awatch(
                *places, watch_filter=None, rust_timeout=int(POLL_S * 1000), yield_on_timeout=True, recursive=False
            )
            async with aclosing(changes):
                async for _ in changes:
                    return
        except OSError as error:  # too many watches, or gone meanwhile
            log.warning("folders.not_told", reason=str(error))
    await asyncio.sleep(POLL_S)
