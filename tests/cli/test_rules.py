"""`parkhub rules` against a real data folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from builders import save_lot
from processes import completed

from parkhub.db.engine import close_database, open_database
from parkhub.settings import Settings

DEFAULTS = {
    "lot": "north",
    "stay_max_minutes": 4320,
    "anti_passback": False,
    "tariff_follows": "began",
    "picture_keep_days": 7,
    "read_keep_days": 30,
    "paid_keep_days": 30,
    "unpaid_keep_days": 365,
    "paid_ahead": False,
    "remind_minutes": 10,
    "small_dues": "carried",
    "processing_leaves": True,
    "operator_name": "",
    "operator_address": "",
    "operator_tax_number": "",
}


@pytest.fixture
async def folder(sqlite_settings: Settings) -> Path:
    await open_database(sqlite_settings)
    await save_lot(slug="north")
    await close_database()
    return sqlite_settings.data_dir


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parkhub.cli.main", *map(str, arguments)]
    return completed(command)


def test_rules_are_shown_set_and_noted(folder):
    assert json.loads(run("rules", "show", "--lot", "north", "--data-dir", folder).stdout) == DEFAULTS
    changed = run("rules", "set", "--lot", "north", "paid_keep_days=14", "anti_passback=yes", "--data-dir", folder)
    expected = {**DEFAULTS, "paid_keep_days": 14, "anti_passback": True}
    assert json.loads(changed.stdout) == expected
    assert json.loads(run("rules", "show", "--lot", "north", "--data-dir", folder).stdout) == expected
    (entry,) = map(json.loads, run("audit", "list", "--data-dir", folder).stdout.splitlines())
    assert (entry["action"], entry["lot"], entry["account"]) == ("rules.set", "north", None)
    assert entry["after"] == {"paid_keep_days": 14, "anti_passback": True}


WRONG = {
    "no such lot": (("show", "--lot", "south"), 1, "no lot 'south'"),
    "a wrong value": (("set", "--lot", "north", "paid_keep_days=0"), 1, "paid_keep_days is a whole number from 1"),
    "no value": (("set", "--lot", "north", "paid_keep_days"), 2, "'paid_keep_days' is no RULE=VALUE"),
}


@pytest.mark.parametrize(("arguments", "status", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_in_one_sentence(folder, arguments, status, words):
    ended = run("rules", *arguments, "--data-dir", folder)
    assert ended.returncode == status
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1
