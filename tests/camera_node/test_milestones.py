"""What the log of a node says once, and what it says when something was away and is back."""

from dataclasses import replace

from camera_node.capture_state import CaptureState
from camera_node.milestones import DROPPED_OVER_S, Milestones
from camera_node.sender_state import SenderState
from camera_node.spool_state import SpoolState

OPEN = CaptureState(source="rtsp://10.0.0.7", running=True, mode="interval", connections=1)
EMPTY, SILENT = SpoolState(), SenderState()


class Log:
    """A log, and a node whose state the test changes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.now_s = 0.0
        self._milestones = Milestones(self.lines.append, self.lines.append)

    def after(
        self,
        capture: CaptureState = OPEN,
        spool: SpoolState = EMPTY,
        sender: SenderState = SILENT,
        *,
        times: int = 3,
    ) -> list[str]:
        """What is said when it goes like this for some looks."""
        self.lines.clear()
        for _ in range(times):
            self.now_s += 1
            self._milestones.hear(capture, spool, sender, self.now_s)
        return list(self.lines)


def test_that_the_source_is_open_and_the_first_picture_was_sent_is_said_once() -> None:
    log = Log()
    assert log.after(replace(OPEN, connections=0)) == []
    assert log.after() == ["The source is open: rtsp://10.0.0.7."]
    assert log.after(sender=SenderState(sent=1)) == ["The first picture was sent, or what was seen in it."]
    assert log.after(sender=SenderState(sent=2)) == []


def test_a_source_that_was_away_is_said_to_be_back_when_it_is_open() -> None:
    log = Log()
    log.after()
    log.after(replace(OPEN, trouble="It hung."))
    assert log.after(replace(OPEN, connections=0)) == []
    assert log.after() == ["The source was away and is back: rtsp://10.0.0.7."]


def test_a_disk_that_fails_is_said_once_and_when_that_ends_whatever_its_figures() -> None:
    log = Log()
    log.after()
    assert log.after(spool=SpoolState(trouble="Full (1)."), times=1) == []
    assert log.after(times=1) == []
    assert log.after(spool=SpoolState(trouble="Full (1).")) == ["Full (1)."]
    assert log.after(spool=SpoolState(trouble="Full (2).")) == []
    assert log.after() == ["The disk takes pictures again."]


def test_pictures_without_room_are_said_once_and_when_that_ends() -> None:
    log = Log()
    log.after(spool=SpoolState(dropped_gate=7))
    [line] = [line for count in (8, 9, 10) for line in log.after(spool=SpoolState(dropped_gate=count))]
    assert "no room for more pictures" in line
    log.now_s += DROPPED_OVER_S
    assert log.after(spool=SpoolState(dropped_gate=10)) == ["There is room again; 10 pictures were dropped in all."]
