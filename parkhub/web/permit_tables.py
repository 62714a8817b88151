"""Tables of permits in the console: taken in after a look at what they would change, and given out."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream, Template

from parkhub.domain.lots import Lot
from parkhub.domain.permits_file import BYTES_MAX, COLUMNS, write_permits
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, PermitsFileError, TooLargeError
from parkhub.services import permits_import
from parkhub.web.api_answers import find_lot
from parkhub.web.guards import must, needs
from parkhub.web.multipart import read_parts
from parkhub.web.templating import AnyRequest, page


@get("/console/lots/{slug:str}/permits/import", guards=[needs(Right.SET_UP)])
async def show_import(request: AnyRequest, slug: FromPath[str]) -> Template:
    """The form for a table."""
    return _import_page(request, await find_lot(slug))


@post("/console/lots/{slug:str}/permits/import", request_max_body_size=None, guards=[needs(Right.SET_UP)])
async def take_in(request: AnyRequest, slug: FromPath[str]) -> Response[Any] | Template:
    """Say what a table would change or what is wrong in which line, or take it in."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    content, do = b"", ""
    async for part in read_parts(request):
        if part.name == "do":
            do = await part.text()
        elif part.name in ("file", "content"):
            found = bytearray()
            async for chunk in part.chunks():
                found += chunk
                if len(found) > BYTES_MAX:
                    raise TooLargeError(f"The table is larger than {BYTES_MAX // 1024**2} MiB.")
            content = bytes(found) or content
    try:
        counted = await permits_import.import_permits(lot.id, content, request.user.id, now, dry_run=do != "import")
    except PermitsFileError as error:
        return _import_page(request, lot, 422, faults=error.faults)
    except ConflictError as error:
        return _import_page(request, lot, error.status, faults=[error])
    if do == "import":
        return Redirect(f"/console/lots/{lot.slug}/permits?done=imported", status_code=303)
    return _import_page(request, lot, counted=counted, content=content.decode("utf-8-sig"))


def _import_page(request: AnyRequest, lot: Lot, status_code: int = 200, **given: Any) -> Template:
    usual: dict[str, Any] = {"faults": [], "counted": None, "content": "", "columns": COLUMNS}
    return page(request, "permits/import.html", status_code=status_code, lot=lot, **{**usual, **given})


@get("/console/lots/{slug:str}/permits.csv")
async def export(request: AnyRequest, slug: FromPath[str]) -> Stream:
    """All permits as a table that can be taken in again."""
    lot = await find_lot(slug)
    must(request.user, Right.SEE_PLATES, lot.id)

    async def lines() -> AsyncIterator[str]:
        for line in write_permits([permit async for permit in permits_import.each_permit(lot.id)]):
            yield f"{line}\r\n"

    headers = {"content-disposition": f'attachment; filename="permits-{lot.slug}.csv"'}
    return Stream(lines(), media_type="text/csv", headers=headers)


routes = [
    Router("/", route_handlers=[show_import, take_in, export], guards=[needs(Right.READ)], include_in_schema=False)
]
