"""Recognition at the camera: what its node is given to recognise with, and what it says it has seen.

The wire: `camera_node/WIRE.md`. Places here, cars at gates in `parkhub.domain.edge_cars`.
"""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from parkhub.domain.cameras import Camera, Engine
from parkhub.domain.edge_cars import VEHICLES_SHOWN_MAX, SeenPlates, SeenVehicles, outside
from parkhub.domain.plate_layouts import layouts_of
from parkhub.domain.spots import Spot, SpotObservation, SpotState
from parkhub.errors import InvalidInputError

BYTES_MAX: Final = 1024 * 1024
SPOTS_MAX: Final = 5000
MISFIT: Final = "Only a camera whose places are judged by the classifier can recognise itself."
REDRAWN: Final = "The places were drawn anew since this was recognised. The node fetches the new ones."
NOT_ASKED: Final = (
    "Recognition at the camera is not switched on. Switch it on in the console, on the page of the camera's node."
)
NO_PLATES: Final = (
    "This was recognised without looking for plates, and the camera watches a gate. Bring its node up to date."
)

_Share = Annotated[float, Meta(ge=0, le=1)]
_Side = Annotated[int, Meta(ge=16, le=16_384)]


class SeenSpot(Struct, frozen=True):
    """What a node says of one place. ``id``: of the place's row."""

    id: Annotated[int, Meta(ge=1, le=2**62)]
    state: SpotState
    confidence: _Share


class Results(Struct, frozen=True):
    """What a node saw in one picture. ``version``: of what it recognised with; width and height are the picture's.

    ``plates`` and ``vehicles``: at a gate; None: it did not look for any.
    """

    engine_sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    version: Annotated[str, Meta(pattern="^[0-9a-f]{16}-[0-9a-f]{16}$")]
    width: _Side
    height: _Side
    spots: Annotated[tuple[SeenSpot, ...], Meta(max_length=SPOTS_MAX)]
    plates: SeenPlates | None = None
    vehicles: SeenVehicles | None = None

    @property
    def crops(self) -> list[str]:
        """What was cut out of the picture, each in base64."""
        crops = [plate.crop for plate in self.plates or ()] + [vehicle.crop for vehicle in self.vehicles or ()]
        return [crop for crop in crops if crop]


class EngineFile(Struct, frozen=True):
    """One file that a node needs."""

    name: str
    sha256: str
    bytes: int


def can_recognise(camera: Camera) -> bool:
    """Whether a camera's node can take the server's place: of those that judge places it has the classifier."""
    return camera.engine is Engine.CLASSIFIER


def read_results(body: bytes) -> Results:
    """What a node sent, checked. Raises InvalidInputError naming the field."""
    try:
        results = msgspec.json.decode(body, type=Results)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"These results cannot be taken: {str(error)[:200]}.") from None
    if len({spot.id for spot in results.spots}) != len(results.spots):
        raise InvalidInputError("These results cannot be taken: they name a place twice.")
    if outside(results.plates or (), results.vehicles or (), (results.width, results.height)):
        raise InvalidInputError("These results cannot be taken: a box lies outside of the picture.")
    if sum(bool(vehicle.crop) for vehicle in results.vehicles or ()) > VEHICLES_SHOWN_MAX:
        raise InvalidInputError(
            f"These results cannot be taken: more than {VEHICLES_SHOWN_MAX} vehicles come with a crop."
        )
    return results


def gate_told(camera: Camera) -> dict[str, object] | None:
    """What a node is told of the gate that its camera watches: where not to look, and which texts are surely plates."""
    if not camera.watches_gate:
        return None
    return {"excluded": camera.gate.excluded, "layouts": layouts_of(camera.gate.region)}


def engines_version(camera: Camera, spots: Sequence[Spot], files: Sequence[EngineFile]) -> str:
    """Changes with the places' outlines (before the hyphen), and with files and what is told of a gate (behind it)."""
    rest = sorted((each.name, each.sha256) for each in files), gate_told(camera)
    return f"{spots_version(spots, camera.marked_on)}-{_digest(rest)}"


def spots_version(spots: Sequence[Spot], marked_on: tuple[int, int] | None) -> str:
    """Changes with the places' outlines."""
    return _digest([[(spot.id, spot.polygon) for spot in spots], marked_on])


def opinions(results: Results, spots: Sequence[Spot], marked_on: tuple[int, int] | None) -> list[SpotObservation]:
    """The results as the server's engine would have told them. Raises InvalidInputError: they are of other places."""
    if results.version.partition("-")[0] != spots_version(spots, marked_on):
        raise InvalidInputError(REDRAWN)
    seen = {each.id: each for each in results.spots}
    return [
        SpotObservation(spot.name, seen[spot.id].state, seen[spot.id].confidence) for spot in spots if spot.id in seen
    ]


def _digest(what: object) -> str:
    return hashlib.sha256(msgspec.json.encode(what)).hexdigest()[:16]
