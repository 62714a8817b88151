"""`parkhub tariff publish` against a real data folder."""

import json
import subprocess
import sys

from builders import save_lot
from processes import completed

from parkhub.db.engine import close_database, open_database
from parkhub.settings import Settings


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parkhub.cli.main", "tariff", *arguments]
    return completed(command)


async def test_a_tariff_is_published_for_a_lot(sqlite_settings: Settings, tmp_path):
    await open_database(sqlite_settings)
    await save_lot(slug="north")
    await close_database()
    file = tmp_path / "tariff.yaml"
    file.write_text('currency: EUR\nbands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]\n')
    where = ("--lot", "north", "--data-dir", str(sqlite_settings.data_dir))
    first = run("publish", str(file), *where)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["kind"] == "any"
    past = run("publish", str(file), *where, "--from", "2020-01-01T00:00Z")
    assert (past.returncode, "in the past" in past.stderr) == (1, True)
    later = run("publish", str(file), *where, "--from", "2099-01-01T00:00Z", "--kind", "motorcycle")
    told = json.loads(later.stdout)
    assert (told["kind"], told["valid_from"]) == ("motorcycle", "2099-01-01T00:00:00+00:00")
    assert run("publish", str(file), *where, "--kind", "horse").returncode == 2
