"""A folder that another camera or program writes pictures to: every new or changed one, once it is finished.

What was taken is remembered on disk, so that after a restart nothing comes twice and what came meanwhile is taken.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from watchfiles import Change, watch

from camera_node.durable import write_durably
from camera_node.picture import MEDIA_TYPES
from camera_node.sources.attempts import Attempts
from camera_node.sources.file_times import FileTimes
from camera_node.sources.frame import Frame, FrameError, now
from camera_node.sources.source import SourceError, Wanted
from camera_node.sources.watch import TICK_MS, FolderWatch, Mark, mark_of, scan

SCAN_S = 30.0
"""Network drives give no notice, so the folder is looked through now and then."""

SAVE_S = 2.0
MEMORY = "watched.json"
READING = "reading.json"
TIMES = "times.json"


class FolderSource:
    """Pictures of a folder, each exactly one frame, in the order of their names as they are finished."""

    each = True
    patient = True

    def __init__(self, folder: Path, state_folder: Path | None, *, existing: bool = False) -> None:
        self.name = str(folder)
        self.late = 0
        self._folder = folder
        self._memory = None if state_folder is None else state_folder / MEMORY
        self._attempts = Attempts(None if state_folder is None else state_folder / READING)
        self._times = FileTimes(None if state_folder is None else state_folder / TIMES)
        self._existing = existing
        self._watch: FolderWatch | None = None
        self._notices: Iterator[set[tuple[Change, str]]] = iter(())
        self._finished: Iterator[Path] = iter(())
        self._given: tuple[Path, Mark] | None = None
        self._taken: dict[str, Mark] = {}
        self._unsaved = False
        self._saved_s = self._scanned_s = 0.0
        self._again = False
        self._problem = self._said = ""

    def open(self) -> None:
        """See `Source`."""
        try:
            self._folder = self._folder.resolve(strict=True)  # notices carry resolved paths
            there = scan(self._folder)
        except OSError as error:
            raise SourceError(f"The folder {self.name} cannot be read: {error.strerror}.") from None
        remembered = self._remembered()
        if remembered is None:
            remembered = {} if self._existing else {path.name: mark for path, mark in there.items()}
        self._taken = {name: mark for name, mark in remembered.items() if self._folder / name in there}
        self._unsaved = True
        self._watch = FolderWatch({self._folder / name: mark for name, mark in self._taken.items()})
        self._notices = iter(
            watch(
                self._folder, recursive=False, step=50, debounce=200, rust_timeout=TICK_MS,
                yield_on_timeout=True, watch_filter=None, raise_interrupt=False,
            )
        )  # fmt: skip
        self._scanned_s = 0.0

    def read(self) -> Frame | None:
        """See `Source`. Raises FrameError for a file that is passed over, once."""
        self._note_taken()
        self._times.look()
        if self._watch is None:
            raise SourceError(f"The folder {self.name} is not open.")
        if self._problem != self._said:
            self._said = self._problem
            raise FrameError(self._problem)
        if self._again:
            self._again = False
            return self._newest()
        frame = self._give()
        if frame is not None:
            return frame
        try:
            changes = next(self._notices, set())
            self._look(self._watch, changes)
        except (OSError, RuntimeError):
            raise SourceError(f"The folder {self.name} has gone.") from None
        self._finished = self._watch.take_finished(self._give_up)
        return self._give()

    def _look(self, state: FolderWatch, changes: set[tuple[Change, str]]) -> None:
        if time.monotonic() - self._scanned_s >= SCAN_S or not self._folder.is_dir():
            self._scanned_s = time.monotonic()
            for path in sorted(scan(self._folder)):
                state.notice(path)
        for change, name in sorted(changes, key=lambda item: item[1]):
            if change == Change.deleted:
                state.forget(Path(name))
                if not Path(name).exists():
                    self._unsaved |= self._taken.pop(Path(name).name, None) is not None
            else:
                state.notice(Path(name))

    def _give(self) -> Frame | None:
        for path in self._finished:
            mark = mark_of(path)
            if mark is None:
                continue
            if not self._attempts.begin(path.name, mark):
                self._pass_over(path, mark)
                break
            frame = self._frame(path)
            if frame is not None:
                self._given = (path, mark)
                return frame
            self._attempts.end(path.name)
        return None

    def _pass_over(self, path: Path, mark: Mark) -> None:
        self._problem = f"{path} is passed over: whoever read it died of it. Take it away, or write it anew."
        self._taken[path.name] = mark
        self._save()

    def _frame(self, path: Path) -> Frame | None:
        try:
            data, written = path.read_bytes(), path.stat().st_mtime
        except OSError:
            return None
        found = self._times.of(written)  # the file's time is the capture's
        media_type = MEDIA_TYPES.get(path.suffix.lower(), "image/jpeg")
        return Frame(
            path.name, found.captured_at, found.monotonic_s, now()[1],
            file=data, media_type=media_type, doubtful=found.doubtful,
        )  # fmt: skip

    def _newest(self) -> Frame | None:
        there = sorted((mark[1], path) for path, mark in scan(self._folder).items())
        return self._frame(there[-1][1]) if there else None

    def _note_taken(self) -> None:
        """What was given before has reached the parent by now."""
        if self._given is not None:
            path, mark = self._given
            self._taken[path.name] = mark
            self._given, self._unsaved = None, True
            self._attempts.end(path.name)
        if self._unsaved and time.monotonic() - self._saved_s >= SAVE_S:
            self._save()

    def _save(self) -> None:
        self._saved_s, self._unsaved = time.monotonic(), False
        if self._memory is not None:
            told = {"folder": str(self._folder), "taken": self._taken}
            try:
                write_durably(self._memory, json.dumps(told).encode())
            except OSError as error:
                self._problem = f"{self._memory} cannot be written: {error.strerror}."

    def _remembered(self) -> dict[str, Mark] | None:
        if self._memory is None:
            return self._taken or None
        try:
            told = json.loads(self._memory.read_bytes())
            if told["folder"] != str(self._folder):
                return None
            return {str(name): (int(size), int(time_ns)) for name, (size, time_ns) in told["taken"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _give_up(self, path: Path) -> None:
        self._problem = f"{path} has stayed half written and was not taken."

    def configure(self, wanted: Wanted) -> None:
        """See `Source`; somebody else decides when pictures are taken."""

    def hurry(self) -> None:
        """See `Source`; the newest file comes again."""
        self._again = True

    def close(self) -> None:
        """See `Source`."""
        if self._given is not None:
            self._attempts.end(self._given[0].name)
        if self._watch is not None and self._unsaved:
            self._save()
        self._watch, self._given = None, None
        self._notices, self._finished = iter(()), iter(())
