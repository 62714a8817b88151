"""node.toml: what a person set up, refused by the field's name, changed without touching the rest."""

import tomllib
from pathlib import Path

import pytest

from camera_node.settings import SettingsError, SourceKind, check_complete, read_settings
from camera_node.settings_file import set_values

WHOLE = """
server = "https://parkhub.example/"
camera = "north-1a2b3c"
state_folder = "state"
[source]
kind = "rtsp"
address = "rtsp://admin:pw@10.0.0.9/1"
[relay]
pin = 17
[connection]
ca_file = "/etc/ca.pem"
"""


def a_file(folder: Path, text: str) -> Path:
    file = folder / "node.toml"
    file.write_text(text)
    return file


def test_it_is_read_with_relative_places_beside_the_file(tmp_path: Path) -> None:
    file = a_file(tmp_path, WHOLE)
    found = read_settings(file)
    check_complete(found, file)
    assert (found.server, found.camera) == ("https://parkhub.example", "north-1a2b3c")
    assert found.source is not None
    assert found.source.kind is SourceKind.RTSP
    assert found.key == tmp_path / "state" / "camera.key"
    assert found.spool_folder.is_relative_to(tmp_path / "state")
    assert found.connection.ca_file == Path("/etc/ca.pem")


WRONG = {
    "no TOML": ("server =", "cannot be read"),
    "a mistyped name": ("sever = 'https://a'", "sever is not known"),
    "no address": ("server = 'parkhub.example'", "server must be an address"),
    "an address of a camera": ("server = 'rtsp://a'", "server must be an address such as https://parkhub.example"),
    "a proxy without its kind": (
        "[connection]\nproxy = 'a:1'",
        "proxy must be an address such as http://10.0.0.1:3128",
    ),
    "a camera that is a path": ("camera = '../x'", "camera must be"),
    "an unknown source": ("[source]\nkind = 'webcam'", "source.kind must be one of picamera2"),
    "a source without its address": ("[source]\nkind = 'rtsp'", "source.address is needed"),
    "a mistyped name of the source": ("[source]\nkind = 'folder'\nfoldr = 'x'", "source.foldr is not known"),
    "a pin that no Pi has": ("[relay]\npin = 99", "relay.pin"),
    "a pin and a pretence": ("[relay]\npin = 4\npretend = true", "relay.pin and pretend"),
    "a key without its certificate": ("[connection]\nclient_key = 'k'", "connection.client_certificate"),
    "no room for pictures": ("[spool]\nmegabytes_max = 0", "spool.megabytes_max"),
}


@pytest.mark.parametrize(("text", "named"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_by_its_name(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(a_file(tmp_path, text))
    assert named in str(refused.value)
    assert "rtsp://" not in str(refused.value)


@pytest.mark.parametrize(("seconds", "taken"), [(600, True), (601, False)])
def test_a_capture_that_hangs_is_never_left_for_longer_than_ten_minutes(
    tmp_path: Path, seconds: int, taken: bool
) -> None:
    file = tmp_path / "node.toml"
    file.write_text(f"capture_silence_s = {seconds}\n")
    if taken:
        assert read_settings(file).capture_silence_s == seconds
    else:
        with pytest.raises(SettingsError, match="capture_silence_s"):
            read_settings(file)


def test_what_is_missing_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="parkhub-node enrol CODE URL"):
        read_settings(tmp_path / "node.toml")
    file = a_file(tmp_path, "server = 'https://a'\ncamera = 'x'")
    with pytest.raises(SettingsError, match=r"\[source\] is missing"):
        check_complete(read_settings(file), file)


def test_single_values_are_changed_and_everything_else_stays_as_it_was_written(tmp_path: Path) -> None:
    file = a_file(
        tmp_path, '# mine\ncamera = "old"\n\n[source]   # kept\nkind = "simulator"\n[connection]\nproxy = ""\n'
    )
    set_values(file, {("", "server"): "https://b", ("", "camera"): 'new"\n', ("connection", "ca_file"): "/x"})
    text = file.read_text()
    said = tomllib.loads(text)
    assert (said["server"], said["camera"], said["connection"]["ca_file"]) == ("https://b", 'new"\n', "/x")
    assert said["source"] == {"kind": "simulator"}
    assert text.count("# mine") == text.count("# kept") == 1


def test_a_file_that_is_made_holds_examples_of_each_source(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    set_values(file, {("", "server"): "https://b", ("", "camera"): "x", ("spool", "folder"): "/s"})
    assert tomllib.loads(file.read_text()) == {"server": "https://b", "camera": "x", "spool": {"folder": "/s"}}
    assert "picamera2" in file.read_text()


def test_a_file_that_cannot_be_changed_safely_is_left_alone(tmp_path: Path) -> None:
    text = 'connection = {proxy = ""}\n'
    file = a_file(tmp_path, text)
    with pytest.raises(SettingsError, match="by hand"):
        set_values(file, {("connection", "ca_file"): "/x"})
    assert file.read_text() == text
