"""What a detector's file says of itself, and which of its classes are vehicles."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import EngineError
from tasks.vision.vehicles.canvas import Array

COCO_CLASSES: Final = 80
COCO_VEHICLES: Final = {
    2: VehicleKind.CAR,
    3: VehicleKind.MOTORCYCLE,
    5: VehicleKind.BUS,
    7: VehicleKind.TRUCK,
}
NAMES: Final = {
    VehicleKind.CAR: ("car", "cars", "automobile", "sedan", "suv", "taxi", "van", "minivan"),
    VehicleKind.MOTORCYCLE: ("motorcycle", "motorcycles", "motorbike", "motorbikes", "moped"),
    VehicleKind.BUS: ("bus", "buses", "minibus", "coach"),
    VehicleKind.TRUCK: ("truck", "trucks", "lorry", "lorries"),
}
_NAMED: Final = {name: kind for kind, names in NAMES.items() for name in names}


@dataclass(frozen=True, slots=True)
class Export:
    """An opened file: its name, its picture's size, the metadata in it, and its answers to a grey picture."""

    file: str
    width: int
    height: int
    about: Mapping[str, str]
    answers: Sequence[Array]

    @property
    def shapes(self) -> str:
        """The shapes of the answers, for people."""
        return ", ".join(" x ".join(map(str, answer.shape)) for answer in self.answers)

    def names(self) -> list[str] | None:
        """The classes' names, as our trainings (``kinds``) or Ultralytics (``names``) write them; None: not given."""
        if "kinds" in self.about:
            return self.about["kinds"].split(",")
        try:
            given = ast.literal_eval(self.about.get("names", ""))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
        if isinstance(given, dict):
            return [str(given.get(index, "")) for index in range(len(given))]
        return [str(name) for name in given] if isinstance(given, list | tuple) else None


@dataclass(frozen=True, slots=True)
class Classes:
    """Which columns of a network's class scores are vehicles of which kind."""

    columns: tuple[int, ...]
    kinds: tuple[VehicleKind, ...]

    @classmethod
    def of(cls, export: Export, count: int) -> "Classes":
        """By the names in the file; without names the 80 of COCO or our four kinds in their order.

        Raises EngineError when none is a vehicle, or nobody says what they are.
        """
        names = export.names()
        if names is None:
            known = {COCO_CLASSES: COCO_VEHICLES, len(VehicleKind): dict(enumerate(VehicleKind))}.get(count)
            if known is None:
                raise EngineError(
                    f"{export.file} knows {count} classes without naming them; "
                    f"only the {COCO_CLASSES} of COCO or our {len(VehicleKind)} kinds are known by their number."
                )
        else:
            if len(names) != count:
                raise EngineError(f"{export.file} names {len(names)} classes but answers for {count}.")
            found = {index: _NAMED.get(name.strip().lower()) for index, name in enumerate(names)}
            known = {index: kind for index, kind in found.items() if kind is not None}
        if not known:
            shown = ", ".join((names or [])[:5])
            raise EngineError(f"{export.file} finds no vehicles: its classes are {shown}{'…' if count > 5 else ''}.")
        return cls(tuple(known), tuple(known.values()))

    def scores(self, classes: Array) -> Array:
        """N x 4, a column for each of `VehicleKind` in its order: the surest of the classes of that kind, else 0."""
        order = list(VehicleKind)
        found = np.zeros((len(classes), len(order)), np.float32)
        for column, kind in zip(self.columns, self.kinds, strict=True):
            place = order.index(kind)
            np.maximum(found[:, place], classes[:, column], out=found[:, place])
        return found
