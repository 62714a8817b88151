"""Commands for this node: fetched over one kept connection, checked, carried out once, answered.

A command says until when it holds, by the server's clock. That clock is known by its bound: what the server told at the
beginning of the connection was told after it was asked for, so the server's time now is at most that plus what has
passed since the asking. A command on its way for too long is refused by that, whatever this machine's clock says.
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from camera_node.durable import write_durably
from camera_node.server_line import ServerLine, read_seconds

SILENCE_MAX_S = 40.0
"""The server says something every fifteen seconds."""

DONE_KEPT = 500
PULSE_MS_MAX = 10_000
WHY_MAX = 300
OPEN = "open"


@dataclass(frozen=True, slots=True)
class Command:
    """Do ``action`` before ``expires_at``, by the server's clock in seconds since 1970; ``pulse_ms`` is a relay's."""

    id: str
    pulse_ms: int
    expires_at: float
    action: str = OPEN


class ServerClock:
    """The latest that it can be at the server."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._ahead_s: float | None = None

    def asked(self) -> float:
        """Call it just before asking, and give the answer to `told`."""
        return self._monotonic()

    def told(self, server_s: float, asked: float) -> None:
        """The server said its time, after it was asked."""
        self._ahead_s = server_s - asked

    def now(self) -> float:
        """Seconds since 1970, by the server's clock or a little later; far off while nothing is known."""
        return float("inf") if self._ahead_s is None else self._monotonic() + self._ahead_s


class Done:
    """Ids of commands that were begun: on disk before the relay closes, so that none is ever carried out twice."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._ids = file.read_text(encoding="ascii").split()[-DONE_KEPT:]
        except (FileNotFoundError, UnicodeDecodeError):
            self._ids = []

    def take(self, command_id: str) -> bool:
        """Note that a command begins; False when it has before. Raises OSError when that cannot be kept."""
        if command_id in self._ids:
            return False
        self._ids = [*self._ids, command_id][-DONE_KEPT:]
        write_durably(self._file, ("\n".join(self._ids) + "\n").encode("ascii"))
        return True


def done_file(camera: str) -> Path:
    """Where it is kept which commands were carried out: below XDG_STATE_HOME or ~/.local/state."""
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "parkhub-node" / f"{camera}.commands"


def read_command(told: dict[str, Any], key: str) -> Command | None:
    """A command as the server signs it for who has the camera's key; None for anything else."""
    try:
        texts = [str(told[name]) for name in ("id", "barrier", "action", "pulse_ms", "expires_at")]
        expires_at = datetime.fromisoformat(texts[4].replace("Z", "+00:00")).timestamp()
        pulse_ms, signature = int(texts[3]), str(told["signature"])
    except (KeyError, ValueError, TypeError):
        return None
    secret = hashlib.sha256(key.encode()).hexdigest()
    wanted = hmac.new(secret.encode(), "\n".join(texts).encode(), hashlib.sha256).hexdigest()
    good = hmac.compare_digest(wanted.encode(), signature.encode())
    plain = texts[0].replace("-", "").replace("_", "").isalnum() and texts[0].isascii()
    possible = texts[2] != OPEN or 0 < pulse_ms <= PULSE_MS_MAX
    return Command(texts[0], pulse_ms, expires_at, texts[2]) if good and plain and possible else None


def read_events(lines: Iterable[str]) -> Iterator[list[dict[str, Any]]]:
    """The lists of commands in the lines of an event stream."""
    event = ""
    for line in lines:
        if line.startswith("event:"):
            event = line[6:].strip()
        elif line.startswith("data:") and event == "commands":
            try:
                told = json.loads(line[5:])
            except ValueError:
                continue
            found = told.get("commands") if isinstance(told, dict) else None
            yield [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
        elif not line:
            event = ""


class CommandLine:
    """The way to the server: commands come, answers and reports go. `listen` is for one thread."""

    def __init__(self, line: ServerLine) -> None:
        self._line = line
        self.clock = ServerClock()
        self.key = ""
        """The key that the stream was asked with, by which its commands are signed."""

    def listen(self) -> Iterator[list[dict[str, Any]]]:
        """Commands that hold, all of them whenever one comes or goes, until the connection ends.

        Raises httpx.HTTPError, with the answer where the server refused.
        """
        asked = self.clock.asked()
        with self._line.stream("commands", SILENCE_MAX_S) as (answer, self.key):
            told_s = read_seconds(answer.headers.get("Parkhub-Time", ""))
            self.clock.told(float("inf") if told_s is None else told_s, asked)
            yield from read_events(answer.iter_lines())

    def answer(self, command_id: str, outcome: str, why: str = "") -> None:
        """Say what became of a command. Raises httpx.HTTPError; said again it changes nothing."""
        said = {"id": command_id, "outcome": outcome, "why": why[:WHY_MAX]}
        self._line.post(f"commands/{command_id}", json.dumps(said).encode())

    def report(self, command_id: str, body: bytes, media_type: str) -> None:
        """Hand in what a command asked for. Raises httpx.HTTPError."""
        self._line.post(f"reports/{command_id}", body, media_type)
