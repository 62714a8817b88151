"""`parkhub simulate-day` as people run it: a small day that crashes, on both databases."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import completed

from parkhub.cli.simulate_day import MIDNIGHT
from parkhub.services.simulated_traffic import Barrier, Machine, Picture, make_day
from parkhub.settings import Settings


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parkhub.cli.main", "simulate-day", *map(str, arguments)]
    return completed(command, {**os.environ, **environment}, timeout_s=280)


@pytest.mark.slow
def test_a_day_that_crashes_ends_with_every_car_accounted_for(database_settings: Settings) -> None:
    url = {"PARKHUB_DATABASE_URL": database_settings.database_url} if database_settings.database_url else {}
    found = run("--cars", 60, "--crashes", 4, "--gaps", 2, **url)
    assert found.returncode == 0, found.stderr
    (line,) = [json.loads(text) for text in found.stdout.splitlines()]
    ends = ("paid", "open", "in_review", "waived", "owing", "unseen")
    assert sum(line[end] for end in ends) == line["cars"] == 60
    assert line["paid"] > 40
    assert (line["owing"], line["charged_wrongly"], line["charged_twice"], line["faults"]) == (0, 0, 0, [])
    assert sum(line["balances"].values()) == 0


def test_a_day_in_a_database_that_holds_a_lot_is_refused(settings: Settings) -> None:
    folder: Path = settings.data_dir
    assert run("--cars", 1, "--crashes", 0, "--data-dir", folder).returncode == 0
    again = run("--cars", 1, "--crashes", 0, "--data-dir", folder)
    assert again.returncode == 1
    assert "empty database" in again.stderr


def test_a_seed_always_gives_the_same_day_and_another_one_another() -> None:
    assert make_day(MIDNIGHT, 30, 1) == make_day(MIDNIGHT, 30, 1)
    assert make_day(MIDNIGHT, 30, 1).cars != make_day(MIDNIGHT, 30, 2).cars


def test_a_day_has_everything_that_goes_wrong() -> None:
    day = make_day(MIDNIGHT, 1000, 1, 4)
    pictures = [event for event in day.events if isinstance(event, Picture)]
    seen = {(event.gate, event.car) for event in pictures}
    plates = {car.number: car.plate for car in day.cars}
    assert any(event.seen.read.text == "" for event in pictures)
    assert any(event.seen.read.text not in ("", plates[event.car]) for event in pictures)
    assert any((event.arrives_at - event.captured_at).total_seconds() > 60 for event in pictures)
    assert any((gate, car.number) not in seen for car in day.cars for gate in {gate for gate, _ in seen})
    assert any(isinstance(event, Machine) for event in day.events)
    assert any(isinstance(event, Barrier) for event in day.events)
    times = [event.arrives_at if isinstance(event, Picture) else event.at for event in day.events]
    assert times == sorted(times)
