"""`parkhub-node doctor`: says in plain words what is wrong with this node, and what to do about it."""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx

from camera_node.configuration import ConfigurationError, Mode, read_configuration
from camera_node.connection import explain, is_loopback, open_client
from camera_node.findings import (
    Finding,
    Grade,
    look_at_disk,
    look_at_key,
    look_at_machine,
    look_at_source,
)
from camera_node.instance import find_instance
from camera_node.key_file import KeyFileError
from camera_node.key_findings import look_at_key_there
from camera_node.keys import Keys
from camera_node.log import mask
from camera_node.node_clock import NodeClock
from camera_node.places import DeniedError, default_settings_file
from camera_node.refusals import advise
from camera_node.server_line import OneKey, ServerLine, read_server_time, refusal
from camera_node.service_findings import look_at_service
from camera_node.settings import Settings, SettingsError, check_complete, read_settings
from camera_node.words import typed

ASK_S = 15.0
CLOCK_OFF_S = 5.0


def run_doctor(options: argparse.Namespace) -> int:
    """Look at everything, print a line for each; return 0 when nothing is bad, 1 otherwise, 2 for wrong settings."""
    try:
        file: Path = options.settings or default_settings_file()
        settings = read_settings(file)
    except DeniedError as error:
        _print(Finding(Grade.BAD, str(error), "sudo parkhub-node doctor"))
        return 2
    except SettingsError as error:
        _print(Finding(Grade.BAD, str(error), "Mend it, then run the doctor again."))
        return 2
    findings = [_show(each) for each in _look(settings, file, picture=not options.no_picture)]
    bad = sum(each.grade is Grade.BAD for each in findings)
    print("All is well." if not bad else f"{bad} of {len(findings)} are bad.")
    return 1 if bad else 0


def _look(settings: Settings, file: Path, *, picture: bool) -> Iterator[Finding]:
    try:
        check_complete(settings, file)
        yield Finding(Grade.GOOD, f"Settings {file}: camera {settings.camera}.")
    except SettingsError as error:
        enrolled = settings.server and settings.camera
        do = f"Edit {file}; the README shows each source." if enrolled else f"Run: {typed('enrol CODE URL')}"
        yield Finding(Grade.BAD, str(error).partition("\n")[0], do)
    yield from look_at_key(settings)
    if settings.server:
        yield from _look_at_server(settings)
    if picture:
        yield from look_at_source(settings)
    yield from look_at_disk(settings)
    yield from look_at_machine(settings)
    yield from look_at_service(settings, file)


def _look_at_server(settings: Settings) -> Iterator[Finding]:
    server = settings.server
    if server.startswith("http://") and not is_loopback(server):
        yield Finding(Grade.NOTE, f"{server} is not encrypted.", "Use https:// unless you trust every machine between.")
    try:
        client = open_client(settings.connection, ASK_S)
    except SettingsError as error:
        yield Finding(Grade.BAD, str(error), "Check the file under [connection] in node.toml.")
        return
    with client:
        clock = NodeClock()
        asked = clock.asked()
        try:
            answer = client.get(f"{server}/health/live")
        except httpx.HTTPError as error:
            yield Finding(Grade.BAD, explain(error, server), "Nothing can be sent until then; pictures wait here.")
            return
        if not answer.is_success:
            said = f"{server} was reached, but {refusal(answer)}."
            yield Finding(Grade.BAD, said, "Is it ParkHub's address? Is a proxy or a login between?")
            return
        yield Finding(Grade.GOOD, f"Server {server} was reached.")
        told, resolution_s = read_server_time(answer)
        if told is not None:
            clock.told(told, asked, resolution_s)
            yield _look_at_clock(clock.offset_s or 0.0)
        yield from _look_at_acceptance(client, settings, clock)


def _look_at_clock(offset_s: float) -> Finding:
    if abs(offset_s) <= CLOCK_OFF_S:
        return Finding(Grade.GOOD, "This machine's clock agrees with the server's.")
    return Finding(
        Grade.NOTE,
        f"This machine's clock is {abs(offset_s):.0f} s {'behind' if offset_s > 0 else 'ahead'}.",
        "Pictures are timed by the server's clock all the same; timedatectl set-ntp true sets this one.",
    )


def _look_at_acceptance(client: httpx.Client, settings: Settings, clock: NodeClock) -> Iterator[Finding]:
    try:
        keys = Keys(settings.key)
    except KeyFileError:
        return
    answer: httpx.Response | None = None
    for key in dict.fromkeys((keys.current(), *keys.all)):
        # The node that runs here decides between its keys; the doctor only looks.
        line = ServerLine(client, settings.server, settings.camera, OneKey(key), clock)
        try:
            answer = line.get("configuration")
        except httpx.HTTPStatusError as error:
            answer = error.response
            if answer.status_code != 401:
                break
        except httpx.HTTPError as error:
            yield Finding(Grade.BAD, explain(error, settings.server), "Try again.")
            return
        else:
            break
    if answer is None:
        return
    if not answer.is_success:
        what, do = advise(answer, clock.now())
        yield Finding(Grade.BAD, f"{what}: {refusal(answer)}.", do)
        return
    yield Finding(Grade.GOOD, f"The server takes this node's key for camera {settings.camera}.")
    yield from look_at_key_there(line, keys, running=find_instance(settings.state) is not None)
    try:
        configuration = read_configuration(answer.content)
    except ConfigurationError as error:
        yield Finding(Grade.BAD, f"The server's configuration is refused: {error}", "Change it in the console.")
        return
    if not configuration.running:
        yield Finding(Grade.NOTE, "The camera is switched off in the console.", "Switch it on there.")
    mode, interval_s = configuration.at(datetime.now(UTC))
    pace = f", every {interval_s:g} s" if mode is Mode.INTERVAL else ""
    yield Finding(Grade.GOOD, f"Configuration {configuration.version}: mode {mode}{pace}.")


def _show(finding: Finding) -> Finding:
    _print(finding)
    return finding


def _print(finding: Finding) -> None:
    print(mask(f"{finding.grade:5} {finding.what}"), flush=True)
    if finding.do:
        print(mask(f"      -> {finding.do}"), flush=True)
