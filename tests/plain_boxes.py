"""What happens to a detector's boxes, one number at a time: the reference that faster code is held against."""

from dataclasses import dataclass, replace

Box = tuple[float, float, float, float]
"""Left, top, width, height."""


@dataclass(frozen=True)
class Found:
    kind: str
    confidence: float
    box: Box


def inside(box: Box, width: float, height: float) -> Box:
    """The part of a box that lies in the picture."""
    left, top = min(max(box[0], 0), width), min(max(box[1], 0), height)
    right, bottom = min(max(box[0] + box[2], 0), width), min(max(box[1] + box[3], 0), height)
    return left, top, right - left, bottom - top


def iou(a: Box, b: Box) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / max(a[2] * a[3] + b[2] * b[3] - shared, 1e-9)


def without_doubles(candidates: list[Found], overlap_max: float = 0.5) -> list[Found]:
    """Greedy suppression within each kind, surest first."""
    kept: list[Found] = []
    for candidate in sorted(candidates, key=lambda c: -c.confidence):
        if all(k.kind != candidate.kind or iou(k.box, candidate.box) <= overlap_max for k in kept):
            kept.append(candidate)
    return kept


def one_kind_each(kept: list[Found], same_min: float = 0.7) -> list[Found]:
    """A second kind for the same box is believed as far as the surer one is wrong."""
    weighed = []
    for place, found in enumerate(kept):
        surer = [k.confidence for k in kept[:place] if k.kind != found.kind and iou(k.box, found.box) > same_min]
        weighed.append(replace(found, confidence=found.confidence * (1 - max(surer, default=0.0))))
    return sorted(weighed, key=lambda f: -f.confidence)


def vehicles(candidates: list[Found], width: float, height: float, confidence_min: float) -> list[Found]:
    """All of it: doubles out, one kind each, cut at the picture's edge, the sure enough ones of a pixel or more."""
    found = one_kind_each(without_doubles([c for c in candidates if c.confidence >= confidence_min]))
    found = [replace(f, box=inside(f.box, width, height)) for f in found]
    return [f for f in found if f.confidence >= confidence_min and f.box[2] >= 1 and f.box[3] >= 1]
