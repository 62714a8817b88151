"""Takes the picture: ground, shadows, things and vehicles from far to near, then what a cheap camera does to it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.bodies import build_body
from camera_node.simulator.camera import AXES, EYE, HEIGHT, WIDTH, scale_at
from camera_node.simulator.driver import Seen
from camera_node.simulator.ground import build_texture, photograph
from camera_node.simulator.light import Light
from camera_node.simulator.mesh import Mesh
from camera_node.simulator.other_bodies import build_motorcycle, build_truck
from camera_node.simulator.raster import Drawing, Sprite, draw_mesh, light_up, put
from camera_node.simulator.scenery import TREES, build_scenery, still_heights
from camera_node.simulator.shading import shade
from camera_node.simulator.shadows import GroundLight, ShadowPlan
from camera_node.simulator.street import street_vehicles

Picture = NDArray[np.uint8]


@dataclass(slots=True)
class _Kept:
    """A drawing that is kept while its vehicle stands still, with its light of the moment."""

    drawing: Drawing
    sprite: Sprite
    light: Light


class Renderer:
    """Draws states of the car park. The same calls in the same order give the same pictures."""

    def __init__(self, seed: int = 1) -> None:
        """``seed`` makes stains, cracks, trees and the sensor's noise."""
        self._ground = photograph(build_texture(seed))
        self._shadows = ShadowPlan(still_heights(), list(TREES))
        self._things: list[_Kept | Drawing] = []
        for mesh in build_scenery(seed):
            drawing = draw_mesh(mesh, 2, _depth(mesh.quads.mean((0, 1))))
            if drawing is not None:
                self._things.append(drawing)
        self._street = street_vehicles(seed)
        self._parked: dict[int, _Kept] = {}
        rng = np.random.default_rng(seed)
        self._noise = _noise_tiles(rng)
        self._rng = rng
        self._vignette = _vignette()

    def render(self, vehicles: list[Seen], light: Light) -> Picture:
        """Return the picture (720 x 1280 x 3, BGR, uint8) of ``vehicles`` in ``light``."""
        vehicles = self._street + vehicles
        ground = self._shadows.cast(light, vehicles)
        picture = self._shadows.shine(self._ground, ground, light)
        sprites = self._light_things(light)
        sprites += self._light_vehicles(vehicles, light, ground)
        for _, sprite in sorted(sprites, key=lambda item: -item[0]):
            put(picture, sprite)
        if light.lamps:
            picture = _bloom(picture)
        return self._develop(picture, light)

    def _light_things(self, light: Light) -> list[tuple[float, Sprite]]:
        found = []
        for n, thing in enumerate(self._things):
            drawing = thing.drawing if isinstance(thing, _Kept) else thing
            if not (isinstance(thing, _Kept) and thing.light is light):
                kept = _Kept(drawing, light_up(drawing, shade(drawing.mesh, light, None)), light)
                self._things[n] = kept
                found.append((drawing.depth, kept.sprite))
            else:
                found.append((drawing.depth, thing.sprite))
        return found

    def _light_vehicles(self, vehicles: list[Seen], light: Light, ground: GroundLight) -> list[tuple[float, Sprite]]:
        found = []
        parked: dict[int, _Kept] = {}
        for seen in vehicles:
            number = seen.vehicle.number
            kept = self._parked.get(number) if seen.bay else None
            if kept is None or kept.light is not light:
                drawing = kept.drawing if kept else draw_vehicle(seen)
                if drawing is None:
                    continue
                colours = shade(
                    drawing.mesh, light, ground, lit=seen.lit, braking=seen.braking, reversing=seen.reversing
                )
                kept = _Kept(drawing, light_up(drawing, colours), light)
            if seen.bay:
                parked[number] = kept
            found.append((kept.drawing.depth, kept.sprite))
        self._parked = parked
        return found

    def _develop(self, picture: Picture, light: Light) -> Picture:
        soft = cv2.GaussianBlur(picture, (0, 0), light.blur_px)
        halo = cv2.GaussianBlur(soft, (0, 0), 1.6)
        sharp = cv2.addWeighted(soft, 1.45, halo, -0.45, 0)  # cameras sharpen, and show it
        sharp = cv2.multiply(sharp, self._vignette, scale=1 / 255)
        tile = self._noise[int(self._rng.integers(len(self._noise)))]
        down, across = int(self._rng.integers(64)), int(self._rng.integers(64))
        grain = tile[down : down + HEIGHT, across : across + WIDTH]
        strength = light.noise / 32
        return np.asarray(cv2.addWeighted(sharp, 1.0, grain, strength, -128 * strength + 3), np.uint8)


def draw_vehicle(seen: Seen) -> Drawing | None:
    """Return the drawing of a vehicle where it is; None when it is outside the picture."""
    mesh = _mesh_of(seen).moved(seen.x, seen.y, seen.heading)
    middle = np.array([seen.x, seen.y, 0.6])
    if (middle - EYE) @ AXES[2] < 4:
        return None
    fine = 3 if scale_at(middle) > 20 else 4
    return draw_mesh(mesh, fine, _depth(middle))


def _mesh_of(seen: Seen) -> Mesh:
    if seen.vehicle.kind == "truck":
        return build_truck(seen.vehicle)
    if seen.vehicle.kind == "moto":
        return build_motorcycle(seen.vehicle, seen.bay is None)
    return build_body(seen.vehicle)


def _depth(middle: NDArray[np.floating]) -> float:
    """Return how far away a thing stands, along the ground: what is further is drawn first."""
    return float((np.asarray(middle)[:2] - EYE[:2]) @ (AXES[2][:2] / np.linalg.norm(AXES[2][:2])))


def _noise_tiles(rng: np.random.Generator) -> list[Picture]:
    """Return tiles of sensor noise about 128 with a deviation of 32; a little smeared, as after noise reduction."""
    tiles = []
    for _ in range(2):
        grey = rng.standard_normal((HEIGHT + 64, WIDTH + 64, 1), np.float32)
        colour = rng.standard_normal((HEIGHT + 64, WIDTH + 64, 3), np.float32)
        mixed = cv2.GaussianBlur(0.8 * grey + 0.6 * colour, (0, 0), 0.6)
        tiles.append(np.clip(128 + 32 * mixed / mixed.std(), 0, 255).astype(np.uint8))
    return tiles


def _vignette() -> Picture:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    reach = ((columns - WIDTH / 2) ** 2 + (rows - HEIGHT / 2) ** 2) / (WIDTH / 2) ** 2
    return np.repeat((255 * (1 - 0.13 * reach))[..., None], 3, 2).astype(np.uint8)


def _bloom(picture: Picture) -> Picture:
    """Let bright lamps bleed into their surroundings, as they do in a small lens at night."""
    small = cv2.resize(picture, (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
    bright = cv2.subtract(small, np.full_like(small, 185))
    glow = cv2.addWeighted(cv2.GaussianBlur(bright, (0, 0), 2.0), 1.0, cv2.GaussianBlur(bright, (0, 0), 7.0), 1.8, 0)
    return np.asarray(cv2.add(picture, cv2.resize(glow, (WIDTH, HEIGHT))), np.uint8)
