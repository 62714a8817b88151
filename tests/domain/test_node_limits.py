"""What a node is to do is checked as a whole, with a word for each field."""

import math
from typing import Any

import msgspec
import pytest

from parkhub.domain.node_configurations import (
    Change,
    Controls,
    Document,
    Focus,
    GateBurst,
    PictureSize,
    Span,
    read,
    written,
)
from parkhub.domain.node_limits import BOUNDS, check, value_at
from parkhub.errors import FieldsError

NIGHT = Span(("mo", "su"), "22:00", "06:00")


def faults(**said: Any) -> dict[str, str]:
    try:
        check(msgspec.structs.replace(Document(), **said))
    except FieldsError as error:
        return error.fields
    return {}


def test_the_defaults_are_good_and_come_back_as_they_were_written() -> None:
    document = msgspec.structs.replace(Document(), schedule=(NIGHT,), gate=GateBurst(area=(0.1, 0.2, 0.3, 0.4)))
    check(document)
    assert read(written(document)) == document
    assert b'"from":"22:00","to":"06:00"' in written(document)


@pytest.mark.parametrize("path", list(BOUNDS))
def test_every_number_has_bounds(path: str) -> None:
    *way, name = path.split(".")
    for wrong in (BOUNDS[path].least - 1, BOUNDS[path].most * 1.5, math.nan, math.inf):
        part: Any = msgspec.structs.replace(value_at(Document(), way[0]) if way else Document(), **{name: wrong})
        found = faults(**{way[0]: part}) if way else faults(**{name: wrong})
        assert found[path] == BOUNDS[path].words


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"change": Change(interval_min_s=10, interval_max_s=5)}, "change.interval_max_s"),
        ({"gate": GateBurst(burst_max=3, keep=4)}, "gate.burst_max"),
        ({"picture": PictureSize(quality=50, quality_min=60)}, "picture.quality"),
        ({"picture": PictureSize(width_max=640)}, "picture.width_max"),
        ({"camera": Controls(focus=Focus.MANUAL)}, "camera.lens_position"),
        ({"gate": GateBurst(area=(0.5, 0, 0.6, 1))}, "gate.area"),
        ({"gate": GateBurst(area=(0, 0, 0, 1))}, "gate.area"),
        ({"change": Change(area=(math.nan, 0, 1, 1))}, "change.area"),
        ({"schedule": (NIGHT,) * 13}, "schedule"),
    ],
)
def test_what_does_not_fit_together_is_told_at_its_field(said: dict[str, Any], field: str) -> None:
    assert list(faults(**said)) == [field]


@pytest.mark.parametrize(
    "span",
    [
        Span((), "22:00", "06:00"),
        Span(("xx",), "22:00", "06:00"),
        Span(("mo",), "24:00", "06:00"),
        Span(("mo",), "22:00", "6:00"),
        Span(("mo",), "22:00", ""),
        Span(("mo",), "2²:00", "06:00"),
        Span(("mo",), "22:00", "06:00", interval_s=math.nan),
    ],
)
def test_a_row_of_the_schedule_is_checked(span: Span) -> None:
    assert list(faults(schedule=(NIGHT, span))) == ["schedule.1"]
