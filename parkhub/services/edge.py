"""Cameras that recognise by themselves: what they recognise with, and what they say they have seen."""

from asyncio import to_thread
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec
import structlog

from parkhub.clients import Clients
from parkhub.clients.engine_files import ShippedFile, gate_models, spots_model
from parkhub.clients.picture_proof import JPEG, PictureInfo, inspect, is_plain_jpeg, sniff
from parkhub.db import node_configurations as version_rows
from parkhub.db import spot_heads as head_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.edge import (
    MISFIT,
    NO_PLATES,
    NOT_ASKED,
    EngineFile,
    Results,
    can_recognise,
    engines_version,
    gate_told,
    read_results,
)
from parkhub.domain.edge_cars import CROP_BYTES_MAX, CROP_SIDE_MAX_PX, crop_of, settings_file
from parkhub.domain.frames import RESULTS
from parkhub.domain.node_configurations import Document
from parkhub.domain.signatures import CAPTURED_AGE_MAX
from parkhub.errors import ForbiddenError, InvalidInputError, NotFoundError, ParkHubError
from parkhub.services.frames import Accepted, Upload, accept_frame
from parkhub.settings import Settings

SPOTS: Final = "spots.onnx"
HEAD: Final = "head.json"
SETTINGS: Final = "gate.json"

log = structlog.get_logger(__name__)


async def describe(camera: Camera) -> dict[str, object]:
    """Places, what a gate is, files and their version.

    Raises NotFoundError for a camera that cannot recognise by itself.
    """
    if not can_recognise(camera):
        raise NotFoundError(MISFIT)
    files, spots = _listed(await _files(camera)), await spot_rows.list_camera_spots(camera.id)
    return {
        "spots": [{"id": spot.id, "polygon": spot.polygon} for spot in spots],
        "marked_on": camera.marked_on,
        "gate": gate_told(camera),
        "files": files,
        "version": engines_version(camera, spots, files),
    }


async def announced(camera: Camera, document: Document) -> str | None:
    """The version that a node is to have, for its heartbeat; None while it is not to recognise by itself."""
    if not document.edge.enabled or not can_recognise(camera):
        return None
    spots = await spot_rows.list_camera_spots(camera.id)
    return engines_version(camera, spots, _listed(await _files(camera)))


async def get_file(camera: Camera, name: str) -> bytes:
    """One of the files. Raises NotFoundError."""
    files = await _files(camera) if can_recognise(camera) else {}
    if name not in files:
        raise NotFoundError("There is no such file for this camera.")
    return files[name].data


async def accept_results(clients: Clients, settings: Settings, camera: Camera, upload: Upload) -> Accepted:
    """Store results once, to be taken into account in turn as a picture would be; a repeat changes nothing.

    Raises InvalidInputError, ForbiddenError (nobody asked for any), and what `accept_frame` raises.
    """
    if not can_recognise(camera):
        raise InvalidInputError(MISFIT)
    if not await _was_asked(camera, upload.now):
        raise ForbiddenError(NOT_ASKED)

    def prove(body: bytes, _: int) -> PictureInfo:
        results = read_results(body)
        if camera.watches_gate and results.plates is None:
            raise InvalidInputError(NO_PLATES)
        _check_crops(results)
        return PictureInfo(RESULTS, results.width, results.height)

    return await accept_frame(clients, settings, camera, replace(upload, proof=prove))


async def _was_asked(camera: Camera, now: datetime) -> bool:
    """Whether a camera is to recognise by itself, or was while what its node may have kept was taken."""
    newest = await version_rows.find_newest(camera.id)
    if newest is None or newest.document.edge.enabled:
        return newest is not None
    held = await version_rows.list_since(camera.id, now - CAPTURED_AGE_MAX)
    return any(version.document.edge.enabled for version in held)


async def _files(camera: Camera) -> dict[str, ShippedFile]:
    """By name; a head that was fitted to another model is left out, as it is when the server judges."""
    model = await to_thread(spots_model)
    files = {SPOTS: model}
    if camera.watches_gate:
        files |= await to_thread(gate_models)
        files[SETTINGS] = ShippedFile.of(settings_file())
    if camera.head_id is not None:
        try:
            head = await head_rows.get_head(camera.head_id)
        except NotFoundError:
            return files
        if head.model_sha256 == model.sha256:
            files[HEAD] = ShippedFile.of(msgspec.json.encode(head))
        else:
            log.warning("edge.head_left", camera=camera.public_id, head=camera.head_id)
    return files


def _listed(files: dict[str, ShippedFile]) -> list[EngineFile]:
    return [EngineFile(name, file.sha256, len(file.data)) for name, file in files.items()]


def _check_crops(results: Results) -> None:
    """Raise InvalidInputError unless every crop is a small JPEG: they are shown to people."""
    for text in results.crops:
        try:
            crop = crop_of(text)
            plain = sniff(crop) == JPEG and len(crop) <= CROP_BYTES_MAX and is_plain_jpeg(crop)
            info = inspect(crop, CROP_SIDE_MAX_PX**2) if plain else None
        except (ValueError, ParkHubError) as error:
            raise InvalidInputError(f"A crop of these results cannot be taken: {error}") from None
        if info is None or max(info.width, info.height) > CROP_SIDE_MAX_PX:
            raise InvalidInputError(
                f"A crop of these results cannot be taken: it has to be a plain (not progressive) JPEG of "
                f"{CROP_SIDE_MAX_PX} pixels a side and {CROP_BYTES_MAX} bytes at most."
            )
