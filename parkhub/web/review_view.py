"""A question as staff see it: pictures, what may be answered, and by which key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db import matching as matching_rows
from parkhub.db import passages as passage_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.accounts import Account
from parkhub.domain.lots import Lot
from parkhub.domain.matching import LOOK_ALIKE, SUGGESTIONS, match_passage
from parkhub.domain.passages import GatePassage
from parkhub.domain.reviews import EXITS, PRICES, Question, Review
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.errors import NotFoundError
from parkhub.languages import ENGLISH
from parkhub.services import billing
from parkhub.web.passages import Shot, load_shot
from parkhub.web.plates import sees_plates, shown_plate
from parkhub.web.session_view import QUESTIONS

NOTHING: Final = {
    Question.DOUBTFUL_EXIT: "None of these",
    Question.EXIT_WITHOUT_ENTRY: "Nobody’s; charge nothing",
    Question.EXIT_WITHOUT_PLATE: "None of these",
    Question.ENTRY_WITHOUT_PLATE: "It has no plate",
    Question.SECOND_ENTRY: "The same car, seen again",
    Question.EXIT_MISSED: "Charge nothing for it",
    Question.DIRECTION: "Neither",
    Question.TOO_LONG: "Charge nothing for it",
    Question.DENIED: "I have seen it",
    Question.CLOCK: "I have put it right, or it does not matter",
}
CONSEQUENCE: Final = {
    Question.ENTRY_WITHOUT_PLATE: "Until you answer, its driver finds the stay by ticket only.",
    Question.SECOND_ENTRY: "Until you answer, the first stay goes on.",
    Question.DENIED: "Its session has begun as any other.",
    Question.CLOCK: "Its camera's clock was not set, so nothing began, ended or was charged. "
    "If you know when it was, begin or end its stay by hand under Sessions.",
    Question.TOO_LONG: "It has ended without a price. Nothing is charged until you choose.",
    Question.EXIT_MISSED: "It has ended without a price. Nothing is charged until you choose.",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer. ``value`` is what the form sends; ``doubt``: the letters of ``plate`` that the picture has not."""

    value: str
    plate: str
    words: str
    small: str = ""
    end: str = ""
    doubt: tuple[int, ...] = ()


@dataclass(frozen=True)
class ReviewView:
    """A question with all that helps to answer it."""

    review: Review
    lot: Lot
    shots: Sequence[Shot]
    choices: Sequence[Choice]
    session: ParkingSession | None
    plate: str
    read_as: str
    sees: bool
    now: datetime

    @property
    def title(self) -> str:
        """The question."""
        return QUESTIONS[self.review.question]

    @property
    def nothing(self) -> str:
        """The answer that changes nothing."""
        return NOTHING[self.review.question]

    @property
    def consequence(self) -> str:
        """What holds until it is answered."""
        return CONSEQUENCE.get(self.review.question, "Nothing is charged until you choose.")

    @property
    def typed(self) -> str:
        """What may be typed: "plate", "left", or "" for nothing."""
        question = self.review.question
        if question in EXITS or question is Question.ENTRY_WITHOUT_PLATE:
            return "plate"
        return "left" if question in PRICES or question is Question.SECOND_ENTRY else ""

    @property
    def may_enter(self) -> bool:
        """Whether it may have come in."""
        return self.review.question is Question.DIRECTION


async def load_review(clients: Clients, account: Account, review: Review, now: datetime) -> ReviewView:
    """A question as an account may see it."""
    lot = await lot_rows.get_lot(review.lot_id)
    sees = sees_plates(account, lot.id)
    cameras = {each.id: each.name for each in await camera_rows.list_cameras(lot.id)}
    passage = await _passage(review.passage_id)
    session = await session_rows.get_session(review.session_id) if review.session_id else None
    choices, likeliest = await _choices(review, passage, session, lot, account)
    pictured = [passage, *[await _passage(each.entry_passage_id) for each in (likeliest, session) if each is not None]]
    known = {each.id: each for each in pictured if each is not None}
    shots = [await load_shot(clients, each, cameras.get(each.camera_id, "")) for each in known.values()] if sees else []
    plate = shown_plate(account, session.plate if session else "", lot.id)
    read_as = shown_plate(account, passage.plate if passage else "", lot.id)
    return ReviewView(review, lot, shots[:2], choices, session, plate, read_as, sees, now)


async def _passage(passage_id: int | None) -> GatePassage | None:
    if passage_id is None:
        return None
    try:
        return await passage_rows.get_passage(passage_id)
    except NotFoundError:
        return None


async def _choices(
    review: Review, passage: GatePassage | None, session: ParkingSession | None, lot: Lot, account: Account
) -> tuple[list[Choice], ParkingSession | None]:
    """What may be answered, likeliest first, and the likeliest session."""
    if review.question in EXITS and passage is not None:
        return await _exits(review, passage, lot, account)
    if review.question is Question.ENTRY_WITHOUT_PLATE and passage is not None:
        texts = dict.fromkeys(each.text for each in passage.candidates)
        texts |= dict.fromkeys(each.read.text for each in await passage_rows.list_reads(passage.id))
        found = [text for text in texts if text][:SUGGESTIONS] if sees_plates(account, lot.id) else []
        return [Choice(f"plate:{text}", text, "It reads so", "as one picture was read") for text in found], None
    if review.question in PRICES and session is not None and session.exited_at is not None:
        until = ENGLISH.when(session.exited_at, ZoneInfo(lot.time_zone), session.exited_at)
        return [Choice("close", "", f"Charge it until {until}", "when it was noticed")], session
    return [], session


async def _exits(
    review: Review, passage: GatePassage, lot: Lot, account: Account
) -> tuple[list[Choice], ParkingSession | None]:
    costs = {each.session_id: each.cost for each in review.suggestions}
    if passage.plate:
        inside = await matching_rows.list_inside(lot.id, passage.at)
        costs |= {each.session_id: each.cost for each in match_passage(passage, inside).suggestions}
    known = {each.id: each for each in await session_rows.get_sessions(list(costs))}
    possible = [each for each in known.values() if _is_possible(each, passage)]
    possible.sort(key=lambda each: costs[each.id])
    zone, choices = ZoneInfo(lot.time_zone), []
    for each in possible[:SUGGESTIONS]:
        bill = await billing.get_bill(each.id, passage.at)
        stayed = ENGLISH.duration((passage.at - each.entered_at) // timedelta(minutes=1))
        since = ENGLISH.when(each.entered_at, zone, passage.at)
        choices.append(
            Choice(
                value=f"assign:{each.id}",
                plate=shown_plate(account, each.plate, lot.id) or f"ticket {each.ticket}",
                words=f"In since {since}, {stayed}",
                small=_how_near(costs[each.id], each.plate),
                end=f"{ENGLISH.money(max(0, bill.due_cents), bill.currency)} due" if bill.currency else "",
                doubt=_differences(each.plate, passage.plate) if sees_plates(account, lot.id) else (),
            )
        )
    return choices, possible[0] if possible else None


def _is_possible(session: ParkingSession, passage: GatePassage) -> bool:
    gone = session.state in (SessionState.CANCELLED, SessionState.BEGUN) or session.is_priced
    return not gone and session.entered_at <= passage.at


def _how_near(cost: float, plate: str) -> str:
    if not plate:
        return "has no plate"
    if cost <= 0:
        return "the very same plate"
    if cost <= LOOK_ALIKE:
        return "one look-alike apart"
    return "about a letter apart" if cost <= 1 else "two letters apart or more"


def _differences(plate: str, other: str) -> tuple[int, ...]:
    """The places from 0 at which a plate has another letter."""
    return tuple(at for at, letter in enumerate(plate) if at >= len(other) or other[at] != letter) if other else ()
