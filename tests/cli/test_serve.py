"""The web process keeps to its limits: memory for headers, open files, whom it believes."""

import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from workers import ROOT, environment, web

from parkhub.cli.serve import FILES_KEPT, HEAD_BYTES_MAX, configuration
from parkhub.settings import Settings


@pytest.fixture
def shared(sqlite_open: Settings, redis_url: str) -> Settings:
    return sqlite_open.model_copy(update={"redis_url": redis_url})


def test_headers_without_end_are_refused_before_they_fill_the_memory(shared: Settings, tmp_path: Path) -> None:
    line = b"X-More: " + b"x" * 1000 + b"\r\n"
    with web(shared, tmp_path) as (_, address):
        url = httpx.URL(address)
        with socket.create_connection((url.host, url.port or 0), timeout=60) as wire:
            wire.sendall(b"GET / HTTP/1.1\r\nHost: park\r\n" + line * (HEAD_BYTES_MAX // len(line)))
            with pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012
                for _ in range(3000):
                    wire.sendall(line)
        usual = {"cookie": "x" * 8000, "accept-language": "de"}
        assert httpx.get(f"{address}/health/live", headers=usual).status_code == 200


def test_a_web_process_takes_all_the_files_it_may(shared: Settings, tmp_path: Path) -> None:
    with web(shared, tmp_path) as (program, _):
        soft, hard = resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard


def test_connections_leave_files_for_the_database_and_pictures(settings: Settings) -> None:
    assert configuration(settings, 1024).limit_concurrency == 1024 - FILES_KEPT


@pytest.mark.parametrize(("proxies", "believed"), [("", False), ("10.0.0.1,192.168.0.0/16", True)])
def test_forwarded_addresses_are_believed_only_when_asked(settings: Settings, proxies: str, believed: bool) -> None:
    found = configuration(settings.model_copy(update={"trusted_proxies": proxies}), 1024)
    assert (found.proxy_headers, found.forwarded_allow_ips) == (believed, proxies)


def test_a_web_process_does_not_look_for_garbage_in_what_stays(shared: Settings, tmp_path: Path) -> None:
    """Built without settings, as uvicorn does it: a process of its own."""
    ask = "import gc; from parkhub.app import create_app; app = create_app(); print(gc.get_freeze_count())"
    given = os.environ | environment(shared)
    ran = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, env=given, capture_output=True, text=True, check=True)
    assert int(ran.stdout.split()[-1]) > 100_000
