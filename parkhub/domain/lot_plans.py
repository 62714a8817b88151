"""The drawn plan of a lot: every spot of every camera on one map, put where people say."""

from typing import Final

from parkhub.domain.spots import BayPlan, BayShape, Point, Polygon

SIDE_MAX: Final = 4000
SAME: Final = 0.05
"""Plan units that are no move yet: what a page sends back is rounded."""


def corners(plan: BayPlan) -> Polygon:
    """A place on the map as an outline in plan units."""
    if plan.shape is BayShape.OUTLINE:
        return plan.outline
    left, top, right, bottom = plan.x, plan.y, plan.x + plan.width, plan.y + plan.height
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def put(plan: BayPlan, outline: Polygon) -> BayPlan:
    """The place where an outline lies now; one that only went elsewhere keeps its drawn bay."""
    before = corners(plan)
    if len(before) == len(outline):
        dx, dy = outline[0][0] - before[0][0], outline[0][1] - before[0][1]
        if all(_near(was, now, dx, dy) for was, now in zip(before, outline, strict=True)):
            if abs(dx) < SAME and abs(dy) < SAME:
                return plan
            moved = tuple((x + dx, y + dy) for x, y in plan.outline)
            return BayPlan(plan.shape, plan.x + dx, plan.y + dy, plan.width, plan.height, moved)
    points = tuple((round(x, 2), round(y, 2)) for x, y in outline)
    x, y = min(x for x, _ in points), min(y for _, y in points)
    width, height = max(x for x, _ in points) - x, max(y for _, y in points) - y
    return BayPlan(BayShape.OUTLINE, x, y, round(width, 2), round(height, 2), points)


def _near(was: Point, now: Point, dx: float, dy: float) -> bool:
    return abs(was[0] + dx - now[0]) < SAME and abs(was[1] + dy - now[1]) < SAME
