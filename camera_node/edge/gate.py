"""Cars at a gate in one picture, as they leave the node: what was read, what stands there, and what proves it."""

from collections.abc import Mapping, Sequence
from typing import Any

from camera_node.edge import plate_finder, plate_reader, vehicle_finder
from camera_node.edge.crops import Bytes
from camera_node.edge.engines import Gate
from camera_node.edge.error import EdgeError
from camera_node.edge.evidence import crop_plate, crop_vehicle
from camera_node.edge.gate_settings import FILE, read_gate_settings
from camera_node.edge.plate_finder import PlateFinder, Region
from camera_node.edge.plate_reader import PlateReader, Read
from camera_node.edge.vehicle_finder import Vehicle, VehicleFinder

FILES = (FILE, plate_finder.FILE, plate_reader.FILE, vehicle_finder.FILE)
CROPPED_MAX = 4

Box = tuple[float, float, float, float]


class GateEyes:
    """Everything that looks at a gate, opened. Not for sharing between threads."""

    def __init__(self, files: Mapping[str, bytes], gate: Gate) -> None:
        """Raises EdgeError."""
        if any(name not in files for name in FILES):
            raise EdgeError("The server offers not all that is needed to read plates. Bring it up to date.")
        self._by = read_gate_settings(files[FILE])
        self._excluded = gate.excluded
        self._finder = PlateFinder(files[plate_finder.FILE], self._by.find)
        self._reader = PlateReader(files[plate_reader.FILE], self._by, gate.layouts)
        self._vehicles = VehicleFinder(files[vehicle_finder.FILE], self._by.vehicles.confidence_min)

    def look(self, picture: Bytes) -> dict[str, Any]:
        """Return what leaves of a whole picture besides its places. Raises EdgeError."""
        height, width = picture.shape[:2]
        found = [each for each in self._finder.find(picture) if not self._is_excluded(each.middle, width, height)]
        reads = self._reader.read(picture, found)
        vehicles = self._vehicles.find(picture)
        plain = [read.region.middle for read in reads if self._reader.is_plain(read)]
        bare = [each for each in vehicles if self._is_at_gate(each, width, height) and not _holds_any(each.box, plain)]
        shown = {id(each) for each in bare[:CROPPED_MAX]}
        return {
            "plates": [_plate(picture, read) for read in reads],
            "vehicles": [_vehicle(picture, each, shown=id(each) in shown) for each in vehicles],
        }

    def _is_excluded(self, point: tuple[float, float], width: int, height: int) -> bool:
        x, y = point[0] / width, point[1] / height
        return any(left <= x <= left + wide and top <= y <= top + high for left, top, wide, high in self._excluded)

    def _is_at_gate(self, vehicle: Vehicle, width: int, height: int) -> bool:
        """Whether it would show its plate if it had one: near, and not cut by the sides of the picture."""
        by = self._by.vehicles
        left, top, wide, high = vehicle.box
        cover = by.cover_motorcycle_min if vehicle.kind == "motorcycle" else by.cover_min
        near = vehicle.confidence >= by.certain and wide * high >= cover * width * height
        cut = left < by.edge * width or left + wide > (1 - by.edge) * width
        middle = left + wide / 2, top + high / 2
        return near and not cut and not self._is_excluded(middle, width, height)


def _holds_any(box: Box, points: Sequence[tuple[float, float]]) -> bool:
    left, top, wide, high = box
    return any(left <= x <= left + wide and top <= y <= top + high for x, y in points)


def _plate(picture: Bytes, read: Read) -> dict[str, Any]:
    region: Region = read.region
    return {
        "box": [round(side, 2) for side in (region.left, region.top, region.right, region.bottom)],
        "confidence": round(min(1.0, region.confidence), 5),
        "first": read.first,
        "again": read.again,
        "lines": read.lines,
        "crop": crop_plate(picture, region),
    }


def _vehicle(picture: Bytes, vehicle: Vehicle, *, shown: bool) -> dict[str, Any]:
    said = {"kind": vehicle.kind, "confidence": vehicle.confidence, "box": vehicle.box}
    return said | {"crop": crop_vehicle(picture, vehicle.box)} if shown else said
