"""The job that answers the spot editor: a look at outlines not saved yet, places by a picture's rows, a file."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import spot_asks as ask_rows
from parkhub.domain.cameras import SpotsFileKind
from parkhub.domain.spot_asks import AskKind, SpotAsk
from parkhub.domain.spots import SpotShape
from parkhub.domain.spots_export import spots_document
from parkhub.domain.stands import suggest_from_row
from parkhub.errors import NotFoundError, ParkHubError
from parkhub.services import spot_asks
from tasks.counting import find_vehicles
from tasks.engines import Engines
from tasks.spots import parse_spots_file
from tasks.vision.picture import Picture, decode

NO_PICTURE = "No picture of this camera has been read yet."


async def answer_ask(ctx: dict[str, Any], uid: str) -> None:
    """Answer a question, unless it was answered. What cannot be answered is kept as a sentence, not raised."""
    clients: Clients = ctx["clients"]
    ask = await ask_rows.find_ask(uid)
    if ask is None or ask.answered_at is not None:
        return
    try:
        found = await _ANSWERS[ask.kind](clients, ctx["engines"], ask)
    except ParkHubError as error:
        if error.retryable:
            raise
        await spot_asks.answer(clients, ask, None, str(error), datetime.now(UTC))
        return
    await spot_asks.answer(clients, ask, found, "", datetime.now(UTC))


async def give_up(ctx: dict[str, Any], uid: str) -> None:
    """What happens to a question when every try has failed by a fault of ours."""
    ask = await ask_rows.find_ask(uid)
    if ask is not None:
        words = "A fault in ParkHub; the log has the details."
        await spot_asks.answer(ctx["clients"], ask, None, words, datetime.now(UTC))


async def _picture(clients: Clients, camera_id: int) -> Picture:
    frame = await frame_rows.latest_read(camera_id)
    if frame is None:
        raise NotFoundError(NO_PICTURE)
    data = await clients.pictures.get(frame.picture_key)
    return await asyncio.to_thread(decode, data)


async def _look(clients: Clients, engines: Engines, ask: SpotAsk) -> dict[str, Any]:
    camera = await camera_rows.get_camera(ask.camera_id)
    shapes = [SpotShape(key, tuple((x, y) for x, y in polygon)) for key, polygon in ask.question["shapes"].items()]
    engine = await engines.get(camera.engine, camera.head_id)
    picture = await _picture(clients, camera.id)
    look = await asyncio.to_thread(engine.look, picture, shapes, None)
    return {"spots": {seen.spot: [seen.state.value, round(100 * seen.confidence)] for seen in look.observations}}


async def _rows(clients: Clients, engines: Engines, ask: SpotAsk) -> dict[str, Any]:
    picture = await _picture(clients, ask.camera_id)
    finder = await engines.finder()
    drawn = [tuple((x, y) for x, y in polygon) for polygon in ask.question["drawn"]]
    shapes = [SpotShape(str(at), polygon) for at, polygon in enumerate(drawn)]
    vehicles = await asyncio.to_thread(find_vehicles, finder, picture, shapes)
    height, width = picture.shape[:2]
    boxes = [(x / width, y / height, w / width, h / height) for x, y, w, h in (v.box for v in vehicles or ())]
    return {"polygons": suggest_from_row(boxes, drawn), "vehicles": len(boxes)}


async def _file(clients: Clients, _: Engines, ask: SpotAsk) -> dict[str, Any]:
    data = await clients.pictures.get(ask.question["file_key"])
    box = ask.question["box"]
    kind = SpotsFileKind(ask.question["kind"])
    file = await parse_spots_file(ask.camera_id, kind, data, (box[0], box[1]) if box else None)
    return spots_document((file.width, file.height), file.spots)


_ANSWERS = {AskKind.LOOK: _look, AskKind.ROWS: _rows, AskKind.FILE: _file}
