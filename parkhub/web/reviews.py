"""The queue of questions: one at a time, one person a question, one key an answer, each to be taken back."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from litestar.types import ASGIApp

from parkhub.clients import Clients
from parkhub.db import lots as lot_rows
from parkhub.db import matching as matching_rows
from parkhub.db import review_holds as hold_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db.review_holds import Waiting
from parkhub.domain.plates import fold, normalise
from parkhub.domain.reviews import EXITS, Question, Review
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.services import review_holds, reviews
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import ID_MAX, needs
from parkhub.web.our_lots import our_lot_ids, our_lots
from parkhub.web.review_queue import QueueSource
from parkhub.web.review_view import load_review
from parkhub.web.session_forms import local_instant, read_id
from parkhub.web.session_page import sent
from parkhub.web.session_view import QUESTIONS
from parkhub.web.stream import stream
from parkhub.web.templating import AnyRequest, page

BY_KEY: Final = "answered in the review queue"
"""Why, where nobody typed a reason: the pictures beside the question are the reason."""
SHOWN: Final = 6


@get("/console/review")
async def show_queue(
    request: AnyRequest,
    clients: GivenClients,
    after: FromQuery[int] = 0,
    on: FromQuery[int] = 0,
    answered: FromQuery[int] = 0,
    entry: FromQuery[int] = 0,
) -> Template:
    """The oldest question that nobody is on, held for whoever looks at it."""
    before = (_known(answered), _known(entry))
    return await _desk(request, clients, after=_known(after), wanted=_known(on), answered=before)


@get("/console/review/events", opt=NO_CSRF)
async def stream_queue(request: AnyRequest) -> ASGIApp:
    """How many wait and who is on which, as it changes."""
    return await stream(request, QueueSource(frozenset(each.id for each in await our_lots(request.user, Right.RUN))))


@post("/console/reviews/{review_id:int}/hold", status_code=204)
async def hold(request: AnyRequest, clients: GivenClients, review_id: FromPath[int]) -> None:
    """Somebody is still looking at it. Raises ConflictError when it is answered or another's."""
    if not await review_holds.keep(clients, review_id, request.user.id, datetime.now(UTC)):
        raise ConflictError("Somebody else is on this question, or it is answered.")


@post("/console/reviews/{review_id:int}/answer")
async def answer(request: AnyRequest, clients: GivenClients, review_id: FromPath[int]) -> Response[Any] | Template:
    """Answer it and go on to the next one."""
    given = sent(await request.form())
    try:
        entry = await _answer(clients, review_id, given, request.user.id, datetime.now(UTC))
    except (InvalidInputError, ConflictError, NotFoundError) as error:
        return await _refused(request, clients, review_id, str(error), given)
    if request.headers.get("hx-request") == "true":
        return await _desk(request, clients, after=review_id, answered=(review_id, entry))
    return Redirect(f"/console/review?answered={review_id}&entry={entry}&after={review_id}", status_code=303)


@post("/console/reviews/{review_id:int}/undo")
async def undo(request: AnyRequest, clients: GivenClients, review_id: FromPath[int]) -> Response[Any] | Template:
    """Ask it again."""
    entry = read_id(sent(await request.form()).get("entry", "")) or 0
    try:
        await reviews.take_back(clients, review_id, entry, request.user.id, datetime.now(UTC))
    except (InvalidInputError, ConflictError, NotFoundError) as error:
        return await _refused(request, clients, None, str(error), {})
    if request.headers.get("hx-request") == "true":
        return await _desk(request, clients, wanted=review_id)
    return Redirect(f"/console/review?on={review_id}", status_code=303)


async def _answer(clients: Clients, review_id: int, given: dict[str, str], account_id: int, now: datetime) -> int:
    """Do what was chosen; the audit entry by which it is taken back."""
    do, _, value = given.get("choice", "").partition(":")
    reason = given.get("reason", "").strip() or BY_KEY
    review = await review_rows.get_review(review_id)
    if review.decided_at is not None:
        raise ConflictError("Somebody has decided this already.")
    if do == "nothing":
        await reviews.dismiss(clients, review_id, reason, account_id, now)
        return await reviews.find_answer(review_id)
    if do == "assign":
        return await reviews.assign_exit(clients, review_id, read_id(value) or 0, reason, account_id, now)
    if do == "plate":
        return await _name(clients, review, value or given.get("plate", ""), reason, account_id, now)
    if do == "enter":
        return await reviews.enter(clients, review_id, given.get("plate", ""), reason, account_id, now)
    if do in ("close", "left"):
        return await _left(clients, review, do, given.get("left", ""), reason, account_id, now)
    raise InvalidInputError("Choose an answer.")


async def _name(clients: Clients, review: Review, text: str, reason: str, account_id: int, now: datetime) -> int:
    """A plate was typed or chosen: of the car that came in without one, or of the session that the exit ends."""
    if review.question is Question.ENTRY_WITHOUT_PLATE:
        return await reviews.name_entry(clients, review.id, text, reason, account_id, now)
    if review.question not in EXITS:
        raise InvalidInputError("This question is not about a plate.")
    folded = fold(normalise(text))
    inside = await matching_rows.list_inside(review.lot_id, now)
    found = [each.session_id for each in inside if folded and fold(each.plate) == folded]
    if len(found) != 1:
        raise InvalidInputError("No car with this plate is inside." if not found else "Several plates look like this.")
    return await reviews.assign_exit(clients, review.id, found[0], reason, account_id, now)


async def _left(
    clients: Clients, review: Review, do: str, text: str, reason: str, account_id: int, now: datetime
) -> int:
    """A time was typed, or the one chosen at which its leaving was noticed."""
    if review.session_id is None:
        raise InvalidInputError("This question is not about a time.")
    if do == "close" and review.question is not Question.SECOND_ENTRY:
        return await reviews.charge_until_noticed(clients, review.id, reason, account_id, now)
    zone = ZoneInfo((await lot_rows.get_lot(review.lot_id)).time_zone)
    at = local_instant(text, zone, (await session_rows.get_session(review.session_id)).entered_at)
    if review.question is Question.SECOND_ENTRY:
        return await reviews.split_entry(clients, review.id, at, reason, account_id, now)
    return await reviews.close_session(clients, review.id, at, reason, account_id, now)


async def _refused(
    request: AnyRequest, clients: Clients, review_id: int | None, wrong: str, given: dict[str, str]
) -> Template:
    """The question again with what is wrong, or the next one when it is answered. htmx takes 422 and nothing else."""
    return await _desk(request, clients, wanted=review_id, wrong=wrong, given=given, status_code=422)


async def _desk(
    request: AnyRequest,
    clients: Clients,
    *,
    after: int | None = None,
    wanted: int | None = None,
    answered: tuple[int | None, int | None] = (None, None),
    wrong: str = "",
    given: dict[str, str] | None = None,
    status_code: int = 200,
) -> Template:
    now, account = datetime.now(UTC), request.user
    lot_ids = our_lot_ids(account, Right.RUN)
    held = await review_holds.take(clients, account.id, lot_ids, now, wanted, after)
    waiting = await hold_rows.list_waiting(lot_ids, now, SHOWN * 4)
    rest = [each for each in waiting if held is None or each.review.id != held.id]
    free = [each for each in rest if each.held_by in (None, account.id)]
    following = next((each for each in free if held and _place(each.review) > _place(held)), free[0] if free else None)
    names = {lot.id: lot.name for lot in await our_lots(account, Right.RUN)}
    partial = request.headers.get("hx-request") == "true"
    return page(
        request,
        "reviews/_desk.html" if partial else "reviews/index.html",
        status_code=status_code,
        view=await load_review(clients, account, held, now) if held else None,
        following=await load_review(clients, account, following.review, now) if following else None,
        rest=rest[:SHOWN],
        total=await hold_rows.count_waiting(lot_ids),
        others=_others(waiting, account.id),
        missed=wanted is not None and held is not None and held.id != wanted and not wrong,
        names=names,
        questions=QUESTIONS,
        answered=await _answered(lot_ids, *answered),
        wrong=wrong,
        given=defaultdict(str, given or {}),
        now=now,
    )


def _place(review: Review) -> tuple[datetime, int]:
    return review.created_at, review.id


def _others(waiting: list[Waiting], account_id: int) -> list[str]:
    return sorted({each.who for each in waiting if each.held_by not in (None, account_id)})


async def _answered(lot_ids: frozenset[int] | None, review_id: int | None, entry: int | None) -> dict[str, Any] | None:
    """The question that was answered just now, as long as it is."""
    if review_id is None or entry is None:
        return None
    try:
        review = await review_rows.get_review(review_id)
    except NotFoundError:
        return None
    recent = review.decided_at is not None and datetime.now(UTC) - review.decided_at < timedelta(minutes=10)
    ours = lot_ids is None or review.lot_id in lot_ids
    return {"review": review, "entry": entry, "words": _decided(review)} if recent and ours else None


def _decided(review: Review) -> str:
    """What was answered, without a plate: it stands in the toast of a page that others may see."""
    match review.decision.partition(":")[0]:
        case "session":
            return "The exit is given to its session, which is charged."
        case "dismissed":
            return "Closed, nothing is changed."
        case "plate_given":
            return "The session has its plate."
        case "entered":
            return "A session has begun."
        case "split":
            return "The stay is two visits now."
        case _:
            return "Answered."


def _known(given: int) -> int | None:
    return given if 0 < given <= ID_MAX else None


routes = [
    Router(
        "/",
        route_handlers=[show_queue, stream_queue, hold, answer, undo],
        guards=[needs(Right.RUN)],
        include_in_schema=False,
    )
]
