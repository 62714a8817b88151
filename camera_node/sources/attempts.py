"""A note of the files that are being read, so that one that kills its reader is not read again for ever.

It is not forced to the disk: it must survive the reader, and a power cut is no fault of a file.
"""

import contextlib
import json
from pathlib import Path

from camera_node.sources.watch import Mark

DEATHS_MAX = 2
NAMES_MAX = 1000


class Attempts:
    """How often each state of a file was begun and not ended. For one thread."""

    def __init__(self, file: Path | None) -> None:
        """``file`` keeps the note; without one nothing is known after a death."""
        self._file = file
        self._begun: dict[str, tuple[Mark, int]] = {}
        if file is not None:
            with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
                said = json.loads(file.read_bytes())
                self._begun = {str(name): ((int(a), int(b)), int(times)) for name, ((a, b), times) in said.items()}

    def begin(self, name: str, mark: Mark) -> bool:
        """Note that a file is read now; False for one at which its readers have died too often."""
        before, times = self._begun.pop(name, (mark, 0))
        times = times if before == mark else 0
        self._begun[name] = mark, min(times + 1, DEATHS_MAX + 1)
        while len(self._begun) > NAMES_MAX:
            del self._begun[next(iter(self._begun))]
        self._keep()
        return times < DEATHS_MAX

    def end(self, name: str) -> None:
        """The file was read, or will be by another that was not killed by it."""
        if self._begun.pop(name, None) is not None:
            self._keep()

    def _keep(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.write_text(json.dumps(self._begun), encoding="utf-8")
