"""Pictures sent by hand as the console shows them: words for what was found, and boxes over the picture."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from parkhub.domain.picture_uploads import PictureUpload, PictureWish, UploadCount, UploadedPicture, UploadStatus
from parkhub.domain.vehicles import VehicleKind
from parkhub.web.counts import NAMES
from parkhub.web.recording_view import percent
from parkhub.web.templating import count

WIDTH: Final = 1000
WISHES: Final = {
    PictureWish.SPOTS: "See which places are free",
    PictureWish.VEHICLES: "Count vehicles by kind",
    PictureWish.PLATES: "Read plates",
    PictureWish.CAMERA: "Take them as a camera's pictures",
}
SHORT: Final = {
    PictureWish.SPOTS: "places",
    PictureWish.VEHICLES: "vehicles",
    PictureWish.PLATES: "plates",
    PictureWish.CAMERA: "as a camera's",
}
_BADGES: Final = {
    UploadStatus.WAITING: ("waiting", "", ""),
    UploadStatus.RUNNING: ("being looked at", "note", ""),
    UploadStatus.DONE: ("done", "good", "✓"),
    UploadStatus.FAILED: ("failed", "bad", "×"),
}
_SPOTS: Final = {"free": "free", "occupied": "taken", "unknown": "not seen"}


@dataclass(frozen=True)
class UploadView:
    """Pictures sent together. ``camera``: its name, "" without one."""

    upload: PictureUpload
    count: UploadCount
    camera: str = ""

    @property
    def wish(self) -> str:
        """What for."""
        return SHORT[self.upload.wish] + (f" of {self.camera}" if self.camera else "")

    @property
    def version(self) -> str:
        """Changes whenever a picture ends."""
        return f"{self.count.done}-{self.count.failed}"

    @property
    def words(self) -> str:
        """How far it is."""
        ended = self.count.done + self.count.failed
        if ended < self.count.total:
            return f"{ended} of {self.count.total} looked at"
        return f"{self.count.failed} of {self.count.total} failed" if self.count.failed else "all looked at"


@dataclass(frozen=True)
class PictureView:
    """One picture with what was found in it."""

    picture: UploadedPicture

    @property
    def badge(self) -> tuple[str, str, str]:
        """Words, tone and mark."""
        return _BADGES[self.picture.status]

    @property
    def shown(self) -> bool:
        """Whether there is a picture with boxes to show."""
        return bool(self.picture.picture_key) and self.picture.status is UploadStatus.DONE

    @cached_property
    def height(self) -> int:
        """Of the drawing, which is `WIDTH` wide."""
        size: list[int] = (self.picture.result or {}).get("size", [self.picture.width, self.picture.height])
        return round(WIDTH * size[1] / max(1, size[0]))

    @cached_property
    def words(self) -> str:
        """What was found, in one line; why nothing, for one that failed."""
        result = self.picture.result
        if result is None:
            return self.picture.error
        if "frame" in result:
            return "it is the camera's now"
        if "spots" in result:
            states = Counter(each["state"] for each in result["spots"])
            return ", ".join(f"{states[state]} {words}" for state, words in _SPOTS.items() if states[state])
        if "vehicles" in result:
            kinds = Counter(each["kind"] for each in result["vehicles"])
            return (
                ", ".join(count(number, *NAMES[VehicleKind(kind)]) for kind, number in kinds.most_common())
                or "no vehicle"
            )
        return ", ".join(each["text"] for each in result["plates"]) or "no plate"

    @cached_property
    def boxes(self) -> list[dict[str, Any]]:
        """What to draw: points, a state for its colour, words, and where they stand."""
        result = self.picture.result or {}
        drawn = [(each["polygon"], each["state"], each["name"]) for each in result.get("spots", ())]
        drawn += [(_corners(each["box"]), "occupied", each["kind"]) for each in result.get("vehicles", ())]
        drawn += [(_corners(each["box"]), "free", each["text"]) for each in result.get("plates", ())]
        return [self._drawn(polygon, state, words) for polygon, state, words in drawn]

    def _drawn(self, polygon: list[tuple[float, float]], state: str, words: str) -> dict[str, Any]:
        points = [(x * WIDTH, y * self.height) for x, y in polygon]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return {
            "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
            "state": state,
            "words": words,
            "x": round(sum(xs) / len(xs), 1),
            "y": round(sum(ys) / len(ys), 1),
            "labelled": max(xs) - min(xs) >= len(words) * 7.5,
        }

    @cached_property
    def rows(self) -> list[tuple[str, str, str]]:
        """The same as a table: what, how it is, how sure."""
        result = self.picture.result or {}
        found = [(each["name"], _SPOTS[each["state"]], percent(each["sure"])) for each in result.get("spots", ())]
        found += [(each["kind"], "seen", percent(each["sure"])) for each in result.get("vehicles", ())]
        return found + [(each["text"], "read", percent(each["sure"])) for each in result.get("plates", ())]


def _corners(box: list[float]) -> list[tuple[float, float]]:
    x, y, width, height = box
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
