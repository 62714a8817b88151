"""Questions to staff for programs: the JSON interface, for signed-in staff."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from parkhub.db import reviews as review_rows
from parkhub.domain.reviews import Question
from parkhub.domain.rights import Right
from parkhub.services import reviews
from parkhub.web.api_answers import PAGE, find_lot, page_of
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import ID_MAX, needs
from parkhub.web.session_forms import Changed, ReasonForm, ReviewItem, review_item
from parkhub.web.templating import AnyRequest


class AssignForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose exit it was."""

    session_id: Annotated[int, msgspec.Meta(ge=1, le=ID_MAX)]
    reason: str


@get("/lots/{slug:str}/reviews", tags=["Reviews"])
async def list_reviews(
    slug: FromPath[str], question: FromQuery[Question | None] = None, limit: FromQuery[int] = PAGE
) -> list[ReviewItem]:
    """What waits for a person, oldest first, of every kind or of one."""
    lot = await find_lot(slug)
    return [review_item(each) for each in await review_rows.list_open(lot.id, question, page_of(limit))]


@post("/reviews/{review_id:int}/assign", status_code=200, tags=["Reviews"], guards=[needs(Right.RUN)])
async def assign_exit(
    request: AnyRequest, clients: GivenClients, review_id: FromPath[int], data: JSONBody[AssignForm]
) -> Changed:
    """Decide whose exit it was."""
    now = datetime.now(UTC)
    return Changed(await reviews.assign_exit(clients, review_id, data.session_id, data.reason, request.user.id, now))


@post("/reviews/{review_id:int}/dismiss", status_code=200, tags=["Reviews"], guards=[needs(Right.RUN)])
async def dismiss_review(
    request: AnyRequest, clients: GivenClients, review_id: FromPath[int], data: JSONBody[ReasonForm]
) -> ReviewItem:
    """Close a question without changing anything."""
    now = datetime.now(UTC)
    return review_item(await reviews.dismiss(clients, review_id, data.reason, request.user.id, now))


routes = [Router("/api/v1", route_handlers=[list_reviews, assign_exit, dismiss_review], guards=[needs(Right.READ)])]
