"""Watches folders for as long as the process runs: the system tells of changes; where it does not, the clock looks."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from watchfiles import awatch

from parkhub.clients import Clients
from parkhub.db import folders as rows
from parkhub.domain.folders import FolderMemory
from parkhub.errors import ParkHubError
from parkhub.services import folders
from parkhub.settings import Settings

POLL_S: Final = 5.0
"""Network drives tell nothing of changes made elsewhere, and a folder that was away comes back without a word."""
SOON_S: Final = 0.5
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
            await _change_in([folder.path for folder in watched])


async def _kept(doing: Awaitable[Result], otherwise: Result) -> Result:
    """What it gives. An edge: what fails is told, and the next look comes by itself."""
    try:
        return await doing
    except ParkHubError as error:
        log.warning("folders.put_off", reason=str(error))
    except Exception:
        log.exception("folders.failed")
    return otherwise


async def _change_in(paths: Sequence[str]) -> None:
    """Wait until something changes there, or until it is time to look anyway."""
    there = [path for path in paths if await asyncio.to_thread(Path(path).is_dir)]
    if there:
        try:
            changes = awatch(*there, watch_filter=None, rust_timeout=int(POLL_S * 1000), yield_on_timeout=True)
            async with aclosing(changes):
                async for _ in changes:
                    return
        except OSError as error:  # too many watches, or gone meanwhile
            log.warning("folders.not_told", reason=str(error))
    await asyncio.sleep(POLL_S)
