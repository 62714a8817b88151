"""Small videos for tests, made on the spot: a lot with two places, `left` and `right`, and a car that comes."""

import io
import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from parkhub.domain.spots import SpotObservation, SpotShape, SpotState
from tasks.vision.engine import Look
from tasks.vision.picture import Picture

SIZE = (320, 240)
LEFT = ((0.1, 0.25), (0.4, 0.25), (0.4, 0.75), (0.1, 0.75))
RIGHT = ((0.6, 0.25), (0.9, 0.25), (0.9, 0.75), (0.6, 0.75))
SPOTS = (SpotShape("left", LEFT), SpotShape("right", RIGHT))


def frame(cars: Sequence[str] = (), size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """A picture (RGB) of the lot: grey ground, a white car with two dark windows in each place named."""
    width, height = size
    picture = np.full((height, width, 3), 60, np.uint8)
    for spot in SPOTS:
        if spot.name in cars:
            (x0, y0), _, (x1, y1), _ = [(int(x * width), int(y * height)) for x, y in spot.polygon]
            wide, high = x1 - x0, y1 - y0
            picture[y0 + high // 12 : y1 - high // 12, x0 + wide // 8 : x1 - wide // 8] = 250
            for window in (0.25, 0.65):
                top = y0 + int(high * window)
                picture[top : top + high // 10, x0 + wide // 5 : x1 - wide // 5] = 20
    return picture


def write(
    path: Path,
    frame_count: int = 30,
    fps: int = 10,
    size: tuple[int, int] = SIZE,
    cars: Callable[[int], Sequence[str]] = lambda n: ("left",) if n < 15 else ("left", "right"),
    codec: str = "libx264",
    times_s: Sequence[float] | None = None,
    sound: bool = False,
    options: dict[str, str] | None = None,
    container_format: str | None = None,
) -> Path:
    """A video; by default a car is on the left, and another one comes to the right after half of it."""
    with av.open(str(path), "w", format=container_format, options=options or {}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        if sound:
            write_sound(container, frame_count / fps)
        for number in range(frame_count):
            shown = av.VideoFrame.from_ndarray(frame(cars(number), size), "rgb24")
            at_s = number / fps if times_s is None else times_s[number]
            shown.pts, shown.time_base = round(at_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(shown))
        container.mux(stream.encode())
    return path


def write_sound(container: av.container.OutputContainer, length_s: float) -> None:
    """Silence, as a track of its own."""
    stream = container.add_stream("aac", rate=44100)
    sound = av.AudioFrame.from_ndarray(np.zeros((1, int(44100 * length_s)), np.float32), "fltp", "mono")
    sound.sample_rate, sound.pts = 44100, 0
    container.mux(stream.encode(sound))
    container.mux(stream.encode())


def mask_png(size: tuple[int, int] = SIZE) -> bytes:
    """The places as a mask picture; the left one becomes spot 1, the right one spot 2 in map order."""
    picture = Image.new("L", size, 0)
    pen = ImageDraw.Draw(picture)
    for spot in SPOTS:
        pen.polygon([(x * size[0], y * size[1]) for x, y in spot.polygon], fill=255)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def spots_json(size: tuple[int, int] = SIZE) -> bytes:
    """The places as SPOTS.json."""
    rows = [{"id": s.name, "polygon": [[x * size[0], y * size[1]] for x, y in s.polygon]} for s in SPOTS]
    return json.dumps({"size": size, "spots": rows}).encode()


class BrightEngine:
    """Takes what is bright for a car. Counts its looks and hands its memory from look to look."""

    name = "bright"

    def __init__(self) -> None:
        self.memories: list[bytes | None] = []

    def look(self, picture: Picture, spots: Sequence[SpotShape], memory: bytes | None = None) -> Look:
        """See `SpotEngine`."""
        self.memories.append(memory)
        height, width = picture.shape[:2]
        found = []
        for spot in spots:
            (x0, y0), _, (x1, y1), _ = [(int(x * width), int(y * height)) for x, y in spot.polygon]
            bright = float(picture[y0:y1, x0:x1].mean()) > 110
            found.append(SpotObservation(spot.name, SpotState.OCCUPIED if bright else SpotState.FREE, 0.9))
        return Look(found, b"%d" % len(self.memories))

    def long_side_needed(self, spots: Sequence[SpotShape], width: int, height: int) -> int | None:
        """See `SpotEngine`."""
        return None
