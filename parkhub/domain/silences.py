"""Cameras that say nothing any more: when people are written to, and when they hear that something comes again.

What falls silent together is told of together, and so is what comes back together: who runs a car park whose power is
gone gets one letter, not one for each camera, and none every minute.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

GATHERED: Final = 2 / 3
"""Part of its patience that another camera must have been silent for to be told of in the same letter."""

BACK_GATHERED: Final = timedelta(minutes=5)
"""So long a camera that is heard again waits for the others that fell silent with it."""

LOOKS_MISSED: Final = timedelta(minutes=3)
"""Nobody has looked for so long: we were away ourselves, and could not have heard anybody."""

TOLD_EVERY: Final = timedelta(hours=1)
"""So long nobody is told again of a camera they were told of."""

UNSTEADY_FOR: Final = timedelta(hours=2)
"""One that falls silent so soon after it came back comes and goes."""

STEADY_FOR: Final = timedelta(hours=1)
"""So long one that comes and goes has to be heard before people are told that it is back."""

REGULAR: Final = 12
"""Pictures in the hour before its last one that make a camera without a node one that is to be missed."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A camera of whose silence people were told. ``since``: when it was heard last; ``back_at``: when again.

    ``over_at``: when they were told last that it is over, of this one or of the one before.
    """

    id: int
    camera_id: int
    since: datetime
    told_at: datetime
    back_at: datetime | None = None
    over_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether people know that it is over."""
        return self.over_at is not None and self.over_at >= self.told_at

    def is_back(self, now: datetime) -> bool:
        """Whether the camera is heard again, and not only now and then."""
        unsteady = self.over_at is not None and self.told_at - self.over_at < UNSTEADY_FOR
        return self.back_at is not None and (not unsteady or now - self.back_at >= STEADY_FOR)


def fell_silent(heard: Mapping[int, datetime], patience: Mapping[int, timedelta], now: datetime) -> set[int]:
    """The cameras to tell of now, by when each was heard last: none before one of them has used up its patience."""
    quiet = {each: now - at for each, at in heard.items()}
    if not any(for_long >= patience[each] for each, for_long in quiet.items()):
        return set()
    return {each for each, for_long in quiet.items() if for_long >= GATHERED * patience[each]}


def came_back(silences: Collection[Silence], now: datetime) -> list[Silence]:
    """Those to tell of now that are heard again: when all that were told of together are, or the first has waited."""
    found: list[Silence] = []
    for told_at in sorted({each.told_at for each in silences}):
        together = [each for each in silences if each.told_at == told_at]
        back = [each for each in together if each.is_back(now)]
        waited = any(each.back_at is not None and now - each.back_at >= BACK_GATHERED for each in back)
        if waited or len(back) == len(together):
            found += back
    return found
