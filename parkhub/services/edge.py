"""Cameras that recognise by themselves: what they recognise with, and what they say they have seen."""

import hashlib
from asyncio import to_thread
from dataclasses import replace
from typing import Final

import msgspec
import structlog

from parkhub.clients import Clients
from parkhub.clients.engine_files import spots_model
from parkhub.clients.picture_proof import PictureInfo
from parkhub.db import spot_heads as head_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.edge import MISFIT, EngineFile, can_recognise, engines_version, read_results
from parkhub.domain.frames import RESULTS
from parkhub.domain.node_configurations import Document
from parkhub.errors import InvalidInputError, NotFoundError
from parkhub.services.frames import Accepted, Upload, accept_frame
from parkhub.settings import Settings

SPOTS: Final = "spots.onnx"
HEAD: Final = "head.json"

log = structlog.get_logger(__name__)


async def describe(camera: Camera) -> dict[str, object]:
    """Places, files and their version. Raises NotFoundError for a camera that cannot recognise by itself."""
    if not can_recognise(camera):
        raise NotFoundError(MISFIT)
    files, spots = _listed(await _files(camera)), await spot_rows.list_camera_spots(camera.id)
    return {
        "spots": [{"id": spot.id, "polygon": spot.polygon} for spot in spots],
        "marked_on": camera.marked_on,
        "files": files,
        "version": engines_version(spots, camera.marked_on, files),
    }


async def announced(camera: Camera, document: Document) -> str | None:
    """The version that a node is to have, for its heartbeat; None while it is not to recognise by itself."""
    if not document.edge.enabled or not can_recognise(camera):
        return None
    spots = await spot_rows.list_camera_spots(camera.id)
    return engines_version(spots, camera.marked_on, _listed(await _files(camera)))


async def get_file(camera: Camera, name: str) -> bytes:
    """One of the files. Raises NotFoundError."""
    files = await _files(camera) if can_recognise(camera) else {}
    if name not in files:
        raise NotFoundError("There is no such file for this camera.")
    return files[name]


async def accept_results(clients: Clients, settings: Settings, camera: Camera, upload: Upload) -> Accepted:
    """Store results once, to be taken into account in turn as a picture would be; a repeat changes nothing.

    Raises InvalidInputError, and what `accept_frame` raises.
    """
    if not can_recognise(camera):
        raise InvalidInputError(MISFIT)
    results = read_results(upload.picture)
    info = PictureInfo(RESULTS, results.width, results.height)
    return await accept_frame(clients, settings, camera, replace(upload, info=info))


async def _files(camera: Camera) -> dict[str, bytes]:
    """By name; a head that was fitted to another model is left out, as it is when the server judges."""
    model = await to_thread(spots_model)
    files = {SPOTS: model.data}
    if camera.head_id is not None:
        try:
            head = await head_rows.get_head(camera.head_id)
        except NotFoundError:
            return files
        if head.model_sha256 == model.sha256:
            files[HEAD] = msgspec.json.encode(head)
        else:
            log.warning("edge.head_left", camera=camera.public_id, head=camera.head_id)
    return files


def _listed(files: dict[str, bytes]) -> list[EngineFile]:
    model = spots_model()
    return [
        EngineFile(name, model.sha256 if name == SPOTS else hashlib.sha256(data).hexdigest(), len(data))
        for name, data in files.items()
    ]
