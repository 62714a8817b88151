"""The child of `capture`: one source, one mode at a time, pictures out by a pipe. Dies with its parent.

Its main thread does everything with the source. A second one says once a second how that goes, and for how long the
first has stood still: standing in a driver is told from waiting for a camera that is away.
"""

import contextlib
import os
import random
import signal
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

from camera_node.capture_state import Setup
from camera_node.child_end import die_with_parent
from camera_node.encode import Encoder
from camera_node.modes import Chosen, Plan, plan_for
from camera_node.picture import Kind
from camera_node.sharpness import sharpness_of_centre
from camera_node.sources.frame import Frame, FrameError
from camera_node.sources.opening import make_source
from camera_node.sources.source import SourceEndedError, SourceError, Wanted

BEAT_S = 0.5
REST_S = 0.25
RETRY_FIRST_S = 1.0
RETRY_MAX_S = 30.0
FOCUS_GAP_S = 0.2
PATIENCE_MAX_S = 10.0


@dataclass(slots=True)
class _Focus:
    number: int
    until_s: float
    begun_s: float


def run_capturing(setup: Setup, talk: Connection, pictures: Connection) -> None:
    """Run until the parent is gone or the source has ended."""
    die_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # both reach the whole group, and are the parent's to answer
    with contextlib.suppress(BrokenPipeError, EOFError, ConnectionResetError):
        Capturing(setup, talk, pictures).run()


class Capturing:
    """The loop: hear what the parent says, read a frame, let the mode choose, send."""

    def __init__(self, setup: Setup, talk: Connection, pictures: Connection) -> None:
        self._talk = talk
        self._pictures = pictures
        self._saying = threading.Lock()
        self._configuration = setup.configuration
        self._source = make_source(
            setup.source, setup.state_folder, patience_s=min(PATIENCE_MAX_S, setup.silence_s / 3)
        )
        self._encoder = Encoder(setup.configuration.picture)
        self._plan: Plan = plan_for(setup.configuration, datetime.now(UTC), each=self._source.each)
        self._wanted: Wanted | None = None
        self._snapshots: list[int] = []
        self._focus: _Focus | None = None
        self._open = False
        self._failures = 0
        self._retry_s = 0.0
        self._connections = 0
        self._trouble = ""
        self._ended = False
        self._turned_s = time.monotonic()
        self._sending = False

    def run(self) -> None:
        """Work until the source has ended; raises EOFError or OSError when the parent is gone."""
        self._say(("patient", self._source.patient))
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        try:
            while not self._ended:
                self._turned_s = time.monotonic()
                self._hear(0.0)
                self._turn()
        finally:
            self._source.close()
        with self._saying:
            self._talk.send(("beat", 0.0, self._news()))

    def _turn(self) -> None:
        if not self._configuration.running:
            self._shut()
            self._trouble = ""
            self._refuse_snapshots("Taking pictures is switched off.")
            self._hear(REST_S)
            return
        self._replan()
        try:
            if not self._open and not self._begin():
                return
            frame = self._source.read()
        except SourceEndedError:
            self._send(self._plan.end())
            self._ended = True
            return
        except SourceError as error:
            self._fail(str(error))
            return
        except FrameError as error:
            self._pass_over(str(error))
            return
        if frame is None:
            self._send(self._plan.idle(time.monotonic()))
            return
        self._failures = 0
        self._trouble = ""
        try:
            self._use(frame)
        except FrameError as error:
            self._trouble = str(error)
        except (OSError, EOFError):
            raise
        except Exception as error:
            if not self._source.each:
                raise
            # One file, and decoders' errors share no base class. To end by it would be to meet it again.
            self._pass_over(f"{frame.name} cannot be used ({type(error).__name__}: {str(error)[:150]}).")

    def _pass_over(self, why: str) -> None:
        """Say at once what the next picture would hide."""
        self._trouble = why
        self._say(("beat", 0.0, self._news()))

    def _begin(self) -> bool:
        """Open the source when it is time to; return whether it is open."""
        left_s = self._retry_s - time.monotonic()
        if left_s > 0:
            self._hear(min(left_s, REST_S))
            return False
        self._source.open()
        self._connections += 1
        self._open = True
        return True

    def _fail(self, why: str) -> None:
        self._shut()
        self._trouble = why
        pause_s = min(RETRY_MAX_S, RETRY_FIRST_S * 2.0 ** min(self._failures, 10)) * random.uniform(0.7, 1.0)  # noqa: S311
        self._failures += 1
        self._retry_s = time.monotonic() + pause_s
        self._refuse_snapshots(why)

    def _shut(self) -> None:
        if self._open:
            self._open = False
        self._source.close()

    def _replan(self) -> None:
        """Follow the schedule: a new plan begins where the old one has ended."""
        if not self._plan.holds(self._configuration, datetime.now(UTC)):
            self._send(self._plan.end())
            self._plan = plan_for(self._configuration, datetime.now(UTC), each=self._source.each)
        gap_s = min(self._plan.gap_s, FOCUS_GAP_S) if self._focus else self._plan.gap_s
        wanted = Wanted(gap_s, self._configuration.picture.width_max, self._configuration.camera)
        if wanted != self._wanted:
            self._source.configure(wanted)
            self._wanted = wanted

    def _use(self, frame: Frame) -> None:
        if self._focus is not None:
            self._help_focus(self._focus, frame)
        chosen = self._plan.look(frame)
        if self._snapshots and not any(each.frame is frame for each in chosen):
            chosen = [*chosen, Chosen(frame, Kind.OVERVIEW)]
        self._send(chosen, frame)

    def _help_focus(self, focus: _Focus, frame: Frame) -> None:
        value = sharpness_of_centre(frame)
        self._say(("sharpness", focus.number, round(time.monotonic() - focus.begun_s, 2), round(value, 2)))
        if time.monotonic() >= focus.until_s:
            self._say(("done", focus.number, ""))
            self._focus = None

    def _send(self, chosen: list[Chosen], snapshot: Frame | None = None) -> None:
        for each in chosen:
            picture = self._encoder.encode(each.frame, each.kind).of(each.frame, each.kind, each.rank)
            number = self._snapshots.pop() if self._snapshots and each.frame is snapshot else None
            self._sending = True  # the parent may let us wait
            self._pictures.send((picture, number))
            self._turned_s = time.monotonic()
            self._sending = False
        while snapshot is not None and self._snapshots:
            self._say(("done", self._snapshots.pop(), ""))

    def _hear(self, timeout_s: float) -> None:
        while self._talk.poll(timeout_s):
            timeout_s = 0.0
            match self._talk.recv():
                case ("configure", configuration):
                    self._configuration = configuration
                    self._encoder.configure(configuration.picture)
                case ("backlog", seconds):
                    self._encoder.backlog(seconds, time.monotonic())
                case ("end",):
                    raise EOFError("The node ends.")
                case ("order", number, "snapshot", _):
                    self._snapshots.append(number)
                    self._source.hurry()
                case ("order", number, "focus", seconds):
                    if self._focus is not None:
                        self._say(("done", self._focus.number, "Another one has begun."))
                    self._focus = _Focus(number, time.monotonic() + seconds, time.monotonic())

    def _refuse_snapshots(self, why: str) -> None:
        while self._snapshots:
            self._say(("done", self._snapshots.pop(), why))

    def _say(self, message: tuple[Any, ...]) -> None:
        with self._saying:
            self._talk.send(message)

    def _beat(self) -> None:
        while True:
            still_s = 0.0 if self._sending else time.monotonic() - self._turned_s
            try:
                self._say(("beat", still_s, self._news()))
            except OSError:
                os._exit(0)  # the parent is gone, and the main thread may stand in a driver
            time.sleep(BEAT_S)

    def _news(self) -> dict[str, Any]:
        quality, width = self._encoder.form(Kind.OVERVIEW)
        return {
            "source": self._source.name,
            "mode": self._plan.mode if self._configuration.running else "",
            "trouble": self._trouble,
            "connections": self._connections,
            "late": self._source.late,
            "ended": self._ended,
            "quality": quality,
            "width": width,
        }
