"""The process that takes pictures, watched from outside: it is killed, frozen, stalled and unplugged for real."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import videos
from cameras import rtsp_camera
from pictures import jpeg
from processes import wait_for

from camera_node.capture import CaptureProcess
from camera_node.configuration import Configuration, read_configuration
from camera_node.picture import Picture
from camera_node.settings import SourceKind, SourceSettings


def _configuration(**said: Any) -> Configuration:
    return read_configuration(json.dumps({"version": 1, **said}).encode())


@contextmanager
def _capturing(source: SourceSettings, configuration: Configuration, **given: Any) -> Iterator[CaptureProcess]:
    capture = CaptureProcess(source, configuration, **given)
    capture.start()
    try:
        yield capture
    finally:
        capture.stop()


def _next(capture: CaptureProcess, good: Callable[[Picture], bool] = lambda _: True) -> Picture:
    return wait_for(
        lambda: picture if (picture := capture.pictures(0.2)) is not None and good(picture) else None, "a picture"
    )


def _film(tmp_path: Path, **given: Any) -> SourceSettings:
    file = videos.write(tmp_path / "a.mp4", frame_count=30, fps=10)
    return SourceSettings(kind=SourceKind.VIDEO, file=file, **given)


def test_a_film_comes_whole_and_in_order_though_nobody_hurries_and_then_it_ends(tmp_path: Path) -> None:
    source = _film(tmp_path, real_time=False)
    with _capturing(source, _configuration(interval_s=0.1)) as capture:
        capture._queue._pictures_max = 4  # a short queue fills at once
        wait_for(lambda: not capture._queue.room, "the queue to be full")
        found = [_next(capture) for _ in range(30)]
        wait_for(lambda: capture.state().ended and capture.state().last_error, "the end")
        assert capture.pictures(0.1) is None
        state = capture.state()
    times = [float(picture.name.rpartition("#")[2]) for picture in found]
    assert times == pytest.approx([n / 10 for n in range(30)])
    assert (found[0].width, found[0].height, found[0].data[:2]) == (320, 240, b"\xff\xd8")
    assert (state.pictures, state.dropped, state.restarts, state.running) == (30, 0, 0, False)
    assert state.last_error.startswith("The video has ended")


def test_orders_are_answered_in_a_mode_that_sends_next_to_nothing(tmp_path: Path) -> None:
    quiet = _configuration(mode="change", change={"interval_min_s": 600, "interval_max_s": 600})
    with _capturing(_film(tmp_path, loop=True), quiet) as capture:
        _next(capture)
        snapshot = capture.order("snapshot")
        assert snapshot.wait(60)
        assert snapshot.picture is not None
        assert _next(capture).data == snapshot.picture.data
        focus = capture.order("focus", seconds=5.0)
        assert focus.wait(60)
        assert len(focus.marks) >= 3
        assert min(mark.value for mark in focus.marks) > 0
        assert focus.problem == ""
        capture.configure(_configuration(running=False))
        wait_for(lambda: capture.state().mode == "", "the camera to be switched off")
        refused = capture.order("snapshot")
        assert refused.wait(60)
        assert refused.problem == "Taking pictures is switched off."


def test_a_camera_that_hangs_is_killed_and_started_again_and_one_that_crashes_ever_later(tmp_path: Path) -> None:
    told: list[str] = []
    source = _film(tmp_path, loop=True)
    with _capturing(source, _configuration(interval_s=0.1), silence_s=10.0, tell=told.append) as capture:
        _next(capture)
        first = capture.state().pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        wait_for(lambda: capture.state().restarts == 1, "the frozen process to be killed")
        assert not psutil.pid_exists(first)
        assert "hung" in told[0]
        second = wait_for(lambda: capture.state().pid, "another process")
        while capture.pictures(0.0) is not None:
            pass
        _next(capture)
        os.kill(second, signal.SIGKILL)
        wait_for(lambda: capture.state().restarts == 2, "the crash to be noticed")
        assert capture.state().last_error == ("The camera's process ended (signal 9). It is started again in 1.0 s.")
        third = wait_for(lambda: capture.state().pid, "a third process")
    assert len({first, second, third}) == 3
    assert not psutil.pid_exists(third)


def test_a_driver_that_never_answers_is_killed(tmp_path: Path) -> None:
    pipe = tmp_path / "a.mp4"
    os.mkfifo(pipe)  # to open it waits for a writer that never comes
    source = SourceSettings(kind=SourceKind.VIDEO, file=pipe)
    with _capturing(source, _configuration(), silence_s=2.0) as capture:
        wait_for(lambda: capture.state().restarts, "the process to be killed")
        assert "hung" in capture.state().last_error


def test_a_stream_that_stalls_and_a_camera_that_is_unplugged_come_back_by_themselves() -> None:
    told: list[str] = []
    with rtsp_camera() as camera:
        address = camera.address.replace("://", "://kai:geheim@")
        source = SourceSettings(kind=SourceKind.RTSP, address=address)
        with _capturing(source, _configuration(interval_s=0.2), silence_s=15.0, tell=told.append) as capture:
            _next(capture)
            camera.freeze()
            wait_for(lambda: capture.state().trouble, "the stall to be noticed")
            camera.thaw()
            wait_for(lambda: not capture.state().trouble, "the stream to come back")
            camera.unplug()
            wait_for(lambda: capture.state().trouble, "the camera to be missed")
            camera.plug()
            back = capture.state().pictures
            wait_for(lambda: capture.state().pictures > back, "the camera to come back")
            wait_for(lambda: capture.state().connections >= 3, "the third connection to be told of")
            wait_for(lambda: not capture.state().trouble, "all to be well")
            assert capture.state().last_error == ""
            state = capture.state()
    assert state.restarts == 0
    assert "geheim" not in " ".join([*told, repr(state)])


def test_a_folders_pictures_all_come_and_those_that_came_while_it_was_down_too(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    source = SourceSettings(kind=SourceKind.FOLDER, folder=folder, existing=True)
    for name in range(10):
        (folder / f"{name}.jpg").write_bytes(jpeg(name))
    with _capturing(source, _configuration(interval_s=60), state_folder=tmp_path / "state") as capture:
        first = [_next(capture) for _ in range(10)]
        wait_for(lambda: (tmp_path / "state" / "watched.json").exists(), "the memory")
        wait_for(lambda: b"9.jpg" in (tmp_path / "state" / "watched.json").read_bytes(), "the memory of the last")
    (folder / "late.jpg").write_bytes(jpeg(77))
    with _capturing(source, _configuration(interval_s=60), state_folder=tmp_path / "state") as capture:
        assert _next(capture).name == "late.jpg"
        assert capture.pictures(0.5) is None
    assert [picture.data for picture in first] == [jpeg(name) for name in range(10)]


PARENT = """
import sys, time
from pathlib import Path
from camera_node.capture import CaptureProcess
from camera_node.configuration import Configuration
from camera_node.settings import SourceKind, SourceSettings

if __name__ == "__main__":
    source = SourceSettings(kind=SourceKind.VIDEO, file=Path(sys.argv[1]), loop=True)
    capture = CaptureProcess(source, Configuration())
    capture.start()
    while capture.pictures(0.1) is None:
        pass
    print(capture.state().pid, flush=True)
    time.sleep(60 if sys.argv[2] == "killed" else 0)
"""


@pytest.mark.parametrize("end", ["killed", "forgetful"])
def test_the_process_dies_with_its_parent(tmp_path: Path, end: str) -> None:
    program = tmp_path / "parent.py"
    program.write_text(PARENT)
    command = [sys.executable, program, str(_film(tmp_path).file), end]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if end == "killed":
            parent.kill()
        parent.wait(60)
    wait_for(lambda: not psutil.pid_exists(child), "the child to end")


def test_what_is_no_order_is_refused() -> None:
    capture = CaptureProcess(SourceSettings(kind=SourceKind.SIMULATOR), Configuration())
    with pytest.raises(ValueError, match="snapshot, focus"):
        capture.order("dance")
    early = capture.order("snapshot")
    assert early.wait(0.0)
    assert early.problem == "The camera is not running now."
