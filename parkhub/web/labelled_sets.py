"""Crops of places for training: saved from a picture, judged one by one, taken out as a labelled set."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Stream, Template

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import labelled_sets as set_rows
from parkhub.db import spot_labels as label_rows
from parkhub.domain.corrections import Crop, SpotLabel, Word
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.domain.spots import SpotState
from parkhub.domain.text import row_number, whole_number
from parkhub.errors import InvalidInputError, NotFoundError, ParkHubError
from parkhub.services import labelled_sets
from parkhub.services.labelled_sets import Judged
from parkhub.services.labels import crop_key, forget_label
from parkhub.settings import Settings
from parkhub.web.api_answers import find_lot
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.file_answer import answer_file, read_range
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

PAGE: Final = 60
SHOWN: Final[Mapping[str, tuple[str, Word | None, bool | None]]] = {
    "proposed": ("To judge", Word.PROPOSED, None),
    "free": ("Free", Word.SAID, False),
    "occupied": ("Taken", Word.SAID, True),
    "unusable": ("Not usable", Word.UNUSABLE, None),
}
WORDS: Final = {"free": Judged(Word.SAID, False), "occupied": Judged(Word.SAID, True)}


def _counted(counts: Mapping[tuple[Word, bool], int], word: Word | None, occupied: bool | None) -> int:
    return sum(n for (of, taken), n in counts.items() if word in (None, of) and occupied in (None, taken))


async def _show(request: AnyRequest, settings: Settings, lot: Lot, error: str = "", status_code: int = 200) -> Template:
    counts = await set_rows.count_set(lot.id)
    shown = request.query_params.get("show", "")
    if shown not in SHOWN:
        shown = next((key for key, (_, word, taken) in SHOWN.items() if _counted(counts, word, taken)), "proposed")
    _, word, occupied = SHOWN[shown]
    before = row_number(request.query_params.get("before", ""))
    labels = await set_rows.list_set(lot.id, word, occupied, before, PAGE + 1)
    cameras = [each for each in await camera_rows.list_cameras(lot.id) if not each.watches_gate]
    judged = row_number(request.query_params.get("judged", ""))
    return page(
        request,
        "labelled_sets/index.html",
        status_code=status_code,
        lot=lot,
        labels=labels[:PAGE],
        further=labels[PAGE - 1].id if len(labels) > PAGE else None,
        first=before is None,
        shown=shown,
        tabs=[(key, words, _counted(counts, of, taken)) for key, (words, of, taken) in SHOWN.items()],
        ready=_counted(counts, Word.SAID, None),
        cameras=cameras,
        names={each.id: each.name for each in cameras},
        waiting=any(label.crop is Crop.WAITING for label in labels[:PAGE]),
        keep_days=settings.label_keep_days,
        saved=whole_number(request.query_params.get("saved", "")),
        confirmed=whole_number(request.query_params.get("confirmed", "")),
        judged=await _find(lot, judged) if judged else None,
        was=request.query_params.get("was", ""),
        error=error,
    )


async def _find(lot: Lot, label_id: int) -> SpotLabel | None:
    try:
        label = await label_rows.get_label(label_id)
    except NotFoundError:
        return None
    return label if label.lot_id == lot.id else None


@get("/console/lots/{slug:str}/labels")
async def show(request: AnyRequest, settings: GivenSettings, slug: FromPath[str]) -> Template:
    """A page of crops: those that nobody has judged, or those that were."""
    return await _show(request, settings, await find_lot(slug))


@get("/console/lots/{slug:str}/labels/{label_id:int}/crop.png")
async def show_crop(
    request: AnyRequest, clients: GivenClients, slug: FromPath[str], label_id: FromPath[int]
) -> Response[Any]:
    """One crop."""
    lot = await find_lot(slug)
    label = await _find(lot, label_id)
    if label is None or label.crop is not Crop.CUT or await _of_gate(label):
        raise NotFoundError("There is no such crop.")
    return answer_file(request, clients.pictures.path(crop_key(label)), "image/png")


async def _of_gate(label: SpotLabel) -> bool:
    return label.camera_id is not None and (await camera_rows.get_camera(label.camera_id)).watches_gate


@post("/console/lots/{slug:str}/labels/save")
async def save(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Response[Any] | Template:
    """Save the places of a camera's newest picture as crops to judge."""
    lot, form = await find_lot(slug), await request.form()
    try:
        cameras = await camera_rows.list_cameras(lot.id)
        camera = next((each for each in cameras if each.public_id == str(form.get("camera", ""))), None)
        if camera is None:
            raise InvalidInputError("Choose a camera.")
        saved = await labelled_sets.save_picture(clients, request.user.id, camera, datetime.now(UTC))
    except ParkHubError as error:
        return await _show(request, settings, lot, str(error), error.status)
    return _back(slug, show="proposed", saved=saved)


@post("/console/lots/{slug:str}/labels/judge")
async def judge(request: AnyRequest, settings: GivenSettings, slug: FromPath[str]) -> Response[Any] | Template:
    """Take a person's word on a crop: free, occupied, or of no use; or take that back."""
    lot, form = await find_lot(slug), await request.form()
    try:
        label_id = row_number(str(form.get("label", ""))) or 0
        before = await labelled_sets.judge(request.user.id, lot.id, label_id, await _word(form, lot, label_id))
    except ParkHubError as error:
        return await _show(request, settings, lot, str(error), error.status)
    if request.headers.get("hx-request") == "true":
        label = await label_rows.get_label(label_id)
        return page(request, "labelled_sets/_card.html", lot=lot, label=label, names=await _names(lot))
    shown = str(form.get("show", ""))
    if form.get("undo"):
        return _back(slug, show=shown)
    return _back(slug, show=shown, judged=label_id, was=_name_of(before))


async def _word(form: Any, lot: Lot, label_id: int) -> Judged:
    word = str(form.get("word", ""))
    if word in WORDS:
        return WORDS[word]
    label = await _find(lot, label_id)
    if label is None or word not in ("unusable", "proposed"):
        raise InvalidInputError("Say free, taken or not usable.")
    if word == "proposed":
        return Judged(Word.PROPOSED, label.said is SpotState.OCCUPIED)
    return Judged(Word.UNUSABLE, label.occupied)


def _name_of(label: SpotLabel) -> str:
    """The word that brings a label back to what it was."""
    return label.state.value if label.word is Word.SAID else label.word.value


async def _names(lot: Lot) -> dict[int, str]:
    return {each.id: each.name for each in await camera_rows.list_cameras(lot.id)}


@post("/console/lots/{slug:str}/labels/confirm")
async def confirm(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Say that the engine's answers are right, of the crops that were shown and not judged one by one."""
    lot, form = await find_lot(slug), await request.form()
    ids = [number for given in str(form.get("labels", "")).split(",") if (number := row_number(given))]
    confirmed = await labelled_sets.confirm(request.user.id, lot.id, ids[:PAGE])
    return _back(slug, show="proposed", confirmed=confirmed)


@post("/console/lots/{slug:str}/labels/delete")
async def delete(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Response[Any] | Template:
    """Delete one label with its crop; the state of its place stays as it is."""
    lot, form = await find_lot(slug), await request.form()
    wanted = row_number(str(form.get("label", "")))
    label = await _find(lot, wanted) if wanted else None
    if label is None:
        return await _show(request, settings, lot, "There is no such crop, or it was deleted.", 404)
    await forget_label(clients, label)
    return _back(slug, show=str(form.get("show", "")))


@post("/console/lots/{slug:str}/labels/export", status_code=200)
async def export(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, slug: FromPath[str]
) -> Response[Any] | Template:
    """The labelled set as a ZIP file."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    path = await asyncio.to_thread(labelled_sets.new_file, settings, now)
    try:
        await _pack(clients, request, settings, lot, path, now)
    except ParkHubError as error:
        return await _show(request, settings, lot, str(error), error.status)
    size = (await asyncio.to_thread(path.stat)).st_size
    name = f"labels-{lot.slug}-{now:%Y-%m-%d}.zip"
    headers = {"content-disposition": f'attachment; filename="{name}"', "content-length": str(size)}
    return Stream(_once(path, size), media_type="application/zip", headers=headers)


async def _pack(clients: Clients, request: AnyRequest, settings: Settings, lot: Lot, path: Path, now: datetime) -> None:
    try:
        await labelled_sets.export(clients, request.user.id, lot, path, settings.label_keep_days, now)
    except BaseException:
        await asyncio.to_thread(path.unlink)
        raise


async def _once(path: Path, size: int) -> AsyncIterator[bytes]:
    """A file that nobody needs afterwards."""
    try:
        async for piece in read_range(path, 0, size):
            yield piece
    finally:
        path.unlink(missing_ok=True)  # noqa: ASYNC240


def _back(slug: str, **said: Any) -> Redirect:
    return Redirect(f"/console/lots/{slug}/labels?{urlencode(said)}", status_code=303)


routes = [
    Router(
        "/",
        route_handlers=[show, show_crop, save, judge, confirm, delete, export],
        guards=[needs(Right.SET_UP)],
        include_in_schema=False,
    )
]
