"""Sends what waits in the spool, in a thread of its own: one picture at a time, no faster than it may.

| answer | what becomes of the picture |
|---|---|
| 200, 201 | the server has it: forgotten here |
| 401, 403, 404, 407, a redirect | waits; tried again after minutes, because a person must look |
| 409, 413, 415, 422; 403 of what was recognised here although nobody asked | never sent again, counted by its status |
| 408, 425, 429, 502, 503, 504, no answer | waits; the server is left alone for a while (or for what it asked) |
| any other | waits and lets others go before it; after twenty tries between which the server took others never again |
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from camera_node.backoff import Backoff, Pace
from camera_node.configuration import Limits
from camera_node.node_clock import NodeClock
from camera_node.picture import Kind, Picture
from camera_node.picture_line import Answer, GivenWayError, PictureLine, UnreachableError
from camera_node.refusals import explain_picture
from camera_node.sender_state import Accepted, SenderState
from camera_node.sources.frame import FrameError
from camera_node.spool import Spool, Spooled

IDLE_S = 30.0
STOP_S = 4.5
STUCK_S = 600.0
KEPT_BACK_S = 300.0
KEPT_BACK_STEP_S = 0.5
AGE_MAX_S = 7 * 86_400 - 60
PERSON = (401, 403, 404, 407)
NEVER = (409, 413, 415, 422)
NOT_ASKED = "recognition at the camera is not switched on"
LEFT_ALONE = (408, 425, 429, 502, 503, 504)
ODD_TRIES_MAX = 20
ODD_TRIES_FIRST = 3
ODD_PAUSE_S = 300.0
WORTH_GIVING_WAY_S = 1.5


class Sender:
    """The thread. `step` is what it does, for who drives the time."""

    def __init__(
        self,
        spool: Spool,
        uploader: PictureLine,
        limits: Callable[[], Limits],
        *,
        clock: NodeClock,
        backoff: Backoff | None = None,
        tell: Callable[[str], None] = lambda _: None,
        in_place_of: Callable[[Picture], Picture | None] = lambda picture: picture,
    ) -> None:
        """``limits`` is asked before every picture; ``tell`` hears when trouble begins and ends.

        ``in_place_of`` says what may leave in a picture's place, None: nothing now; it raises FrameError: nothing ever.
        """
        self._spool = spool
        self._line = uploader
        self._limits = limits
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._tell = tell
        self._in_place_of = in_place_of
        self._pace = Pace()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._turned_s = time.monotonic()
        self._time_asked = False
        self._odd: dict[int, int] = {}
        self._taken_when_odd = 0
        self._accepted = Accepted()
        self._state = SenderState()
        self._told = ""

    def start(self) -> None:
        """Begin to send, anew if the thread has ended."""
        self._turned_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, within five seconds, in the middle of whatever it is; what was not accepted waits in the spool."""
        self._stopping.set()
        self._line.abort()
        self._spool.arrived.set()
        if self._thread is not None:
            # One that the system holds (a name that is looked up) is left behind: it has nothing to put in order.
            self._thread.join(STOP_S)

    def runs(self) -> bool:
        """Say whether the thread is there."""
        return self._thread is not None and self._thread.is_alive()

    def alive(self) -> bool:
        """Say whether it is there and does not stand still for longer than any request may last."""
        return self.runs() and time.monotonic() - self._turned_s < STUCK_S

    def retry_now(self) -> None:
        """Do not wait any longer: somebody has put right what was wrong."""
        self._backoff.good()
        self._spool.arrived.set()

    def reached(self) -> None:
        """The server was reached otherwise: what was said of its being away holds no longer."""
        with self._lock:
            away = self._state.unreachable
            if away:
                self._state = replace(self._state, trouble="", unreachable=False)
        if away:
            self.retry_now()

    def state(self) -> SenderState:
        """Return how it goes now."""
        with self._lock:
            return replace(self._state, rate_per_s=self._accepted.rate_per_s(self._clock.asked()))

    def step(self) -> float:
        """Send one picture if one may be sent now; return how long to wait before the next step, in seconds."""
        now, urgent = self._clock.asked(), self._spool.has_live_gate()
        left_s = self._backoff.left_s(now, urgent=urgent)
        if left_s <= 0 and not urgent:
            left_s = self._pace.left_s(now)
        if left_s > 0:
            return left_s
        try:
            if not self._clock.compared and not self._time_asked:
                # Else the first pictures would be sent as unsure by the very request that tells the time.
                self._line.ask_time()
                self._time_asked = True
            spooled = self._spool.next()
            if spooled is None:
                return IDLE_S
            if self._is_too_old(spooled):
                self._spool.drop(spooled.sequence, "taken over 7 days ago")
                return 0.0
            try:
                leaves = self._in_place_of(spooled.picture)
            except FrameError:
                self._spool.drop(spooled.sequence, "no picture, and kept here")
                return 0.0
            if leaves is None:
                self._spool.later(spooled.sequence, KEPT_BACK_S)
                return KEPT_BACK_STEP_S
            spooled = replace(spooled, picture=leaves)
            limits = self._limits()
            self._pace.sent(now, len(spooled.picture.data), limits.pictures_per_s, limits.kbit_per_s)
            answer = self._send(spooled)
        except GivenWayError:
            return 0.0
        except UnreachableError as error:
            self._backoff.failed(self._clock.asked())
            self._trouble(str(error), unreachable=True)
        else:
            self._hear(spooled, answer)
        return 0.0

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._turned_s = time.monotonic()
            try:
                left_s = self.step()
            except Exception as error:  # noqa: BLE001 - an edge: what nobody thought of must not become a storm
                left_s = self._backoff.failed(self._clock.asked())
                self._trouble(f"The sender stumbled: {type(error).__name__}: {error}.")
            if left_s > 0:
                self._spool.arrived.wait(min(left_s, IDLE_S))
                self._spool.arrived.clear()

    def _send(self, spooled: Spooled) -> Answer:
        bytes_per_s = self._state.throughput.bytes_per_s or 0.0

        def give_way(left: int) -> bool:
            self._turned_s = time.monotonic()
            if self._stopping.is_set():
                return True
            slow = left > WORTH_GIVING_WAY_S * bytes_per_s
            return spooled.picture.kind is not Kind.GATE and slow and self._spool.has_live_gate()

        return self._line.send(spooled.picture, spooled.sequence, sure=spooled.sure, give_way=give_way)

    def _hear(self, spooled: Spooled, answer: Answer) -> None:
        now, sequence, status = self._clock.asked(), spooled.sequence, answer.status
        if answer.accepted:
            self._spool.done(sequence)
            self._odd.pop(sequence, None)
            self._backoff.good()
            self._count(len(spooled.picture.data), answer, now)
        elif status in NEVER or (status == 403 and NOT_ASKED in answer.words.lower()):
            if status == 409:
                self._spool.number_anew()
            self._spool.drop(sequence, str(status))
            self._tell(f"{spooled.picture.name} is given up: {answer.words}.")
        elif status in PERSON or 300 <= status < 400:
            self._backoff.wants_person(now, answer.retry_after_s)
            self._trouble(explain_picture(answer), needs_person=True)
        elif status in LEFT_ALONE:
            self._backoff.failed(now, answer.retry_after_s)
            self._trouble(f"{answer.words}.")
        else:
            self._hear_odd(spooled, answer)
            self._backoff.failed(now, answer.retry_after_s)
            self._trouble(f"{answer.words}.")

    def _hear_odd(self, spooled: Spooled, answer: Answer) -> None:
        """The picture is at fault only where the server takes others; one that takes none is never a reason to drop."""
        sequence, tries = spooled.sequence, self._odd.get(spooled.sequence, 0)
        if tries < ODD_TRIES_FIRST or self._state.sent > self._taken_when_odd:
            tries += 1
        self._odd[sequence], self._taken_when_odd = tries, self._state.sent
        if tries >= ODD_TRIES_MAX:
            del self._odd[sequence]
            self._spool.drop(sequence, str(answer.status))
            self._tell(f"{spooled.picture.name} is given up: {answer.words}.")
        elif tries >= ODD_TRIES_FIRST:
            self._spool.later(sequence, ODD_PAUSE_S)

    def _count(self, byte_count: int, answer: Answer, now: float) -> None:
        with self._lock:
            self._accepted.add(byte_count, answer.took_s, now)
            self._state = SenderState(
                sent=self._state.sent + 1,
                repeats=self._state.repeats + answer.repeat,
                last_accepted_s=self._clock.now(),
                throughput=self._accepted.throughput,
            )
        if self._told:
            self._told = ""
            self._tell("The server takes pictures again.")

    def _trouble(self, words: str, *, needs_person: bool = False, unreachable: bool = False) -> None:
        words = words[:1].upper() + words[1:]
        with self._lock:
            self._state = replace(self._state, trouble=words, needs_person=needs_person, unreachable=unreachable)
        if self._told != words and not self._stopping.is_set():
            self._told = words
            self._tell(words)

    def _is_too_old(self, spooled: Spooled) -> bool:
        at_s = spooled.picture.captured_at.timestamp()
        return self._clock.compared and spooled.sure and at_s < self._clock.now() - AGE_MAX_S
