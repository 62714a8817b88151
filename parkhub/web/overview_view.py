"""The live view at an instant: its lots, cameras and figures in words."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.db.overview import Taken
from parkhub.domain.lots import Lot
from parkhub.languages import ENGLISH
from parkhub.web.camera_view import CameraView
from parkhub.web.recent import Told
from parkhub.web.templating import span

WAITS_S: Final = 2.0
"""A picture that waits for less does not wait."""
NOTHING: Final = Taken(0, "", 0)
"""Nothing was ever posted."""


@dataclass(frozen=True)
class LotNow:
    """A lot in numbers. ``states``: a letter a spot, in map order; ``taken`` None: not for whoever asks.

    ``fresh``: its last look is recent and some place is seen; ``freshness``: when that was, in words.
    """

    lot: Lot
    states: str
    fresh: bool
    freshness: str
    entered: int = 0
    left: int = 0
    inside: int = 0
    taken: Taken | None = None

    @property
    def free(self) -> int:
        """How many places are known to be free."""
        return self.states.count("f")

    @property
    def text(self) -> dict[str, str]:
        """What the lot's card says."""
        unseen = self.states.count("u")
        blind = bool(self.states) and unseen == len(self.states)
        found = {
            "free": "?" if blind else str(self.free),
            "rest": f"free of {len(self.states)}" + (f", {unseen} not seen" if unseen else ""),
            "entered": str(self.entered),
            "left": str(self.left),
            "inside": str(self.inside),
            "freshness": self.freshness,
        }
        if self.taken is not None:
            found["taken"] = _taken([self])
        return found


@dataclass(frozen=True)
class Overview:
    """Everything at an instant. ``calls``: barriers where a person is needed, each with whether somebody goes there.

    ``recent``: what happened last; ``waits_s``: how long the oldest picture waits that nobody has read yet.
    """

    lots: list[LotNow]
    cameras: list[CameraView]
    waiting: int
    calls: tuple[tuple[int, bool], ...]
    now: datetime
    money: bool
    recent: tuple[Told, ...] = ()
    waits_s: float = 0.0

    @property
    def text(self) -> dict[str, str]:
        """The page's figures."""
        places = sum(len(each.states) for each in self.lots)
        found = {
            "free": str(sum(each.free for each in self.lots)),
            "places": f"of {places} in {len(self.lots)} car park{'s' if len(self.lots) != 1 else ''}",
            "entered": str(sum(each.entered for each in self.lots)),
            "left": str(sum(each.left for each in self.lots)),
            "inside": str(sum(each.inside for each in self.lots)),
            "waiting": str(self.waiting),
            "queue": _queue(self.waits_s),
            "good": f"{sum(each.badge[0] == 'good' for each in self.cameras)} of {len(self.cameras)} good",
        }
        return found | ({"taken": _taken(self.lots)} if self.money else {})

    @property
    def shape(self) -> str:
        """What an update cannot tell: when it changes, the page loads these parts anew."""
        needs = [(each.camera.id, each.needs[0]) for each in self.cameras if each.needs]
        lots = [(each.lot.id, each.lot.name, len(each.states)) for each in self.lots]
        told = repr((needs, lots, self.calls, bool(self.waiting)))
        return hashlib.sha256(told.encode()).hexdigest()[:12]


def _queue(waits_s: float) -> str:
    """How long pictures wait, in words that do not change with every picture."""
    return f"pictures wait for {span(waits_s)}" if waits_s >= WAITS_S else "no picture waits"


def _taken(lots: Iterable[LotNow]) -> str:
    sums = defaultdict[str, int](int)
    for each in lots:
        if each.taken is not None and each.taken.cents:
            sums[each.taken.currency] += each.taken.cents
    return " and ".join(ENGLISH.money(cents, currency) for currency, cents in sorted(sums.items())) or "nothing"
