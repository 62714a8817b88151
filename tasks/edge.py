"""What cameras have recognised themselves, taken as the server's own engines' word: the same rules judge it."""

from collections.abc import Sequence
from dataclasses import replace

from parkhub.domain.cameras import Camera, Gate
from parkhub.domain.edge import NO_PLATES, Results, opinions, read_results
from parkhub.domain.edge_cars import crop_of
from parkhub.domain.gates import SeenCar, cars_in, rounded, shares
from parkhub.domain.plate_looks import Way
from parkhub.domain.plates import Reading
from parkhub.domain.spots import Spot, SpotObservation
from parkhub.errors import InvalidInputError
from tasks.vision.plates.finder import Region
from tasks.vision.plates.onnx_reader import look_at_all, plates_among, read_of


def take(data: bytes, camera: Camera, spots: Sequence[Spot]) -> tuple[list[SpotObservation], list[SeenCar]]:
    """What a file of results tells of the places, and at a gate of the cars.

    There a car counts although places were drawn anew since; elsewhere such results are refused. Raises
    InvalidInputError.
    """
    results = read_results(data)
    if not camera.watches_gate:
        return opinions(results, spots, camera.marked_on), []
    if results.plates is None:
        raise InvalidInputError(NO_PLATES)
    cars = _cars(results, camera.gate)
    try:
        return opinions(results, spots, camera.marked_on), cars
    except InvalidInputError:
        return [], cars


def _cars(results: Results, gate: Gate) -> list[SeenCar]:
    """The cars in a picture with their crops; regions and readings take the way that those of a picture take here."""
    size = results.width, results.height
    plates = {Region(*plate.box, plate.confidence): plate for plate in results.plates or ()}

    def see(region: Region, ways: Sequence[Way]) -> list[Reading]:
        return plates[region].readings(ways)

    looks = plates_among(look_at_all(list(plates), size, gate.region, gate.excluded, see))
    reads = [read_of(look) for look in looks]
    seen = results.vehicles or ()
    cars = cars_in(reads, [each.vehicle for each in seen], size, gate.excluded)
    crops = [plates[look.region].crop for look in looks]
    of_vehicles = {rounded(shares(each.box, size)): each.crop for each in seen}
    crops += [of_vehicles.get(car.read.box, "") for car in cars[len(reads) :]]
    return [replace(car, crop=crop_of(text)) for car, text in zip(cars, crops, strict=True)]
