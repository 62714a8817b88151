"""Credit notes, under addresses that nobody can guess: a page and a sheet to print."""

import msgspec
from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Template

from parkhub.clients.sheets import make_sheet
from parkhub.services.credit_notes import get_correction
from parkhub.web.credit_note_view import CreditNoteView
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import PRIVATE
from parkhub.web.pay import driver_page
from parkhub.web.receipt_pdf import SHEET
from parkhub.web.receipts import SHEETS, SHEETS_S
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest


@get("/credit-notes/{public_id:str}", opt=NO_CSRF, include_in_schema=False)
async def show_note(request: AnyRequest, public_id: FromPath[str], settings: GivenSettings) -> Template:
    """The credit note as a page."""
    view = CreditNoteView(await get_correction(public_id), spoken(request))
    return driver_page(request, settings, "receipts/credit_note.html", view.correction.receipt.lot, view=view)


@get("/credit-notes/{public_id:str}/pdf", opt=NO_CSRF, include_in_schema=False)
async def show_note_pdf(request: AnyRequest, public_id: FromPath[str], clients: GivenClients) -> Response[bytes]:
    """The credit note as a PDF, made as seldom as a receipt's."""
    request.scope["state"][PRIVATE] = True
    view = CreditNoteView(await get_correction(public_id), spoken(request))
    await clients.limiter.hit(f"receipt-pdf:{public_id}", SHEETS, SHEETS_S)
    sheet = await make_sheet(SHEET, msgspec.json.encode(_on_sheet(view)), "credit note")
    name = f'attachment; filename="credit-note-{view.correction.number}.pdf"'
    return Response(sheet, media_type="application/pdf", headers={"content-disposition": name})


def _on_sheet(view: CreditNoteView) -> dict[str, object]:
    lot = view.correction.receipt.lot
    return {
        "language": view.language.code,
        "title": view.title,
        "lot": lot.name,
        "address": lot.address,
        "operator": view.of.operator,
        "paid_at": view.correction.note.issued_at,
        "facts": view.facts,
        "lines": [(view.words, view.total)],
        "total": (view.language.gettext("Credited"), view.total),
        "tax": [view.tax] if view.tax else [],
        "refunded": [],
    }


routes = [show_note, show_note_pdf]
