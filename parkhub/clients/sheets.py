"""Sheets to print as PDF, each made by a short-lived process, two at a time: their library is not for this one."""

import asyncio
import sys
from typing import Final

import structlog

from parkhub.errors import BusyError

AT_ONCE: Final = 2
TAKES_S_MAX: Final = 45.0

log = structlog.get_logger(__name__)
_making = asyncio.Semaphore(AT_ONCE)


async def make_sheet(program: str, form: bytes, name: str) -> bytes:
    """What a module makes of ``form`` (JSON). It takes about half a second. ``name``: what is not made, for people.

    Raises BusyError when it takes far too long.
    """
    try:
        async with asyncio.timeout(TAKES_S_MAX), _making:
            return await _made(program, form, name)
    except TimeoutError:
        raise BusyError(f"The {name} cannot be made just now. Try again in a moment.") from None


async def _made(program: str, form: bytes, name: str) -> bytes:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", program, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        made, said = await process.communicate(form)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        log.error("sheet.not_made", sheet=name, status=process.returncode, said=said[-500:].decode(errors="replace"))
        raise BusyError(f"The {name} cannot be made just now. Try again in a moment.")
    return made
