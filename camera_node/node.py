"""The parts of a node and how they hang together, and who looks after them."""

import secrets
import threading
import time
from dataclasses import asdict
from typing import Any

import httpx

from camera_node.capture import CaptureProcess
from camera_node.commands import CommandLine, Done
from camera_node.configuration import Configuration, Kept, Limits
from camera_node.connection import open_client
from camera_node.edge.recognition import Recognition
from camera_node.hands import Hands, open_relay
from camera_node.heartbeat import Heartbeat, describe
from camera_node.keys import Keys
from camera_node.log import Log
from camera_node.log_bundle import make_bundle
from camera_node.milestones import Milestones
from camera_node.node_clock import NodeClock
from camera_node.orders import Orders, keep_listening
from camera_node.parts import Parts
from camera_node.picture import Picture
from camera_node.picture_line import PictureLine
from camera_node.sender import Sender
from camera_node.server_line import ServerLine
from camera_node.settings import Settings
from camera_node.spool import Spool
from camera_node.vitals import read_vitals

TAKE_S = 0.5
STUCK_S = 25.0
"""A part that has not come round for so long does not work any more."""

FIRST_BEAT_S = 5.0
"""For so long the first heartbeat waits for the camera, so that it tells of one that works."""

TELL_EVERY_S = 5.0
CAPTURE_STOP_S = 2.5
SENDER_STOP_S = 1.5
TIMEOUT = httpx.Timeout(30.0, connect=10.0)


class Node:
    """Everything that runs for one camera. Make it, `start`, call `look_after` every second, `stop`."""

    def __init__(self, settings: Settings, log: Log) -> None:
        """Raises SettingsError, KeyFileError, SpoolError, OSError: then nothing runs."""
        self._settings, self._log = settings, log
        self.restart_asked = False
        self._instance = secrets.token_hex(8)
        self._stopping = threading.Event()
        self._keys = Keys(settings.key, log.info)
        log.hide(lambda: self._keys.all)
        self._relay = open_relay(settings.relay, log.warning)
        self._clock = NodeClock(settings.state / "clock.json")
        # One client each: a picture that is cut off when the node ends takes no answer of another with it.
        self._client = open_client(settings.connection, TIMEOUT)
        self._picture_client = open_client(settings.connection, TIMEOUT)
        where = settings.server, settings.camera
        line = ServerLine(self._client, *where, self._keys, self._clock)
        kept = Kept(settings.camera_folder, log.warning)
        self._heartbeat = Heartbeat(
            line,
            self._keys,
            kept,
            self.describe,
            self._configured,
            log.info,
            server=settings.server,
            reached=lambda: self._sender.reached(),
        )
        self._edge = Recognition(
            line,
            settings.camera_folder / "edge",
            lambda: (self._heartbeat.configuration.edge, self._heartbeat.engines),
            log.info,
            server=settings.server,
        )
        self._spool = Spool(settings.spool_folder, settings.spool_bytes_max, clock=self._clock)
        picture_line = PictureLine(self._picture_client, *where, self._keys, self._clock)
        self._sender = Sender(
            self._spool,
            picture_line,
            self._limits,
            clock=self._clock,
            tell=log.warning,
            in_place_of=self._edge.in_place_of_waiting,
        )
        assert settings.source is not None
        self._capture = CaptureProcess(
            settings.source,
            self._heartbeat.configuration,
            silence_s=settings.capture_silence_s,
            state_folder=settings.camera_folder,
            tell=log.warning,
        )
        commands = CommandLine(line)
        hands = Hands(commands, self._capture, self._relay, bundle=self._bundle, restart=self._restart, say=log.warning)
        self._orders = Orders(
            commands,
            Done(settings.camera_folder / "commands"),
            hands.all(),
            log.warning,
            lambda command, outcome, why: log.info(f"Command {command.action} {command.id}: {outcome}. {why}".strip()),
        )
        works = {
            "taking": self._take,
            "heartbeat": self._beat,
            "commands": self._listen,
            "recognition": lambda: self._edge.keep_fetching(self._stopping),
        }
        self._parts = Parts(works, self._stopping, log.problem)
        self._milestones = Milestones(log.info, log.warning)
        self._began_s = self._came_round = time.monotonic()
        self._backlog_told_s = 0.0

    def start(self) -> None:
        """Start every part."""
        self._capture.start()
        self._sender.start()
        self.look_after()

    def stop(self) -> None:
        """End every part, within five seconds; what was taken is on disk then."""
        self._stopping.set()
        sender = threading.Thread(target=self._sender.stop, name="sender's end", daemon=True)
        sender.start()
        self._capture.stop(CAPTURE_STOP_S)
        self._parts.wait_for("taking", 1.0)
        self._take_rest()
        sender.join(SENDER_STOP_S)
        self._spool.close()
        if not isinstance(self._relay, str):
            self._relay.close()
        self._client.close()
        self._picture_client.close()

    def look_after(self) -> bool:
        """Start again what has died; True while everything that pictures need works."""
        self._parts.look_after()
        sends = self._sender.alive()
        if not sends and not self._sender.runs():
            self._log.problem("The sender had ended; it is started again.")
            self._sender.start()
        self._tell_backlog()
        self._milestones.hear(self._capture.state(), self._spool.state(), self._sender.state(), time.monotonic())
        return time.monotonic() - self._came_round < STUCK_S and sends

    def describe(self) -> dict[str, Any]:
        """Return how the node is, as a heartbeat says it."""
        return describe(
            read_vitals(self._settings.spool_folder),
            self._spool.state(),
            self._capture.state(),
            instance=self._instance,
            rate_per_s=round(self._sender.state().rate_per_s, 3),
            clock_offset_s=None if self._clock.offset_s is None else round(self._clock.offset_s, 3),
            running_s=round(time.monotonic() - self._began_s, 1),
            last_error=self._trouble_to_tell(),
        )

    def trouble(self) -> str:
        """Return what is wrong now in a sentence, the worst first; empty while all is well."""
        capture = self._capture.state()
        spool, sender = self._spool.state(), self._sender.state()
        wrong = (capture.trouble, self._edge.trouble, spool.trouble, sender.trouble, self._heartbeat.trouble)
        return next((each for each in wrong if each), "")

    def _trouble_to_tell(self) -> str:
        """What is wrong once the server hears of it: not that the line to it was away."""
        line = (self._heartbeat.trouble, self._sender.state().trouble if self._sender.state().unreachable else "")
        found = self.trouble()
        return "" if self._heartbeat.trouble and found in line else found

    def status(self) -> str:
        """Return a line for people."""
        spool, sender = self._spool.state(), self._sender.state()
        said = f"{sender.sent} pictures sent, {spool.pictures} waiting."
        return f"{said} {self.trouble()}".strip()

    def _beat(self) -> None:
        """Heartbeats; the first when the camera is there, or has said why not."""
        until_s = time.monotonic() + FIRST_BEAT_S
        while self._heartbeat.configuration.running and time.monotonic() < until_s:
            capture = self._capture.state()
            if capture.trouble or capture.connections or self._stopping.wait(0.1):
                break
        self._heartbeat.keep_beating(self._stopping)

    def _take(self) -> None:
        """Put each picture on disk as it comes."""
        while not self._stopping.is_set():
            picture = self._capture.pictures(TAKE_S)
            if picture is not None:
                self._keep(picture)
            self._came_round = time.monotonic()

    def _take_rest(self) -> None:
        while (picture := self._capture.pictures(0.0)) is not None:
            self._keep(picture)

    def _keep(self, picture: Picture) -> None:
        sent = self._edge.in_place_of(picture)
        if sent is not None:
            self._spool.put(sent)

    def _listen(self) -> None:
        keep_listening(self._orders, self._stopping, self._log.info, give_up=False)

    def _configured(self, configuration: Configuration) -> None:
        self._capture.configure(configuration)
        if configuration.running and self._sender.state().needs_person:
            self._sender.retry_now()  # a camera that was switched on again is refused no longer

    def _limits(self) -> Limits:
        return self._heartbeat.configuration.upload

    def _restart(self) -> None:
        self.restart_asked = True

    def _bundle(self) -> bytes:
        state = self.describe() | {
            "sender": asdict(self._sender.state()),
            "configuration": asdict(self._heartbeat.configuration),
        }
        return make_bundle(self._settings, state, self._log.lines(), self._keys.all)

    def _tell_backlog(self) -> None:
        """Pictures get smaller while what waits would keep the line busy for long."""
        now_s = time.monotonic()
        if now_s - self._backlog_told_s < TELL_EVERY_S:
            return
        self._backlog_told_s = now_s
        self._spool.write_down()
        bytes_per_s = self._sender.state().throughput.bytes_per_s
        limit = self._limits().kbit_per_s
        if limit is not None:
            bytes_per_s = min(bytes_per_s or float("inf"), limit * 125)
        self._capture.backlog(self._spool.state().bytes / bytes_per_s if bytes_per_s else 0.0)
