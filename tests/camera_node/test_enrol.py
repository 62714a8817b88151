"""Enrolling: what is written, and what is said when it does not work. The code is good once, so it is used last."""

import ssl
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted import Server, serving

from camera_node.cli import main
from camera_node.settings import read_settings

CODE = "7KQ2M-9XTAB"


@pytest.fixture(autouse=True)
def _own_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def enrol(url: str, folder: Path, *more: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["enrol", CODE, url, "--settings", str(folder / "node.toml"), *more])
    return int(str(ended.value.code))


def good(server: Server, address: str = "") -> None:
    server.answers["enrol"] = [(201, {"server": address or server.url, "camera": "north", "key": "k" * 43})]


def test_key_and_settings_are_written_for_their_owner_only(server: Server, tmp_path: Path) -> None:
    good(server)
    assert enrol(server.url, tmp_path) == 0
    found = read_settings(tmp_path / "node.toml")
    assert (found.server, found.camera, found.key.read_text()) == (server.url, "north", "k" * 43 + "\n")
    for each in (found.key, tmp_path / "node.toml"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    first, *rest = (tmp_path / "node.toml").read_text().splitlines()
    assert first.startswith("# What this node is")
    assert rest[:2] == [f'server = "{server.url}"', 'camera = "north"']
    assert server.said("enrol") == [{"code": CODE}]


REFUSALS = {
    "a wrong code": (403, {}, "wrong, was used already"),
    "too many": (429, {"Retry-After": "30"}, "Try again in 30 seconds"),
    "no ParkHub": (404, {}, "There is no ParkHub at"),
    "moved": (301, {"Location": "https://other.example/"}, "Give that address instead"),
    "broken": (500, {}, "the server answered 500"),
    "a page for everything": (200, {}, "the server answered 200"),
}


@pytest.mark.parametrize(("status", "headers", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_told_in_words_and_changes_nothing(
    server: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    status: int,
    headers: dict[str, str],
    words: str,
) -> None:
    server.answers["enrol"], server.headers = [(status, {"detail": "Not so."})], headers
    assert enrol(server.url, tmp_path) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "node.toml").exists()
    assert not (tmp_path / "state" / "camera.key").exists()


def test_a_filter_between_that_refuses_is_not_taken_for_a_wrong_code(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["enrol"] = [(403, {})]
    assert enrol(server.url, tmp_path) == 1
    said = capsys.readouterr().err
    assert "a filter or a login between" in said
    assert "Make a new one" not in said


def test_an_answer_that_is_not_parkhub_s_is_told(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["enrol"] = [(201, {"welcome": "to the hotel"})]
    assert enrol(server.url, tmp_path) == 1
    assert "is not ParkHub" in capsys.readouterr().err


def test_an_address_that_cannot_be_used_from_here_is_not_taken_over(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good(server, "http://127.0.0.1:9")
    assert enrol(server.url, tmp_path) == 0
    assert read_settings(tmp_path / "node.toml").server == server.url
    assert "cannot be used from here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9", "Nothing listens at"),
        ("http://parkhub.invalid", "The name parkhub.invalid is not known"),
        ("http://parkhub..invalid", "http://parkhub..invalid cannot be reached"),
    ],
    ids=["nobody there", "no such name", "a slip in the name"],
)
def test_a_server_that_is_not_reached_is_told_with_what_to_check(
    url: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enrol(url, tmp_path) == 1
    said = capsys.readouterr().err
    assert words in said
    assert ("is not encrypted" in said) == ("invalid" in url)


def test_where_nothing_can_be_written_the_code_is_not_used(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    assert enrol(server.url, tmp_path) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert server.requests == []


def test_broken_settings_are_told_before_the_code_is_used(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "node.toml").write_text("camera = ")
    assert enrol(server.url, tmp_path) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert server.requests == []


@pytest.fixture
def own_authority(tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """A server with a certificate that it has signed itself."""
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    places = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *places], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(context) as server:
        yield server, certificate


def test_a_self_signed_certificate_is_refused_unless_it_is_named(
    own_authority: tuple[Server, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server, certificate = own_authority
    good(server)
    assert enrol(server.url, tmp_path) == 1
    assert "self-signed certificate" in capsys.readouterr().err
    assert enrol(server.url, tmp_path, "--ca-file", str(certificate)) == 0
    assert read_settings(tmp_path / "node.toml").connection.ca_file == certificate
