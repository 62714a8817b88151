"""Receipts as PDF (`parkhub.sheets.receipt`)."""

from typing import Final

import msgspec

from parkhub.clients.sheets import make_sheet
from parkhub.web.receipt_view import ReceiptView

SHEET: Final = "parkhub.sheets.receipt"


async def receipt_pdf(view: ReceiptView) -> bytes:
    """The receipt on a sheet of A4. Raises BusyError when it takes far too long."""
    return await make_sheet(SHEET, msgspec.json.encode(_words(view)), "receipt")


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
        "refunded": [(words, amount) for words, amount, _ in view.refunded],
    }
