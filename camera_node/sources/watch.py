"""A watched folder: every new or changed picture, once it has been written to its end.

The system's notices (watchfiles) wake the loop; a file is taken when its size and time have stood still for a moment
and its bytes have the end their format asks for, so neither a slow copy nor a camera's pause sends half a picture.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change, watch

from camera_node.picture import is_picture_name, is_whole

SETTLE_S = 0.4
UNFINISHED_S = 30.0
NEVER_STILL_S = 300.0
TICK_MS = 200

Mark = tuple[int, int]
"""Size in bytes and time of change in nanoseconds: what tells one state of a file from the next."""


@dataclass(slots=True)
class _Waiting:
    mark: Mark
    since_s: float
    still_since_s: float


class FolderWatch:
    """Decides when a file is finished; the clock comes in, so the rules are tried without waiting."""

    def __init__(self, known: dict[Path, Mark], clock: Callable[[], float] = time.monotonic) -> None:
        """``known`` are the files that are not to be taken until they change."""
        self._known = known
        self._clock = clock
        self._waiting: dict[Path, _Waiting] = {}

    def notice(self, path: Path) -> None:
        """Look at ``path`` from now on, if it is a picture that has changed."""
        mark = mark_of(path)
        if mark is not None and is_picture_name(path) and self._known.get(path) != mark and path not in self._waiting:
            now_s = self._clock()
            self._waiting[path] = _Waiting(mark, now_s, now_s)

    def forget(self, path: Path) -> None:
        """``path`` is gone; cameras that name every picture anew would fill the memory otherwise."""
        if mark_of(path) is None:  # notices come late: another file may have its name already
            self._known.pop(path, None)
            self._waiting.pop(path, None)

    @property
    def size(self) -> int:
        """How many files are remembered."""
        return len(self._known.keys() | self._waiting.keys())

    def take_finished(self, give_up: Callable[[Path], None]) -> Iterator[Path]:
        """Yield the files that are finished; ``give_up`` hears of those that stay half written or never stand still."""
        for path, waiting in list(self._waiting.items()):
            mark, now_s = mark_of(path), self._clock()
            if mark is None:
                self.forget(path)
            elif mark != waiting.mark and now_s - waiting.since_s >= NEVER_STILL_S:
                self._finish(path, mark)
                give_up(path)
            elif mark != waiting.mark:
                waiting.mark, waiting.still_since_s = mark, now_s
            elif now_s - waiting.still_since_s >= SETTLE_S and mark[0] > 0:
                if _reads_whole(path):
                    self._finish(path, mark)
                    yield path
                elif now_s - waiting.still_since_s >= UNFINISHED_S:
                    self._finish(path, mark)
                    give_up(path)

    def _finish(self, path: Path, mark: Mark) -> None:
        self._known[path] = mark
        del self._waiting[path]


def mark_of(path: Path) -> Mark | None:
    """Return the size and time of a file, None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def scan(folder: Path) -> dict[Path, Mark]:
    """Return what is in ``folder`` now."""
    return {path: mark for path in folder.iterdir() if is_picture_name(path) and (mark := mark_of(path)) is not None}


def watch_folder(
    folder: Path, give_up: Callable[[Path], None], *, existing: bool = False, ready: Callable[[], None] = lambda: None
) -> Iterator[Path]:
    """Yield finished pictures of ``folder`` for ever (until KeyboardInterrupt); ``ready`` is called once it looks.

    Without ``existing`` only files that appear or change after the start are yielded.
    """
    folder = folder.resolve()  # notices carry resolved paths
    state = FolderWatch({} if existing else scan(folder))
    started = False
    for changes in watch(
        folder, recursive=False, step=50, debounce=200, rust_timeout=TICK_MS, yield_on_timeout=True, watch_filter=None
    ):
        if not started:
            # What came between the first look and the first notice is found by looking once more.
            started = True
            for path in sorted(scan(folder)):
                state.notice(path)
            ready()
        for change, name in sorted(changes, key=lambda item: item[1]):
            if change == Change.deleted:
                state.forget(Path(name))
            else:
                state.notice(Path(name))
        yield from state.take_finished(give_up)


def _reads_whole(path: Path) -> bool:
    try:
        return is_whole(path.read_bytes())
    except OSError:
        return False
