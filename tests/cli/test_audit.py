"""`parkhub audit` against a real data folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from builders import NOW, after, save_account, save_lot
from processes import completed

from parkhub.db.engine import close_database, migrate, open_database, transaction
from parkhub.services.audit import note
from parkhub.settings import Settings


@pytest.fixture
async def noted(settings: Settings) -> Path:
    """A data folder with three entries: of a person in a lot, its undoing by a command, and one without a lot."""
    await migrate(settings)
    await open_database(settings)
    lot, account = await save_lot(slug="north"), await save_account("kim@example.org")
    async with transaction():
        first = await note(
            "session.plate_changed",
            account_id=account.id,
            lot_id=lot.id,
            subject="session:12",
            before={"cents": 500},
            after={"cents": 300},
            reason="Misread.",
            at=NOW,
            plates=("BAB12O", "BAB120"),
        )
        given = {"account_id": None, "before": None, "after": None}
        await note("session.undone", lot_id=lot.id, subject="session:12", at=after(60), undoes=first, **given)
        await note("people.invited", lot_id=None, subject="account:2", at=after(120), **given)
    await close_database()
    return settings.data_dir


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parkhub.cli.main", "audit", "list", *map(str, arguments)]
    return completed(command)


def listed(*arguments: object) -> list[dict[str, object]]:
    ended = run(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_entries_come_as_lines_the_newest_first_and_without_plates(noted):
    newest, undoing, first = listed("--data-dir", noted)
    assert newest["lot"] is None
    assert undoing["undoes"] == first["id"]
    assert first == {
        "id": first["id"],
        "at": "2026-11-21T10:00:00Z",
        "action": "session.plate_changed",
        "subject": "session:12",
        "lot": "north",
        "account": 1,
        "person": "kim@example.org",
        "before": {"cents": 500},
        "after": {"cents": 300},
        "reason": "Misread.",
        "undoes": None,
        "undone_by": undoing["id"],
    }


def test_plates_are_printed_when_asked_for(noted):
    assert [line["plates"] for line in listed("--plates", "--data-dir", noted)] == [None, None, ["BAB12O", "BAB120"]]


CHOICES = {
    "a lot": (("--lot", "north"), ["session.undone", "session.plate_changed"]),
    "a subject": (("--subject", "account:2"), ["people.invited"]),
    "an action": (("--action", "session.undone"), ["session.undone"]),
    "a person": (("--person", "Kim@example.org"), ["session.plate_changed"]),
    "since": (("--since", "2026-11-21T11:02+01:00"), ["people.invited"]),
    "until": (("--until", "2026-11-21T10:01"), ["session.plate_changed"]),
    "a day before": (("--until", "2026-11-21"), []),
    "a limit": (("--limit", 1), ["people.invited"]),
}


@pytest.mark.parametrize(("arguments", "actions"), CHOICES.values(), ids=CHOICES)
def test_entries_are_chosen_by(noted, arguments, actions):
    assert [line["action"] for line in listed(*arguments, "--data-dir", noted)] == actions


WRONG = {
    "an unknown lot": (("--lot", "south"), 1, "no lot 'south'"),
    "an unknown person": (("--person", "nobody@example.org"), 1, "Nobody has"),
    "no time": (("--since", "yesterday"), 2, "--since 'yesterday' is no time"),
}


@pytest.mark.parametrize(("arguments", "status", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_in_one_sentence(noted, arguments, status, words):
    ended = run(*arguments, "--data-dir", noted)
    assert ended.returncode == status
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1
