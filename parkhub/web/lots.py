"""The public pages: all lots, and one lot with its drawn map."""

import asyncio
import math
import time
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response, get
from litestar.config.compression import CompressionConfig
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import booking_rules
from parkhub.db import tariffs as tariff_rows
from parkhub.languages import Language
from parkhub.services import lots
from parkhub.services.forecasts import find_forecast
from parkhub.web.csrf import NO_CSRF
from parkhub.web.forecast_view import ForecastView
from parkhub.web.lot_view import LotView, drawn
from parkhub.web.speech import VARIES, spoken
from parkhub.web.tariff_words import prices
from parkhub.web.templating import AnyRequest, page, render
from parkhub.web.watched import SPACING_S

# Only public answers are compressed: packed together with what a visitor may choose, a secret's length would show.
ASK_AGAIN: Final = {"cache-control": "no-cache", **VARIES}
PACKED: Final = DefineMiddleware(CompressionMiddleware, config=CompressionConfig(backend="gzip", gzip_compress_level=4))


@get("/", opt=NO_CSRF, middleware=[PACKED], include_in_schema=False)
async def show_lots(request: AnyRequest) -> Response[Any] | Template:
    """All lots as cards; the only one directly."""
    now = datetime.now(UTC)
    language = spoken(request)
    views = [LotView(status, now, language) for status in await lots.list_statuses(now)]
    if len(views) == 1:
        return Redirect(f"/lots/{views[0].lot.slug}", status_code=302, headers=ASK_AGAIN)
    answer = page(request, "lots/index.html", views=views, language=language)
    answer.headers.update(ASK_AGAIN)
    return answer


@get("/lots/{slug:str}", opt=NO_CSRF, middleware=[PACKED], include_in_schema=False)
async def show_lot(request: AnyRequest, slug: FromPath[str]) -> Response[str]:
    """One lot: how many places are free, which, and how long ago somebody looked."""
    pages: LotPages = request.app.state.lot_pages
    return Response(await pages.show(request, slug, spoken(request)), media_type="text/html", headers=ASK_AGAIN)


class LotPages:
    """Lots' pages as all strangers get them, each made anew at most as often as its event stream tells.

    A crowd that opens a page at once costs one reading and one rendering. Nobody stays behind: the stream's first
    message tells an open page everything.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], tuple[float, asyncio.Task[str]]] = {}

    async def show(self, request: AnyRequest, slug: str, language: Language) -> str:
        """A lot's page in a language, at most `SPACING_S` old. Raises NotFoundError."""
        now, key = time.monotonic(), (slug, language.code)
        made_at, made = self._made.get(key, (-math.inf, None))
        if made is None or now - made_at >= SPACING_S:
            made_at, made = now, asyncio.create_task(_render(request, slug, language))
            self._made[key] = made_at, made
        try:
            return await asyncio.shield(made)  # a visitor who goes away takes nobody's page along
        except Exception:
            if self._made.get(key) == (made_at, made):  # neither wrong addresses nor a moment's trouble are kept
                del self._made[key]
            raise


async def _render(request: AnyRequest, slug: str, language: Language) -> str:
    now = datetime.now(UTC)
    view = LotView(await lots.lot_status(slug, now), now, language)
    versions = await tariff_rows.list_versions(view.lot.id)
    told = prices(versions, now, ZoneInfo(view.lot.time_zone), language)
    bookable = await booking_rules.count_places(view.lot.id) > 0
    made = await find_forecast(view.lot, now)
    forecast = ForecastView(made, view.lot.time_zone, language) if made else None
    given = {"view": view, "drawn": drawn, "prices": told, "bookable": bookable, "forecast": forecast}
    return render(request, "lots/lot.html", language=language, **given)


routes = [show_lots, show_lot]
