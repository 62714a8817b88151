"""Cameras that recognise by themselves fetch what they need here, and say what they have seen."""

import hashlib
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from parkhub.domain.edge import BYTES_MAX
from parkhub.domain.frames import RESULTS
from parkhub.errors import ForbiddenError
from parkhub.services import edge
from parkhub.services.frames import OFF, Upload
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.node_requests import find_signer, is_unsure
from parkhub.web.templating import AnyRequest
from parkhub.web.uploads import answer


@get("/api/v1/cameras/{camera_id:str}/engines", opt=NO_CSRF, tags=["nodes"], summary="What a node recognises with")
async def show_engines(request: AnyRequest, camera_id: FromPath[str], clients: GivenClients) -> Response[Any]:
    """The camera's places, and the files with their hashes."""
    asked = await find_signer(request, clients, camera_id, "engines")
    return Response(await edge.describe(asked.camera), headers={"cache-control": "no-store"})


@get("/api/v1/cameras/{camera_id:str}/engines/{name:str}", opt=NO_CSRF, tags=["nodes"], summary="One of these files")
async def show_file(
    request: AnyRequest, camera_id: FromPath[str], name: FromPath[str], clients: GivenClients
) -> Response[bytes]:
    """Its bytes."""
    asked = await find_signer(request, clients, camera_id, f"engines/{name}")
    data = await edge.get_file(asked.camera, name)
    return Response(data, media_type="application/octet-stream", headers={"cache-control": "no-store"})


@post(
    "/api/v1/cameras/{camera_id:str}/results",
    opt=NO_CSRF,
    status_code=201,
    request_max_body_size=BYTES_MAX,
    tags=["nodes"],
    summary="What a node has seen in a picture",
)
async def take_results(
    request: AnyRequest, camera_id: FromPath[str], clients: GivenClients, settings: GivenSettings
) -> Response[dict[str, Any]]:
    """Take the results in a picture's place; a repeat is answered like the first time, with 200."""
    asked = await find_signer(request, clients, camera_id, "results")
    camera = asked.camera
    if not camera.enabled:
        raise ForbiddenError(OFF)
    upload = Upload(
        sequence=asked.headers.sequence,
        captured_at=asked.headers.captured_at,
        picture=asked.body,
        sha256=hashlib.sha256(asked.body).hexdigest(),
        media_type=RESULTS,
        now=asked.at,
        clock_unsure=is_unsure(request),
    )
    return answer(camera.public_id, await edge.accept_results(clients, settings, camera, upload))


routes = [show_engines, show_file, take_results]
