"""Passages begin and end sessions, by the rules of `parkhub.domain.sessions`."""

from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from parkhub.clients import Clients
from parkhub.db import lot_rules as rule_rows
from parkhub.db import matching as matching_rows
from parkhub.db import passages as passage_rows
from parkhub.db import pay_ahead as ahead_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.matching import UNDOUBTED, Suggestion, match_passage, speak_for
from parkhub.domain.passages import Direction, GatePassage
from parkhub.domain.plates import fold
from parkhub.domain.reviews import PRICES, Question
from parkhub.domain.sessions import SEEN_AGAIN, Ending, Entry, Outcome, ParkingSession, decide_entry
from parkhub.errors import NotFoundError
from parkhub.services import barrier_openings, billing, permits
from parkhub.services.saved_cards import ask_after_exit
from parkhub.services.session_moments import follow
from parkhub.services.session_spans import close_paid, close_session, open_session

log = structlog.get_logger(__name__)

SUGGESTED_WITHOUT_PLATE = 6


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a vehicle may stand where it does by what it has paid, and until when (None: nobody can say)."""

    allowed: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class _Taken:
    outcome: Outcome
    reason: str
    session_id: int | None = None
    denied: bool = False


async def take_passage(clients: Clients, passage_id: int, now: datetime) -> None:
    """Let a decided passage begin or end a session, once. Given again it only tells that its car came by earlier."""
    async with transaction():
        await session_rows.lock_lot((await passage_rows.get_passage(passage_id)).lot_id)
        passage = await passage_rows.get_passage(passage_id)
        if passage.outcome:
            await follow(passage, now)
            taken = None
        else:
            taken = await _take(passage, now)
            await passage_rows.set_outcome(passage.id, taken.outcome.value, taken.reason, taken.session_id)
        await passage_rows.set_followed(passage)
    if taken is None:
        await clients.live.announce(f"sessions:{passage.lot_id}")
        return
    log.info("passage.taken", passage=passage.id, outcome=taken.outcome.value, session=taken.session_id)
    await clients.live.announce(f"sessions:{passage.lot_id}")
    await barrier_openings.tell_passed(clients, passage.id, now)
    if taken.outcome is Outcome.LEFT and taken.session_id is not None:
        await ask_after_exit(clients, taken.session_id)
    if taken.denied:
        await clients.live.announce(f"alerts:{passage.lot_id}")


async def find_standing(lot_id: int, plate: str, at: datetime) -> Standing | None:
    """How the plate's open session, or the one that has just ended, stands at ``at``; None without one."""
    session = await session_rows.find_inside(lot_id, plate)
    if session is None:
        session = await session_rows.find_left(lot_id, fold(plate), at - SEEN_AGAIN, at)
        if session is None or session.plate != plate:
            return None
    if session.paid_until is not None and (session.leave_by is None or at < session.paid_until):
        return Standing(at < session.paid_until, session.paid_until)
    bill = await billing.get_bill(session.id, at)
    if bill.due_cents > 0:
        return Standing(False, session.leave_by)
    return Standing(True, session.leave_by or (bill.quote.changes_at if bill.quote else None))


async def _take(passage: GatePassage, now: datetime) -> _Taken:
    if passage.clock_unsure:
        return await _ask(Question.CLOCK, passage, now, "its camera did not know the time")
    if passage.direction is Direction.ENTRY:
        return await _enter(passage, now)
    if passage.direction is Direction.EXIT:
        return await _leave(passage, now)
    return await _ask(Question.DIRECTION, passage, now, "it did not move, so nobody knows whether it came or went")


async def _enter(passage: GatePassage, now: datetime) -> _Taken:
    at, lot_id = passage.at, passage.lot_id
    if not passage.plate:
        session = await open_session(lot_id, "", passage.kind, at, passage.id)
        await review_rows.ask(lot_id, Question.ENTRY_WITHOUT_PLATE, passage.id, session.id, (), now)
        return _Taken(Outcome.ENTERED, "without a plate", session.id)
    inside = (
        await session_rows.find_inside(lot_id, passage.plate)
        or await session_rows.find_just_entered(lot_id, fold(passage.plate), at - SEEN_AGAIN, at + SEEN_AGAIN)
        or await ahead_rows.find_awaited(lot_id, passage.plate)
    )
    if inside is not None and inside.never_came(at):
        await close_paid(inside, now)
        inside = None
    within = None if inside else await session_rows.find_within(lot_id, passage.plate, at)
    rules = await rule_rows.get_rules(lot_id)
    entry = decide_entry(at, inside, within, anti_passback=rules.anti_passback)
    known = inside or within
    if inside is not None and inside.awaits(at):
        await session_rows.save_session(replace(inside, entry_passage_id=passage.id, kind=inside.kind or passage.kind))
        return _Taken(Outcome.ENTERED, "its driver had paid ahead", inside.id)
    if entry is Entry.SEEN_AGAIN:
        return _Taken(Outcome.SEEN_AGAIN, "the same car, seen before", known.id if known else None)
    if entry is Entry.ASK:
        reason = "this plate is inside already"
        return await _ask(Question.SECOND_ENTRY, passage, now, reason, known.id if known else None)
    if entry is Entry.EXIT_MISSED and inside is not None:
        await close_session(inside, at, Ending.EXIT_MISSED, f"session:{inside.id}:entry:{passage.id}", now)
        await review_rows.ask(lot_id, Question.EXIT_MISSED, None, inside.id, (), now)
    over_at = inside.entered_at if inside is not None and entry is Entry.BEFORE else None
    session = await open_session(lot_id, passage.plate, passage.kind, at, passage.id, over_at=over_at)
    if over_at is not None:
        await review_rows.ask(lot_id, Question.EXIT_MISSED, None, session.id, (), now)
    denied = await permits.is_denied(lot_id, passage.plate, at) is not None
    if denied:
        await review_rows.ask(lot_id, Question.DENIED, passage.id, session.id, (), now)
    await _leave_at_last(session, now)
    return _Taken(Outcome.ENTERED, "", session.id, denied)


async def _leave(passage: GatePassage, now: datetime) -> _Taken:
    at, lot_id = passage.at, passage.lot_id
    if not passage.plate:
        waiting = await session_rows.list_without_plate(lot_id, at, SUGGESTED_WITHOUT_PLATE)
        suggestions = tuple(Suggestion(each.id, float(each.kind is not passage.kind)) for each in waiting)
        reason = "a car without a plate left"
        return await _ask(Question.EXIT_WITHOUT_PLATE, passage, now, reason, suggestions=suggestions)
    inside = await matching_rows.list_inside(lot_id, at)
    back = {each.plate for each in inside}
    just_left = await matching_rows.list_just_left(lot_id, at - SEEN_AGAIN, at + SEEN_AGAIN)
    gone = [each for each in just_left if each.plate not in back]
    found = match_passage(passage, [*inside, *gone])
    if found.clear is not None:
        session = await session_rows.get_session(found.clear)
        if found.suggestions[0].cost > UNDOUBTED and not await _speaks_entry(session, passage):
            reason = "one letter is another, though it was read surely"
            return await _ask(Question.DOUBTFUL_EXIT, passage, now, reason, suggestions=found.suggestions)
        if any(each.session_id == session.id for each in gone):
            return _Taken(Outcome.SEEN_AGAIN, "the same car, seen before", session.id)
        await _close_by(session, passage, now)
        return _Taken(Outcome.LEFT, "", session.id)
    long = await session_rows.find_within(lot_id, passage.plate, at)
    if long is not None and _may_be_two(long, passage):
        await _part(long, passage, now)
        return _Taken(Outcome.LEFT, "", long.id)
    if found.suggestions:
        reason = "it may be one of several cars"
        return await _ask(Question.DOUBTFUL_EXIT, passage, now, reason, suggestions=found.suggestions)
    unpriced = match_passage(passage, await matching_rows.list_unpriced(lot_id, at))
    reason = "nobody saw it come in, or it stayed too long"
    return await _ask(Question.EXIT_WITHOUT_ENTRY, passage, now, reason, suggestions=unpriced.suggestions)


async def _speaks_entry(session: ParkingSession, passage: GatePassage) -> bool:
    """Whether the session's car may have been misread at the entrance, by what else was read there."""
    if session.entry_passage_id is None:
        return False
    try:
        entry = await passage_rows.get_passage(session.entry_passage_id)
    except NotFoundError:
        return False
    return speak_for(entry.candidates, passage.plate)


async def _leave_at_last(session: ParkingSession, now: datetime) -> None:
    """An entry may arrive late, when the exit is known and waits for a person."""
    for review, passage_id in await review_rows.list_exits_since(session.lot_id, session.entered_at):
        passage = await passage_rows.get_passage(passage_id)
        found = match_passage(passage, await matching_rows.list_inside(session.lot_id, passage.at))
        sure = found.clear == session.id and (
            found.suggestions[0].cost <= UNDOUBTED or await _speaks_entry(session, passage)
        )
        if sure:
            await _close_by(session, passage, now)
            await passage_rows.set_outcome(passage.id, Outcome.LEFT.value, "its entry arrived later", session.id)
            await review_rows.decide(review.id, "entry_arrived", None, now)
            return


async def _close_by(session: ParkingSession, passage: GatePassage, now: datetime) -> None:
    uid = f"session:{session.id}:exit:{passage.id}"
    await close_session(session, passage.at, Ending.EXIT, uid, now, passage.id)
    for review in await review_rows.list_of_session(session.id):
        if review.question in PRICES:
            await review_rows.decide(review.id, "exit_arrived", None, now)


def _may_be_two(session: ParkingSession, passage: GatePassage) -> bool:
    """Whether an exit within a visit that is over says that its later exit was another visit's."""
    seen = session.ending is Ending.EXIT and session.exit_passage_id is not None and session.booking_id is None
    return seen and session.exited_at is not None and passage.at < session.exited_at - SEEN_AGAIN


async def _part(session: ParkingSession, passage: GatePassage, now: datetime) -> None:
    """End a visit where its plate left, and take anew what was seen of it afterwards."""
    since = [each for each in await passage_rows.list_of_session(session.id) if each.first_at > passage.at]
    await _close_by(session, passage, now)
    for each in sorted(since, key=lambda each: each.first_at):
        taken = await _take(each, now)
        await passage_rows.set_outcome(each.id, taken.outcome.value, taken.reason, taken.session_id)
        if taken.outcome is Outcome.ASKED:
            # What was answered by the long visit is asked again.
            for review in await review_rows.list_of_passage(each.id):
                await review_rows.reopen(review.id)


async def _ask(
    question: Question,
    passage: GatePassage,
    now: datetime,
    reason: str,
    session_id: int | None = None,
    suggestions: tuple[Suggestion, ...] = (),
) -> _Taken:
    await review_rows.ask(passage.lot_id, question, passage.id, session_id, suggestions, now)
    return _Taken(Outcome.ASKED, reason, session_id)
