"""A camera as staff see it: is it well, what did it see last."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from parkhub.db import frames as frame_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import Frame
from parkhub.domain.lots import Lot, SpotStatus
from parkhub.domain.trust import Shift, Trouble, realign
from parkhub.web.templating import ago
from parkhub.web.troubles import ADVICE, WORDS

SHOT_WIDTH: Final = 1160
LETTER_WIDTH: Final = 7.5


@dataclass(frozen=True)
class CameraView:
    """A camera with its lot and its newest picture, whatever became of it."""

    camera: Camera
    lot: Lot
    newest: Frame | None
    spot_count: int
    now: datetime
    read_ms: float | None = None  # how long the newest picture that was read took
    per_minute: int | None = None  # how many pictures came in the last minute, where that was counted

    @cached_property
    def badge(self) -> tuple[str, str, str]:
        """How it is: words, tone and mark."""
        if not self.camera.enabled:
            return "off", "", ""
        if self.newest is None:
            return "no picture yet", "note", ""
        age_s = (self.now - self.newest.received_at).total_seconds()
        if age_s > self.camera.stale_after_s:
            return "away", "bad", "×"
        if self.newest.error:
            return "cannot be read", "bad", "×"
        if self.trouble is not None:
            return WORDS[self.trouble], "bad", "×"
        if not self.spot_count and not self.camera.watches_gate:
            return "no spots", "warn", "!"
        return "good", "good", "✓"

    @property
    def trouble(self) -> Trouble | None:
        """Why its pictures are not believed."""
        return self.camera.trust.trouble

    @property
    def advice(self) -> str:
        """What is wrong with its pictures and what to do, in sentences; empty when nothing is."""
        return "" if self.trouble is None else f"{self.trouble.sentence} {ADVICE[self.trouble]}"

    @property
    def last_picture(self) -> str:
        """When the newest picture came."""
        return "none" if self.newest is None else ago(self.newest.received_at, self.now)

    @property
    def needs(self) -> tuple[str, str, str] | None:
        """What somebody must do about it: what, why, and the word on the button; None when all is well."""
        name = self.camera.name
        if self.trouble is not None and self.badge[0] == WORDS[self.trouble]:
            return f"{name} cannot be trusted", self.trouble.sentence, "Look"
        match self.badge[0]:
            case "no picture yet":
                return f"{name} has sent no picture yet", "start it with the command on its page", "Open"
            case "away":
                return f"{name} has sent nothing", f"the last picture came {self.last_picture}", "Look"
            case "cannot be read":
                return f"{name}: the last picture could not be read", self.newest.error if self.newest else "", "Look"
            case "no spots":
                return f"{name} has no spots", "draw them on its picture", "Open"
        return None


async def load_view(camera: Camera, lot: Lot, spot_count: int, now: datetime) -> CameraView:
    """A camera with its newest picture."""
    newest = await frame_rows.list_frames(camera.id, 1)
    read = newest[0] if newest and newest[0].ms is not None else await frame_rows.latest_read(camera.id)
    return CameraView(camera, lot, newest[0] if newest else None, spot_count, now, read.ms if read else None)


def outlines(frame: Frame | None, spots: list[SpotStatus], shift: Shift | None = None) -> dict[str, Any]:
    """A camera's spots as drawn over its picture, which has moved by ``shift``, in a box `SHOT_WIDTH` wide."""
    width, height = (frame.width, frame.height) if frame is not None else (16, 9)
    high = SHOT_WIDTH * height / width
    drawn = []
    shapes = realign([known.spot.shape for known in spots], shift)
    for known, shape in zip(spots, shapes, strict=True):
        points = [(x * SHOT_WIDTH, y * high) for x, y in shape.polygon]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        wide = max(xs) - min(xs)
        drawn.append(
            {
                "name": known.spot.name,
                "state": known.track.state.value,
                "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
                "x": round(sum(xs) / len(xs), 1),
                "y": round(sum(ys) / len(ys), 1),
                "labelled": wide >= len(known.spot.name) * LETTER_WIDTH,
                "small": wide < len(known.spot.name) * 2 * LETTER_WIDTH,
            }
        )
    return {"width": SHOT_WIDTH, "height": round(high, 1), "spots": drawn}
