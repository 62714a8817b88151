"""Cars at gates in the console: the picture that proves one, with where its plate was."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from litestar import Response, Router, get
from litestar.params import FromPath

from parkhub.clients import Clients
from parkhub.db import frames as frame_rows
from parkhub.db import passages as passage_rows
from parkhub.domain.frames import Frame
from parkhub.domain.gates import GateRead
from parkhub.domain.passages import GatePassage
from parkhub.domain.rights import Right
from parkhub.errors import NotFoundError
from parkhub.web.dependencies import GivenClients
from parkhub.web.file_answer import answer_file
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest

STAYED: Final = "recognised at the camera, no picture"


@dataclass(frozen=True, slots=True)
class Shot:
    """A passage with its picture, if one is kept. ``whole``: it is the whole picture, else the plate alone.

    ``box``: where the plate is in it, left, top, width, height in shares; None: nobody knows.
    """

    passage: GatePassage
    camera: str
    reads: Sequence[GateRead]
    whole: bool
    kept: bool
    size: tuple[int, int]
    box: tuple[float, float, float, float] | None

    @property
    def address(self) -> str:
        """Where the picture is."""
        return f"/console/passages/{self.passage.id}/picture"


async def load_shot(clients: Clients, passage: GatePassage, camera: str) -> Shot:
    """What proves a passage."""
    reads = await passage_rows.list_reads(passage.id)
    told = await _frame(passage)
    stayed = told is not None and not told.has_picture
    frame = _kept(clients, told)
    read = next((each for each in reads if frame and each.frame_id == frame.id), None)
    box = read.read.box if read else None
    if box is None and passage.path:
        box = passage.path[len(passage.path) // 2].box
    size = (frame.width, frame.height) if frame else (0, 0)
    where = f"{camera} ({STAYED})" if stayed else camera
    return Shot(passage, where, reads, frame is not None, bool(frame or passage.crop_key), size, box)


async def _frame(passage: GatePassage) -> Frame | None:
    if passage.frame_id is None:
        return None
    try:
        return await frame_rows.get_frame(passage.frame_id)
    except NotFoundError:
        return None


def _kept(clients: Clients, frame: Frame | None) -> Frame | None:
    """A frame whose picture can be shown."""
    shown = frame is not None and frame.has_picture and clients.pictures.path(frame.picture_key).exists()
    return frame if shown else None


@get("/console/passages/{passage_id:int}/picture")
async def show_picture(request: AnyRequest, clients: GivenClients, passage_id: FromPath[int]) -> Response[Any]:
    """The whole picture while it is kept, else what was cut out of it."""
    passage = await passage_rows.get_passage(passage_id)
    frame = _kept(clients, await _frame(passage))
    key = frame.picture_key if frame else passage.crop_key
    if not key:
        raise NotFoundError("There is no picture of this passage, or it is no longer kept.")
    media_type = frame.media_type if frame else "image/png" if key.endswith(".png") else "image/jpeg"
    return answer_file(request, clients.pictures.path(key), media_type)


routes = [Router("/", route_handlers=[show_picture], guards=[needs(Right.SEE_PLATES)], include_in_schema=False)]
