"""Takes pictures in a process of its own, so that a driver that hangs or dies takes nothing with it.

The child is started afresh when it ends, and killed first when it has said nothing for too long. Frames stay with it;
only finished pictures come over, into a short queue in which the newest wins.
"""

import atexit
import multiprocessing
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from camera_node.capture_state import CaptureState, Order, OrderBook, Setup, Sharpness
from camera_node.capturing import run_capturing
from camera_node.child_end import end_child
from camera_node.configuration import Configuration
from camera_node.picture import Picture
from camera_node.picture_queue import PictureQueue
from camera_node.settings import SourceSettings

PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 60.0
WELL_S = 60.0
"""A child that lived for so long ends a row of crashes."""

START_S = 30.0
"""Loading its libraries takes a slow machine so long that it may say nothing until then."""

FOCUS_S = 60.0
TICK_S = 0.25
END_S = 1.5
"""How long a child has to put its things in order when it is to end."""


class CaptureProcess:
    """A source and the modes in a child process. Every method may be called from any thread."""

    def __init__(
        self,
        source: SourceSettings,
        configuration: Configuration,
        *,
        silence_s: float = 120.0,
        state_folder: Path | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``silence_s``: killed and started again when nothing is heard for so long. ``tell`` hears of troubles.

        ``state_folder`` is where a watched folder's taken files are remembered; without it they are not.
        """
        self._setup = Setup(source, configuration, silence_s, state_folder)
        self._tell = tell
        self._lock = threading.Lock()
        self._state = CaptureState()
        self._orders = OrderBook()
        self._queue = PictureQueue()
        self._taken_s: list[float] = []
        self._talk: Connection | None = None
        self._backlog_s = 0.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the child; it is watched from here on."""
        if self._thread is None:
            # The child dies with the thread that started it, so this one lives until `stop`.
            self._thread = threading.Thread(target=self._watch, name="capture", daemon=True)
            self._thread.start()
            atexit.register(self.stop)  # else the interpreter would wait for the child

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the child and the watching; pictures that were not taken yet are gone."""
        atexit.unregister(self.stop)
        self._stopping.set()
        self._queue.close()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def configure(self, configuration: Configuration) -> None:
        """Work by ``configuration`` from now on, also after a restart."""
        with self._lock:
            self._setup = replace(self._setup, configuration=configuration)
        self._say(("configure", configuration))

    def backlog(self, seconds: float) -> None:
        """Tell for how long what waits will keep the line busy; pictures get smaller when that is long."""
        self._backlog_s = seconds
        self._say(("backlog", seconds))

    def order(self, action: str, seconds: float = FOCUS_S) -> Order:
        """Ask for a "snapshot" (it also comes as a picture, in every mode) or for ``seconds`` of help with "focus"."""
        order = self._orders.begin(action)
        if not self._say(("order", order.number, action, seconds)):
            self._orders.end(order.number, "The camera is not running now.")
        return order

    def pictures(self, timeout_s: float) -> Picture | None:
        """Return the next picture, None when none came within ``timeout_s``. A passage's first come before the rest."""
        return self._queue.get(timeout_s)

    def alive(self) -> bool:
        """Say whether the child is there and was heard of lately."""
        return self._state.running

    def state(self) -> CaptureState:
        """Return how it goes now."""
        horizon_s = time.monotonic() - 60.0
        with self._lock:
            self._taken_s = [at_s for at_s in self._taken_s if at_s > horizon_s]
            rate = round(len(self._taken_s) / 60.0, 3)
            return replace(self._state, rate_per_s=rate, dropped=self._queue.dropped)

    def _say(self, message: tuple[Any, ...]) -> bool:
        with self._lock:
            talk = self._talk
            if talk is None:
                return False
            try:
                talk.send(message)
            except (OSError, ValueError):
                return False
        return True

    def _watch(self) -> None:
        crashes = 0
        while not self._stopping.is_set():
            started_s = time.monotonic()
            try:
                why = self._run_once()
            except OSError as error:
                # No memory or no room for another process now.
                why = f"The camera's process could not be started ({error})."
            if self._stopping.is_set():
                break
            self._orders.end_all("The camera's process was started again.")
            self._note(running=False, pid=None)
            if self._state.ended:
                over = "The video has ended; with loop = true it would begin again."
                self._note(last_error=over)
                self._tell(over)
                break
            crashes = 1 if time.monotonic() - started_s >= WELL_S else crashes + 1
            pause_s = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2.0 ** min(crashes - 1, 10))
            again = f"{why} It is started again in {pause_s:.1f} s."
            self._note(restarts=self._state.restarts + 1, trouble=again, last_error=again)
            self._tell(again)
            self._stopping.wait(pause_s)
        self._orders.end_all("The camera was stopped.")

    def _run_once(self) -> str:
        """Run one child until it ends; return why it did, in a sentence."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=True)
        pictures, giving = context.Pipe(duplex=False)
        setup = self._setup
        child = context.Process(target=run_capturing, args=(setup, theirs, giving), name="parkhub-capture", daemon=True)
        child.start()
        theirs.close()
        giving.close()
        with self._lock:
            self._talk = ours
        self._say(("configure", self._setup.configuration))
        self._say(("backlog", self._backlog_s))
        self._note(pid=child.pid, running=True)
        try:
            why = self._listen(ours, pictures)
        finally:
            if self._stopping.is_set() and self._say(("end",)):
                # What it has noted as given must not be left in the pipe.
                self._take_last(child, pictures)
            with self._lock:
                self._talk = None
            status = end_child(child, END_S, self._stopping, self._tell_held)
            ours.close()
            pictures.close()
        how = f"signal {-status}" if status is not None and status < 0 else f"status {status}"
        return why or f"The camera's process ended ({how})."

    def _listen(self, talk: Connection, pictures: Connection) -> str:
        heard_s = time.monotonic()
        allowed_s = max(self._setup.silence_s, START_S)
        ends: set[Any] = {talk, pictures}
        while not self._stopping.is_set() and ends:
            room = self._queue.room or not self._queue.patient
            listened = [end for end in ends if end is talk or room]
            if not listened:
                self._stopping.wait(TICK_S)
            for ready in wait(listened, TICK_S):
                try:
                    if ready is talk:
                        heard_s = time.monotonic() - self._hear(talk.recv())
                        allowed_s = self._setup.silence_s
                    else:
                        self._take(pictures.recv())
                except (EOFError, OSError):
                    ends.discard(ready)  # what it still held has been read
            silent_s = time.monotonic() - heard_s
            if talk in ends and silent_s > allowed_s:
                return f"The camera's process hung for {silent_s:.0f} s and was killed."
        return ""

    def _take_last(self, child: Any, pictures: Connection) -> None:
        until_s = time.monotonic() + END_S
        while (left_s := until_s - time.monotonic()) > 0:
            ready = wait([pictures, child.sentinel], left_s)
            try:
                if pictures not in ready or not pictures.poll():
                    return
                self._take(pictures.recv())
            except (EOFError, OSError):
                return

    def _hear(self, message: tuple[Any, ...]) -> float:
        """Take what the child says; return for how many seconds its work has stood still."""
        match message:
            case ("beat", still_s, news):
                before = self._state.trouble
                self._note(**news)
                if before and not news["trouble"] and news["connections"]:
                    self._note(last_error="")  # a frame has come; a child that only begins has opened nothing yet
                if news["trouble"] and news["trouble"] != before:
                    self._note(last_error=news["trouble"])
                    self._tell(news["trouble"])
                return float(still_s)
            case ("patient", patient):
                self._queue.patient = patient
            case ("sharpness", number, t_s, value):
                self._orders.mark(number, Sharpness(t_s, value))
            case ("done", number, problem):
                self._orders.end(number, problem)
        return 0.0

    def _take(self, message: tuple[Picture, int | None]) -> None:
        picture, number = message
        with self._lock:
            self._taken_s.append(time.monotonic())
        self._note(pictures=self._state.pictures + 1, last_picture_at=datetime.now(UTC), trouble="", last_error="")
        self._queue.put(picture)
        if number is not None:
            self._orders.end(number, picture=picture)

    def _tell_held(self, why: str) -> None:
        self._note(running=False, trouble=why, last_error=why)
        self._tell(why)

    def _note(self, **news: Any) -> None:
        with self._lock:
            self._state = replace(self._state, **news)
