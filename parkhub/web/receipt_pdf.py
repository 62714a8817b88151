"""Receipts as PDF, each made by a short-lived process (`parkhub.web.receipt_sheet`), two at a time."""

import asyncio
import sys
from typing import Final

import msgspec
import structlog

from parkhub.errors import BusyError
from parkhub.web.receipt_view import ReceiptView

SHEET: Final = "parkhub.web.receipt_sheet"
AT_ONCE: Final = 2
TAKES_S_MAX: Final = 20.0

log = structlog.get_logger(__name__)
_making = asyncio.Semaphore(AT_ONCE)


async def receipt_pdf(view: ReceiptView) -> bytes:
    """The receipt on a sheet of A4. It takes about half a second. Raises BusyError when it takes far too long."""
    sheet = msgspec.json.encode(_words(view))
    try:
        async with asyncio.timeout(TAKES_S_MAX), _making:
            return await _made(sheet)
    except TimeoutError:
        raise BusyError("The receipt cannot be made just now. Try again in a moment.") from None


async def _made(sheet: bytes) -> bytes:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", SHEET, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        made, said = await process.communicate(sheet)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        log.error("receipt.not_made", status=process.returncode, said=said[-500:].decode(errors="replace"))
        raise BusyError("The receipt cannot be made just now. Try again in a moment.")
    return made


def _words(view: ReceiptView) -> dict[str, object]:
    gettext, receipt = view.language.gettext, view.receipt
    return {
        "language": view.language.code,
        "title": gettext("Receipt %(number)s", number=receipt.number),
        "lot": receipt.lot.name,
        "address": receipt.lot.address,
        "operator": view.operator,
        "paid_at": receipt.paid.paid_at,
        "facts": view.facts,
        "lines": [(line.words, line.amount) for line in view.lines] + view.sums,
        "total": (gettext("Paid"), view.total),
        "tax": [view.tax] if view.tax else [],
        "refunded": [(gettext("Given back"), view.refunded)] if view.refunded else [],
    }
