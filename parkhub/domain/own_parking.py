"""Finding one's own parking: by a plate and the time of arrival, which only who was there knows.

A plate alone tells nothing, so that a stranger cannot ask where a car is. Who knows about when it came in is taken for
its driver. A plate one letter off, as cameras and thumbs get them, is offered by its time of arrival only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.local_time import DAY_MINUTES
from parkhub.domain.matching import CLEAR, CLEAR_PER_LETTER, Inside, match
from parkhub.domain.plates import Candidate, normalise
from parkhub.domain.sessions import ParkingSession

ABOUT_MINUTES: Final = 30
"""So far off may the time be that a driver remembers."""

OFFERED_MAX: Final = 3
"""With more that are alike, only the ticket can tell."""


@dataclass(frozen=True, slots=True)
class Found:
    """What fits: the one with that very plate, else those alike, which only a person can tell apart."""

    own: ParkingSession | None = None
    alike: tuple[ParkingSession, ...] = ()


def alike(plate: str, inside: Iterable[Inside]) -> list[int]:
    """Ids of the sessions whose plate is the very same or about one letter off, likeliest first."""
    text = normalise(plate)
    if not text:
        return []
    most = min(CLEAR, CLEAR_PER_LETTER * len(text))
    return [each.session_id for each in match([Candidate(text, 1.0)], 1.0, inside).suggestions if each.cost <= most]


def find(plate: str, arrived_minute: int, alike: Sequence[ParkingSession], zone: ZoneInfo) -> Found:
    """Which of those alike it is. ``arrived_minute``: about when it came in, minutes after local midnight."""
    fitting = [session for session in alike if _fits(session.entered_at, arrived_minute, zone)]
    for session in fitting:
        if session.plate == normalise(plate):
            return Found(session)
    return Found(None, tuple(fitting)) if len(fitting) <= OFFERED_MAX else Found()


def _fits(entered_at: datetime, minute: int, zone: ZoneInfo) -> bool:
    here = entered_at.astimezone(zone)
    apart = abs(here.hour * 60 + here.minute - minute)
    return min(apart, DAY_MINUTES - apart) <= ABOUT_MINUTES
