"""What the document of a node may say: checked as a whole, before a node sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from parkhub.domain.node_configurations import DAYS, Area, Document, Focus, Span
from parkhub.errors import FieldsError

SCHEDULE_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class Bound:
    """What a number may be."""

    least: float
    most: float
    whole: bool = False

    def takes(self, value: float) -> bool:
        """Whether a number is one of them; a NaN never is."""
        return self.least <= value <= self.most and (not self.whole or value == int(value))

    @property
    def words(self) -> str:
        """What to do, for people."""
        return f"Use {'a whole number' if self.whole else 'a number'} from {self.least:g} to {self.most:,g}."


BOUNDS: Final[Mapping[str, Bound]] = {
    "interval_s": Bound(0.1, 86_400),
    "change.interval_min_s": Bound(0.1, 86_400),
    "change.interval_max_s": Bound(0.1, 86_400),
    "change.threshold": Bound(0.001, 1),
    "gate.burst_max": Bound(1, 60, whole=True),
    "gate.keep": Bound(1, 60, whole=True),
    "gate.idle_interval_s": Bound(1, 86_400),
    "picture.quality": Bound(10, 100, whole=True),
    "picture.quality_min": Bound(10, 100, whole=True),
    "picture.width_max": Bound(160, 8000, whole=True),
    "picture.width_min": Bound(160, 8000, whole=True),
    "camera.exposure_us": Bound(1, 10_000_000, whole=True),
    "camera.gain": Bound(1, 100),
    "camera.lens_position": Bound(0, 50),
    "upload.pictures_per_s": Bound(0.01, 100),
    "upload.kbit_per_s": Bound(8, 10_000_000),
    "heartbeat_s": Bound(1, 3600),
}
"""The document's numbers by their path in it."""

MAY_LACK: Final = frozenset({"camera.exposure_us", "camera.gain", "camera.lens_position", "upload.kbit_per_s"})
_ORDERED: Final = (
    ("change.interval_min_s", "change.interval_max_s", "The longest pause cannot be shorter than the shortest."),
    ("gate.keep", "gate.burst_max", "No more can be kept than are taken."),
    ("picture.quality_min", "picture.quality", "The quality cannot lie below the least."),
    ("picture.width_min", "picture.width_max", "The width cannot lie below the least."),
)


def value_at(document: Document, path: str) -> Any:
    """What a document says at a path, such as ``gate.keep``."""
    found: Any = document
    for name in path.split("."):
        found = getattr(found, name)
    return found


def check(document: Document) -> None:
    """Raise FieldsError with a word for each field that is wrong, by its path; of a row, ``schedule.0``."""
    wrong: dict[str, str] = {}
    for path, bound in BOUNDS.items():
        value = value_at(document, path)
        if value is None and path in MAY_LACK:
            continue
        if value is None or not bound.takes(value):
            wrong[path] = bound.words
    for less, more, words in _ORDERED:
        if not {less, more} & wrong.keys() and value_at(document, less) > value_at(document, more):
            wrong[more] = words
    for path in ("change.area", "gate.area"):
        if not _lies_inside(value_at(document, path)):
            wrong[path] = "Use left, top, width, height as shares of the picture, such as 0.1,0.4,0.8,0.5."
    if document.camera.focus is Focus.MANUAL and document.camera.lens_position is None:
        wrong.setdefault("camera.lens_position", "Say where the lens stands, or let the camera focus.")
    for at, span in enumerate(document.schedule):
        if fault := _fault(span):
            wrong[f"schedule.{at}"] = fault
    if len(document.schedule) > SCHEDULE_MAX:
        wrong["schedule"] = f"Use at most {SCHEDULE_MAX} rows."
    if wrong:
        raise FieldsError(wrong)


def _lies_inside(area: Area | None) -> bool:
    if area is None:
        return True
    left, top, width, height = area
    return 0 <= left < 1 and 0 <= top < 1 and 0 < width <= 1.0001 - left and 0 < height <= 1.0001 - top


def _fault(span: Span) -> str:
    if not span.days or any(day not in DAYS for day in span.days):
        return "Choose its days."
    if not _is_time(span.begin) or not _is_time(span.end):
        return "Say from when to when, as 22:00."
    bound = BOUNDS["interval_s"]
    return "" if bound.takes(span.interval_s) else f"Pause: {bound.words}"


def _is_time(text: str) -> bool:
    hour, colon, minute = text.partition(":")
    return (
        bool(colon)
        and len(text) == 5
        and (hour + minute).isascii()
        and (hour + minute).isdigit()
        and int(hour) < 24
        and int(minute) < 60
    )
