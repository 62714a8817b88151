"""Receipts, under addresses that nobody can guess: a page and a sheet to print."""

from typing import Final

from litestar import Response, get
from litestar.params import FromPath
from litestar.response import Template

from parkhub.services.receipts import get_receipt
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import PRIVATE
from parkhub.web.pay import driver_page
from parkhub.web.receipt_pdf import receipt_pdf
from parkhub.web.receipt_view import ReceiptView
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest

SHEETS: Final = 10
SHEETS_S: Final = 600


@get("/receipts/{public_id:str}", opt=NO_CSRF, include_in_schema=False)
async def show_receipt(request: AnyRequest, public_id: FromPath[str], settings: GivenSettings) -> Template:
    """The receipt as a page."""
    receipt = await get_receipt(public_id)
    return driver_page(
        request, settings, "receipts/receipt.html", receipt.lot, view=ReceiptView(receipt, spoken(request))
    )


@get("/receipts/{public_id:str}/pdf", opt=NO_CSRF, include_in_schema=False)
async def show_receipt_pdf(request: AnyRequest, public_id: FromPath[str], clients: GivenClients) -> Response[bytes]:
    """The receipt as a PDF. Each takes a process of its own for a while, so nobody has one made without end."""
    request.scope["state"][PRIVATE] = True
    view = ReceiptView(await get_receipt(public_id), spoken(request))
    await clients.limiter.hit(f"receipt-pdf:{public_id}", SHEETS, SHEETS_S)
    name = f'attachment; filename="receipt-{view.receipt.number}.pdf"'
    return Response(await receipt_pdf(view), media_type="application/pdf", headers={"content-disposition": name})


routes = [show_receipt, show_receipt_pdf]
