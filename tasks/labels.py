"""The jobs that cut labelled spots out of their picture, before the picture goes."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from parkhub.clients import Clients
from parkhub.db import frames as frame_rows
from parkhub.db import labelled_sets as set_rows
from parkhub.db import spot_labels as label_rows
from parkhub.domain.corrections import Crop, SpotLabel
from parkhub.domain.spots import Polygon
from parkhub.errors import InvalidInputError, NotFoundError, ParkHubError
from parkhub.services import labels, upkeep
from tasks.vision.labels import cut_out
from tasks.vision.picture import decode


async def cut_label(ctx: dict[str, Any], label_id: int) -> None:
    """Keep a label's crop, unless that was done. A picture that is gone or damaged leaves a label without one."""
    clients: Clients = ctx["clients"]
    try:
        label = await label_rows.get_label(label_id)
    except NotFoundError:
        return  # taken back
    if label.crop is not Crop.WAITING:
        return
    if await upkeep.is_poison(clients, labels.job_id(label_id), label.created_at, datetime.now(UTC)):
        await labels.give_crop_up(label_id, "cutting it out broke off again and again")
        return
    await cut_now(clients, label)


async def cut_picture(ctx: dict[str, Any], frame_id: int) -> None:
    """Keep the crops of all labels of one picture, which is decoded once; what cannot be cut is left without."""
    clients: Clients = ctx["clients"]
    waiting = await set_rows.list_waiting(frame_id)
    if not waiting:
        return
    try:
        picture = await asyncio.to_thread(decode, await _picture(clients, waiting[0]))
    except ParkHubError as error:
        if error.retryable:
            raise
        for label in waiting:
            await labels.give_crop_up(label.id, str(error))
        return
    for label in waiting:
        try:
            crop, polygon = await asyncio.to_thread(cut_out, picture, label.polygon)
        except InvalidInputError as error:
            await labels.give_crop_up(label.id, str(error))
        else:
            await labels.finish_crop(clients, label, crop, polygon)


async def cut_now(clients: Clients, label: SpotLabel) -> None:
    """Cut a waiting label out, or note that there is nothing to cut it from."""
    try:
        data = await _picture(clients, label)
        crop, polygon = await asyncio.to_thread(_cut, data, label.polygon)
    except ParkHubError as error:
        if error.retryable:
            await upkeep.is_no_poison(clients, labels.job_id(label.id))
            raise
        await labels.give_crop_up(label.id, str(error))
        return
    await labels.finish_crop(clients, label, crop, polygon)


async def give_up(_ctx: dict[str, Any], label_id: int) -> None:
    """What happens to a label when every try has failed by a fault of ours."""
    await labels.give_crop_up(label_id, "a fault in ParkHub")


async def _picture(clients: Clients, label: SpotLabel) -> bytes:
    if label.frame_id is None:
        raise NotFoundError("This picture is no longer kept.")
    frame = await frame_rows.get_frame(label.frame_id)
    return await clients.pictures.get(frame.picture_key)


def _cut(data: bytes, polygon: Polygon) -> tuple[bytes, Polygon]:
    return cut_out(decode(data), polygon)
