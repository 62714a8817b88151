"""Plates where none can be read: parking frames, frames with overlays burnt in, and made streets full of lettering."""

import random
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from accuracy_setup import Row, Setup, few, table
from PIL import Image, ImageDraw, ImageFont
from rapidocr_peer import answers, open_peer

sys.path.insert(0, str(Path(__file__).parents[1]))

from plate_scenes import scene

FRAMES = ("pklot_pucpr", "pklot_ufpr05", "vsb_ostrava")
BAR = 0.01
MADE = 200
WORDS = (
    "TAXI", "POLICE", "AMBULANCE", "SCHOOL BUS", "FRESH BREAD", "Bakery since 1924", "CAR WASH", "OPEN 24H", "EXIT",
    "PARKING P2", "LEVEL 3", "NO ENTRY", "MAX 2.1 m", "Tel. 0800 55 12 34", "www.example.org", "ROUTE 66", "A7 NORTH",
    "E45", "BUS 107", "12 min", "EUR 2.50", "SALE -30%", "4x4", "TURBO 16V", "TDI", "2.0 HDi", "GATE 12", "ROW B14",
    "CAM 04", "KEEP CLEAR", "STOP", "HEIGHT 1,90", "No. 17", "UNIT 5", "24/7", "EXPRESS CARGO", "4MATIC", "320d",
)  # fmt: skip


def measure(setup: Setup) -> Row:
    """Plates found a set, ours and the peer's."""
    peer = open_peer()
    found: Row = {}
    with tempfile.TemporaryDirectory() as work:
        sets = {f"parking frames, {name}": _frames(setup, name) for name in FRAMES}
        plain = [path for paths in sets.values() for path in paths]
        sets["parking frames with overlays burnt in"] = _overlaid(plain, Path(work, "overlaid"))
        sets["made streets with lettering and overlays"] = _lettered(Path(work, "lettered"))
        for name, paths in sets.items():
            ours = setup.parkhub("plates", *paths)
            theirs = answers(peer, paths)
            found[name] = {"pictures": len(paths), "ours": _count(ours), "RapidOCR": _count(theirs)}
    return found


def page(found: Row) -> list[str]:
    """The section of the page."""
    rows = [
        (
            name,
            row["pictures"],
            row["ours"],
            few(row["ours"] / row["pictures"], BAR),
            row["RapidOCR"],
            f"{row['RapidOCR'] / row['pictures']:.3f}",
        )
        for name, row in found.items()
    ]
    return [
        "## False plates",
        "",
        f"Plates found in pictures without a readable one, `--region auto`; bar {BAR} a picture. Overlays (camera",
        "names, dates, clocks) and lettering are made, from fixed seeds; the parking frames are whole ones.",
        "",
        *table(["pictures", "how many", "ours", "a picture", "peer", "a picture"], rows),
    ]


def _frames(setup: Setup, name: str) -> list[Path]:
    return sorted((setup.data / "parking" / "frames" / name).glob("*.jpg"))


def _count(lines: list[Row]) -> int:
    return sum(len(line["plates"]) for line in lines)


def _overlaid(paths: list[Path], folder: Path) -> list[Path]:
    """The frames as recorders give them: a clock and a camera's name, in a corner each."""
    folder.mkdir()
    made = []
    for number, path in enumerate(paths):
        picture = cv2.imread(str(path))
        made.append(_save(_burn(picture, random.Random(number)), folder / f"{number:03}.jpg"))
    return made


def _lettered(folder: Path) -> list[Path]:
    """Streets with shop signs, lettering on vehicles, road marks and overlays."""
    folder.mkdir()
    made = []
    for number in range(MADE):
        chance = random.Random(1000 + number)
        size = chance.choice(((640, 480), (960, 540), (1280, 720), (1920, 1080)))
        picture = _letters(scene(seed=number, size=size), chance)
        made.append(_save(_burn(picture, chance), folder / f"{number:03}.jpg"))
    return made


def _letters(picture: np.ndarray, chance: random.Random) -> np.ndarray:
    image = Image.fromarray(picture[:, :, ::-1].copy())
    pen = ImageDraw.Draw(image)
    for _ in range(chance.randint(2, 6)):
        font = ImageFont.load_default(size=image.height * chance.uniform(0.025, 0.11))
        place = image.width * chance.uniform(0, 0.8), image.height * chance.uniform(0.05, 0.85)
        word = chance.choice(WORDS)
        ink = tuple(chance.choice((15, 240, 250)) if chance.random() < 0.7 else chance.randint(0, 255) for _ in "rgb")
        if chance.random() < 0.6:  # a board behind it
            left, top, right, bottom = pen.textbbox(place, word, font=font)
            room = (bottom - top) * chance.uniform(0.1, 0.6)
            ground = tuple(255 - value for value in ink)
            pen.rectangle((left - room, top - room, right + room, bottom + room), fill=ground)
        pen.text(place, word, fill=ink, font=font, stroke_width=chance.randint(0, 2))
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _burn(picture: np.ndarray, chance: random.Random) -> np.ndarray:
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(2009, 2027)
    date = chance.choice((f"{year}-{month:02}-{day:02}", f"{day:02}/{month:02}/{year}", f"{day:02}.{month:02}.{year}"))
    clock = f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.randint(0, 59):02}"
    texts = [
        f"{date} {clock}",
        chance.choice((date, clock, f"CAM{chance.randint(1, 32):02}", "Channel 3", "GATE-2 IN")),
    ]
    height, width = picture.shape[:2]
    scale = height / 720 * chance.uniform(0.7, 1.6)
    for text, corner in zip(texts, chance.sample(range(4), 2), strict=True):
        face = chance.choice((cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX))
        (wide, high), _ = cv2.getTextSize(text, face, scale, 2)
        x = 12 if corner % 2 else max(0, width - wide - 12)
        y = high + 12 if corner < 2 else height - 12
        if chance.random() < 0.4:
            cv2.rectangle(picture, (x - 6, y - high - 6), (x + wide + 6, y + 8), (0, 0, 0), -1)
        cv2.putText(picture, text, (x, y), face, scale, (255, 255, 255), max(1, round(2 * scale)), cv2.LINE_AA)
    return picture


def _save(picture: np.ndarray, path: Path) -> Path:
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    return path
