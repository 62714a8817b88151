"""Pictures that wait for the server: on disk before anything else is done with them, for days if it must be.

One file a picture, written beside, forced to the disk, renamed, and the folder forced as well. Files, not SQLite: a
picture is written once (a journal would write it twice, and a card wears by what is written), a damaged sector costs
one picture rather than the database, one that goes costs no writing of its bytes, and whoever takes the card out
finds pictures. Names and bytes are `spool_files`, the order is `spool_queue`, the counts are `spool_counts`.

A disk that takes nothing (full, read-only, broken) stops nobody: the newest pictures then wait in memory.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from camera_node.node_clock import NodeClock
from camera_node.picture import Kind, Picture
from camera_node.sequence import Sequence
from camera_node.spool_counts import CountsFile
from camera_node.spool_files import DamagedError, Entry, encode
from camera_node.spool_queue import SpoolQueue
from camera_node.spool_state import Spooled, SpoolState
from camera_node.spool_store import SpoolError, SpoolStore
from camera_node.spool_times import stamp, timed
from camera_node.words import size

__all__ = ["Spool", "SpoolError", "SpoolState", "Spooled"]

RESERVE_BYTES = 200_000_000
"""What is left of the disk for everybody else."""


class Spool:
    """The pictures of one camera that wait; safe to share between threads. One process at a time."""

    def __init__(
        self,
        folder: Path,
        bytes_max: int,
        *,
        clock: NodeClock | None = None,
        reserve_bytes: int = RESERVE_BYTES,
        sequence: Sequence | None = None,
    ) -> None:
        """Find what waits in ``folder``. Raises SpoolError when another process has it."""
        self.arrived = threading.Event()
        """Set whenever a picture came; whoever waits clears it."""
        self._clock = clock or NodeClock()
        self._bytes_max = bytes_max
        self._reserve_bytes = reserve_bytes
        self._sequence = sequence or Sequence()
        self._store = SpoolStore(folder)
        self._counts_file = CountsFile(folder / "counts")
        self._counts = self._counts_file.counts
        self._queue = SpoolQueue()
        self._sending: int | None = None
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._turn = -1
        for entry in self._store.entries():
            self._queue.add(entry)
            self._turn = entry.turn

    def put(self, picture: Picture) -> int | None:
        """Keep a picture and return its sequence; None when there was no room for it. A disk's errors are not raised.

        It is on disk when this returns, but in memory only while the disk takes nothing, for which `state` has a word.
        """
        self._clock.note()
        with self._writing:
            stored = stamp(picture, self._sequence.take(), self._clock)
            data = encode(stored)
            self._turn += 1
            captured_ms = max(0, int(stored.picture.captured_at.timestamp() * 1000))
            entry = Entry(self._turn, picture.kind, captured_ms, len(data), stored.sequence)
            kept = self._make_room(entry) and self._keep(entry, data)
            with self._lock:
                if kept:
                    self._queue.add(entry, picture.rank, self._clock.asked())
                else:
                    self._count_dropped(entry)
        if not kept:
            return None
        self.arrived.set()
        return entry.sequence

    def write_down(self) -> None:
        """Put on disk what waits in memory, as far as there is room again; call it now and then."""
        if self._store.held:
            with self._writing:
                self._write_down()

    def next(self) -> Spooled | None:
        """Return the picture to be sent next, whole for certain; it waits on until `done` or `drop`."""
        while True:
            with self._lock:
                entry = self._queue.next(self._clock.asked())
                self._sending = None if entry is None else entry.sequence
            if entry is None:
                return None
            try:
                return timed(self._store.read(entry), self._clock)
            except DamagedError:
                self._store.set_aside(entry)
                self._forget(entry.sequence, self._counts.lose)
            except OSError:
                self.later(entry.sequence, 60.0)

    def has_live_gate(self) -> bool:
        """Say whether a gate picture waits that was taken just now."""
        with self._lock:
            return self._queue.live_gate(self._clock.asked()) is not None

    def done(self, sequence: int) -> None:
        """Forget a picture that the server has."""
        self._forget(sequence)

    def drop(self, sequence: int, why: str) -> None:
        """Give up a picture that the server will never take, and count it for ``why``."""
        self._forget(sequence, lambda: self._counts.refuse(why))

    def later(self, sequence: int, for_s: float) -> None:
        """Let other pictures go before this one for a while."""
        with self._lock:
            self._queue.put_off(sequence, self._clock.asked() + for_s)

    def number_anew(self) -> None:
        """Count on from another place, because the server has met one of these numbers before."""
        self._sequence.begin_anew()

    def state(self) -> SpoolState:
        """Return how it stands now."""
        with self._lock:
            oldest = self._queue.oldest()
            return SpoolState(
                pictures=len(self._queue),
                bytes=self._queue.bytes,
                gate_pictures=self._queue.count(Kind.GATE),
                oldest_at=None if oldest is None else datetime.fromtimestamp(oldest.captured_ms / 1000, UTC),
                dropped_overview=self._counts.dropped_overview,
                dropped_gate=self._counts.dropped_gate,
                refused=sum(self._counts.refused.values()),
                refused_why=dict(self._counts.refused),
                damaged=self._counts.damaged,
                in_memory=self._store.held,
                trouble=self._store.trouble,
            )

    def close(self) -> None:
        """Let another process have the folder; what waits stays there."""
        self.write_down()
        with self._writing, self._lock:
            self._counts_file.close()
            self._store.close()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _make_room(self, entry: Entry) -> bool:
        """Drop what is worth less than ``entry`` until it fits; False when that does not do."""
        while entry.bytes <= self._bytes_max:
            with self._lock:
                short = self._queue.bytes + entry.bytes - self._bytes_max
            if short <= 0:
                return True
            if self._drop_for(entry) is None:
                break
        return False

    def _keep(self, entry: Entry, data: bytes) -> bool:
        """On disk; where that takes nothing in memory; each time in the place of what is worth less."""
        short, freed = self._short_of_disk(entry), 0
        while True:
            if short <= freed:
                if self._store.save(entry, data):
                    return True
                # A quota is not seen before. What is freed twice over and does not do will not do at all.
                short = 2 * entry.bytes if self._store.is_full else 0
            could = self._can_free(entry, short - freed)
            dropped = self._drop_for(entry, self._store.on_disk) if could else None
            if dropped is None:
                break
            freed += dropped.bytes
        while not self._store.hold(entry, data):
            if self._drop_for(entry, self._store.in_memory) is None:
                return False
        return True

    def _write_down(self) -> None:
        with self._lock:
            held = list(self._queue.droppable(Kind.GATE, None, self._store.in_memory))
        for entry in held:
            if self._short_of_disk(entry) > 0 or not self._store.write_down(entry):
                return
            with self._lock:
                self._store.let_go(entry)
                waits = self._queue.has(entry)
            if not waits:  # it was sent meanwhile
                self._store.remove(entry)

    def _short_of_disk(self, entry: Entry) -> int:
        free = self._store.free_bytes()
        if free is None:
            return 0
        short = entry.bytes + self._reserve_bytes - free
        if short > 0:
            self._store.say_full(f"{size(free)} are left, and {size(self._reserve_bytes)} are for others")
        return short

    def _can_free(self, entry: Entry, byte_count: int) -> bool:
        """Whether so much of the disk can be had for ``entry``; else nothing is thrown away in vain."""
        if byte_count <= 0:
            return False
        with self._lock:
            for each in self._queue.droppable(entry.kind, self._sending, self._store.on_disk):
                byte_count -= each.bytes
                if byte_count <= 0:
                    return True
        return False

    def _drop_for(self, entry: Entry, among: Callable[[Entry], bool] = lambda _: True) -> Entry | None:
        with self._lock:
            victim = self._queue.to_drop(entry.kind, self._sending, among)
            if victim is None:
                return None
            self._queue.take_out(victim.sequence)
            self._count_dropped(victim)
        self._store.remove(victim)
        return victim

    def _count_dropped(self, entry: Entry) -> None:
        self._counts.drop(entry.kind)
        self._counts_file.write()

    def _forget(self, sequence: int, count: Callable[[], None] | None = None) -> None:
        with self._lock:
            entry = self._queue.take_out(sequence)
            if self._sending == sequence:
                self._sending = None
            if entry is not None and count is not None:
                count()
                self._counts_file.write()
        if entry is not None:
            self._store.remove(entry)
