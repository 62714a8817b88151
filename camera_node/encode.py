"""How large and how good pictures are made: as good as wished while the line keeps up, smaller while it does not.

What waits to be sent, in seconds of the line's time, moves a level up or down. Overviews lose quality first, then
width; pictures of a gate stay whole until overviews are as small as they may get, because a plate is read from them.
"""

from dataclasses import dataclass

from camera_node.configuration import PictureForm
from camera_node.jpeg import read_bgr, shrink, shrink_planes, write_bgr, write_planes
from camera_node.picture import Kind, Picture
from camera_node.sources.frame import Frame

STEPS = 3
"""Steps from the best to the least quality, and as many from the largest to the least width."""

LEVELS = 2 * STEPS
"""Levels for one kind of picture; gate pictures begin where overviews end."""

LATE_S = 30.0
EARLY_S = 5.0
UP_EVERY_S = 10.0
DOWN_EVERY_S = 60.0


class Ladder:
    """A level with some inertia: up at most every ten seconds, down after a minute without trouble."""

    def __init__(self) -> None:
        self.level = 0
        self._moved_s = float("-inf")
        self._calm_since_s: float | None = None

    def told(self, backlog_s: float, now_s: float) -> None:
        """Move by how many seconds of the line's time are waiting."""
        if backlog_s > EARLY_S:
            self._calm_since_s = None
        elif self._calm_since_s is None:
            self._calm_since_s = now_s
        if backlog_s > LATE_S and now_s - self._moved_s >= UP_EVERY_S:
            self.level, self._moved_s = min(2 * LEVELS, self.level + 1), now_s
        elif (
            self._calm_since_s is not None
            and now_s - self._calm_since_s >= DOWN_EVERY_S
            and now_s - self._moved_s >= DOWN_EVERY_S
        ):
            self.level, self._moved_s = max(0, self.level - 1), now_s


def form_at(form: PictureForm, level: int, kind: Kind) -> tuple[int, int]:
    """Return quality and width for a level of the ladder."""
    own = level - LEVELS if kind is Kind.GATE else level
    down = min(max(own, 0), STEPS) / STEPS
    narrow = min(max(own - STEPS, 0), STEPS) / STEPS
    quality = form.quality + (form.quality_min - form.quality) * down
    width = form.width_max + (form.width_min - form.width_max) * narrow
    return round(quality), round(width)


@dataclass(frozen=True, slots=True)
class Made:
    """A finished picture file."""

    data: bytes
    media_type: str
    width: int
    height: int

    def of(self, frame: Frame, kind: Kind, rank: float) -> Picture:
        """Return it as a picture that is to be sent: this file, with the name and the times of its frame."""
        return Picture(
            frame.name,
            self.data,
            self.media_type,
            frame.captured_at,
            kind,
            rank,
            frame.monotonic_s,
            self.width,
            self.height,
            frame.doubtful,
        )


class Encoder:
    """Makes picture files of frames, as the form and the line allow."""

    def __init__(self, form: PictureForm) -> None:
        self._form = form
        self._ladder = Ladder()

    def configure(self, form: PictureForm) -> None:
        """Make them by ``form`` from now on; the line is as it was."""
        self._form = form

    def backlog(self, seconds: float, now_s: float) -> None:
        """Hear for how long what waits will keep the line busy."""
        self._ladder.told(seconds, now_s)

    def form(self, kind: Kind) -> tuple[int, int]:
        """Return the JPEG quality and the greatest width in force."""
        return form_at(self._form, self._ladder.level, kind)

    def encode(self, frame: Frame, kind: Kind) -> Made:
        """Return the frame's file: the camera's own, untouched, where it is small enough. Raises FrameError."""
        quality, width_max = self.form(kind)
        width, height = frame.size
        if frame.file is not None and quality == self._form.quality and width <= width_max:
            return Made(frame.file, frame.media_type, width, height)
        if frame.planes is not None:
            planes = shrink_planes(frame.planes, width_max)
            height, width = planes.y.shape
            return Made(write_planes(planes, quality), "image/jpeg", width, height)
        bgr = frame.bgr if frame.bgr is not None else read_bgr(frame.file or b"")
        bgr = shrink(bgr, width_max)
        height, width = bgr.shape[:2]
        made = Made(write_bgr(bgr, quality), "image/jpeg", width, height)
        if frame.file is not None and len(frame.file) <= len(made.data) and bgr.shape[1] == frame.size[0]:
            return Made(frame.file, frame.media_type, width, height)  # it was small already
        return made
