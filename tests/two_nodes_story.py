"""An hour at a lot, told by pictures of a gate and of a row of places: the same for whoever asks twice."""

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
from PIL import Image
from plate_scenes import plate, scene
from workers import HEIGHT, WIDTH, picture_of

PLATES = ("KA 417XM", "BD 52 KTV", "HN 836 PL", "WT 294 XH", "MT 571 GK", "LF 163 VN", "PB 948 HS", "RX 725 DT")
ENTRY_TOPS, PASS_GAP_S = (250, 300, 350, 400), 0.6
ROW_PLACES, HOLD_S = 6, 15


@dataclass(frozen=True)
class Drive:
    """A car by the gate, ``at_s`` after the beginning."""

    plate: str
    at_s: float
    enters: bool


@dataclass(frozen=True)
class GatePicture:
    """A file of the gate's camera and when it was taken."""

    name: str
    at_s: float
    data: bytes


def drives(cars: int, span_s: float) -> list[Drive]:
    """Each car comes, stays, leaves; every second one comes back and leaves again. Never two cars in one minute."""
    chance = random.Random(7)
    free = list(range(1, int(span_s / 60)))
    taken: list[Drive] = []
    for number in range(cars):
        wanted = 4 if number % 2 else 2
        # Not within the five minutes in which the same plate is the same car going by.
        minutes = next(each for each in _tries(chance, free, wanted) if all(b - a >= 6 for a, b in pairwise(each)))
        free = [minute for minute in free if minute not in minutes]
        taken += [Drive(PLATES[number], 60.0 * at, turn % 2 == 0) for turn, at in enumerate(minutes)]
    return sorted(taken, key=lambda drive: drive.at_s)


def _tries(chance: random.Random, free: list[int], wanted: int) -> Iterator[list[int]]:
    while True:
        yield sorted(chance.sample(free, wanted))


def gate_pictures(told: list[Drive]) -> list[GatePicture]:
    """Four pictures of each drive: who enters comes down, who leaves goes up."""
    found = []
    for number, drive in enumerate(told):
        tops = ENTRY_TOPS if drive.enters else ENTRY_TOPS[::-1]
        drawn = plate([drive.plate])
        for shot, top in enumerate(tops):
            box = (380.0, float(top), 180.0, 39.0)
            _, data = cv2.imencode(
                ".jpg", scene([(drawn, box)], seed=number * 10 + shot), [cv2.IMWRITE_JPEG_QUALITY, 82]
            )
            found.append(GatePicture(f"{number:04}-{shot}.jpg", drive.at_s + shot * PASS_GAP_S, data.tobytes()))
    return found


def write_row(folder: Path, count: int) -> Path:
    """A picture for each second of a row of places where cars come and go; answers their pattern of names."""
    folder.mkdir()
    chance = random.Random(3)
    taken: set[int] = {0, 3}
    for number in range(count):
        if number % HOLD_S == HOLD_S - 1:
            taken ^= {chance.randrange(ROW_PLACES)}
        grain = Image.frombytes("L", (WIDTH, HEIGHT), chance.randbytes(WIDTH * HEIGHT)).convert("RGB")
        file = io.BytesIO()
        Image.blend(picture_of(ROW_PLACES, taken), grain, 0.03).save(file, "JPEG", quality=90)
        (folder / f"{number:05}.jpg").write_bytes(file.getvalue())
    return folder / "%05d.jpg"


def launch(pattern: Path) -> str:
    """GStreamer's words for a camera over that row, five pictures a second."""
    return (
        f"multifilesrc location={pattern} loop=true caps=image/jpeg,framerate=1/1 ! jpegdec ! videoconvert ! videorate"
        " ! video/x-raw,format=I420,framerate=5/1 ! openh264enc gop-size=5 bitrate=2000000 ! rtph264pay name=pay0 pt=96"
    )
