"""The part of a camera's form that tells which gate it watches."""

from collections.abc import Mapping
from typing import Any, Final

from parkhub.domain.cameras import CameraRole, Gate, Inward
from parkhub.domain.plate_layouts import COUNTRIES, REGIONS
from parkhub.services.cameras import GateForm

ROLES: Final = [
    (CameraRole.OVERVIEW.value, "Nobody: it looks at places"),
    (CameraRole.ENTRANCE.value, "Cars that come in"),
    (CameraRole.EXIT.value, "Cars that go out"),
    (CameraRole.BOTH.value, "Cars both ways"),
]
WAYS: Final = [
    (Inward.DOWN.value, "down, towards the camera"),
    (Inward.UP.value, "up, away from the camera"),
    (Inward.LEFT.value, "to the left"),
    (Inward.RIGHT.value, "to the right"),
]
_REGIONS: Final = {"auto": "Any", "eu": "Europe", "us": "United States", "br": "Brazil", "in": "India", "vn": "Vietnam"}
REGION_CHOICES: Final = [(name, _REGIONS.get(name, name.upper())) for name in (*_REGIONS, *sorted(COUNTRIES))]
assert {name for name, _ in REGION_CHOICES} == set(REGIONS)


def in_form(gate: Gate) -> dict[str, str]:
    """A gate as the form shows it."""
    return {
        "role": gate.role.value,
        "region": gate.region,
        "inward": gate.inward.value,
        "reads_min": str(gate.reads_min),
        "excluded": "\n".join(",".join(f"{share:g}" for share in area) for area in gate.excluded),
    }


def read_form(given: Mapping[str, Any]) -> GateForm | None:
    """A gate as somebody filled it in; None when the form said nothing of it."""
    if not given["role"]:
        return None
    reads_min = whole_number(given["reads_min"] or "2")
    return GateForm(given["role"], given["region"] or "auto", given["inward"] or "down", given["excluded"], reads_min)


def whole_number(text: str) -> int:
    """What was typed, as a whole number; -1, which no field allows, when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1
