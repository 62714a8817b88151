"""A spot engine without a model: what changed against the empty ground, in light taken as equal.

Each spot keeps a small grey picture of itself with the state it had then. As long as the spot looks like that picture
the state holds and the picture follows slow changes of light. When it looks different, a vehicle came or went.

Its limits: the first opinion of a spot rests on edges alone, so coarse ground, leaves and painted arrows may count as a
vehicle, and a plain dark car in the dark as empty ground, until the spot changes once; a hard shadow or snow that comes
within one look may count as a change; a camera that moves makes it blind. The classifier knows vehicles, this does not.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.spots import SpotObservation, SpotShape, SpotState
from tasks.vision.crops import MARK, Window, cut, lay, long_side_needed, side_of
from tasks.vision.engine import Look
from tasks.vision.picture import Picture

WINDOW: Final = Window(side_px=32, long_room=1.05, short_room=1.05, raised=0.03)
CHANGED: Final = 0.16  # residual over brightness from which a spot looks different
SAME: Final = 0.11  # and up to which it looks the same, so that its picture may follow
EDGES: Final = 0.115  # mean gradient over brightness from which a spot seems to hold a vehicle
FOLLOW: Final = 0.15  # share of a new look in the remembered picture
SIDE_MIN_PX: Final = 9.0
DARK: Final = 10.0
BLOWN: Final = 248.0
_VERSION: Final = 1

Grey = NDArray[np.float32]


@dataclass(slots=True)
class _Place:
    """What is remembered of one spot: how it looked (side x side, grey 0..255), and was it occupied then."""

    looked: Grey
    occupied: bool
    ground_known: bool = False


@dataclass(slots=True)
class _Memory:
    """Places by `_remembered_name`."""

    places: dict[str, _Place] = field(default_factory=dict)


class DifferenceEngine:
    """Frame difference against an adaptive picture of each spot, with edges for the first opinion."""

    name = "difference"

    def long_side_needed(self, spots: Sequence[SpotShape], width: int, height: int) -> int | None:
        """Spots of about its crop's size: finer detail is blurred away anyway."""
        return long_side_needed(spots, width, height, WINDOW)

    def look(self, picture: Picture, spots: Sequence[SpotShape], memory: bytes | None = None) -> Look:
        """Compare every spot with what ``memory`` holds of it; a memory that cannot be read counts as none."""
        if not spots:
            return Look([])
        height, width = picture.shape[:2]
        layout = lay(tuple(spots), width, height, WINDOW)
        crops = cut(picture, layout)
        before, after = _unpack(memory), _Memory()
        observations = []
        for spot, polygon, crop in zip(spots, layout.polygons, crops, strict=True):
            remembered = _remembered_name(spot)
            known = before.places.get(remembered)
            grey = cv2.GaussianBlur(cv2.cvtColor(crop[..., :3], cv2.COLOR_BGR2GRAY), (5, 5), 0).astype(np.float32)
            inside = crop[..., 3] >= MARK // 2
            side = side_of(polygon)
            level = float(grey[inside].mean()) if inside.any() else 0.0
            if side < SIDE_MIN_PX or not DARK <= level <= BLOWN:
                observations.append(SpotObservation(spot.name, SpotState.UNKNOWN, 0.0))
                place = known
            else:
                place, observation = _judge(spot.name, grey, inside, known)
                observations.append(observation)
            if place is not None:
                after.places[remembered] = place
        return Look(observations, _pack(after))


def _remembered_name(spot: SpotShape) -> str:
    """A spot in its place: marked anew elsewhere, it is another one, of which nothing is known."""
    place = hashlib.blake2b(repr(spot.polygon).encode(), digest_size=8).hexdigest()
    return f"{place} {spot.name}"


def _judge(name: str, grey: Grey, inside: NDArray[np.bool_], known: _Place | None) -> tuple[_Place, SpotObservation]:
    """The state of one spot and what to remember of it."""
    edges = _edges(grey, inside)
    if known is None:
        occupied = edges >= EDGES
        sure = 0.5 + 0.25 * min(1.0, abs(edges / EDGES - 1))
        return _Place(grey, occupied, not occupied), _say(name, occupied, sure)
    change = _change(grey, known.looked, inside)
    if change < CHANGED:
        looked = known.looked
        if change < SAME:
            looked = (1 - FOLLOW) * _as_bright(known.looked, grey, inside) + FOLLOW * grey
        sure = 0.6 + 0.39 * (1 - change / CHANGED)
        return _Place(looked, known.occupied, known.ground_known), _say(name, known.occupied, sure)
    sure = min(0.99, 0.6 + 0.39 * (change / CHANGED - 1))
    if known.ground_known and edges >= 0.6 * EDGES:
        return known, _say(name, True, sure)
    # Either the ground was never seen here, or what is new is plain: new light on the ground, not a vehicle.
    occupied = edges >= EDGES
    return _Place(grey, occupied, not occupied), _say(name, occupied, min(sure, 0.75))


def _say(name: str, occupied: bool, sure: float) -> SpotObservation:
    return SpotObservation(name, SpotState.OCCUPIED if occupied else SpotState.FREE, round(sure, 4))


def _as_bright(looked: Grey, grey: Grey, inside: NDArray[np.bool_]) -> Grey:
    """The remembered picture in today's light: one factor for the whole spot."""
    factor = (float(np.median(grey[inside])) + 4) / (float(np.median(looked[inside])) + 4)
    return np.asarray(np.clip(looked * factor, 0, 255), np.float32)


def _change(grey: Grey, looked: Grey, inside: NDArray[np.bool_]) -> float:
    """Residual between two looks over their brightness, the light made equal first."""
    gap = np.abs(grey - _as_bright(looked, grey, inside))[inside]
    return float(gap.mean()) / (float(grey[inside].mean()) + 16)


def _edges(grey: Grey, inside: NDArray[np.bool_]) -> float:
    """Mean gradient over brightness, the polygon's rim (painted lines) left out."""
    core = cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    core = core if core.any() else inside
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.25)
    return float(np.hypot(across, down)[core].mean()) / (float(grey[inside].mean()) + 16)


def _pack(memory: _Memory) -> bytes:
    places = list(memory.places.values())
    target = io.BytesIO()
    np.savez_compressed(
        target,
        version=np.array(_VERSION),
        names=np.array(list(memory.places), dtype=np.str_),
        looked=np.array([np.round(place.looked) for place in places], np.uint8),
        flags=np.array([(place.occupied, place.ground_known) for place in places], np.bool_),
    )
    return target.getvalue()


def _unpack(memory: bytes | None) -> _Memory:
    """Memory of another version, or cut short, is forgotten: the next looks build it again."""
    if not memory:
        return _Memory()
    try:
        with np.load(io.BytesIO(memory), allow_pickle=False) as found:
            parts: dict[str, Any] = dict(found)
        side = WINDOW.side_px
        count = len(parts["names"])
        if int(parts["version"]) != _VERSION or parts["looked"].shape != (count, side, side) or not count:
            return _Memory()
        return _Memory(
            {
                str(name): _Place(looked.astype(np.float32), bool(flags[0]), bool(flags[1]))
                for name, looked, flags in zip(parts["names"], parts["looked"], parts["flags"], strict=True)
            }
        )
    except Exception:  # noqa: BLE001  the edge to stored bytes: a damaged archive can raise nearly anything
        return _Memory()
