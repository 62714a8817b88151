"""`parkhub up`: everything on this machine under one supervisor."""

import http.client
import json
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from parkhub.cli.failure import FAILED, WRONG_USAGE
from parkhub.errors import BusyError
from parkhub.settings import PREFIX, Settings, load_settings

READY_S = 60.0
"""A web process that is not ready after this long stops the start."""
REDIS_READY_S = 30.0
"""A long queue takes a while to load."""
DEATHS_MAX = 3
"""A web process that dies this often before it was ever ready stops the start."""

_ANSWER_S = 0.5

_HOST = typer.Option(help="Address to listen on; 0.0.0.0 for all.")
_PORT = typer.Option(help="Port to listen on.")
_DATA_DIR = typer.Option(help="Folder for the database, pictures, queue and keys.")
_SETTINGS = typer.Option("--settings", metavar="FILE", help="TOML file with settings; the environment wins over it.")
_LOG_FORMAT = typer.Option(metavar="auto|console|json", help="How logs are written.")
_DEMO = typer.Option("--demo", help="Add a made-up lot with a simulated camera when there is no lot yet.")


def up(
    *,
    demo: Annotated[bool, _DEMO] = False,
    host: Annotated[str | None, _HOST] = None,
    port: Annotated[int | None, _PORT] = None,
    data_dir: Annotated[Path | None, _DATA_DIR] = None,
    settings_file: Annotated[Path | None, _SETTINGS] = None,
    log_format: Annotated[str | None, _LOG_FORMAT] = None,
) -> None:
    """Start everything: web, workers, vision and, where no address is set, Redis and SQLite. Ctrl-C stops it all."""
    given = {"host": host, "port": port, "data_dir": data_dir, "log_format": log_format}
    settings = load_settings(settings_file, **{name: value for name, value in given.items() if value is not None})
    from parkhub.logs import set_up_logs

    set_up_logs(settings, process="up")
    os.umask(0o077)  # what any of the processes writes is for this user only
    from parkhub.cli.supervisor import StopRequestedError

    try:
        with ExitStack() as stack:
            _Start(settings, stack, demo=demo).run()
    except StopRequestedError:
        pass
    print("ParkHub has stopped.", flush=True)


class _Start:
    """One run of `parkhub up`: each step needs the one before."""

    def __init__(self, settings: Settings, stack: ExitStack, *, demo: bool) -> None:
        from parkhub.cli import data_folder, listen
        from parkhub.cli.supervisor import Supervisor

        data_folder.make_data_folder(settings.data_dir)
        self._lock = stack.enter_context(data_folder.hold(settings.data_dir))
        self._settings = settings
        self._demo = demo
        self._listening = stack.enter_context(listen.listen(settings.host, settings.port))
        self._address = listen.web_address(settings.host, settings.port)
        self._environment = environment(settings)
        self._supervisor = stack.enter_context(Supervisor())

    def run(self) -> None:
        if not self._settings.redis_url:
            self._start_redis()
        self._prepare()
        for number in range(1, self._settings.web_processes + 1):
            descriptor = self._listening.fileno()
            self._start(f"web.{number}", "parkhub.cli.serve", "--fd", str(descriptor), pass_fds=(descriptor,))
        self._start("worker", "tasks.worker", "work")
        for number in range(1, self._settings.vision_processes + 1):
            self._start(f"vision.{number}", "tasks.worker", "vision")
        if self._demo:
            self._start_camera()  # it takes a while to draw its lot, and tries again until the web process answers
        self._wait_for_web()
        self._tell_addresses()
        self._supervisor.run()
        print("\nStopping…", flush=True)

    def _start(self, name: str, module: str, *arguments: str, pass_fds: tuple[int, ...] = ()) -> None:
        from parkhub.cli.children import ProcessSpec

        command = [sys.executable, "-P", "-m", module, *arguments]
        self._supervisor.start(ProcessSpec(name, command, self._environment, pass_fds))

    def _start_redis(self) -> None:
        from parkhub.cli import embedded_redis

        path = embedded_redis.socket_path(self._settings.data_dir)
        self._environment[f"{PREFIX}REDIS_URL"] = embedded_redis.address(path)
        name = embedded_redis.NAME
        self._supervisor.start(embedded_redis.redis_spec(self._settings.data_dir, path, self._lock))

        def decided() -> bool:
            return embedded_redis.answers(path) or self._supervisor.deaths(name) >= DEATHS_MAX

        if not self._supervisor.wait_until(decided, REDIS_READY_S, 0.02) or not embedded_redis.answers(path):
            folder = self._settings.data_dir / embedded_redis.NAME
            raise BusyError(f"The embedded Redis does not start; its files are in {folder}.")

    def _prepare(self) -> None:
        from parkhub.cli.children import ProcessSpec

        command = [sys.executable, "-P", "-m", "parkhub.cli.release", *(["--demo"] if self._demo else [])]
        status = self._supervisor.run_once(ProcessSpec("release", command, self._environment))
        if status != 0:
            raise SystemExit(WRONG_USAGE if status == WRONG_USAGE else FAILED)  # it has said why

    def _wait_for_web(self) -> None:
        missing = "it does not answer"

        def decided() -> bool:
            nonlocal missing
            if self._supervisor.exit_status("web.1") == WRONG_USAGE:
                raise SystemExit(WRONG_USAGE)  # it has said why
            missing = what_is_missing(self._listening) or ""
            return not missing or self._supervisor.deaths("web.1") >= DEATHS_MAX

        if not self._supervisor.wait_until(decided, READY_S) or missing:
            raise BusyError(f"The web process does not become ready: {missing.rstrip('.')}. Its log is above.")

    def _start_camera(self) -> None:
        from parkhub.cli import demo

        key_file = demo.find_key_file(self._settings.data_dir)
        if key_file is not None:
            self._supervisor.start(demo.simulator_spec(key_file, _own_address(self._listening)))
        traffic = demo.traffic_spec(self._settings.data_dir, self._environment)
        if traffic is not None:
            self._supervisor.start(traffic)

    def _tell_addresses(self) -> None:
        public = self._settings.public_url or self._address
        print(
            f"\n  ParkHub is running. Ctrl-C stops it.\n\n      cars      {public}/\n      staff     {public}/console\n"
            f"      data      {self._settings.data_dir}\n",
            flush=True,
        )


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the children's environment: what came from a file or an option reaches them, too."""
    values: Mapping[str, Any] = settings.model_dump()
    return {f"{PREFIX}{name.upper()}": _plain(value) for name, value in values.items()}


def _plain(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _own_address(listening: socket.socket) -> str:
    """Where this machine itself reaches a listening socket."""
    from parkhub.cli.listen import web_address

    host, port = listening.getsockname()[:2]
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened on
    return web_address(loopback.get(host, host), port)


def what_is_missing(listening: socket.socket) -> str | None:
    """Ask the web process whether it is ready; None when it is, else what it lacks."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_S)
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return "it does not answer"
    finally:
        connection.close()
    if answer.status == http.HTTPStatus.OK:
        return None
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"it answers with status {answer.status}"
