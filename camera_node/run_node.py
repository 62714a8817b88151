"""`parkhub-node run`: the node until it is told to end, and to begin anew when somebody far away asks for that."""

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from camera_node.connection import is_loopback
from camera_node.instance import Instance, InstanceError
from camera_node.key_file import KeyFileError
from camera_node.log import Log
from camera_node.places import DeniedError, default_settings_file
from camera_node.settings import Settings, SettingsError, check_complete, read_settings
from camera_node.systemd import Notifier
from camera_node.vitals import node_version

if TYPE_CHECKING:
    from camera_node.node import Node

LOOK_S = 0.5
STATUS_S = 10.0
BEGIN_AGAIN = -1


def run_node(options: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C; return the exit status: 1 it cannot run here, 2 wrong settings."""
    log, ending = Log(), threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        file: Path = options.settings or default_settings_file()
        settings = read_settings(file)
        check_complete(settings, file)
        instance = Instance(settings.state)
    except (SettingsError, DeniedError) as error:
        log.problem(str(error))
        return 2
    except InstanceError as error:
        log.problem(str(error))
        return 1
    except OSError as error:
        log.problem(f"The state folder cannot be written: {error}. Set state_folder in {file}.")
        return 1
    try:
        status = _run(settings, log, ending)
    finally:
        instance.close()
    if status == BEGIN_AGAIN:
        log.info("Beginning anew.")
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the same program once more
    return status


def _run(settings: Settings, log: Log, ending: threading.Event) -> int:
    from camera_node.node import Node
    from camera_node.spool import SpoolError

    notifier = Notifier()
    try:
        node = Node(settings, log)
    except (SettingsError, KeyFileError) as error:
        log.problem(str(error))
        return 2
    except (SpoolError, OSError) as error:
        log.problem(str(error))
        return 1
    if settings.server.startswith("http://") and not is_loopback(settings.server):
        log.warning(f"{settings.server} is not encrypted: whoever reads along has this camera's key. Use https://.")
    log.info(f"parkhub-node {node_version()} begins as camera {settings.camera} at {settings.server}.")
    _reap()
    node.start()
    try:
        _look_after(node, notifier, ending)
    finally:
        notifier.stopping()
        node.stop()
    log.info("Ended.")
    return BEGIN_AGAIN if node.restart_asked and not ending.is_set() else 0


def _reap() -> None:
    """Let go of what the run before has left in this very process, where it began anew."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


def _look_after(node: "Node", notifier: Notifier, ending: threading.Event) -> None:
    notifier.ready("Begun.")
    # A third of what is asked: one look that comes late harms nothing.
    alive_s = (notifier.watchdog_s or 3.0) / 3
    told_alive_s = told_status_s = float("-inf")
    while not ending.wait(min(LOOK_S, alive_s)) and not node.restart_asked:
        works, now_s = node.look_after(), time.monotonic()
        if works and now_s - told_alive_s >= alive_s:
            notifier.alive()
            told_alive_s = now_s
        if now_s - told_status_s >= STATUS_S:
            notifier.status(node.status())
            told_status_s = now_s
