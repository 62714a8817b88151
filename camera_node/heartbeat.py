"""Says every half minute how the node is, and follows what the server answers: its time, a new key, other settings."""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from camera_node.capture_state import CaptureState
from camera_node.configuration import Configuration, ConfigurationError, Kept, read_configuration
from camera_node.connection import explain
from camera_node.keys import Keys
from camera_node.picture_line import retry_after_s
from camera_node.server_line import ServerLine, read_answer, refusal
from camera_node.signing import format_time
from camera_node.spool import SpoolState
from camera_node.vitals import Vitals, node_version

TEXT_MAX = 300
PAUSE_FIRST_S = 2.0
RETRY_AFTER_MAX_S = 600.0
TELL_AGAIN_S = 600.0
"""A trouble that stays the same is said again only so often."""


class Heartbeat:
    """One heartbeat after another, by one thread."""

    def __init__(
        self,
        line: ServerLine,
        keys: Keys,
        kept: Kept,
        describe: Callable[[], Mapping[str, Any]],
        configured: Callable[[Configuration], None],
        say: Callable[[str], None],
        *,
        server: str = "the server",
        reached: Callable[[], None] = lambda: None,
    ) -> None:
        """``describe`` gives what is said beside version and configuration; ``configured`` hears of another one.

        ``reached`` is told each time that the server was.
        """
        self._reached = reached
        self._line, self._keys, self._kept = line, keys, kept
        self._describe, self._configured, self._say, self._server = describe, configured, say, server
        self.configuration = kept.read()
        self.engines: str | None = None
        """The version of what is to be recognised with here, as the server said last; None: it did not."""
        self.trouble = ""
        """Why the last one did not arrive; empty when it did."""
        self._said_s = float("-inf")
        self._refused: int | None = None
        self._unsure = True
        self._twin = False
        self._outcome: tuple[int, str, str] | None = None

    def keep_beating(self, stopping: threading.Event) -> None:
        """Beat until ``stopping``."""
        failures = 0
        while not stopping.is_set():
            asked_s = 0.0
            try:
                self.beat()
            except httpx.HTTPStatusError as error:
                failures += 1
                asked_s = retry_after_s(error.response.headers.get("Retry-After"), datetime.now(UTC)) or 0.0
                self._fail(f"The heartbeat was refused: {refusal(error.response)}.")
            except httpx.HTTPError as error:
                failures += 1
                self._fail(explain(error, self._server))
            else:
                if self.trouble:
                    self._say("The server answers again.")
                failures, self.trouble, self._said_s = 0, "", float("-inf")
                self._reached()
            pause_s = self.configuration.heartbeat_s
            if failures:
                pause_s = min(pause_s, PAUSE_FIRST_S * 2.0 ** min(failures - 1, 10))
            pause_s = max(pause_s, min(asked_s, RETRY_AFTER_MAX_S))
            stopping.wait(pause_s * random.uniform(0.9, 1.1))  # noqa: S311

    def beat(self) -> None:
        """Say how the node is once and follow the answer. Raises httpx.HTTPError."""
        said = dict(self._describe()) | {
            "version": node_version(),
            "configuration_version": self.configuration.version,
        }
        asked = self._line.clock.asked()
        answer = read_answer(self._line.post("heartbeat", json.dumps(said).encode()))
        told = answer.get("time")
        if isinstance(told, int | float) and not isinstance(told, bool):
            self._line.clock.told(float(told), asked)
        engines = answer.get("engines")
        self.engines = engines if isinstance(engines, str) else None
        self._hear_of_twin(answer.get("twin") is True)
        self._take_key(answer.get("key"))
        self._tell_outcome()
        wanted = answer.get("configuration_version")
        # A server that came back from an older copy of itself may have given this version's number to another document.
        unsure = self._unsure and wanted == self.configuration.version != 0
        self._unsure = False
        if isinstance(wanted, int) and (unsure or wanted not in (self.configuration.version, self._refused)):
            self._fetch(wanted)

    def _hear_of_twin(self, twin: bool) -> None:
        if twin and not self._twin:
            self._say("Another node uses this camera's key, too. Enrol the right one with a new code.")
        self._twin = twin

    def _fail(self, sentence: str) -> None:
        now_s = time.monotonic()
        if sentence != self.trouble or now_s - self._said_s > TELL_AGAIN_S:
            self._said_s = now_s
            self._say(sentence)
        self.trouble, self._unsure = sentence, True

    def _take_key(self, offered: object) -> None:
        if not isinstance(offered, Mapping):
            return
        try:
            self._keys.offer(str(offered["id"]), str(offered["key"]))
        except KeyError:
            return
        except OSError as error:
            self._say(f"The server's new key cannot be kept ({error}); the old one is used on.")

    def _fetch(self, wanted: int) -> None:
        document = self._line.get("configuration").content
        version = _version(document, wanted)
        try:
            configuration = read_configuration(document)
        except ConfigurationError as error:
            self._refused = wanted
            self._outcome = version, "refused", str(error)[:TEXT_MAX]
            self._say(f"Configuration {version} is refused: {error} The node goes on by {self.configuration.version}.")
        else:
            if configuration != self.configuration:
                self._take(version, configuration, document)
            self._outcome = version, "taken", ""
        self._tell_outcome()

    def _take(self, version: int, configuration: Configuration, document: bytes) -> None:
        try:
            self._kept.keep(document)
        except OSError as error:
            self._say(f"Configuration {version} cannot be kept on disk ({error}); it holds until the next start.")
        self.configuration = configuration
        self._configured(configuration)
        self._say(f"Configuration {version} holds.")

    def _tell_outcome(self) -> None:
        """Say what became of a document; until it has arrived, again with each heartbeat."""
        if self._outcome is None:
            return
        version, outcome, why = self._outcome
        try:
            self._line.post(f"configuration/{version}", json.dumps({"outcome": outcome, "why": why}).encode())
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in (404, 422):
                raise
        self._outcome = None


def describe(
    vitals: Vitals,
    spool: SpoolState,
    capture: CaptureState,
    *,
    instance: str,
    rate_per_s: float,
    clock_offset_s: float | None,
    running_s: float,
    last_error: str,
) -> dict[str, Any]:
    """Return a heartbeat's fields as WIRE.md has them, but for `version` and `configuration_version`.

    ``instance`` is another one for each run of a node, so that two with one key can be told apart.
    """
    return {
        "boot": vitals.boot,
        "instance": instance,
        "uptime_s": vitals.uptime_s,
        "running_s": running_s,
        "temperature_c": vitals.temperature_c,
        "throttled": None if vitals.throttled is None else list(vitals.throttled),
        "disk_free_bytes": vitals.disk_free_bytes,
        "spool": {
            "pictures": spool.pictures,
            "bytes": spool.bytes,
            "gate_pictures": spool.gate_pictures,
            "oldest_at": _time(spool.oldest_at),
            "dropped_overview": spool.dropped_overview,
            "dropped_gate": spool.dropped_gate,
            "refused": spool.refused,
        },
        "rate_per_s": rate_per_s,
        "capture": {
            "running": capture.running,
            "mode": capture.mode or None,
            "rate_per_s": capture.rate_per_s,
            "last_picture_at": _time(capture.last_picture_at),
            "restarts": capture.restarts,
            "last_error": capture.last_error[:TEXT_MAX] or None,
        },
        "clock_offset_s": clock_offset_s,
        "last_error": last_error[:TEXT_MAX] or None,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def _version(document: bytes, wanted: int) -> int:
    """The version that a document says it is, also when the rest of it cannot be used."""
    try:
        said = json.loads(document)["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return wanted
    return said if isinstance(said, int) and said > 0 else wanted
