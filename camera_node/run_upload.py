"""`parkhub-node upload`: from sources to the server, one picture at a time."""

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from camera_node.key_file import KeyFileError, read_key
from camera_node.picture import Picture, is_video_name
from camera_node.report import print_failed, print_sent, tell
from camera_node.sequence import Sequence
from camera_node.sources.files import CapturedAt, list_folder, read_picture
from camera_node.upload import RefusedError, UnreachableError, Uploader

HOPELESS = (401, 404)
"""Answers that the next picture gets as well: a wrong key, a camera or server that is not there."""


class _Run:
    """One run of the command: sends pictures and remembers whether one failed."""

    def __init__(self, options: argparse.Namespace, uploader: Uploader) -> None:
        self._options = options
        self._uploader = uploader
        self._sequence = Sequence()
        self._pace = _Pace(options.rate or 1.0) if options.real_time or options.rate else None
        self.captured: CapturedAt = options.captured_at or ("file" if options.watch else "now")
        self.sent = 0
        self.failed = 0

    def fail(self, name: str, error: Exception) -> None:
        self.failed += 1
        print_failed(name, error)

    def send(self, picture: Picture) -> None:
        try:
            sent = self._uploader.send(picture, self._sequence.take())
        except (RefusedError, UnreachableError) as error:
            self.fail(picture.name, error)
            if isinstance(error, RefusedError) and error.status in HOPELESS:
                raise
        else:
            self.sent += 1
            print_sent(picture, sent)

    def send_file(self, path: Path) -> None:
        try:
            picture = read_picture(path, self.captured)
        except OSError as error:
            self.fail(str(path), error)
        else:
            self.send(picture)

    def send_source(self, source: Path) -> None:
        if source.is_dir():
            found = list(list_folder(source))
            if not found:
                tell(f"{source} holds no pictures or videos.")
            for path in found:
                self.send_source(path)
        elif not source.is_file():
            self.fail(str(source), FileNotFoundError(f"{source} does not exist"))
        elif is_video_name(source):
            self.send_video(source)
        else:
            if self._pace is not None:
                self._pace.wait()
            self.send_file(source)

    def send_video(self, path: Path) -> None:
        from camera_node.sources.video import VideoError, read_duration_s, read_stills

        rate = self._options.rate or 1.0
        started_s = time.monotonic()
        start = datetime.now(UTC)
        try:
            if self.captured == "file":
                length_s = read_duration_s(path) or 0.0
                start = datetime.fromtimestamp(path.stat().st_mtime, UTC) - timedelta(seconds=length_s)
            for still in read_stills(path, rate):
                if self._options.real_time:
                    time.sleep(max(0.0, started_s + still.t_s - time.monotonic()))
                # Sent fast, now + t would soon lie in the future, which a server refuses: then it is now.
                dated = self.captured == "file" or self._options.real_time
                moment = start + timedelta(seconds=still.t_s) if dated else datetime.now(UTC)
                self.send(Picture(f"{path}#{still.t_s:.3f}", still.data, "image/jpeg", moment))
        except (VideoError, OSError) as error:
            self.fail(str(path), error)


class _Pace:
    """Lets through ``rate`` pictures a second, the first at once."""

    def __init__(self, rate: float) -> None:
        self._gap_s = 1.0 / rate
        self._next_s = time.monotonic()

    def wait(self) -> None:
        now_s = time.monotonic()
        time.sleep(max(0.0, self._next_s - now_s))
        self._next_s = max(self._next_s, now_s) + self._gap_s


def run_upload(options: argparse.Namespace) -> int:
    """Send everything the command line names; return the exit status."""
    try:
        key = read_key(options.key_file, tell)
    except KeyFileError as error:
        tell(str(error))
        return 2
    with Uploader(options.server, options.camera, key, retry_for_s=options.retry_for, tell=tell) as uploader:
        run = _Run(options, uploader)
        try:
            for path in _files(options, run):
                run.send_source(path)
        except RefusedError:
            tell("Stopped, because every picture would get the same answer.")
        except KeyboardInterrupt:
            tell(f"Ended after {run.sent} pictures.")
            # Watching has no other end, so being told to end is a good one.
            return 1 if run.failed or not options.watch else 0
    tell(f"{run.sent} pictures sent, {run.failed} inputs failed.")
    return 1 if run.failed else 0


def _files(options: argparse.Namespace, run: _Run) -> Iterator[Path]:
    if not options.watch:
        yield from options.sources
        return
    from camera_node.sources.watch import watch_folder

    folder: Path = options.sources[0]

    def give_up(path: Path) -> None:
        run.fail(str(path), ValueError(f"{path} has stayed half written and was not sent"))

    yield from watch_folder(
        folder, give_up, existing=options.existing, ready=lambda: tell(f"Watching {folder} for pictures.")
    )
