"""Watches folders for as long as the process runs: the system tells of changes; where it does not, the clock looks."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final

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

log = structlog.get_logger(__name__)


async def watch_folders(ctx: dict[str, Any]) -> None:
    """Look into every watched folder whenever something may have changed there. Ends only when it is cancelled."""
    clients: Clients = ctx["clients"]
    settings: Settings = ctx["settings"]
    memories: dict[int, FolderMemory] = {}
    loop = asyncio.get_running_loop()
    while True:
        paths, more = [], False
        try:
            for folder in await rows.list_folders(enabled=True):
                paths.append(folder.path)
                memory = memories.setdefault(folder.id, FolderMemory())
                more |= (await folders.look(clients, settings, folder, memory, loop.time())).more
        except ParkHubError as error:
            log.warning("folders.put_off", reason=str(error))
        except Exception:  # an edge: the next look comes by itself
            log.exception("folders.failed")
        if more:
            await asyncio.sleep(SOON_S)
        else:
            await _change_in(paths)


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
