"""The public pages: all lots, and one lot with its drawn map."""

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, get
from litestar.config.compression import CompressionConfig
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.services import lots
from parkhub.web.csrf import NO_CSRF
from parkhub.web.lot_view import LotView, drawn
from parkhub.web.templating import AnyRequest, page

# Only public answers are compressed: packed together with what a visitor may choose, a secret's length would show.
PACKED: Final = DefineMiddleware(CompressionMiddleware, config=CompressionConfig(backend="gzip", gzip_compress_level=4))


@get("/", opt=NO_CSRF, middleware=[PACKED], include_in_schema=False)
async def show_lots(request: AnyRequest) -> Response[Any] | Template:
    """All lots as cards; the only one directly."""
    now = datetime.now(UTC)
    views = [LotView(status, now) for status in await lots.list_statuses(now)]
    if len(views) == 1:
        return Redirect(f"/lots/{views[0].lot.slug}", status_code=302, headers={"cache-control": "no-cache"})
    return _fresh(page(request, "lots/index.html", views=views))


@get("/lots/{slug:str}", opt=NO_CSRF, middleware=[PACKED], include_in_schema=False)
async def show_lot(request: AnyRequest, slug: FromPath[str]) -> Template:
    """One lot: how many places are free, which, and how long ago somebody looked."""
    now = datetime.now(UTC)
    view = LotView(await lots.lot_status(slug, now), now)
    return _fresh(page(request, "lots/lot.html", view=view, drawn=drawn))


def _fresh(answer: Template) -> Template:
    answer.headers["cache-control"] = "no-cache"
    return answer


routes = [show_lots, show_lot]
