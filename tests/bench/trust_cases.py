"""Faults made on real pictures, by known amounts: a turned camera, covers, blurs, light that fails, frozen streams."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.vision.picture import Picture
from tasks.vision.video import open_video

KEPT = 0.88
"""Share of a picture that the made camera sees: what lies around it comes into view when it turns."""
FOCAL = 0.9  # of the width


def jpeg(picture: Picture, quality: int = 85) -> Picture:
    """The picture as it comes out of a camera."""
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def noisy(picture: NDArray[np.floating] | Picture, sigma: float, rng: np.random.Generator) -> Picture:
    """A sensor's noise on top."""
    noise = rng.standard_normal(picture.shape, np.float32)
    return np.clip(picture.astype(np.float32) + np.float32(sigma) * noise, 0, 255).astype(np.uint8)


def window(picture: Picture) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """What the made camera sees before it moves: the map from its pixels to the picture's, and its size."""
    height, width = picture.shape[:2]
    size = int(width * KEPT), int(height * KEPT)
    left, top = (width - size[0]) / 2, (height - size[1]) / 2
    return np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64), size


def turn(size: tuple[int, int], share: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A camera turned so that its middle moves by a share of the width, rolled and zoomed in proportion.

    Answers the homography from pixels before to pixels after, of a pinhole camera: K R K^-1.
    """
    width, height = size
    focal, way = FOCAL * width, rng.uniform(0, 2 * np.pi)
    sideways, upward = (np.arctan(share * width * part / focal) for part in (np.cos(way), np.sin(way)))
    roll = np.deg2rad(35 * share) * rng.uniform(-1, 1)
    lens = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]])
    zoomed = lens.copy()
    zoomed[:2, :2] *= 1 + 0.4 * share * rng.uniform(-1, 1)
    turned = cv2.Rodrigues(np.array([upward, sideways, 0.0]))[0] @ cv2.Rodrigues(np.array([0, 0, roll]))[0]
    whole = zoomed @ turned @ np.linalg.inv(lens)
    return whole / whole[2, 2]


def seen(picture: Picture, moved: NDArray[np.float64] | None = None) -> Picture:
    """What the made camera sees, before or after it moved."""
    inner, size = window(picture)
    back = inner if moved is None else inner @ np.linalg.inv(moved)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(picture, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def blurred(picture: Picture, sigma_px: float, rng: np.random.Generator) -> Picture:
    """Out of focus by ``sigma_px`` of a picture 1280 wide; the sensor's noise stays sharp."""
    return noisy(cv2.GaussianBlur(picture, (0, 0), sigma_px * picture.shape[1] / 1280), 1.5, rng)


def _blob(shape: tuple[int, int], share: float, rng: np.random.Generator, parts: int) -> NDArray[np.float32]:
    """Blobs from the rim that cover about a share of the picture, with soft edges, 0..1."""
    height, width = (side // 4 for side in shape)
    field = np.full((height, width), -1e9, np.float32)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(parts):
        along, side = rng.uniform(0.1, 0.9), rng.integers(4)
        x, y = [(along * width, 0), (along * width, height), (0, along * height), (width, along * height)][side]
        squeeze = rng.uniform(0.6, 1.6)
        field = np.maximum(field, -np.hypot((columns - x) * squeeze, (rows - y) / squeeze))
    field += cv2.resize(rng.normal(0, 0.05 * width, (6, 8)).astype(np.float32), (width, height))
    edge = 0.015 * width
    mask = 1 / (1 + np.exp(-np.clip((field - np.quantile(field, 1 - share)) / edge, -30, 30)))
    return np.asarray(cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _cloth(shape: tuple[int, int], colour: tuple[int, ...], rough: float, rng: np.random.Generator) -> NDArray:
    """Something near the lens: its colour with soft, large folds."""
    folds = cv2.resize(rng.normal(0, 1, (5, 7)).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(np.array(colour, np.float32) + np.float32(rough) * folds[..., None], 0, 255)


COVERS: dict[str, tuple[tuple[int, ...], float, int, float]] = {
    "hand": ((105, 130, 180), 18, 1, 1.0),
    "dark bag": ((28, 26, 25), 7, 1, 1.0),
    "leaf": ((40, 120, 70), 15, 2, 1.0),
    "spray": ((200, 190, 185), 10, 4, 0.95),
    "web": ((190, 190, 190), 12, 5, 0.55),
}
"""Colour (BGR), folds in grey levels, number of blobs, opacity."""


def covered(picture: Picture, kind: str, share: float, rng: np.random.Generator) -> tuple[Picture, NDArray[np.bool_]]:
    """Something over about a share of the view, and where."""
    colour, rough, parts, opacity = COVERS[kind]
    mask = _blob(picture.shape[:2], share, rng, parts)
    mixed = picture + (_cloth(mask.shape, colour, rough, rng) - picture) * (mask * np.float32(opacity))[..., None]
    return noisy(mixed, 1.5, rng), mask >= 0.5


def capped(picture: Picture, rng: np.random.Generator) -> Picture:
    """A lens cap."""
    return noisy(np.full(picture.shape, 2.0), 1.5, rng)


def starved(picture: Picture, rng: np.random.Generator) -> Picture:
    """A sensor that hardly answers: a fiftieth of the light."""
    return noisy(picture * 0.02, 1.0, rng)


def gloved(picture: Picture, rng: np.random.Generator) -> Picture:
    """A cover with a little light coming through."""
    return noisy(_cloth(picture.shape[:2], (14, 14, 16), 3, rng), 2.0, rng)


def overexposed(picture: Picture, rng: np.random.Generator) -> Picture:
    """Exposure stuck at much too long."""
    return noisy(picture * 6.0 + 90, 2.0, rng)


def dazzled(picture: Picture, rng: np.random.Generator) -> Picture:
    """The sun in the lens: a white disc with its glow over most of the picture."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width]
    away = np.hypot(columns - rng.uniform(0.3, 0.7) * width, rows - rng.uniform(0.2, 0.6) * height) / width
    return noisy(picture * 0.8 + (700 * np.exp(-((away / 0.35) ** 2)) + 60)[..., None], 2.0, rng)


DARK: dict[str, Callable[[Picture, np.random.Generator], Picture]] = {
    "lens cap": capped,
    "a fiftieth of the light": starved,
    "cover, some light": gloved,
}
BLOWN: dict[str, Callable[[Picture, np.random.Generator], Picture]] = {
    "overexposed": overexposed,
    "sun in the lens": dazzled,
}


LOOK_S = 10
STREAM_S = 420


def streamed(
    picture: Picture, sigma: float, rate: str, key_s: int, path: Path, rng: np.random.Generator
) -> list[Picture]:
    """One scene through H.264, a frame a second, at most 1280 wide: a picture every `LOOK_S`, each saved as JPEG.

    ``sigma`` 0: frozen before the encoder. Otherwise a living sensor's noise. ``rate``: "crf N", or "N kbit/s" held.
    """
    scale = min(1.0, 1280 / picture.shape[1])
    width, height = (int(side * scale) // 2 * 2 for side in picture.shape[1::-1])
    scene = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    noise = rng.normal(0, sigma, (height + 256, width + 256, 3)).astype(np.float32)
    number = int(rate.split()[-1 if rate.startswith("crf") else 0])
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=Fraction(1))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.thread_count = key_s, 1
        if rate.startswith("crf"):
            quality = {"crf": str(number)}
        else:
            stream.bit_rate = number * 1000
            quality = {"maxrate": f"{number}k", "bufsize": f"{number}k"}
        stream.codec_context.options = {"preset": "ultrafast"} | quality
        for _ in range(STREAM_S):
            top, left = rng.integers(0, 256, 2)
            frame = scene + noise[top : top + height, left : left + width] if sigma else scene
            shown = np.clip(frame, 0, 255).astype(np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(shown, "bgr24")))
        file.mux(stream.encode())
    with open_video(path) as reader:
        return [jpeg(one.picture) for n, one in enumerate(reader.frames()) if n % LOOK_S == 1]
