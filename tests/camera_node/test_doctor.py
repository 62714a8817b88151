"""The doctor: a line for each thing, what is wrong in plain words, and what to do."""

import os
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path

import pytest
from pictures import encode, jpeg
from PIL import Image
from scripted import Server

from camera_node.cli import main
from camera_node.instance import LOCK_NAME, Instance
from camera_node.words import size


@pytest.fixture
def settings(server: Server, key_file: Path, tmp_path: Path) -> Path:
    """A node that is set up well, at a server that is there."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_bytes(jpeg(1))
    file = tmp_path / "node.toml"
    lines = (f'server = "{server.url}"', 'camera = "north"', f'key_file = "{key_file}"', 'state_folder = "state"')
    file.write_text("\n".join([*lines, '[source]\nkind = "folder"\nfolder = "pictures"\n']))
    (tmp_path / "state").mkdir()
    server.date = formatdate(usegmt=True)
    server.answers["health"] = [(200, {"status": "up"})]
    server.answers["configuration"] = [(200, {"version": 4, "mode": "change"})]
    return file


def ask(file: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Sequence[str]]:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--settings", str(file), *more])
    return int(str(ended.value.code)), capsys.readouterr().out.splitlines()


def bad(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line.startswith("bad")]


def test_a_node_that_is_well_is_told_to_be_well(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = Instance(tmp_path / "state")
    status, lines = ask(settings, capsys)
    running.close()
    assert [line for line in bad(lines) if "processor" not in line and "MB" not in line] == []
    text = "\n".join(lines)
    for words in ("camera north", "Server", "takes this node's key", "mode change", "160 x 120", "pictures wait"):
        assert words in text
    assert "The node runs" in text
    assert status == (1 if bad(lines) else 0)


def test_each_wrong_thing_has_a_line_and_what_to_do(
    settings: Path, server: Server, key_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key_file.chmod(0o644)
    server.answers["configuration"] = [(401, {"detail": "Unknown camera or wrong key."})]
    (tmp_path / "pictures" / "a.jpg").write_bytes(encode(Image.new("RGB", (320, 240)), quality=80))
    status, lines = ask(settings, capsys)
    assert status == 1
    text = "\n".join(lines)
    for words in (
        "can be read by other users",
        f"chmod 600 {key_file}",
        "does not take this node's key: the server answered 401: Unknown camera or wrong key",
        "enrol CODE URL",
        "nearly black",
        "The node does not run",
    ):
        assert words in text


def test_a_server_that_is_away_and_a_clock_that_is_off_are_told(
    settings: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.date = formatdate(86_400, usegmt=True)
    _, lines = ask(settings, capsys, "--no-picture")
    assert any("s ahead" in line for line in lines)
    settings.write_text(settings.read_text().replace(server.url, "http://127.0.0.1:9"))
    _, lines = ask(settings, capsys, "--no-picture")
    assert any("Nothing listens at http://127.0.0.1:9" in line for line in bad(lines))
    assert "picture:" not in "\n".join(lines)


WRONG = {
    "no file": (None, 2, "does not exist"),
    "a mistyped name": ("sever = 1", 2, "sever is not known"),
    "nothing in it": ("state_folder = 'state'", 1, "server is missing"),
}


@pytest.mark.parametrize(("text", "status", "words"), WRONG.values(), ids=WRONG)
def test_settings_that_are_wrong_are_told_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, status: int, words: str
) -> None:
    if text is not None:
        (tmp_path / "node.toml").write_text(text)
    ended, lines = ask(tmp_path / "node.toml", capsys)
    assert (ended, words in lines[0], lines[0].startswith("bad")) == (status, True, True)


def test_a_node_without_a_server_is_to_be_enrolled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "node.toml").write_text("state_folder = 'state'")
    _, lines = ask(tmp_path / "node.toml", capsys)
    assert "parkhub-node enrol CODE URL" in lines[1]


def test_a_server_in_trouble_is_no_reason_for_a_new_code(
    settings: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["configuration"] = [(503, {"detail": "Not now"})]
    _, lines = ask(settings, capsys, "--no-picture")
    at = next(number for number, line in enumerate(lines) if "503: Not now" in line)
    assert "See to the server" in lines[at + 1]
    assert "new code" not in "\n".join(lines)


def test_settings_that_the_running_node_has_not_read_are_told(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = Instance(tmp_path / "state")
    try:
        began_s = (tmp_path / "state" / LOCK_NAME).stat().st_mtime
        found = {}
        for seconds in (-60, 60):
            os.utime(settings, (began_s + seconds, began_s + seconds))
            found[seconds] = "\n".join(ask(settings, capsys, "--no-picture")[1])
    finally:
        running.close()
    assert "newer than the running node" not in found[-60]
    assert "node.toml is newer than the running node." in found[60]
    assert "sudo systemctl restart parkhub-node" in found[60]


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone reads what the node may not")
def test_a_folder_is_looked_at_with_the_rights_of_the_node(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.chown(tmp_path / "state", 65_534, 65_534)
    (tmp_path / "pictures").chmod(0o700)
    _, lines = ask(settings, capsys)
    [line] = [line for line in bad(lines) if "The folder" in line]
    assert "cannot be read by nobody, as which the node runs: Permission denied" in line


def test_a_camera_that_is_away_is_told_without_its_password(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = settings.read_text().replace(
        'kind = "folder"\nfolder = "pictures"', 'kind = "snapshot"\naddress = "http://u:p@127.0.0.1:9/x"'
    )
    settings.write_text(text)
    _, lines = ask(settings, capsys)
    [line] = [line for line in bad(lines) if "gives no picture" in line]
    assert "u:p" not in line


@pytest.mark.parametrize(
    ("byte_count", "said"), [(29_847_000_000, "29.8 GB"), (200_000_000, "200 MB"), (1_234_567, "1.2 MB"), (0, "0.0 MB")]
)
def test_sizes_are_said_as_people_say_them(byte_count: int, said: str) -> None:
    assert size(byte_count) == said


NEWER = {"heard_at": None, "twin": False, "new_key_at": "2026-11-21T10:00:00+00:00"}


def test_a_newer_key_at_the_server_is_told_as_far_as_it_has_come(
    settings: Path, server: Server, key_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["configuration"] *= 3
    server.answers["node"] = [(200, NEWER)] * 3
    standing = ask(settings, capsys, "--no-picture")[1]
    assert any("since 21 November, 10:00 UTC, and no node runs here" in line for line in bad(standing))
    running = Instance(tmp_path / "state")
    try:
        on_its_way = ask(settings, capsys, "--no-picture")[1]
        key_file.with_name("camera.key.new").write_text('{"id": "7", "key": "new", "refused": true}')
        refused = ask(settings, capsys, "--no-picture")[1]
    finally:
        running.close()
    assert any(line.startswith("note  The server holds a newer key") for line in on_its_way)
    assert any("refused it when this node signed with it" in line for line in bad(refused))


def test_another_node_with_the_same_key_is_told(
    settings: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["node"] = [(200, {"twin": True, "new_key_at": None})]
    lines = ask(settings, capsys, "--no-picture")[1]
    assert any("Another node uses this camera's key" in line for line in bad(lines))


def test_a_key_that_was_replaced_is_told_apart_from_a_wrong_one(
    settings: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["configuration"] = [(401, {"detail": "This key was replaced by another one on 1 May at 10:00 UTC."})]
    lines = ask(settings, capsys, "--no-picture")[1]
    at = next(number for number, line in enumerate(lines) if "The camera has another key now" in line)
    assert "1 May at 10:00" in lines[at]
    assert "systemctl disable --now parkhub-node" in lines[at + 1]
    assert "enrol CODE URL" in lines[at + 1]
