"""What is painted on the asphalt: bay lines, arrows, signs for the disabled and for charging; worn where wheels go."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.noise import clouds_of, speckle
from camera_node.simulator.plan import BAYS, Bay, to_world

WHITE = np.array([0.62, 0.65, 0.66], np.float32)
BLUE = np.array([0.34, 0.13, 0.045], np.float32)
GREEN = np.array([0.11, 0.27, 0.075], np.float32)
LINE_M = 0.11

ARROWS = (
    ((92, 82), 180), ((222, 82), 180), ((322, 82), 180), ((120, 222), 0), ((240, 222), 0), ((372, 152), 90),
    ((28, 152), 270), ((68, 285), 90), ((90, 272), 270),
)  # fmt: skip

Texel = Callable[[float, float], tuple[float, float]]


def paint_markings(texture: NDArray[np.float32], rng: np.random.Generator, texel: Texel, texels: int) -> None:
    """Paint all markings into ``texture`` (linear BGR) in place."""
    shape = (texture.shape[0], texture.shape[1])
    # Paint goes where it is worn by chance and where wheels scrub: one field of wear for all of it.
    wear = 0.5 * clouds_of(rng, shape, 30, 4) + 0.35 * speckle(rng, shape) + 0.4 * clouds_of(rng, shape, 240, 2)
    for colour, drawer, opacity in (
        (BLUE, _draw_disabled_grounds, 0.34),
        (GREEN, _draw_charging_grounds, 0.5),
        (WHITE, _draw_white, 0.9),
        (WHITE, _draw_street, 0.9),
    ):
        mask = np.zeros(shape, np.uint8)
        drawer(mask, texel, texels)
        left, top, width, height = cv2.boundingRect(mask)
        part = (slice(max(0, top - 3), top + height + 3), slice(max(0, left - 3), left + width + 3))
        soft = cv2.GaussianBlur(mask[part], (0, 0), 0.7).astype(np.float32) / 255
        share = soft * opacity * np.clip(0.88 - 0.75 * np.clip(wear[part] - 0.1, 0, 2), 0.12, 1)
        dirty = colour * np.clip(1 - 0.12 * wear[part], 0.6, 1.1)[..., None]
        texture[part] = texture[part] * (1 - share[..., None]) + dirty * share[..., None]


def _points(texel: Texel, plan: list[tuple[float, float]]) -> NDArray[np.int32]:
    return np.round(np.array([texel(*to_world(x, y)) for x, y in plan]) * 8).astype(np.int32)


def _line(
    mask: NDArray[np.uint8], texel: Texel, texels: int, plan: list[tuple[float, float]], width_m: float = LINE_M
) -> None:
    cv2.polylines(mask, [_points(texel, plan)], False, 255, max(1, round(width_m * texels)), cv2.LINE_AA, 3)


def _draw_disabled_grounds(mask: NDArray[np.uint8], texel: Texel, _texels: int) -> None:
    for bay in BAYS:
        if bay.kind == "disabled":
            x, y = bay.x + bay.width / 2, bay.y + bay.height * 0.55
            cv2.fillConvexPoly(
                mask,
                _points(texel, [(x - 6, y - 6), (x + 6, y - 6), (x + 6, y + 6), (x - 6, y + 6)]),
                255,
                cv2.LINE_AA,
                3,
            )


def _draw_charging_grounds(mask: NDArray[np.uint8], texel: Texel, _texels: int) -> None:
    for bay in BAYS:
        if bay.kind == "ev":
            x, y, w, h = bay.x + 1, bay.y + 1, bay.width - 2, bay.height - 2
            cv2.fillConvexPoly(
                mask, _points(texel, [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]), 255, cv2.LINE_AA, 3
            )


def _draw_white(mask: NDArray[np.uint8], texel: Texel, texels: int) -> None:
    for bay in BAYS:
        head_left, head_right, mouth_right, mouth_left = bay.corners
        _line(mask, texel, texels, [mouth_left, head_left])
        _line(mask, texel, texels, [mouth_right, head_right])
        if bay.kind == "moto" or bay.zone in "BC":
            _line(mask, texel, texels, [head_left, head_right])
        if bay.kind == "disabled":
            _wheelchair(mask, texel, texels, bay)
        elif bay.kind == "ev":
            x, y = bay.x + bay.width / 2, bay.y + bay.height * 0.42
            bolt = [
                (x + 1.5, y - 8),
                (x - 5, y + 1.5),
                (x - 0.4, y + 1.5),
                (x - 1.6, y + 8),
                (x + 5, y - 1.8),
                (x + 0.5, y - 1.8),
            ]
            cv2.fillPoly(mask, [_points(texel, bolt)], 255, cv2.LINE_AA, 3)
    for (x, y), degrees in ARROWS:
        _arrow(mask, texel, texels, x, y, degrees)
    _line(mask, texel, texels, [(59, 300), (78, 300)], 0.3)
    _line(mask, texel, texels, [(79, 262), (79, 340)], 0.1)


def _draw_street(mask: NDArray[np.uint8], texel: Texel, texels: int) -> None:
    for n in range(-30, 70, 2):
        x = n * 26.4
        _line(mask, texel, texels, [(x, -80), (x + 18, -80)], 0.13)


def _arrow(mask: NDArray[np.uint8], texel: Texel, texels: int, x: float, y: float, degrees: float) -> None:
    ahead = np.array([np.cos(np.deg2rad(degrees)), -np.sin(np.deg2rad(degrees))])
    aside = np.array([-ahead[1], ahead[0]])
    middle = np.array([x, y])
    tail, neck, tip = middle - 13 * ahead, middle + 4 * ahead, middle + 13 * ahead
    _line(mask, texel, texels, [tuple(tail), tuple(neck)], 0.2)
    head = [tuple(neck + 4.4 * aside), tuple(tip), tuple(neck - 4.4 * aside)]
    cv2.fillConvexPoly(mask, _points(texel, head), 255, cv2.LINE_AA, 3)


def _wheelchair(mask: NDArray[np.uint8], texel: Texel, texels: int, bay: Bay) -> None:
    x, y = bay.x + bay.width / 2, bay.y + bay.height * 0.55
    _line(mask, texel, texels, [(x - 1, y - 2), (x - 0.6, y + 1), (x + 2, y + 1), (x + 3.4, y + 4)], 0.13)
    centre = _points(texel, [(x - 0.6, y + 1.6)])[0] // 8
    cv2.ellipse(
        mask,
        (int(centre[0]), int(centre[1])),
        (int(0.36 * texels), int(0.36 * texels)),
        0,
        -20,
        240,
        255,
        max(1, round(0.11 * texels)),
        cv2.LINE_AA,
    )
    head = _points(texel, [(x - 1.1, y - 4)])[0] // 8
    cv2.circle(mask, (int(head[0]), int(head[1])), int(0.15 * texels), 255, -1, cv2.LINE_AA)
