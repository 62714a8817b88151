"""`parkhub-node enrol CODE URL`: the console's one-time code for this node's key.

Everything that can go wrong at this machine is tried before the code is used, because it is good once.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from camera_node.connection import explain, is_loopback, open_client
from camera_node.durable import write_durably
from camera_node.instance import find_instance
from camera_node.keys import beside
from camera_node.places import DeniedError, default_settings_file, is_there
from camera_node.report import tell
from camera_node.server_line import read_answer, refusal
from camera_node.settings import Settings, SettingsError, read_settings
from camera_node.settings_file import Place, set_values
from camera_node.words import typed

ASK_S = 20.0


class EnrolError(Exception):
    """The node was not enrolled; the message says why and what to do."""


def run_enrol(options: argparse.Namespace) -> int:
    """Enrol and say what comes next; return the exit status: 1 refused or unreachable, 2 wrong settings."""
    try:
        file: Path = options.settings or default_settings_file()
        settings = read_settings(file) if is_there(file) else Settings()
        settings = _with_options(settings, options)
        _check_places(settings, file)
        answer = _ask(settings, options.url, options.code)
        _write(settings, file, options, answer)
    except (SettingsError, DeniedError, OSError) as error:
        tell(str(error))
        return 2
    except EnrolError as error:
        tell(str(error))
        return 1
    _say_next(settings, file, answer)
    return 0


def _with_options(settings: Settings, options: argparse.Namespace) -> Settings:
    connection = settings.connection
    if options.ca_file:
        connection = replace(connection, ca_file=options.ca_file.absolute())
    state: Path | None = options.state.absolute() if options.state else settings.state_folder
    return replace(settings, connection=connection, state_folder=state)


def _check_places(settings: Settings, file: Path) -> None:
    for place in (settings.key, file):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            probe = place.parent / ".parkhub-node-probe"
            write_durably(probe, b"")
            probe.unlink()
        except OSError as error:
            raise SettingsError(
                f"{place} cannot be written ({error.strerror}). Run it by sudo, or say --settings and --state."
            ) from None


def _ask(settings: Settings, url: str, code: str) -> dict[str, Any]:
    if url.startswith("http://") and not is_loopback(url):
        tell(
            f"{url} is not encrypted: whoever reads along on the way has this camera's key. "
            "Use https:// unless you trust every machine between."
        )
    with open_client(settings.connection, ASK_S) as client:
        try:
            answer = client.post(f"{url}/api/v1/enrol", json={"code": code.strip()})
        except (httpx.HTTPError, UnicodeError) as error:  # the second for a name that can be none
            raise EnrolError(explain(error, url)) from None
        body = read_answer(answer)
        if answer.status_code != 201:
            raise EnrolError(_explain_refusal(answer, url))
        if not all(isinstance(body.get(name), str) and body[name] for name in ("server", "camera", "key")):
            raise EnrolError(f"What answers at {url} is not ParkHub. Check the address.")
        body["server"] = _choose_server(client, url, body["server"].rstrip("/"))
    return body


def _explain_refusal(answer: httpx.Response, url: str) -> str:
    status = answer.status_code
    if status == 403 and "detail" not in read_answer(answer):
        return (
            f"{url} was reached, but {refusal(answer)}, and it is not ParkHub that says so. "
            "Is a proxy, a filter or a login between? The code is not used yet."
        )
    if status == 403:
        return (
            "The code is wrong, was used already or is older than 30 minutes. "
            "Make a new one in the console: the camera's page, Node, Make a code."
        )
    if status == 429:
        wait = answer.headers.get("Retry-After", "")
        return f"Too many wrong codes from here. Try again in {wait or 'some'} seconds."
    if 300 <= status < 400:
        return f"{url} sends on to {answer.headers.get('Location', 'another address')}. Give that address instead."
    if status in (404, 405):
        return f"There is no ParkHub at {url}, or an older one that does not enrol nodes. Check the address."
    return f"It did not work: {refusal(answer)}."


def _choose_server(client: httpx.Client, asked: str, told: str) -> str:
    """Return the address that the server names, if it can be reached from here and is no less safe."""
    if told == asked:
        return asked
    if not (asked.startswith("https://") and told.startswith("http://")):
        try:
            client.get(f"{told}/api/v1/enrol")
        except (httpx.HTTPError, httpx.InvalidURL):
            pass
        else:
            return told
    tell(f"The server says that it is at {told}, which cannot be used from here; {asked} is kept.")
    return asked


def _write(settings: Settings, file: Path, options: argparse.Namespace, answer: dict[str, Any]) -> None:
    try:
        write_durably(settings.key, f"{answer['key']}\n".encode())
        beside(settings.key).unlink(missing_ok=True)
        values: dict[Place, str] = {("", "server"): answer["server"], ("", "camera"): answer["camera"]}
        if options.ca_file:
            values["connection", "ca_file"] = str(settings.connection.ca_file)
        if options.state:
            values["", "state_folder"] = str(settings.state_folder)
        set_values(file, values)
    except (OSError, SettingsError) as error:
        raise EnrolError(
            f"{error} The code is used up: mend this, then make a new one in the console and try again."
        ) from None


def _say_next(settings: Settings, file: Path, answer: dict[str, Any]) -> None:
    tell(f"Enrolled as camera {answer['camera']} at {answer['server']}. The key is in {settings.key}.")
    running = find_instance(settings.state)
    if running is not None:
        tell(f"A node runs here (process {running}) with what it had before: sudo systemctl restart parkhub-node")
    elif settings.source is None:
        tell(f"Next: set [source] in {file}, then run: {typed('doctor')}")
    else:
        start = "sudo systemctl restart parkhub-node, or without a service: parkhub-node run"
        tell(f"Next: {typed('doctor')}, then {start}")
