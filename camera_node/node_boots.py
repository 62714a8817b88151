"""What is known of this and earlier starts of the machine: how their clocks stood to the server's."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from camera_node.durable import write_durably

BOOTS_KEPT = 64


@dataclass(frozen=True, slots=True)
class Boot:
    """One start. ``server_s`` and ``wall_s``: the server's and the machine's clock at its zero, in seconds since 1970.

    ``server_s`` is None while never compared. ``first_s`` is what was believed of it first, at ``first_at`` seconds
    after the start: it times what was taken before, so that those pictures are all timed alike. ``seen_s`` is how long
    the boot has lasted at least.
    """

    id: str
    server_s: float | None
    first_s: float | None
    first_at: float
    wall_s: float
    seen_s: float

    def seen(self, wall_s: float, seen_s: float) -> "Boot":
        """Return what is known after another look at the machine's clock."""
        return replace(self, wall_s=wall_s, seen_s=max(seen_s, self.seen_s))

    def ahead(self, at_s: float) -> float | None:
        """Return how far the server's clock was ahead of this boot's at ``at_s`` of it; None where never compared."""
        return self.first_s if at_s <= self.first_at else self.server_s


class Boots:
    """The last starts, oldest first, in a file if there is one. A disk that refuses costs the memory of it only."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._boots = _read(file)

    def find(self, boot: str) -> Boot | None:
        """Return what is known of ``boot``."""
        return next((each for each in self._boots if each.id == boot), None)

    def keep(self, boot: Boot) -> None:
        """Remember ``boot``, which is the present one."""
        others = [each for each in self._boots if each.id != boot.id]
        self._boots = [*others, boot][-BOOTS_KEPT:]
        if self._file is not None:
            try:
                write_durably(self._file, json.dumps([asdict(each) for each in self._boots]).encode())
            except OSError:
                return

    def between(self, boot: str, now: Boot) -> tuple[float, float]:
        """Return between which moments ``boot`` lay, by the server's clock: after those before it, before those after.

        Minus and plus infinity where nothing is known. ``now`` is the present boot.
        """
        boots = [now if each.id == now.id else each for each in self._boots]
        place = next((number for number, each in enumerate(boots) if each.id == boot), None)
        before = boots[:place] if place is not None else []
        after = boots[place + 1 :] if place is not None else [now]
        ends = [each.server_s + each.seen_s for each in before if each.server_s is not None]
        starts = [each.server_s for each in after if each.server_s is not None]
        earliest = max(ends, default=float("-inf"))
        return earliest, max(earliest, min(starts, default=float("inf")))


def _read(file: Path | None) -> list[Boot]:
    if file is None:
        return []
    try:
        said = json.loads(file.read_bytes())
        return [
            Boot(
                str(each["id"]),
                None if each["server_s"] is None else float(each["server_s"]),
                None if each["first_s"] is None else float(each["first_s"]),
                float(each["first_at"]),
                float(each["wall_s"]),
                float(each["seen_s"]),
            )
            for each in said
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []
