"""Which frames become pictures in each mode, and when the mode changes by the schedule."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from camera_node.configuration import Configuration, read_configuration
from camera_node.modes import plan_for
from camera_node.picture import Kind
from camera_node.schedule import Mode
from camera_node.sources.frame import Frame

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def _configuration(**said: Any) -> Configuration:
    return read_configuration(json.dumps({"version": 1, "timezone": "Europe/Berlin", **said}).encode())


def _frame(at_s: float, bright: int = 90, car: bool = False) -> Frame:
    picture = np.full((90, 160, 3), bright, np.uint8)
    picture[::9, :] = 140
    if car:
        picture[30:60, 50:100] = 230
        picture[40:50, 60:90] = 20
    return Frame(f"{at_s:g}", NOON, at_s, at_s, bgr=picture)


def test_at_intervals_the_number_of_pictures_is_right_though_frames_come_when_they_like() -> None:
    plan = plan_for(_configuration(interval_s=1.0), NOON, each=False)
    chosen = [each.frame.at_s for n in range(200) for each in plan.look(_frame(n * 0.3))]
    assert len(chosen) == pytest.approx(60, abs=1)
    assert plan.gap_s == 1.0


def test_files_of_a_folder_are_all_sent_however_long_the_interval() -> None:
    plan = plan_for(_configuration(interval_s=60.0), NOON, each=True)
    assert sum(len(plan.look(_frame(float(n)))) for n in range(5)) == 5


def test_on_change_a_car_is_sent_and_an_empty_lot_now_and_then() -> None:
    said = _configuration(mode="change", change={"interval_min_s": 1.0, "interval_max_s": 10.0, "threshold": 0.02})
    plan = plan_for(said, NOON, each=False)
    chosen = [each.frame.at_s for n in range(20) for each in plan.look(_frame(float(n), car=n >= 4))]
    assert chosen == [0, 4, 14]


def test_at_a_gate_passages_are_gate_pictures_and_the_rest_overviews() -> None:
    plan = plan_for(_configuration(mode="gate", gate={"idle_interval_s": 5.0}), NOON, each=False)
    chosen = [each for n in range(100) for each in plan.look(_frame(n / 10, car=30 <= n < 40))]
    kinds = [(each.kind, each.frame.at_s) for each in chosen]
    assert [at_s for kind, at_s in kinds if kind is Kind.OVERVIEW] == pytest.approx([0, 5], abs=1.3)
    gate = [at_s for kind, at_s in kinds if kind is Kind.GATE]
    assert gate
    assert min(gate) == 3.0
    assert max(gate) < 6


def test_a_passage_whose_camera_falls_silent_is_sent_as_far_as_it_came() -> None:
    plan = plan_for(_configuration(mode="gate"), NOON, each=False)
    sent = [each.frame.at_s for n in range(14) for each in plan.look(_frame(n / 10, car=n >= 10))]
    assert sent == [0.0, 1.0]
    assert plan.idle(1.5) == []
    assert {each.kind for each in plan.idle(3.0)} == {Kind.GATE}
    assert plan.idle(4.0) == []


NIGHT = [{"days": ["fr", "sa"], "from": "22:00", "to": "06:00", "mode": "gate", "interval_s": 60.0}]


@pytest.mark.parametrize(
    ("local", "mode"),
    [
        pytest.param("2026-11-20T21:59:59", Mode.INTERVAL, id="friday before"),
        pytest.param("2026-11-20T22:00:00", Mode.GATE, id="friday at ten"),
        pytest.param("2026-11-21T05:59:59", Mode.GATE, id="saturday morning is friday's night"),
        pytest.param("2026-11-21T06:00:00", Mode.INTERVAL, id="saturday at six"),
        pytest.param("2026-11-22T03:00:00", Mode.GATE, id="sunday morning is saturday's night"),
        pytest.param("2026-11-22T23:00:00", Mode.INTERVAL, id="sunday night is none"),
        pytest.param("2026-03-28T23:00:00", Mode.GATE, id="the evening before summer time"),
        pytest.param("2026-03-29T05:30:00", Mode.GATE, id="the morning of summer time"),
        pytest.param("2026-10-25T05:30:00", Mode.GATE, id="the morning of winter time"),
    ],
)
def test_the_schedule_holds_by_the_lots_clock(local: str, mode: Mode) -> None:
    said = _configuration(schedule=NIGHT)
    moment = datetime.fromisoformat(local).replace(tzinfo=BERLIN).astimezone(UTC)
    assert plan_for(said, moment, each=False).mode is mode


def test_a_plan_holds_until_the_schedule_or_the_server_says_otherwise() -> None:
    said = _configuration(schedule=NIGHT)
    evening = datetime(2026, 11, 20, 22, tzinfo=BERLIN)
    plan = plan_for(said, evening, each=False)
    assert plan.holds(said, evening + timedelta(hours=7))
    assert not plan.holds(said, evening + timedelta(hours=8))
    assert not plan.holds(_configuration(mode="gate", gate={"keep": 2}), evening)
    assert plan.holds(_configuration(mode="gate", interval_s=1.0), evening)
