"""`parkhub account` against a real data folder: the ways back in."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyotp
from builders import save_account, stand_ins
from processes import completed

from parkhub.db.engine import close_database, open_database
from parkhub.services import accounts, second_factors
from parkhub.settings import Settings

EMAIL = "kim@example.org"
KEY = "an installation's key"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parkhub.cli.main", "account", *map(str, arguments)]
    return completed(command)


async def test_who_has_lost_password_and_authenticator_gets_in_again(sqlite_settings: Settings, tmp_path: Path) -> None:
    now, folder = datetime.now(UTC), sqlite_settings.data_dir
    await open_database(sqlite_settings)
    person = await save_account(EMAIL)
    app = pyotp.TOTP((await second_factors.begin(KEY, person, now)).secret)
    await second_factors.confirm(stand_ins(), KEY, person, app.at(now), now)
    await close_database()
    off = [run("second-factor-off", "Kim@Example.org", "--data-dir", folder) for _ in range(2)]
    assert [(each.returncode, each.stdout) for each in off] == [(0, "It is off.\n"), (0, "It was not on.\n")]
    unknown = run("second-factor-off", "nobody@example.org", "--data-dir", folder)
    assert (unknown.returncode, "no account" in unknown.stderr) == (1, True)
    reset = run("password", EMAIL, "--data-dir", folder)
    assert reset.returncode == 0, reset.stderr
    await open_database(sqlite_settings)
    cookie = await accounts.sign_in(stand_ins(), EMAIL, reset.stdout.strip(), "192.0.2.7", now)
    assert await accounts.who_is(cookie, now) is not None
    await close_database()
    nowhere = run("second-factor-off", EMAIL, "--data-dir", tmp_path / "nothing")
    assert (nowhere.returncode, "There is no database" in nowhere.stderr) == (1, True)
