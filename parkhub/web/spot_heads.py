"""How often the engine is right on a lot, by people's words, and the classifier fitted to it: adapt, choose, revert."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import cameras as camera_rows
from parkhub.db import spot_heads as head_rows
from parkhub.db import spot_labels as label_rows
from parkhub.domain.cameras import Engine
from parkhub.domain.corrections import TELLING_MIN, Crop, LabelCount, LotAccuracy, measure_counts
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.domain.spot_heads import HeadVersion, too_few, wins
from parkhub.domain.text import whole_number
from parkhub.errors import InvalidInputError, ParkHubError
from parkhub.services import adaptation
from parkhub.settings import Settings
from parkhub.web.api_answers import find_lot
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page


async def _heads(lot: Lot, labels: Sequence[LabelCount], now: datetime) -> dict[str, Any]:
    versions, fit = await head_rows.list_versions(lot.id), await head_rows.find_fit(lot.id)
    free, occupied = (
        sum(each.count for each in labels if each.crop is Crop.CUT and each.occupied is taken)
        for taken in (False, True)
    )
    usable, waiting = free + occupied, sum(each.count for each in labels if each.crop is Crop.WAITING)
    under_way = fit is not None and fit.ended_at is None
    told = repr(([(each.version, each.active) for each in versions], fit, usable, waiting, fit and fit.trouble(now)))
    return {
        "lot": lot,
        "versions": [(each, _words(each, versions)) for each in versions],
        "shipped": not any(each.active for each in versions),
        "fit": fit,
        "under_way": under_way,
        "trouble": fit.trouble(now) if fit else "",
        "missing": too_few(free, occupied),
        "usable": usable,
        "waiting": waiting,
        "now": now,
        "version": hashlib.sha256(told.encode()).hexdigest()[:12],
    }


def _words(version: HeadVersion, versions: Sequence[HeadVersion]) -> tuple[str, str]:
    """What there is to say of a version, and its tone. The newest was fitted to the model that was in use then."""
    if version.head.model_sha256 != versions[0].head.model_sha256:
        return "made for an earlier model", "note"
    if version.active:
        return "judges here", "good"
    return ("not used", "note") if wins(version.trial) else ("did not win", "warn")


async def _accuracy(lot: Lot, labels: Sequence[LabelCount]) -> list[tuple[str, LotAccuracy]]:
    """Of the whole lot, and of each camera where there are several."""
    found = [("All cameras", measure_counts(labels))]
    cameras = await camera_rows.list_cameras(lot.id)
    seen = {label.camera_id for label in labels}
    if len(seen) > 1:
        of = {each.id: [label for label in labels if label.camera_id == each.id] for each in cameras if each.id in seen}
        found += [(each.name, measure_counts(of[each.id])) for each in cameras if each.id in of]
    return found


async def _show(request: AnyRequest, settings: Settings, lot: Lot, error: str = "", status_code: int = 200) -> Template:
    labels = await label_rows.count_labels(lot.id)
    cameras = await camera_rows.list_cameras(lot.id)
    return page(
        request,
        "spot_heads/index.html",
        status_code=status_code,
        **await _heads(lot, labels, datetime.now(UTC)),
        accuracy=await _accuracy(lot, labels),
        telling=TELLING_MIN,
        others=[each.name for each in cameras if each.engine is not Engine.CLASSIFIER],
        keep_days=settings.label_keep_days,
        said=request.query_params.get("said", ""),
        error=error,
    )


@get("/console/lots/{slug:str}/accuracy")
async def show(request: AnyRequest, settings: GivenSettings, slug: FromPath[str]) -> Template:
    """How often the engine had said what people then said, and the versions fitted to the lot."""
    return await _show(request, settings, await find_lot(slug))


@get("/console/lots/{slug:str}/accuracy/heads")
async def show_heads(request: AnyRequest, slug: FromPath[str]) -> Response[Any] | Template:
    """Only the versions, for a page that waits for a fit; nothing when it shows them already."""
    lot = await find_lot(slug)
    found = await _heads(lot, await label_rows.count_labels(lot.id), datetime.now(UTC))
    if request.query_params.get("version") == found["version"]:
        return Response(b"", status_code=204)
    return page(request, "spot_heads/_heads.html", **found)


@post("/console/lots/{slug:str}/accuracy/adapt")
async def adapt(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Response[Any] | Template:
    """Have the classifier fitted to the lot's labels."""
    lot = await find_lot(slug)
    try:
        begun = await adaptation.adapt_lot(clients, lot.id, datetime.now(UTC), request.user.id)
    except ParkHubError as error:
        return await _show(request, settings, lot, str(error), error.status)
    return Redirect(f"/console/lots/{slug}/accuracy?said={'asked' if begun else 'already'}", status_code=303)


async def _check(lot: Lot, number: int | None) -> None:
    """No version judges that was no better than the shipped head on words it had not seen."""
    chosen = next((each for each in await head_rows.list_versions(lot.id) if each.version == number), None)
    if chosen is not None and not wins(chosen.trial):
        raise InvalidInputError(f"Version {number} was no better than the shipped one on words it had not seen.")


@post("/console/lots/{slug:str}/accuracy/use")
async def use(request: AnyRequest, settings: GivenSettings, slug: FromPath[str]) -> Response[Any] | Template:
    """Let a version, or the shipped head, judge the lot."""
    lot, form = await find_lot(slug), await request.form()
    wanted = str(form.get("head", ""))
    number = whole_number(wanted)
    try:
        if number is None and wanted != "shipped":
            raise InvalidInputError("Choose a version, or the shipped one.")
        await _check(lot, number)
        await adaptation.revert_head(lot.id, number, account_id=request.user.id, now=datetime.now(UTC))
    except ParkHubError as error:
        return await _show(request, settings, lot, str(error), error.status)
    return Redirect(f"/console/lots/{slug}/accuracy?said=used", status_code=303)


routes = [
    Router("/", route_handlers=[show, show_heads, adapt, use], guards=[needs(Right.SET_UP)], include_in_schema=False)
]
