"""`parkhub barrier` and the sign of an exit, against a real data folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from builders import save_camera, save_lot
from processes import completed

from parkhub.db import cameras as camera_rows
from parkhub.db.engine import close_database, open_database
from parkhub.domain.cameras import CameraRole, Gate
from parkhub.settings import Settings


@pytest.fixture
async def folder(sqlite_settings: Settings) -> Path:
    await open_database(sqlite_settings)
    camera = await save_camera(await save_lot(slug="north"), public_id="exit-1", name="Exit")
    await camera_rows.set_gate(camera.id, Gate(CameraRole.EXIT))
    await close_database()
    return sqlite_settings.data_dir


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parkhub.cli.main", *map(str, arguments)]
    return completed(command)


def test_a_barrier_is_added_and_listed_and_gets_a_sign(folder: Path, tmp_path: Path) -> None:
    given = ("--lot", "north", "--name", "North exit", "--camera", "exit-1", "--data-dir", folder)
    added = json.loads(run("barrier", "add", *given, "--webhook", "https://gate.example.org/open").stdout)
    assert (added["kind"], added["to"], added["secret"][:6]) == ("webhook", "https://gate.example.org/open", "whsec_")
    del added["secret"]
    assert json.loads(run("barrier", "list", "--data-dir", folder).stdout) == added
    assert run("barrier", "log", "--data-dir", folder).stdout == ""
    out = ("--out", tmp_path / "signs", "--url", "https://park.example.org", "--data-dir", folder)
    lines = run("lot", "qr", "north", "--exit", added["barrier"], *out).stdout.splitlines()
    assert [Path(json.loads(line)["file"]).name for line in lines] == [
        f"sign-{added['barrier']}.svg",
        f"sign-{added['barrier']}.pdf",
    ]
    assert json.loads(lines[0])["address"].startswith("https://park.example.org/exit/")
    assert "Not paid yet? Pay here" in (tmp_path / "signs" / f"sign-{added['barrier']}.svg").read_text()


def test_what_is_wrong_is_said_in_one_sentence(folder: Path) -> None:
    ended = run("barrier", "add", "--lot", "north", "--name", "A", "--webhook", "http://a.b", "--data-dir", folder)
    assert (ended.returncode, "address: Give an https:// address" in ended.stderr) == (1, True)
    ended = run("barrier", "open", "nobody", "--reason", "ambulance", "--data-dir", folder)
    assert (ended.returncode, ended.stderr) == (1, "parkhub: There is no such barrier.\n")
