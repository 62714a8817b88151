"""Plates in a video: frames at a steady pace, read one by one, merged into passages."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from parkhub.domain.cameras import Area
from parkhub.domain.passages import MERGE_WINDOW_S, Passage, Sighting, Watch
from tasks.vision.plates.evidence import crop
from tasks.vision.plates.reader import PlateReader
from tasks.vision.video import open_video

EVERY_S: Final = 0.2


def moments(
    path: Path,
    reader: PlateReader,
    region: str = "auto",
    every_s: float = EVERY_S,
    *,
    excluded: Sequence[Area] = (),
    crops: bool = False,
) -> Iterator[tuple[float, list[Sighting]]]:
    """Every frame that was looked at, its time and what was read, in order.

    ``excluded``: see `PlateReader`. ``crops``: whether sightings carry the picture of the plate (`evidence.crop`).
    Raises InvalidInputError for what is no video, EngineError.
    """
    next_s = 0.0
    with open_video(path) as video:
        for frame in video.frames():
            if frame.t_s + 1e-6 < next_s or not frame.whole:
                continue
            next_s = frame.t_s + every_s
            found = reader.read(frame.picture, region, excluded)
            yield frame.t_s, [Sighting(frame.t_s, r, crop(frame.picture, r) if crops else b"") for r in found]


def passages_of(
    path: Path,
    reader: PlateReader,
    region: str = "auto",
    every_s: float = EVERY_S,
    window_s: float = MERGE_WINDOW_S,
    *,
    excluded: Sequence[Area] = (),
    crops: bool = False,
) -> Iterator[Passage]:
    """Passages of a whole video, each as soon as it is over; memory does not grow with the video. See `moments`."""
    watch = Watch(region, window_s)
    for at_s, seen in moments(path, reader, region, every_s, excluded=excluded, crops=crops):
        yield from watch.ended(at_s)
        for sighting in seen:
            watch.see(sighting)
    yield from watch.end()
