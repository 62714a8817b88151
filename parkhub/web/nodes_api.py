"""Nodes enrol here, say how they are, fetch what they are to do, and report. The wire: `camera_node/WIRE.md`."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from parkhub.domain.node_commands import REPORT_BYTES_MAX
from parkhub.domain.node_configurations import Outcome, written
from parkhub.domain.nodes import read_heartbeat
from parkhub.errors import InvalidInputError
from parkhub.secret_key import secret_key
from parkhub.services import edge, node_commands, node_configurations, node_keys, nodes
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.node_requests import find_signer, server_of
from parkhub.web.templating import AnyRequest

HEARTBEAT_BYTES_MAX: Final = 64 * 1024
SMALL_BYTES_MAX: Final = 4096
ANSWERS: Final = 'A configuration is answered with the outcome "taken" or "refused".'


class Enrolment(msgspec.Struct):
    """What a node asks with."""

    code: str


class ConfigurationAnswer(msgspec.Struct):
    """What a node says to a version."""

    outcome: str
    why: str | None = None


@post(
    "/api/v1/enrol",
    opt=NO_CSRF,
    status_code=201,
    request_max_body_size=SMALL_BYTES_MAX,
    tags=["nodes"],
    summary="Enrol a node with a one-time code",
)
async def enrol(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Response[dict[str, str]]:
    """Answer the camera of a code and a fresh key for it, once."""
    try:
        asked = msgspec.json.decode(await request.body(), type=Enrolment)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidInputError('Send {"code": "…"} with the code that the console shows.') from None
    address = request.client.host if request.client else "unknown"
    camera, key = await node_keys.enrol(clients, secret_key(settings), asked.code, address, datetime.now(UTC))
    told = {"server": server_of(request, settings), "camera": camera.public_id, "key": key}
    return Response(told, status_code=201, headers={"cache-control": "no-store"})


@post(
    "/api/v1/cameras/{camera_id:str}/heartbeat",
    opt=NO_CSRF,
    status_code=200,
    request_max_body_size=HEARTBEAT_BYTES_MAX,
    tags=["nodes"],
    summary="A node says how it is",
)
async def take_heartbeat(
    request: AnyRequest, camera_id: FromPath[str], clients: GivenClients, settings: GivenSettings
) -> Response[dict[str, Any]]:
    """Keep it, and answer the time, the version that holds, and a new key while one is offered."""
    asked = await find_signer(request, clients, camera_id, "heartbeat")
    camera, now = asked.camera, asked.at
    heartbeat, signed_at_s = read_heartbeat(asked.body), asked.headers.signed_at_s
    node = await nodes.take_heartbeat(clients, camera, heartbeat, signed_at_s, now)
    version = await node_configurations.current(camera, now)
    told = {
        "configuration_version": version.number,
        "engines": await edge.announced(camera, version.document),
        "key": await node_keys.offered(camera, secret_key(settings), now),
        "twin": node is not None and node.has_twin(now),
        "time": round(datetime.now(UTC).timestamp(), 3),
    }
    return Response(told, headers={"cache-control": "no-store"})


@get("/api/v1/cameras/{camera_id:str}/node", opt=NO_CSRF, tags=["nodes"], summary="What is known of a camera's node")
async def show_node(request: AnyRequest, camera_id: FromPath[str], clients: GivenClients) -> Response[dict[str, Any]]:
    """For whoever looks at a node on its machine."""
    asked = await find_signer(request, clients, camera_id, "node")
    node, offered_at = await nodes.find_node(asked.camera), await node_keys.offered_at(asked.camera, asked.at)
    told = {
        "heard_at": node.heard_at.isoformat() if node is not None else None,
        "twin": node is not None and node.has_twin(asked.at),
        "new_key_at": offered_at.isoformat() if offered_at is not None else None,
    }
    return Response(told, headers={"cache-control": "no-store"})


@get("/api/v1/cameras/{camera_id:str}/configuration", opt=NO_CSRF, tags=["nodes"], summary="What a node is to do")
async def show_configuration(request: AnyRequest, camera_id: FromPath[str], clients: GivenClients) -> Response[bytes]:
    """The newest document."""
    asked = await find_signer(request, clients, camera_id, "configuration")
    version = await node_configurations.current(asked.camera, asked.at)
    return Response(written(version.document), media_type="application/json", headers={"cache-control": "no-store"})


@post(
    "/api/v1/cameras/{camera_id:str}/configuration/{version:int}",
    opt=NO_CSRF,
    status_code=200,
    request_max_body_size=SMALL_BYTES_MAX,
    tags=["nodes"],
    summary="Whether a node takes a configuration",
)
async def answer_configuration(
    request: AnyRequest, camera_id: FromPath[str], version: FromPath[int], clients: GivenClients
) -> dict[str, Any]:
    """A node takes a version as a whole or refuses it as a whole; said again it changes nothing."""
    asked = await find_signer(request, clients, camera_id, f"configuration/{version}")
    try:
        said = msgspec.json.decode(asked.body, type=ConfigurationAnswer)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise InvalidInputError(ANSWERS) from None
    if said.outcome not in (Outcome.TAKEN, Outcome.REFUSED):
        raise InvalidInputError(ANSWERS)
    outcome = Outcome(said.outcome)
    await node_configurations.answered(clients, asked.camera, version, outcome, said.why or "", asked.at)
    return {"version": version, "outcome": outcome.value}


@post(
    "/api/v1/cameras/{camera_id:str}/reports/{uid:str}",
    opt=NO_CSRF,
    status_code=200,
    request_max_body_size=REPORT_BYTES_MAX,
    tags=["nodes"],
    summary="What a node reports to a command",
)
async def take_report(
    request: AnyRequest, camera_id: FromPath[str], uid: FromPath[str], clients: GivenClients
) -> dict[str, str]:
    """Log lines or how sharp the picture is; a later report takes the place of the one before."""
    asked = await find_signer(request, clients, camera_id, f"reports/{uid}")
    await node_commands.report(clients, asked.camera, uid, asked.body, asked.at)
    return {"id": uid, "status": "stored"}


routes = [enrol, take_heartbeat, show_node, show_configuration, answer_configuration, take_report]
