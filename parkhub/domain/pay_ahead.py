"""Paying ahead: a driver says until when, pays, and may stay until then, in lots without a gate at the exit.

A stay that a driver begins has its beginning by his word, so whoever types a plate pays as if nothing were known of it,
and his pages go by the clock alone: they tell nothing of where the car is, nor of other stays of that plate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.local_time import DAY_MINUTES, MINUTE, day_span, instant, local_day
from parkhub.domain.lot_rules import LotRules
from parkhub.domain.opening_times import OpeningTimes
from parkhub.domain.sessions import ParkingSession, SessionState

PRESETS: Final = tuple(timedelta(minutes=minutes) for minutes in (30, 60, 120, 240))
MOST: Final = timedelta(days=7)
"""Nobody pays further ahead, whatever a lot's rules say."""
SAME_CAR: Final = timedelta(minutes=30)
"""So long after a camera saw it come a car's driver may take to pay by its plate alone, for it to be the same stay."""
AT_EXIT_FOR: Final = timedelta(hours=12)
"""So long after its end a stay can be paid further where a camera sees the exit, and the rest is due."""
STANDS_FOR: Final = timedelta(days=1)
"""So long after its end a patrol is told that what was paid has run out."""


class Standing(StrEnum):
    """What a patrol is told of a plate where one pays ahead."""

    PAID = "paid"
    EXPIRED = "expired"
    NOT_PAID = "not_paid"


class Phase(StrEnum):
    """Where a stay paid ahead is by the clock."""

    PAID = "paid"
    OVER = "over"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on, and until when at most, somebody may choose; nothing can be chosen when ``most`` is not later.

    ``opens_at``: the lot is closed until then. ``closes``: the most is when it closes.
    """

    start: datetime
    most: datetime
    opens_at: datetime | None = None
    closes: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be chosen."""
        return self.most <= self.start


def limits(
    begin: datetime, paid_until: datetime | None, rules: LotRules, times: OpeningTimes | None, now: datetime
) -> Limits:
    """What may be chosen of a stay that began at ``begin``: later than now and what is paid, no longer than allowed,
    and no later than the lot closes.
    """
    longest = rules.stay_max_minutes * MINUTE if rules.stay_max_minutes else MOST
    start, most = max(now, paid_until or now), begin + min(longest, MOST)
    opening = times.at(start) if times else None
    until = opening.until.astimezone(UTC) if opening and opening.until else None
    if opening is not None and opening.is_open is False:
        return Limits(start, start, until)
    if opening is not None and until is not None and until < most:
        return Limits(start, until, closes=True)
    return Limits(start, most)


def presets(given: Limits, zone: ZoneInfo) -> list[datetime]:
    """Ends to choose from: so long from the start on, and the end of the day; none beyond the most."""
    start = whole_minute(given.start)
    ends = [start + span for span in PRESETS]
    midnight = day_span(local_day(start, zone), zone).end
    if midnight - start > PRESETS[0]:
        ends = [end for end in ends if end < midnight] + [midnight]
    if given.closes:
        return [*(end for end in ends if end < given.most), given.most]
    return [end for end in ends if end <= given.most]


def read_end(minute: int, given: Limits, zone: ZoneInfo) -> datetime | None:
    """When a clock next shows ``minute`` of the day, minutes after local midnight; None where that is too late."""
    today = local_day(given.start, zone)
    end = instant(today, minute, zone)
    if end <= given.start:
        end = instant(today, minute + DAY_MINUTES, zone)
    return end if end <= given.most else None


def begin_of(session: ParkingSession, now: datetime) -> datetime:
    """From when on it is paid: one that its driver asks for begins when he goes to pay, however long he chose."""
    return whole_minute(now) if session.state is SessionState.BEGUN else session.entered_at


def may_choose(until: datetime, given: Limits) -> bool:
    """Whether a stay may be paid until then."""
    return given.start < until <= given.most


def whole_minute(at: datetime) -> datetime:
    """The minute that has begun: stays of drivers begin with it, so that an hour from then on is an hour."""
    return at.replace(second=0, microsecond=0)


def phase(paid_until: datetime, now: datetime, grace: timedelta, *, exit_seen: bool) -> Phase:
    """Where a stay is by the clock alone. ``exit_seen``: a camera sees cars leave, and what is more is due there."""
    if now < paid_until:
        return Phase.PAID
    return Phase.OVER if now <= paid_until + (AT_EXIT_FOR if exit_seen else grace) else Phase.ENDED


def is_same_car(seen: ParkingSession, begun: ParkingSession) -> bool:
    """Whether the stay that a camera saw begin is the one that its driver begins by paying.

    One with a right, a booking or a payment of its own is left as it is: whoever typed its plate may be anybody.
    """
    plain = not seen.right and seen.booking_id is None and seen.paid_until is None and not seen.begun_by
    inside = seen.state is SessionState.OPEN
    return inside and plain and begun.entered_at - seen.entered_at <= SAME_CAR


def standing(ends: Sequence[datetime], at: datetime) -> tuple[Standing, datetime | None]:
    """What a patrol is told of a plate that was paid for until ``ends``, and until when."""
    last = max(ends, default=None)
    if last is None or at - last >= STANDS_FOR:
        return Standing.NOT_PAID, None
    return (Standing.PAID if at < last else Standing.EXPIRED), last
