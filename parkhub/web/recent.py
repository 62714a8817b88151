"""What happened last, in words: the live view's list."""

from collections.abc import Collection, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.db.recent import Recent
from parkhub.domain.barriers import Cause
from parkhub.domain.lots import Lot
from parkhub.domain.reviews import Question
from parkhub.languages import ENGLISH
from parkhub.web.plates import HIDDEN
from parkhub.web.session_view import QUESTIONS

Told = tuple[str, str, str, str, str]
"""Time of day, plate ("" when there is none), what happened, where and more, and the address of its session or ""."""

OPENED: Final = {
    Cause.PAID: "went through, paid",
    Cause.GRACE: "went through within the grace time",
    Cause.PERMIT: "went through with a permit",
    Cause.BOOKING: "went through with a booking",
    Cause.FREE: "went through, nothing to pay",
    Cause.ENTRY: "was let in",
}


def told(
    recent: Collection[Recent],
    lots: Mapping[int, Lot],
    plate_ids: frozenset[int],
    money_ids: frozenset[int],
    run_ids: frozenset[int],
) -> tuple[Told, ...]:
    """Each in words, for whoever sees plates and money of these lots and answers for them. Several lots are named, one
    is not.
    """
    return tuple(_told(each, lots, plate_ids, money_ids, run_ids) for each in recent if each.lot_id in lots)


def _told(
    recent: Recent,
    lots: Mapping[int, Lot],
    plate_ids: frozenset[int],
    money_ids: frozenset[int],
    run_ids: frozenset[int],
) -> Told:
    lot = lots[recent.lot_id]
    plate = recent.plate if recent.lot_id in plate_ids or not recent.plate else HIDDEN
    what, more = _words(recent, with_money=recent.lot_id in money_ids)
    small = ", ".join(filter(None, (lot.name if len(lots) > 1 else "", more)))
    address = "/console/review" if recent.kind == "review" and recent.lot_id in run_ids else ""
    if recent.session_id is not None:
        address = f"/console/sessions/{recent.session_id}"
    return recent.at.astimezone(ZoneInfo(lot.time_zone)).strftime("%H:%M"), plate, what, small, address


def _words(recent: Recent, *, with_money: bool) -> tuple[str, str]:
    """What happened, and a small line to it. Words before a plate begin small."""
    match recent.kind:
        case "entry":
            return "came in", ""
        case "exit":
            return "went out", f"after {ENGLISH.duration(recent.minutes)}"
        case "payment":
            return (f"paid {ENGLISH.money(recent.cents, recent.currency)}" if with_money else "paid"), ""
        case "review":
            return f"Asked: {QUESTIONS[Question(recent.word)]}", ""
    cause = Cause(recent.word)
    if cause not in OPENED:
        return "Barrier opened by hand" if cause is Cause.BY_HAND else "Barrier tried", recent.reason
    return (OPENED[cause] if recent.plate else "Barrier opened"), ""
