"""How the server is reached: certificates that are asked for, and files that cannot be used."""

import ssl
import subprocess
from pathlib import Path

import httpx
import pytest
from scripted import serving

from camera_node.connection import explain, is_loopback, open_client
from camera_node.settings import ConnectionSettings, SettingsError


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that is its own authority, and its key."""
    file, key = tmp_path / "own.pem", tmp_path / "own.key"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    places = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(file)]
    subprocess.run([*command.split(), *places], check=True, capture_output=True)
    return file, key


def test_a_server_that_asks_for_a_certificate_gets_the_node_s(certificate: tuple[Path, Path]) -> None:
    file, key = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    context.load_verify_locations(file)
    context.verify_mode = ssl.CERT_REQUIRED
    shown = ConnectionSettings(ca_file=file, client_certificate=file, client_key=key)
    with serving(context) as server:
        with open_client(shown, 10.0) as client:
            assert client.get(f"{server.url}/x").status_code == 200
        with open_client(ConnectionSettings(ca_file=file), 10.0) as client, pytest.raises(httpx.HTTPError):
            client.get(f"{server.url}/x")
        assert len(server.requests) == 1


def test_a_certificate_for_another_name_is_told_so(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with serving(context) as server, open_client(ConnectionSettings(ca_file=certificate[0]), 10.0) as client:
        address = server.url.replace("127.0.0.1", "localhost")
        with pytest.raises(httpx.ConnectError) as refused:
            client.get(address)
    assert "another name than localhost" in explain(refused.value, address)


def test_a_server_without_tls_is_told_from_one_that_is_away() -> None:
    with serving() as server, open_client(ConnectionSettings(), 10.0) as client:
        address = server.url.replace("http://", "https://")
        with pytest.raises(httpx.ConnectError) as refused:
            client.get(address)
    assert "does not speak TLS" in explain(refused.value, address)


@pytest.mark.parametrize("name", ["ca_file", "client_certificate"])
def test_a_file_that_cannot_be_used_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=rf"connection\.{name} .*nothing\.pem cannot be used"):
        open_client(ConnectionSettings(**{name: tmp_path / "nothing.pem"}))


def test_this_machine_is_known_by_its_names() -> None:
    here = ("http://localhost:8000", "http://127.0.0.2", "https://[::1]:1", "http://a.localhost")
    assert all(is_loopback(server) for server in here)
    assert not any(is_loopback(server) for server in ("http://10.0.0.1", "http://localhost.example", "http://"))
