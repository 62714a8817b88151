"""`parkhub permits` on a real data folder."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from builders import save_lot
from processes import completed

from parkhub.db.engine import close_database, migrate, open_database
from parkhub.settings import Settings

TABLE = "\ufeffName;Plates;Until;Note\r\nKim;AB 123;31.12.2026;=1+1\r\n"


@pytest.fixture
async def folder(settings: Settings) -> Path:
    """A data folder with a lot."""
    await migrate(settings)
    await open_database(settings)
    await save_lot(slug="north")
    await close_database()
    return settings.data_dir


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "permits.csv"
    file.write_text(TABLE, encoding="utf-8", newline="")
    return file


def run(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parkhub.cli.main", "permits", *map(str, arguments)]
    return completed(command, stdin=stdin)


def test_a_spreadsheet_s_table_is_taken_in_listed_and_written_out_again(folder, table):
    ended = run("import", table, "--lot", "north", "--dry-run", "--data-dir", folder)
    assert (ended.returncode, json.loads(ended.stdout)["added"]) == (0, 1), ended.stderr
    ended = run("import", table, "--lot", "north", "--data-dir", folder)
    assert json.loads(ended.stdout) == {"lot": "north", "added": 1, "changed": 0, "same": 0, "dry_run": False}
    line = json.loads(run("list", "--lot", "north", "--data-dir", folder).stdout)
    assert (line["name"], line["plates"], line["until"], line["note"]) == ("Kim", ["AB123"], "2026-12-31", "=1+1")
    written = run("export", "--lot", "north", "--data-dir", folder).stdout
    assert next(csv.DictReader(written.splitlines()))["note"] == "'=1+1"
    ended = run("import", "-", "--lot", "north", "--data-dir", folder, stdin=written)
    assert json.loads(ended.stdout)["same"] == 1


def test_every_fault_is_a_line_that_names_its_place_and_nothing_is_taken_in(folder, tmp_path):
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("name,plates,cars\nKim,AB123,1\nRobin,?,many\n")
    ended = run("import", wrong, "--lot", "north", "--data-dir", folder)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"{wrong}: line 3, cars: 'many' is no number of cars" in ended.stderr
    assert run("list", "--lot", "north", "--data-dir", folder).stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "none.csv", "--lot", "north"), "none.csv cannot be read"),
        (("list", "--lot", "south"), "no lot 'south'"),
        (("export", "--lot", "north", "--data-dir", "."), "no database"),
    ],
    ids=["no file", "no lot", "no database"],
)
def test_what_cannot_be_is_one_sentence(folder, arguments, words):
    ended = run(*arguments[:1], "--data-dir", folder, *arguments[1:])
    assert ended.returncode == 1
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1
