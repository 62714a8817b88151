"""Cars at a gate in one picture: plates are read, vehicles found, and what proves each is cut out."""

from collections.abc import Sequence
from dataclasses import replace

from parkhub.domain.cameras import Gate
from parkhub.domain.gates import SeenCar, cars_in
from parkhub.domain.vehicles import Vehicle
from tasks.vision.picture import Picture
from tasks.vision.plates.evidence import crop, crop_vehicle
from tasks.vision.plates.reader import PlateReader


def read_cars(reader: PlateReader, picture: Picture, gate: Gate, vehicles: Sequence[Vehicle] | None) -> list[SeenCar]:
    """The cars in a whole picture with their crops; without ``vehicles`` nobody sees those that show no plate.

    Raises EngineError.
    """
    height, width = picture.shape[:2]
    reads = reader.read(picture, gate.region, gate.excluded)
    cars = cars_in(reads, vehicles or (), (width, height), gate.excluded)
    crops = [crop(picture, read) for read in reads]
    crops += [crop_vehicle(picture, car.read.box) for car in cars[len(reads) :]]
    return [replace(car, crop=data) for car, data in zip(cars, crops, strict=True)]
