"""Plates in a video: frames at a steady pace, read one by one, merged into passages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from parkhub.domain.passages import MERGE_WINDOW_S, Passage, Sighting, passages
from tasks.vision.plates.reader import PlateReader
from tasks.vision.video import open_video

EVERY_S: Final = 0.2


def sightings(path: Path, reader: PlateReader, region: str, every_s: float = EVERY_S) -> Iterator[Sighting]:
    """Reads of every sampled frame in the order of time. Raises InvalidInputError for what is no video."""
    next_s = 0.0
    with open_video(path) as video:
        for frame in video.frames():
            if frame.t_s + 1e-6 < next_s or not frame.whole:
                continue
            next_s = frame.t_s + every_s
            for read in reader.read(frame.picture, region):
                yield Sighting(frame.t_s, read)


def passages_of(
    path: Path, reader: PlateReader, region: str = "auto", every_s: float = EVERY_S, window_s: float = MERGE_WINDOW_S
) -> list[Passage]:
    """Passages of a whole video, in order."""
    return passages(sightings(path, reader, region, every_s), region, window_s)
