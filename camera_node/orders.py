"""What a node does that somebody far away asks for: each command once, in time, and answered."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from camera_node.commands import Command, CommandLine, Done, read_command
from camera_node.server_line import refusal

PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 10.0
PAUSE_REFUSED_S = 60.0
WELL_S = 30.0
"""A connection that held for so long ends a row of failures."""

TELL_AGAIN_S = 600.0
ANSWER_TRIES = 5
REFUSED = (401, 403, 404)


class OrderError(Exception):
    """A command cannot be carried out; the message says why."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Carries out one kind of command: ``act`` before the answer (raises OrderError), ``afterwards`` behind it.

    ``aside``: in a thread of its own, because it takes longer than a barrier can wait.
    """

    act: Callable[[Command], None] = lambda _: None
    afterwards: Callable[[Command], None] = lambda _: None
    aside: bool = False


class Orders:
    """Listens, checks, has the right hand carry out, answers."""

    def __init__(
        self,
        line: CommandLine,
        done: Done,
        hands: Mapping[str, Hand],
        say: Callable[[str], None],
        answered: Callable[[Command, str, str], None] = lambda _command, _outcome, _why: None,
    ) -> None:
        """``answered`` hears command, outcome and why of each that was begun."""
        self._line, self._done, self._hands, self._say, self._answered = line, done, hands, say, answered

    def hear(self, told: dict[str, Any]) -> str:
        """Carry a command out if it is one; answers what became of it, "" for one that came before or is none."""
        command = read_command(told, self._line.key)
        if command is None:
            self._say("A command was not signed by the server; it is left.")
            return ""
        if self._line.clock.now() >= command.expires_at:
            self._say(f"Command {command.id} came too late; it is left.")
            return ""
        hand = self._hands.get(command.action)
        try:
            if not self._done.take(command.id):
                return ""
        except OSError as error:
            # What does no harm twice is done all the same: a log is wanted most where the disk fails.
            if hand is None or not hand.aside:
                return self._end(command, f"the node's disk: {error.strerror}")
        if hand is None:
            return self._end(command, f"this node does not know {command.action[:40]!r}")
        if hand.aside:
            threading.Thread(target=self._carry_out, args=(command, hand), name=command.action, daemon=True).start()
            return "begun"
        return self._carry_out(command, hand)

    def listen(self) -> None:
        """Hear commands until the connection ends. Raises httpx.HTTPError."""
        for commands in self._line.listen():
            for told in commands:
                self.hear(told)

    def _carry_out(self, command: Command, hand: Hand) -> str:
        try:
            hand.act(command)
        except OrderError as error:
            return self._end(command, str(error))
        except Exception as error:  # noqa: BLE001 - an edge: whatever a hand stumbles over, somebody waits for a word
            return self._end(command, f"{type(error).__name__}: {error}")
        outcome = self._end(command, "")
        hand.afterwards(command)
        return outcome

    def _end(self, command: Command, why: str) -> str:
        outcome = "refused" if why else "acknowledged"
        for number in range(ANSWER_TRIES):
            try:
                self._line.answer(command.id, outcome, why)
            except httpx.HTTPError as error:
                self._say(f"The answer did not arrive ({type(error).__name__}).")
                time.sleep(min(2.0, 0.2 * 2**number))
            else:
                break
        self._answered(command, outcome, why)
        return outcome


def keep_listening(orders: Orders, stopping: threading.Event, say: Callable[[str], None], *, give_up: bool) -> bool:
    """Listen, and again after each end, until ``stopping``; False when ``give_up`` and the server refuses the node."""
    pause_s, said, said_s = PAUSE_FIRST_S, "", float("-inf")
    while not stopping.is_set():
        begun_s = time.monotonic()
        try:
            orders.listen()
            why = "the server closed the connection"
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            why = refusal(error.response)
            if status in REFUSED and give_up:
                say(f"The server refused ({status}): {error.response.text[:200]}")
                return False
            if status in REFUSED:
                # Often a new key that was doubted for a moment; then every now and then, until a person looked.
                pause_s = min(PAUSE_REFUSED_S, pause_s * 3)
        except (httpx.HTTPError, httpx.StreamError) as error:
            why = f"{type(error).__name__}: {error}"
        held = time.monotonic() - begun_s > WELL_S
        pause_s = PAUSE_FIRST_S if held else max(pause_s, min(PAUSE_MAX_S, pause_s * 2))
        now_s = time.monotonic()
        if not stopping.is_set() and (why != said or now_s - said_s > TELL_AGAIN_S):
            say(f"Commands: {why}; trying again in {pause_s:.1f} s at most")
            said, said_s = why, now_s
        stopping.wait(pause_s * random.uniform(0.5, 1.0))  # noqa: S311
    return True
