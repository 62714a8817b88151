"""Cars that went by gates, and what proves it, for programs: the JSON interface, for signed-in staff."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from litestar import Response, Router, get
from litestar.params import FromPath, FromQuery

from parkhub.db import passages as passage_rows
from parkhub.domain.accounts import Account
from parkhub.domain.gates import GateRead
from parkhub.domain.passages import GatePassage
from parkhub.domain.rights import Right
from parkhub.errors import InvalidInputError, NotFoundError
from parkhub.services import cameras
from parkhub.web.api_answers import PAGE, aware, page_of
from parkhub.web.dependencies import GivenClients
from parkhub.web.file_answer import answer_file
from parkhub.web.guards import needs
from parkhub.web.plates import sees_plates, shown_plate
from parkhub.web.templating import AnyRequest

SPAN_MAX: Final = timedelta(days=1)
LAST: Final = timedelta(hours=1)
EVER: Final = datetime.min.replace(tzinfo=UTC)


class CandidateItem(msgspec.Struct, frozen=True):
    """A text that the plate may have, and how likely, 0..1."""

    text: str
    confidence: float


class PassageItem(msgspec.Struct, frozen=True):
    """One car going by one gate. ``plate`` "": none was read; ``direction`` null: nobody knows.

    ``state`` is open, accepted or rejected, and ``why`` tells why; ``outcome`` and ``reason`` tell what became of it.
    """

    id: int
    direction: str | None
    plate: str
    confidence: float
    candidates: list[CandidateItem]
    kind: str | None
    first_at: datetime
    last_at: datetime
    frames: int
    state: str
    why: str
    outcome: str
    reason: str
    session_id: int | None
    picture_sha256: str | None


class PassagePage(msgspec.Struct, frozen=True):
    """Passages in the order they began. ``next_since``: ask with it as ``since`` for more; null when there are none."""

    items: list[PassageItem]
    next_since: datetime | None


class ReadItem(msgspec.Struct, frozen=True):
    """One look at the car. ``raw``: what was seen before any rule; ``box``: left, top, width, height in shares."""

    at: datetime
    text: str
    confidence: float
    raw: list[str]
    box: list[float]


class PassageDetail(msgspec.Struct, frozen=True):
    """A passage with its reads; without them for who sees no plates."""

    passage: PassageItem
    reads: list[ReadItem]


@get("/cameras/{public_id:str}/passages", tags=["Passages"])
async def list_passages(
    request: AnyRequest,
    public_id: FromPath[str],
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    limit: FromQuery[int] = PAGE,
) -> PassagePage:
    """Cars that a camera saw go by, in the last hour or in up to a day."""
    camera, limit = await cameras.find_camera(public_id), page_of(limit)
    end = aware(until) if until else datetime.now(UTC)
    start = aware(since) if since else max(end, EVER + LAST) - LAST
    if not timedelta(0) <= end - start <= SPAN_MAX:
        raise InvalidInputError("Ask for at most a day at once.")
    found = [each for each in await passage_rows.list_passages(camera.id, start, end) if each.first_at >= start]
    return PassagePage(
        [_item(each, request.user) for each in found[:limit]], found[limit].first_at if len(found) > limit else None
    )


@get("/passages/{passage_id:int}", tags=["Passages"])
async def show_passage(request: AnyRequest, passage_id: FromPath[int]) -> PassageDetail:
    """One passage with what was read of it."""
    passage = await passage_rows.get_passage(passage_id)
    seen = sees_plates(request.user, passage.lot_id)
    reads = await passage_rows.list_reads(passage_id) if seen else []
    return PassageDetail(_item(passage, request.user), [_read(each) for each in reads])


@get("/passages/{passage_id:int}/picture", tags=["Passages"], guards=[needs(Right.SEE_PLATES)])
async def show_picture(request: AnyRequest, clients: GivenClients, passage_id: FromPath[int]) -> Response[Any]:
    """The piece of a picture that proves a passage, as long as it is kept."""
    key = (await passage_rows.get_passage(passage_id)).crop_key
    if not key:
        raise NotFoundError("There is no picture of this passage, or it is no longer kept.")
    return answer_file(request, clients.pictures.path(key), "image/png" if key.endswith(".png") else "image/jpeg")


def _item(passage: GatePassage, account: Account) -> PassageItem:
    candidates = passage.candidates if sees_plates(account, passage.lot_id) else ()
    return PassageItem(
        passage.id,
        passage.direction.value if passage.direction else None,
        shown_plate(account, passage.plate, passage.lot_id),
        passage.confidence,
        [CandidateItem(each.text, each.confidence) for each in candidates],
        passage.kind.value if passage.kind else None,
        passage.first_at,
        passage.last_at,
        passage.frames,
        passage.state.value,
        passage.why,
        passage.outcome,
        passage.reason,
        passage.session_id,
        passage.crop_sha256 if passage.crop_key else None,
    )


def _read(read: GateRead) -> ReadItem:
    return ReadItem(read.at, read.read.text, read.read.confidence, list(read.read.raw), list(read.read.box))


routes = [Router("/api/v1", route_handlers=[list_passages, show_passage, show_picture], guards=[needs(Right.READ)])]
