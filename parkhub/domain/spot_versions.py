"""Versions of a camera's spots: who saved what, what changed in words, and which spot goes on from which."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from parkhub.domain.spot_marks import Mark
from parkhub.domain.spots import BayShape, NewSpot, Polygon, Spot
from parkhub.domain.spots_file import PLAN_WIDTH, SpotsFile, lay_out, lower

VERSIONS_KEPT: Final = 100
NAMED_MAX: Final = 3
SAME_PLACE: Final = 0.7
"""Share that the boxes round two outlines must have in common, of both together, to be one place."""
MOVED_FROM: Final = 1e-4


@dataclass(frozen=True, slots=True)
class KeptSpot:
    """A spot as a version keeps it, with the id of its row."""

    spot_id: int
    spot: NewSpot


@dataclass(frozen=True, slots=True)
class SpotVersion:
    """One saved state of a camera's spots, marked on a picture of ``width`` x ``height`` pixels.

    ``by`` is who saved it, by e-mail; empty when a command or a file did, or the account is gone. ``words`` say what
    changed. ``spots`` is left out (None) where versions are listed.
    """

    id: int
    camera_id: int
    number: int
    saved_at: datetime
    by: str
    words: str
    width: int
    height: int
    spot_count: int
    spots: tuple[KeptSpot, ...] | None = None


def keep(spot: Spot) -> KeptSpot:
    """A spot as a version keeps it."""
    return KeptSpot(spot.id, NewSpot(spot.name, spot.kind, spot.zone, spot.polygon, spot.plan))


def continued(present: Sequence[Spot], marks: Sequence[Mark]) -> list[Mark]:
    """The marks, each with the id of the spot it goes on from.

    That is the one it says, else the one of its name, else the one that lies where it lies; every spot goes on once.
    """
    by_id = {spot.id: spot for spot in present}
    found: list[int | None] = [mark.spot_id if mark.spot_id in by_id else None for mark in marks]
    free = {spot.id for spot in present} - {spot_id for spot_id in found if spot_id is not None}
    by_name = {spot.name: spot.id for spot in present}
    for index, mark in enumerate(marks):
        named = by_name.get(mark.name)
        if found[index] is None and named in free:
            found[index] = named
            free.discard(named)
    for index, mark in enumerate(marks):
        if found[index] is None and free:
            best = max(free, key=lambda spot_id: (overlap(by_id[spot_id].polygon, mark.polygon), -spot_id))
            if overlap(by_id[best].polygon, mark.polygon) >= SAME_PLACE:
                found[index] = best
                free.discard(best)
    return [replace(mark, spot_id=spot_id) for mark, spot_id in zip(marks, found, strict=True)]


def overlap(one: Polygon, other: Polygon) -> float:
    """What the boxes round two outlines have in common, of what both cover: 0..1."""
    (left, top, right, bottom), (left2, top2, right2, bottom2) = box_round(one), box_round(other)
    wide, high = min(right, right2) - max(left, left2), min(bottom, bottom2) - max(top, top2)
    if wide <= 0 or high <= 0:
        return 0.0
    both = (right - left) * (bottom - top) + (right2 - left2) * (bottom2 - top2) - wide * high
    return wide * high / both


def box_round(polygon: Polygon) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return min(xs), min(ys), max(xs), max(ys)


def differences(before: Sequence[KeptSpot], after: Sequence[KeptSpot]) -> list[str]:
    """What changed from one state to the next, one phrase each; none: nothing did."""
    old, new = {kept.spot_id: kept.spot for kept in before}, {kept.spot_id: kept.spot for kept in after}
    both = [(old[key], spot) for key, spot in new.items() if key in old]
    renamed = [f"{was.name} to {now.name}" for was, now in both if was.name != now.name]
    phrases = [
        ("added", [spot.name for key, spot in new.items() if key not in old]),
        ("removed", [spot.name for key, spot in old.items() if key not in new]),
        ("renamed", renamed),
        ("redrawn", [now.name for was, now in both if _moved(was.polygon, now.polygon)]),
        ("of another kind", [now.name for was, now in both if was.kind is not now.kind]),
        ("in another zone", [now.name for was, now in both if was.zone != now.zone]),
    ]
    told = [f"{len(names)} {words} ({_list(names)})" for words, names in phrases if names]
    if told:  # then places on the map follow by themselves
        return told
    placed = [now.name for was, now in both if was.plan != now.plan]
    if placed:
        return [f"{len(placed)} elsewhere on the map ({_list(placed)})"]
    return [] if list(old) == list(new) else ["another order"]


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED_MAX]) + (", …" if len(names) > NAMED_MAX else "")


def _moved(before: Polygon, after: Polygon) -> bool:
    if len(before) != len(after):
        return True
    return any(
        abs(x - x2) > MOVED_FROM or abs(y - y2) > MOVED_FROM for (x, y), (x2, y2) in zip(before, after, strict=True)
    )


def is_laid_out(spots: Sequence[Spot], aspect: float) -> bool:
    """Whether the places on the map are those that `lay_out` gives, at any height, so that nobody put them there."""
    if any(spot.plan.shape is not BayShape.OUTLINE for spot in spots):
        return False
    plans, _ = lay_out([spot.polygon for spot in spots], aspect)
    downs = [spot.plan.y - plan.y for spot, plan in zip(spots, plans, strict=True)]
    return all(
        abs(spot.plan.x - plan.x) < 0.5 and abs(down - downs[0]) < 0.5 and abs(spot.plan.width - plan.width) < 0.5
        for spot, plan, down in zip(spots, plans, downs, strict=True)
    )


def place(marks: Sequence[Mark], present: Sequence[Spot], was: float, aspect: float) -> SpotsFile | None:
    """The marks with places on a map of their own, if nobody chose places for the present spots; else None.

    ``was`` and ``aspect``: width over height of the pictures that the present spots and the marks were drawn on.
    """
    if not is_laid_out(present, was):
        return None
    plans, height = lay_out([mark.polygon for mark in marks], aspect)
    spots = [NewSpot(m.name, m.kind, m.zone, m.polygon, plan) for m, plan in zip(marks, plans, strict=True)]
    return SpotsFile(round(1000 * aspect), 1000, tuple(spots), PLAN_WIDTH, height)


def place_beside(
    marks: Sequence[Mark], present: Sequence[Spot], bottom: float, aspect: float
) -> tuple[list[NewSpot], float]:
    """The marks on the map where they are; those that are new come below ``bottom``. And where the last one ends."""
    plan_of = {spot.id: spot.plan for spot in present}
    fresh = [mark for mark in marks if mark.spot_id not in plan_of]
    plans, height = lay_out([mark.polygon for mark in fresh], aspect)
    laid = iter(plans)
    spots = []
    for mark in marks:
        plan = plan_of[mark.spot_id] if mark.spot_id in plan_of else lower(next(laid), bottom)
        spots.append(NewSpot(mark.name, mark.kind, mark.zone, mark.polygon, plan))
    return spots, bottom + height if fresh else bottom
