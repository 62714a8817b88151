"""A lot as the public sees it: the numbers and sentences that the page, its live updates and the API share."""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final

from markupsafe import Markup

from parkhub.domain.lots import Lot, LotStatus
from parkhub.domain.spots import BayPlan, BayShape, Spot, SpotKind, SpotState
from parkhub.languages import ENGLISH, Language, marked
from parkhub.web.opening_words import Week, opening_sentence, opening_week
from parkhub.web.templating import ENVIRONMENT, local

OLD_AFTER_S: Final = 120
KINDS: Final = {
    SpotKind.STANDARD: marked("Standard"),
    SpotKind.DISABLED: marked("Disabled"),
    SpotKind.EV: marked("Charging"),
    SpotKind.MOTORCYCLE: marked("Motorcycle"),
    SpotKind.RESERVED: marked("Reserved"),
}


@dataclass(frozen=True, slots=True)
class KindView:
    """Spots of one kind: how many are free and which."""

    kind: SpotKind
    label: str
    capacity: int
    free: tuple[str, ...]
    unknown: int
    language: Language = ENGLISH

    @property
    def shown(self) -> int | str:
        """How many are free; "?" when none of them can be seen: a number would be a lie."""
        return "?" if self.unknown == self.capacity else len(self.free)

    @property
    def names(self) -> str:
        """The free ones by name."""
        gettext = self.language.gettext
        return ", ".join(self.free) or (gettext("not seen just now") if self.shown == "?" else gettext("none"))


@dataclass(frozen=True)
class LotView:
    """A lot at an instant, in words. ``now`` is the server's time when the states were read."""

    status: LotStatus
    now: datetime
    language: Language = ENGLISH

    @property
    def lot(self) -> Lot:
        """The lot."""
        return self.status.lot

    @property
    def capacity(self) -> int:
        """How many spots there are."""
        return self.status.capacity

    @cached_property
    def free(self) -> int:
        """How many are known to be free."""
        return self.status.count(SpotState.FREE)

    @cached_property
    def unknown(self) -> int:
        """How many nobody can see just now."""
        return self.status.count(SpotState.UNKNOWN)

    @cached_property
    def kinds(self) -> list[KindView]:
        """The kinds that this lot has, in a fixed order."""
        found = []
        for kind, label in KINDS.items():
            spots = [spot for spot in self.status.spots if spot.spot.kind is kind]
            if spots:
                free = tuple(spot.spot.name for spot in spots if spot.track.state is SpotState.FREE)
                unknown = sum(spot.track.state is SpotState.UNKNOWN for spot in spots)
                words = self.language.gettext(label)
                found.append(KindView(kind, words, len(spots), free, unknown, self.language))
        return found

    @cached_property
    def states(self) -> dict[str, str]:
        """State by spot name, in map order."""
        return {known.spot.name: known.track.state.value for known in self.status.spots}

    @cached_property
    def bays(self) -> list[tuple[str, SpotKind, BayPlan]]:
        """All that the drawn map shows but the states."""
        return [(known.spot.name, known.spot.kind, known.spot.plan) for known in self.status.spots]

    @cached_property
    def layout(self) -> str:
        """Changes when spots are added, removed, renamed or moved on the plan, or lanes: what is drawn is then old."""
        told = repr((self.box, self.bays, self.lot.drives_version))
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    @property
    def blind(self) -> bool:
        """No place can be seen: a number would be a lie."""
        return self.unknown == self.capacity

    @property
    def age_s(self) -> float | None:
        """Seconds since the last look; None when there was none."""
        if self.status.as_of is None:
            return None
        return max(0.0, (self.now - self.status.as_of).total_seconds())

    @property
    def clock(self) -> str:
        """The last look by the lot's clock; empty when there was none."""
        return "" if self.status.as_of is None else local(self.status.as_of, self.lot.time_zone)

    @property
    def fresh(self) -> bool:
        """Whether what is shown may be called live: the last look is recent and some place is still seen."""
        return self._recent and not self.blind

    @property
    def _recent(self) -> bool:
        return self.age_s is not None and self.age_s < OLD_AFTER_S

    @property
    def freshness(self) -> str:
        """When the last look was, for a page that does not tick."""
        gettext = self.language.gettext
        if self.age_s is None:
            return gettext("No camera has looked yet")
        if self._recent:
            return gettext("Last look %(clock)s", clock=self.clock)
        return gettext("Last look %(age)s ago", age=self.language.age(self.age_s))

    @cached_property
    def week(self) -> Week | None:
        """When it is open in the next seven days, if anybody has said."""
        return opening_week(self.lot.opening_times, self.now, self.language)

    @property
    def linked(self) -> dict[str, Any]:
        """The lot as search engines read it: schema.org's ParkingFacility."""
        lot = self.lot
        told: dict[str, Any] = {"@context": "https://schema.org", "@type": "ParkingFacility", "name": lot.name}
        if lot.address:
            told["address"] = lot.address
        if lot.place:
            told["geo"] = {"@type": "GeoCoordinates", "latitude": lot.place[0], "longitude": lot.place[1]}
        if lot.opening_times:
            told["openingHours"] = lot.opening_hours
        return told

    @cached_property
    def text(self) -> dict[str, str]:
        """The page's sentences that change. Live updates carry them, so that scripts know no language."""
        return self._numbers | {"opening": opening_sentence(self.lot.opening_times, self.now, self.language)}

    @property
    def _numbers(self) -> dict[str, str]:
        here, gettext, ngettext = self.lot.name, self.language.gettext, self.language.ngettext
        if self.blind:
            return {
                "hero": "?",
                "words": gettext("places free"),
                "rest": ngettext(
                    "of %(num)s, nobody can see it just now", "of %(num)s, nobody can see them just now", self.capacity
                ),
                "title": gettext("%(lot)s: places not seen just now", lot=here),
                "map": ngettext(
                    "Plan of %(lot)s: its place cannot be seen just now",
                    "Plan of %(lot)s: none of %(num)s places can be seen just now",
                    self.capacity,
                    lot=here,
                ),
                "tail": gettext("No place can be seen just now."),
            }
        unseen = gettext(", %(number)s not seen just now", number=self.unknown) if self.unknown else ""
        free = ngettext("%(num)s place free", "%(num)s places free", self.free)
        return {
            "hero": str(self.free),
            "words": ngettext("place free", "places free", self.free),
            "rest": gettext("of %(capacity)s", capacity=self.capacity) + unseen,
            "title": gettext("%(lot)s: %(free)s", lot=here, free=free),
            "map": ngettext(
                "Plan of %(lot)s: %(free)s of %(num)s place free",
                "Plan of %(lot)s: %(free)s of %(num)s places free",
                self.capacity,
                lot=here,
                free=self.free,
            )
            + unseen,
            "tail": ngettext(
                "%(num)s place cannot be seen just now.", "%(num)s places cannot be seen just now.", self.unknown
            )
            if self.unknown
            else "",
        }

    @cached_property
    def box(self) -> tuple[float, float]:
        """Width and height of the drawn map, in plan units: the plan's, or more when spots lie beyond."""
        wide = max((known.spot.plan.x + known.spot.plan.width for known in self.status.spots), default=0.0)
        high = max((known.spot.plan.y + known.spot.plan.height for known in self.status.spots), default=0.0)
        return max(self.lot.plan_width, wide + 1), max(self.lot.plan_height, high + 1)


def update(view: LotView, before: LotView | None) -> dict[str, Any] | None:
    """What an open page must be told: everything without ``before``, else what has changed; None when nothing has.

    A change of the layout tells everything too; the page sees by `layout` that its drawing is out of date.
    """
    told: dict[str, Any] = {"clock": view.clock, "age_s": None if view.age_s is None else round(view.age_s, 1)}
    if before is None or before.bays != view.bays or before.lot.drives_version != view.lot.drives_version:
        return {
            **told,
            "layout": view.layout,
            "kinds": {kind.kind.value: kind.shown for kind in view.kinds},
            "spots": view.states,
            "text": view.text,
        }
    old_kinds = {kind.kind: kind.shown for kind in before.kinds}
    kinds = {kind.kind.value: kind.shown for kind in view.kinds if old_kinds[kind.kind] != kind.shown}
    spots = dict(view.states.items() - before.states.items())
    text = dict(view.text.items() - before.text.items())
    changed = {name: value for name, value in (("kinds", kinds), ("spots", spots), ("text", text)) if value}
    if not changed and view.status.as_of == before.status.as_of:
        return None
    return {**told, **changed}


def outline_numbers(plan: BayPlan) -> dict[str, Any]:
    """An outline, its middle, the room for a name, and the sizes and the turn of the marks, in plan units and degrees.

    A car stands along the outline's longest edge. What an outline measures across is its area over its length.
    """
    outline = plan.outline
    if plan.shape is not BayShape.OUTLINE or len(outline) < 3:
        x, y, wide, high = plan.x, plan.y, plan.width, plan.height
        outline = ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high))
    cx = sum(x for x, _ in outline) / len(outline)
    cy = sum(y for _, y in outline) / len(outline)
    # Outlines lean: what a name has room for is nearer to the area over the height than to the whole width.
    edges = list(zip(outline, (*outline[1:], outline[0]), strict=True))
    area = abs(sum(x * v - u * y for (x, y), (u, v) in edges)) / 2
    dx, dy = max(((u - x, v - y) for (x, y), (u, v) in edges), key=lambda edge: math.hypot(*edge))
    along = math.hypot(dx, dy) or 1.0
    across = area / along
    return {
        "outline": " ".join(f"{x:.1f},{y:.1f}" for x, y in outline),
        "along": round(0.82 * along, 1),
        "across": round(0.72 * across, 1),
        "turn": round(math.degrees(math.atan2(dy, dx)) + 90) % 180,
        "mark": round(min(0.7 * min(along, across), 24.0), 1),
        "x": round(cx, 1),
        "y": round(cy, 1),
        "width": round(area / (plan.height or 1), 1),
    }


@lru_cache(maxsize=16_384)
def drawn(spot: Spot) -> Markup:
    """What the map shows of a spot whatever its state; drawn once, as spots hardly ever change."""
    macro = ENVIRONMENT.get_template("lots/_map.html").module.bay  # type: ignore[attr-defined]
    found: Markup = macro(spot, outline_numbers(spot.plan))
    return found
