"""SPOTS.json of what is in the database: what others read, and what can be read back."""

from collections.abc import Sequence
from typing import Any

from parkhub.domain.spots import BayShape, NewSpot, Spot


def spots_document(
    size: tuple[int, int], spots: Sequence[Spot | NewSpot], plan_size: tuple[float, float] | None = None
) -> dict[str, Any]:
    """SPOTS.json for a picture of ``size`` pixels, with places on the map if ``plan_size`` is given."""
    width, height = size
    rows: list[dict[str, Any]] = []
    for spot in spots:
        polygon = [[_short(x * width), _short(y * height)] for x, y in spot.polygon]
        row: dict[str, Any] = {"id": spot.name, "polygon": polygon, "kind": spot.kind.value, "zone": spot.zone}
        if plan_size is not None:
            plan = spot.plan
            row["plan"] = {"shape": plan.shape.value, "x": plan.x, "y": plan.y}
            row["plan"] |= {"width": plan.width, "height": plan.height}
            if plan.shape is BayShape.OUTLINE:
                row["plan"]["outline"] = [list(point) for point in plan.outline]
        rows.append(row)
    found: dict[str, Any] = {"size": [width, height], "spots": rows}
    return found if plan_size is None else {**found, "plan_size": list(plan_size)}


def _short(value: float) -> float:
    """To a hundredth of a pixel."""
    return round(value, 2)
