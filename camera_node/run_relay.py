"""`parkhub-node relay`: opens a barrier when the server says so, once and in time."""

import argparse
import json
import random
import time
from collections.abc import Callable
from typing import Any

import httpx

from camera_node.commands import Command, CommandLine, Done, done_file, read_command
from camera_node.key_file import KeyFileError, read_key
from camera_node.relay import GpioRelay, PretendRelay, Relay, RelayError
from camera_node.report import tell
from camera_node.sequence import Sequence, sequence_file

PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 10.0
ANSWER_TRIES = 5
HOPELESS = (401, 403, 404)


class Gatekeeper:
    """Carries out what it is told, each command once, none after its time."""

    def __init__(
        self, key: str, relay: Relay, done: Done, line: CommandLine, say: Callable[[str], None] = tell
    ) -> None:
        self._key, self._relay, self._done, self._line, self._say = key, relay, done, line, say

    def hear(self, told: dict[str, Any]) -> str:
        """Carry a command out if it is one; answers what became of it, "" for one that came before or is none."""
        command = read_command(told, self._key)
        if command is None:
            self._say("A command was not signed by the server; it is left.")
            return ""
        if self._line.clock.now() >= command.expires_at:
            self._say(f"Command {command.id} came too late; it is left.")
            return ""
        try:
            if not self._done.take(command.id):
                return ""
            outcome, why = self._carry_out(command)
        except OSError as error:
            outcome, why = "refused", f"the node's disk: {error.strerror}"
        self._answer(command, outcome, why)
        print(json.dumps({"command": command.id, "outcome": outcome, "why": why}), flush=True)
        return outcome

    def _carry_out(self, command: Command) -> tuple[str, str]:
        try:
            self._relay.pulse(command.pulse_ms)
        except RelayError as error:
            return "refused", str(error)
        return "acknowledged", ""

    def _answer(self, command: Command, outcome: str, why: str) -> None:
        for number in range(ANSWER_TRIES):
            try:
                self._line.answer(command.id, outcome, why)
            except httpx.HTTPError as error:
                self._say(f"The answer did not arrive ({type(error).__name__}).")
                time.sleep(min(2.0, 0.2 * 2**number))
            else:
                return


def run_relay(options: argparse.Namespace) -> int:
    """Listen for commands until told to end; return the exit status."""
    try:
        key = read_key(options.key_file, tell)
        relay: Relay = PretendRelay(tell) if options.pretend else GpioRelay(options.pin, active_low=options.active_low)
    except (KeyFileError, RelayError) as error:
        tell(str(error))
        return 2
    numbers = Sequence(sequence_file(options.camera))
    try:
        with CommandLine(options.server, options.camera, key, numbers.take) as line:
            return _listen(Gatekeeper(key, relay, Done(done_file(options.camera)), line), line)
    except KeyboardInterrupt:
        return 0
    finally:
        relay.close()


def _listen(keeper: Gatekeeper, line: CommandLine) -> int:
    pause_s = PAUSE_FIRST_S
    while True:
        begun_s = time.monotonic()
        try:
            for commands in line.listen():
                for told in commands:
                    keeper.hear(told)
            why = "the server closed the connection"
        except httpx.HTTPStatusError as error:
            if error.response.status_code in HOPELESS:
                tell(f"The server refused ({error.response.status_code}): {error.response.text[:200]}")
                return 1
            why = f"the server answered {error.response.status_code}"
        except httpx.HTTPError as error:
            why = f"{type(error).__name__}: {error}"
        pause_s = PAUSE_FIRST_S if time.monotonic() - begun_s > 30 else min(PAUSE_MAX_S, pause_s * 2)
        tell(f"{why}; trying again in {pause_s:.1f} s at most")
        time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311
